"""Being away: what may be recorded, and what who stands in may do meanwhile."""

import datetime as dt
import json
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from riskreg.accounts.models import User
from riskreg.events.models import Event
from riskreg.kernel.errors import Forbidden, Invalid, NotFound
from riskreg.register import queries, services
from riskreg.register.models import Absence, Membership
from riskreg.register.permissions import permits
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def away(
    world: World, by: str = "owner", *, first: int = 0, last: int = 9, **given: Any
) -> Absence:
    """An absence from ``first`` to ``last`` days from today, recorded by ``by``."""
    days = {"starts_on": world.today + first * DAY, "until_on": world.today + last * DAY}
    return services.start_absence(**{"actor": world.viewer(by), "at": world.at, **days, **given})


def left(world: World, user: User) -> None:
    Membership.objects.filter(register=world.register, user=user).update(ended_at=world.at)


def test_one_goes_away_and_somebody_stands_in(world: World) -> None:
    row = away(world, stand_in=world.deputy.email, note="at a plant")
    assert (row.user, row.stand_in, row.recorded_by) == (world.owner, world.deputy, world.owner)
    event = Event.objects.get(verb="absence.recorded")
    assert event.chain.key == world.viewer("auditor").audience.key
    assert json.loads(event.changes)["stand_in"] == [None, str(world.deputy.uuid)]
    assert "at a plant" not in event.changes
    assert queries.stand_ins_by_absent_user(world.register.pk, world.today) == {
        world.owner.pk: world.deputy.pk
    }


def test_a_manager_records_it_for_their_party_and_no_other(world: World) -> None:
    row = away(world, "manager", user=world.owner.email, stand_in=str(world.deputy.uuid))
    assert (row.user, row.recorded_by) == (world.owner, world.manager)
    for by, user in (
        ("manager", world.partner_owner), ("owner", world.deputy), ("leader", world.owner),
        ("auditor", world.owner), ("integration", world.owner),
    ):  # fmt: skip
        with nothing_changes(), pytest.raises(Forbidden):
            away(world, by, user=user.email, first=20, last=21)


def test_who_cannot_answer_for_things_is_never_away(world: World) -> None:
    for name in ("auditor", "onlooker", "integration"):
        with nothing_changes(), pytest.raises(Invalid) as refused:
            away(world, name)
        assert set(refused.value.fields) == {"user"}


