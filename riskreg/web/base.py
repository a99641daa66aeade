"""What every page of a register does before its own work."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import View

from riskreg.accounts.leaving import LAST_REGISTER
from riskreg.accounts.models import User
from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid, NotFound
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.access import Viewer, as_viewer, present_memberships_of
from riskreg.register.models import Membership
from riskreg.register.permissions import require_not_archived

# How many registers the switch lists; behind them a field to search for others.
SWITCH_SHOWS = 8
_YEAR_SECONDS = 365 * 24 * 3600


class RegisterView(LoginRequiredMixin, View):
    """A page inside a register: ``self.viewer`` asks, ``self.at`` is the one reading of the clock.

    Strangers to the register get the same 404 as for a register that is not there.
    """

    viewer: Viewer
    at: dt.datetime
    # Whether it may also be posted to in an archived register: what brings it back.
    serves_archived = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        slug = kwargs.pop("slug")
        self.at = clock.now()
        membership = next(
            (m for m in memberships_for_register_switch(request) if m.register.slug == slug), None
        )
        if membership is None:
            raise NotFound(_("There is no such register."))
        self.viewer = request.viewer = as_viewer(  # type: ignore[attr-defined]
            request.user, membership, request_id(request)
        )
        if request.method not in ("GET", "HEAD", "OPTIONS") and not self.serves_archived:
            require_not_archived(self.viewer.register)
        response = super().dispatch(request, *args, **kwargs)
        if request.COOKIES.get(LAST_REGISTER) != slug:
            _set_last_register_cookie(response, slug)
        return response

    def render(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """Render ``template`` with the viewer, the moment and the register's day added."""
        context = {"now": self.at, "today": self.viewer.today(self.at), **context}
        return render(self.request, template, context, status=status)


def _set_last_register_cookie(response: HttpResponseBase, slug: str) -> None:
    """Note the register for the next page outside one: in a cookie, so that reading writes nothing.

    It opens nothing: whoever is no member of it is led to one of their own.
    """
    response.set_cookie(
        LAST_REGISTER,
        slug,
        max_age=_YEAR_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def request_id(request: HttpRequest) -> str:
    """The id that the logs and the events of this request carry."""
    return str(getattr(request, "id", "") or request.headers.get("X-Request-ID", ""))[:64]


def signed_in_user(request: HttpRequest) -> User:
    """The user of a request that has passed a sign-in check. Raises ``NotFound`` for nobody."""
    if not isinstance(request.user, User):
        raise NotFound
    return request.user


def memberships_for_register_switch(request: HttpRequest) -> list[Membership]:
    """The signed-in user's memberships, read once per request: the first that the switch shows, and
    the one of the register that is asked for or was visited last."""
    if not request.user.is_authenticated:
        return []
    memberships: list[Membership] | None = getattr(request, "_memberships", None)
    if memberships is None:
        # From the address itself: some ask before it has been resolved.
        inside = request.path.startswith("/r/")
        here = request.path.split("/")[2] if inside else request.COOKIES.get(LAST_REGISTER, "")
        memberships = present_memberships_of(request.user, most=SWITCH_SHOWS + 1, and_in_slug=here)
        request._memberships = memberships  # type: ignore[attr-defined]
    return memberships


def viewer_in_last_visited_register(request: HttpRequest) -> Viewer | None:
    """The viewer for pages outside a register: in the one last visited, else the first."""
    memberships = memberships_for_register_switch(request)
    if not request.user.is_authenticated:
        return None
    wanted = request.COOKIES.get(LAST_REGISTER)
    chosen = next((m for m in memberships if m.register.slug == wanted), None)
    chosen = chosen or next(iter(memberships), None)
    return as_viewer(request.user, chosen, request_id(request)) if chosen else None


def posted_version_or_minus_one(request: HttpRequest, name: str = "version") -> int:
    """The version that a form was made from; one that no row has where it names none: a form that
    has seen none is stale, whatever is in force."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def require_tab(key: str, tabs: Mapping[str, Any]) -> None:
    """Raises ``Invalid``, which names the tabs that there are, where ``key`` is none of them."""
    if key not in tabs:
        text = _("There is no such list here. Choose one of these: %(names)s.")
        raise Invalid.one("show", "unknown", text % {"names": enumerate_texts(tabs.values())})


def add_errors(form: BaseForm, invalid: Invalid) -> None:
    """Show what a service refused beside the form's fields; the rest above the form."""
    for name, errors in invalid.fields.items():
        field = name if name in form.fields else name.split(".")[-1]
        for error in errors:
            form.add_error(field if field in form.fields else None, error.detail)
