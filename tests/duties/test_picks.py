"""Statements of lists that were written once answer as those that are written anew."""

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db.models import Q

from riskreg.duties.queries import agenda, picks
from riskreg.duties.sources import Duty
from riskreg.register.models import Membership
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@builders.shared_world
def two_parties(world: World) -> World:
    """Reviews, mitigations, drafts and a private risk of both parties, late and to come."""
    for n, who in itertools.product((40, 9, 2), (world.owner, world.deputy, world.partner_owner)):
        row = builders.risk(world, by=who, at=world.at - n * DAY)
        builders.mitigation(
            world, row, by=who, due_on=world.today + (1 + n % 7) * DAY, status="in_progress"
        )
    builders.risk(world, visibility="party", at=world.at - 50 * DAY)
    builders.risk(world, by=world.partner_owner, visibility="party", at=world.at - 50 * DAY)
    builders.risk(world, opened=False, deputy=world.manager.email)
    return world


def wanted_of(world: World) -> Iterator[agenda.Wanted]:
    pair = frozenset({world.partner_owner.pk, world.deputy.pk})
    for today in (world.today, world.today + 30 * DAY):
        yield agenda.Wanted(today, people=frozenset({world.owner.pk}), due_before=today + 9 * DAY)
        yield agenda.Wanted(today, people=pair, due_before=today + 40 * DAY)
        yield agenda.Wanted(today, others_than=pair, party=world.foton.pk, overdue=False)
        yield agenda.Wanted(today, kinds=("risk.review",), overdue=True)
    yield agenda.Wanted(world.today, people=frozenset())


def told(world: World, who: str, wanted: agenda.Wanted) -> list[list[Duty]]:
    """Two lists at once, one of them of a few, for another day and of two kinds alone."""
    later = replace(wanted, today=wanted.today + 5 * DAY, kinds=("risk.review", "mitigation.due"))
    return agenda.most_urgent_duties_for(
        world.viewer(who), [agenda.WantedList(wanted, 9), agenda.WantedList(later, 2)]
    )


def test_as_written_anew_whoever_asks_for_what(
    two_parties: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = two_parties
    picks._statement.cache_clear()
    readers = ("owner", "partner_leader", "auditor")
    asked = [(who, wanted) for wanted in wanted_of(world) for who in readers]
    found = [told(world, *one) for one in asked]
    # One statement has served whoever asked for something of its shape.
    known = picks._statement.cache_info()
    assert known.hits > known.misses > 0
    monkeypatch.setattr(picks, "_shape_and_values", lambda *given: (None, []))
    assert found == [told(world, *one) for one in asked]
    assert sum(len(one) for lists in found for one in lists) > 100


def test_what_is_due_later_than_enough_are_is_none_of_the_most_urgent(
    two_parties: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within overdue, today and soon, orphans come first and then what is at stake decides; what
    lies behind the first few of a column of people is neither fetched nor sorted."""
    world = two_parties
    owners = (world.owner, world.deputy, world.partner_owner)
    for n, who in itertools.product((-3, -2, 0, 0, 3, 3, 20), owners):
        # The one that is due soonest has the least at stake.
        deputy = {} if who == world.partner_owner else {"deputy": world.manager.email}
        row = builders.risk(world, by=who, rated=(1 + n % 5, 3), **deputy)
        Risk.objects.filter(pk=row.pk).update(next_review_on=world.today + n * DAY)
    people = [{world.owner.pk}, {world.manager.pk}, {world.owner.pk, world.manager.pk}, set[int]()]
    asked = [
        agenda.Wanted(world.today + later * DAY, people=frozenset(some) or None, **more)
        for some in people
        for later in (0, 30)
        for more in ({}, {"overdue": False}, {"kinds": ("risk.review",)})
    ]
    viewers = [world.viewer("manager"), world.viewer("partner_leader")]
    Membership.objects.filter(user=world.partner_owner).update(ended_at=world.at)

    def chosen() -> list[list[tuple[str, str]]]:
        picks._statement.cache_clear()
        found = [
            agenda.most_urgent_duties_for(viewer, [agenda.WantedList(one, most)])
            for viewer in viewers
            for one in asked
            for most in (1, 5)
        ]
        assert any(duty.orphan for only in found for duty in only[0])
        return [[(duty.kind, duty.ref) for duty in only] for [only] in found]

    few = chosen()
    monkeypatch.setattr(picks, "is_as_urgent_as_first_rows", lambda *given: Q())
    assert few == chosen()
    assert len({str(one) for one in few}) > 20
    picks._statement.cache_clear()