@pytest.mark.parametrize(
    "given, field, code",
    [
        ({"first": 5, "last": 4}, "until_on", "before_start"),
        ({"first": -3, "last": -1}, "until_on", "in_the_past"),
        ({"first": -1, "last": 1}, "starts_on", "in_the_past"),
        ({"first": 0, "last": 366}, "until_on", "too_long"),
        ({"starts_on": "soon"}, "starts_on", "not_a_date"),
        ({"until_on": ""}, "until_on", "required"),
        ({"until_on": dt.datetime(2027, 1, 1, tzinfo=dt.UTC)}, "until_on", "not_a_date"),
        ({"stand_in": "owner"}, "stand_in", "same_person"),
        ({"stand_in": "partner_owner"}, "stand_in", "other_party"),
        ({"stand_in": "auditor"}, "stand_in", "cannot_own"),
        ({"stand_in": "integration"}, "stand_in", "cannot_own"),
        ({"stand_in": "outsider"}, "stand_in", "unknown_member"),
        ({"note": "a\0b"}, "note", "bad_character"),
        ({"note": "x" * 301}, "note", "too_long"),
        ({"user": "nobody@foton.example"}, "user", "unknown_member"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(
    world: World, given: dict[str, Any], field: str, code: str
) -> None:
    if name := given.get("stand_in"):
        given = {**given, "stand_in": getattr(world, name).email}
    with nothing_changes(), pytest.raises(Invalid) as refused:
        away(world, **given)
    assert {f: [e.code for e in errors] for f, errors in refused.value.fields.items()} == {
        field: [code]
    }


def test_a_year_to_the_day_is_the_longest(world: World) -> None:
    assert (away(world, last=365).until_on - world.today).days == 365


@pytest.mark.parametrize("first, last", [(3, 5), (0, 20), (9, 12), (-0, 0)])
def test_absences_do_not_overlap(world: World, first: int, last: int) -> None:
    away(world)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        away(world, first=first, last=last)
    assert [e.code for e in refused.value.fields["starts_on"]] == ["overlap"]
    assert away(world, first=10, last=12)


def test_who_is_away_does_not_stand_in(world: World) -> None:
    away(world, "deputy", first=3, last=4)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        away(world, stand_in=world.deputy.email)
    assert [e.code for e in refused.value.fields["stand_in"]] == ["away_too"]
    assert away(world, last=2, stand_in=world.deputy.email)


def test_who_stands_in_and_goes_away_later_is_marked(world: World) -> None:
    away(world, stand_in=world.deputy.email)
    away(world, "deputy", first=9, last=12)
    rows = queries.unended_absences_for(world.viewer("leader"), world.today)
    assert [(r.user, r.stand_in_away) for r in rows] == [
        (world.owner, True), (world.deputy, False),
    ]  # fmt: skip


def test_coming_back_early(world: World) -> None:
    row = away(world, stand_in=world.deputy.email)
    for name in ("deputy", "partner_manager", "leader", "auditor"):
        with nothing_changes(), pytest.raises(Forbidden):
            services.end_absence(actor=world.viewer(name), absence=row.uuid, at=world.at)
    ended = services.end_absence(actor=world.viewer("manager"), absence=row.uuid, at=world.at)
    assert ended.ended_at == world.at
    again = services.end_absence(actor=world.viewer("owner"), absence=row.uuid, at=world.at + DAY)
    assert again.ended_at == world.at
    assert Event.objects.filter(verb="absence.ended").count() == 1
    assert queries.stand_ins_by_absent_user(world.register.pk, world.today) == {}
    assert away(world)


def test_an_absence_that_is_over_is_history(world: World) -> None:
    row = away(world, last=1)
    with pytest.raises(NotFound), transaction.atomic():
        services.end_absence(actor=world.viewer("owner"), absence=row.uuid, at=world.at + 2 * DAY)
    other = builders.build_world(slug="other-register")
    with pytest.raises(NotFound), transaction.atomic():
        services.end_absence(actor=other.viewer("manager"), absence=row.uuid, at=world.at)


def test_the_database_holds_the_plain_rules(world: World) -> None:
    row = away(world)
    for change in ({"until_on": row.starts_on - DAY}, {"stand_in": row.user}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Absence.objects.update(**change)


def test_the_days_are_those_of_the_register(world: World) -> None:
    """23:30 on the 16th in UTC is the 17th already in the register's zone."""
    row = away(world, last=0, stand_in=world.deputy.email)
    risk = builders.risk(world)
    late = dt.datetime(2026, 9, 16, 15, 59, tzinfo=dt.UTC)
    for moment, stands_in in ((late, True), (late + dt.timedelta(minutes=1), False)):
        with time_machine.travel(moment, tick=False):
            assert permits(world.viewer("deputy"), "risk.review", risk) is stands_in
    assert row.until_on == world.today


def test_who_stands_in_may_do_what_the_absent_owner_may(world: World) -> None:
    row = builders.risk(world)
    with pytest.raises(Forbidden), transaction.atomic():
        builders.review(world, row, by=world.deputy)
    absence = away(world, stand_in=world.deputy.email)
    assert builders.review(world, row, by=world.deputy).reviewer == world.deputy
    services.end_absence(actor=world.viewer("owner"), absence=absence.uuid, at=world.at)
    with pytest.raises(Forbidden), transaction.atomic():
        builders.review(world, row, by=world.deputy)


def test_standing_in_covers_what_the_absent_one_deputises_for(world: World) -> None:
    row = builders.risk(world, owner=world.leader.email, deputy=world.owner.email)
    assert not permits(world.viewer("deputy"), "risk.review", row)
    away(world, stand_in=world.deputy.email)
    assert permits(world.viewer("deputy"), "risk.review", row)
    assert not permits(world.viewer("partner_owner"), "risk.review", row)


def test_standing_in_never_crosses_the_boundary(world: World) -> None:
    """Whoever changes sides meanwhile answers for nothing of the other side any more."""
    row = builders.risk(world)
    away(world, stand_in=world.deputy.email)
    Membership.objects.filter(user=world.deputy).update(party=world.catl)
    assert not permits(world.viewer("deputy"), "risk.review", row)
    assert queries.stand_ins_by_absent_user(world.register.pk, world.today) == {
        world.owner.pk: None
    }


def test_who_has_left_is_not_away_but_gone(world: World) -> None:
    row, today = builders.risk(world), world.today
    away(world, stand_in=world.deputy.email)
    left(world, world.owner)
    assert queries.stand_ins_by_absent_user(world.register.pk, today) == {}
    assert not permits(world.viewer("deputy"), "risk.review", row)


def test_a_stand_in_who_left_is_none(world: World) -> None:
    away(world, stand_in=world.deputy.email)
    User.objects.filter(pk=world.deputy.pk).update(is_active=False)
    assert queries.stand_ins_by_absent_user(world.register.pk, world.today) == {
        world.owner.pk: None
    }


def test_standing_in_costs_one_query_for_each_viewer(
    world: World, django_assert_num_queries: Any
) -> None:
    rows = [builders.risk(world) for _n in range(3)]
    away(world, stand_in=world.deputy.email)
    viewer = world.viewer("deputy")
    with django_assert_num_queries(1):
        assert all(permits(viewer, "risk.review", row) for row in rows)
    owner, today = world.viewer("owner"), world.today
    with django_assert_num_queries(0):
        assert permits(owner, "risk.review", rows[0])
    with django_assert_num_queries(1):
        assert queries.stand_ins_by_absent_user(world.register.pk, today)


@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 12), st.booleans()), max_size=6))
def test_whatever_is_recorded_nobody_is_away_twice(
    world: World, plans: list[tuple[int, int, bool]]
) -> None:
    """Each day has at most one absence of a person, and ``stand_ins_by_day_and_absent_user`` names
    exactly those days."""
    covered: set[dt.date] = set()
    today = world.today
    with transaction.atomic():
        for first, length, comes_back in plans:
            days = {today + (first + n) * DAY for n in range(length + 1)}
            if covered & days:
                with transaction.atomic(), pytest.raises(Invalid) as refused:
                    away(world, first=first, last=first + length)
                assert [e.code for e in refused.value.fields["starts_on"]] == ["overlap"]
                continue
            row = away(world, first=first, last=first + length)
            if comes_back:
                services.end_absence(actor=world.viewer("owner"), absence=row.uuid, at=world.at)
            else:
                covered |= days
        days = {today + n * DAY for n in range(40)}
        found = queries.stand_ins_by_day_and_absent_user(world.register.pk, days)
        assert {day for day in days if world.owner.pk in found[day]} == covered
        transaction.set_rollback(True)
