"""Noting, changing and ending controls."""

import re
import uuid
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Conflict, Forbidden, Invalid
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.policy import LABELS
from riskreg.register.queries import answerable_members
from riskreg.risks.models import Control, ControlKind, Effectiveness
from riskreg.risks.queries.access import control_for
from riskreg.risks.queries.lists import controls_for
from riskreg.risks.services import add_control, edit_control, end_control
from riskreg.risks.services.controls import require_may_change_control
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.bilingual import name_languages_in_labels
from riskreg.web.conflict import data_over_newest_version, form_conflict_context, form_to_save
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.table_form import keep_shown_values_beside_fields, set_choices
from riskreg.web.ui.labels import figure_label_word


class ControlForm(forms.Form):
    """What is in place. Fields are checked by the service; this is what they look like."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(
        label=gettext_lazy("What is in place"),
        required=False,
        help_text=gettext_lazy("In one line, such as “Two suppliers in two regions”"),
    )
    other_name = forms.CharField(label=gettext_lazy("The same"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Works"), required=False, widget=forms.RadioSelect)
    risks = forms.CharField(
        label=gettext_lazy("On these risks"),
        required=False,
        help_text=gettext_lazy("Their references, such as R-001, R-016."),
    )
    owner = forms.ChoiceField(label=gettext_lazy("Owner"), required=False)
    effectiveness = forms.ChoiceField(label=gettext_lazy("Effectiveness"), required=False)
    tested_on = forms.CharField(
        label=gettext_lazy("Tested on"),
        required=False,
        widget=forms.DateInput({"type": "date"}),
        help_text=gettext_lazy("A new day says that you have tested it."),
    )
    test_every_days = forms.CharField(
        label=gettext_lazy("Days between tests"),
        required=False,
        widget=forms.NumberInput({"min": 1, "max": 3650, "inputmode": "numeric"}),
        help_text=gettext_lazy("Empty: it is not tested regularly."),
    )
    label = forms.ChoiceField(label=gettext_lazy("Label"), required=False)

    def __init__(self, viewer: Viewer, data: Any = None, *, row: Control | None = None) -> None:
        self.row = row
        self.other = next(iter(row.translations), "") if row else ""
        self.other = self.other or ("en" if viewer.user.language == "zh-hans" else "zh-hans")
        super().__init__(
            data, initial=_initial_values(row, self.other) if row else {"label": "judgement"}
        )
        name_languages_in_labels(self, ("name",), self.other)
        kinds = {
            ControlKind.PREVENTIVE: _("before the event, so that it does not happen"),
            ControlKind.CORRECTIVE: _("after it, so that it costs less"),
        }
        set_choices(self, "kind", [(kind.value, words) for kind, words in kinds.items()])
        people = [(str(m.user.uuid), f"{m.user} · {m.party}") for m in answerable_members(viewer)]
        if row and row.owner and str(row.owner.uuid) not in dict(people):
            people.append((str(row.owner.uuid), str(row.owner)))
        set_choices(self, "owner", [("", _("nobody")), *people])
        judged = [(e.value, capfirst(e.label)) for e in Effectiveness]
        set_choices(self, "effectiveness", [("", _("not judged")), *judged])
        set_choices(self, "label", [(value, figure_label_word(value)) for value in LABELS])
        fields: dict[str, Any] = self.fields
        for name in ("name", "kind", "risks", "label"):
            fields[name].needed = True
        if row is not None:
            keep_shown_values_beside_fields(self)

    def typed_risk_refs(self) -> list[str]:
        """The refs that were typed."""
        text = self.cleaned_data["risks"].upper()
        return list(dict.fromkeys(re.findall(r"[^\s,;，；、]+", text)))

    def fields_for_service(self) -> dict[str, Any]:
        """What the service takes, without the risks."""
        data = self.cleaned_data
        kept = dict(self.row.translations) if self.row else {}
        kept[self.other] = {"name": data["other_name"]} if data["other_name"] else {}
        days = data["test_every_days"]
        whole = days.isascii() and days.isdigit() and len(days) < 9
        return {
            "name": data["name"],
            "kind": data["kind"],
            "owner": data["owner"],
            "effectiveness": data["effectiveness"],
            "tested_on": data["tested_on"],
            "test_every_days": int(days) if whole else days,
            "label": data["label"],
            "translations": {language: texts for language, texts in kept.items() if texts},
        }

    def add_errors_of_service(self, invalid: Invalid) -> None:
        """Show what the service refused beside the field that it is about."""
        renamed = {
            "other_name" if name.startswith("translations") else name: errors
            for name, errors in invalid.fields.items()
        }
        add_errors(self, Invalid(renamed))


class ControlNew(RegisterView):
    """Something that is in place; ``?risk=`` names the risk that one came from."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The empty form."""
        require(self.viewer, "control.edit")
        form = ControlForm(self.viewer)
        form.initial["risks"] = request.GET.get("risk", "")[:40].replace("\0", "")
        return self._page(form)

    @adds_same_contents_once
    def post(self, request: HttpRequest) -> HttpResponse:
        """Note it."""
        require(self.viewer, "control.edit")
        form = ControlForm(self.viewer, request.POST)
        if not form.is_valid():
            return self._page(form, 400)
        refs = form.typed_risk_refs()
        try:
            if not refs:
                text = _("A control works on at least one risk; name it by its reference.")
                raise Invalid.one("risks", "required", text)
            row = add_control(
                actor=self.viewer,
                ref=refs[0],
                other_risks=refs[1:],
                at=self.at,
                **form.fields_for_service(),
            )
        except Invalid as invalid:
            form.add_errors_of_service(invalid)
            return self._page(form, 400)
        except Forbidden as refusal:
            # One of the risks that were typed; the rest of it stays.
            form.add_error("risks", refusal.detail)
            return self._page(form, 403)
        messages.success(request, _("“%(name)s” is added.") % {"name": row.localized("name")})
        return redirect_to_control(self.viewer, row)

    def _page(self, form: ControlForm, status: int = 200) -> HttpResponse:
        return self.render("controls/form.html", {"form": form}, status)


