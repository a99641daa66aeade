"""Rules of reviews that need no database: pure functions."""

from riskreg.reviews.policy.coverage import (
    CoverageCounts,
    DueOutcome,
    DueReview,
    due_outcome,
    lateness,
    tally,
)
from riskreg.reviews.policy.extensions import earliest_extension, latest_extension

__all__ = [
    "CoverageCounts",
    "DueOutcome",
    "DueReview",
    "due_outcome",
    "earliest_extension",
    "lateness",
    "latest_extension",
    "tally",
]
