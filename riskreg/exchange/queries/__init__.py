"""Reads of what came in, and of what goes out."""

from riskreg.exchange.queries.imports import (
    context_for,
    draft_for,
    import_for,
    imports_for,
    open_job_of,
    parked_owner_of,
    progress_of_draft,
    refused_rows_of,
    remembered_answers,
    rows_of,
    rows_waiting_for_owner,
    signature_of,
)

__all__ = [
    "context_for",
    "draft_for",
    "import_for",
    "imports_for",
    "open_job_of",
    "parked_owner_of",
    "progress_of_draft",
    "refused_rows_of",
    "remembered_answers",
    "rows_of",
    "rows_waiting_for_owner",
    "signature_of",
]
