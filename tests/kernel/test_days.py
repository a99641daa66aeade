"""Days from outside: what is one, and what is none."""

import datetime as dt
from typing import Any

import pytest

from riskreg.kernel import clock
from riskreg.kernel.days import FIRST, LAST, clean_day
from riskreg.kernel.errors import Errors


@pytest.mark.parametrize("value", ["2027-03-31", dt.date(2027, 3, 31)])
def test_a_day(value: Any) -> None:
    errors = Errors()
    assert clean_day(errors, "on", value, required=True) == dt.date(2027, 3, 31)
    assert not errors.fields


@pytest.mark.parametrize(
    "value, code",
    [
        ("0001-01-01", "out_of_range"), ("1899-12-31", "out_of_range"),
        ("3000-01-01", "out_of_range"), (dt.date.max, "out_of_range"),
        ("2026-02-30", "not_a_date"), ("10000-01-01", "not_a_date"), ("2027-03-31\0", "not_a_date"),
        ("9" * 5000, "not_a_date"), (2**70, "not_a_date"), ([], "not_a_date"), (True, "not_a_date"),
        (dt.datetime(2027, 3, 31, tzinfo=dt.UTC), "not_a_date"),
    ],
)  # fmt: skip
def test_no_day(value: Any, code: str) -> None:
    errors = Errors()
    assert clean_day(errors, "on", value) is None
    assert [e.code for e in errors.fields["on"]] == [code]


@pytest.mark.parametrize("value", [None, ""])
def test_nothing(value: Any) -> None:
    errors = Errors()
    assert clean_day(errors, "on", value) is None
    assert not errors.fields
    clean_day(errors, "on", value, required=True)
    assert [e.code for e in errors.fields["on"]] == ["required"]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Niue", "Asia/Shanghai"])
def test_every_day_let_in_starts_and_ends_in_every_zone(zone: str) -> None:
    for day in (FIRST, LAST):
        assert clock.start_of_day(day, zone) < clock.start_of_next_day(day, zone)
