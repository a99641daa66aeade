"""Mitigations: the list, those of a risk, one of them, and changing it."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.events import queries as events
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.permissions import permits, require
from riskreg.register.queries import answerable_members
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Mitigation, MitigationStatus, State
from riskreg.risks.policy import is_dormant
from riskreg.risks.queries.access import mitigation_for, risk_for, visible_risks
from riskreg.risks.queries.lists import mitigations_for, mitigations_of
from riskreg.risks.services import create_mitigation, edit_mitigation
from riskreg.risks.services.mitigations import TEXTS
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.forms.marks import adds
from riskreg.web.history.page import people_first
from riskreg.web.localized import outdated_after_saving, outdated_rows

OPEN_STATUS = (MitigationStatus.PLANNED, MitigationStatus.IN_PROGRESS)
PER_PAGE = 50
# Above this many risks a list of boxes to tick helps nobody: refs are typed instead.
TICKED_RISKS = 40
STEPS = (0, 25, 50, 75, 100)
HISTORY = 30


class MitigationForm(forms.Form):
    """Planned work. Fields are checked by the service; this is what they look like."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=400)
    description = forms.CharField(
        label=gettext_lazy("Description"), required=False, widget=forms.Textarea({"rows": 3})
    )
    expected_effect = forms.CharField(
        label=gettext_lazy("Expected effect"),
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=gettext_lazy("What it changes about the risk, and by how much."),
    )
    risks = forms.MultipleChoiceField(
        label=gettext_lazy("Serves these risks"), widget=forms.CheckboxSelectMultiple
    )
    owner = forms.ChoiceField(label=gettext_lazy("Owner"))
    due_on = forms.DateField(
        label=gettext_lazy("Due on"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    cost = forms.DecimalField(
        label=gettext_lazy("Cost"),
        required=False,
        help_text=gettext_lazy("In the register's currency; leave it empty if it is not known."),
    )
    status = forms.ChoiceField(label=gettext_lazy("Status"))
    progress = forms.IntegerField(label=gettext_lazy("Progress in %"), min_value=0, max_value=100)
    visibility = forms.ChoiceField(label=gettext_lazy("Who sees it"), initial="shared")
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def fields_for_service(self) -> dict[str, Any]:
        """The cleaned values under the service's names."""
        return {k: v for k, v in self.cleaned_data.items() if k not in ("version", "visibility")}

    def clean_risks(self) -> list[str]:
        """The refs that were ticked or typed."""
        value = self.cleaned_data["risks"]
        if isinstance(value, str):
            return list(dict.fromkeys(re.findall(r"[^\s,;，；、]+", value.upper())))
        return list(value)


class MitigationPage(RegisterView):
    """What the pages below share."""

    def form(
        self,
        data: Any = None,
        initial: dict[str, Any] | None = None,
        current: Mitigation | None = None,
    ) -> MitigationForm:
        """A form offering the members and risks of this register; ``current`` is being edited."""
        form = MitigationForm(data, initial=initial)
        fields: dict[str, Any] = form.fields
        fields["owner"].choices = [
            (str(m.user.uuid), f"{m.user} · {m.party}") for m in answerable_members(self.viewer)
        ]
        fields["status"].choices = [(s.value, capfirst(s.label)) for s in MitigationStatus]
        fields["visibility"].choices = [
            (Visibility.SHARED.value, _("Everybody in this register")),
            (Visibility.PARTY.value, _("%(party)s only") % {"party": self.viewer.party}),
        ]
        # What a mitigation starts with and what it can no longer change are not asked for.
        for name in ("status", "progress") if current is None else ("visibility",):
            del fields[name]
        linked = Q(pk__in=current.risks.all()) if current else Q()
        risks = visible_risks(self.viewer).filter(~Q(state=State.CLOSED) | linked).order_by("ref")
        offered = list(risks[: TICKED_RISKS + 1])
        if len(offered) <= TICKED_RISKS:
            fields["risks"].choices = [(r.ref, f"{r.ref} {r.said('title')}") for r in offered]
        else:
            fields["risks"] = forms.CharField(
                label=_("Serves these risks"),
                max_length=1000,
                help_text=_("Their references, such as R-001, R-016."),
            )
            if initial:
                form.initial["risks"] = ", ".join(initial.get("risks", ()))
        return form

    def rows(self, mitigations: Iterable[Mitigation]) -> list[dict[str, Any]]:
        """Mitigations as the table shows them."""
        today = self.viewer.today(self.at)
        shown = []
        for m in mitigations:
            risks = list(m.risks.all())
            running = m.status in OPEN_STATUS
            asks = running and not is_dormant(risks)
            shown.append(
                {
                    "m": m,
                    "title": m.said("title"),
                    "status": capfirst(m.get_status_display()),
                    "risks": risks,
                    "running": asks,
                    "dormant": running and not asks,
                    "late": asks and m.due_on < today,
                }
            )
        return shown

    def url(self, name: str, **kwargs: str) -> str:
        """The address of a page of this register."""
        return reverse(f"web:{name}", kwargs={"slug": self.viewer.register.slug, **kwargs})


class MitigationList(MitigationPage):
    """Planned work of the register that the viewer may know of, soonest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """``?show=`` open (the default), mine or all; an unknown one is taken as open."""
        mitigations = mitigations_for(self.viewer)
        running = Q(status__in=OPEN_STATUS)
        mine = running & Q(owner=self.viewer.user)
        kinds = {"open": (_("In hand"), running), "mine": (_("Mine"), mine), "all": (_("All"), Q())}
        show = request.GET.get("show", "open")
        if show not in kinds:
            show = "open"
        counts = mitigations.order_by().aggregate(
            open=Count("id", filter=running), mine=Count("id", filter=mine), all=Count("id")
        )
        paginator = Paginator(mitigations.filter(kinds[show][1]), PER_PAGE)
        paginator.count = counts[show]  # known already
        page = paginator.get_page(request.GET.get("page"))
        context = {
            "page_obj": page,
            "rows": self.rows(page),
            "tabs": [
                {"label": label, "url": f"?show={k}", "current": k == show, "count": counts[k]}
                for k, (label, _condition) in kinds.items()
            ],
            "may_create": permits(self.viewer, "mitigation.create"),
        }
        return self.render("mitigations/index.html", context)


class RiskMitigations(MitigationPage):
    """Those that serve one risk."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """All of them, running or not, soonest first."""
        risk = risk_for(self.viewer, ref)
        paginator = Paginator(mitigations_of(self.viewer, risk), PER_PAGE)
        page = paginator.get_page(request.GET.get("page"))
        context = {
            "risk": risk,
            "lead": risk.said("title"),
            "page_obj": page,
            "rows": self.rows(page),
            "may_create": permits(self.viewer, "mitigation.create"),
        }
        return self.render("mitigations/of_risk.html", context)


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
        fields: dict[str, Any] = {"progress": progress}
        if 0 < progress < 100:
            fields["status"] = MitigationStatus.IN_PROGRESS
        try:
            edit_mitigation(actor=self.viewer, ref=ref, version=version, fields=fields, at=self.at)
        except Conflict:
            messages.error(
                request,
                _("Somebody changed this meanwhile. Here is how it stands now; nothing was saved."),
            )
            return self._page(mitigation_for(self.viewer, ref), 409)
        messages.success(
            request, _("Progress of %(ref)s is now %(n)d %%.") % {"ref": ref, "n": progress}
        )
        return HttpResponseRedirect(self.url("mitigation", ref=ref))

    def _page(self, mitigation: Mitigation, status: int = 200) -> HttpResponse:
        history = events.history_of(self.viewer.audience, [mitigation.uuid])
        past, _more = people_first(self.viewer, history, 0, HISTORY)
        row = self.rows([mitigation])[0]
        row["risks"] = visible_risks(self.viewer).filter(mitigations=mitigation).order_by("ref")
        context = {
            "m": mitigation,
            "row": row,
            "title": row["title"],
            "description": mitigation.said("description"),
            "expected_effect": mitigation.said("expected_effect"),
            "outdated": outdated_rows(mitigation, "title", "description", "expected_effect"),
            "past": past,
            "may_edit": permits(self.viewer, "mitigation.edit", mitigation),
            "steps": STEPS,
        }
        return self.render("mitigations/detail.html", context, status)


@adds
class MitigationNew(MitigationPage):
    """Plan work, perhaps for the risk named by ``?risk=``."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """An empty form, owned by whoever asks."""
        require(self.viewer, "mitigation.create")
        initial = {
            "risks": request.GET.getlist("risk"),
            "owner": str(self.viewer.user.uuid),
        }
        return self._page(self.form(initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Plan it, or say what is wrong with the form."""
        require(self.viewer, "mitigation.create")
        form = self.form(request.POST)
        if form.is_valid():
            try:
                made = create_mitigation(
                    actor=self.viewer,
                    fields=form.fields_for_service(),
                    visibility=form.cleaned_data["visibility"],
                    at=self.at,
                )
            except Invalid as invalid:
                add_errors(form, invalid)
            else:
                messages.success(request, _("%(ref)s is planned.") % {"ref": made.ref})
                return HttpResponseRedirect(self.url("mitigation", ref=made.ref))
        return self._page(form, 400)

    def _page(self, form: MitigationForm, status: int = 200) -> HttpResponse:
        return self.render("mitigations/form.html", {"form": form, "new": True}, status)


class MitigationEdit(MitigationPage):
    """Change one; whoever was slower sees both versions and chooses."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The form as it stands."""
        mitigation = mitigation_for(self.viewer, ref)
        require(self.viewer, "mitigation.edit", mitigation)
        form = self.form(initial=self._values(mitigation), current=mitigation)
        return self._page(form, mitigation)

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Save it; 409 with both versions when somebody else saved first."""
        mitigation = mitigation_for(self.viewer, ref)
        require(self.viewer, "mitigation.edit", mitigation)
        form = self.form(request.POST, current=mitigation)
        if form.is_valid():
            try:
                was = mitigation.outdated_translations
                saved = edit_mitigation(
                    actor=self.viewer,
                    ref=ref,
                    version=form.cleaned_data["version"] or 0,
                    fields=form.fields_for_service(),
                    at=self.at,
                )
            except Invalid as invalid:
                add_errors(form, invalid)
            except Conflict:
                return self._conflict(form, mitigation_for(self.viewer, ref))
            else:
                messages.success(request, _("%(ref)s is saved.") % {"ref": ref})
                stale = outdated_after_saving(saved, TEXTS)
                if stale and saved.outdated_translations != was:
                    messages.warning(request, stale)
                return HttpResponseRedirect(self.url("mitigation", ref=ref))
        return self._page(form, mitigation, 400)

    def _conflict(self, form: MitigationForm, mitigation: Mitigation) -> HttpResponse:
        theirs = self._values(mitigation)
        mine = form.fields_for_service()
        differences = [
            {
                "label": form.fields[name].label,
                "mine": _shown(form, name, mine[name]),
                "theirs": _shown(form, name, theirs[name]),
            }
            for name in mine
            if _comparable(mine[name]) != _comparable(theirs[name])
        ]
        data: Any = form.data.copy()  # type: ignore[attr-defined]
        data["version"] = str(mitigation.version)
        context = {
            "m": mitigation,
            "differences": differences,
            "form": self.form(data, current=mitigation),
        }
        return self.render("mitigations/conflict.html", context, 409)

    def _page(
        self, form: MitigationForm, mitigation: Mitigation, status: int = 200
    ) -> HttpResponse:
        context = {"form": form, "m": mitigation, "title": mitigation.said("title")}
        return self.render("mitigations/form.html", context, status)

    def _values(self, mitigation: Mitigation) -> dict[str, Any]:
        plain = ("title", "description", "expected_effect", "status", "due_on", "cost", "progress")
        risks = visible_risks(self.viewer).filter(mitigations=mitigation)
        return {
            **{name: getattr(mitigation, name) for name in plain},
            "owner": str(mitigation.owner.uuid),
            "risks": sorted(risks.values_list("ref", flat=True)),
            "version": mitigation.version,
        }


def _comparable(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(value)
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else value


def _shown(form: MitigationForm, name: str, value: Any) -> str:
    choices = dict(getattr(form.fields[name], "choices", ()) or ())
    values = value if isinstance(value, list) else [value]
    return ", ".join(str(choices.get(v, v)) for v in values if v not in (None, ""))


urlpatterns = [
    path("mitigations/", MitigationList.as_view(), name="mitigations"),
    path("mitigations/new/", MitigationNew.as_view(), name="mitigation_new"),
    path("mitigations/<str:ref>/", MitigationDetail.as_view(), name="mitigation"),
    path("mitigations/<str:ref>/edit/", MitigationEdit.as_view(), name="mitigation_edit"),
    path("risks/<str:ref>/mitigations/", RiskMitigations.as_view(), name="risk_mitigations"),
]
