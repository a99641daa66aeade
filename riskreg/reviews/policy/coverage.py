"""Review coverage: what became of every due date, as of a day.

The unit is one due date of one risk's review. It begins when the date is set (by opening the risk
or by the review before) and ends when a review discharges it or the risk is closed. A date that was
pulled in to an earlier one before it came was never due. An extension changes nothing of this: it
is counted beside it.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from statistics import median


class DueOutcome(StrEnum):
    """What became of a due date by a given day."""

    ON_TIME = "on_time"
    LATE = "late"
    OPEN = "open"
    ENDED = "ended"
    NONE = "none"


@dataclass(frozen=True)
class DueReview:
    """One due date, as far as the ledger knew on the day of the question.

    ``held_on`` is the day of the review that discharged it, ``closed_on`` the day on which the risk
    was closed instead; both None is still open. ``brought_in``: the review was recorded later than
    it is said to have been held. ``extended_until``: the extension that was granted for it.
    """

    due_on: dt.date
    held_on: dt.date | None = None
    closed_on: dt.date | None = None
    extended_until: dt.date | None = None
    brought_in: bool = False


def due_outcome(due: DueReview, as_of: dt.date) -> DueOutcome:
    """What became of ``due`` by the end of ``as_of``.

    ``ON_TIME``: a review was held on that day or before. ``LATE``: on a later one. ``OPEN``: no
    review, and the day has passed; a review that is due on ``as_of`` itself is not late yet.
    ``ENDED``: the risk was closed after the day had passed, and nobody had reviewed it.
    ``NONE``: the day has not come, or is today and open, or the risk was closed by then: there is
    nothing to count.
    """
    if due.due_on > as_of:
        return DueOutcome.NONE
    if due.held_on is not None:
        return DueOutcome.ON_TIME if due.held_on <= due.due_on else DueOutcome.LATE
    if due.closed_on is not None:
        return DueOutcome.ENDED if due.closed_on > due.due_on else DueOutcome.NONE
    return DueOutcome.OPEN if due.due_on < as_of else DueOutcome.NONE


def lateness(due: DueReview, as_of: dt.date) -> int:
    """Days from the due date to the review, to the closing, or so far; 0 for what was not late."""
    if due_outcome(due, as_of) in (DueOutcome.NONE, DueOutcome.ON_TIME):
        return 0
    return ((due.held_on or due.closed_on or as_of) - due.due_on).days


@dataclass(frozen=True)
class CoverageCounts:
    """Counts over due dates. ``due`` = ``on_time`` + ``late``; ``late`` holds the open ones too.

    ``open`` counts whatever is open and late on the day, also from before the period.
    ``median_late`` is in days, over the late ones of the period, open ones so far; None where there
    are none. ``brought_in`` counts reviews of the period that were recorded later than held.
    """

    due: int = 0
    on_time: int = 0
    late: int = 0
    open: int = 0
    extended: int = 0
    brought_in: int = 0
    median_late: float | None = None

    @property
    def share(self) -> float | None:
        """The share held on time, 0 to 1; None where nothing was due."""
        return self.on_time / self.due if self.due else None


WHAT = ("due", "on_time", "late", "open", "extended", "brought_in")


def counts_in(due: DueReview, what: str, first: dt.date, as_of: dt.date) -> bool:
    """Whether ``due`` is counted under ``what`` (a name of ``WHAT``) for the period.

    The period runs from ``first`` to ``as_of``, both included, and is about due dates: a review
    belongs to the period in which it was due, whenever it was held.
    """
    became = due_outcome(due, as_of)
    if what == "open":
        return became is DueOutcome.OPEN
    if not first <= due.due_on <= as_of:
        return False
    if what == "extended":
        # Granted for a day that is over or is today; it counts whether or not it was needed.
        return due.extended_until is not None and (
            became is not DueOutcome.NONE or due.closed_on is None
        )
    if became is DueOutcome.NONE:
        return False
    if what == "due":
        return True
    if what == "brought_in":
        return due.brought_in
    return (became is DueOutcome.ON_TIME) == (what == "on_time")


def tally(dues: Iterable[DueReview], first: dt.date, as_of: dt.date) -> CoverageCounts:
    """Everything counted for the period from ``first`` to ``as_of``."""
    dues = list(dues)
    counted = {what: sum(counts_in(d, what, first, as_of) for d in dues) for what in WHAT}
    days = [lateness(d, as_of) for d in dues if counts_in(d, "late", first, as_of)]
    return CoverageCounts(**counted, median_late=float(median(days)) if days else None)
