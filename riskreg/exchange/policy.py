"""On which days the meetings of a schedule are, and what is to be done for which."""

import calendar
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

# No calendar goes further; a rule that leaves it has no more meetings.
LAST_YEAR = 2999
# Before this hour of the register's day its packs are those of the day before: nobody reads a board
# pack at midnight, and what is recorded in the evening belongs to the day that ends.
HOUR = 6


@dataclass(frozen=True)
class MeetingRecurrence:
    """The meetings: one on ``first_on``, and with ``every_months`` further ones, on the same day of
    the month or (``by_weekday``) the same weekday of it, as in the second Tuesday."""

    first_on: dt.date
    every_months: int | None = None
    by_weekday: bool = False

    def date_of_meeting_at(self, index: int) -> dt.date | None:
        """The day of one of them, the first being 0; None where there is none.

        A month that is too short has it on its last day, or on the last such weekday.
        """
        if index == 0:
            return self.first_on
        if not self.every_months:
            return None
        months = self.first_on.year * 12 + self.first_on.month - 1 + index * self.every_months
        year, month = months // 12, months % 12 + 1
        if year > LAST_YEAR:
            return None
        days = calendar.monthrange(year, month)[1]
        if not self.by_weekday:
            return dt.date(year, month, min(self.first_on.day, days))
        first = dt.date(year, month, 1)
        ahead = (self.first_on.weekday() - first.weekday()) % 7
        day = 1 + ahead + 7 * ((self.first_on.day - 1) // 7)
        return dt.date(year, month, day if day <= days else day - 7)

    def meetings_on_or_after(self, day: dt.date) -> Iterator[dt.date]:
        """Its meetings on ``day`` and after it, in order."""
        index = 0
        if self.every_months:
            months = (day.year - self.first_on.year) * 12 + day.month - self.first_on.month
            index = max(0, months // self.every_months - 1)
        while (meeting := self.date_of_meeting_at(index)) is not None:
            if meeting >= day:
                yield meeting
            index += 1

    def next_on_or_after(self, day: dt.date) -> dt.date | None:
        """The first of ``meetings_on_or_after``."""
        return next(self.meetings_on_or_after(day), None)


def day_to_make_pack(meeting: dt.date, days_before: int, counts_from: dt.date) -> dt.date:
    """The day on which the pack for ``meeting`` is to be made: so many days before it, and not
    before anybody had said so."""
    return max(meeting - dt.timedelta(days=days_before), counts_from)


@dataclass(frozen=True)
class ToDo:
    """What is to be done today: ``make`` a pack for that meeting, ``skip`` those before it."""

    make: dt.date | None = None
    skip: list[dt.date] = field(default_factory=list)


def meeting_served_and_left_out(
    rule: MeetingRecurrence, next_on: dt.date, days_before: int, today: dt.date
) -> ToDo:
    """For which meeting from ``next_on`` on a pack is made ``today``, and which are left out.

    The next meeting to come is served first. Of meetings that passed while nothing could be made,
    the last one is made up for, unless one to come is due already: a pack for each of them would
    tell the same day over and over.
    """
    due: list[dt.date] = []
    for meeting in rule.meetings_on_or_after(next_on):
        if meeting - dt.timedelta(days=days_before) > today:
            break
        due.append(meeting)
        if meeting >= today:
            break
    return ToDo(due[-1], due[:-1]) if due else ToDo()
