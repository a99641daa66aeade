"""Everything that a party may see, to be taken along."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from riskreg.exchange.queries.nouns import NOUNS
from riskreg.exchange.queries.party import files_of_all_viewer_may_see, party_file_name
from riskreg.exchange.writing.zips import zip_pieces
from riskreg.register.permissions import require
from riskreg.web.base import RegisterView
from riskreg.web.exports.base import as_file


class PartyExportPage(RegisterView):
    """What the file holds, and the file."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """For managers."""
        require(self.viewer, "party.export")
        return self.render("exports/party.html", {"nouns": [n.title for n in NOUNS.values()]})


class PartyFile(RegisterView):
    """The file."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """A zip, made while it is read."""
        files = files_of_all_viewer_may_see(self.viewer, self.at)
        name = party_file_name(self.viewer, self.at)
        return as_file(zip_pieces(files, self.at), "application/zip", name)
