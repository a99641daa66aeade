"""The files that people attached, brought back from a backup: whole, or none of them."""

import contextlib
import uuid
from collections.abc import Iterator

from riskreg.evidence import storage
from riskreg.evidence.models import Evidence
from riskreg.evidence.queries import all_evidence_with_bytes
from riskreg.evidence.services import open_checked
from riskreg.evidence.services.files import hash_and_size
from riskreg.kernel.errors import Unavailable
from riskreg.operations.archive import Archive
from riskreg.operations.errors import Refused

# What whoever restores has to know, in sentences; none where all is well.
OperatorNotes = list[str]


@contextlib.contextmanager
def files_deleted_on_failure() -> Iterator[list[uuid.UUID]]:
    """A list for names of files that are written in the block; if it fails, they are deleted."""
    written: list[uuid.UUID] = []
    try:
        yield written
    except BaseException:
        for name in written:
            with contextlib.suppress(Exception):
                storage.remove(name)
        raise


def store_files_of_backup(found: Archive, written: list[uuid.UUID]) -> OperatorNotes:
    """Store what the restored records name, noting in ``written`` what was not there before; what
    the backup lacks is returned in words.

    Raises ``Refused`` for a file that is not what its record says, or that cannot be stored.
    """
    lost = 0
    for row in all_evidence_with_bytes().iterator(chunk_size=500):
        if _is_file_intact(row):
            continue
        if row.uuid.hex in found.manifest.missing_files:
            lost += 1
            continue
        with found.open_file(row.uuid.hex) as content:
            if hash_and_size(content) != (row.sha256, row.size):
                raise Refused(f"{row.name} ({row.uuid}) is not in the backup as it was added.")
        written.append(row.uuid)
        try:
            with found.open_file(row.uuid.hex) as content:
                storage.write(row.uuid, content)
        except Refused:
            raise
        except Exception as error:
            raise Refused(f"Attached files cannot be stored: {error}") from error
    return [f"{lost} attached files were not in the backup."] if lost else []


def texts_on_lost_files() -> OperatorNotes:
    """Look for every attached file where this system keeps them; those that are not there as they
    were added are returned in words."""
    lost = sum(
        not _is_file_intact(row) for row in all_evidence_with_bytes().iterator(chunk_size=500)
    )
    return [f"{lost} attached files are not where they should be."] if lost else []


def _is_file_intact(row: Evidence) -> bool:
    try:
        open_checked(row).close()
    except Unavailable:
        return False
    return True
