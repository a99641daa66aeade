"""Every read of the review ledger that is more than a get; each is told who asks."""

from riskreg.reviews.queries.extensions import (
    current_extension_subquery,
    current_review_extended_until_subquery,
    extension_of_next_review,
    extensions_of,
    extensions_without_later_review,
)
from riskreg.reviews.queries.reviews import last_review, reviews_of, visible_reviews

__all__ = [
    "current_extension_subquery",
    "current_review_extended_until_subquery",
    "extension_of_next_review",
    "extensions_of",
    "extensions_without_later_review",
    "last_review",
    "reviews_of",
    "visible_reviews",
]
