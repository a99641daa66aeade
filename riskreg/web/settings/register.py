"""Register settings: its frame for everybody to read, and what managers change here."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.forms.boundfield import BoundField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.accounts.zones import zone_choices
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.access import Viewer
from riskreg.register.appetite_words import appetites_of_terms
from riskreg.register.axes import AXES, axes_of
from riskreg.register.change_models import ChangeRequest
from riskreg.register.change_queries import may_answer, open_change_requests
from riskreg.register.permissions import permits, require
from riskreg.register.policy import Matrix
from riskreg.register.queries import active_members_for, parties_for
from riskreg.register.services import set_axes, set_time_zone
from riskreg.risks.services import set_cadence
from riskreg.risks.services.cadence import UNRATED
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.bilingual import SECOND, nonempty_texts_by_language
from riskreg.web.change_requests.asking import names_of_parties_to_ask, redirect_to_request
from riskreg.web.levels import who_may_accept_text
from riskreg.web.table_form import set_choices

MEMBERS_SHOWN = 200
_CADENCE = "cadence_"


class CadenceForm(forms.Form):
    """Days from one review to the next, for each rating of the criteria in force."""

    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, viewer: Viewer, data: Any = None) -> None:
        matrix = Matrix(viewer.criteria)
        self.keys = [*reversed(matrix.rating_keys), UNRATED]
        self.names = {k: _rating_name(matrix, k) for k in self.keys}
        days = {k: matrix.cadence_days(None if k == UNRATED else k) for k in self.keys}
        initial = {_CADENCE + k: days[k] for k in self.keys}
        super().__init__(data, initial={"seen": viewer.criteria.number, **initial})
        for key in self.keys:
            # Text: what is no number of days is for the service to refuse, not for the form.
            self.fields[_CADENCE + key] = forms.CharField(
                label=self.names[key],
                max_length=12,
                widget=forms.NumberInput({"min": 1, "max": 3650, "inputmode": "numeric"}),
            )

    @property
    def day_fields(self) -> list[BoundField]:
        """The fields, from the most severe rating down."""
        return [self[_CADENCE + key] for key in self.keys]

    def days_by_rating(self) -> dict[str, Any]:
        """Days by rating, a number wherever one was written."""
        return {key: _parse_number(self.cleaned_data[_CADENCE + key]) for key in self.keys}


class ZoneForm(forms.Form):
    """The register's time zone."""

    seen = forms.CharField(max_length=60, widget=forms.HiddenInput)
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=60,
        widget=forms.Select,
        help_text=gettext_lazy(
            "Due dates stay the days they are. Which day it is today, and so what is late, "
            "follows the zone."
        ),
    )

    def __init__(self, viewer: Viewer, data: Any = None) -> None:
        now = viewer.register.time_zone
        super().__init__(data, initial={"seen": now, "time_zone": now})
        choices = zone_choices()
        if not any(now == zone for _region, zones in choices for zone, _name in zones):
            choices = [(now, [(now, now)]), *choices]
        widget: Any = self.fields["time_zone"].widget
        widget.choices = choices


