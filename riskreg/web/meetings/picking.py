"""The list of meetings, and picking the set of a new one."""

from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.errors import Invalid
from riskreg.register.permissions import permits, require
from riskreg.register.queries import Choices, choices_for
from riskreg.register.visibility import Visibility
from riskreg.reviews.queries.meetings import (
    MAX_ITEMS,
    meetings_for,
    open_risks_for_meeting,
)
from riskreg.reviews.services import (
    start_meeting,
)
from riskreg.risks import filters
from riskreg.web.base import add_errors
from riskreg.web.file_links import file_links
from riskreg.web.filter_form import (
    active_filters,
    filter_fields,
    filter_problems,
    url_without_empty_params_or_none,
)
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.meetings.base import MeetingView
from riskreg.web.presenters import Scale, name_of_person, query_string

PER_PAGE = 50
WITH = "with"
_SWITCHES = ("overdue", "above_appetite")


class MeetingList(MeetingView):
    """Running meetings and past ones, newest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        page = Paginator(meetings_for(self.viewer), PER_PAGE).get_page(request.GET.get("page"))
        context = {
            "rows": [
                {
                    "meeting": meeting,
                    "chair": name_of_person(meeting.chair),
                    "url": self.page_url("meeting", meeting=meeting.uuid),
                    "private": meeting.visibility == Visibility.PARTY,
                }
                for meeting in page
            ],
            "page_obj": page,
            "may_hold": permits(self.viewer, "meeting.hold"),
            "exports": file_links(self.viewer, "meeting_export"),
        }
        return self.render("meetings/index.html", context)


class NewMeetingForm(forms.Form):
    """What the meeting is called; its set is in the address."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=400)


@adds_same_contents_once
class NewMeeting(MeetingView):
    """Pick the set by the filters of the risk list, see it, start. The address says the set."""

    def get(self, request: HttpRequest) -> HttpResponse:
        require(self.viewer, "meeting.hold")
        tidy = url_without_empty_params_or_none(request)
        if tidy or not request.GET:
            return HttpResponseRedirect(tidy or "?overdue=true")
        return self._page(
            request, NewMeetingForm(initial={"title": self._initial_meeting_title(request)})
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        require(self.viewer, "meeting.hold")
        form = NewMeetingForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=400)
        try:
            meeting = start_meeting(
                actor=self.viewer,
                title=form.cleaned_data["title"],
                recipe={k: v for k, v in request.GET.lists() if k != WITH},
                visibility=self._visibility_from_query(request),
                at=self.at,
            )
        except Invalid as invalid:
            add_errors(form, invalid)
            return self._page(request, form, status=400)
        return HttpResponseRedirect(self.page_url("meeting_item", meeting=meeting.uuid, number=1))

    @staticmethod
    def _visibility_from_query(request: HttpRequest) -> str:
        return Visibility.PARTY if request.GET.get(WITH) == "party" else Visibility.SHARED

    def _initial_meeting_title(self, request: HttpRequest) -> str:
        day = date_format(self.viewer.today(self.at), "DATE_FORMAT")
        if request.GET.get("overdue"):
            return _("Overdue reviews, %(day)s") % {"day": day}
        if request.GET.get("above_appetite"):
            return _("Risks above appetite, %(day)s") % {"day": day}
        return _("Review meeting, %(day)s") % {"day": day}

    def _page(self, request: HttpRequest, form: NewMeetingForm, status: int = 200) -> HttpResponse:
        viewer = self.viewer
        problems: list[dict[str, str]] = []
        scale = Scale(viewer.register.criteria)
        visibility = self._visibility_from_query(request)
        try:
            chosen = filters.parse(
                viewer, request.GET, self.at, other_params=(WITH, "ordering", "page")
            )
            rows = list(open_risks_for_meeting(viewer, chosen, visibility)[: MAX_ITEMS + 1])
        except Invalid as invalid:
            problems = filter_problems(invalid, choices_for(viewer), scale)
            chosen, rows, status = filters.RiskFilter(), [], 400
        choices = choices_for(viewer)
        address: dict[str, Any] = {**chosen.given}
        if visibility == Visibility.PARTY:
            address[WITH] = "party"
        context = {
            "form": form,
            "problems": problems,
            "rows": [
                {
                    "ref": row.ref,
                    "title": row.risk.localized("title"),
                    "private": row.visibility == Visibility.PARTY,
                    "owner": name_of_person(row.owner),
                    "party": row.party.name,
                    "chip": scale.cell_chip(row.cell("residual"), row.kind),
                    "due": row.risk.next_review_on,
                }
                for row in rows[:MAX_ITEMS]
            ],
            "count": min(len(rows), MAX_ITEMS),
            "too_many": len(rows) > MAX_ITEMS,
            "quick": self._quick_choices(choices, chosen, address),
            "audiences": self._audiences(address, visibility),
            "private": visibility == Visibility.PARTY,
            "fields": filter_fields(
                choices, chosen.given, ("rating", "party", "owner", "term"), scale
            ),
            "active": active_filters(choices, chosen.given, address, scale=scale, skip=("stage",)),
            "switches": [
                {"name": name, "label": label, "on": name in chosen.given}
                for name, label in zip(
                    _SWITCHES, (_("Review overdue"), _("Above appetite")), strict=True
                )
            ],
            "query": query_string(address),
        }
        return self.render("meetings/new.html", context, status)

    def _quick_choices(
        self, choices: Choices, chosen: filters.RiskFilter, address: dict[str, Any]
    ) -> list[dict[str, Any]]:
        kept = {k: v for k, v in address.items() if k == WITH}
        picks: list[tuple[str, dict[str, Any]]] = [
            (_("Overdue"), {"overdue": ["true"]}),
            (_("Above appetite"), {"above_appetite": ["true"]}),
        ]
        picks += [
            (name, {"term": [value]})
            for key, _title, terms in choices.taxonomies
            if key == "workstream"
            for value, name in terms
        ]
        picks.append((_("All open risks"), {"state": ["open"]}))
        return [
            {
                "label": label,
                "url": query_string({**kept, **given}),
                "current": chosen.given == given,
            }
            for label, given in picks
        ]

    def _audiences(self, address: dict[str, Any], visibility: str) -> list[dict[str, Any]]:
        rest = {k: v for k, v in address.items() if k != WITH}
        own = self.viewer.party.name if self.viewer.party else ""
        return [
            {
                "label": _("Everybody"),
                "url": query_string(rest),
                "current": visibility == Visibility.SHARED,
            },
            {
                "label": _("Only %(party)s") % {"party": own},
                "url": query_string(rest, **{WITH: "party"}),
                "current": visibility == Visibility.PARTY,
            },
        ]
