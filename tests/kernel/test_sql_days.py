"""Days in SQL are the days of the clock."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from hypothesis import example, given, settings
from hypothesis import strategies as st

from riskreg.kernel import clock
from riskreg.kernel.sql_days import sql_of_days_between, sql_of_local_day, sql_of_month

ZONES = (
    "UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
    "America/Sao_Paulo", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Apia",
)  # fmt: skip
UNTIL = dt.date(2030, 1, 1)
MIDNIGHT = dt.datetime(1975, 1, 1, tzinfo=dt.UTC)
moments = st.timedeltas(dt.timedelta(0), dt.timedelta(days=20_400)).map(lambda t: MIDNIGHT + t)


def asked(sql: str, *values: Any) -> Any:
    """What the database makes of ``sql``."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found = cursor.fetchone()[0]
    return dt.date.fromisoformat(found) if isinstance(found, str) and len(found) == 10 else found


@pytest.mark.django_db
@settings(max_examples=300)
@given(moments, st.sampled_from(ZONES))
@example(dt.datetime(2026, 3, 1, 15, 59, 59, 999999, tzinfo=dt.UTC), "Asia/Shanghai")
@example(dt.datetime(2026, 3, 1, 16, 0, tzinfo=dt.UTC), "Asia/Shanghai")
@example(dt.datetime(2026, 10, 24, 22, 0, tzinfo=dt.UTC), "Europe/Berlin")
@example(dt.datetime(2026, 10, 25, 22, 59, 59, tzinfo=dt.UTC), "Europe/Berlin")
def test_the_day_of_a_moment_in_a_zone(moment: dt.datetime, zone: str) -> None:
    kind = "text" if connection.vendor == "sqlite" else "timestamptz"
    value = connection.ops.adapt_datetimefield_value(moment)
    source = f"(SELECT CAST(%s AS {kind}) AS at) x"
    found = asked(f"SELECT {sql_of_local_day('x.at', zone, UNTIL)} FROM {source}", value)
    assert found == clock.local_date(moment, zone)
    assert asked(f"SELECT {sql_of_local_day('x.at', zone, UNTIL)} FROM {source}", None) is None


@pytest.mark.django_db
@given(st.dates(dt.date(1900, 1, 1)), st.dates(dt.date(1900, 1, 1)))
def test_days_between_and_the_month(one: dt.date, other: dt.date) -> None:
    kind = "text" if connection.vendor == "sqlite" else "date"
    source = f"(SELECT CAST(%s AS {kind}) AS a, CAST(%s AS {kind}) AS b) x"
    texts = one.isoformat(), other.isoformat()
    days = asked(f"SELECT {sql_of_days_between('x.a', 'x.b')} FROM {source}", *texts)
    assert days == (other - one).days
    assert asked(f"SELECT {sql_of_month('x.a')} FROM {source}", *texts) == one.isoformat()[:7]
