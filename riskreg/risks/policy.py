"""Rules of risks that need no database: life cycle, responses, review dates. Pure functions."""

import datetime as dt

RESPONSES: dict[str, tuple[str, ...]] = {
    "threat": ("avoid", "mitigate", "transfer", "accept"),
    "opportunity": ("exploit", "enhance", "share", "accept"),
}

# action: (states it may start from, state it leads to)
TRANSITIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "open": (("draft",), "open"),
    "close": (("draft", "open"), "closed"),
    "reopen": (("closed",), "open"),
}


# Work in progress that nobody has said a word about for this long is asked after. It is the
# shortest review cadence of the default criteria: no review reads of progress older than that.
UPDATE_DAYS = 30


def next_update(status: str, told_on: dt.date) -> dt.date | None:
    """By when the next word about work of ``status`` is due, the last having come ``told_on``."""
    return told_on + dt.timedelta(days=UPDATE_DAYS) if status == "in_progress" else None


def may_follow(state: str, action: str) -> str | None:
    """The state that ``action`` leads to from ``state``, or None if it may not be done there."""
    starts, end = TRANSITIONS[action]
    return end if state in starts else None


def pulled_in(current: dt.date | None, today: dt.date, cadence_days: int) -> dt.date:
    """The next review date after opening or a change of rating: earlier or the same, never later.

    A risk whose review was already late when it was closed is late again when it reopens.
    """
    due = today + dt.timedelta(days=cadence_days)
    return due if current is None else min(current, due)


def after_review(today: dt.date, cadence_days: int, wanted: dt.date | None = None) -> dt.date:
    """The next review date that a review sets: by cadence, or earlier if the reviewer wants."""
    latest = today + dt.timedelta(days=cadence_days)
    return latest if wanted is None else min(wanted, latest)


def is_overdue(state: str, next_review_on: dt.date | None, today: dt.date) -> bool:
    """Whether the review of a risk is late: the day it was due has passed."""
    return state == "open" and next_review_on is not None and next_review_on < today
