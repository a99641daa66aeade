"""Refusals as pages: the one place where the faces for people map ``kernel.errors``."""

import contextlib
import sys
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language_from_request
from django.utils.translation import gettext as _

from riskreg.kernel import away, capacity
from riskreg.kernel.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    RiskregError,
    Unavailable,
)
from riskreg.web.bilingual import LANGUAGE_TAGS
from riskreg.web.forms.keeping import (
    keep_draft_and_go_to_sign_in,
    keep_draft_and_refuse_form,
    keep_form_as_draft,
    texts_typed_by_writer,
    typed_without_secrets,
)
from riskreg.web.forms.key import posted_key
from riskreg.web.forms.marks import mark_not_done

_STATUS: dict[type[RiskregError], int] = {
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    Invalid: 400,
    Unavailable: 503,
}


class ErrorPagesMiddleware:
    """Turns an expected refusal that a view let through into a page that says the way out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A page for a ``RiskregError`` and for a database that is away; anything else goes its way
        to the log and the 500 page."""
        if away.is_database_away_error(error):
            return unavailable(request, error)
        if not isinstance(error, RiskregError):
            return None
        status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 400)
        return keep_draft_and_render_error(request, status, error.detail)


def keep_draft_and_render_error(
    request: HttpRequest, status: int, detail: str = "", title: str = ""
) -> HttpResponse:
    """The page for ``status``; ``detail`` is a sentence for the user, ``title`` the heading where
    the usual one of that status does not fit."""
    titles = {
        400: _("That cannot be done as asked"),
        403: _("You may not do this"),
        404: _("There is nothing here"),
        409: _("Somebody was faster"),
        500: _("Something went wrong on our side"),
        503: _("That does not work at the moment"),
    }
    context = {
        "status": status,
        "title": title or titles.get(status, titles[400]),
        "detail": detail,
    }
    if request.method == "POST" and (key := posted_key(request)) and key.user:
        # What was written is shown here as well: the form may not be there for this person now.
        mine = str(getattr(request.user, "uuid", "")).replace("-", "") == key.user
        context["kept"] = keep_form_as_draft(request) if mine else ""
        context["texts"] = (
            texts_typed_by_writer(typed_without_secrets(request, key).fields) if mine else []
        )
    return render(request, "error.html", context, status=status)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler404."""
    return keep_draft_and_render_error(
        request, 404, _("The page does not exist, or it is not for you.")
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler403, and a form whose token has run out."""
    return keep_draft_and_render_error(request, 403, _("Go back, reload the page and try again."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token is not this session's: one signed in again since, or another site sent it.

    Only a form that carries this system's own key is answered with more than a refusal: its writer
    gets it back with what was typed, under the token of now. It is never done as it came.
    """
    key = posted_key(request)
    if key is None:
        return forbidden(request)
    user: Any = request.user
    if not user.is_authenticated:
        return keep_draft_and_go_to_sign_in(request)
    if not key.user:
        # The sign-in page in another tab: one is in already.
        return HttpResponseRedirect(reverse("web:home"))
    if key.user != user.uuid.hex:
        return keep_draft_and_refuse_form(request)
    message = _(
        "You signed in again after this page was opened, so it was not saved. Send it again."
    )
    messages.warning(request, message)
    return mark_not_done(HttpResponseRedirect(keep_form_as_draft(request) or key.page))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler400."""
    return keep_draft_and_render_error(request, 400, _("The request was malformed."))


def unavailable(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    """503: the database is away. What was typed cannot be kept, so it is shown."""
    away.log_database_away_once(request, error)
    context: dict[str, Any] = {}
    with contextlib.suppress(Exception):
        if request.method == "POST" and (key := posted_key(request)) and key.user:
            context["texts"] = texts_typed_by_writer(typed_without_secrets(request, key).fields)
    return away.mark_as_database_away(_plain_page(request, 503, context))


def too_busy(request: HttpRequest, refused: capacity.Refused) -> HttpResponse:
    """503: no place for the request, which nobody has looked at; its form is a step back."""
    with translation.override(get_language_from_request(request)):
        sentence = capacity.refusal_sentence(refused)
    return away.mark_as_database_away(_plain_page(request, 503, {"sentence": sentence}))


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: says nothing of the inside, and needs neither database nor session."""
    if away.is_database_away_error(error := sys.exc_info()[1]):
        return unavailable(request, error)
    context: dict[str, Any] = {}
    with contextlib.suppress(Exception):
        # The middleware keeps what was typed once what failed has been taken back.
        if request.method == "POST" and (key := posted_key(request)) and key.user:
            context["kept"] = key.page_with_draft
    return _plain_page(request, 500, context)


def _plain_page(request: HttpRequest, status: int, context: dict[str, Any]) -> HttpResponse:
    """``500.html`` or ``503.html`` in the language that is known of the reader without a database:
    the one of this request, or what its cookie or its browser asks for.

    Without the request: what every page is told of its reader would ask the database.
    """
    language = getattr(request, "LANGUAGE_CODE", "") or get_language_from_request(request)
    with translation.override(language):
        titles = {500: _("Something went wrong on our side"), 503: _("Try again in a moment")}
        context = {
            "language": LANGUAGE_TAGS.get(language, language),
            "title": titles[status],
            "sentence": away.database_away_sentence(),
            "request_id": getattr(request, "id", ""),
        } | context
        return HttpResponse(render_to_string(f"{status}.html", context), status=status)
