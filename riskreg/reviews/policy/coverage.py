"""Review coverage: what became of every due date, as of a day.

The unit is one due date of one risk's review. It begins when the date is set (by opening the risk
or by the review before) and ends when a review discharges it or the risk is closed. A date that was
pulled in to an earlier one before it came was never due. An extension changes nothing of this: it
is counted beside it.
"""

import datetime as dt
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


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


class Ending(StrEnum):
    """How a due date ended by a given day: by a review, by closing the risk, or not at all."""

    HELD = "held"
    CLOSED = "closed"
    OPEN = "open"


@dataclass(frozen=True)
class DueStatus:
    """All that decides where a due date is counted. What stands alike is counted alike.

    ``past``: it ended after its day or, open, its day is over. ``inside``: its day is in the period
    that is asked about. ``extended``, ``brought_in``: as in ``DueReview``.
    """

    ending: Ending
    past: bool
    inside: bool
    brought_in: bool
    extended: bool

    @property
    def outcome(self) -> DueOutcome:
        """``ON_TIME``: a review was held on that day or before. ``LATE``: on a later one. ``OPEN``:
        no review, and the day has passed; a review that is due on the day of the question is not
        late yet. ``ENDED``: the risk was closed after the day had passed, and nobody had reviewed
        it. ``NONE``: the day is today and open, or the risk was closed by then: there is nothing to
        count.
        """
        if self.ending is Ending.HELD:
            return DueOutcome.LATE if self.past else DueOutcome.ON_TIME
        if not self.past:
            return DueOutcome.NONE
        return DueOutcome.ENDED if self.ending is Ending.CLOSED else DueOutcome.OPEN

    def is_counted_under(self, what: str) -> bool:
        """Whether it is counted under ``what`` (a name of ``WHAT``).

        A period is about due dates: a review belongs to the one in which it was due, whenever it
        was held. What is open counts whenever it was due.
        """
        became = self.outcome
        if what == "open":
            return became is DueOutcome.OPEN
        if not self.inside:
            return False
        if what == "extended":
            # Granted for a day that is over or is today; it counts whether or not it was needed.
            return self.extended and (
                became is not DueOutcome.NONE or self.ending is not Ending.CLOSED
            )
        if became is DueOutcome.NONE:
            return False
        if what == "due":
            return True
        if what == "brought_in":
            return self.brought_in
        return (became is DueOutcome.ON_TIME) == (what == "on_time")


def statuses_counted(what: str) -> list[DueStatus]:
    """Every way to stand that is counted under ``what``."""
    either = (False, True)
    every = itertools.starmap(DueStatus, itertools.product(Ending, either, either, either, either))
    return [status for status in every if status.is_counted_under(what)]


def status_of(due: DueReview, first: dt.date, as_of: dt.date) -> DueStatus | None:
    """How ``due`` stands for the period from ``first`` to ``as_of``, both included; None for a day
    that has not come."""
    if due.due_on > as_of:
        return None
    ended_on = due.held_on or due.closed_on or as_of
    ending = Ending.HELD if due.held_on else Ending.CLOSED if due.closed_on else Ending.OPEN
    return DueStatus(
        ending=ending,
        past=ended_on > due.due_on,
        inside=due.due_on >= first,
        brought_in=due.brought_in,
        extended=due.extended_until is not None,
    )


def due_outcome(due: DueReview, as_of: dt.date) -> DueOutcome:
    """What became of ``due`` by the end of ``as_of``; ``NONE`` too while its day has not come."""
    status = status_of(due, due.due_on, as_of)
    return status.outcome if status else DueOutcome.NONE


def days_late(due: DueReview, as_of: dt.date) -> int:
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
    def share_on_time(self) -> float | None:
        """The share held on time, 0 to 1; None where nothing was due."""
        return self.on_time / self.due if self.due else None


WHAT = ("due", "on_time", "late", "open", "extended", "brought_in")


def is_counted_under(due: DueReview, what: str, first: dt.date, as_of: dt.date) -> bool:
    """Whether ``due`` is counted under ``what`` (a name of ``WHAT``) for the period."""
    status = status_of(due, first, as_of)
    return status is not None and status.is_counted_under(what)


def tally(dues: Iterable[DueReview], first: dt.date, as_of: dt.date) -> CoverageCounts:
    """Everything counted for the period from ``first`` to ``as_of``."""
    counted: Counter[tuple[DueStatus, int]] = Counter()
    for due in dues:
        if (status := status_of(due, first, as_of)) is not None:
            counted[status, days_late(due, as_of)] += 1
    return sum_up_counts(counted)


class CountOfDueDates(NamedTuple):
    """How many due dates of a group (its ``place``) have a status and are so many days late."""

    place: Any
    status: DueStatus
    days_late: int
    n: int


# How many due dates have a status and are so many days late.
CountByStatusAndDaysLate = Mapping[tuple[DueStatus, int], int]


def sum_up_counts(counted: CountByStatusAndDaysLate) -> CoverageCounts:
    """Everything counted, from how many due dates stand how, and how many days late they are."""
    numbers = dict.fromkeys(WHAT, 0)
    late: Counter[int] = Counter()
    for (status, days), n in counted.items():
        for what in WHAT:
            if status.is_counted_under(what):
                numbers[what] += n
        if status.is_counted_under("late"):
            late[days] += n
    return CoverageCounts(**numbers, median_late=_median(late))


def _median(counted: Mapping[int, int]) -> float | None:
    """The median of numbers of which each occurs so many times; None of none."""
    total = sum(counted.values())
    if not total:
        return None
    middle: list[int] = []
    passed = 0
    for number, n in sorted(counted.items()):
        for place in ((total - 1) // 2, total // 2):
            if passed <= place < passed + n:
                middle.append(number)
        passed += n
    return sum(middle) / 2
