"""Making and changing a risk, and what happens when two people change the same one."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.permissions import require
from riskreg.register.queries import choices_for, objectives_for
from riskreg.risks.fields import RISK
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import risk_for
from riskreg.risks.services import create_risk, edit_risk
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.bilingual import is_readers_language
from riskreg.web.conflict import (
    conflict_page_context,
    differences_to_decide,
    hidden_fields,
    names_to_save,
    old_version,
    saved_words,
)
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.localized import outdated_translations_text_or_empty
from riskreg.web.risks.conflict import risk_value_in_words, shown_sources, values_now, values_seen
from riskreg.web.risks.forms import (
    RiskForm,
    SourceFormSet,
    initial_of,
    other_language,
    sources_initial,
)
from riskreg.web.table_form import CONFIRMED_TRANSLATIONS_FIELD

SOURCES = "sources"
# Above the lines of sources: what the writer was shown, to tell a change from an echo.
SEEN_SOURCES = "seen_sources"


class _Editor(RegisterView):
    """What making and changing have in common."""

    def risk_form_and_source_formset(
        self, request: HttpRequest, risk: Risk | None
    ) -> tuple[RiskForm, Any]:
        """The form and its formset of sources, filled from the request or from ``risk``."""
        data = request.POST if request.method == "POST" else None
        frame: dict[str, Any] = {
            "viewer": self.viewer,
            "choices": choices_for(self.viewer),
            "objectives": list(objectives_for(self.viewer)),
            "risk": risk,
        }
        if risk is None:
            initial: dict[str, Any] = {
                "kind": "threat",
                "visibility": "shared",
                "owner": str(self.viewer.user.uuid),
            }
            initial_sources: list[dict[str, Any]] = []
        else:
            initial = initial_of(self.viewer, risk, other_language(risk, self.viewer))
            initial_sources = sources_initial(risk)
        form = RiskForm(data, initial=initial, **frame)
        return form, SourceFormSet(data, initial=initial_sources, prefix=SOURCES)

    def page(
        self, form: RiskForm, source_formset: Any, risk: Risk | None, status: int = 200
    ) -> HttpResponse:
        """The form as a page."""
        title = risk.localized("title") if risk else _("New risk")
        wrong = source_formset.is_bound and not all(
            line.is_valid() for line in source_formset.forms
        )
        count = len(risk.sources) if risk else 0
        context = {
            "title": title,
            "risk": risk,
            "form": form,
            "lines": source_formset,
            "sources_open": wrong or 0 < count <= 2,
            "sources_count": count,
            "other_open": is_readers_language(form.other)
            or CONFIRMED_TRANSLATIONS_FIELD in form.fields
            or any(field.errors for field in form.second_language_fields()),
            "seen_sources": json.dumps(sources_initial(risk) if risk else [], ensure_ascii=False)
            if not form.is_bound
            else form.data.get(SEEN_SOURCES, ""),
        }
        return self.render("risks/form.html", context, status=status)

    def redirect_to_risk(self, risk: Risk) -> HttpResponse:
        """To the risk's own page."""
        keys = {"slug": self.viewer.register.slug, "ref": risk.ref}
        return HttpResponseRedirect(reverse("web:risk", kwargs=keys))


def _filled_sources(source_formset: Any) -> list[dict[str, Any]]:
    return [source for line in source_formset.forms if (source := line.source()) is not None]


def _is_valid(form: RiskForm, source_formset: Any) -> bool:
    """Whether both are; what is wrong with a line is said above the form as well."""
    form.is_valid()
    if not source_formset.is_valid():
        form.add_error(None, _("One of the sources is not right; see beside it."))
    return not form.errors


def _put_errors_into_forms(form: RiskForm, source_formset: Any, invalid: Invalid) -> None:
    """Errors of a source beside its line, the others beside their fields."""
    rest: dict[str, Any] = {}
    filled = [line for line in source_formset.forms if line.source() is not None]
    for name, errors in invalid.fields.items():
        parts = name.split(".")
        if parts[0] == SOURCES and len(parts) == 3 and parts[1].isdigit():
            line = filled[int(parts[1])]
            for error in errors:
                line.add_error(parts[2] if parts[2] in line.fields else None, error.detail)
        elif parts[0] == "translations" and len(parts) == 3 and f"other_{parts[2]}" in form.fields:
            rest[f"other_{parts[2]}"] = errors
        elif parts[0] == "terms" and form.term_fields:
            rest[form.term_fields[0]] = errors
        else:
            rest[name] = errors
    if rest:
        add_errors(form, Invalid(rest))
    if any(line.errors for line in source_formset.forms):
        form.add_error(None, _("One of the sources is not right; see beside it."))


