"""What every answer has, whichever face it is from."""

import re
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
_VALID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,63}")


def request_id_from(sent: str) -> str:
    """The name of a request whose caller ``sent`` one: that one if it is proper, else a new one."""
    return sent if _VALID.fullmatch(sent) else str(uuid.uuid4())


class RequestIdMiddleware:
    """A name for each request: in its answer, in its events, and in every line that is logged.

    Who calls may bring the name (``X-Request-ID``, up to 64 plain characters), so that a request
    can be followed through several systems; anything else is replaced, never repaired. It stands
    first, so that what fails before anything else is looked at has a name as well.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = request_id_from(request.META.get("HTTP_X_REQUEST_ID", ""))
        # The request's own logger takes it from there, and 500 pages from `id`.
        request.META["HTTP_X_REQUEST_ID"] = name
        request.id = name  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=name)
        response = self.get_response(request)
        # What Django itself logs of the answer comes after every middleware.
        structlog.contextvars.bind_contextvars(request_id=name)
        response[HEADER] = name
        return response


class HeadMiddleware:
    """HEAD is answered with the headers of GET and without its body, on every server."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method == "HEAD" and not response.streaming:
            size = str(len(response.content))
            response.content = b""
            response["Content-Length"] = size
        return response
