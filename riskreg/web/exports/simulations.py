"""The pictures of a run as files."""

import uuid

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from riskreg.analysis.queries.simulations import simulation_for
from riskreg.exchange.queries.simulation_pictures import picture_file
from riskreg.exchange.writing.files import PICTURES
from riskreg.web.base import RegisterView
from riskreg.web.exports.base import as_file, refusal_response


class SimulationPicture(RegisterView):
    """A picture of what a run came to: ``?format=svg`` or ``png``."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, simulation: uuid.UUID, name: str) -> HttpResponseBase:
        """The file, in the language of the reader."""
        row = simulation_for(self.viewer, simulation)
        kind = request.GET.get("format", "png")
        if kind not in PICTURES:
            return refusal_response(_("Formats are: %s.") % ", ".join(PICTURES))
        data, media_type, called = picture_file(self.viewer, row, name, kind)
        return as_file([data], media_type, called)
