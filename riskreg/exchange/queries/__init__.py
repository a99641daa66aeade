"""Reads of what came in, and of what goes out."""

from riskreg.exchange.queries.imports import (
    context_for,
    draft_for,
    import_for,
    imports_for,
    not_taken,
    parked_owner_of,
    progress_of_draft,
    remembered_answers,
    rows_of,
    signature_of,
    taking_of,
    waiting_for_owner,
)

__all__ = [
    "context_for",
    "draft_for",
    "import_for",
    "imports_for",
    "not_taken",
    "parked_owner_of",
    "progress_of_draft",
    "remembered_answers",
    "rows_of",
    "signature_of",
    "taking_of",
    "waiting_for_owner",
]
