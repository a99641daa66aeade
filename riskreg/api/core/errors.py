"""Refusals as problem documents (RFC 9457): the one place where the API maps ``kernel.errors``."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import structlog
from django.core import signals
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import get_language_from_request, gettext_noop
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions

from riskreg.kernel import away, capacity
from riskreg.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    RiskregError,
    Unavailable,
)

PROBLEM = "application/problem+json"
SAFE = ("GET", "HEAD", "OPTIONS")

# status: (last part of the problem's type, title in English)
KINDS: dict[int, tuple[str, str]] = {
    400: ("invalid", gettext_noop("The request is not valid")),
    401: ("unauthenticated", gettext_noop("Say who you are")),
    403: ("forbidden", gettext_noop("You may not do this")),
    404: ("not-found", gettext_noop("There is no such thing here")),
    405: ("method-not-allowed", gettext_noop("This address does not take that method")),
    406: ("not-acceptable", gettext_noop("Only JSON can be served")),
    409: ("too-late", gettext_noop("It is too late for this")),
    410: ("restored", gettext_noop("The system was restored from a backup")),
    412: ("stale", gettext_noop("Somebody changed it since")),
    413: ("too-large", gettext_noop("The body is too large")),
    414: ("address-too-long", gettext_noop("The address is too long")),
    415: ("unsupported-media-type", gettext_noop("A body of that kind is not understood")),
    422: ("idempotency-mismatch", gettext_noop("The Idempotency-Key belongs to another request")),
    428: ("precondition-required", gettext_noop("Say which version you have seen")),
    431: ("headers-too-large", gettext_noop("The headers are too large")),
    503: ("unavailable", gettext_noop("Try again in a moment")),
    500: ("server-error", gettext_noop("Something went wrong on our side")),
}


class Problem(Exception):
    """A refusal in terms of HTTP, for what only the API knows: headers, keys, preconditions."""

    def __init__(
        self, status: int, detail: str, errors: Sequence[Mapping[str, str]] = (), **headers: str
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, list(errors)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class InvalidQuery(Invalid):
    """Something wrong with the query string, also where the request has a body."""


def problem(
    status: int,
    detail: str,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """The document: type, title, status, detail and errors[{pointer, code, detail}]."""
    kind, title = KINDS.get(status, (f"http-{status}", gettext_noop("The request failed")))
    body = {
        "type": f"urn:riskreg:problem:{kind}",
        "title": _(title),
        "status": status,
        "detail": detail,
        "errors": list(errors),
    }
    response = HttpResponse(
        json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
        status=status,
        content_type=PROBLEM,
        headers=dict(headers or {}),
    )
    response["Cache-Control"] = "no-store"
    return response


def pointer(field: str, in_query: bool) -> str:
    """Where an error is: ``?name`` of the query string, or a JSON pointer into the body."""
    if in_query:
        return "?" + quote(field, safe="")
    parts = (quote(p.replace("~", "~0").replace("/", "~1"), safe="~") for p in field.split("."))
    return "#/" + "/".join(parts)


def problem_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """Every exception that leaves a view of the API, as a problem document."""
    request = context["request"]
    http: HttpRequest = getattr(request, "_request", request)
    if isinstance(error, Problem):
        return problem(error.status, error.detail, error.errors, error.headers)
    if isinstance(error, RiskregError):
        return _problem_of_refusal(error, http)
    if isinstance(error, Http404):
        return problem(404, _("There is no such thing, or it is not for you."))
    if isinstance(error, RequestDataTooBig):
        return too_large()
    if isinstance(error, SuspiciousOperation):
        return problem(400, _("The request is malformed."))
    if isinstance(error, DjangoPermissionDenied):
        return problem(403, _("You may not do this."))
    if isinstance(error, exceptions.APIException):
        return _problem_of_framework(error, context["view"])
    if away.is_database_away_error(error):
        away.log_database_away_once(http, error)
        return unavailable()
    # What nobody expected: told to whoever listens (the log does), never to the caller.
    signals.got_request_exception.send(sender=problem_handler, request=http)
    return server_error()


def too_large() -> HttpResponse:
    """413, with how much is taken."""
    from django.conf import settings

    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return problem(
        413, _("At most %(n)d bytes are taken; send less, or send it in parts.") % {"n": limit}
    )


def request_id() -> str:
    """The id that the logs and the events of the present request carry."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64]


