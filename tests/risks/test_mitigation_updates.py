"""Work in progress wants a word every so often: what counts as one, and what does not."""

import datetime as dt
import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from riskreg.events.models import Event
from riskreg.kernel.errors import Forbidden, Invalid
from riskreg.risks.models import Mitigation
from riskreg.risks.policy import UPDATE_DAYS
from riskreg.risks.services import edit_mitigation, transfer_mitigation
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def work(world: World) -> Mitigation:
    """M-001, in progress since today at 40 %."""
    row = builders.risk(world)
    return builders.mitigation(world, row, status="in_progress", progress=40)


def edit(world: World, days: int = 0, **fields: Any) -> Mitigation:
    return edit_mitigation(
        actor=world.viewer("owner"), ref="M-001", version=None, fields=fields,
        at=world.at + days * DAY,
    )  # fmt: skip


def test_work_in_progress_is_asked_after_from_its_start(world: World, work: Mitigation) -> None:
    assert work.next_update_on == world.today + UPDATE_DAYS * DAY
    planned = builders.mitigation(world, *work.risks.all())
    assert planned.next_update_on is None
    started = edit_mitigation(
        actor=world.viewer("owner"), ref=planned.ref, version=None, at=world.at + 5 * DAY,
        fields={"status": "in_progress"},
    )  # fmt: skip
    assert started.next_update_on == world.today + (5 + UPDATE_DAYS) * DAY


@pytest.mark.parametrize("fields", [{"progress": 55}, {"progress": 40}, {"status": "in_progress"},
                                    {"progress": 40, "status": "in_progress"}])  # fmt: skip
def test_what_is_word_of_how_it_stands(
    world: World, work: Mitigation, fields: dict[str, Any]
) -> None:
    before = Event.objects.count()
    row = edit(world, 10, **fields)
    assert row.next_update_on == world.today + (10 + UPDATE_DAYS) * DAY
    assert row.version == work.version + 1
    assert Event.objects.count() == before + 1


def test_that_nothing_moved_is_kept_as_said(world: World, work: Mitigation) -> None:
    edit(world, 10, progress=40)
    event = Event.objects.latest("pk")
    assert event.verb == "mitigation.progress_reported"
    assert json.loads(event.changes) == {
        "progress": [40, 40],
        "next_update_on": ["2026-10-16", "2026-10-26"],
    }


@pytest.mark.parametrize(
    "fields", [{"title": "Another"}, {"title": "Assemble locally", "progress": 40}, {}]
)
def test_what_is_not(world: World, work: Mitigation, fields: dict[str, Any]) -> None:
    assert edit(world, 10, **fields).next_update_on == work.next_update_on


def test_handing_it_over_is_not(world: World, work: Mitigation) -> None:
    row = transfer_mitigation(
        actor=world.viewer("manager"), ref="M-001", version=work.version,
        owner=world.deputy.email, at=world.at + 10 * DAY,
    )  # fmt: skip
    assert (row.owner, row.next_update_on) == (world.deputy, work.next_update_on)
    with nothing_changes(), pytest.raises(Invalid) as same:
        transfer_mitigation(
            actor=world.viewer("manager"), ref="M-001", version=None,
            owner=world.deputy.email, at=world.at,
        )  # fmt: skip
    assert same.value.fields["owner"][0].code == "unchanged"
    with nothing_changes(), pytest.raises(Forbidden):
        transfer_mitigation(
            actor=world.viewer("partner_manager"), ref="M-001", version=None,
            owner=world.partner_owner.email, at=world.at,
        )  # fmt: skip
    with nothing_changes(), pytest.raises(Invalid):
        transfer_mitigation(
            actor=world.viewer("manager"), ref="M-001", version=None,
            owner=world.auditor.email, at=world.at,
        )  # fmt: skip


@pytest.mark.parametrize("fields", [{"progress": 100}, {"status": "done"}, {"status": "cancelled"}])
def test_what_is_over_asks_for_nothing(
    world: World, work: Mitigation, fields: dict[str, Any]
) -> None:
    assert edit(world, 10, **fields).next_update_on is None
    before = Event.objects.count()
    edit(world, 11, **fields)
    assert Event.objects.count() == before
    again = edit(world, 12, status="in_progress", progress=60)
    assert again.next_update_on == world.today + (12 + UPDATE_DAYS) * DAY


def test_the_database_holds_that_the_date_goes_with_the_status(work: Mitigation) -> None:
    for change in ({"next_update_on": None}, {"status": "planned"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Mitigation.objects.update(**change)
