"""Reads of what came in, and of what goes out."""

from riskreg.exchange.queries.imports import (
    header_signature_of,
    import_context_for,
    import_of_own_party,
    imported_rows_of,
    imported_rows_waiting_for_owner,
    imports_of_own_party,
    open_job_of_draft,
    own_import_draft,
    parked_owner_name_or_empty,
    progress_of_draft_or_none,
    refused_imported_rows_of,
    remembered_answers,
)

__all__ = [
    "header_signature_of",
    "import_context_for",
    "import_of_own_party",
    "imported_rows_of",
    "imported_rows_waiting_for_owner",
    "imports_of_own_party",
    "open_job_of_draft",
    "own_import_draft",
    "parked_owner_name_or_empty",
    "progress_of_draft_or_none",
    "refused_imported_rows_of",
    "remembered_answers",
]
