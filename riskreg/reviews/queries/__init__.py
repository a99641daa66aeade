"""Every read of the review ledger that is more than a get; each is told who asks."""

from riskreg.reviews.queries.extensions import (
    extended_until_subquery,
    extension_of_next_review,
    extension_subquery,
    extensions_of,
    extensions_without_later_review,
)
from riskreg.reviews.queries.reviews import last_review, reviews_of, visible_reviews

__all__ = [
    "extended_until_subquery",
    "extension_of_next_review",
    "extension_subquery",
    "extensions_of",
    "extensions_without_later_review",
    "last_review",
    "reviews_of",
    "visible_reviews",
]
