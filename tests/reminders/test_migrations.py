"""Migrations that move data: what an older version wrote is read by this one."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from riskreg.reminders.models import Reminder
from riskreg.reminders.services import sweep
from tests import builders
from tests.builders import AT, World
from tests.migrating import as_after

pytestmark = pytest.mark.django_db(transaction=True)
DAY = dt.timedelta(days=1)


def write_old(apps: Any, world: World, subject: uuid.UUID, due_on: dt.date, rung: str) -> None:
    """A reminder as it was when a rung had a name."""
    apps.get_model("reminders", "Reminder").objects.create(
        register_id=world.register.pk, kind="risk.review", subject=subject, due_on=due_on,
        rung=rung, state="skipped", reason="overtaken", settled_at=AT, created_at=AT,
    )  # fmt: skip


def test_rungs_that_had_names_stand_on_their_days_and_are_not_told_again() -> None:
    world = builders.build_world()
    told, rows_below_rung_in_batches = builders.risk(world), builders.risk(world, title="Another")
    due_on = told.next_review_on
    assert due_on is not None
    with as_after("reminders", "0001_initial") as apps:
        for name in ("early", "due", "late"):
            write_old(apps, world, told.uuid, due_on, name)
        write_old(apps, world, rows_below_rung_in_batches.uuid, due_on, "early")
    rungs = Reminder.objects.order_by("rung").values_list("rung", flat=True)
    assert list(rungs.filter(subject=told.uuid)) == [-14, 0, 7]
    assert list(rungs.filter(subject=rows_below_rung_in_batches.uuid)) == [-14]
    # What they had been told under the old names is told (I2); what was still to come comes.
    swept = sweep(dt.datetime.combine(due_on + 8 * DAY, dt.time(4), tzinfo=dt.UTC))
    assert (swept.moved, swept.broken) == (1, 0)
    assert list(rungs.filter(subject=told.uuid)) == [-14, 0, 7]
    assert list(rungs.filter(subject=rows_below_rung_in_batches.uuid)) == [-14, -3, 0, 7]


def test_going_back_names_them_again_and_loses_none() -> None:
    world = builders.build_world()
    row = builders.risk(world)
    due_on = row.next_review_on
    assert due_on is not None
    sweep(dt.datetime.combine(due_on + 8 * DAY, dt.time(4), tzinfo=dt.UTC))
    with as_after("reminders", "0001_initial") as apps:
        old = apps.get_model("reminders", "Reminder").objects
        assert sorted(old.values_list("rung", "state")) == [
            ("-3", "skipped"), ("due", "skipped"), ("early", "skipped"), ("late", "sent"),
        ]  # fmt: skip
    rungs = Reminder.objects.order_by("rung")
    assert [(r.rung, r.state) for r in rungs] == [
        (-14, "skipped"), (-3, "skipped"), (0, "skipped"), (7, "sent"),
    ]  # fmt: skip


def test_a_migration_that_fails_leaves_the_database_whole_for_the_next_test() -> None:
    world, subject = builders.build_world(), uuid.uuid4()

    def write_two_at_zero() -> None:
        with as_after("reminders", "0001_initial") as apps:
            for rung in ("due", "0"):
                write_old(apps, world, subject, AT.date(), rung)

    with pytest.raises(DatabaseError):
        write_two_at_zero()
    assert list(Reminder.objects.values_list("rung")) == []
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
