"""Chats and webhooks of one's own party: where reminders go besides people."""

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.endpoints import services as endpoints
from riskreg.endpoints.models import Endpoint, EndpointKind
from riskreg.endpoints.queries import endpoints_of_party_in, last_delivery_by_endpoint
from riskreg.kernel.errors import Conflict, Errors, Invalid, NotFound
from riskreg.notify.models import Delivery, DeliveryState
from riskreg.notify.queries import deliveries_looked_after_by
from riskreg.notify.services import deliver
from riskreg.register.permissions import require
from riskreg.web.base import RegisterView, add_errors, posted_version_or_minus_one
from riskreg.web.forms.marks import (
    adds_same_contents_once,
    mark_done_and_send_repeats_to,
    without_transaction_around,
)
from riskreg.web.messages.deliveries import TONES

RECENT = 10


class EndpointForm(forms.Form):
    """A new chat or webhook. The service checks it; this is what it looks like."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=EndpointKind.choices)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=endpoints.NAME_MAX,
        help_text=gettext_lazy("For your party to know it by, such as the name of the group."),
    )
    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=2000,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
        help_text=gettext_lazy(
            "The webhook address, copied whole from the service. It is stored encrypted and not "
            "shown again."
        ),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of its messages"),
        choices=[("en", "English"), ("zh-hans", "简体中文")],
    )


class NameForm(forms.Form):
    """Another name, given by somebody who has seen ``version``."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=endpoints.NAME_MAX)


class EndpointsView(RegisterView):
    """Managers, for their own party; whatever is another's is not there."""

    @property
    def actor_fields(self) -> dict[str, Any]:
        """What every act on an endpoint is told of the viewer."""
        return {
            "audience": self.viewer.audience,
            "actor_for_log": self.viewer.user.uuid,
            "at": self.at,
            "request_id": self.viewer.request_id,
        }

    def endpoint_of_own_party(self, endpoint: uuid.UUID) -> Endpoint:
        """The endpoint, if it is the viewer's party's. Raises ``NotFound``."""
        require(self.viewer, "endpoint.edit")
        row = endpoints_of_party_in(self.viewer.audience).filter(uuid=endpoint).first()
        if row is None:
            raise NotFound(_("There is no such chat or webhook."))
        return row

    def page_url(self, name: str, **keys: Any) -> str:
        """The address of a page of this register."""
        return reverse(f"web:{name}", kwargs={"slug": self.viewer.register.slug, **keys})

    def endpoint_row(self, row: Endpoint, last: Delivery | None) -> dict[str, Any]:
        """What a list or a heading says of an endpoint."""
        return {
            "e": row,
            "kind": row.get_kind_display(),
            "where": endpoints.masked_address_of(row),
            "language": dict(settings.LANGUAGES).get(row.language, row.language),
            "on": row.disabled_at is None,
            "last": _delivery_row(last) if last else None,
            "url": self.page_url("endpoint", endpoint=row.uuid),
        }

    def detail_page(
        self, row: Endpoint, *, secret: str = "", form: NameForm | None = None, status: int = 200
    ) -> HttpResponse:
        """The page of ``row``; with ``secret`` it says it, this once, and is kept by nobody."""
        # Also where an answer to a form shows it: its own forms are on its own page.
        self.request.form_page = self.page_url(  # type: ignore[attr-defined]
            "endpoint", endpoint=row.uuid
        )
        recent = deliveries_looked_after_by(self.viewer.audience).filter(
            message__recipient=row.uuid
        )[:RECENT]
        context = {
            "row": self.endpoint_row(row, None),
            "webhook": row.kind == EndpointKind.WEBHOOK,
            "secret": secret,
            "form": form or NameForm(initial={"version": row.version, "name": row.name}),
            "recent": [
                {**_delivery_row(d), "url": self.page_url("delivery", delivery=d.uuid)}
                for d in recent
            ],
        }
        response = self.render("endpoints/detail.html", context, status)
        if secret:
            response.headers["Cache-Control"] = "no-store"
        return response

    def redirect_to_endpoint(self, row: Endpoint) -> HttpResponseRedirect:
        """To the endpoint's page."""
        return HttpResponseRedirect(self.page_url("endpoint", endpoint=row.uuid))


class EndpointList(EndpointsView):
    """Every chat and webhook of one's party."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Oldest first, with how the newest message to each fared."""
        require(self.viewer, "endpoint.edit")
        rows = list(endpoints_of_party_in(self.viewer.audience))
        last = last_delivery_by_endpoint([row.uuid for row in rows])
        context = {
            "rows": [self.endpoint_row(row, last.get(row.uuid)) for row in rows],
            "full": len(rows) >= endpoints.MOST,
        }
        return self.render("endpoints/index.html", context)


@adds_same_contents_once
@without_transaction_around
class EndpointNew(EndpointsView):
    """Add one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """An empty form."""
        require(self.viewer, "endpoint.edit")
        return self._page(EndpointForm(initial={"language": self.viewer.user.language}))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Add it and show the secret of a webhook, or say what is wrong with the form."""
        require(self.viewer, "endpoint.edit")
        form = EndpointForm(request.POST)
        if not form.is_valid():
            return self._page(form, 400)
        given = form.cleaned_data
        try:
            address = endpoints.check_address(given["kind"], given["address"])
            row, secret = endpoints.add_endpoint(
                kind=given["kind"],
                name=given["name"],
                address=address,
                language=given["language"],
                **self.actor_fields,
            )
        except Invalid as invalid:
            add_errors(form, invalid)
            return self._page(form, 400)
        if secret:
            done = self.detail_page(row, secret=secret)
            return mark_done_and_send_repeats_to(done, self.page_url("endpoint", endpoint=row.uuid))
        messages.success(request, _("Added. Try it out to see whether messages arrive."))
        return self.redirect_to_endpoint(row)

    def _page(self, form: EndpointForm, status: int = 200) -> HttpResponse:
        return self.render("endpoints/form.html", {"form": form}, status)


