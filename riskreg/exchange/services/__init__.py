"""Every act of bringing in: one operation, one transaction, at least one event."""

from riskreg.exchange.services.checking import check_rows
from riskreg.exchange.services.committing import commit_import
from riskreg.exchange.services.drafts import (
    answer_draft,
    commit_draft_or_start_job,
    commit_file_or_keep_draft,
    drop_draft,
    keep_draft,
    preview_draft,
)
from riskreg.exchange.services.preview import (
    Brought,
    import_file_unless_answers_needed,
    preview_import,
)
from riskreg.exchange.services.undoing import undo_import

__all__ = [
    "Brought",
    "answer_draft",
    "check_rows",
    "commit_draft_or_start_job",
    "commit_file_or_keep_draft",
    "commit_import",
    "drop_draft",
    "import_file_unless_answers_needed",
    "keep_draft",
    "preview_draft",
    "preview_import",
    "undo_import",
]