class AxesForm(forms.Form):
    """Which axis lies across, and what both are called."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    across = forms.ChoiceField(
        label=gettext_lazy("Across lies"), required=False, widget=forms.RadioSelect
    )

    def __init__(self, viewer: Viewer, data: Any = None) -> None:
        axes = axes_of(viewer.register)
        super().__init__(data, initial={"version": viewer.register.version, "across": axes.across})
        plain = {"likelihood": _("Likelihood"), "impact": _("Impact")}
        set_choices(self, "across", [(axis, plain[axis]) for axis in ("impact", "likelihood")])
        languages = (
            ("", _("Own name of: %(axis)s")),
            (SECOND, _("Own name in Chinese of: %(axis)s")),
        )
        for axis in AXES:
            for language, label in languages:
                name = f"{axis}_zh" if language else axis
                self.fields[name] = forms.CharField(
                    label=label % {"axis": plain[axis]},
                    required=False,
                    initial=axes.names.get(axis, {}).get(language or "en", ""),
                    widget=forms.TextInput({"lang": "zh-Hans"} if language else {}),
                )

    def fields_for_service(self) -> dict[str, Any]:
        """As the service takes it."""
        names = {axis: nonempty_texts_by_language(self.cleaned_data, axis) for axis in AXES}
        return {
            "across": self.cleaned_data["across"],
            "names": {axis: own for axis, own in names.items() if own},
            "version": self.cleaned_data["version"],
        }


class Settings(RegisterView):
    """Everybody of the register reads them; managers have forms besides."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        return self.page()

    def page(
        self,
        *,
        cadence_form: CadenceForm | None = None,
        zone_form: ZoneForm | None = None,
        axes_form: AxesForm | None = None,
        status: int = 200,
        conflict: str = "",
    ) -> HttpResponse:
        """The page, with forms that could not be saved in place of fresh ones."""
        viewer = self.viewer
        register, criteria = viewer.register, viewer.criteria
        matrix = Matrix(criteria)
        members = list(active_members_for(viewer)[: MEMBERS_SHOWN + 1])
        context = {
            "may_edit": permits(viewer, "register.configure"),
            "cadence_form": cadence_form or CadenceForm(viewer),
            "zone_form": zone_form or ZoneForm(viewer),
            "axes_form": axes_form or AxesForm(viewer),
            "axes": axes_of(register),
            "axis_names": [(axis, axes_of(register).name(axis)) for axis in AXES],
            "conflict": conflict,
            "parties_asked": names_of_parties_to_ask(viewer)
            if permits(viewer, "register.configure")
            else "",
            "waiting_requests": self._open_change_requests(),
            "names": _languages(register.names),
            "languages": register.languages,
            "criteria": criteria,
            "appetite": matrix.rating_name(criteria.appetite),
            "appetites_of_terms": appetites_of_terms(viewer, criteria),
            "ratings": [
                {
                    "name": matrix.rating_name(key),
                    "tone": n,
                    "days": matrix.cadence_days(key),
                    "accepts": who_may_accept_text(matrix, key),
                }
                for n, key in reversed(list(enumerate(matrix.rating_keys)))
            ],
            "unrated_days": matrix.cadence_days(None),
            "parties": list(parties_for(viewer)),
            "members": [
                {"m": m, "role": capfirst(m.get_role_display())} for m in members[:MEMBERS_SHOWN]
            ],
            "more_members": len(members) > MEMBERS_SHOWN,
            "parts": _further_pages(viewer),
        }
        return self.render("register_settings/index.html", context, status)

    def _open_change_requests(self) -> list[dict[str, Any]]:
        """Change requests that wait for an answer, and whether it is the viewer's to give."""
        today = self.viewer.today(self.at)
        return [
            {"row": row, "mine": may_answer(self.viewer, row, today)}
            for row in open_change_requests(self.viewer)
        ]

    def redirect_with(self, message: str) -> HttpResponse:
        """Back to the page with a word of what was done."""
        messages.success(self.request, message)
        return HttpResponseRedirect(_url("web:register_settings", self.viewer))

    def reload_register(self) -> None:
        """Read the register again, after somebody else has changed it."""
        self.viewer.register.refresh_from_db()


class CadenceChange(Settings):
    """Other days between reviews."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """A new version of the criteria in force, or what is wrong with the days."""
        require(self.viewer, "register.configure")
        form = CadenceForm(self.viewer, request.POST)
        if not form.is_valid():
            return self.page(cadence_form=form, status=400)
        try:
            changed = set_cadence(
                actor=self.viewer,
                cadence=form.days_by_rating(),
                seen_number=form.cleaned_data["seen"],
                at=self.at,
            )
        except Invalid as invalid:
            renamed = {n.replace("cadence.", _CADENCE): e for n, e in invalid.fields.items()}
            add_errors(form, Invalid(renamed))
            return self.page(cadence_form=form, status=400)
        except Conflict as conflict:
            return self._conflict_page(conflict.detail, form)
        if isinstance(changed, ChangeRequest):
            return redirect_to_request(request, self.viewer, changed)
        register = changed
        assert register.criteria is not None  # noqa: S101 - a register always has criteria
        if register.criteria.number == form.cleaned_data["seen"]:
            return self.redirect_with(_("Nothing differs, so nothing was changed."))
        return self.redirect_with(
            _("The cadence is saved as version %(n)d of the criteria. Reviews come earlier, never "
              "later, for it.")
            % {"n": register.criteria.number}
        )  # fmt: skip

    def _conflict_page(self, why: str, form: CadenceForm) -> HttpResponse:
        """What is in force now, beside what was written; saving again replaces it knowingly."""
        self.reload_register()
        now = CadenceForm(self.viewer)
        data = {name: form.data[name] for name in now.fields if name in form.data}
        data = {**now.initial, **data, "seen": self.viewer.criteria.number}
        return self.page(cadence_form=CadenceForm(self.viewer, data), status=409, conflict=why)


class ZoneChange(Settings):
    """Another time zone."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """The register in its new zone, or why not."""
        require(self.viewer, "register.configure")
        form = ZoneForm(self.viewer, request.POST)
        if not form.is_valid():
            return self.page(zone_form=form, status=400)
        try:
            changed = set_time_zone(actor=self.viewer, at=self.at, **form.cleaned_data)
        except Invalid as invalid:
            add_errors(form, invalid)
            return self.page(zone_form=form, status=400)
        except Conflict as conflict:
            self.reload_register()
            data = {**form.cleaned_data, "seen": self.viewer.register.time_zone}
            form = ZoneForm(self.viewer, data)
            return self.page(zone_form=form, status=409, conflict=conflict.detail)
        if isinstance(changed, ChangeRequest):
            return redirect_to_request(request, self.viewer, changed)
        return self.redirect_with(
            _("Due dates are now days in the zone %(zone)s.") % {"zone": changed.time_zone}
        )


class AxesChange(Settings):
    """Another axis across, or other names."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Draw the matrices so from now on, or say why not."""
        require(self.viewer, "register.configure")
        form = AxesForm(self.viewer, request.POST)
        if not form.is_valid():
            return self.page(axes_form=form, status=400)
        try:
            set_axes(actor=self.viewer, at=self.at, **form.fields_for_service())
        except Invalid as invalid:
            renamed = {n.removesuffix(".names"): e for n, e in invalid.fields.items()}
            add_errors(form, Invalid(renamed))
            return self.page(axes_form=form, status=400)
        except Conflict as conflict:
            self.reload_register()
            data = {**{n: form.data[n] for n in form.data}}
            again = AxesForm(self.viewer, {**data, "version": self.viewer.register.version})
            return self.page(axes_form=again, status=409, conflict=conflict.detail)
        return self.redirect_with(_("The matrices are drawn so from now on."))


