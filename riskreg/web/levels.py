"""What each level of a scale means: its words, its band, and the words of each dimension."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.localised import localised, number, percent_text
from riskreg.register.dimensions import dimension_name
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


def driven_by_text(criteria: Criteria, impact: int, key: str | None) -> str:
    """Which kind of impact drove a level; empty where nobody said."""
    if not key:
        return ""
    return _("impact %(level)d, by %(kind)s") % {
        "level": impact,
        "kind": dimension_name(criteria, key),
    }


def offer_dimensions_or_drop_field(form: forms.Form, criteria: Criteria) -> None:
    """Let ``form`` ask what drove the impact, where ``criteria`` tell kinds of it apart."""
    field = form.fields["dimension"]
    if not criteria.dimensions and "dimension" not in form.errors:
        del form.fields["dimension"]
        return
    kinds = [(item["key"], localised(item["names"], item["key"])) for item in criteria.dimensions]
    field.widget.choices = [("", _("not said")), *kinds]


class DimensionField(forms.CharField):
    """Which kind of impact drove the level; whether the scale has it is for the services to say."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("What drove the impact?"),
            required=False,
            widget=forms.Select,
            help_text=gettext_lazy("The kind of impact that the chosen level comes from."),
        )


def _range_words(axis: str, value: list[float] | None) -> str:
    if not value:
        return ""
    low, high = value
    if axis == "likelihood":
        return f"{number(round(100 * low, 6))}–{percent_text(round(100 * high, 6))}"
    return f"{number(low)}–{number(high)}"


def who_may_accept_text(matrix: Matrix, rating: str) -> str:
    """Who may accept a risk of this rating, and for how long."""
    return _("%(role)s, for %(days)d days at once and %(most)d in all") % {
        "role": capfirst(str(Role(matrix.least_role_to_accept(rating)).label)),
        "days": matrix.most_days_accepted_at_once(rating),
        "most": matrix.most_days_accepted_in_all(rating),
    }
