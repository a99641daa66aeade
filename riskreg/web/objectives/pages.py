"""Reading objectives."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from riskreg.kernel.localised import localised, number
from riskreg.register.models import Objective
from riskreg.register.permissions import permits
from riskreg.register.queries import objective_for, objectives_for
from riskreg.risks.queries.links import risks_by_objective
from riskreg.web.base import RegisterView

MOST = 200


class ObjectiveList(RegisterView):
    """The targets that the viewer may know of, soonest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Each with how many risks bear on it, of those that the viewer may know of."""
        found = list(objectives_for(self.viewer).select_related("party")[: MOST + 1])
        rows = found[:MOST]
        counts = risks_by_objective(self.viewer, [row.pk for row in rows])
        context = {
            "rows": [{**shown(row), "count": counts.get(row.pk, 0)} for row in rows],
            "more": len(found) > MOST,
            "may_add": permits(self.viewer, "objective.edit"),
        }
        return self.render("objectives/index.html", context)


class ObjectivePage(RegisterView):
    """One target."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """What it asks for by when, where that comes from, and the risks that bear on it."""
        row = objective_for(self.viewer, key)
        context = {
            **shown(row),
            "count": risks_by_objective(self.viewer, [row.pk]).get(row.pk, 0),
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
