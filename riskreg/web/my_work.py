"""My work: what falls due for me, most urgent first, and what changed since I was last here."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from riskreg.events import queries as events
from riskreg.events.models import Event
from riskreg.indicators.models import Breach
from riskreg.register.models import Absence, Role
from riskreg.register.permissions import permits
from riskreg.register.policy import Matrix
from riskreg.reminders.duties import BREACH, Duty
from riskreg.reminders.queries import agenda
from riskreg.reviews.queries import extended_until_subquery
from riskreg.risks.models import Mitigation, MitigationStatus, Position, State
from riskreg.risks.queries.access import current_positions
from riskreg.risks.queries.lists import due_for, mitigations_for, standing
from riskreg.web import agenda as agenda_page
from riskreg.web.base import RegisterView
from riskreg.web.duty_words import action_words
from riskreg.web.history import event_rows
from riskreg.web.indicators.beside import called_rows

DUE_DAYS = 14
# More than anybody can have due within the weeks shown.
MOST_DUTIES = 300
LISTED = 10
# How far back, in events of each chain, "what changed" looks for those who own nothing.
LOOKED_THROUGH = 80
# A reload a moment later must not make "since I was last here" empty.
VISIT_GAP = dt.timedelta(minutes=30)
FIRST_VISIT = dt.timedelta(days=7)
SEEN_SECONDS = 400 * 24 * 3600
RUNNING = (MitigationStatus.PLANNED, MitigationStatus.IN_PROGRESS)


class MyWork(RegisterView):
    """An owner's home; for others, what waits in their party or register and what changed."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page, with a cookie that remembers this visit."""
        viewer, today = self.viewer, self.viewer.today(self.at)
        self.matrix = Matrix(viewer.register.criteria)
        mine = list(due_for(viewer))
        mitigations = list(
            mitigations_for(viewer).filter(owner=viewer.user, status__in=RUNNING)[:20]
        )
        away = {row.user_id: row for row in viewer.absences}
        soon = today + dt.timedelta(days=DUE_DAYS)
        coming, called = self._coming(today)
        rows = self._rows([d for d in coming if _due(d) <= soon], mine, away)
        watches = viewer.role != Role.OWNER or not (mine or mitigations or rows)
        last, since = self._visit(request)
        found = self._changed(mine, mitigations, since)
        listed = {d["ref"] for d in rows}
        context = {
            "groups": agenda_page.groups(rows, today),
            "duties": rows,
            "called": called_rows(viewer, called),
            "overdue": sum(d["due_on"] < today for d in rows),
            "next": self._duty(mine[0]) if mine and not rows else None,
            "mitigations": [m for m in mitigations if m.ref not in listed],
            "owned": len(mine),
            "away": away.get(viewer.user.pk),
            "stands_in": [
                agenda_page.stands_in_words(row)
                for user, row in away.items()
                if user in viewer.stands_in_for
            ],
            "may_be_away": permits(viewer, "absence.record"),
            "weeks": agenda_page.weeks(coming, today) if coming or mine or mitigations else [],
            "later": [d for d in coming if _due(d) > soon][:8],
            "waiting": self._waiting(soon) if watches else None,
            "whose": str(viewer.party or viewer.register),
            "standing": self._standing() if watches else None,
            "changed": self._linked(event_rows(viewer, found[:LISTED])),
            "since": since,
            "title": _("My work"),
        }
        response = self.render("my_work/index.html", context)
        response.set_signed_cookie(
            "seen",
            f"{last.isoformat()} {since.isoformat()}",
            salt=self._salt(),
            max_age=SEEN_SECONDS,
            path=request.path,
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
        return response

    def _coming(self, today: dt.date) -> tuple[list[Duty], list[Breach]]:
        """Duties of every kind up to the end of the calendar, and apart from them what an
        indicator calls for of the viewer's own, oldest first."""
        people = agenda.mine(self.viewer)
        wanted = agenda.Wanted(today, people=people, due_before=agenda_page.window_end(today))
        coming: list[Duty] = []
        called: list[Breach] = []
        for duty in agenda.duties_for(self.viewer, wanted, MOST_DUTIES).duties:
            mine = self.viewer.user.pk in (duty.owner_id, duty.deputy_id)
            if mine and duty.kind == BREACH.kind:
                called.append(duty.thing)
            else:
                coming.append(duty)
        return coming, sorted(called, key=lambda breach: (breach.due_on, breach.pk))

    def _rows(
        self, duties: list[Duty], mine: list[Position], away: dict[int, Absence]
    ) -> list[dict[str, Any]]:
        ratings = {p.risk.uuid: agenda_page.rating_of(p, self.matrix) for p in mine}
        told = [d for d in duties if d.subject not in ratings]
        owners = {p.risk.uuid: p.owner for p in mine}
        rows = agenda_page.duty_rows(self.viewer, duties, agenda.facts_of(told), ratings, away)
        for row, duty in zip(rows, duties, strict=True):
            row["owner"] = owners.get(duty.subject, "")
        return rows

    def _duty(self, position: Position) -> dict[str, Any]:
        risk = position.risk
        keys = {"slug": self.viewer.register.slug, "ref": position.ref}
        return {
            "ref": position.ref,
            "title": risk.said("title"),
            "due_on": risk.next_review_on,
            "extended_until": getattr(position, "extended_until", None),
            "last_reviewed_on": risk.last_reviewed_on,
            "owner": position.owner,
            "private": position.visibility == "party",
            "party": position.party,
            "rating": agenda_page.rating_of(position, self.matrix),
            "url": reverse("web:risk", kwargs=keys),
            "action": action_words("risk.review"),
            "act_url": reverse("web:review", kwargs=keys) + "?next=work"
            if permits(self.viewer, "risk.review", risk)
            else "",
        }

    def _waiting(self, soon: dt.date) -> list[dict[str, Any]]:
        """Reviews that others owe: in the viewer's party, or in the register for who has none."""
        positions = current_positions(self.viewer).filter(
            state=State.OPEN, risk__next_review_on__lte=soon
        )
        if self.viewer.party is not None:
            positions = positions.filter(party=self.viewer.party)
        positions = (
            positions.exclude(risk__owner=self.viewer.user)
            .exclude(risk__deputy=self.viewer.user, risk__deputy__isnull=False)
            .select_related("risk", "owner", "party")
            .annotate(extended_until=extended_until_subquery("risk__", self.viewer))
            .order_by("risk__next_review_on", "risk_id")
        )
        return [self._duty(p) for p in positions[:LISTED]]

    def _standing(self) -> dict[str, Any]:
        above = [r for r in self.matrix.rating_keys if self.matrix.above_appetite(r)]
        return vars(standing(self.viewer, self.at, above))

    def _changed(
        self, mine: list[Position], mitigations: list[Mitigation], since: dt.datetime
    ) -> list[Event]:
        """What others did since, newest first: to what is mine, else in the whole register.

        What was brought in with a date before ``since`` is history, not news.
        """
        visible: QuerySet[Event] = events.visible_events(self.viewer.audience)
        subjects = [p.risk.uuid for p in mine] + [m.uuid for m in mitigations]
        if subjects:
            visible = visible.filter(subject_uuid__in=subjects)
        else:
            visible = visible.filter(
                seq__gt=F("chain__seq") - LOOKED_THROUGH, subject_type__in=("risk", "mitigation")
            )
        news = visible.filter(recorded_at__gt=since).exclude(brought_in=True, at__lte=since)
        # What people did; that the system sent a reminder is no news about the risk.
        news = news.filter(actor__isnull=False).exclude(actor=self.viewer.user.uuid)
        return list(news.order_by("-id")[:LISTED])

    def _linked(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for row in rows:
            event = row["event"]
            name = "web:risk" if event.subject_type == "risk" else "web:mitigation"
            keys = {"slug": self.viewer.register.slug, "ref": event.subject_ref}
            row["url"] = reverse(name, kwargs=keys)
            row["changes"] = [] if row["making"] else row["changes"][:3]
        return rows

    def _salt(self) -> str:
        return f"seen {self.viewer.user.uuid} {self.viewer.register.slug}"

    def _visit(self, request: HttpRequest) -> tuple[dt.datetime, dt.datetime]:
        """Now, and when the visit before this one ended; a week ago for a first one.

        Kept in a cookie and not in the session: it outlives signing out, and a page that is only
        looked at writes nothing.
        """
        try:
            texts = str(request.get_signed_cookie("seen", salt=self._salt())).split(" ")
            last, since = (parse_datetime(text) for text in texts)
        except (KeyError, ValueError, BadSignature):
            last = since = None
        if last is None or since is None:
            return self.at, self.at - FIRST_VISIT
        return self.at, last if self.at - last > VISIT_GAP else since


def _due(duty: Duty) -> dt.date:
    """When an open duty is due."""
    assert duty.due_on is not None  # noqa: S101 - open rows have a date
    return duty.due_on


urlpatterns = [path("work/", MyWork.as_view(), name="my_work")]
