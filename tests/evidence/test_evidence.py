"""Evidence: who adds it to what, who sees it, what becomes of its bytes."""

import datetime as dt
import errno
import io
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.storage import InMemoryStorage
from django.db import DatabaseError, transaction

from riskreg.events.models import Event
from riskreg.evidence import services, storage
from riskreg.evidence.models import Evidence, Upload
from riskreg.evidence.queries import evidence_for, newest_evidence_on_all_together, visible_evidence
from riskreg.evidence.services.files import UPLOAD_LASTS
from riskreg.evidence.storage import Folder, path_of
from riskreg.evidence.targets import KINDS, thing_for
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from riskreg.risks.services import share_risk
from tests import builders
from tests.builders import World
from tests.decisions import making as deciding
from tests.dump import nothing_changes
from tests.evidence.making import PDF, PNG, evidence
from tests.indicators import making

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("evidence_folder")]
OTHER = b"%PDF-1.7 another one"


def stored() -> set[uuid.UUID]:
    return set(storage.stored_names())


def refused(call: Any, *args: Any, **given: Any) -> str:
    """The code of the refusal, nothing being changed and no file left."""
    before = stored()
    with nothing_changes(), pytest.raises(Invalid) as caught:
        call(*args, **given)
    assert stored() == before
    return next(error.code for errors in caught.value.fields.values() for error in errors)


def things(world: World) -> dict[str, Any]:
    """One of every kind that evidence hangs on."""
    risk = builders.risk(world)
    indicator = making.indicator(world, risk)
    making.read(world, indicator, 75)
    return {
        "risk": risk,
        "review": builders.review(world, risk),
        "mitigation": builders.mitigation(world, risk),
        "control": builders.control(world, risk),
        "reading": indicator.readings.get(),
        "decision": deciding.drafted(world, risk, by="owner"),
    }


def test_a_file_hangs_on_a_thing_of_every_kind(world: World) -> None:
    found = things(world)
    assert set(found) == set(KINDS)
    for kind, row in found.items():
        made = evidence(world, row, kind, data=PDF + kind.encode())
        assert (made.thing, made.thing_id, made.visibility) == (kind, row.uuid, "shared")
        name = str(getattr(row, "ref", None) or row.uuid)
        thing = thing_for(world.viewer("partner_owner"), kind, name)
        assert (thing.row, thing.kind) == (row, kind)
        with services.open_checked(made) as file:
            assert file.read() == PDF + kind.encode()
    assert len(stored()) == len(KINDS)
    assert not Upload.objects.exists()
    with pytest.raises(NotFound):
        thing_for(world.viewer("owner"), "party", "foton")
    with pytest.raises(NotFound):
        thing_for(world.viewer("owner"), "review", "no id")


