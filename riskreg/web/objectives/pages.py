"""Reading objectives."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from riskreg.analysis.queries.chances import newest_chance
from riskreg.indicators.queries.objectives import Actual, active_indicators_toward, actual_values
from riskreg.kernel.localised import localised, number
from riskreg.register import objective_filters
from riskreg.register.access import Viewer
from riskreg.register.external_ids import external_id_of
from riskreg.register.fields import OBJECTIVE
from riskreg.register.models import Objective
from riskreg.register.permissions import permits
from riskreg.register.policy import weakest_label
from riskreg.register.queries import objective_for, objectives_for
from riskreg.risks.queries.links import risk_counts_by_objective
from riskreg.risks.queries.objectives import mitigations_toward, open_positions_toward
from riskreg.web.base import RegisterView
from riskreg.web.filter_form import FilterWords
from riskreg.web.indicators.labels import status_badge, value_with_unit
from riskreg.web.list_page import ListPage
from riskreg.web.objectives.modelling import newest_model_context
from riskreg.web.presenters import Scale
from riskreg.web.simulations.objectives import chance_context

SHOWN = 20


class ObjectiveList(ListPage):
    """The targets that the viewer may know of, soonest first."""

    template = "objectives/index.html"
    route = "objectives"
    files = "objective_export"
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
        counts = risk_counts_by_objective(self.viewer, [row.pk for row in rows])
        actual = actual_values(self.viewer, rows)
        return [
            {**objective_context(row, actual.get(row.pk)), "count": counts.get(row.pk, 0)}
            for row in rows
        ]

    def extra_context(self) -> dict[str, Any]:
        """What may be done from the list."""
        return {"may_add": permits(self.viewer, "objective.edit")}


class ObjectivePage(RegisterView):
    """One target."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """What it asks for by when, where that comes from, and the risks that bear on it."""
        row = objective_for(self.viewer, key)
        positions = open_positions_toward(self.viewer, row)
        work, watched = (
            mitigations_toward(self.viewer, row),
            active_indicators_toward(self.viewer, row),
        )
        scale = Scale(self.viewer.register.criteria)
        context = {
            **objective_context(row, actual_values(self.viewer, [row]).get(row.pk)),
            "count": risk_counts_by_objective(self.viewer, [row.pk]).get(row.pk, 0),
            "external_id": external_id_of(row, self.viewer),
            "may_edit": permits(self.viewer, "objective.edit", row),
            "risks": [
                {
                    "ref": position.risk.ref,
                    "title": position.risk.localized("title"),
                    "chip": scale.chip(
                        position.residual_rating, position.residual_score, position.kind
                    ),
                    "private": position.visibility == "party",
                }
                for position in positions[:SHOWN]
            ],
            **newest_model_context(self.viewer, row),
            **_chance_context(self.viewer, row),
            "risks_more": max(0, positions.count() - SHOWN),
            "work": [{"m": m, "title": m.localized("title")} for m in work[:SHOWN]],
            "work_more": max(0, work.count() - SHOWN),
            "indicators": [
                {
                    "k": each,
                    "measures": each.objective_id == row.pk,
                    "value": ""
                    if each.latest_value is None
                    else value_with_unit(each.latest_value, each.unit),
                    "label": each.reading_label,  # type: ignore[attr-defined]
                    "status": status_badge(each.status),
                }
                for each in watched[:SHOWN]
            ],
            "indicators_more": max(0, watched.count() - SHOWN),
        }
        return self.render("objectives/detail.html", context)


def _chance_context(viewer: Viewer, row: Objective) -> dict[str, Any]:
    """The chance of meeting it by the newest run that tells it."""
    found = newest_chance(viewer, row)
    if found is None:
        return {"chance": None}
    private = found.run.visibility == "party"
    about = {"run": found.run, "run_private": private, "stale": found.stale}
    return {"chance": chance_context(found.found) | about}


def objective_context(row: Objective, actual: Actual | None = None) -> dict[str, Any]:
    """An objective as its pages show it, with where it stands."""
    source = {n: localised(t) if isinstance(t, dict) else t for n, t in row.source.items()}
    return {
        "o": row,
        "value": number(row.value),
        "baseline": number(row.baseline),
        "source": source,
        "source_label": row.source.get("label", ""),
        "actual": actual and number(actual.value),
        "gap": actual and number(max(actual.gap, Decimal(0))),
        "measured_by": actual and actual.indicator,
        "actual_label": actual and actual.label,
        "gap_label": actual and weakest_label(("derived", row.label, actual.label)),
        "private": row.visibility == "party",
    }
