"""A person's own settings: language and zone, reminders, calendar, tokens for programs."""

import datetime as dt
from functools import partial
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

from riskreg.accounts.countries import calendar_choices
from riskreg.accounts.models import Scope
from riskreg.accounts.policy import calendar_exists
from riskreg.accounts.queries import live_and_ended_tokens_of, live_feed_of_user, own_token
from riskreg.accounts.services import (
    create_token,
    replace_calendar_secret,
    revoke_calendar_feed,
    revoke_token,
    set_preferences,
)
from riskreg.accounts.zones import zone_choices
from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid
from riskreg.web.base import add_errors, signed_in_user
from riskreg.web.duties.calendar import feed_address
from riskreg.web.forms.marks import (
    adds_same_contents_once,
    mark_done_and_send_repeats_to,
    repeatable,
)

LANGUAGE_COOKIE_SECONDS = 365 * 24 * 3600


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


WEEKDAYS = (
    (1, gettext_lazy("Monday")),
    (2, gettext_lazy("Tuesday")),
    (3, gettext_lazy("Wednesday")),
    (4, gettext_lazy("Thursday")),
    (5, gettext_lazy("Friday")),
    (6, gettext_lazy("Saturday")),
    (7, gettext_lazy("Sunday")),
)


def holiday_choices(kept: str = "") -> list[tuple[str, Any]]:
    """No calendar, every country's, and those of the parts of the country that was chosen.

    ``kept``: the one that was chosen. If it is not known any more it is there as well and says so,
    or saving something else would lose it unseen.
    """
    (_first, countries), *parts = calendar_choices(kept.partition("-")[0])
    gone = (
        []
        if calendar_exists(kept)
        else [(kept, _("%(code)s: not known any more, counts as none") % {"code": kept})]
    )
    return [
        *gone,
        ("", _("none: I work on public holidays")),
        (_("Countries and regions"), countries),
        *parts,
    ]


