"""The review ledger: reviews, extensions of their dates, and meetings that go through a set."""

from riskreg.reviews.models.extensions import Extension
from riskreg.reviews.models.meetings import Attendance, ItemOutcome, Meeting, MeetingItem
from riskreg.reviews.models.reviews import Outcome, Review

__all__ = [
    "Attendance",
    "Extension",
    "ItemOutcome",
    "Meeting",
    "MeetingItem",
    "Outcome",
    "Review",
]
