"""How a value stands against an indicator's limits. Pure functions of values and days."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

LEVELS = ("", "green", "amber", "red")
_HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Path:
    """The required path from ``start_value`` on ``start_on`` to ``value`` on ``due_on``."""

    growth: str
    start_on: dt.date
    start_value: Decimal
    due_on: dt.date
    value: Decimal

    def required(self, day: dt.date) -> Decimal | None:
        """What is required on ``day``: nothing before the start, the objective from its due date.

        Straight: start + (value - start) · t; compound: start · (value / start) ^ t, with t the
        share of days that have passed.

        >>> path = Path("compound", dt.date(2025, 12, 31), Decimal(164500),
        ...             dt.date(2030, 12, 31), Decimal(300000))
        >>> round(path.required(dt.date(2026, 12, 31)))
        185493
        """
        if day < self.start_on:
            return None
        if day >= self.due_on:
            return self.value
        t = Decimal((day - self.start_on).days) / Decimal((self.due_on - self.start_on).days)
        if self.growth == "compound":
            return self.start_value * (self.value / self.start_value) ** t
        return self.start_value + (self.value - self.start_value) * t


@dataclass(frozen=True)
class Rule:
    """The limits of one indicator; see ``models.Indicator`` for what each field means."""

    kind: str
    direction: str
    amber: Decimal
    red: Decimal
    amber_low: Decimal | None = None
    red_low: Decimal | None = None
    hysteresis: Decimal = Decimal(0)
    path: Path | None = None
    memory_days: int | None = None

    def status(self, value: Decimal, day: dt.date, before: str = "") -> str:
        """The status of ``value`` read on ``day`` after the status ``before``.

        A limit is crossed by reaching it. A status gets worse at once; it gets better only when the
        value has come back over the limit by more than the hysteresis.
        """
        was = LEVELS.index(before)
        if self.kind == "pace":
            behind = self.percent_behind(value, day)
            return (
                ""
                if behind is None
                else self._status_with_way_back(behind, self.amber, self.red, was)
            )
        if self.kind == "band":
            assert self.amber_low is not None and self.red_low is not None  # noqa: S101, PT018
            upper = self._status_with_way_back(value, self.amber, self.red, was)
            lower = self._status_with_way_back(-value, -self.amber_low, -self.red_low, was)
            return max(upper, lower, key=LEVELS.index)
        if self.direction == "lower_is_worse":
            return self._status_with_way_back(-value, -self.amber, -self.red, was)
        return self._status_with_way_back(value, self.amber, self.red, was)

    def percent_behind(self, value: Decimal, day: dt.date) -> Decimal | None:
        """Percent by which ``value`` is behind the path on ``day``; negative when ahead of it."""
        required = self.path.required(day) if self.path else None
        if required is None:
            return None
        gap = required - value if self.direction == "lower_is_worse" else value - required
        return gap / required * _HUNDRED

    def _status_with_way_back(self, amount: Decimal, amber: Decimal, red: Decimal, was: int) -> str:
        if amount >= red or (was >= 3 and amount >= red - self.hysteresis):
            return "red"
        if amount >= amber or (was >= 2 and amount >= amber - self.hysteresis):
            return "amber"
        return "green"


def limit_rule_of(indicator: Any) -> Rule:
    """The limits of a row of ``Indicator`` with its objective, if it is held against one."""
    path = None
    if indicator.kind == "pace":
        path = Path(
            growth=indicator.growth,
            start_on=indicator.start_on,
            start_value=indicator.start_value,
            due_on=indicator.objective.due_on,
            value=indicator.objective.value,
        )
    return Rule(
        kind=indicator.kind,
        direction=indicator.direction,
        amber=indicator.amber,
        red=indicator.red,
        amber_low=indicator.amber_low,
        red_low=indicator.red_low,
        hysteresis=indicator.hysteresis,
        path=path,
        memory_days=indicator.frequency_days + indicator.grace_days,
    )


class StatusChange(NamedTuple):
    """A status before a reading, and after it."""

    before: str
    after: str


def status_series(
    rule: Rule,
    series: Iterable[tuple[dt.date, Decimal]],
    before: str = "",
    last: dt.date | None = None,
) -> Iterator[StatusChange]:
    """The status before and after each (day, value) of ``series``, oldest first.

    It goes on from the status ``before`` of a reading of the day ``last``, if there was one.
    A status is forgotten once a reading is late: nobody knows how things stood in between.
    """
    for day, value in series:
        if last and rule.memory_days is not None and (day - last).days > rule.memory_days:
            before = ""
        status = rule.status(value, day, before)
        yield StatusChange(before, status)
        last, before = day, status


def is_at_least_as_bad(status: str, limit: str) -> bool:
    """Whether ``status`` is ``limit`` or worse."""
    return LEVELS.index(status) >= LEVELS.index(limit)


def triggers_review(before: str, status: str, breach_at: str) -> bool:
    """Whether going from ``before`` to ``status`` calls for a review: worse, and bad enough."""
    return LEVELS.index(status) > LEVELS.index(before) and is_at_least_as_bad(status, breach_at)


def expected_by(last: dt.date, frequency_days: int, grace_days: int) -> dt.date:
    """The last day on which the reading after that of ``last`` is still in time."""
    return last + dt.timedelta(days=frequency_days + grace_days)


def is_late(active: bool, next_reading_on: dt.date, today: dt.date) -> bool:
    """Whether a reading is late: the last day in time has passed."""
    return active and next_reading_on < today
