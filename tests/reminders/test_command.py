"""``manage.py sweep_reminders``: what it prints, and that a dry run writes nothing."""

import datetime as dt
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from riskreg.register.models import Membership
from riskreg.reminders.models import Reminder
from tests import builders
from tests.builders import World

DAY = dt.timedelta(days=1)


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("sweep_reminders", *arguments, stdout=out)
    return out.getvalue()


def test_a_dry_run_says_who_would_be_told_what_and_writes_nothing(world: World) -> None:
    row = builders.risk(world, deputy=world.deputy)
    on = row.next_review_on + 9 * DAY
    with CaptureQueriesContext(connection) as queries:
        text = said("--dry-run", "--on", on.isoformat())
    assert not [
        q["sql"]
        for q in queries.captured_queries
        if q["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")
    ]
    lines = text.splitlines()
    assert lines[0] == "foton-catl, 25 October 2026 in Asia/Shanghai"
    about = "R-001 Overseas policy barriers: 9 days overdue, 16 October 2026; skips -14, -3, 0"
    assert lines[1:] == [
        f"  owner@foton-catl.example (owner, en)  +7   {about}",
        f"  deputy@foton-catl.example (deputy, en)  +7   {about}",
        f"  manager@foton-catl.example (manager of its party, en)  +7   {about}",
        "1 reminder for 3 people. Nothing was written.",
    ]
    assert not Reminder.objects.exists()


def test_a_dry_run_foretells_what_the_sweep_then_does(world: World) -> None:
    rows = [builders.risk(world, title=f"Risk {n}", deputy=world.deputy) for n in range(3)]
    builders.risk(world, visibility="party", by=world.partner_owner)
    at = dt.datetime.combine(rows[0].next_review_on, dt.time(4), tzinfo=dt.UTC)
    with time_machine.travel(at, tick=False):
        plan = said("--dry-run")
        assert "4 reminders for 3 people" in plan
        assert said() == "4 reminders due, 3 digests written\n"
        assert said("--dry-run") == "Nothing would go out. Nothing was written.\n"
        later = builders.risk(world, title="Later", at=at - 20 * DAY)
        assert "with the next digest" in said("--dry-run")
        assert said() == "1 reminders due, 0 digests written\n"
        waiting = said("--dry-run")
    assert later.ref in waiting
    assert "with the next digest" in waiting


def test_nothing_due_is_said_as_such(world: World) -> None:
    builders.risk(world)
    assert said("--dry-run") == "Nothing would go out. Nothing was written.\n"


def test_an_alarm_and_nobody_at_all_stand_out(world: World) -> None:
    row = builders.risk(world)
    on = row.next_review_on.isoformat()
    Membership.objects.filter(user=world.owner).update(ended_at=world.at)
    assert "ALARM: nobody who answers for it is here any more" in said("--dry-run", "--on", on)
    Membership.objects.filter(party=world.foton).update(ended_at=world.at)
    assert "NOBODY TO TELL" in said("--dry-run", "--on", on)


@pytest.mark.parametrize(
    "arguments",
    [("--on", "2026-11-27"), ("--dry-run", "--on", "27.11.2026"), ("--dry-run", "--on")],
)
def test_a_wrong_call_is_refused(db: None, arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        said(*arguments)
