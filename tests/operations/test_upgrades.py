"""An upgrade beside the version before: it writes on, nobody waits for a whole table, and what was
interrupted goes on."""

import datetime as dt
import re
import threading
import uuid
from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model

from riskreg.kernel import backfill
from riskreg.operations.services.backfills import run_backfills_again
from riskreg.risks.models import Risk
from tests import builders
from tests.access import canaries
from tests.builders import AT, World
from tools import upgrades

FILLING = import_module("riskreg.risks.migrations.0024_fill_draft_due")
BEFORE, FILLED = ("risks", "0023_assessment_dimension"), ("risks", "0024_fill_draft_due")
DAY = dt.timedelta(days=1)


def drafts(world: World, count: int) -> list[int]:
    """The ids of so many drafts without a day by which they are to be opened."""
    first = builders.risk(world, opened=False)
    made = []
    for n in range(count - 1):
        copy = Risk.objects.get(pk=first.pk)
        copy.pk, copy.uuid, copy.ref = None, uuid.uuid4(), f"R-9{n:02d}"
        made.append(copy)
    Risk.objects.bulk_create(made)
    Risk.objects.update(draft_due_on=None)
    return list(Risk.objects.order_by("pk").values_list("pk", flat=True))


def filled() -> list[int]:
    return list(Risk.objects.exclude(draft_due_on=None).order_by("pk").values_list("pk", flat=True))


# The version before goes on ----------------------------------------------------------------------
def old_models() -> Iterator[type[Model]]:
    """Every table of ours as the version before knows it: its columns and no others."""
    loader = MigrationExecutor(connection).loader
    state = loader.project_state(list(upgrades.released()["migrations"].items()))
    yield from (
        model
        for model in state.apps.get_models(include_auto_created=True)
        if model._meta.app_label in upgrades.released()["migrations"] and model._meta.managed
    )