class ControlEdit(RegisterView):
    """What it is called, on which risks it works, who owns it, how and when it was tested."""

    def get(self, request: HttpRequest, control: uuid.UUID) -> HttpResponse:
        """The form."""
        row = self._row(control)
        require_may_change_control(self.viewer, row)
        return self._page(row, ControlForm(self.viewer, row=row))

    def post(self, request: HttpRequest, control: uuid.UUID) -> HttpResponse:
        """Change it."""
        row = self._row(control)
        require_may_change_control(self.viewer, row)
        form = form_to_save(request, partial(ControlForm, self.viewer, row=row))
        if not form.is_valid():
            return self._page(row, form, 400)
        try:
            row = edit_control(
                actor=self.viewer,
                control=control,
                fields={**form.fields_for_service(), "risks": form.typed_risk_refs()},
                version=form.cleaned_data["version"],
                at=self.at,
            )
        except Invalid as invalid:
            form.add_errors_of_service(invalid)
            return self._page(row, form, 400)
        except Forbidden as refusal:
            form.add_error("risks", refusal.detail)
            return self._page(row, form, 403)
        except Conflict:
            return self._conflict_page(request, self._row(control))
        messages.success(request, _("“%(name)s” is saved.") % {"name": row.localized("name")})
        return redirect_to_control(self.viewer, row)

    def _conflict_page(self, request: HttpRequest, now: Control) -> HttpResponse:
        keys = {"slug": self.viewer.register.slug, "control": now.uuid}
        urls = {
            "thing": reverse("web:control", kwargs=keys),
            "edit": reverse("web:control_edit", kwargs=keys),
        }
        make = partial(ControlForm, self.viewer, row=now)
        context = form_conflict_context(request, make, now, urls, _("Back to the control"))
        return self.render("conflict.html", context, 409)

    def _row(self, control: uuid.UUID) -> Control:
        return controls_for(self.viewer).get(pk=control_for(self.viewer, control).pk)

    def _page(self, row: Control, form: ControlForm, status: int = 200) -> HttpResponse:
        context = {"c": row, "name": row.localized("name"), "form": form}
        return self.render("controls/form.html", context, status)


class EndForm(forms.Form):
    """Why a control is no longer in place."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Why it is no longer in place"),
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        fields: dict[str, Any] = self.fields
        fields["reason"].needed = True


class ControlEnd(ControlEdit):
    """A control that is no longer in place."""

    def get(self, request: HttpRequest, control: uuid.UUID) -> HttpResponse:
        """The question why."""
        row = self._row(control)
        require_may_change_control(self.viewer, row)
        return self._question_page(row, EndForm(initial={"version": row.version}))

    def post(self, request: HttpRequest, control: uuid.UUID) -> HttpResponse:
        """End it."""
        row = self._row(control)
        require_may_change_control(self.viewer, row)
        form = EndForm(request.POST)
        if not form.is_valid():
            return self._question_page(row, form, 400)
        try:
            row = end_control(
                actor=self.viewer,
                control=control,
                reason=form.cleaned_data["reason"],
                version=form.cleaned_data["version"],
                at=self.at,
            )
        except Invalid as invalid:
            add_errors(form, invalid)
            return self._question_page(row, form, 400)
        except Conflict as conflict:
            data = data_over_newest_version(form, row.version)
            return self._question_page(row, EndForm(data), 409, conflict.detail)
        messages.success(request, _("“%(name)s” has ended.") % {"name": row.localized("name")})
        return redirect_to_control(self.viewer, row)

    def _question_page(
        self, row: Control, form: EndForm, status: int = 200, conflict: str = ""
    ) -> HttpResponse:
        context = {"c": row, "name": row.localized("name"), "form": form, "conflict": conflict}
        return self.render("controls/end.html", context, status)


def redirect_to_control(viewer: Viewer, row: Control) -> HttpResponse:
    """The page of a control."""
    keys = {"slug": viewer.register.slug, "control": row.uuid}
    return HttpResponseRedirect(reverse("web:control", kwargs=keys))


def _initial_values(row: Control, other: str) -> dict[str, Any]:
    return {
        "version": row.version,
        "name": row.name,
        "other_name": row.translations.get(other, {}).get("name", ""),
        "kind": row.kind,
        "risks": ", ".join(risk.ref for risk in row.risks.all()),
        "owner": str(row.owner.uuid) if row.owner else "",
        "effectiveness": row.effectiveness,
        "tested_on": row.tested_on.isoformat() if row.tested_on else "",
        "test_every_days": row.test_every_days or "",
        "label": row.label,
    }
