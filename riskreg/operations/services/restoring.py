"""Bringing a backup back: all of it, proven, or nothing.

In one transaction: the tables are emptied, filled, read again and held against what the backup says
of each; references, chains and append-only rules are checked. Whatever does not hold leaves the
database as it was.
"""

import datetime as dt
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.management.color import no_style
from django.db import DatabaseError, connection, models, transaction

from riskreg.accounts.models import User
from riskreg.events.models import Chain, Event
from riskreg.events.queries import all_chains, first_fault_in
from riskreg.events.services import begin_epoch
from riskreg.kernel import appendonly, health
from riskreg.operations import archive
from riskreg.operations.archive import Archive, Manifest
from riskreg.operations.errors import Refused
from riskreg.operations.models import BackupRun, NeededMigration, RunState
from riskreg.operations.rows import (
    all_tables,
    backed_up_tables,
    column_names,
    digest_of,
    parser_of_insert_values,
)
from riskreg.operations.services.attached import (
    files_deleted_on_failure,
    store_files_of_backup,
    texts_on_lost_files,
)
from riskreg.operations.services.backing_up import (
    applied_migrations,
    key_fingerprint,
    lift_time_limits_of_transaction,
)
from riskreg.operations.services.carrying_over import (
    StateToCarryOver,
    apply_carried_over_state,
    read_state_to_carry_over,
)
from riskreg.register.models import Register

_AT_ONCE = 500
_RESTORED_ONTO_DATA = (
    "This database holds data, and a restore takes its place. Say --replace if that is meant; a "
    "backup of what is there is made first."
)
_MOVED_ONTO_DATA = (
    "The database that it would move to holds data. Name an empty one: nothing is put beside what "
    "is there, and nothing in its place."
)


@dataclass
class Restored:
    """What came back: rows, chains, and what the operator has to know (``notes``)."""

    rows: int
    chains: int
    made_at: str
    notes: list[str] = field(default_factory=list)


def database_holds_data() -> bool:
    """Whether the database is somebody's: it has accounts, registers or events."""
    return any(model._base_manager.exists() for model in (User, Register, Event))


def require_backup_of_this_version(path: Path) -> None:
    """Raise ``Refused`` unless ``path`` is a backup, and of the version of code and database."""
    with archive.opened_backup(path) as found:
        _require_same_migrations(found.manifest)


def restore(
    path: Path,
    at: dt.datetime,
    *,
    replace: bool = False,
    moved: bool = False,
    skip_refs: int = 0,
    end_tokens: bool = False,
) -> Restored:
    """Put what the backup at ``path`` holds in place of what the database holds.

    ``replace``: also where the database holds something; what is known there of tokens that were
    ended, of refs given out and accounts switched off is carried over. ``moved``: nothing was lost,
    so the log goes on as it is. ``skip_refs``: leave out that many numbers of each kind of ref,
    where the system that gave them out is lost. ``end_tokens``: end every token.

    Raises ``Refused``, with nothing changed.
    """
    with archive.opened_backup(path) as found, files_deleted_on_failure() as written:
        _require_same_migrations(found.manifest)
        try:
            with transaction.atomic():
                lift_time_limits_of_transaction()
                kept = StateToCarryOver()
                if database_holds_data():
                    if not replace:
                        raise Refused(_MOVED_ONTO_DATA if moved else _RESTORED_ONTO_DATA)
                    kept = read_state_to_carry_over()
                empty_all_tables()
                _fill_tables_from(found)
                require_database_as_in_backup(found.manifest)
                lost = texts_on_lost_files() if moved else store_files_of_backup(found, written)
                ContentType.objects.clear_cache()
                restored = Restored(
                    rows=found.manifest.rows,
                    chains=len(found.manifest.chains),
                    made_at=found.manifest.made_at,
                    notes=_notes_on_key(found.manifest) + lost,
                )
                if not moved:
                    _end_runs_that_nobody_is_at(at)
                    begin_epoch(at=at, backup_of=dt.datetime.fromisoformat(restored.made_at))
                    restored.notes += apply_carried_over_state(
                        kept, at, skip_refs=skip_refs, end_tokens=end_tokens
                    )
        except DatabaseError as error:
            raise Refused(f"The database refuses it, nothing was changed: {error}") from error
    # Who was signed in, and what was known of sign-ins: answered from the cache before the tables.
    cache.clear()
    return restored


