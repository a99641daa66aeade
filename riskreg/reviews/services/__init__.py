"""Every change to the review ledger: each function is one transaction with its events."""

from riskreg.reviews.services.extensions import grant_extension
from riskreg.reviews.services.meetings import (
    end_meeting,
    record_item,
    set_attendance,
    start_meeting,
    take_chair,
)
from riskreg.reviews.services.reviews import record_review

__all__ = [
    "end_meeting",
    "grant_extension",
    "record_item",
    "record_review",
    "set_attendance",
    "start_meeting",
    "take_chair",
]
