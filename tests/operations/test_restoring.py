"""A backup brings back exactly what was there, or nothing at all."""

import datetime as dt
import json
import os
import re
import stat
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from riskreg.accounts.models import ApiToken
from riskreg.accounts.services import create_token, revoke_token
from riskreg.events.queries import all_chains, first_fault_in
from riskreg.kernel import appendonly
from riskreg.operations.errors import Refused
from riskreg.operations.models import NeededMigration, RunKind
from riskreg.operations.queries.backups import last_successful_run
from riskreg.operations.rows import backed_up_tables, rows_of
from riskreg.operations.services.backing_up import make_backup, transaction_of_one_moment
from riskreg.operations.services.needed import record_migrations_of_version_before
from riskreg.operations.services.restoring import restore
from riskreg.operations.services.runs import back_up
from riskreg.register.models import RefSequence
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World
from tests.dump import dump, nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)
# What a restore itself leaves: that it happened.
OF_THE_RESTORE = {"events.epoch", "events.chain", "events.event", "register.refsequence"}


def test_what_was_there_is_there_again_and_what_was_lost_stays_known(
    lived: World, backup: Path, at: dt.datetime
) -> None:
    record_migrations_of_version_before()
    before = dump()
    later = builders.risk(lived, title="Of the lost time")
    needed = set(NeededMigration.objects.values_list("room", "name"))
    numbers = {row.noun: row.last for row in RefSequence.objects.filter(party=None)}
    restored = restore(backup, at, replace=True)
    after = dump()
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= OF_THE_RESTORE
    # Beside what was in the file: that it was restored.
    assert sum(len(list(rows_of(m))) for m in backed_up_tables()) - restored.rows in (2, 3)
    assert not Risk.objects.filter(uuid=later.uuid).exists()
    assert all(first_fault_in(chain) is None for chain in all_chains())
    assert appendonly.missing_append_only_rules(connection) == []
    # What may work on the tables is as it was.
    assert set(NeededMigration.objects.values_list("room", "name")) == needed
    # A ref that was given out names nothing else.
    assert {r.noun: r.last for r in RefSequence.objects.filter(party=None)} == numbers
    assert builders.risk(lived).ref != later.ref


def test_a_backup_can_be_made_after_a_restore(
    lived: World, at: dt.datetime, settings: Any, tmp_path: Path
) -> None:
    """Its own note, that it was being made, is in what was restored."""
    settings.BACKUP_DIR = tmp_path
    path = back_up(at)
    restore(path, at, replace=True)
    assert back_up(at + dt.timedelta(minutes=1)).exists()
    assert last_successful_run(RunKind.BACKUP, at + dt.timedelta(minutes=1)) is not None


def test_a_token_that_was_ended_since_stays_ended(
    lived: World, tmp_path: Path, at: dt.datetime
) -> None:
    ended, _text = create_token(user=lived.owner, scope="write", days=9, at=at)
    live, _text = create_token(user=lived.owner, scope="write", days=9, at=at)
    path = tmp_path / "tokens.backup.zip"
    make_backup(path, at)
    revoke_token(token=ended, at=at)
    restore(path, at, replace=True)
    alive = set(ApiToken.objects.filter(revoked_at=None).values_list("uuid", flat=True))
    assert alive == {live.uuid}
    restore(path, at, replace=True, end_tokens=True)
    assert not ApiToken.objects.filter(revoked_at=None).exists()


