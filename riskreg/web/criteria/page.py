"""The criteria in force, or an earlier version, for everybody to read."""

import dataclasses
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from riskreg.accounts.queries import users_by_uuid
from riskreg.events.queries import history_of
from riskreg.kernel.errors import NotFound
from riskreg.kernel.localised import localised
from riskreg.register.appetite_words import appetites_of_terms
from riskreg.register.axes import AXES, axes_of
from riskreg.register.change_words import tolerance_text
from riskreg.register.matrix_findings import matrix_findings
from riskreg.register.models import Criteria
from riskreg.register.permissions import permits
from riskreg.register.queries import criteria_versions
from riskreg.web.base import RegisterView
from riskreg.web.levels import levels_of, who_may_accept_text
from riskreg.web.own_appetites.panels import own_appetites_panel
from riskreg.web.presenters import Scale
from riskreg.web.ui.drawing import shape_matrix

VERSIONS_SHOWN = 20


class CriteriaPage(RegisterView):
    """Levels, matrix, ratings, appetite, what the matrix gets wrong, and every version."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The criteria in force, or with ``?version=`` an earlier version."""
        criteria = self._criteria_asked_for(request.GET.get("version", ""))
        scale, axes = Scale(criteria), axes_of(self.viewer.register)
        context = {
            "criteria": criteria,
            "in_force": self._is_in_force(criteria),
            "may_edit": permits(self.viewer, "register.configure"),
            "axes": {axis: axes.name(axis) for axis in AXES},
            "mx": shape_matrix(scale.grid(axes)),
            "likelihood": levels_of(criteria, "likelihood"),
            "impact": levels_of(criteria, "impact"),
            "dimensions": [localised(item["names"], item["key"]) for item in criteria.dimensions],
            "appetite": scale.name(criteria.appetite),
            "tolerance": tolerance_text(criteria.tolerance or []),
            "currency": self.viewer.register.currency,
            "appetites_of_terms": appetites_of_terms(self.viewer, criteria),
            "own": own_appetites_panel(self.viewer, scale) if self._is_in_force(criteria) else None,
            "ratings": [
                {**row, "accepts": who_may_accept_text(scale.matrix, row["key"])}
                for row in scale.cadence_rows()
            ],
            "unrated_days": criteria.unrated_cadence_days,
            "findings": dataclasses.asdict(matrix_findings(criteria)),
            "versions": self._versions(),
        }
        return self.render("criteria/index.html", context)

    def _is_in_force(self, criteria: Criteria) -> bool:
        return criteria.number == self.viewer.criteria.number

    def _criteria_asked_for(self, text: str) -> Criteria:
        if not text:
            return self.viewer.criteria
        known = text.isascii() and text.isdigit() and len(text) < 7
        found = criteria_versions(self.viewer, number=int(text)).first() if known else None
        if found is None:
            raise NotFound(_("There is no such version of the criteria."))
        return found

    def _versions(self) -> list[dict[str, Any]]:
        """Versions, newest first, with who made each."""
        rows = list(criteria_versions(self.viewer).order_by("-number")[:VERSIONS_SHOWN])
        events = history_of(self.viewer.audience, [row.uuid for row in rows])
        makers = {event.subject_uuid: event.actor for event in events if event.actor}
        users = users_by_uuid(set(makers.values())) if makers else {}
        return [
            {
                "number": row.number,
                "at": row.created_at,
                "by": str(users.get(makers.get(row.uuid), "")),  # type: ignore[arg-type]
                "current": row.number == self.viewer.criteria.number,
            }
            for row in rows
        ]
