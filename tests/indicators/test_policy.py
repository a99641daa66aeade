"""How a value stands against limits: tables and properties."""

import datetime as dt
import doctest
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskreg.indicators import policy
from riskreg.indicators.policy import LEVELS, Path, Rule, status_series

DAY = dt.date(2026, 9, 16)
HIGH = Rule("fixed", "higher_is_worse", Decimal(90), Decimal(150), hysteresis=Decimal(5))
LOW = Rule("fixed", "lower_is_worse", Decimal(-90), Decimal(-150), hysteresis=Decimal(5))
BAND = Rule("band", "", Decimal(20), Decimal(30), Decimal(10), Decimal(5), hysteresis=Decimal(1))
PATH = Path("linear", dt.date(2026, 1, 1), Decimal(100), dt.date(2026, 4, 11), Decimal(200))
PACE = Rule("pace", "lower_is_worse", Decimal(2), Decimal(5), path=PATH)


def statuses(rule: Rule, *values: float, before: str = "") -> str:
    series = [(DAY, Decimal(str(v))) for v in values]
    return " ".join(s[0] if s else "-" for _before, s in status_series(rule, series, before))


def test_the_examples_in_the_code_hold() -> None:
    done = doctest.testmod(policy)
    assert done.attempted >= 2
    assert done.failed == 0


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((89.99, 90, 149.99, 150), "g a a r"),
        # It comes back only beyond the hysteresis, one level or two.
        ((150, 149, 145, 144.99), "r r r a"),
        ((90, 86, 85, 84.99, 89), "a a a g g"),
        ((150, 84), "r g"),
        # A value that dances on the line turns once.
        ((149, 150, 149, 150, 149, 150), "a r r r r r"),
    ],
)
def test_a_limit_is_crossed_by_reaching_it(values: tuple[float, ...], said: str) -> None:
    assert statuses(HIGH, *values) == said
    assert statuses(LOW, *(-v for v in values)) == said


def test_a_status_is_forgotten_once_a_reading_is_late() -> None:
    rule = replace(HIGH, memory_days=35)
    series = [(DAY, 150), (DAY + dt.timedelta(days=35), 149), (DAY + dt.timedelta(days=71), 149)]
    walked = list(status_series(rule, [(day, Decimal(value)) for day, value in series]))
    assert walked == [("", "red"), ("red", "red"), ("", "amber")]


def test_a_band_is_bad_on_both_sides() -> None:
    assert statuses(BAND, 15, 20, 19.5, 18.9, 10, 5, 5.5, 6.1, 30) == "g a a g a r r a r"


@pytest.mark.parametrize(
    ("day", "growth", "required"),
    [
        (dt.date(2025, 12, 31), "linear", None),
        (dt.date(2026, 1, 1), "linear", 100),
        (dt.date(2026, 2, 20), "linear", 150),
        (dt.date(2026, 4, 11), "linear", 200),
        (dt.date(2027, 1, 1), "linear", 200),
        # Half way in time is the square root of the growth: 100 · √2.
        (dt.date(2026, 2, 20), "compound", Decimal("141.421356")),
        (dt.date(2026, 4, 11), "compound", 200),
    ],
)
def test_the_required_path(day: dt.date, growth: str, required: Decimal | None) -> None:
    path = Path(growth, PATH.start_on, PATH.start_value, PATH.due_on, PATH.value)
    found = path.required(day)
    assert (None if found is None else round(found, 6)) == required


def test_pace_is_percent_behind_the_path() -> None:
    half = dt.date(2026, 2, 20)
    assert PACE.percent_behind(Decimal(150), half) == 0
    assert PACE.percent_behind(Decimal(147), half) == 2
    assert PACE.percent_behind(Decimal(165), half) == -10
    assert [PACE.status(Decimal(v), half) for v in (160, 150, 147, 142.5)] == [
        "green", "green", "amber", "red",
    ]  # fmt: skip
    assert PACE.status(Decimal(1), dt.date(2025, 12, 31)) == ""
    falling = Rule("pace", "higher_is_worse", Decimal(2), Decimal(5), path=PATH)
    assert [falling.status(Decimal(v), half) for v in (140, 153, 160)] == ["green", "amber", "red"]


@given(st.lists(st.decimals(0, 200, places=2), max_size=30), st.sampled_from(LEVELS))
def test_worse_at_once_better_only_beyond_the_way_back(values: list[Decimal], was: str) -> None:
    plain = Rule("fixed", "higher_is_worse", Decimal(90), Decimal(150))
    walked = status_series(HIGH, [(DAY, v) for v in values], was)
    for value, (before, status) in zip(values, walked, strict=True):
        bare = plain.status(value, DAY)
        assert LEVELS.index(status) >= LEVELS.index(bare)
        if LEVELS.index(status) > LEVELS.index(bare):
            # Only what was as bad before can still be so, and only within the way back.
            assert LEVELS.index(status) <= LEVELS.index(before)
            assert value >= {"red": 150, "amber": 90}[status] - 5
        before = status


@given(st.lists(st.decimals(145, 155, places=2), min_size=2, max_size=50))
def test_a_value_that_dances_within_the_way_back_turns_once(values: list[Decimal]) -> None:
    turns = sum(
        a != "red" and b == "red" for a, b in status_series(HIGH, [(DAY, v) for v in values])
    )
    assert turns <= 1


def test_a_reading_is_late_from_the_day_after_its_last_day() -> None:
    last = policy.expected_by(dt.date(2026, 9, 1), 30, 5)
    assert last == dt.date(2026, 10, 6)
    assert not policy.is_late(True, last, last)
    assert policy.is_late(True, last, last + dt.timedelta(days=1))
    assert not policy.is_late(False, last, last + dt.timedelta(days=1))
