"""The axes of a register's matrices: which lies across, and what they are called."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_axes as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of
from riskreg.api.core.etag import etag
from riskreg.register.axes import AXES, axes_of
from riskreg.register.models import Register
from riskreg.register.services import set_axes


def to_json(register: Register) -> dict[str, Any]:
    """The axes as JSON; it can be sent back as it is."""
    axes = axes_of(register)
    own = {axis: dict(axes.names.get(axis, {})) for axis in AXES}
    return {
        "across": axes.across,
        **{axis: {"name": axes.name(axis), "names": own[axis]} for axis in AXES},
    }


class AxesDetail(RegisterApi):
    """How the matrices of a register are drawn."""

    http_method_names = ["get", "put", "head"]

    @schema.detailed("Read the axes", shapes.Axes)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """``names`` is empty where an axis is called what it is everywhere."""
        self.refuse_unknown_params()
        register = self.viewer.register
        return self.detail(to_json(register), register.version)

    @schema.changed("Set the axes", shapes.AxesNew, shapes.Axes)
    def put(self, request: Request, slug: str) -> HttpResponse:
        """Both axes are sent; a manager's matter. No judgement changes by it."""

        def act() -> Answer:
            given = body_of(request, "across", *AXES)
            register = set_axes(
                actor=self.viewer,
                across=given.get("across", "impact"),
                names={axis: (given.get(axis) or {}).get("names") or {} for axis in AXES},
                version=self.expected_version_or_never,
                at=self.at,
            )
            body = to_json(register)
            return Answer.of(body, ETag=etag(register.version, body))

        return self.write(act)
