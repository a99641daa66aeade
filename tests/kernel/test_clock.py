"""Days are days in a zone."""

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskreg.kernel import clock

ZONES = ["UTC", "Asia/Shanghai", "America/Sao_Paulo", "Pacific/Kiritimati", "Europe/Berlin"]


def test_now_is_aware_and_in_utc(at: dt.datetime) -> None:
    assert clock.now() == at
    assert clock.now().tzinfo is dt.UTC


@given(
    at=st.integers(946_684_800, 3_786_912_000).map(lambda s: dt.datetime.fromtimestamp(s, dt.UTC)),
    zone=st.sampled_from(ZONES),
)
def test_a_moment_lies_in_its_day(at: dt.datetime, zone: str) -> None:
    day = clock.local_date(at, zone)
    assert clock.start_of_day(day, zone) <= at < clock.start_of_next_day(day, zone)
    assert clock.start_of_next_day(day, zone) == clock.start_of_day(
        day + dt.timedelta(days=1), zone
    )


def test_a_day_with_a_change_of_summer_time_is_23_hours_long() -> None:
    day = dt.date(2026, 3, 29)
    length = clock.start_of_next_day(day, "Europe/Berlin") - clock.start_of_day(
        day, "Europe/Berlin"
    )
    assert length == dt.timedelta(hours=23)


def test_an_unknown_zone_is_an_error() -> None:
    with pytest.raises(zoneinfo.ZoneInfoNotFoundError):
        clock.local_date(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "Mars/Olympus")
