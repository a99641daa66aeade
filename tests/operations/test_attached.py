"""Attached files are backed up, verified and brought back with the rest."""

import datetime as dt
import json
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from riskreg.evidence import services, storage
from riskreg.evidence.models import Evidence
from riskreg.operations.errors import Refused
from riskreg.operations.services import aside
from riskreg.operations.services.backing_up import make_backup
from riskreg.operations.services.restoring import restore
from tests import builders
from tests.builders import World
from tests.evidence.making import PDF, evidence

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("evidence_folder"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "one.backup.zip"


def test_files_come_back_as_they_were(world: World, path: Path, at: dt.datetime) -> None:
    risk = builders.risk(world)
    first, second = evidence(world, risk), evidence(world, risk, data=PDF + b"2")
    manifest = make_backup(path, at)
    assert (manifest.files, manifest.missing_files) == (2, [])
    later = evidence(world, risk, data=PDF + b"later")
    storage.remove(first.uuid)
    restore(path, at, replace=True)
    assert Evidence.objects.count() == services.verify_files().whole == 2
    # The file of the lost time is named, and deleted only where somebody says so.
    assert services.verify_files().unknown == [later.uuid]
    call_command("verify_evidence", delete_unknown=True)
    assert set(storage.stored_names()) == {first.uuid, second.uuid}
    storage.remove(first.uuid)
    with pytest.raises(CommandError, match="1 of the attached files"):
        call_command("verify_evidence")


def test_a_damaged_file_in_a_backup_is_refused_and_nothing_is_left(
    world: World, path: Path, tmp_path: Path, at: dt.datetime
) -> None:
    risk = builders.risk(world)
    kept = evidence(world, risk)
    lost = evidence(world, risk, data=PDF + b"2")
    make_backup(path, at)
    changed = tmp_path / "changed.backup.zip"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data + b"x" if name == f"files/{lost.uuid.hex}" else data)
    for name in (kept.uuid, lost.uuid):
        storage.remove(name)
    with pytest.raises(Refused, match=r"notice\.pdf"):
        restore(changed, at, replace=True)
    assert list(storage.stored_names()) == []
    assert Evidence.objects.count() == 2


def test_what_could_not_be_read_is_said_in_the_backup(
    world: World, path: Path, at: dt.datetime
) -> None:
    risk = builders.risk(world)
    kept, lost = evidence(world, risk), evidence(world, risk, data=PDF + b"2")
    storage.remove(lost.uuid)
    manifest = make_backup(path, at)
    assert (manifest.files, manifest.missing_files) == (1, [lost.uuid.hex])
    assert any("could not be read" in need for need in manifest.needs)
    restored = restore(path, at, replace=True)
    assert any("not in the backup" in note for note in restored.notes)
    assert list(storage.stored_names()) == [kept.uuid]


def test_what_was_withdrawn_since_stays_gone(world: World, path: Path, at: dt.datetime) -> None:
    row = evidence(world, builders.risk(world))
    make_backup(path, at)
    manager = world.viewer("manager")
    services.withdraw_evidence_and_delete_file(
        actor=manager, evidence=row.uuid, reason="Names a person", at=at
    )
    assert list(storage.stored_names()) == []
    restore(path, at, replace=True)
    kept = Evidence.objects.get(uuid=row.uuid)
    assert (kept.withdrawal_reason, kept.withdrawn_by) == ("Names a person", world.manager)
    assert list(storage.stored_names()) == []


@pytest.mark.process
def test_a_backup_is_verified_with_its_files_beside_those_in_use(
    world: World, path: Path, tmp_path: Path, at: dt.datetime
) -> None:
    row = evidence(world, builders.risk(world))
    make_backup(path, at)
    found = aside.verify_backup(path)
    assert found["notes"] == [] or all("files" not in note for note in found["notes"])
    assert list(storage.stored_names()) == [row.uuid]
    broken = tmp_path / "broken.backup.zip"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            if not name.startswith("files/"):
                new.writestr(name, old.read(name))
    with pytest.raises(Refused, match=row.uuid.hex):
        aside.verify_backup(broken)


def test_the_command_says_how_many_files(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence(world, builders.risk(world))
    call_command("backup", to=tmp_path / "a.zip", json=True)
    assert json.loads(capsys.readouterr().out)["files"] == 1
    assert Path(settings.EVIDENCE_DIR).exists()
