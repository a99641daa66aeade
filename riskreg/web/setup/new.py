"""A new register: its names, currency, zone, languages, and whom its maker acts for."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views import View

from riskreg.accounts.zones import zone_choices
from riskreg.kernel import clock
from riskreg.kernel.errors import Forbidden, Invalid
from riskreg.register.access import present_memberships_in_registers_called
from riskreg.register.models import Membership
from riskreg.register.permissions import may_make_registers
from riskreg.register.services.founding import SETUP_STEPS, found_register
from riskreg.register.services.named import key_from_name
from riskreg.web.base import add_errors, request_id, signed_in_user
from riskreg.web.bilingual import add_names_fields, nonempty_texts_by_language

# More than anybody copies from; others are named over the API.
COPIES_OFFERED = 200


class RegisterForm(forms.Form):
    """The register itself, and its first party."""

    slug = forms.CharField(
        label=gettext_lazy("Short name for addresses"),
        required=False,
        max_length=60,
        help_text=gettext_lazy(
            "Lower-case letters, digits and hyphens; it never changes. Left empty, it is made from "
            "the name."
        ),
    )
    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        max_length=3,
        help_text=gettext_lazy("Three letters (ISO 4217), such as CNY or EUR."),
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        choices=zone_choices,
        help_text=gettext_lazy("Due dates are days in this zone."),
    )
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages"),
        choices=[("en", "English"), ("zh-hans", "简体中文")],
        widget=forms.CheckboxSelectMultiple,
    )
    party = forms.CharField(
        label=gettext_lazy("The organisation that you act for"),
        max_length=120,
        help_text=gettext_lazy("You become its risk manager here. Others are added next."),
    )
    copy_of = forms.ChoiceField(
        label=gettext_lazy("Scale and classifications as in"),
        required=False,
        help_text=gettext_lazy("Nothing else comes along: neither people nor risks."),
    )
    field_order = (
        "name", "name_zh", "slug", "currency", "time_zone", "languages", "party", "copy_of",
    )  # fmt: skip

    def __init__(
        self, data: Any = None, *, mine: Sequence[Membership] = (), **options: Any
    ) -> None:
        super().__init__(data, **options)
        add_names_fields(self)
        offered = [(row.register.slug, row.register.name) for row in mine]
        if offered:
            choices = [("", _("none: I choose templates")), *offered]
            self.fields["copy_of"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["copy_of"]
        self.order_fields(self.field_order)

    def fields_for_service(self) -> dict[str, Any]:
        """What was written, as ``found_register`` takes it."""
        names = nonempty_texts_by_language(self.cleaned_data)
        party = self.cleaned_data["party"]
        key = key_from_name(party)
        return {
            "slug": self.cleaned_data["slug"] or key_from_name(names.get("en", ""), (), "register"),
            "names": names,
            "currency": self.cleaned_data["currency"].strip().upper(),
            "time_zone": self.cleaned_data["time_zone"],
            "languages": self.cleaned_data["languages"],
            "parties": [{"key": key, "names": {get_language() or "en": party}}],
            "acts_for": key,
            "copy_of": self.cleaned_data.get("copy_of", ""),
        }


class RegisterNew(LoginRequiredMixin, View):
    """The first step of the guided set-up; the others follow inside the register."""

    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        self._require_may_make_registers(request)
        user = signed_in_user(request)
        initial = {
            "time_zone": user.time_zone,
            "currency": "CNY" if user.language == "zh-hans" else "EUR",
            "languages": [code for code, _name in settings.LANGUAGES],
        }
        form = RegisterForm(initial=initial, mine=_registers_offered_to_copy(request))
        return self._page(request, form)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make it, whole or not at all."""
        self._require_may_make_registers(request)
        form = RegisterForm(request.POST, mine=_registers_offered_to_copy(request))
        if not form.is_valid():
            return self._page(request, form, 400)
        try:
            viewer = found_register(
                by=signed_in_user(request),
                steps=_steps_to_do(form.cleaned_data.get("copy_of", "")),
                at=clock.now(),
                request_id=request_id(request),
                **form.fields_for_service(),
            )
        except Invalid as invalid:
            words = {"names": "name", "parties.0.names": "party", "parties.0.key": "party"}
            add_errors(form, Invalid({words.get(n, n): e for n, e in invalid.fields.items()}))
            return self._page(request, form, 400)
        messages.success(request, _("The register is made. You can leave the set-up at any time."))
        keys = {"slug": viewer.register.slug}
        return HttpResponseRedirect(reverse("web:setup", kwargs=keys))

    def _require_may_make_registers(self, request: HttpRequest) -> None:
        if not may_make_registers(signed_in_user(request)):
            raise Forbidden(_("Only an administrator of this system makes registers; ask one."))

    def _page(self, request: HttpRequest, form: RegisterForm, status: int = 200) -> HttpResponse:
        return render(request, "setup/new.html", {"form": form}, status=status)


def _registers_offered_to_copy(request: HttpRequest) -> list[Membership]:
    """Registers whose frame a new one can start with."""
    return list(
        present_memberships_in_registers_called(signed_in_user(request), "")[:COPIES_OFFERED]
    )


def _steps_to_do(copy_of: str) -> list[str]:
    """What is still to be done: a copy has its scale and its classifications."""
    return [s for s in SETUP_STEPS if not copy_of or s not in ("scale", "classification")]


urlpatterns = [path("registers/new/", RegisterNew.as_view(), name="register_new")]