def test_the_event_says_all_of_it_and_the_row_stays_as_it_was(world: World) -> None:
    row = evidence(world, builders.risk(world), label="sourced", source="European Commission")
    told = Event.objects.get(verb="evidence.added")
    assert told.subject_uuid == row.uuid
    said = {name: pair[1] for name, pair in json.loads(told.changes).items()}
    assert said["sha256"] == row.sha256
    assert (said["name"], said["size"]) == ("notice.pdf", len(PDF))
    assert (said["source"], said["added_by"]) == ("European Commission", str(world.owner.uuid))
    for change in ({"name": "other.pdf"}, {"sha256": "0" * 64}, {"thing_id": uuid.uuid4()}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Evidence.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()


def test_who_answers_for_a_thing_attaches_to_it_and_nobody_else(world: World) -> None:
    risk = builders.risk(world)
    for who in ("onlooker", "auditor", "partner_manager", "partner_owner", "leader"):
        before = stored()
        with nothing_changes(), pytest.raises(Forbidden):
            evidence(world, risk, by=who)
        assert stored() == before
    for n, who in enumerate(("owner", "manager", "integration")):
        evidence(world, risk, by=who, data=PDF + bytes([n + 65]))
    private = builders.risk(world, visibility="party")
    with pytest.raises(NotFound):
        evidence(world, private, by="partner_manager")


def test_what_is_wrong_is_refused_and_leaves_no_file(world: World) -> None:
    risk = builders.risk(world)
    assert refused(evidence, world, risk, label="certain") == "unknown"
    assert refused(evidence, world, risk, label="sourced") == "needs_source"
    assert refused(evidence, world, risk, source="x" * 501) == "too_long"
    assert refused(evidence, world, risk, source="a\nb") == "one_line"
    assert refused(evidence, world, risk, data=b"") == "empty"
    assert refused(services.check_file, None, "") == "required"
    evidence(world, risk)
    assert refused(evidence, world, risk, name="copy.pdf") == "taken"
    # On another thing it is no second time, and who adds it is told of the first.
    evidence(world, builders.risk(world))


def test_a_file_has_a_limit_and_so_has_a_register(world: World, settings: Any) -> None:
    risk, own = builders.risk(world), builders.risk(world, visibility="party")
    settings.EVIDENCE_FILE_MB = 1
    large = PDF + b"x" * (1024 * 1024 - len(PDF))
    assert refused(evidence, world, risk, data=large + b"x") == "too_large"
    settings.EVIDENCE_REGISTER_MB = 2
    evidence(world, risk, data=large)
    # Own files count for themselves: nobody learns from a full register what others have.
    evidence(world, own, data=large[:-1] + b"a")
    evidence(world, own, data=large[:-1] + b"b")
    assert refused(evidence, world, own) == "no_room"
    evidence(world, risk, data=large[:-1] + b"c")
    assert refused(evidence, world, risk) == "no_room"
    theirs = builders.risk(world, by=world.partner_owner, visibility="party")
    evidence(world, theirs, by="partner_owner", data=large)
    first = Evidence.objects.earliest("pk")
    services.withdraw_evidence_and_delete_file(
        actor=world.viewer("owner"), evidence=first.uuid, reason="Too large", at=world.at
    )
    evidence(world, risk)
    settings.EVIDENCE_REGISTER_MB = 0
    evidence(world, risk, data=large[:-1] + b"d")


# The boundary ------------------------------------------------------------------------------------
def test_files_of_the_time_before_sharing_stay_the_partys_own_until_each_is_released(
    world: World,
) -> None:
    risk = builders.risk(world, visibility="party")
    first, second = evidence(world, risk), evidence(world, risk, data=PNG, name="a.png")
    manager, partner = world.viewer("manager"), world.viewer("partner_manager")
    assert refused(services.release_evidence, actor=manager, evidence=first.uuid, at=world.at) == (
        "private_thing"
    )
    shared = share_risk(actor=manager, ref=risk.ref, version=None, at=world.at)
    assert not visible_evidence(partner).exists()
    assert newest_evidence_on_all_together(partner, [shared.uuid]) == ({}, False)
    with pytest.raises(NotFound):
        evidence_for(partner, first.uuid)
    for who in ("partner_manager", "auditor"):
        with nothing_changes(), pytest.raises(NotFound):
            services.release_evidence(actor=world.viewer(who), evidence=first.uuid, at=world.at)
    # What is added now is everybody's, the same bytes too.
    third = evidence(world, shared)
    assert [row.uuid for row in visible_evidence(partner)] == [third.uuid]
    # Released it would be there twice.
    assert refused(services.release_evidence, actor=manager, evidence=first.uuid, at=world.at) == (
        "taken"
    )
    later = world.at + dt.timedelta(days=3)
    with nothing_changes(), pytest.raises(Conflict):
        services.release_evidence(actor=manager, evidence=second.uuid, version=7, at=later)
    services.release_evidence(actor=manager, evidence=second.uuid, version=1, at=later)
    seen = evidence_for(partner, second.uuid)
    assert (seen.at, seen.version, seen.name) == (later, 2, "a.png")
    told = Event.objects.get(verb="evidence.released")
    assert told.chain.key == world.viewer("auditor").audience.key
    assert "sha256" in json.loads(told.changes)
    own = Event.objects.filter(verb="evidence.added").order_by("pk")
    assert [event.chain.key == told.chain.key for event in own] == [False, False, True]


# Withdrawing -------------------------------------------------------------------------------------
def test_what_is_withdrawn_is_gone_and_says_so(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    risk = builders.risk(world)
    row = evidence(world, risk, by="integration")
    given = {"evidence": row.uuid, "at": world.at}
    for who in ("onlooker", "partner_manager", "owner"):
        with nothing_changes(), pytest.raises(Forbidden):
            services.withdraw_evidence_and_delete_file(
                actor=world.viewer(who), reason="No", **given
            )
    manager = world.viewer("manager")
    assert (
        refused(services.withdraw_evidence_and_delete_file, actor=manager, reason=" ", **given)
        == "required"
    )
    with nothing_changes(), pytest.raises(Conflict):
        services.withdraw_evidence_and_delete_file(actor=manager, reason="No", version=9, **given)
    with django_capture_on_commit_callbacks(execute=True):
        services.withdraw_evidence_and_delete_file(
            actor=manager, reason="Names a person", version=1, **given
        )
    assert stored() == set()
    assert not Upload.objects.exists()
    kept = evidence_for(world.viewer("auditor"), row.uuid)
    assert (kept.withdrawal_reason, kept.sha256) == ("Names a person", row.sha256)
    with pytest.raises(NotFound, match="Names a person"):
        services.open_checked(kept)
    assert (
        refused(services.withdraw_evidence_and_delete_file, actor=manager, reason="x", **given)
        == "withdrawn"
    )
    # It can be attached anew.
    evidence(world, risk)


# Bytes -------------------------------------------------------------------------------------------
class FullDisk(io.BytesIO):
    """A file that fills the disk half-way."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().read(10)


def test_a_full_disk_is_said_and_leaves_nothing(world: World) -> None:
    checked = services.check_file(io.BytesIO(PDF), "a.pdf")
    with (
        nothing_changes(),
        pytest.raises(Unavailable, match="no room"),
        services.store_upload(FullDisk(PDF), checked, world.at),
    ):
        raise AssertionError("nothing was stored")
    assert list(Path(django_settings.EVIDENCE_DIR).rglob("*.*")) == []
    assert stored() == set()


def test_what_a_dead_process_leaves_is_swept_and_never_seen(world: World) -> None:
    risk = builders.risk(world)
    half, whole = uuid.uuid4(), uuid.uuid4()
    for name in (half, whole):
        Upload.objects.create(uuid=name, created_at=world.at)
    folder = Path(django_settings.EVIDENCE_DIR)
    # Died while the bytes were being written; and between bytes and record.
    (folder / path_of(half)).parent.mkdir(parents=True)
    (folder / f"{path_of(half)}.part").write_bytes(PDF[:9])
    storage.write(whole, io.BytesIO(PDF))
    kept = evidence(world, risk)
    # A record was written, and only the note about it stayed.
    Upload.objects.create(uuid=kept.uuid, created_at=world.at)
    with nothing_changes():
        assert (
            services.delete_unneeded_files(world.at + UPLOAD_LASTS - dt.timedelta(minutes=1)) == 0
        )
    assert services.delete_unneeded_files(world.at + UPLOAD_LASTS + dt.timedelta(minutes=1)) == 3
    assert stored() == {kept.uuid}
    assert not Upload.objects.exists()


def test_an_upload_whose_record_fails_leaves_no_file(world: World) -> None:
    checked = services.check_file(io.BytesIO(PDF), "a.pdf")
    with (
        pytest.raises(ZeroDivisionError),
        services.store_upload(io.BytesIO(PDF), checked, world.at) as made,
    ):
        assert made.size // len(stored() - {made.id})
    assert stored() == set()
    assert not Upload.objects.exists()


def test_bytes_that_were_changed_are_not_handed_out(world: World) -> None:
    row = evidence(world, builders.risk(world))
    path = Path(django_settings.EVIDENCE_DIR) / path_of(row.uuid)
    assert path.stat().st_mode & 0o777 == 0o600
    assert services.verify_files().whole == 1
    path.write_bytes(PDF.replace(b"1.7", b"1.6"))
    with pytest.raises(Unavailable):
        services.open_checked(row)
    assert services.verify_files().damaged == [row]
    path.unlink()
    with pytest.raises(Unavailable):
        services.open_checked(row)
    storage.write(uuid.UUID(int=7), io.BytesIO(PDF))
    assert services.verify_files().unknown == [uuid.UUID(int=7)]


def test_any_storage_of_django_will_do(world: World, settings: Any) -> None:
    """What is asked of a store is what every one of them can: here, one in memory."""
    settings.STORAGES = {
        **settings.STORAGES,
        "evidence": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }
    assert isinstance(storage.evidence_storage(), InMemoryStorage)
    row = evidence(world, builders.risk(world))
    with services.open_checked(row) as file:
        assert file.read() == PDF
    assert services.verify_files().unknown == []
    storage.write(row.uuid, io.BytesIO(OTHER))
    assert services.verify_files().damaged == [row]
    storage.remove(row.uuid)
    assert stored() == set()


def test_the_folder_is_not_below_anything_that_is_served() -> None:
    from config import settings as real

    folder = Path(real.EVIDENCE_DIR).resolve()
    assert not folder.is_relative_to(Path(real.STATIC_ROOT).resolve())
    with pytest.raises(ValueError, match="URL"):
        Folder(location=str(folder)).url("a")
