"""Refusals as pages: the one place where the faces for people map ``kernel.errors``."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound, RiskregError

_STATUS: dict[type[RiskregError], int] = {
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    Invalid: 400,
}


class ErrorPagesMiddleware:
    """Turns an expected refusal that a view let through into a page that says the way out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A page for a ``RiskregError``; anything else goes its way to the log and the 500 page."""
        if not isinstance(error, RiskregError):
            return None
        status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 400)
        return error_page(request, status, error.detail)


def error_page(request: HttpRequest, status: int, detail: str = "") -> HttpResponse:
    """The page for ``status``; ``detail`` is a sentence for the user."""
    titles = {
        400: _("That cannot be done as asked"),
        403: _("You may not do this"),
        404: _("There is nothing here"),
        409: _("Somebody was faster"),
        500: _("Something went wrong on our side"),
    }
    context = {"status": status, "title": titles.get(status, titles[400]), "detail": detail}
    return render(request, "error.html", context, status=status)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler404."""
    return error_page(request, 404, _("The page does not exist, or it is not for you."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler403, and a form whose token has run out."""
    return error_page(request, 403, _("Go back, reload the page and try again."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form sent without its token: an old page, or somebody else's site."""
    return forbidden(request)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler400."""
    return error_page(request, 400, _("The request was malformed."))


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: says nothing of the inside, and needs neither database nor session."""
    return render(request, "500.html", {"request_id": getattr(request, "id", "")}, status=500)
