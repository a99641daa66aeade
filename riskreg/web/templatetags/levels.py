"""``{% level_meanings criteria register open=True %}``: what the levels mean, beside a matrix."""

from typing import Any

from django import template

from riskreg.register.axes import axes_of
from riskreg.register.models import Criteria, Register
from riskreg.web.levels import levels_of

register = template.Library()


@register.inclusion_tag("criteria/meanings.html")
def level_meanings(
    criteria: Criteria, of: Register, open: bool = False, heading: int = 3
) -> dict[str, Any]:
    """Both axes with words and bands of their levels, the highest first, under headings of that
    order."""
    axes = axes_of(of)
    return {
        "criteria": criteria,
        "of": of,
        "register": of,
        "open": open,
        "heading": heading,
        "axes": [
            {"name": axes.name(axis), "levels": levels_of(criteria, axis)}
            for axis in (axes.down, axes.across)
        ],
    }
