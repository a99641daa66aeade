"""My work: what falls due for me, most urgent first, and what changed since I was last here."""

import datetime as dt
from collections.abc import Iterable
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
from riskreg.indicators.queries.access import late_for
from riskreg.indicators.queries.breaches import breaches_for
from riskreg.register.models import Role
from riskreg.register.permissions import permits
from riskreg.register.policy import Matrix
from riskreg.risks.models import Mitigation, MitigationStatus, Position, State
from riskreg.risks.queries.access import current_positions
from riskreg.risks.queries.lists import due_for, mitigations_for, standing
from riskreg.web.base import RegisterView
from riskreg.web.history import event_rows
from riskreg.web.indicators.beside import called_rows

DUE_DAYS = 14
WEEKS = 5
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
        soon = today + dt.timedelta(days=DUE_DAYS)
        duties = [self._duty(p) for p in mine if _due(p) <= soon]
        watches = viewer.role != Role.OWNER or not (mine or mitigations)
        last, since = self._visit(request)
        found = self._changed(mine, mitigations, since)
        context = {
            "groups": _groups(duties, today),
            "duties": duties,
            "called": called_rows(viewer, breaches_for(viewer)),
            "late_readings": list(late_for(viewer, today)[:LISTED]),
            "overdue": sum(d["due_on"] < today for d in duties),
            "next": self._duty(mine[0]) if mine and not duties else None,
            "mitigations": mitigations,
            "owned": len(mine),
            "weeks": _calendar(mine, mitigations, today) if mine or mitigations else [],
            "later": _later(mine, soon, today),
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

    def _duty(self, position: Position) -> dict[str, Any]:
        risk = position.risk
        rating = position.residual_rating
        keys_of_ratings = self.matrix.rating_keys
        keys = {"slug": self.viewer.register.slug, "ref": position.ref}
        return {
            "ref": position.ref,
            "title": risk.said("title"),
            "due_on": risk.next_review_on,
            "last_reviewed_on": risk.last_reviewed_on,
            "as_deputy": risk.owner_id != self.viewer.user.pk
            and risk.deputy_id == self.viewer.user.pk,
            "owner": position.owner,
            "private": position.visibility == "party",
            "party": position.party,
            "rating": self.matrix.rating_name(rating) if rating in keys_of_ratings else rating,
            "tone": keys_of_ratings.index(rating) if rating in keys_of_ratings else None,
            "ratings": len(keys_of_ratings),
            "score": position.residual_score,
            "url": reverse("web:risk", kwargs=keys),
            "review_url": reverse("web:review", kwargs=keys) + "?next=work"
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


def _due(position: Position) -> dt.date:
    """When the review of an open risk is due; the database holds that it has a date."""
    due = position.risk.next_review_on
    assert due is not None  # noqa: S101
    return due


def _groups(duties: list[dict[str, Any]], today: dt.date) -> list[dict[str, Any]]:
    """Duties under the words that say how urgent they are; empty groups are left out."""
    week = today + dt.timedelta(days=7)
    groups = [
        {
            "title": _("Overdue"),
            "late": True,
            "duties": [d for d in duties if d["due_on"] < today],
        },
        {
            "title": _("In the next 7 days"),
            "late": False,
            "duties": [d for d in duties if today <= d["due_on"] <= week],
        },
        {
            "title": _("In the week after"),
            "late": False,
            "duties": [d for d in duties if d["due_on"] > week],
        },
    ]
    return [group for group in groups if group["duties"]]


def _calendar(
    mine: Iterable[Position], mitigations: Iterable[Mitigation], today: dt.date
) -> list[list[dict[str, Any]]]:
    """Whole weeks from Monday of this one, each day with the refs of what falls due on it."""
    by_day: dict[dt.date, list[str]] = {}
    for position in mine:
        by_day.setdefault(_due(position), []).append(position.ref)
    for mitigation in mitigations:
        by_day.setdefault(mitigation.due_on, []).append(mitigation.ref)
    monday = today - dt.timedelta(days=today.weekday())
    days = [monday + dt.timedelta(days=n) for n in range(7 * WEEKS)]
    cells = [
        {
            "day": day,
            "refs": by_day.get(day, []),
            "off": day.weekday() >= 5,
            "past": day < today,
            "today": day == today,
        }
        for day in days
    ]
    return [cells[n : n + 7] for n in range(0, len(cells), 7)]


def _later(mine: Iterable[Position], soon: dt.date, today: dt.date) -> list[dict[str, Any]]:
    """Reviews after those in the list, as far as the calendar reaches."""
    end = today - dt.timedelta(days=today.weekday()) + dt.timedelta(days=7 * WEEKS)
    return [
        {"ref": p.ref, "title": p.risk.said("title"), "due_on": p.risk.next_review_on}
        for p in mine
        if soon < _due(p) < end
    ][:8]


urlpatterns = [path("work/", MyWork.as_view(), name="my_work")]
