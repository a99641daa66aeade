"""My work: what falls due for me, most urgent first, and what changed since I was last here."""

import datetime as dt
from collections import Counter
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from riskreg.duties.queries import agenda
from riskreg.duties.queries.news import changes_by_others_since
from riskreg.duties.sources import BREACH, MITIGATION_DUE, REVIEW, Duty
from riskreg.duties.sources import LISTED as listed_kinds
from riskreg.indicators.models import Breach
from riskreg.kernel.replica import from_replica
from riskreg.register.models import Absence, Role
from riskreg.register.people import is_maker_who_manages
from riskreg.register.permissions import permits
from riskreg.register.policy import Matrix
from riskreg.risks.models import Mitigation
from riskreg.risks.queries.access import visible_risks
from riskreg.risks.queries.counts import risk_counts
from riskreg.web.base import RegisterView
from riskreg.web.duties import rows as agenda_page
from riskreg.web.duties.labels import action_label
from riskreg.web.history.page import event_rows
from riskreg.web.indicators.panels import breach_rows

DUE_DAYS = 14
# What holds others up until the viewer answers: listed from the day it is asked, not only when it
# falls due.
ANSWERS_TO_REQUESTS = ("change.answer", "acceptance.answer", "decision.answer")
# Of each kind: as many as one gets through before looking again. Who has more sees the
# worst of them, and how many there are.
MOST_DUTIES = 30
LATER = 8
MITIGATIONS = 20
LISTED = 10
# Pages where something is done, and those of what it is done to.
_ABOUT = {"review": "risk", "indicator_readings": "indicator"}
# A reload a moment later must not make "since I was last here" empty.
VISIT_GAP = dt.timedelta(minutes=30)
FIRST_VISIT = dt.timedelta(days=7)
SEEN_SECONDS = 400 * 24 * 3600


