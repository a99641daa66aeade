"""Objectives: measurable targets."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_objectives as shapes
from riskreg.api.core import row_parameters, schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.query import column_value, parse_row_order, with_errors_in_query
from riskreg.api.core.table import row_to_json
from riskreg.api.core.values import time
from riskreg.indicators.queries.objectives import Actual, actual_values
from riskreg.kernel import keyset
from riskreg.kernel.localised import plain_number
from riskreg.register import objective_filters
from riskreg.register.fields import OBJECTIVE
from riskreg.register.filtering import RowFilter
from riskreg.register.models import Objective
from riskreg.register.queries import objective_for, objectives_for
from riskreg.register.services import add_objective, edit_objective

_SOONEST = keyset.Order("due_on", tie="id")
_FIELDS = tuple(field.name for field in OBJECTIVE.settable)


class ObjectiveApi(RegisterApi):
    """A view about objectives."""

    def as_json(self, row: Objective, actual: Actual | None = None) -> dict[str, Any]:
        """An objective; ``value`` is a decimal number as text, in ``unit``."""
        return row_to_json(
            OBJECTIVE,
            row,
            self.viewer,
            url=f"{self.register_url}objectives/{row.key}/",
            name=row.name,
            actual=None
            if actual is None
            else {
                "value": plain_number(actual.value),
                "gap": plain_number(actual.gap),
                "at": time(actual.indicator.latest_at),
                "label": actual.label,
                "indicator": actual.indicator.ref,
            },
        )

    def with_actual_to_json(self, rows: Sequence[Objective]) -> list[dict[str, Any]]:
        """Objectives, each with where it stands."""
        found = actual_values(self.viewer, rows)
        return [self.as_json(row, found.get(row.pk)) for row in rows]

    def answer(self, row: Objective, status: int = 200) -> Answer:
        """The objective with its ETag, and its address where it is new."""
        now = objectives_for(self.viewer).select_related("party").get(pk=row.pk)
        (body,) = self.with_actual_to_json([now])
        return Answer.of_version(body, status)


class Objectives(ObjectiveApi):
    """GET lists the targets that the caller may know of, POST adds one."""

    @schema.listed("List objectives", shapes.Objective, row_parameters.OBJECTIVE_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Soonest due first."""
        self.refuse_unknown_params(*objective_filters.NAMES, "ordering", *PARAMS)
        params, rows = request.query_params, objectives_for(self.viewer)
        chosen: RowFilter = with_errors_in_query(
            lambda: objective_filters.parse(self.viewer, params, self.at)
        )
        order = parse_row_order(params.get("ordering"), objective_filters.ORDERINGS, _SOONEST)
        listing = Listing(
            queryset=rows.select_related("party").filter(chosen.condition),
            order=order,
            place=lambda row: (column_value(row, order), str(row.uuid)),
            tie=finder_by_uuid(rows),
        )
        return page_response(
            self,
            self.viewer.audience.key,
            listing,
            self.with_actual_to_json,
        )

    @schema.made("Add an objective", shapes.ObjectiveNew, shapes.Objective)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """A target of the caller's party; a manager's matter."""

        def act() -> Answer:
            given = body_of(request, "key", "visibility", *_FIELDS)
            row = add_objective(
                actor=self.viewer,
                key=given.get("key"),
                visibility=given.get("visibility", "shared"),
                at=self.at,
                **{name: given.get(name) for name in _FIELDS},
            )
            return self.answer(row, 201)

        return self.write(act)


class ObjectiveDetail(ObjectiveApi):
    """One objective, by its key."""

    @schema.detailed("Read an objective", shapes.Objective)
    def get(self, request: Request, slug: str, key: str) -> HttpResponse:
        """The objective as it is now."""
        self.refuse_unknown_params()
        row = objective_for(self.viewer, key)
        return self.detail(self.with_actual_to_json([row])[0], row.version)

    @schema.changed("Change an objective", shapes.ObjectiveChange, shapes.Objective)
    def patch(self, request: Request, slug: str, key: str) -> HttpResponse:
        """Changes what is named; its key stays. A day that has passed cannot be set."""

        def act() -> Answer:
            row = edit_objective(
                actor=self.viewer,
                key=key,
                fields=body_of(request, *_FIELDS),
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)
