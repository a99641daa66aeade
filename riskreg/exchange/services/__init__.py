"""Every act of bringing in: one operation, one transaction, at least one event."""

from riskreg.exchange.services.checking import check_rows
from riskreg.exchange.services.committing import commit_import
from riskreg.exchange.services.drafts import (
    answer_draft,
    drop_draft,
    keep_draft,
    look_through,
    take_draft,
    take_file,
)
from riskreg.exchange.services.preview import Brought, bring_in, preview_import
from riskreg.exchange.services.undoing import undo_import

__all__ = [
    "Brought",
    "answer_draft",
    "bring_in",
    "check_rows",
    "commit_import",
    "drop_draft",
    "keep_draft",
    "look_through",
    "preview_import",
    "take_draft",
    "take_file",
    "undo_import",
]
