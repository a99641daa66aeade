"""The frame of the programme that a register is about: its dates, place, horizon and milestones."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_programme as shapes
from riskreg.api.change_requests import answer_with_asked_request
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of
from riskreg.api.core.etag import etag
from riskreg.api.shapes_changes import CommonChange
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Register
from riskreg.register.programme import FIELDS, as_json, programme_of
from riskreg.register.services import set_programme


def to_json(register: Register) -> dict[str, Any]:
    """The frame as JSON; it can be sent back as it is."""
    return as_json(programme_of(register))


class ProgrammeDetail(RegisterApi):
    """When and where the programme runs, and what must be reached on the way."""

    http_method_names = ["get", "put", "head"]

    @schema.detailed("Read the programme", shapes.Programme)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """What is not known is null or empty; milestones in the order of their days."""
        self.refuse_unknown_params()
        register = self.viewer.register
        return self.detail(to_json(register), register.version)

    @schema.changed(
        "Set the programme", shapes.ProgrammeNew, shapes.Programme, may_ask=CommonChange
    )
    def put(self, request: Request, slug: str) -> HttpResponse:
        """All of it is sent; a manager's matter. What is said for the first time, and that a
        milestone was reached, holds at once; to change or take away what was said needs a yes of
        the other parties (202)."""

        def act() -> Answer:
            made = set_programme(
                actor=self.viewer,
                given=body_of(request, *FIELDS),
                version=self.expected_version_or_never,
                at=self.at,
            )
            if isinstance(made, ChangeRequest):
                return answer_with_asked_request(self, made)
            body = to_json(made)
            return Answer.of(body, ETag=etag(made.version, body))

        return self.write(act)