def server_error() -> HttpResponse:
    """500: says nothing of the inside, and how to ask about it."""
    name = request_id()
    if name:
        text = _(
            "It has been logged; nothing was changed. Ask the operator, and name request %(name)s."
        )
        return problem(500, text % {"name": name})
    return problem(500, _("It has been logged; nothing was changed. Ask the operator."))


def unavailable() -> HttpResponse:
    """503: the database is away; with a key the request can be repeated safely."""
    text = _(
        "%(what)s With the same Idempotency-Key a request acts once, however often it is sent."
    )
    return away.mark_as_database_away(problem(503, text % {"what": away.database_away_sentence()}))


def too_busy(request: HttpRequest, refused: capacity.Refused) -> HttpResponse:
    """503: no place for the request, which nobody has looked at."""
    with translation.override(get_language_from_request(request)):
        return away.mark_as_database_away(problem(503, capacity.refusal_sentence(refused)))


@csrf_exempt  # A mistyped address is that for every method; nothing is done here.
def unknown_route(request: HttpRequest, rest: str = "") -> HttpResponse:
    """404 for every address under /api/ that is none, whatever the method."""
    detail = _("There is no such address. The addresses are listed at /api/docs/.")
    if not request.path.endswith("/"):
        detail = _("There is no such address. Addresses end with a slash.")
    return problem(404, detail)


class ProblemMiddleware:
    """Gives what fails under /api/ outside a view (a bad host, say) the same form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code < 400 or not (request.path + "/").startswith("/api/"):
            return response
        if response.get("Content-Type", "").startswith(PROBLEM):
            return response
        if response.status_code == 503:
            return unavailable()
        if response.status_code >= 500:
            return server_error()
        if response.status_code == 404:
            return unknown_route(request)
        if response.status_code == 413:
            return too_large()
        return problem(response.status_code, response.reason_phrase + ".")


def _problem_of_refusal(error: RiskregError, request: HttpRequest) -> HttpResponse:
    if isinstance(error, NotFound):
        return problem(404, error.detail)
    if isinstance(error, Forbidden):
        return problem(403, error.detail)
    if isinstance(error, Unavailable):
        return away.mark_as_database_away(problem(503, error.detail))
    if isinstance(error, Conflict):
        version = getattr(error.current, "version", None)
        headers = {"ETag": f'"{version}"'} if version is not None else {}
        if "If-Match" not in request.headers:
            return problem(
                428,
                _(
                    "Send If-Match with the ETag of the version you have seen, so that nobody's "
                    "change is overwritten. The ETag comes with every answer about it."
                ),
            )
        return problem(
            412,
            _("%(what)s Read it again, decide, and send the new ETag.") % {"what": error.detail},
            headers=headers,
        )
    assert isinstance(error, Invalid)  # noqa: S101 - there is no other kind
    in_query = isinstance(error, InvalidQuery) or request.method in SAFE
    errors = [
        {"pointer": pointer(name, in_query), "code": e.code, "detail": e.detail}
        for name, each in error.fields.items()
        for e in each
    ]
    return problem(400, error.detail, errors)


def _problem_of_framework(error: exceptions.APIException, view: Any) -> HttpResponse:
    headers = {}
    if auth := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth
    if isinstance(error, exceptions.NotAuthenticated):
        detail = _("Send Authorization: Bearer and a token (made under Settings, API tokens).")
    elif isinstance(error, exceptions.NotAcceptable):
        detail = _("Ask for application/json, or leave the Accept header out.")
    elif isinstance(error, exceptions.UnsupportedMediaType):
        detail = _("Send the body as this address takes it: %(types)s.") % {
            "types": ", ".join(kind.media_type for kind in view.parser_classes)
        }
    elif isinstance(error, exceptions.MethodNotAllowed):
        detail = _("The Allow header lists the methods that this address takes.")
    else:
        detail = str(error.detail)
    return problem(error.status_code, detail, headers=headers)
