"""A form acts once, and nothing typed into it is lost."""

import contextlib
import datetime as dt
import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve, reverse
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.kernel import clock
from riskreg.requests.models import DoneRequest
from riskreg.requests.queries import Typed, draft_of, same_request_done_lately
from riskreg.requests.services import drop_draft, keep_answer, release_key, take_key
from riskreg.web.base import memberships_for_register_switch
from riskreg.web.forms.keeping import (
    keep_draft_and_go_to_sign_in,
    keep_draft_and_refuse_form,
    keep_form_as_draft,
    texts_typed_by_writer,
)
from riskreg.web.forms.key import DRAFT, FIELD, FormKey, posted_key
from riskreg.web.forms.marks import LEADS_TO, NOT_DONE
from riskreg.web.forms.refill import refill
from riskreg.web.returning import (
    next_address_on_way_back,
    note_way_back_of_form_page,
    pop_back_param,
)

# State that a page hands to itself: the same form on a page that was fetched again is the same.
_STATE = ("csrfmiddlewaretoken", FIELD, "version", "expected", "seen", "seen_sources")


AGAIN_WITHIN = dt.timedelta(minutes=10)


class FormsMiddleware:
    """Stands between the sign-in and the views; the API has its own keys and passes by."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            return self.get_response(request)
        pop_back_param(request)
        if request.method == "POST":
            response = self._answer_to_posted(request)
        elif DRAFT in request.GET and isinstance(request.user, User):
            response = self._response_filled_with_draft(request, request.user)
        else:
            response = self.get_response(request)
        return _with_sign_in_for_whole_window(request, response)

    def _answer_to_posted(self, request: HttpRequest) -> HttpResponse:
        key, user = posted_key(request), request.user
        if key is None:
            return self.get_response(request)
        note_way_back_of_form_page(request, key.page)
        if not isinstance(user, User):
            response = self.get_response(request)
            gone = key.user and _asks_to_sign_in(response) and not _signs_out(request)
            return keep_draft_and_go_to_sign_in(request) if gone else response
        view = _view_of(request)
        if getattr(view, "form_repeatable", False) or not key.user:
            return self.get_response(request)
        if key.user != user.uuid.hex:
            return keep_draft_and_refuse_form(request)
        return self._act_once(
            request,
            key,
            user,
            without_transaction=getattr(view, "form_apart", False),
            adds=getattr(view, "form_adds", False),
        )

    def _act_once(
        self,
        request: HttpRequest,
        key: FormKey,
        user: User,
        *,
        without_transaction: bool,
        adds: bool,
    ) -> HttpResponse:
        """The act and the note that it is done stand or fall together;
        ``without_transaction`` the note comes first, as what has gone out cannot be taken back."""
        around = contextlib.nullcontext() if without_transaction else transaction.atomic()
        name, fingerprint, side = (
            f"form:{key.name}",
            _fingerprint(request),
            _party_acted_for(request),
        )
        with around:
            row, fresh = take_key(user=user, key=name, fingerprint=fingerprint, at=clock.now())
            if not fresh:
                return _answer_to_repeated(
                    request, key, row, same=row.fingerprint == fingerprint, side=side
                )
            first = (
                same_request_done_lately(user=user, like=row, within=AGAIN_WITHIN) if adds else None
            )
            if first is not None:
                release_key(row)
                return _answer_to_repeated(request, key, first, same=True, side=side)
            if without_transaction:
                keep_answer(row, status=302, headers={"Location": key.page, "Side": side})
            response = self.get_response(request)
            address = _address_of_done_form_or_empty(response)
            if address:
                headers = {"Location": address, "Side": side}
                keep_answer(row, status=response.status_code, headers=headers)
                if "Location" in response.headers:
                    response.headers["Location"] = next_address_on_way_back(address, key.page)
                drop_draft(user=user, key=key.name)
            elif response.status_code >= 500 and not without_transaction:
                transaction.set_rollback(True)
            else:
                release_key(row)
        if response.status_code >= 500:
            keep_form_as_draft(request)
        return response

    def _response_filled_with_draft(self, request: HttpRequest, user: User) -> HttpResponse:
        """The page that was asked for, with its form as it was typed into."""
        name = request.GET[DRAFT][:60]
        typed = draft_of(user=user, key=name, at=clock.now()) if "\0" not in name else None
        # The page itself knows nothing of drafts: to it the address is without.
        query = request.GET.copy()
        del query[DRAFT]
        request.GET = query  # type: ignore[assignment]
        request.META["QUERY_STRING"] = query.urlencode()
        if typed is None:
            message = _(
                "Nothing is kept for you here: it was saved meanwhile, is older than an hour, or "
                "somebody else wrote it."
            )
            messages.info(request, message)
            return self.get_response(request)
        request.typed = typed  # type: ignore[attr-defined]
        response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html") and not response.streaming:
            response.content = _page_refilled_with_notice(request, response.content.decode(), typed)
            response.headers["Cache-Control"] = "no-store"
            if "Content-Length" in response.headers:
                response.headers["Content-Length"] = str(len(response.content))
        return response


def _answer_to_repeated(
    request: HttpRequest, key: FormKey, row: DoneRequest, *, same: bool, side: str
) -> HttpResponse:
    """The first result again; where the form holds something else now, the way to send that."""
    at = date_format(localtime(row.created_at), "TIME_FORMAT")
    # Who acts for another party now is not led to what they did for the one before.
    address = row.headers.get("Location", "") if row.headers.get("Side") == side else ""
    address = next_address_on_way_back(address, key.page) if address else ""
    if same:
        message = _("You sent this form already, at %(time)s. Nothing was done a second time.")
        messages.info(request, message % {"time": at})
        return HttpResponseRedirect(address or key.page)
    kept = keep_form_as_draft(request, anew=True)
    context = {"time": at, "first": address, "kept": kept}
    return render(request, "forms/sent_already.html", context, status=409)


def _page_refilled_with_notice(request: HttpRequest, text: str, typed: Typed) -> str:
    done = refill(text, request.get_full_path(), typed)
    context = {
        "found": done.found,
        "files": [name for _field, name in typed.files],
        "left_out": typed.left_out,
        "texts": texts_typed_by_writer(done.unplaced),
    }
    notice = render_to_string("forms/kept.html", context, request)
    place = done.form_start if done.found else done.main_start
    return done.text[:place] + notice + done.text[place:]


def _address_of_done_form_or_empty(response: HttpResponse) -> str:
    """Where the form led to; empty for one that was refused or is still being written."""
    shown = getattr(response, LEADS_TO, "")
    if shown or getattr(response, NOT_DONE, False) or not 300 <= response.status_code < 400:
        return shown
    return "" if _asks_to_sign_in(response) else response.headers.get("Location", "")


def _asks_to_sign_in(response: HttpResponse) -> bool:
    path = urlsplit(response.headers.get("Location", "")).path
    return path in (reverse("account_login"), reverse("admin:login"))


def _signs_out(request: HttpRequest) -> bool:
    return request.path in (reverse("account_logout"), reverse("admin:logout"))


def _with_sign_in_for_whole_window(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A part of a page that a script fetches cannot be the sign-in page: the whole window goes."""
    if "HX-Request" not in request.headers or not _asks_to_sign_in(response):
        return response
    address = response.headers["Location"]
    shown = urlsplit(request.headers.get("HX-Current-URL", ""))
    if request.method == "GET" and url_has_allowed_host_and_scheme(
        shown.geturl(), {request.get_host()}
    ):
        here = shown.path + (f"?{shown.query}" if shown.query else "")
        address = f"{reverse('account_login')}?{urlencode({'next': here})}"
    whole = HttpResponse(status=200)
    whole.cookies = response.cookies
    whole.headers["HX-Redirect"] = address
    return whole


def _view_of(request: HttpRequest) -> Any:
    try:
        found = resolve(request.path_info).func
    except Resolver404:
        return None
    return getattr(found, "view_class", found)


def _fingerprint(request: HttpRequest) -> str:
    fields = {name: values for name, values in request.POST.lists() if name not in _STATE}
    files = {
        name: [hashlib.sha256(b"".join(f.chunks())).hexdigest() for f in found]
        for name, found in request.FILES.lists()
    }
    for _name, found in request.FILES.lists():
        for f in found:
            f.seek(0)
    whole = [request.get_full_path(), fields, files]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _party_acted_for(request: HttpRequest) -> str:
    """The party for which one acts in the register of this address."""
    parts = request.path.split("/")
    slug = parts[2] if len(parts) > 2 and parts[1] == "r" else ""
    for membership in memberships_for_register_switch(request):
        if slug and membership.register.slug == slug:
            return membership.party.key if membership.party else "-"
    return ""
