"""A person's own settings: language, time zone, and tokens for programs that act for them."""

import datetime as dt
import zoneinfo
from itertools import groupby
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from riskreg.accounts.models import Scope
from riskreg.accounts.queries import own_token, tokens_of
from riskreg.accounts.services import create_token, revoke_token, set_preferences
from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid
from riskreg.web.base import add_errors, signed_in

LANGUAGE_COOKIE_SECONDS = 365 * 24 * 3600


def zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every IANA zone by region, for a select."""
    names = sorted(z for z in zoneinfo.available_timezones() if "/" in z and z[:3] != "Etc")
    groups = [
        (region, [(name, name.partition("/")[2].replace("_", " ")) for name in members])
        for region, members in groupby(names, key=lambda n: n.partition("/")[0])
    ]
    return [("UTC", [("UTC", "UTC")]), *groups]


class PreferencesForm(forms.Form):
    """Language and time zone."""

    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=[("en", "English"), ("zh-hans", "简体中文")]
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=zone_choices,
        help_text=gettext_lazy(
            "Times are shown in this zone. Due dates are days in the register's own zone."
        ),
    )


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(label=gettext_lazy("What it is for"), max_length=80)
    scope = forms.ChoiceField(label=gettext_lazy("It may"), choices=Scope.choices)
    days = forms.IntegerField(
        label=gettext_lazy("Days until it expires"), min_value=1, max_value=366, initial=90
    )


@login_required
def preferences(request: HttpRequest) -> HttpResponse:
    """See and change one's own settings."""
    user = signed_in(request)
    form = PreferencesForm(
        request.POST or None, initial={"language": user.language, "time_zone": user.time_zone}
    )
    if request.method == "POST" and form.is_valid():
        try:
            set_preferences(user=user, at=clock.now(), **form.cleaned_data)
        except Invalid as invalid:
            add_errors(form, invalid)
        else:
            with translation.override(form.cleaned_data["language"]):
                messages.success(request, _("Your settings are saved."))
            return HttpResponseRedirect(reverse("web:preferences"))
    return _page(request, form=form, status=400 if form.errors else 200)


@require_POST
@login_required
def token_create(request: HttpRequest) -> HttpResponse:
    """Make a token and show it once."""
    form = TokenForm(request.POST)
    fresh = None
    if form.is_valid():
        try:
            _row, fresh = create_token(user=signed_in(request), at=clock.now(), **form.cleaned_data)
            form = TokenForm()
        except Invalid as invalid:
            add_errors(form, invalid)
    response = _page(
        request, token_form=form, fresh=fresh, status=400 if form.is_bound and form.errors else 200
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@require_POST
@login_required
def token_revoke(request: HttpRequest, uuid: Any) -> HttpResponse:
    """End one of one's own tokens."""
    token = own_token(signed_in(request), uuid)
    if token is None:
        raise Http404
    revoke_token(token=token, at=clock.now())
    messages.success(
        request, _("The token %(prefix)s… no longer works.") % {"prefix": token.prefix}
    )
    return HttpResponseRedirect(reverse("web:preferences"))


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language: in the account of who is signed in, in a cookie for strangers."""
    language = request.POST.get("language", "")
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = reverse("web:home")
    response = HttpResponseRedirect(target)
    if language in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            user = signed_in(request)
            set_preferences(
                user=user,
                language=language,
                time_zone=user.time_zone,
                at=clock.now(),
            )
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=LANGUAGE_COOKIE_SECONDS,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure(),
        )
    return response


def _page(
    request: HttpRequest,
    *,
    form: PreferencesForm | None = None,
    token_form: TokenForm | None = None,
    fresh: str | None = None,
    status: int = 200,
) -> HttpResponse:
    user = signed_in(request)
    now: dt.datetime = clock.now()
    context = {
        "form": form
        or PreferencesForm(initial={"language": user.language, "time_zone": user.time_zone}),
        "token_form": token_form or TokenForm(),
        "tokens": tokens_of(user),
        "fresh": fresh,
        "now": now,
    }
    return render(request, "preferences/index.html", context, status=status)


urlpatterns = [
    path("preferences/", preferences, name="preferences"),
    path("preferences/tokens/", token_create, name="token_create"),
    path("preferences/tokens/<uuid:uuid>/revoke/", token_revoke, name="token_revoke"),
    path("language/", set_language, name="set_language"),
]
