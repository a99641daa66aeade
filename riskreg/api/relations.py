"""Relations between risks: what causes, worsens, is part of or duplicates what."""

import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_relations as shapes
from riskreg.api.core import row_parameters, schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.query import column_value, parse_row_order, with_errors_in_query
from riskreg.api.core.table import row_to_json
from riskreg.kernel import keyset
from riskreg.register.filtering import RowFilter
from riskreg.risks import relation_filters, services
from riskreg.risks.fields import RELATION
from riskreg.risks.models import RiskRelation
from riskreg.risks.queries.relations import relation_for, relations_for
from riskreg.risks.services.relations import FIELDS

_OLDEST = keyset.Order("created_at", tie="id")


class RelationApi(RegisterApi):
    """A view about relations."""

    def as_json(self, row: RiskRelation) -> dict[str, Any]:
        """A relation, with both its risks by ref."""
        return row_to_json(
            RELATION,
            row,
            self.viewer,
            url=f"{self.register_url}relations/{row.uuid}/",
            risk=row.risk.ref,
            other=row.other.ref,
            active=row.ended_at is None,
        )

    def answer(self, row: RiskRelation, status: int = 200) -> Answer:
        """The relation with its ETag, and its address where it is new."""
        body = self.as_json(relations_for(self.viewer).get(pk=row.pk))
        return Answer.of_version(body, status)


class Relations(RelationApi):
    """GET lists the relations that the caller may know of, POST notes one."""

    @schema.listed("List relations", shapes.Relation, row_parameters.RELATION_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Oldest first; those that have ended are among them."""
        self.refuse_unknown_params(*relation_filters.NAMES, "ordering", *PARAMS)
        params, rows = request.query_params, relations_for(self.viewer)
        chosen: RowFilter = with_errors_in_query(
            lambda: relation_filters.parse(self.viewer, params, self.at)
        )
        order = parse_row_order(params.get("ordering"), relation_filters.ORDERINGS, _OLDEST)
        listing = Listing(
            queryset=rows.filter(chosen.condition),
            order=order,
            place=lambda row: (column_value(row, order), str(row.uuid)),
            tie=finder_by_uuid(rows),
        )
        audience = self.viewer.audience.key
        return page_response(
            self, audience, listing, lambda found: [self.as_json(row) for row in found]
        )

    @schema.made("Relate two risks", shapes.RelationNew, shapes.Relation)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Of `part_of`, `risk` is the part and `other` the parent, one at most. With a risk of a
        party's own it is that party's own."""

        def act() -> Answer:
            given = body_of(request, *FIELDS)
            ends = {name: given.pop(name, None) for name in ("risk", "kind", "other")}
            row = services.relate_risks(actor=self.viewer, at=self.at, **ends, **given)
            return self.answer(row, 201)

        return self.write(act)


class RelationDetail(RelationApi):
    """One relation, by its id."""

    @schema.detailed("Read a relation", shapes.Relation)
    def get(self, request: Request, slug: str, relation: uuid.UUID) -> HttpResponse:
        """The relation as it is now, or was when it ended."""
        self.refuse_unknown_params()
        row = relations_for(self.viewer).get(pk=relation_for(self.viewer, relation).pk)
        return self.detail(self.as_json(row), row.version)


class RelationEnd(RelationApi):
    """POST takes a relation back, and says why."""

    @schema.acted("End a relation", shapes.RelationEnd, shapes.Relation)
    def post(self, request: Request, slug: str, relation: uuid.UUID) -> HttpResponse:
        """It cannot come back; note a new one instead."""

        def act() -> Answer:
            row = services.end_relation(
                actor=self.viewer,
                relation=relation,
                reason=body_of(request, "reason").get("reason"),
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)
