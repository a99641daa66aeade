"""What the schema says of answers that are files."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from riskreg.api.core.parameters import nonempty_text, query
from riskreg.api.core.schema import READ, Decorator, described
from riskreg.api.core.schema_headers import response_header
from riskreg.exchange.writing.files import FORMATS, PICTURES, XLSX

_NAMED = response_header("Content-Disposition", "An attachment, with its name.", 200)
_TEXTS = {"text/csv", "application/x-ndjson", "image/svg+xml"}


def file(
    summary: str,
    rows_name: str,
    parameters: Sequence[OpenApiParameter] = (),
    formats: Mapping[str, tuple[str, str]] = FORMATS,
) -> Decorator:
    """GET of a file; its rows are called ``rows_name`` in JSON."""
    asked = [
        query("format", "What the file is; ndjson if not given.", enum=list(formats)),
        nonempty_text("columns", "Names of columns, by commas, in their order; all if not given."),
    ]
    content = {kind.partition(";")[0] for kind, _ending in formats.values()}
    return described(
        summary,
        None,
        [*parameters, *asked, _NAMED],
        problems=READ,
        files=_responses_with_file(content, rows_name),
    )


def zipped(summary: str) -> Decorator:
    """GET of a zip."""
    return described(
        summary, None, [_NAMED], problems=READ, files=_responses_with_file({"application/zip"}, "")
    )


def workbook_to_fill_in(summary: str) -> Decorator:
    """GET of a workbook to fill in."""
    return described(summary, None, [_NAMED], problems=READ, files=_responses_with_file({XLSX}, ""))


def picture(summary: str) -> Decorator:
    """GET of a picture."""
    asked = query("format", "What the file is; png if not given.", enum=list(PICTURES))
    content = {kind for kind, _ending in PICTURES.values()}
    return described(
        summary, None, [asked, _NAMED], problems=READ, files=_responses_with_file(content, "")
    )


def _responses_with_file(media_types: Iterable[str], rows_name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for kind in sorted(media_types):
        shape: Any = OpenApiTypes.STR if kind in _TEXTS else OpenApiTypes.BINARY
        if kind == "application/json":
            shape = {
                "type": "object",
                "description": f"{{about, {rows_name}: […]}}, or as laid down.",
            }
        found[(200, kind)] = OpenApiResponse(shape, "The file.")
    return found