class EndpointDetail(EndpointsView):
    """One chat or webhook: how it is set up, what it was sent, and what can be done with it."""

    def get(self, request: HttpRequest, endpoint: uuid.UUID) -> HttpResponse:
        """Never its address or secret."""
        return self.detail_page(self.endpoint_of_own_party(endpoint))


class EndpointRename(EndpointsView):
    """Another name."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, endpoint: uuid.UUID) -> HttpResponse:
        """Rename it, or say what is wrong."""
        row = self.endpoint_of_own_party(endpoint)
        form = NameForm(request.POST)
        if not form.is_valid():
            return self.detail_page(row, form=form, status=400)
        try:
            row = endpoints.rename(endpoint=endpoint, **form.cleaned_data, **self.actor_fields)
        except Invalid as invalid:
            add_errors(form, invalid)
            return self.detail_page(row, form=form, status=400)
        except Conflict as conflict:
            errors = Errors()
            errors.add("name", "conflict", conflict.detail)
            add_errors(form, Invalid(errors.fields))
            # What was written stays; sent once more it replaces what is there now.
            form.data = {**request.POST.dict(), "version": conflict.current.version}
            return self.detail_page(conflict.current, form=form, status=409)
        messages.success(request, _("The name is changed."))
        return self.redirect_to_endpoint(row)


class EndpointSwitch(EndpointsView):
    """On and off."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, endpoint: uuid.UUID) -> HttpResponse:
        """``on`` says which."""
        row = self.endpoint_of_own_party(endpoint)
        on = request.POST.get("on") == "1"
        try:
            endpoints.switch_on_or_off(
                endpoint=endpoint,
                version=posted_version_or_minus_one(request),
                on=on,
                **self.actor_fields,
            )
        except Conflict as conflict:
            messages.warning(request, conflict.detail)
        else:
            message = (
                _("It is switched on.") if on else _("It is switched off; nothing is sent to it.")
            )
            messages.success(request, message)
        return self.redirect_to_endpoint(row)


class EndpointSecretRotate(EndpointsView):
    """A new secret for a webhook."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, endpoint: uuid.UUID) -> HttpResponse:
        """Make it and show it this once."""
        row = self.endpoint_of_own_party(endpoint)
        try:
            row, secret = endpoints.rotate_secret(
                endpoint=endpoint, version=posted_version_or_minus_one(request), **self.actor_fields
            )
        except Conflict as conflict:
            messages.warning(request, conflict.detail)
            return self.redirect_to_endpoint(row)
        done = self.detail_page(row, secret=secret)
        return mark_done_and_send_repeats_to(done, self.page_url("endpoint", endpoint=row.uuid))


@without_transaction_around
class EndpointTry(EndpointsView):
    """A test message."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, endpoint: uuid.UUID) -> HttpResponse:
        """Send it now and say what was answered."""
        row = self.endpoint_of_own_party(endpoint)
        posted = endpoints.queue_test_message(
            endpoint=endpoint, local_day=self.viewer.today(self.at), **self.actor_fields
        )
        state = deliver(posted.uuid, self.at)
        posted.refresh_from_db()
        if state == DeliveryState.SENT:
            messages.success(request, _("The test message was taken. Look whether it is there."))
        elif state == DeliveryState.FAILED:
            messages.error(request, _("It did not work: %(error)s") % {"error": posted.last_error})
        else:
            messages.info(request, _("The test message is on its way."))
        return self.redirect_to_endpoint(row)


class EndpointRemove(EndpointsView):
    """For good."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, endpoint: uuid.UUID) -> HttpResponse:
        """Take it away."""
        row = self.endpoint_of_own_party(endpoint)
        try:
            endpoints.remove(
                endpoint=endpoint, version=posted_version_or_minus_one(request), **self.actor_fields
            )
        except Conflict as conflict:
            messages.warning(request, conflict.detail)
            return self.redirect_to_endpoint(row)
        messages.success(request, _("%(name)s is removed.") % {"name": row.name})
        return HttpResponseRedirect(self.page_url("endpoints"))


def _delivery_row(row: Delivery) -> dict[str, Any]:
    tone, icon = TONES[DeliveryState(row.state)]
    return {
        "d": row,
        "subject": row.message.subject,
        "state": capfirst(row.get_state_display()),
        "tone": tone,
        "icon": icon,
    }


urlpatterns = [
    path("endpoints/", EndpointList.as_view(), name="endpoints"),
    path("endpoints/new/", EndpointNew.as_view(), name="endpoint_new"),
    path("endpoints/<uuid:endpoint>/", EndpointDetail.as_view(), name="endpoint"),
    path("endpoints/<uuid:endpoint>/rename/", EndpointRename.as_view(), name="endpoint_rename"),
    path("endpoints/<uuid:endpoint>/switch/", EndpointSwitch.as_view(), name="endpoint_switch"),
    path(
        "endpoints/<uuid:endpoint>/secret/", EndpointSecretRotate.as_view(), name="endpoint_secret"
    ),
    path("endpoints/<uuid:endpoint>/try/", EndpointTry.as_view(), name="endpoint_try"),
    path("endpoints/<uuid:endpoint>/remove/", EndpointRemove.as_view(), name="endpoint_remove"),
]
