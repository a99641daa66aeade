"""The way from a page to its files."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from riskreg.exchange.writing.files import FORMATS
from riskreg.register.access import Viewer
from riskreg.web.presenters import query_string

LABELS = {
    "xlsx": "Excel", "csv": "CSV", "json": "JSON", "ndjson": "NDJSON", "ir8286": "NIST IR 8286",
    "oscal": "OSCAL POA&M", "svg": "SVG", "png": "PNG",
}  # fmt: skip


def file_links(
    viewer: Viewer, route: str, given: Any = None, formats: Iterable[str] = FORMATS, **named: str
) -> list[tuple[str, str]]:
    """What each format is called, and where the file is; ``given``: the query string that the page
    was shown by."""
    here = reverse(f"web:{route}", kwargs={"slug": viewer.register.slug, **named})
    lists = given.lists() if hasattr(given, "lists") else (given or {}).items()
    asked = {name: values for name, values in lists if name != "page"}
    return [(LABELS[kind], here + query_string(asked, format=kind)) for kind in formats]
