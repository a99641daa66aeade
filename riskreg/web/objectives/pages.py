"""Reading objectives."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from riskreg.kernel.localised import localised, number
from riskreg.register import objective_filters
from riskreg.register.external_ids import external_id_of
from riskreg.register.fields import OBJECTIVE
from riskreg.register.models import Objective
from riskreg.register.permissions import permits
from riskreg.register.queries import objective_for, objectives_for
from riskreg.risks.queries.links import risks_by_objective
from riskreg.web.base import RegisterView
from riskreg.web.filter_form import FilterWords
from riskreg.web.list_page import ListPage


class ObjectiveList(ListPage):
    """The targets that the viewer may know of, soonest first."""

    template = "objectives/index.html"
    route = "objectives"
    filters = objective_filters
    words = FilterWords(OBJECTIVE, labels={"due_before": gettext_lazy("Due before")})
    default_order = "due_on"
    front = ("party", "due_before")
    folded = ("external_id",)

    def all_rows(self) -> QuerySet[Objective]:
        """With the party of each."""
        return objectives_for(self.viewer).select_related("party")

    def shown_rows(self, rows: Sequence[Objective]) -> list[dict[str, Any]]:
        """Each with how many risks bear on it, of those that the viewer may know of."""
        counts = risks_by_objective(self.viewer, [row.pk for row in rows])
        return [{**shown(row), "count": counts.get(row.pk, 0)} for row in rows]

    def extra(self) -> dict[str, Any]:
        """What may be done from the list."""
        return {"may_add": permits(self.viewer, "objective.edit")}


class ObjectivePage(RegisterView):
    """One target."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """What it asks for by when, where that comes from, and the risks that bear on it."""
        row = objective_for(self.viewer, key)
        context = {
            **shown(row),
            "count": risks_by_objective(self.viewer, [row.pk]).get(row.pk, 0),
            "external_id": external_id_of(row, self.viewer),
            "may_edit": permits(self.viewer, "objective.edit", row),
        }
        return self.render("objectives/detail.html", context)


def shown(row: Objective) -> dict[str, Any]:
    """An objective as its pages show it."""
    source = {n: localised(t) if isinstance(t, dict) else t for n, t in row.source.items()}
    return {
        "o": row,
        "value": number(row.value),
        "baseline": number(row.baseline),
        "source": source,
        "private": row.visibility == "party",
    }
