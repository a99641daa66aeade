"""What withdrawing does to a record, whoever asks for it."""

import datetime as dt
from typing import Any

from riskreg.accounts.models import User
from riskreg.evidence.fields import EVIDENCE
from riskreg.evidence.models import Evidence
from riskreg.evidence.services.files import delete_file_after_commit
from riskreg.register.changes import all_values_as_changes

_COLUMNS = ("withdrawn_at", "withdrawn_by", "withdrawal_reason")


def mark_withdrawn_and_delete_file_after_commit(
    row: Evidence, by: User, reason: str, at: dt.datetime
) -> None:
    """Save that it is withdrawn; its bytes are deleted once the transaction stands."""
    row.withdrawn_at, row.withdrawn_by, row.withdrawal_reason = max(at, row.at), by, reason
    row.version += 1
    row.save(update_fields=[*_COLUMNS, "version"])
    delete_file_after_commit(row.uuid, at)


def withdrawal_changes(row: Evidence) -> dict[str, Any]:
    """What the event of it says."""
    return {
        name: pair
        for name, pair in all_values_as_changes(EVIDENCE, row, {}).items()
        if name in _COLUMNS
    }
