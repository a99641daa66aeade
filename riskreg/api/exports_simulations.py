"""The pictures of a run as files."""

import uuid

from django.http.response import HttpResponseBase
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from riskreg.analysis.queries.simulations import simulation_for
from riskreg.api.core import schema_exports
from riskreg.api.core.query import check_choices, with_errors_in_query
from riskreg.api.exports import as_file, renderer_class_for
from riskreg.api.simulations import SimulationApi
from riskreg.exchange.queries.simulation_pictures import picture_file
from riskreg.exchange.writing.files import PICTURES
from riskreg.kernel.errors import Errors


class SimulationPicture(SimulationApi):
    """One picture of what a run came to."""

    http_method_names = ["get", "head"]
    renderer_classes = [
        JSONRenderer,
        *(renderer_class_for(kind) for kind, _ending in PICTURES.values()),
    ]

    @schema_exports.picture("Read a picture of a simulation")
    def get(
        self, request: Request, slug: str, simulation: uuid.UUID, name: str
    ) -> HttpResponseBase:
        """`loss` (the loss curve), `contributions`, `tornado`, `objective-{key}` (its level year by
        year) and, where effects of mitigations are known, `frontier`; in the language of the
        request. 404 until the run is done, and for a name that it has no picture of."""
        self.refuse_unknown_params("format")
        row = simulation_for(self.viewer, simulation)
        kind = request.query_params.get("format", "png")
        errors = Errors()
        check_choices(errors, "format", [kind], PICTURES)
        with_errors_in_query(errors.raise_if_any)
        data, media_type, called = picture_file(self.viewer, row, name, kind)
        return as_file([data], media_type, called)
