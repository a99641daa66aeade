"""Places of the heatmap as its address names them, what they count, and steps through time."""

import datetime as dt
from typing import Any

from riskreg.risks.queries import heatmap_lists
from riskreg.risks.queries.heatmap import Heatmap
from riskreg.web.presenters import query_string

Place = tuple[int, int] | str | None


def place_as_param(place: Place) -> str:
    """A place as the address writes it."""
    return ",".join(map(str, place)) if isinstance(place, tuple) else place or ""


def risk_filters_of_place(place: Place) -> dict[str, Any]:
    """The filters of the risk list that pick the risks of a place."""
    if place == heatmap_lists.UNRATED:
        return {"unrated": "true"}
    if place == heatmap_lists.ABOVE:
        return {"above_appetite": "true"}
    if isinstance(place, tuple):
        return {"likelihood": place[0], "impact": place[1]}
    return {}


def count_in(shown: Heatmap, place: Place) -> int:
    """How many risks the heatmap counts in ``place``."""
    if place == heatmap_lists.UNRATED:
        return shown.unrated_count
    if place == heatmap_lists.ABOVE:
        return shown.above_count
    if place is None:
        return shown.total - shown.unrated_count
    return sum(c.count for c in shown.cells if (c.likelihood, c.impact) == place)


def month_links(shown: Heatmap, today: dt.date, given: dict[str, Any]) -> dict[str, Any]:
    """A month back, a month on (never past today), and today."""
    back = day_months_later(shown.as_of, -1)
    on = min(day_months_later(shown.as_of, 1), today)
    compare = shown.comparison.compared_to if shown.comparison else None
    fits = {} if compare is None or compare < back else {"compare": None}
    return {
        "back": query_string(given, as_of=back.isoformat(), **fits),
        "back_on": back,
        "on": query_string(given, as_of=None if on == today else on.isoformat())
        if shown.as_of < today
        else "",
        "on_on": on,
        "today": query_string(given, as_of=None) if shown.as_of < today else "",
        "uncompare": query_string(given, compare=None) if compare else "",
    }


def day_months_later(day: dt.date, months: int) -> dt.date:
    """The same day ``months`` later, or the last of that month where it has no such day.

    Nothing lies before the first month of the calendar.
    """
    index = max(12, day.year * 12 + day.month - 1 + months)
    year, month = divmod(index, 12)
    after = dt.date(year + (month == 11), (month + 1) % 12 + 1, 1) - dt.timedelta(days=1)
    return dt.date(year, month + 1, min(day.day, after.day))
