"""Statements of lists that were written once answer as those that are written anew."""

import datetime as dt
import itertools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from riskreg.duties.queries import agenda, picks
from riskreg.duties.sources import Duty
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
    return agenda.duty_lists_for(world.viewer(who), [(wanted, 9), (later, 2)])


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
