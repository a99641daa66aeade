"""A control's test is a duty: told by the ladder, discharged by recording a test."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail

from riskreg.duties.queries import agenda
from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.notify.services import deliver_due
from riskreg.reminders.services import sweep
from riskreg.risks.models import Control
from riskreg.risks.services import close_risk, edit_control, end_control, record_test
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def run(at: dt.datetime) -> list[str]:
    """A sweep and the worker that it wakes; the names of those who got mail by it."""
    mail.outbox.clear()
    sweep(at)
    deliver_due(lambda: at, seconds=60, limit=1000)
    return sorted(m.to[0].split("@")[0] for m in mail.outbox)


def due_tests(world: World, who: str) -> list[tuple[str, str]]:
    viewer = world.viewer(who)
    wanted = agenda.Wanted(
        today=world.today,
        kinds=("control.test",),
        people=agenda.ids_of_self_and_stood_in_for(viewer),
    )
    return [(d.ref, d.subject_title) for d in agenda.duties_for(viewer, wanted, 50).duties]


def record(world: World, row: Control, who: str = "owner", **given: Any) -> Control:
    fields = {"effectiveness": "effective", "tested_on": world.today.isoformat(), "version": None}
    return record_test(
        actor=world.viewer(who), control=row.uuid, at=world.at, **{**fields, **given}
    )


def test_a_test_that_is_due_is_told_by_the_ladder_until_it_is_recorded(world: World) -> None:
    risk = builders.risk(world)
    row = builders.control(world, risk, owner=world.deputy.email, test_every_days=60, name="Gate")
    assert due_tests(world, "deputy") == [(risk.ref, "Gate")]
    assert "deputy" in run(world.at + 60 * DAY)
    told = next(m for m in mail.outbox if m.to == [world.deputy.email])
    assert f"/controls/{row.uuid}/test/" in str(told.body)
    assert "the control was never tested" in str(told.body)
    later = world.at + 61 * DAY
    done = record_test(
        actor=world.viewer("deputy"), control=row.uuid, effectiveness="partly", version=None,
        tested_on=later.date().isoformat(), at=later,
    )  # fmt: skip
    assert done.next_test_on == later.date() + 60 * DAY
    assert (done.tested_by, done.effectiveness) == (world.deputy, "partly")
    assert not [m for m in run(later + DAY) if m == "deputy"]


def test_without_an_owner_it_is_the_owners_of_the_risk(world: World) -> None:
    risk = builders.risk(world)
    builders.control(world, risk, test_every_days=60, name="Gate")
    assert due_tests(world, "owner") == [(risk.ref, "Gate")]
    assert due_tests(world, "deputy") == []


def test_what_is_not_in_force_asks_for_no_test(world: World) -> None:
    kept, closed = builders.risk(world), builders.risk(world, rated=(1, 1))
    ended = builders.control(world, kept, test_every_days=60)
    end_control(actor=world.viewer("owner"), control=ended.uuid, reason="x", at=world.at)
    builders.control(world, closed, test_every_days=60)
    assert len(due_tests(world, "owner")) == 1
    close_risk(
        actor=world.viewer("owner"), ref=closed.ref, version=None, reason="Past", at=world.at
    )
    assert due_tests(world, "owner") == []


def test_a_partys_own_is_told_to_that_party_alone(world: World) -> None:
    risk = builders.risk(world, visibility="party")
    row = builders.control(world, risk, test_every_days=1)
    assert due_tests(world, "partner_owner") == due_tests(world, "partner_manager") == []
    for day in (1, 8, 22):
        assert not [who for who in run(world.at + day * DAY) if who.startswith("partner")]
    with nothing_changes(), pytest.raises(NotFound):
        record(world, row, "partner_manager")


def test_a_test_that_found_the_same_is_recorded_as_well(world: World) -> None:
    first, second = builders.risk(world), builders.risk(world)
    row = builders.control(world, first, other_risks=[second.ref], test_every_days=60)
    before = record(world, row, tested_on=(world.today - 9 * DAY).isoformat())
    again = record(world, row, version=before.version)
    assert again.next_test_on == world.today + 60 * DAY
    assert Event.objects.filter(verb="control.tested").count() == 4
    assert record(world, row, next_test_on=(world.today + DAY).isoformat()).next_test_on == (
        world.today + DAY
    )
    renamed = edit_control(
        actor=world.viewer("owner"), control=row.uuid, fields={"name": "Other"}, version=None,
        at=world.at,
    )  # fmt: skip
    assert renamed.next_test_on == world.today + DAY, "the day that was named stays"


@pytest.mark.parametrize(
    "given, field, code",
    [
        ({"effectiveness": ""}, "effectiveness", "unknown"),
        ({"effectiveness": None}, "effectiveness", "unknown"),
        ({"effectiveness": "great"}, "effectiveness", "unknown"),
        ({"tested_on": ""}, "tested_on", "required"),
        ({"tested_on": "soon"}, "tested_on", "not_a_date"),
        ({"tested_on": "2026-09-17"}, "tested_on", "in_the_future"),
        ({"tested_on": "2026-08-31"}, "tested_on", "too_early"),
        ({"next_test_on": "2026-09-16"}, "next_test_on", "out_of_range"),
        ({"next_test_on": "2026-11-16"}, "next_test_on", "out_of_range"),
        ({"next_test_on": "later"}, "next_test_on", "not_a_date"),
    ],
)
def test_a_bad_test_is_refused(world: World, given: dict[str, Any], field: str, code: str) -> None:
    row = builders.control(world, builders.risk(world), test_every_days=60)
    record(world, row, tested_on="2026-09-01")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        record(world, row, **given)
    assert [error.code for error in refused.value.fields[field]] == [code]


def test_what_has_no_days_between_tests_takes_no_next_day(world: World) -> None:
    row = builders.control(world, builders.risk(world))
    with nothing_changes(), pytest.raises(Invalid) as refused:
        record(world, row, next_test_on="2026-10-01")
    assert [error.code for error in refused.value.fields["next_test_on"]] == ["wrong_state"]
    assert record(world, row).next_test_on is None
    with nothing_changes(), pytest.raises(Conflict):
        record(world, row, version=1)
    for who in ("partner_manager", "auditor", "onlooker"):
        with nothing_changes(), pytest.raises(Forbidden):
            record(world, row, who)


def test_by_page(world: World) -> None:
    row = builders.control(world, builders.risk(world), test_every_days=1, name="Gate")
    client = builders.web(world.owner)
    work = client.get(f"/r/{world.register.slug}/work/").content.decode()
    address = f"/r/{world.register.slug}/controls/{row.uuid}/test/"
    assert f'href="{address}"' in work
    assert 'value="2026-09-16"' in client.get(address).content.decode()
    with nothing_changes():
        refused = client.post(address, {"version": "1", "tested_on": "2026-09-16"})
    assert refused.status_code == 400
    assert "Say what the test found" in refused.content.decode()
    with nothing_changes():
        late = client.post(
            address, {"version": "0", "effectiveness": "effective", "tested_on": "2026-09-16"}
        )
    assert late.status_code == 409
    done = client.post(
        address, {"version": "1", "effectiveness": "effective", "tested_on": "2026-09-16"}
    )
    assert done.status_code == 302
    row.refresh_from_db()
    assert row.next_test_on == world.today + DAY
