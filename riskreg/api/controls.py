"""Controls: what is in place, for one risk or many."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.api import shapes_controls as shapes
from riskreg.api.core import row_parameters, schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, id_or_email_of_person
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.query import column_value, parse_row_order, with_errors_in_query
from riskreg.api.core.table import row_to_json
from riskreg.kernel import keyset
from riskreg.kernel.errors import Invalid
from riskreg.register.filtering import RowFilter
from riskreg.risks import control_filters, services
from riskreg.risks.fields import CONTROL
from riskreg.risks.models import Control
from riskreg.risks.queries.access import control_for
from riskreg.risks.queries.lists import controls_for
from riskreg.risks.services.controls import FIELDS

_OLDEST = keyset.Order("created_at", tie="id")


class ControlApi(RegisterApi):
    """A view about controls."""

    def as_json(self, row: Control) -> dict[str, Any]:
        """A control, with the risks that the caller may know of."""
        return row_to_json(
            CONTROL,
            row,
            self.viewer,
            url=f"{self.register_url}controls/{row.uuid}/",
            active=row.ended_at is None,
        )

    def answer(self, row: Control, status: int = 200) -> Answer:
        """The control with its ETag, and its address where it is new."""
        body = self.as_json(controls_for(self.viewer).get(pk=row.pk))
        return Answer.of_version(body, status)


class Controls(ControlApi):
    """GET lists the controls that the caller may know of, POST notes one."""

    @schema.listed("List controls", shapes.Control, row_parameters.CONTROL_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Oldest first; those that have ended are among them."""
        self.refuse_unknown_params(*control_filters.NAMES, "ordering", *PARAMS)
        params, rows = request.query_params, controls_for(self.viewer)
        chosen: RowFilter = with_errors_in_query(
            lambda: control_filters.parse(self.viewer, params, self.at)
        )
        order = parse_row_order(params.get("ordering"), control_filters.ORDERINGS, _OLDEST)
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

    @schema.made("Note a control", shapes.ControlNew, shapes.Control)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """On one risk or several; on a party's own risk it is that party's own."""

        def act() -> Answer:
            fields = _fields_for_service(body_of(request, "risks", *FIELDS))
            refs = fields.pop("risks", None)
            if not isinstance(refs, list) or not refs:
                text = _("A control works on at least one risk; name it by its reference.")
                raise Invalid.one("risks", "required", text)
            first, *other_risks = (str(ref) for ref in refs)
            name, kind = fields.pop("name", None), fields.pop("kind", None)
            row = services.add_control(
                actor=self.viewer,
                ref=first,
                other_risks=other_risks,
                name=name,
                kind=kind,
                at=self.at,
                **fields,
            )
            return self.answer(row, 201)

        return self.write(act)


class ControlDetail(ControlApi):
    """One control, by its id."""

    @schema.detailed("Read a control", shapes.Control)
    def get(self, request: Request, slug: str, control: uuid.UUID) -> HttpResponse:
        """The control as it is now, or was when it ended."""
        self.refuse_unknown_params()
        row = controls_for(self.viewer).get(pk=control_for(self.viewer, control).pk)
        return self.detail(self.as_json(row), row.version)

    @schema.changed("Change a control", shapes.ControlChange, shapes.Control)
    def patch(self, request: Request, slug: str, control: uuid.UUID) -> HttpResponse:
        """Changes what is named; a new ``tested_on`` says that the caller tested it."""

        def act() -> Answer:
            row = services.edit_control(
                actor=self.viewer,
                control=control,
                fields=_fields_for_service(body_of(request, "risks", *FIELDS)),
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)


class ControlTest(ControlApi):
    """POST says that the caller has tested a control, and what they found."""

    @schema.acted("Record a test of a control", shapes.ControlTest, shapes.Control)
    def post(self, request: Request, slug: str, control: uuid.UUID) -> HttpResponse:
        """What discharges the duty to test it; the next test is due by its days between tests."""

        def act() -> Answer:
            given = body_of(request, "effectiveness", "tested_on", "next_test_on")
            row = services.record_test(
                actor=self.viewer,
                control=control,
                effectiveness=given.get("effectiveness"),
                tested_on=given.get("tested_on"),
                next_test_on=given.get("next_test_on"),
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)


class ControlEnd(ControlApi):
    """POST says that a control is no longer in place, and why."""

    @schema.acted("End a control", shapes.ControlEnd, shapes.Control)
    def post(self, request: Request, slug: str, control: uuid.UUID) -> HttpResponse:
        """It cannot come back; note a new one instead."""

        def act() -> Answer:
            row = services.end_control(
                actor=self.viewer,
                control=control,
                reason=body_of(request, "reason").get("reason"),
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)


def _fields_for_service(body: dict[str, Any]) -> dict[str, Any]:
    return {k: id_or_email_of_person(v) if k == "owner" else v for k, v in body.items()}
