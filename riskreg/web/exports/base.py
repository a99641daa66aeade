"""What every page that answers with a file does."""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from riskreg.exchange.about import about_lines
from riskreg.exchange.queries.sheets import with_only_columns
from riskreg.exchange.writing.files import (
    FORMATS,
    About,
    AboutLine,
    LazySheet,
    file_pieces,
    made_in_language,
    with_rows_counted_as_read,
)
from riskreg.kernel.errors import Invalid
from riskreg.kernel.security_middleware import note_row_count_for_security_log
from riskreg.web.base import RegisterView


class FileView(RegisterView):
    """Answers with a file: ``?format=``, ``?columns=`` (names, by commas), and the rest of the
    address as the page of the same name reads it."""

    http_method_names = ["get"]
    name: ClassVar[str] = ""
    formats: ClassVar[dict[str, tuple[str, str]]] = FORMATS

    def sheets(self, given: QueryDict, **named: str) -> Sequence[LazySheet]:
        """What is in the file. Raises ``Invalid`` for what the page would not show."""
        raise NotImplementedError

    def pieces(self, kind: str, given: QueryDict, sheets: Sequence[LazySheet]) -> Iterable[bytes]:
        """The bytes of the file."""
        return file_pieces(kind, sheets, About(_("About"), self.about(given)))

    def default_filter_text(self) -> str:
        """What the page leaves out as long as nobody asks for it, in words."""
        return ""

    def about(self, given: QueryDict) -> list[AboutLine]:
        """What the file says of itself."""
        return about_lines(
            self.viewer, self.at, given.lists(), default_filter=self.default_filter_text()
        )

    def get(self, request: HttpRequest, **named: str) -> HttpResponseBase:
        """The file; a list that cannot be shown as asked is refused as the page refuses it."""
        given = request.GET.copy()
        kind = str(given.pop("format", ["xlsx"])[-1])
        columns = [name for text in given.pop("columns", []) for name in text.split(",") if name]
        if kind not in self.formats:
            return refusal_response(_("Formats are: %s.") % ", ".join(self.formats))
        try:
            sheets, rows = with_rows_counted_as_read(self.sheets(given, **named))
            sheets[0] = with_only_columns(sheets[0], columns)
            pieces = self.pieces(kind, given, sheets)
        except Invalid as invalid:
            return refusal_response(_sentence_of_refusal(invalid))
        content_type, ending = self.formats[kind]
        day = self.viewer.today(self.at).isoformat()
        name = (
            "-".join([self.viewer.register.slug, *self.file_name_parts(**named), day])
            + f".{ending}"
        )
        return note_row_count_for_security_log(as_file(pieces, content_type, name), rows)

    def file_name_parts(self, **named: str) -> Iterator[str]:
        """What the file is called between the register and the day."""
        yield self.name
        yield from named.values()


def as_file(pieces: Iterable[bytes], content_type: str, name: str) -> StreamingHttpResponse:
    """``pieces`` as a download called ``name``, made in the language of the request."""
    made = made_in_language(get_language() or "en", pieces)
    response = StreamingHttpResponse(made, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def refusal_response(why: str) -> HttpResponse:
    """What is said in place of a file."""
    return HttpResponse(why, status=400, content_type="text/plain; charset=utf-8")


def _sentence_of_refusal(invalid: Invalid) -> str:
    texts = [f"{name}: {e.detail}" for name, errors in invalid.fields.items() for e in errors]
    return "\n".join(texts) or invalid.detail
