"""What each level of a scale means: its words, its band, and the words of each dimension."""

from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from riskreg.kernel.localised import localised, number
from riskreg.register.models import Criteria, Role
from riskreg.register.policy import Matrix


def levels_of(criteria: Criteria, axis: str) -> list[dict[str, Any]]:
    """Levels from the highest, in the reader's words."""
    return [
        {
            "value": level["value"],
            "name": localised(level["names"], str(level["value"])),
            "text": localised(level.get("descriptions")),
            "range": _range_words(axis, level.get("range")),
            "dimensions": [
                {
                    "name": localised(item["names"], item["key"]),
                    "text": localised(item["descriptions"][level["value"] - 1]),
                }
                for item in (criteria.dimensions if axis == "impact" else ())
                if item["descriptions"]
            ],
        }
        for level in reversed(getattr(criteria, axis))
    ]


def _range_words(axis: str, value: list[float] | None) -> str:
    if not value:
        return ""
    low, high = value
    if axis == "likelihood":
        return f"{number(round(100 * low, 6))}–{number(round(100 * high, 6))} %"
    return f"{number(low)}–{number(high)}"


def accepts_text(matrix: Matrix, rating: str) -> str:
    """Who may accept a risk of this rating, and for how long."""
    return _("%(role)s, for %(days)d days at once and %(most)d in all") % {
        "role": capfirst(str(Role(matrix.accept_role(rating)).label)),
        "days": matrix.accept_days(rating),
        "most": matrix.accept_total_days(rating),
    }
