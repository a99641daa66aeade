"""Rows of the lists that people load most, each drawn once for the same values."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

from django import template

from riskreg.web.ui.drawn import PARTS, drawn_by_template

register = template.Library()


class _DrawnByScale(Protocol):
    """A row that knows its cells, once it is told the scale and the day (``web.risks.rows``)."""

    def cells(self, scale: Any, today: date) -> dict[str, Any]:
        """Every cell, ready to be written."""


# Some pages of each.
KEPT = 2 * PARTS


@register.simple_tag
@drawn_by_template("risks/row.html", kept=KEPT)
def risk_row(row: _DrawnByScale, scale: Any, today: date, tick: bool = False) -> dict[str, Any]:
    """A row of the risk list (``web.risks.rows``); ``tick``: with a box to choose it."""
    return {"r": row.cells(scale, today), "may_transfer": tick}


@register.simple_tag
@drawn_by_template("my_work/duty.html", kept=KEPT)
def duty_row(duty: Mapping[str, Any], today: date, whose: str = "") -> dict[str, Any]:
    """A duty of My work (``duties.rows.duty_rows``) on the day ``today``; ``whose``: others owe
    it, and the name of its owner is said."""
    return {"d": duty, "today": today, "whose": whose}
