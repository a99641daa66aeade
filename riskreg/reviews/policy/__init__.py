"""Rules of reviews that need no database: pure functions."""

from riskreg.reviews.policy.coverage import (
    CoverageCounts,
    DueOutcome,
    DueReview,
    days_late,
    due_outcome,
    tally,
)
from riskreg.reviews.policy.extensions import earliest_extension_day, latest_extension_day

__all__ = [
    "CoverageCounts",
    "DueOutcome",
    "DueReview",
    "days_late",
    "due_outcome",
    "earliest_extension_day",
    "latest_extension_day",
    "tally",
]