class MyWork(RegisterView):
    """An owner's home; for others, what waits in their party or register and what changed."""

    @from_replica
    def get(self, request: HttpRequest) -> HttpResponse:
        """The page, with a cookie that remembers this visit."""
        viewer, today = self.viewer, self.viewer.today(self.at)
        self.matrix = Matrix(viewer.register.criteria)
        away = {row.user_id: row for row in viewer.own_and_stood_in_absences_today}
        soon = today + dt.timedelta(days=DUE_DAYS)
        all_mine, waiting = self._read_own_duties_and_others_reviews(today, soon)
        own = [d for d in all_mine if viewer.user.pk in (d.owner_id, d.deputy_id)]
        mine = [d for d in own if d.kind == REVIEW.kind]
        works = [d for d in own if d.kind == MITIGATION_DUE.kind]
        called: dict[Any, Breach] = {d.key: d.thing for d in own if d.kind == BREACH.kind}
        end = agenda_page.first_day_after_shown_weeks(today)
        coming = [d for d in all_mine if _due_day_of(d) < end and d.key not in called]
        near = [d for d in coming if _due_day_of(d) <= soon]
        asked = [d for d in all_mine if d.kind in ANSWERS_TO_REQUESTS and _due_day_of(d) > soon]
        per_day = self._counts_by_day_if_cut_off(all_mine, today, end)
        later = [d for d in coming if _due_day_of(d) > soon and d not in asked]
        rows = self._rows([*near, *asked], mine, away)
        watches = viewer.role != Role.OWNER or not (mine or works or rows)
        last, since = self._now_and_last_visit(request)
        found = changes_by_others_since(
            viewer, [duty.subject for duty in (*mine, *works)], since, LISTED
        )
        listed = {d["ref"] for d in rows}
        beyond = [d for d in works if d.ref not in listed]
        context = {
            "groups": agenda_page.groups_by_urgency(
                rows, today, per_day, self._count_later_answers_to_requests(all_mine, soon)
            ),
            "duties": rows,
            "due": agenda_page.total_due_between(rows, per_day, today, soon),
            "called": breach_rows(viewer, called.values()),
            "overdue": agenda_page.total_due_between(
                rows, per_day, None, today - dt.timedelta(days=1)
            ),
            "next": self._review_row(min(mine, key=_due_day_of)) if mine and not rows else None,
            "mitigations": self._mitigations_with_visible_risks(beyond[:MITIGATIONS]),
            "mitigations_more": max(0, len(beyond) - MITIGATIONS),
            "owned": len(mine),
            "away": away.get(viewer.user.pk),
            "stands_in": [
                agenda_page.stand_in_text(row)
                for user, row in away.items()
                if user in viewer.stands_in_for
            ],
            "may_be_away": permits(viewer, "absence.record"),
            "weeks": agenda_page.weeks_with_duties(coming, today, per_day)
            if coming or mine or works
            else [],
            "later": [self._later_row(duty) for duty in sorted(later[:LATER], key=_due_day_of)],
            "later_more": max(0, len(later) - LATER) if per_day is None else 0,
            "waiting": [self._review_row(d) for d in waiting[:LISTED]] if watches else None,
            "waiting_more": self._count_of_waiting_not_listed(len(waiting), today, soon)
            if watches
            else 0,
            "whose": str(viewer.party or viewer.register),
            "standing": self._risk_counts_context() if watches else None,
            "changed": self._with_links_and_first_changes(event_rows(viewer, found[:LISTED])),
            "since": since,
            "setup_url": self._setup_url_or_empty(),
            "title": _("My work"),
        }
        response = self.render("my_work/index.html", context)
        response.set_signed_cookie(
            "seen",
            f"{last.isoformat()} {since.isoformat()}",
            salt=self._cookie_salt(),
            max_age=SEEN_SECONDS,
            path=request.path,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
        return response

    def _setup_url_or_empty(self) -> str:
        """Where the guided set-up goes on, for the maker; empty when nothing is left of it."""
        register = self.viewer.register
        if not register.setup_steps or not is_maker_who_manages(self.viewer):
            return ""
        return reverse("web:setup", kwargs={"slug": register.slug})

    def _read_own_duties_and_others_reviews(
        self, today: dt.date, soon: dt.date
    ) -> tuple[list[Duty], list[Duty]]:
        """The viewer's duties of every kind, and the reviews that others owe up to ``soon``: in
        the viewer's party, or in the register for who has none."""
        viewer, people = self.viewer, agenda.ids_of_self_and_stood_in_for(self.viewer)
        mine = agenda.Wanted(today, people=people)
        asked = [
            agenda.WantedList(mine, MOST_DUTIES),
            agenda.WantedList(self._wanted_reviews_of_others(today, soon), LISTED + 1),
        ]
        own, others = agenda.most_urgent_duties_for(viewer, asked)
        return own, others

    def _later_row(self, duty: Duty) -> dict[str, Any]:
        """What is due in weeks, with the page of what it is about: nobody does it today."""
        keys = {"slug": self.viewer.register.slug, **duty.page_url_kwargs}
        return {
            "due_on": duty.due_on,
            "ref": duty.ref,
            "title": duty.subject_title,
            "url": reverse(f"web:{_ABOUT.get(duty.page, duty.page)}", kwargs=keys),
        }

    def _wanted_reviews_of_others(self, today: dt.date, soon: dt.date) -> agenda.Wanted:
        """The reviews that others owe."""
        return agenda.Wanted(
            today,
            kinds=(REVIEW.kind,),
            others_than=agenda.ids_of_self_and_stood_in_for(self.viewer),
            party=self.viewer.party_id,
            due_before=soon + dt.timedelta(days=1),
        )

    def _count_of_waiting_not_listed(self, read_count: int, today: dt.date, soon: dt.date) -> int:
        """How many of them are not listed; counted only where there are more than listed."""
        if read_count <= LISTED:
            return 0
        return (
            agenda.summed_duty_counts(self.viewer, self._wanted_reviews_of_others(today, soon))
            - LISTED
        )

    def _counts_by_day_if_cut_off(
        self, mine: list[Duty], today: dt.date, end: dt.date
    ) -> dict[dt.date, int] | None:
        """How many of the viewer's duties fall due on each day, where more than was read; None
        where what was read is all there is."""
        read = Counter(duty.kind for duty in mine)
        if max(read.values(), default=0) < MOST_DUTIES:
            return None
        kinds = tuple(kind for kind in listed_kinds if kind != BREACH.kind)
        wanted = agenda.Wanted(
            today,
            kinds=kinds,
            people=agenda.ids_of_self_and_stood_in_for(self.viewer),
            due_before=end,
        )
        return agenda.counts_by_day(self.viewer, wanted)

    def _count_later_answers_to_requests(self, mine: list[Duty], soon: dt.date) -> int:
        """How many answers the viewer owes that are due after ``soon``; counted by a query where
        more than was read."""
        owed = [duty for duty in mine if duty.kind in ANSWERS_TO_REQUESTS]
        if max(Counter(duty.kind for duty in owed).values(), default=0) < MOST_DUTIES:
            return sum(_due_day_of(duty) > soon for duty in owed)
        people, day = agenda.ids_of_self_and_stood_in_for(self.viewer), soon + dt.timedelta(days=1)
        wanted = agenda.Wanted(soon, kinds=ANSWERS_TO_REQUESTS, people=people)
        near = agenda.summed_duty_counts(self.viewer, replace(wanted, due_before=day))
        return agenda.summed_duty_counts(self.viewer, wanted) - near

    def _rows(
        self, duties: list[Duty], own_reviews: list[Duty], away: dict[int, Absence]
    ) -> list[dict[str, Any]]:
        ratings = {
            d.subject: agenda_page.residual_rating_of_review(d, self.matrix) for d in own_reviews
        }
        others = [d for d in duties if d.subject not in ratings]
        rows = agenda_page.duty_rows(
            self.viewer, duties, agenda.status_texts(others), ratings, away
        )
        for row, duty in zip(rows, duties, strict=True):
            row["owner"] = (
                str(agenda.owner_and_deputy_without_query(duty)[0])
                if duty.subject in ratings
                else ""
            )
        return rows

    def _review_row(self, duty: Duty) -> dict[str, Any]:
        keys = {"slug": self.viewer.register.slug, "ref": duty.ref}
        return {
            "ref": duty.ref,
            "title": duty.subject_title,
            "due_on": duty.due_on,
            "extended_until": duty.extended_until,
            "last_reviewed_on": duty.thing.last_reviewed_on,
            "owner": str(agenda.owner_and_deputy_without_query(duty)[0]),
            "private": duty.private,
            "party": str(self.viewer.party or ""),
            "rating": agenda_page.residual_rating_of_review(duty, self.matrix),
            "orphan": duty.orphan,
            "url": reverse("web:risk", kwargs=keys),
            "action": action_label(duty.kind),
            "act_url": reverse("web:review", kwargs=keys) + "?next=work"
            if permits(self.viewer, "risk.review", duty)
            else "",
        }

    def _mitigations_with_visible_risks(self, mitigation_duties: list[Duty]) -> list[Mitigation]:
        """The work itself, with the risks it serves as far as the viewer may know of them."""
        works: list[Mitigation] = [duty.thing for duty in mitigation_duties]
        risks = visible_risks(self.viewer).only("ref").order_by("ref")
        prefetch_related_objects(works, Prefetch("risks", queryset=risks))
        for work, duty in zip(works, mitigation_duties, strict=True):
            if duty.private and self.viewer.party is not None:
                # Its own party is the only one that sees it, and is read with its names already.
                work.party = self.viewer.party
        return works

    def _risk_counts_context(self) -> dict[str, Any]:
        now = risk_counts(self.viewer, self.at)
        # What a count that takes a risk with its parts opens.
        return {**vars(now), "within": "&parts=within" if now.behind else ""}

    def _with_links_and_first_changes(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for row in rows:
            event = row["event"]
            name = "web:risk" if event.subject_type == "risk" else "web:mitigation"
            keys = {"slug": self.viewer.register.slug, "ref": event.subject_ref}
            row["url"] = reverse(name, kwargs=keys)
            row["changes"] = [] if row["making"] else row["changes"][:3]
        return rows

    def _cookie_salt(self) -> str:
        return f"seen {self.viewer.user.uuid} {self.viewer.register.slug}"

    def _now_and_last_visit(self, request: HttpRequest) -> tuple[dt.datetime, dt.datetime]:
        """Now, and when the visit before this one ended; a week ago for a first one.

        Kept in a cookie and not in the session: it outlives signing out, and a page that is only
        looked at writes nothing.
        """
        try:
            texts = str(request.get_signed_cookie("seen", salt=self._cookie_salt())).split(" ")
            last, since = (parse_datetime(text) for text in texts)
        except (KeyError, ValueError, BadSignature):
            last = since = None
        if last is None or since is None:
            return self.at, self.at - FIRST_VISIT
        return self.at, last if self.at - last > VISIT_GAP else since


def _due_day_of(duty: Duty) -> dt.date:
    """When an open duty is due."""
    assert duty.due_on is not None  # noqa: S101 - open rows have a date
    return duty.due_on


urlpatterns = [path("work/", MyWork.as_view(), name="my_work")]