def without_triggers(tables: list[str]) -> None:
    """Until the transaction of the test ends, append-only tables let go of their rows, and
    references are looked at by its end."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA defer_foreign_keys = ON")
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
            return
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_the_version_before_reads_and_writes_every_row(db: None, at: dt.datetime) -> None:
    """Each row that this version makes, of each table, is read, inserted and changed by the models
    of the version before, which name its columns alone."""
    canaries.build(at)
    models = list(old_models())
    without_triggers([model._meta.db_table for model in models])
    written = 0
    for model in models:
        rows = list(model._base_manager.order_by("pk"))
        before = list(model._base_manager.order_by("pk").values())
        model._base_manager.all()._raw_delete("default")  # type: ignore[attr-defined]
        model._base_manager.bulk_create(rows)
        for row in rows[:3]:
            row.save(force_update=bool(row._meta.local_fields))
        assert list(model._base_manager.order_by("pk").values()) == before, model
        written += bool(rows)
    connection.check_constraints()
    # A fault of this test would be to look at nothing.
    assert written > 60, written


# Back-fills --------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_an_interrupted_backfill_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = drafts(builders.build_world(), 5)
    seen: list[list[int]] = []

    def killed(rows: Any) -> None:
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append([row.pk for row in rows])
        FILLING.expect_drafts(rows)

    operation = FILLING.Migration.operations[0]
    monkeypatch.setattr(backfill, "BATCH", 2)
    MigrationExecutor(connection).migrate([BEFORE])
    try:
        monkeypatch.setattr(operation, "fill", killed)
        with pytest.raises(KeyboardInterrupt):
            MigrationExecutor(connection).migrate([FILLED])
        assert filled() == keys[:4]
        assert FILLED not in MigrationExecutor(connection).loader.applied_migrations
    finally:
        monkeypatch.setattr(operation, "fill", lambda rows: FILLING.expect_drafts(rows))
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes("risks"))
    assert seen == [keys[:2], keys[2:4]]
    assert filled() == keys
    assert set(Risk.objects.values_list("draft_due_on", flat=True)) == {
        builders.AT.date() + 30 * DAY
    }


def test_what_the_version_before_wrote_meanwhile_is_filled_too(world: World) -> None:
    keys = drafts(world, 3)
    opened = builders.risk(world)
    Risk.objects.filter(pk=keys[0]).update(draft_due_on=AT.date())
    assert run_backfills_again() == 2
    assert run_backfills_again() == 0
    assert filled() == keys
    opened.refresh_from_db()
    assert opened.draft_due_on is None
    assert Risk.objects.get(pk=keys[0]).draft_due_on == AT.date()


@pytest.mark.django_db(transaction=True)
def test_a_backfill_in_one_transaction_is_refused() -> None:
    operation = FILLING.Migration.operations[0]
    editor = SimpleNamespace(connection=connection)
    with transaction.atomic(), pytest.raises(RuntimeError, match="atomic = False"):
        operation.database_forwards("risks", editor, None, None)


def elsewhere(work: Any) -> None:
    """Do ``work`` with a cursor of another connection, and wait for it."""
    faults: list[BaseException] = []

    def run() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
                work(cursor)
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not faults, faults


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_others_read_and_write_while_a_batch_is_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = drafts(builders.build_world(), 3)

    def others_work(cursor: Any) -> None:
        cursor.execute("SELECT count(*) FROM risks_risk")
        cursor.execute("UPDATE risks_risk SET title = 'Changed' WHERE id = %s", [keys[2]])

    def fill(rows: Any) -> None:
        FILLING.expect_drafts(rows)
        if rows[0].pk == keys[0]:
            elsewhere(others_work)

    monkeypatch.setattr(backfill, "BATCH", 2)
    monkeypatch.setattr(FILLING.Migration.operations[0], "fill", fill)
    assert FILLING.Migration.operations[0].fill_unfilled(Risk) == 3
    assert Risk.objects.get(pk=keys[2]).title == "Changed"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = drafts(builders.build_world(), 3)
    monkeypatch.setattr(backfill, "BATCH", 1)
    monkeypatch.setattr(backfill, "LOCK_SECONDS", "0.2")
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                list(Risk.objects.select_for_update().filter(pk=keys[1]))
                held.set()
                let_go.wait(60)
        finally:
            connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(60)
        with pytest.raises(OperationalError):
            run_backfills_again()
        assert filled() == keys[:1]
    finally:
        let_go.set()
        thread.join(60)
    assert run_backfills_again() == 2


# Locks -------------------------------------------------------------------------------------------
LOCKED = """
SELECT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = pg_backend_pid() AND c.relkind = 'r' AND l.mode = 'AccessExclusiveLock'"""
FILES = "SELECT relname, relfilenode FROM pg_class WHERE relkind = 'r'"
# What takes as long as the table is large, and that table.
LONG = re.compile(r'(?:UPDATE|DELETE FROM|INSERT INTO|CREATE (?:UNIQUE )?INDEX.*? ON) "?(\w+)')


def meant() -> set[str]:
    """Tables of which a migration says that it may lock them."""
    nodes = MigrationExecutor(connection).loader.disk_migrations.values()
    items = [item.split(".") for node in nodes for item in getattr(node, "contracts", {})]
    return {f"{item[0]}_{item[1]}" for item in items if len(item) > 1}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_no_table_is_locked_for_as_long_as_it_is_large(at: dt.datetime) -> None:
    """The migrations since the version before, applied to tables with rows in them: none is written
    anew, and what goes through its rows holds no lock that keeps readers waiting."""
    canaries.build(at)
    last = upgrades.released()["migrations"]
    old_tables = {model._meta.db_table for model in old_models()} - meant()
    MigrationExecutor(connection).migrate(list(last.items()))
    found: list[str] = []
    seen: list[str] = []

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        long = LONG.match(sql)
        if long and long[1] in old_tables:
            seen.append(sql)
            with connection.connection.cursor() as cursor:
                cursor.execute(LOCKED)
                held = {table for (table,) in cursor.fetchall()} & old_tables
            found.extend(f"{table} is locked during {sql[:100]}" for table in sorted(held))
        return execute(sql, params, many, context)

    with connection.cursor() as cursor:
        cursor.execute(FILES)
        files = dict(cursor.fetchall())
    with connection.execute_wrapper(look):
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    with connection.cursor() as cursor:
        cursor.execute(FILES)
        now = dict(cursor.fetchall())
    assert found == []
    assert any("risk_draft_due" in sql for sql in seen), seen
    assert [table for table in sorted(old_tables) if files[table] != now[table]] == []
