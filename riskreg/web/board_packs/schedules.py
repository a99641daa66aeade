"""Having board packs made before meetings: the form, and what was sent."""

import uuid
from collections.abc import Collection
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from riskreg.exchange.models import PackLanguage, PackSchedule, PackSending
from riskreg.exchange.queries.schedules import (
    last_sendings_of,
    people_named_by,
    present_pack_makers,
    running_schedule_of_own_party,
    running_schedules_of_own_party,
    was_begun_late,
)
from riskreg.exchange.schedule_fields import PACK_SCHEDULE
from riskreg.exchange.services.pack_mail import text_on_why_not_written_to
from riskreg.exchange.services.schedules import change_schedule, create_schedule, end_schedule
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.visibility import Visibility
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.conflict import (
    ComparedValues,
    edit_conflict_context,
    names_to_save,
    seen_value,
)
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.presenters import name_of_person
from riskreg.web.table_form import (
    fields_in_form,
    form_field,
    initial_value,
    keep_shown_values_beside_fields,
    set_choices,
)


class ScheduleForm(forms.Form):
    """Before which meetings, what, and for whom. The service checks it."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, viewer: Viewer, data: Any = None, *, row: PackSchedule | None = None
    ) -> None:
        super().__init__(data, initial=_initial_values(viewer, row))
        for each in PACK_SCHEDULE.settable:
            self.fields[each.name] = form_field(each)
        own = _("what every party sees, and what is %(party)s's own") % {"party": viewer.party}
        set_choices(self, "audience", [
            (Visibility.SHARED.value, _("what every party sees")), (Visibility.PARTY.value, own),
        ])  # fmt: skip
        people = [
            (str(m.user.uuid), f"{m.user} · {m.get_role_display()}")
            for m in present_pack_makers(viewer.register.pk, viewer.party_id)
        ]
        set_choices(self, "recipients", people)
        if row is not None:
            keep_shown_values_beside_fields(self)

    def fields_for_service(self) -> dict[str, Any]:
        """What the service takes, by the names of the table."""
        return {
            field.name: self.cleaned_data[field.name]
            for field in fields_in_form(PACK_SCHEDULE, self)
        }


def _initial_values(viewer: Viewer, row: PackSchedule | None) -> dict[str, Any]:
    if row is not None:
        kept = {field.name: initial_value(field, row) for field in PACK_SCHEDULE.settable}
        return {**kept, "version": row.version}
    spoken = viewer.user.language
    return {
        "days_before": 7, "repeats": "day", "audience": "shared", "format": "pdf",
        "language": spoken if spoken in PackLanguage.values else PackLanguage.EN.value,
        "recipients": [str(viewer.user.uuid)],
    }  # fmt: skip


class ScheduleView(RegisterView):
    """A page about schedules."""

    def page_url(self, name: str, **kwargs: str) -> str:
        """The address of a page of this register."""
        return reverse(f"web:{name}", kwargs={"slug": self.viewer.register.slug, **kwargs})

    def redirect_with(self, message: str) -> HttpResponse:
        """To the page of board packs, where it says so."""
        messages.success(self.request, message)
        return HttpResponseRedirect(f"{self.page_url('board_packs')}#schedules")


class ScheduleNew(ScheduleView):
    """Another schedule of the viewer's party."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        require(self.viewer, "pack.make")
        return self._page(ScheduleForm(self.viewer))

    @adds_same_contents_once
    def post(self, request: HttpRequest) -> HttpResponse:
        """Set it, or say what is wrong."""
        require(self.viewer, "pack.make")
        form = ScheduleForm(self.viewer, request.POST)
        if form.is_valid():
            try:
                create_schedule(actor=self.viewer, given=form.fields_for_service(), at=self.at)
            except Invalid as invalid:
                add_errors(form, invalid)
            else:
                return self.redirect_with(
                    _("Board packs will be made and sent before this meeting.")
                )
        return self._page(form, 400)

    def _page(self, form: ScheduleForm, status: int = 200) -> HttpResponse:
        return self.render("board_packs/schedule.html", {"form": form}, status)


