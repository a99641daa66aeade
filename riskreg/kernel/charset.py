"""Requests are read as UTF-8, whatever charset their header names."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.http import parse_header_parameters

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def with_charset_of_request_ignored(application: Application) -> Application:
    """``application``, to which no request can name a charset in its Content-Type.

    Addresses and forms are UTF-8 by the URL standard, JSON is by RFC 8259, so the name says
    nothing. Django would obey it, and before anything can catch what goes wrong: some charsets
    spell half of a character, which no database takes, and others are no charsets at all.
    """

    def called(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        media_type = environ.get("CONTENT_TYPE", "")
        if ";" in media_type:
            environ = {**environ, "CONTENT_TYPE": _without_charset(media_type)}
        return application(environ, start_response)

    return called


def _without_charset(content_type: str) -> str:
    try:
        kind, parameters = parse_header_parameters(content_type)
    except (LookupError, ValueError):
        return content_type.partition(";")[0]
    kept = {
        name: value.replace("\\", "\\\\").replace('"', '\\"')
        for name, value in parameters.items()
        if name.lower() != "charset"
    }
    return "".join([kind, *(f'; {name}="{value}"' for name, value in kept.items())])
