"""The bytes of evidence: looked at, stored before their record is written, swept where none is.

A file counts only once its record is committed. Before the first byte is written an ``Upload`` says
that it may come, in a transaction of its own: whatever dies in between leaves a row by which the
sweep finds the bytes.
"""

import contextlib
import datetime as dt
import hashlib
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.evidence import storage
from riskreg.evidence.models import Evidence, Upload
from riskreg.evidence.policy import (
    NotTaken,
    name_with_ending_where_none,
    safe_file_name,
    type_of_taken_file,
)
from riskreg.evidence.queries import all_evidence_with_bytes
from riskreg.kernel.errors import Invalid, NotFound, Unavailable

log = structlog.get_logger(__name__)

# Nobody is still sending a file that was begun so long ago.
UPLOAD_LASTS = dt.timedelta(hours=2)
_AT_ONCE = 1024 * 1024
_IN_MEMORY = 2 * 1024 * 1024


@dataclass(frozen=True)
class Checked:
    """What was found of a file that is taken."""

    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Stored(Checked):
    """A file whose bytes are stored under ``id`` and that no record names yet."""

    id: uuid.UUID


def check_file(file: IO[bytes] | None, name: str) -> Checked:
    """What ``file`` is. Raises ``Invalid`` for none, and for one that is not taken, saying why."""
    if file is None:
        raise Invalid.one("file", "required", _("Choose a file."))
    size = file.seek(0, 2)
    most = settings.EVIDENCE_FILE_MB * 1024 * 1024
    if most and size > most:
        raise too_large()
    cleaned = safe_file_name(name)
    try:
        found = type_of_taken_file(file, cleaned)
    except NotTaken as error:
        raise Invalid.one("file", error.code, error.detail) from error
    file.seek(0)
    return Checked(
        name_with_ending_where_none(cleaned, found), found.media_type, size, hash_and_size(file)[0]
    )


def too_large() -> Invalid:
    """What is said of a file over EVIDENCE_FILE_MB."""
    text = _("The file is larger than %(n)d MB, the most that is taken. Send a part of it.")
    return Invalid.one("file", "too_large", text % {"n": settings.EVIDENCE_FILE_MB})


@contextlib.contextmanager
def store_upload(file: IO[bytes], checked: Checked, at: dt.datetime) -> Iterator[Stored]:
    """Store a file for the block in which its record is to be written. What no record names at the
    end of it is deleted again.

    Not to be called inside a transaction: the note that it may be there would be taken back with
    it. Raises ``Unavailable`` where it cannot be stored; then nothing is.
    """
    stored = Stored(**vars(checked), id=Upload.objects.create(created_at=at).uuid)
    try:
        try:
            file.seek(0)
            storage.write(stored.id, file)
        except Exception as error:
            log.error("evidence_not_stored", error=type(error).__name__, reason=str(error)[:200])
            raise Unavailable(
                _(
                    "The file could not be stored, and nothing was saved. Try again in a while; if "
                    "it goes on, tell the operator that there may be no room left for files."
                )
            ) from error
        yield stored
    finally:
        _delete_unneeded_upload(stored.id)


def open_checked(row: Evidence) -> IO[bytes]:
    """The bytes of ``row``, read whole and held against its hash, in a file that its reader closes.

    Raises ``NotFound`` for what is withdrawn, ``Unavailable`` for bytes that are not there or are
    not those that were added.
    """
    if row.withdrawn_at is not None:
        raise NotFound(
            _("The file was withdrawn, and is kept nowhere. Why: %(why)s")
            % {"why": row.withdrawal_reason}
        )
    copy: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
    try:
        copy_and_verify_hash(row, copy)
    except Exception as error:
        copy.close()
        log.error("evidence_not_readable", evidence=str(row.uuid), error=type(error).__name__)
        raise Unavailable(
            _("The file cannot be read as it was added. Tell the operator: riskreg has logged it.")
        ) from error
    return copy


class Damaged(Exception):
    """The bytes are not those that were added."""


def copy_and_verify_hash(row: Evidence, out: IO[bytes]) -> None:
    """Write the bytes of ``row`` to ``out``, which is put at its start again. Raises ``Damaged``,
    ``FileNotFoundError`` and what else a store raises."""
    digest, size = hashlib.sha256(), 0
    with storage.open_for_reading(row.uuid) as file:
        while block := file.read(_AT_ONCE):
            digest.update(block)
            size += len(block)
            out.write(block)
    if (digest.hexdigest(), size) != (row.sha256, row.size):
        raise Damaged(f"{row.uuid} has other bytes than were added")
    out.seek(0)


def delete_unneeded_files(at: dt.datetime) -> int:
    """Delete the bytes of uploads that came to nothing, and of what was withdrawn while they could
    not be deleted; how many."""
    found = list(
        Upload.objects.filter(created_at__lt=at - UPLOAD_LASTS).values_list("uuid", flat=True)
    )
    for name in found:
        _delete_unneeded_upload(name)
    return len(found)


@dataclass(frozen=True)
class Verified:
    """How many files are as they were added, the records whose bytes are not, and files in the
    store that no record names."""

    whole: int
    damaged: list[Evidence]
    unknown: list[uuid.UUID]


def verify_files() -> Verified:
    """Read every file, and hold it against its record."""
    whole, damaged, known = 0, [], set()
    for row in all_evidence_with_bytes().iterator(chunk_size=500):
        known.add(row.uuid)
        try:
            open_checked(row).close()
            whole += 1
        except Unavailable:
            damaged.append(row)
    known |= set(Upload.objects.values_list("uuid", flat=True))
    return Verified(whole, damaged, [name for name in storage.stored_names() if name not in known])


def delete_file_after_commit(name: uuid.UUID, at: dt.datetime) -> None:
    """Delete these bytes once the present transaction stands; if that fails, the sweep does it."""
    Upload.objects.create(uuid=name, created_at=at)
    transaction.on_commit(lambda: _delete_unneeded_upload(name))


def _delete_unneeded_upload(name: uuid.UUID) -> None:
    """Delete bytes that no record needs, and then the note that they may be there."""
    note = Upload.objects.filter(uuid=name)
    if not note.exists():
        # Its record was written, and took the note away with it.
        return
    try:
        if not Evidence.objects.filter(uuid=name, withdrawn_at=None).exists():
            storage.remove(name)
    except Exception as error:
        log.warning("evidence_not_deleted", name=str(name), error=type(error).__name__)
        return
    note.delete()


def hash_and_size(file: IO[bytes]) -> tuple[str, int]:
    """Of what is left to read of ``file``: SHA-256, and how many bytes."""
    digest, size = hashlib.sha256(), 0
    while block := file.read(_AT_ONCE):
        digest.update(block)
        size += len(block)
    return digest.hexdigest(), size