class ScheduleEdit(ScheduleView):
    """Change one, or end it; and what was sent."""

    def get(self, request: HttpRequest, schedule: uuid.UUID) -> HttpResponse:
        """The form."""
        row = self._row(schedule)
        return self._page(row, ScheduleForm(self.viewer, row=row))

    def post(self, request: HttpRequest, schedule: uuid.UUID) -> HttpResponse:
        """``action``: save (the default) or end; 409 when somebody else was faster."""
        row = self._row(schedule)
        form = ScheduleForm(self.viewer, request.POST, row=row)
        known: dict[str, Any] = {"actor": self.viewer, "schedule": schedule, "at": self.at}
        if request.POST.get("action") == "end":
            return self._end_schedule(row, form, known)
        if not form.is_valid():
            return self._page(row, form, 400)
        touched = names_to_save(request, form.changed_data)
        fields = {
            name: value for name, value in form.fields_for_service().items() if name in touched
        }
        try:
            version = form.cleaned_data["version"] or 0
            change_schedule(**known, fields=fields, version=version)
        except Invalid as invalid:
            add_errors(form, invalid)
            return self._page(row, form, 400)
        except Conflict:
            return self._conflict_page(request, form, self._row(schedule), touched)
        return self.redirect_with(_("The schedule is saved."))

    def _end_schedule(
        self, row: PackSchedule, form: ScheduleForm, known: dict[str, Any]
    ) -> HttpResponse:
        form.is_valid()
        try:
            end_schedule(**known, version=form.cleaned_data.get("version") or 0)
        except Conflict as conflict:
            now = self._row(row.uuid)
            return self._page(now, ScheduleForm(self.viewer, row=now), 409, conflict.detail)
        return self.redirect_with(_("The schedule has ended; nothing more is made for it."))

    def _row(self, schedule: uuid.UUID) -> PackSchedule:
        row = running_schedule_of_own_party(self.viewer, schedule)
        require(self.viewer, "pack.make", row)
        return row

    def _conflict_page(
        self, request: HttpRequest, form: ScheduleForm, now: PackSchedule, touched: Collection[str]
    ) -> HttpResponse:
        newest = ScheduleForm(self.viewer, row=now)
        seen = {
            field.name: seen_value(form, field.name)
            for field in fields_in_form(PACK_SCHEDULE, form)
        }
        here = self.page_url("pack_schedule", schedule=str(now.uuid))
        context = edit_conflict_context(
            request, PACK_SCHEDULE, now, (form, newest),
            ComparedValues(form.fields_for_service(), newest.initial, seen), touched,
            {"thing": here, "edit": here}, _("Back to the schedule"),
        )  # fmt: skip
        return self.render("conflict.html", context, 409)

    def _page(
        self, row: PackSchedule, form: ScheduleForm, status: int = 200, conflict: str = ""
    ) -> HttpResponse:
        found = last_sendings_of([row])[row.pk]
        context = {
            "row": row,
            "form": form,
            "conflict": conflict,
            "sendings": sending_rows(found, row.register.time_zone),
        }
        return self.render("board_packs/schedule.html", context, status)


def running_schedule_rows(viewer: Viewer) -> list[dict[str, Any]]:
    """The schedules of the viewer's party, as the page of board packs lists them."""
    rows = list(running_schedules_of_own_party(viewer))
    people = people_named_by(rows, [])
    return [
        {
            "row": row,
            "private": row.audience == Visibility.PARTY,
            "people": enumerate_texts(
                name_of_person(people[name]) for name in row.recipients if name in people
            ),
        }
        for row in rows
    ]


def sending_rows(found: list[PackSending], zone: str) -> list[dict[str, Any]]:
    """What was done for meetings, in words."""
    people = people_named_by([], found)
    return [
        {
            "one": one,
            "state": capfirst(one.get_state_display()),
            "late": was_begun_late(one, zone),
            "notified": enumerate_texts(name_of_person(people[name]) for name in one.notified),
            "left_out": [
                text_on_why_not_written_to(name_of_person(people[left["user"]]), left["why"])
                for left in one.left_out
            ],
        }
        for one in found
    ]