@adds_same_contents_once
class NewRisk(_Editor):
    """A draft of the viewer's party."""

    def get(self, request: HttpRequest) -> HttpResponse:
        require(self.viewer, "risk.create")
        form, source_formset = self.risk_form_and_source_formset(request, None)
        return self.page(form, source_formset, None)

    def post(self, request: HttpRequest) -> HttpResponse:
        require(self.viewer, "risk.create")
        form, source_formset = self.risk_form_and_source_formset(request, None)
        if not _is_valid(form, source_formset):
            return self.page(form, source_formset, None, status=400)
        try:
            risk = create_risk(
                actor=self.viewer,
                fields={**form.fields_for_service(), SOURCES: _filled_sources(source_formset)},
                visibility=form.cleaned_data["visibility"],
                at=self.at,
            )
        except Invalid as invalid:
            _put_errors_into_forms(form, source_formset, invalid)
            return self.page(form, source_formset, None, status=400)
        messages.success(
            request,
            _("%(ref)s is saved as a draft. Assess it, then open it: from then on it is counted.")
            % {"ref": risk.ref},
        )
        return self.redirect_to_risk(risk)


class EditRisk(_Editor):
    """Changing a risk that is still as it was when the form was opened (I7)."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        risk = risk_for(self.viewer, ref)
        require(self.viewer, "risk.edit", risk)
        form, source_formset = self.risk_form_and_source_formset(request, risk)
        return self.page(form, source_formset, risk)

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        risk = risk_for(self.viewer, ref)
        require(self.viewer, "risk.edit", risk)
        form, source_formset = self.risk_form_and_source_formset(request, risk)
        if not _is_valid(form, source_formset):
            return self.page(form, source_formset, risk, status=400)
        version = form.cleaned_data["version"]
        if version is None:
            form.add_error(None, _("Open the form again: this one does not say what it was."))
            return self.page(form, source_formset, risk, status=400)
        changed_fields = self._changed_fields(request, form, source_formset)
        # Only that is sent; all else stays as it is.
        changed_fields = names_to_save(request, changed_fields)
        fields = {**form.fields_for_service(), SOURCES: _filled_sources(source_formset)}
        fields = {name: value for name, value in fields.items() if name in changed_fields}
        try:
            saved = edit_risk(
                actor=self.viewer, ref=ref, version=version, fields=fields, at=self.at
            )
        except Conflict:
            return self._conflict_page(
                request, risk_for(self.viewer, ref), form, source_formset, changed_fields
            )
        except Invalid as invalid:
            _put_errors_into_forms(form, source_formset, invalid)
            return self.page(form, source_formset, risk, status=400)
        messages.success(request, saved_words(saved.ref, fields))
        stale = outdated_translations_text_or_empty(saved, RISK.translated)
        if stale and changed_fields & set(RISK.translated):
            messages.warning(request, stale)
        return self.redirect_to_risk(saved)

    @staticmethod
    def _changed_fields(request: HttpRequest, form: RiskForm, source_formset: Any) -> set[str]:
        """What the writer changed; only that is sent, so that an echo overwrites nothing."""
        changed_fields = form.changed_fields_for_service()
        try:
            seen = json.loads(request.POST.get(SEEN_SOURCES, "[]"))
        except (ValueError, RecursionError):
            seen = None
        shown = [line.cleaned_data for line in source_formset.forms if line.source() is not None]
        if [{k: d.get(k, "") for k in ("title", "url", "locator", "label")} for d in shown] != [
            {k: d.get(k, "") for k in ("title", "url", "locator", "label")}
            for d in (seen if isinstance(seen, list) else [])
            if isinstance(d, dict)
        ]:
            changed_fields.add(SOURCES)
        return changed_fields

    def _conflict_page(
        self,
        request: HttpRequest,
        now: Risk,
        form: RiskForm,
        source_formset: Any,
        changed_fields: set[str],
    ) -> HttpResponse:
        """Both versions side by side; nothing has been saved."""
        mine = {
            **form.fields_for_service(),
            SOURCES: shown_sources(_filled_sources(source_formset)),
        }
        differing = differences_to_decide(
            RISK,
            mine,
            values_now(self.viewer, form, now),
            values_seen(form, SEEN_SOURCES),
            changed_fields,
            lambda field, value: risk_value_in_words(form, field, value),
        )
        sources = json.dumps(sources_initial(now), ensure_ascii=False)
        keys = {"slug": self.viewer.register.slug, "ref": now.ref}
        context = conflict_page_context(
            now,
            differing,
            hidden_fields(
                request.POST,
                form,
                initial_of(self.viewer, now, form.other),
                [(SEEN_SOURCES, sources)],
            ),
            old_version(request),
            {
                "thing": reverse("web:risk", kwargs=keys),
                "edit": reverse("web:risk_edit", kwargs=keys),
                "history": reverse("web:risk_history", kwargs=keys),
            },
            _("Back to the risk"),
        )
        return self.render("conflict.html", context, status=409)
