"""Away: who is or will be away in a register, who stands in, and recording it."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Invalid
from riskreg.register.access import Viewer
from riskreg.register.models import Absence
from riskreg.register.permissions import permits, permits_for_person, require
from riskreg.register.queries import answerable_members, unended_absences_for
from riskreg.register.services import end_absence, start_absence
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.table_form import set_choices


class AbsenceForm(forms.Form):
    """Days away, and somebody of one's own party who stands in."""

    user = forms.ChoiceField(label=gettext_lazy("Who is away"))
    starts_on = forms.CharField(
        label=gettext_lazy("First day away"), widget=forms.DateInput({"type": "date"})
    )
    until_on = forms.CharField(
        label=gettext_lazy("Last day away"), widget=forms.DateInput({"type": "date"})
    )
    stand_in = forms.ChoiceField(
        label=gettext_lazy("Who stands in"),
        required=False,
        help_text=gettext_lazy(
            "They are reminded instead, and may review what is yours until you are back. With "
            "nobody named, deputies are told, then the managers of your party."
        ),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("For your own party only."),
    )

    def __init__(self, viewer: Viewer, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        own = [m for m in answerable_members(viewer) if m.party_id == viewer.party_id]
        people = [(str(m.user.uuid), str(m.user)) for m in own]
        away = [
            (str(m.user.uuid), str(m.user))
            for m in own
            if permits_for_person(viewer, "absence.record", m.user_id, m.party_id)
        ]
        set_choices(self, "user", away)
        if len(away) == 1:
            self.fields["user"].widget = forms.HiddenInput()
        set_choices(self, "stand_in", [("", _("nobody")), *people])
        if not self.is_bound:
            self.initial.setdefault("user", str(viewer.user.uuid))


class Absences(RegisterView):
    """Who is away; a form for oneself, and for managers for their party."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Now and to come, soonest first."""
        return self._page(None)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Record an absence."""
        require(self.viewer, "absence.record")
        form = AbsenceForm(self.viewer, request.POST)
        if form.is_valid():
            try:
                row = start_absence(actor=self.viewer, at=self.at, **form.cleaned_data)
            except Invalid as invalid:
                add_errors(form, invalid)
            else:
                message = _("It is recorded. %(name)s stands in.") % {"name": row.stand_in}
                messages.success(request, message if row.stand_in else _("It is recorded."))
                return self._redirect_to_list()
        return self._page(form, 400)

    def _redirect_to_list(self) -> HttpResponse:
        keys = {"slug": self.viewer.register.slug}
        return HttpResponseRedirect(reverse("web:absences", kwargs=keys))

    def _page(self, form: AbsenceForm | None, status: int = 200) -> HttpResponse:
        may = permits(self.viewer, "absence.record")
        if form is None and may:
            today = self.viewer.today(self.at)
            form = AbsenceForm(self.viewer, initial={"starts_on": today.isoformat()})
        rows = list(unended_absences_for(self.viewer, self.viewer.today(self.at)))
        context = {
            "title": _("Away"),
            "rows": [self._row(row) for row in rows],
            "form": form,
            "may_hand_over": permits(self.viewer, "handover.make"),
        }
        return self.render("absences/index.html", context, status)

    def _row(self, row: Absence) -> dict[str, Any]:
        party = row.of_party  # type: ignore[attr-defined]
        own = self.viewer.party_id is not None and party == self.viewer.party_id
        return {
            "absence": row,
            "user": str(row.user),
            "stand_in": str(row.stand_in) if row.stand_in else "",
            "stand_in_away": row.stand_in_away,  # type: ignore[attr-defined]
            "now": row.starts_on <= self.viewer.today(self.at),
            "note": row.note if own else "",
            "may_end": permits_for_person(self.viewer, "absence.record", row.user_id, party),
        }


class AbsenceEnd(Absences):
    """Back early, or not going."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, uuid: uuid.UUID) -> HttpResponse:  # type: ignore[override]
        """End it today."""
        row = end_absence(actor=self.viewer, absence=uuid, at=self.at)
        messages.success(request, _("%(name)s is back.") % {"name": row.user})
        return self._redirect_to_list()


urlpatterns = [
    path("away/", Absences.as_view(), name="absences"),
    path("away/<uuid:uuid>/end/", AbsenceEnd.as_view(), name="absence_end"),
]