def require_database_as_in_backup(manifest: Manifest) -> None:
    """Raise ``Refused`` unless the database holds exactly what the backup says.

    Every table's rows and digest, every reference, every chain and its head, and the rules that
    keep tables append-only.
    """
    for model in backed_up_tables():
        label, entry = model._meta.label, manifest.tables[model._meta.label]
        digest = digest_of(model)
        if (digest.rows, digest.text()) != (entry.rows, entry.digest):
            raise Refused(
                f"{label} is not the same afterwards ({digest.rows} rows, {entry.rows} in the "
                "backup): it was damaged, or this database cannot hold what is in it."
            )
    connection.check_constraints()
    heads = {chain.key: [chain.seq, chain.head] for chain in Chain.objects.all()}
    if heads != manifest.chains:
        raise Refused("The chains of events end elsewhere than in the backup.")
    for chain in all_chains():
        if fault := first_fault_in(chain):
            raise Refused(f"Chain {fault.chain}, row {fault.seq}: {fault.reason}.")
    if missing := appendonly.missing_append_only_rules(connection):
        raise Refused(f"Rules that keep tables append-only are not there: {', '.join(missing)}.")


def empty_all_tables() -> None:
    """Take every row of every table away, past the rules that refuse it, inside a transaction;
    but for what `migrate` has noted of the tables themselves."""
    tables = [model._meta.db_table for model in all_tables() if model is not NeededMigration]
    quoted = [connection.ops.quote_name(table) for table in tables]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in quoted:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(f"TRUNCATE {', '.join(quoted)}")
            for table in quoted:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            return
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%RAISE%'"
        )
        rules = cursor.fetchall()
        for name, _sql in rules:
            cursor.execute(f"DROP TRIGGER {connection.ops.quote_name(name)}")
        for table in quoted:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - our own tables' names
        for _name, sql in rules:
            cursor.execute(sql)


def _end_runs_that_nobody_is_at(at: dt.datetime) -> None:
    """A backup holds the note that it was being made: left so, it would keep the next one from its
    time, as if it were still under way."""
    BackupRun.objects.filter(state=RunState.RUNNING).update(
        state=RunState.FAILED,
        finished_at=at,
        detail="It was under way when the backup was made that was restored.",
    )


def _require_same_migrations(manifest: Manifest) -> None:
    """Raise ``Refused`` unless backup, database and code have the same migrations."""
    apps = {app for app, _name in health.all_migrations()}
    ours = {tuple(key) for key in applied_migrations() if key[0] in apps}
    theirs = {(app, name) for app, name in manifest.migrations if app in apps}
    if ours != set(health.all_migrations()):
        raise Refused("The database is not of this version: run manage.py migrate first.")
    if ours != theirs or set(manifest.tables) != {m._meta.label for m in backed_up_tables()}:
        first = min(ours ^ theirs, default=("", ""))
        kind = "a newer" if first in theirs else "an older"
        raise Refused(
            f"The backup is of {kind} version than this one (it differs at {'.'.join(first)}). "
            "Install the version that made it, restore there, and upgrade then."
        )
    for model in backed_up_tables():
        if manifest.tables[model._meta.label].columns != column_names(model):
            raise Refused(f"The backup has other columns of {model._meta.label} than this version.")


def _fill_tables_from(found: Archive) -> None:
    for model in backed_up_tables():
        _insert(model, found.rows(model._meta.label))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), all_tables()):
                cursor.execute(statement)


def _insert(model: type[models.Model], rows: Iterator[Sequence[Any]]) -> None:
    """Write rows exactly as they are: no default, no derived column, no signal."""
    quote = connection.ops.quote_name
    columns = [quote(str(field.column)) for field in model._meta.concrete_fields]
    marks = ", ".join(["%s"] * len(columns))
    table = quote(model._meta.db_table)
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
    read = parser_of_insert_values(model)
    with connection.cursor() as cursor:
        for batch in iter(functools.partial(_take_next, rows, _AT_ONCE), []):
            cursor.executemany(statement, [read(row) for row in batch])


def _take_next(rows: Iterator[Any], count: int) -> list[Any]:
    return list(islice(rows, count))


def _notes_on_key(manifest: Manifest) -> list[str]:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if manifest.key in {key_fingerprint(key) for key in keys}:
        return []
    return [
        "SECRET_KEY is another one than where the backup was made: addresses and secrets of chats "
        "and webhooks cannot be read until the earlier key stands in SECRET_KEY_FALLBACKS."
    ]
