"""Mitigations on the ladder: their due date, and the word that work in progress wants."""

import datetime as dt

import pytest

from riskreg.duties.sources import MITIGATION_DUE, MITIGATION_UPDATE
from riskreg.reminders.models import Reminder
from riskreg.reminders.services import sweep
from riskreg.risks.models import Mitigation
from riskreg.risks.services import edit_mitigation
from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def work(world: World) -> Mitigation:
    row = builders.risk(world, rated=(1, 1))
    return builders.mitigation(
        world, row, status="in_progress", progress=40, due_on=world.today + 60 * DAY
    )


def told(kind: str) -> list[tuple[int, str]]:
    """(days after the due date, state) of each reminder of that kind."""
    rows = Reminder.objects.filter(kind=kind).order_by("due_on", "rung")
    return [(r.rung, r.state) for r in rows]


def test_an_update_is_asked_for_from_the_day_it_is_due(world: World, work: Mitigation) -> None:
    sweep(world.at + 29 * DAY)
    assert told("mitigation.update") == []
    sweep(world.at + 30 * DAY)
    assert [rung for rung, _state in told("mitigation.update")] == [0]


def test_word_of_it_ends_the_ladder_until_the_next(world: World, work: Mitigation) -> None:
    sweep(world.at + 30 * DAY)
    edit_mitigation(
        actor=world.viewer("owner"), ref=work.ref, version=None, fields={"progress": 40},
        at=world.at + 31 * DAY,
    )  # fmt: skip
    sweep(world.at + 45 * DAY)
    assert len(told("mitigation.update")) == 1
    sweep(world.at + 61 * DAY)
    assert len(told("mitigation.update")) == 2


def test_the_due_date_climbs_the_whole_ladder(world: World, work: Mitigation) -> None:
    for day in (45, 46, 57, 60, 67, 81):
        sweep(world.at + day * DAY)
    assert [rung for rung, _state in told("mitigation.due")] == [-14, -3, 0, 7, 21]


def test_done_work_is_never_due(world: World, work: Mitigation) -> None:
    edit_mitigation(
        actor=world.viewer("owner"), ref=work.ref, version=None, fields={"progress": 100},
        at=world.at,
    )  # fmt: skip
    sweep(world.at + 90 * DAY)
    assert told("mitigation.due") == told("mitigation.update") == []
    for source in (MITIGATION_DUE, MITIGATION_UPDATE):
        assert source.load([work.uuid])[work.uuid].due_on is None


def test_facts_are_said_in_words(world: World, work: Mitigation) -> None:
    for source, message in (
        (MITIGATION_DUE, "in progress, 40 % done"),
        (MITIGATION_UPDATE, "progress not updated, last known: 40 %"),
    ):
        duty = source.load([work.uuid])[work.uuid]
        assert source.facts([duty]) == {work.uuid: message}
        assert duty.absolute_url("x").endswith("/r/x/mitigations/M-001/")
