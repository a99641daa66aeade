"""Every act of bringing in: one operation, one transaction, at least one event."""

from riskreg.exchange.services.checking import refuse_rows_services_would_refuse
from riskreg.exchange.services.committing import commit_import
from riskreg.exchange.services.drafts import (
    answer_draft,
    commit_draft_or_start_job,
    commit_file_or_keep_draft,
    drop_draft,
    preview_draft,
    replace_own_draft,
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
    "commit_draft_or_start_job",
    "commit_file_or_keep_draft",
    "commit_import",
    "drop_draft",
    "import_file_unless_answers_needed",
    "preview_draft",
    "preview_import",
    "refuse_rows_services_would_refuse",
    "replace_own_draft",
    "undo_import",
]
