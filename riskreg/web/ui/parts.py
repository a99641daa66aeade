"""Parts of a page that are drawn once for the same values: navigation, and filters of a list."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template

from riskreg.web.ui.drawn import PARTS, drawn_by_template

register = template.Library()


@register.simple_tag
@drawn_by_template("components/sidenav.html", kept=PARTS)
def sidenav(nav: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The navigation: each way has a key, label, url, icon and whether one is there (``current``),
    perhaps a count."""
    return {"nav": nav}


@register.simple_tag
@drawn_by_template("components/filter_field.html", kept=PARTS)
def filter_field(field: Mapping[str, Any]) -> dict[str, Any]:
    """One field of a form that narrows a list; see ``filter_form.filter_fields``."""
    return {"f": field}
