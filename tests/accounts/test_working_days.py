"""The days on which somebody works: weekdays, public holidays, China's make-up working days."""

import datetime as dt
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from riskreg.accounts import policy
from riskreg.accounts.policy import (
    calendar_country_codes,
    calendar_exists,
    subdivision_codes,
    works_on,
)

WEEK = [1, 2, 3, 4, 5]
DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2028, 12, 31))


def test_without_a_calendar_the_weekdays_alone_decide() -> None:
    assert works_on(dt.date(2026, 10, 1), WEEK, "")
    assert not works_on(dt.date(2026, 10, 10), WEEK, "")
    assert works_on(dt.date(2026, 10, 10), [6], "")


# As the State Council's General Office announced them for 2025 and 2026.
@pytest.mark.parametrize("day", ["2026-02-14", "2026-02-28", "2026-09-20", "2026-10-10"])
def test_weekend_days_that_china_works_to_make_up_are_on(day: str) -> None:
    on = dt.date.fromisoformat(day)
    assert on.isoweekday() > 5
    assert works_on(on, WEEK, "CN")
    assert not works_on(on, WEEK, "DE")


@pytest.mark.parametrize(
    "day", ["2026-10-01", "2026-10-05", "2026-10-06", "2026-10-07", "2026-02-23", "2025-10-08"]
)
def test_weekdays_that_china_has_off_are_off(day: str) -> None:
    on = dt.date.fromisoformat(day)
    assert on.isoweekday() <= 5
    assert not works_on(on, WEEK, "CN")
    assert works_on(on, WEEK, "DE")


def test_national_day_2026_day_by_day() -> None:
    first = dt.date(2026, 9, 28)
    worked = [works_on(first + dt.timedelta(days=n), WEEK, "CN") for n in range(14)]
    # Mon 28 Sep … Sun 11 Oct: off from 1 to 7 October, Saturday the 10th is worked.
    assert worked == [True] * 3 + [False] * 7 + [True] * 3 + [False]


def test_a_subdivision_has_holidays_of_its_own() -> None:
    corpus_christi = dt.date(2026, 6, 4)
    assert not works_on(corpus_christi, WEEK, "DE-BY")
    assert works_on(corpus_christi, WEEK, "DE-BE")
    assert works_on(corpus_christi, WEEK, "DE")


def test_the_last_day_of_a_year_can_make_up_for_a_holiday_of_the_next() -> None:
    assert works_on(dt.date(2005, 12, 31), WEEK, "CN")


@given(DAYS, st.lists(st.integers(1, 7), min_size=1), st.sampled_from(["CN", "DE-BY", "US", ""]))
def test_a_weekday_that_is_nobodys_is_worked_only_to_make_up(
    day: dt.date, working: list[int], calendar: str
) -> None:
    works = works_on(day, working, calendar)
    if works and day.isoweekday() not in working:
        assert calendar == "CN"
        assert day.isoweekday() > 5
    assert works == works_on(day, [*working, *working], calendar)


@given(DAYS, st.sampled_from(["CN", "DE-BY", "US", "JP", ""]))
def test_nobody_waits_two_weeks_for_a_working_day(day: dt.date, calendar: str) -> None:
    """So a digest of a day off is never more than two weeks late."""
    assert any(works_on(day + dt.timedelta(days=n), WEEK, calendar) for n in range(14))


@pytest.mark.parametrize("year", [1, 1900, 9999])
def test_years_that_no_calendar_knows_are_answered(year: int) -> None:
    assert works_on(dt.date(year, 12, 31), [1, 2, 3, 4, 5, 6, 7], "CN") in (True, False)


@pytest.mark.parametrize("calendar", ["", "CN", "DE", "DE-BY", "GB-SCT", "HK"])
def test_calendars_that_are(calendar: str) -> None:
    assert calendar_exists(calendar)


@pytest.mark.parametrize(
    "calendar", ["XX", "cn", "CHN", "DE-", "DE-XX", "DE-BY-X", "-", " CN", "CN\0", None, 5, ["CN"]]
)
def test_calendars_that_are_not(calendar: object) -> None:
    assert not calendar_exists(calendar)


@pytest.mark.parametrize("calendar", ["XX", "DE-XX"])
def test_a_calendar_that_went_away_counts_as_none_and_the_log_says_so_once(calendar: str) -> None:
    policy._special_days.cache_clear()
    policy._warn_of_unknown.cache_clear()
    with capture_logs() as logged:
        for year in (2026, 2027):
            assert works_on(dt.date(year, 10, 1), WEEK, calendar)
            assert not works_on(dt.date(2026, 10, 10), WEEK, calendar)
    assert logged == [
        {"event": "holiday_calendar_unknown", "log_level": "warning", "calendar": calendar}
    ]


def test_every_calendar_on_offer_has_a_code_that_fits_its_column() -> None:
    codes = [code for country in calendar_country_codes()
             for code in (country, *(f"{country}-{part}"
                                     for part in subdivision_codes(country)))]  # fmt: skip
    assert len(codes) > 500
    assert all(len(code) <= 16 and code.isascii() for code in codes)


@pytest.mark.process
def test_the_list_of_countries_loads_no_calendar() -> None:
    """Each is a module of its own, and every web process would keep all of them."""
    found = subprocess.run(
        [sys.executable, "-c", "from riskreg.accounts.policy import calendar_country_codes as c;"
         "import sys; assert 'CN' in c() and len(c()) > 200;"
         "print(*(m for m in sys.modules if m.startswith('holidays.countries.')))"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert found.stdout.split() == []
