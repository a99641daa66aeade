"""A statement that is written once gives what its queryset gives, to each its own."""

import datetime as dt
import threading
import uuid
from typing import Any

import pytest
from django.db import connection
from django.db.models import Case, CharField, F, Q, QuerySet, Value, When

from riskreg.kernel import compiled
from riskreg.kernel.compiled import Statement
from riskreg.register.access import present_memberships_in_registers_called, present_memberships_of
from riskreg.register.models import Membership, Role
from riskreg.register.services import add_member
from riskreg.risks.models import Position, Risk
from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db


def called(user: int, slug: str) -> QuerySet[Membership]:
    rows = Membership.objects.filter(Q(register__slug=slug) | Q(user__uuid=uuid.UUID(int=7)))
    return rows.filter(user=user).select_related("register", "party").annotate(who=F("user__email"))


def test_each_value_has_its_own_rows_with_all_that_was_read_beside(
    world: World, django_assert_num_queries: Any
) -> None:
    statement = Statement(called, int, str)
    for user in (world.owner, world.leader, world.owner):
        with django_assert_num_queries(1):
            (row,) = statement(user.pk, world.register.slug)
            assert (row.who, row.register.slug) == (user.email, world.register.slug)
            assert row.party in (world.foton, world.catl)
        assert [row] == list(called(user.pk, world.register.slug))
    assert list(statement(world.owner.pk, "elsewhere")) == []


def test_a_value_that_is_not_used_or_of_another_kind_is_an_error(world: World) -> None:
    with pytest.raises(TypeError, match="nowhere"):
        Statement(lambda user, other: Membership.objects.filter(user=user), int, int)(1, 2)
    with pytest.raises(TypeError, match="where int was said"):
        Statement(called, int, str)("1", "x")


@pytest.mark.parametrize("large", [compiled.LARGE, 1 << 70])
def test_a_value_of_the_smallest_column_is_written_too(
    world: World, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the range of a column the ORM would write nothing at all: on PostgreSQL that of 16
    bits, on SQLite that of 64. A constant that is one of the smaller numbers stays what it is."""
    monkeypatch.setattr(compiled, "LARGE", large)
    risk = builders.risk(world)
    builders.assess(world, risk, (4, 3))
    for constant in (0, *compiled.SMALL, compiled.SMALL[0] + 1):
        statement = Statement(
            lambda one, other, least=constant: Position.objects.filter(
                residual_likelihood=one, residual_impact=other, valid_to=None
            ).exclude(ref_order=least),
            int,
            int,
        )
        for cell, found in (((4, 3), [risk.pk]), ((3, 4), [])):
            assert [row.risk_id for row in statement(*cell)] == found, (constant, cell)
            sql, values = statement.sql(*cell)
            assert values.count(constant) == 1, (sql, values)


@pytest.mark.django_db(transaction=True)
def test_threads_ask_on_connections_of_their_own(world: World) -> None:
    statement = Statement(called, int, str)
    people = [world.owner, world.leader, world.manager]
    list(statement(people[0].pk, world.register.slug))
    found: dict[int, list[str]] = {}

    def ask(user: Any) -> None:
        try:
            asked = [statement(user.pk, world.register.slug) for _n in range(20)]
            found[user.pk] = [row.who for rows in asked for row in rows]
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(user,)) for user in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {user.pk: [user.email] * 20 for user in people}


def test_ones_memberships_are_the_same_however_many_are_asked_for(world: World) -> None:
    other = builders.build_world.plainly(world.at, slug="other")
    party = other.foton
    add_member(
        register=other.register, user=world.owner, role=Role.OWNER, party=party, at=world.at,
        by=other.founder,
    )  # fmt: skip
    whole = present_memberships_of(world.owner)
    assert [row.register.slug for row in whole] == sorted(["other", world.register.slug])
    assert set(whole) == set(present_memberships_in_registers_called(world.owner, ""))
    assert present_memberships_of(world.owner, most=1) == whole[:1]
    assert present_memberships_of(world.owner, most=1, and_in_slug=whole[1].register.slug) == whole
    assert present_memberships_of(world.owner, most=1, and_in_slug="nowhere") == whole[:1]
    assert [row.unread for row in whole] == [0, 0]


def due(day: dt.date, register: int) -> QuerySet[Risk]:
    """Of each risk whether it is late, due in the week after ``day``, or later."""
    within = Case(
        When(next_review_on__lt=day, then=Value("late")),
        When(next_review_on__lte=day + dt.timedelta(days=7), then=Value("soon")),
        default=Value("later"),
        output_field=CharField(),
    )
    return Risk.objects.filter(register=register).annotate(when=within).order_by("next_review_on")


def test_a_day_that_is_counted_from_another_moves_with_it(world: World) -> None:
    for days in (-1, 0, 7, 8, 30):
        row = builders.risk(world)
        day = world.today + dt.timedelta(days=days)
        Risk.objects.filter(pk=row.pk).update(next_review_on=day)
    statement = Statement(due, dt.date, int)
    register = world.register.pk
    assert [row.when for row in statement(world.today, register)] == [
        "late", "soon", "soon", "later", "later",
    ]  # fmt: skip
    for days in (-2, 1, 31, -400, 400):
        day = world.today + dt.timedelta(days=days)
        asked = [(row, row.when) for row in due(day, register)]
        assert [(row, row.when) for row in statement(day, register)] == asked, days
    with pytest.raises(TypeError, match="where date was said"):
        statement(world.at, register)
