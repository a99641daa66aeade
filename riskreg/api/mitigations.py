"""Mitigations: planned work and how far it has come."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes
from riskreg.api.core import row_parameters, schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, id_or_email_of_person
from riskreg.api.core.etag import etag
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.query import column_value, parse_row_order, with_errors_in_query
from riskreg.api.core.table import row_to_json
from riskreg.kernel import keyset
from riskreg.register.filtering import RowFilter
from riskreg.register.visibility import Visibility
from riskreg.risks import mitigation_filters, services
from riskreg.risks.fields import MITIGATION
from riskreg.risks.models import Mitigation
from riskreg.risks.queries.access import mitigation_for
from riskreg.risks.queries.lists import mitigations_for, visible_mitigations

_BY_DUE_DATE = keyset.Order("due_on", tie="id")


class MitigationApi(RegisterApi):
    """A view about mitigations."""

    def to_json(self, row: Mitigation) -> dict[str, Any]:
        """A mitigation as JSON; of the risks it serves, those that the caller may know of."""
        return row_to_json(
            MITIGATION,
            row,
            self.viewer,
            url=f"{self.register_url}mitigations/{row.ref}/",
            currency=self.viewer.register.currency,
        )

    def answer(self, mitigation: Mitigation, status: int = 200) -> Answer:
        """``mitigation`` as it is now, with its ETag, and its address where it is new."""
        body = self.to_json(mitigations_for(self.viewer).get(pk=mitigation.pk))
        answer = Answer.of(body, status, ETag=etag(body["version"], body))
        if status == 201:
            return Answer(answer.text, status, {**answer.headers, "Location": body["url"]})
        return answer


class Mitigations(MitigationApi):
    """GET lists the work that the caller may know of, POST plans some."""

    @schema.listed("List mitigations", shapes.Mitigation, row_parameters.MITIGATION_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Soonest due first."""
        self.refuse_unknown_params(*mitigation_filters.NAMES, "ordering", *PARAMS)
        params = request.query_params
        chosen: RowFilter = with_errors_in_query(
            lambda: mitigation_filters.parse(self.viewer, params, self.at)
        )
        order = parse_row_order(params.get("ordering"), mitigation_filters.ORDERINGS, _BY_DUE_DATE)
        listing = Listing(
            queryset=mitigations_for(self.viewer).filter(chosen.condition),
            order=order,
            place=lambda row: (column_value(row, order), str(row.uuid)),
            tie=finder_by_uuid(visible_mitigations(self.viewer)),
        )
        return page_response(
            self,
            self.viewer.audience.key,
            listing,
            lambda found: [self.to_json(row) for row in found],
        )

    @schema.made("Plan a mitigation", shapes.MitigationNew, shapes.Mitigation)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Work of the caller's party for one or more risks."""

        def act() -> Answer:
            fields = _fields_for_service(body_of(request))
            visibility = fields.pop("visibility", Visibility.SHARED)
            made = services.create_mitigation(
                actor=self.viewer, fields=fields, visibility=visibility, at=self.at
            )
            return self.answer(made, 201)

        return self.write(act)


class MitigationDetail(MitigationApi):
    """One mitigation, by its ref."""

    @schema.detailed("Read a mitigation", shapes.Mitigation)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """The mitigation as it is now."""
        self.refuse_unknown_params()
        found = mitigation_for(self.viewer, ref)
        row = mitigations_for(self.viewer).get(pk=found.pk)
        return self.detail(self.to_json(row), row.version)

    @schema.changed("Change a mitigation", shapes.MitigationChange, shapes.Mitigation)
    def patch(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Changes what is named. Progress 100 makes it done."""

        def act() -> Answer:
            changed = services.edit_mitigation(
                actor=self.viewer,
                ref=ref,
                version=self.expected_version_or_never,
                fields=_fields_for_service(body_of(request)),
                at=self.at,
            )
            return self.answer(changed)

        return self.write(act)


def _fields_for_service(body: dict[str, Any]) -> dict[str, Any]:
    return {k: id_or_email_of_person(v) if k == "owner" else v for k, v in body.items()}