def _rating_name(matrix: Matrix, key: str) -> str:
    return capfirst(matrix.rating_name(None if key == UNRATED else key))


def _parse_number(text: str) -> int | str:
    return int(text) if text.isascii() and text.removeprefix("-").isdigit() else text


def _languages(names: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(code, name) for code, name in names.items() if name]


def _url(name: str, viewer: Viewer) -> str:
    return reverse(name, kwargs={"slug": viewer.register.slug})


def _further_pages(viewer: Viewer) -> list[dict[str, str]]:
    """Pages about the register that the viewer may open and the navigation leaves out."""
    known = [
        ("web:members", "register.view", "user-group", _("Members"),
         _("Who is here, invitations, programs, and what each role may do")),
        ("web:parties", "register.view", "building-office-2", _("Parties"),
         _("The organisations that share the register")),
        ("web:ladder", "register.view", "bell-alert", _("Reminder ladder"),
         _("Who is told when, before and after a due date")),
        ("web:programme", "register.view", "flag", _("Programme"),
         _("When and where it runs, its horizon, milestones and gates")),
        ("web:criteria", "register.view", "squares-2x2", _("Criteria"),
         _("Levels, matrix, ratings, appetite and who may accept")),
        ("web:change_requests", "register.view", "scale", _("Change requests"),
         _("What waits for a yes of every party, and what was changed")),
        ("web:terms", "register.view", "tag", _("Classifications"),
         _("What risks are filed under, and in which words")),
        ("web:endpoints", "endpoint.edit", "signal", _("Chats and webhooks"),
         _("Where reminders go besides people")),
        ("web:absences", "risk.view", "calendar-days", _("Away"),
         _("Who is away, and who stands in")),
        ("web:register_archive", "register.archive", "archive-box",
         _("Restore") if viewer.register.archived_at else _("Archive"),
         _("Read only, without reminders, until it is restored")),
        ("web:exports", "party.export", "arrow-down-tray", _("Take everything along"),
         _("All that your party may see, in one file")),
        ("web:handover", "handover.make", "arrow-right-circle", _("Hand over"),
         _("All that a person answers for, in one step")),
    ]  # fmt: skip
    found = []
    for name, action, icon, label, note in known:
        try:
            if permits(viewer, action):
                url = _url(name, viewer)
                found.append({"url": url, "icon": icon, "label": label, "note": note})
        except (KeyError, NoReverseMatch):
            continue
    return found


urlpatterns = [
    path("settings/", Settings.as_view(), name="register_settings"),
    path("settings/cadence/", CadenceChange.as_view(), name="register_cadence"),
    path("settings/axes/", AxesChange.as_view(), name="register_axes"),
    path("settings/zone/", ZoneChange.as_view(), name="register_zone"),
]
