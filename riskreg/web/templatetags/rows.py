"""Rows of the lists that people load most, each drawn once for the same values."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Protocol

from django import template
from django.utils.safestring import SafeString

from riskreg.web.ui.drawn import PARTS, drawn_by_template

register = template.Library()


class _DrawnByScale(Protocol):
    """A row that knows its cells, once it is told the scale and the day (``web.risks.rows``)."""

    def table_cells(self, scale: Any, today: date) -> dict[str, Any]:
        """Every cell, ready to be written."""


# Some pages of each.
KEPT = 2 * PARTS


@register.simple_tag
def risk_rows(
    rows: Iterable[_DrawnByScale], scale: Any, today: date, tick: bool = False
) -> SafeString:
    """The rows of the risk list (``web.risks.rows``); ``tick``: each with a box to choose it."""
    return SafeString("".join([_risk_row(row, scale, today, tick) for row in rows]))


@drawn_by_template("risks/row.html", kept=KEPT)
def _risk_row(row: _DrawnByScale, scale: Any, today: date, tick: bool) -> dict[str, Any]:
    return {"r": row.table_cells(scale, today), "may_transfer": tick}


@register.simple_tag
def duty_rows(duties: Iterable[Mapping[str, Any]], today: date, whose: str = "") -> SafeString:
    """Duties of My work (``duties.rows.duty_rows``) on the day ``today``; ``whose``: others owe
    them, and the name of each owner is said."""
    return SafeString("".join([_duty_row(duty, today, whose) for duty in duties]))


@drawn_by_template("my_work/duty.html", kept=KEPT)
def _duty_row(duty: Mapping[str, Any], today: date, whose: str) -> dict[str, Any]:
    return {"d": duty, "today": today, "whose": whose}