class ReminderForm(forms.Form):
    """When and how a digest comes; ``kept`` is the holiday calendar that was chosen before."""

    digest_hour = forms.TypedChoiceField(
        label=gettext_lazy("Send my digest at"),
        coerce=int,
        choices=[(n, f"{n:02d}:00") for n in range(24)],
        help_text=gettext_lazy("In your own time zone; at most one a day, on days you work."),
    )
    working_days = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Days I work"),
        coerce=int,
        choices=WEEKDAYS,
        widget=forms.CheckboxSelectMultiple,
    )
    holiday_calendar = forms.ChoiceField(
        label=gettext_lazy("Public holidays"),
        required=False,
        choices=holiday_choices,
        help_text=gettext_lazy(
            "No digest comes on these. Save a country, and its parts are offered as well. Weekend "
            "days that are worked to make up for a holiday, as in China, count as working days."
        ),
    )
    digest_by_mail = forms.BooleanField(
        label=gettext_lazy("Send digests by mail"),
        required=False,
        help_text=gettext_lazy(
            "Without it they wait in your inbox here. Urgent reminders are always mailed: they "
            "cannot be switched off."
        ),
    )

    def __init__(self, *args: Any, kept: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        calendar = self.fields["holiday_calendar"]
        assert isinstance(calendar, forms.ChoiceField)  # noqa: S101 - as it is declared above
        calendar.choices = partial(holiday_choices, kept)


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(label=gettext_lazy("What it is for"), max_length=80)
    scope = forms.ChoiceField(label=gettext_lazy("It may"), choices=Scope.choices)
    days = forms.IntegerField(
        label=gettext_lazy("Days until it expires"), min_value=1, max_value=366, initial=90
    )


@login_required
def preferences(request: HttpRequest) -> HttpResponse:
    """See and change one's own settings: one form, so that what is changed is saved together."""
    user = signed_in_user(request)
    if request.method != "POST":
        return _page(request)
    form = PreferencesForm(request.POST)
    reminders = ReminderForm(request.POST, kept=user.holiday_calendar)
    if form.is_valid() & reminders.is_valid():
        given = {**form.cleaned_data, **reminders.cleaned_data}
        try:
            set_preferences(user=user, at=clock.now(), **given)
        except Invalid as invalid:
            mine = {n: e for n, e in invalid.fields.items() if n in form.fields}
            rest = {n: e for n, e in invalid.fields.items() if n not in form.fields}
            add_errors(form, Invalid(mine))
            add_errors(reminders, Invalid(rest))
        else:
            with translation.override(form.cleaned_data["language"]):
                messages.success(request, _("Your settings are saved."))
            return HttpResponseRedirect(reverse("web:preferences"))
    return _page(request, form=form, reminder_form=reminders, status=400)


@require_POST
@login_required
def make_own_calendar_feed(request: HttpRequest) -> HttpResponse:
    """Make a calendar address and show it once; the one there was ends."""
    secret = replace_calendar_secret(user=signed_in_user(request), at=clock.now())
    response = _page(request, fresh_feed=feed_address(secret))
    response.headers["Cache-Control"] = "no-store"
    return mark_done_and_send_repeats_to(response, reverse("web:preferences"))


@require_POST
@login_required
def revoke_own_calendar_feed(request: HttpRequest) -> HttpResponse:
    """End one's calendar address."""
    revoke_calendar_feed(user=signed_in_user(request), at=clock.now())
    messages.success(request, _("Your calendar address no longer works."))
    return HttpResponseRedirect(reverse("web:preferences"))


@adds_same_contents_once
@require_POST
@login_required
def create_own_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show it once."""
    form = TokenForm(request.POST)
    fresh = None
    if form.is_valid():
        try:
            _row, fresh = create_token(
                user=signed_in_user(request), at=clock.now(), **form.cleaned_data
            )
            form = TokenForm()
        except Invalid as invalid:
            add_errors(form, invalid)
    response = _page(
        request, token_form=form, fresh=fresh, status=400 if form.is_bound and form.errors else 200
    )
    response.headers["Cache-Control"] = "no-store"
    return (
        mark_done_and_send_repeats_to(response, reverse("web:preferences")) if fresh else response
    )


@require_POST
@login_required
def revoke_own_token(request: HttpRequest, uuid: Any) -> HttpResponse:
    """End one of one's own tokens."""
    token = own_token(signed_in_user(request), uuid)
    if token is None:
        raise Http404
    revoke_token(token=token, at=clock.now())
    messages.success(
        request, _("The token %(prefix)s… no longer works.") % {"prefix": token.prefix}
    )
    return HttpResponseRedirect(reverse("web:preferences"))


@repeatable
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
            set_preferences(user=signed_in_user(request), language=language, at=clock.now())
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
    reminder_form: ReminderForm | None = None,
    fresh_feed: str | None = None,
    token_form: TokenForm | None = None,
    fresh: str | None = None,
    status: int = 200,
) -> HttpResponse:
    user = signed_in_user(request)
    now: dt.datetime = clock.now()
    context = {
        "form": form
        or PreferencesForm(initial={"language": user.language, "time_zone": user.time_zone}),
        "reminder_form": reminder_form
        or ReminderForm(
            initial={name: getattr(user, name) for name in ReminderForm.base_fields},
            kept=user.holiday_calendar,
        ),
        "feed": live_feed_of_user(user),
        "fresh_feed": fresh_feed,
        "token_form": token_form or TokenForm(),
        "tokens": live_and_ended_tokens_of(user),
        "fresh": fresh,
        "now": now,
    }
    return render(request, "preferences/index.html", context, status=status)


urlpatterns = [
    path("preferences/", preferences, name="preferences"),
    path("preferences/calendar/", make_own_calendar_feed, name="calendar_make"),
    path("preferences/calendar/revoke/", revoke_own_calendar_feed, name="calendar_revoke"),
    path("preferences/tokens/", create_own_token, name="token_create"),
    path("preferences/tokens/<uuid:uuid>/revoke/", revoke_own_token, name="token_revoke"),
    path("language/", set_language, name="set_language"),
]