def test_what_is_no_whole_backup_of_this_version_changes_nothing(
    backup: Path, rewritten: Callable[..., Path], tmp_path: Path, at: dt.datetime
) -> None:
    half = tmp_path / "half.backup.zip"
    half.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    text = tmp_path / "text.backup.zip"
    text.write_text("no backup")

    def newer(manifest: str) -> str:
        found = json.loads(manifest)
        found["migrations"].append(["risks", "9999_of_a_later_version"])
        return json.dumps(found)

    def older(manifest: str) -> str:
        found = json.loads(manifest)
        found["migrations"] = [m for m in found["migrations"] if m != ["events", "0004_epoch"]]
        return json.dumps(found)

    tries = {
        "not the whole of one": half,
        "no backup of riskreg": text,
        "cannot be read": tmp_path / "missing.zip",
        "of a newer version": rewritten(backup, newer),
    }
    with nothing_changes():
        for sentence, path in tries.items():
            with pytest.raises(Refused, match=sentence):
                restore(path, at, replace=True)
        with pytest.raises(Refused, match="of an older version"):
            restore(rewritten(backup, older), at, replace=True)
        # One word of one row, one row too few, and an event that was rewritten.
        for label, act in (
            ("risks_Risk", lambda lines: lines.replace("Ausfuhrregeln", "Einfuhrregeln")),
            ("reviews_Review", lambda lines: ""),
            ("events_Event", lambda lines: lines.replace("risk.created", "risk.edited", 1)),
        ):
            with pytest.raises(Refused, match="is not the same afterwards"):
                restore(rewritten(backup, **{label: act}), at, replace=True)
        with pytest.raises(Refused, match=r"damaged in risks\.Risk"):
            restore(rewritten(backup, risks_Risk=lambda lines: lines[:-9]), at, replace=True)
        # Somebody's data is in the place, and nobody said that it is to go.
        with pytest.raises(Refused, match="holds data"):
            restore(backup, at)


@pytest.mark.parametrize("newer", [True, False], ids=["newer tables", "older tables"])
def test_tables_of_another_version_are_not_backed_up(
    lived: World, at: dt.datetime, tmp_path: Path, newer: bool
) -> None:
    """By the new image before `migrate`, or by the old code after it: such a file would lack what
    this code does not know, and no version would restore it."""
    recorder = MigrationRecorder(connection)
    path = tmp_path / "other.backup.zip"
    key = ("risks", "9999_of_a_later_version") if newer else ("events", "0004_epoch")
    (recorder.record_applied if newer else recorder.record_unapplied)(*key)
    try:
        with pytest.raises(Refused, match=re.escape("another version than this code (" + key[0])):
            make_backup(path, at)
        assert not path.exists()
    finally:
        (recorder.record_unapplied if newer else recorder.record_applied)(*key)
    assert make_backup(path, at).rows


def test_what_is_no_backup_costs_no_copy_of_what_is_there(
    backup: Path, tmp_path: Path, settings: Any
) -> None:
    settings.BACKUP_DIR = tmp_path / "backups"
    backup.write_bytes(backup.read_bytes()[:-100])
    with pytest.raises(CommandError, match="not the whole of one"):
        call_command("restore", str(backup), "--replace")
    assert not settings.BACKUP_DIR.exists()


def test_a_rule_that_is_missing_is_noticed(backup: Path, at: dt.datetime) -> None:
    rule = next(rule for rule in appendonly.append_only_rules_of_migrations() if not rule.when)
    vendor = connection.vendor
    appendonly.execute_all(connection, appendonly.drop_sql(vendor, rule.table, rule.when)[:1])
    try:
        with pytest.raises(Refused, match=f"{rule.table}_no_update"):
            restore(backup, at, replace=True)
    finally:
        appendonly.execute_all(connection, appendonly.drop_sql(vendor, rule.table, rule.when))
        appendonly.execute_all(
            connection, appendonly.create_sql(vendor, rule.table, rule.when, rule.columns)
        )


def test_a_backup_is_of_one_moment_and_keeps_nobody_waiting(
    lived: World, tmp_path: Path, at: dt.datetime
) -> None:
    def write() -> None:
        try:
            builders.risk(lived, title="Meanwhile")
        finally:
            connection.close()

    with transaction_of_one_moment():
        before = list(rows_of(Risk))
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(timeout=60)
        assert not writer.is_alive()
        assert list(rows_of(Risk)) == before
    assert len(list(rows_of(Risk))) == len(before) + 1


def test_the_file_is_its_owners_alone_and_tells_no_key(
    backup: Path, tmp_path: Path, at: dt.datetime, settings: Any
) -> None:
    assert stat.S_IMODE(os.stat(backup).st_mode) == 0o600
    with zipfile.ZipFile(backup) as zipped:
        manifest = zipped.read("manifest.json").decode()
        assert "sessions.Session" not in json.loads(manifest)["tables"]
    assert settings.SECRET_KEY not in manifest
    assert "SECRET_KEY" in manifest
    with pytest.raises(Refused, match="cannot be written"):
        make_backup(tmp_path / "one.backup.zip" / "two.zip", at)
    settings.SECRET_KEY = "another" * 10
    notes = restore(backup, at, replace=True).notes
    assert any("SECRET_KEY" in note for note in notes)
