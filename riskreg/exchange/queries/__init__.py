"""Reads of what came in, and of what goes out."""

from riskreg.exchange.queries.imports import (
    import_context_for,
    import_of_own_party,
    imported_rows_of,
    imported_rows_waiting_for_owner,
    imports_of_own_party,
    open_job_of_draft,
    own_import_draft,
    parked_owner_of,
    progress_of_draft_or_none,
    refused_imported_rows_of,
    remembered_answers,
    signature_of,
)

__all__ = [
    "import_context_for",
    "import_of_own_party",
    "imported_rows_of",
    "imported_rows_waiting_for_owner",
    "imports_of_own_party",
    "open_job_of_draft",
    "own_import_draft",
    "parked_owner_of",
    "progress_of_draft_or_none",
    "refused_imported_rows_of",
    "remembered_answers",
    "signature_of",
]
