"""Rules of reviews that need no database: pure functions."""

from riskreg.reviews.policy.coverage import DueReview, Fate, Tally, fate, lateness, tally
from riskreg.reviews.policy.extensions import earliest_extension, latest_extension

__all__ = [
    "DueReview",
    "Fate",
    "Tally",
    "earliest_extension",
    "fate",
    "lateness",
    "latest_extension",
    "tally",
]
