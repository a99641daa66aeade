"""Mitigations: the list, those of a risk, and one of them."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.events import queries as events
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.external_ids import external_id_of
from riskreg.register.permissions import permits
from riskreg.risks import mitigation_filters
from riskreg.risks.fields import MITIGATION
from riskreg.risks.models import Mitigation, MitigationStatus
from riskreg.risks.policy import is_dormant_if_serving
from riskreg.risks.queries.access import mitigation_for, risk_for, visible_risks
from riskreg.risks.queries.lists import mitigations_for, mitigations_of
from riskreg.risks.services import edit_mitigation
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.comments.panel import comments_panel
from riskreg.web.evidence.panel import evidence_panel
from riskreg.web.filter_form import ALL, FilterWords
from riskreg.web.history.page import history_by_people_first
from riskreg.web.list_page import PER_PAGE, ListPage, Preset
from riskreg.web.localized import outdated_text_rows
from riskreg.web.table_form import form_field
from riskreg.web.ui.paging import page_of

OPEN_STATUS = (MitigationStatus.PLANNED.value, MitigationStatus.IN_PROGRESS.value)
STEPS = (0, 25, 50, 75, 100)
HISTORY = 30


class MitigationPage(RegisterView):
    """What the pages below share."""

    def rows(self, mitigations: Iterable[Mitigation]) -> list[dict[str, Any]]:
        """Mitigations as the table shows them."""
        today = self.viewer.today(self.at)
        shown = []
        for m in mitigations:
            risks = list(m.risks.all())
            running = m.status in OPEN_STATUS
            asks = running and not is_dormant_if_serving(risks)
            shown.append(
                {
                    "m": m,
                    "title": m.localized("title"),
                    "status": capfirst(m.get_status_display()),
                    "risks": risks,
                    "running": asks,
                    "dormant": running and not asks,
                    "late": asks and m.due_on < today,
                }
            )
        return shown

    def page_url(self, name: str, **kwargs: str) -> str:
        """The address of a page of this register."""
        return reverse(f"web:{name}", kwargs={"slug": self.viewer.register.slug, **kwargs})


class MitigationList(MitigationPage, ListPage):
    """Planned work of the register that the viewer may know of, soonest first."""

    template = "mitigations/index.html"
    route = "mitigations"
    files = "mitigation_export"
    filters = mitigation_filters
    words = FilterWords(
        MITIGATION,
        labels={
            "due_before": gettext_lazy("Due before"),
            "risk": gettext_lazy("Serves risk"),
            "objective": gettext_lazy("Objective"),
        },
        unset={"status": gettext_lazy("In hand")},
    )
    default_order = "due_on"
    front = ("status", "owner")
    folded = ("party", "risk", "due_before", "external_id", "term")
    unasked: ClassVar = {"status": OPEN_STATUS}
    presets = (
        Preset("open", gettext_lazy("In hand"), {}),
        Preset("mine", gettext_lazy("Mine"), {"owner": ["me"]}),
        Preset("all", gettext_lazy("All"), {"status": [ALL]}),
    )

    def all_rows(self) -> QuerySet[Mitigation]:
        """Work of every status."""
        return mitigations_for(self.viewer)

    def shown_rows(self, rows: Sequence[Mitigation]) -> list[dict[str, Any]]:
        """As the table shows them."""
        return self.rows(rows)

    def extra_context(self) -> dict[str, Any]:
        """What may be done from the list."""
        return {"may_create": permits(self.viewer, "mitigation.create"), "sortable": True}


class RiskMitigations(MitigationPage):
    """Those that serve one risk."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """All of them, running or not, soonest first."""
        risk = risk_for(self.viewer, ref)
        page = page_of(request, mitigations_of(self.viewer, risk), PER_PAGE)
        context = {
            "risk": risk,
            "lead": risk.localized("title"),
            "page_obj": page,
            "rows": self.rows(page),
            "may_create": permits(self.viewer, "mitigation.create"),
        }
        return self.render("mitigations/of_risk.html", context)


class ProgressForm(forms.Form):
    """What is said with the progress that a button sets."""

    progress_note = form_field(MITIGATION["progress_note"])


class MitigationDetail(MitigationPage):
    """One of them, with its history; a POST moves its progress."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The plan, how far it is, and what happened to it."""
        return self._page(mitigation_for(self.viewer, ref))

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Set the progress; whoever looked at an older version sees how it stands now instead."""
        try:
            progress = int(request.POST.get("progress", ""))
            version = int(request.POST.get("version", ""))
        except ValueError:
            raise Invalid.one(
                "progress", "out_of_range", _("Progress is a whole number from 0 to 100.")
            ) from None
        form = ProgressForm(request.POST)
        form.is_valid()
        fields: dict[str, Any] = {
            "progress": progress,
            "progress_note": form.cleaned_data.get("progress_note", ""),
        }
        if 0 < progress < 100:
            fields["status"] = MitigationStatus.IN_PROGRESS
        try:
            edit_mitigation(actor=self.viewer, ref=ref, version=version, fields=fields, at=self.at)
        except Invalid as invalid:
            add_errors(form, invalid)
            return self._page(mitigation_for(self.viewer, ref), 400, form)
        except Conflict:
            messages.error(
                request,
                _("Somebody changed this meanwhile. Here is how it stands now; nothing was saved."),
            )
            return self._page(mitigation_for(self.viewer, ref), 409, form)
        messages.success(
            request, _("Progress of %(ref)s is now %(n)d %%.") % {"ref": ref, "n": progress}
        )
        return HttpResponseRedirect(self.page_url("mitigation", ref=ref))

    def _page(
        self, mitigation: Mitigation, status: int = 200, form: "ProgressForm | None" = None
    ) -> HttpResponse:
        evidence = evidence_panel(self.viewer, "mitigation", mitigation)
        subjects = [mitigation.uuid, *evidence["ids"]]
        history = events.history_of(self.viewer.audience, subjects)
        past = history_by_people_first(self.viewer, history, 0, HISTORY).context
        row = self.rows([mitigation])[0]
        row["risks"] = visible_risks(self.viewer).filter(mitigations=mitigation).order_by("ref")
        context = {
            "m": mitigation,
            "row": row,
            "title": row["title"],
            "description": mitigation.localized("description"),
            "expected_effect": mitigation.localized("expected_effect"),
            "external_id": external_id_of(mitigation, self.viewer),
            "outdated": outdated_text_rows(mitigation, "title", "description", "expected_effect"),
            "past": past,
            "comments": comments_panel(self.viewer, mitigation),
            "evidence": evidence,
            "may_edit": permits(self.viewer, "mitigation.edit", mitigation),
            "steps": STEPS,
            "form": form or ProgressForm(),
        }
        return self.render("mitigations/detail.html", context, status)
