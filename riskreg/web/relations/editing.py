"""Noting and ending relations between risks."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Conflict, Forbidden, Invalid
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.risks.models import Risk, RiskRelation
from riskreg.risks.queries.access import risk_for
from riskreg.risks.queries.relations import relation_for
from riskreg.risks.services import end_relation, relate_risks
from riskreg.risks.services.relations import may_end_relation
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.bilingual import name_languages_in_labels
from riskreg.web.conflict import data_over_newest_version
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.history.language import relation_text
from riskreg.web.relations.words import ROLES, parts_rule_text, role_label
from riskreg.web.table_form import set_choices


class RelationForm(forms.Form):
    """What this risk has to do with another one."""

    role = forms.ChoiceField(label=gettext_lazy("This risk"), required=False)
    other = forms.CharField(
        label=gettext_lazy("The other risk"),
        required=False,
        help_text=gettext_lazy("Its reference, such as R-016."),
    )
    note = forms.CharField(
        label=gettext_lazy("Why"), required=False, widget=forms.Textarea({"rows": 3})
    )
    other_note = forms.CharField(
        label=gettext_lazy("The same"), required=False, widget=forms.Textarea({"rows": 3})
    )

    def __init__(self, viewer: Viewer, data: Any = None) -> None:
        super().__init__(data)
        self.language = "en" if viewer.user.language == "zh-hans" else "zh-hans"
        name_languages_in_labels(self, ("note",), self.language)
        set_choices(self, "role", [("", "—"), *((role, role_label(role)) for role in ROLES)])
        fields: dict[str, Any] = self.fields
        for name in ("role", "other"):
            fields[name].needed = True

    def fields_for_service(self, risk: Risk) -> dict[str, Any]:
        """What the service takes, said from ``risk``."""
        data = self.cleaned_data
        kind, outward = ROLES.get(data["role"], ("", True))
        ends = (risk.ref, data["other"].strip().upper())
        first, second = ends if outward else ends[::-1]
        versions = {self.language: {"note": data["other_note"]}} if data["other_note"] else {}
        return {
            "risk": first,
            "kind": str(kind),
            "other": second,
            "note": data["note"],
            "translations": versions,
        }

    def add_errors_of_service(self, invalid: Invalid) -> None:
        """Show what the service refused beside the field that it is about."""
        named = {"kind": "role", "risk": "other"}
        renamed: dict[str, Any] = {}
        for name, errors in invalid.fields.items():
            field = "other_note" if name.startswith("translations") else named.get(name, name)
            renamed.setdefault(field, []).extend(errors)
        add_errors(self, Invalid(renamed))


class EndForm(forms.Form):
    """Why a relation no longer holds."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), required=False, widget=forms.Textarea({"rows": 4})
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        fields: dict[str, Any] = self.fields
        fields["reason"].needed = True


@adds_same_contents_once
class RelationNew(RegisterView):
    """What the risk in the address causes, worsens, is part of or duplicates, or the reverse."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The empty form."""
        risk = self._risk(ref)
        return self._page(risk, RelationForm(self.viewer))

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Note it."""
        risk = self._risk(ref)
        form = RelationForm(self.viewer, request.POST)
        if not form.is_valid():
            return self._page(risk, form, 400)
        try:
            row = relate_risks(actor=self.viewer, at=self.at, **form.fields_for_service(risk))
        except Invalid as invalid:
            form.add_errors_of_service(invalid)
            return self._page(risk, form, 400)
        except Forbidden as refusal:
            # Of the reverse, the other risk is the one that changes: it may be somebody else's.
            form.add_error("other", refusal.detail)
            return self._page(risk, form, 403)
        messages.success(request, _("It is noted: %(text)s.") % {"text": relation_sentence(row)})
        return _redirect_to_risk(self.viewer, risk.ref)

    def _risk(self, ref: str) -> Risk:
        risk = risk_for(self.viewer, ref)
        # Whoever may change neither this nor any other risk has nothing to note.
        require(self.viewer, "risk.edit")
        return risk

    def _page(self, risk: Risk, form: RelationForm, status: int = 200) -> HttpResponse:
        context = {
            "risk": risk,
            "title": risk.localized("title"),
            "form": form,
            "rule": parts_rule_text(),
        }
        return self.render("relations/form.html", context, status)


class RelationEnd(RegisterView):
    """A relation that no longer holds; ``?risk=`` names the risk that one came from."""

    def get(self, request: HttpRequest, relation: uuid.UUID) -> HttpResponse:
        """The question why."""
        row = self._row(relation)
        return self._question_page(row, EndForm(initial={"version": row.version}))

    def post(self, request: HttpRequest, relation: uuid.UUID) -> HttpResponse:
        """End it."""
        row = self._row(relation)
        form = EndForm(request.POST)
        if not form.is_valid():
            return self._question_page(row, form, 400)
        try:
            row = end_relation(
                actor=self.viewer,
                relation=relation,
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
        messages.success(request, _("It is ended: %(text)s.") % {"text": relation_sentence(row)})
        return _redirect_to_risk(self.viewer, self._ref_of_risk_to_return_to(row))

    def _row(self, relation: uuid.UUID) -> RiskRelation:
        row = relation_for(self.viewer, relation)
        if not may_end_relation(self.viewer, row):
            require(self.viewer, "risk.edit", row.risk)
        return row

    def _ref_of_risk_to_return_to(self, row: RiskRelation) -> str:
        """The risk that one came from."""
        asked = self.request.GET.get("risk", "")
        return asked if asked in (row.risk.ref, row.other.ref) else row.risk.ref

    def _question_page(
        self, row: RiskRelation, form: EndForm, status: int = 200, conflict: str = ""
    ) -> HttpResponse:
        context = {
            "text": relation_sentence(row),
            "back_to": self._ref_of_risk_to_return_to(row),
            "form": form,
            "conflict": conflict,
        }
        return self.render("relations/end.html", context, status)


def relation_sentence(row: RiskRelation) -> str:
    """A relation as a sentence."""
    return relation_text(row.kind, row.risk.ref, row.other.ref)


def _redirect_to_risk(viewer: Viewer, ref: str) -> HttpResponse:
    keys = {"slug": viewer.register.slug, "ref": ref}
    return HttpResponseRedirect(reverse("web:risk", kwargs=keys) + "#relations")
