"""Duties of every kind as My work shows them: rows by urgency, and the coming weeks."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from riskreg.duties.sources import SOON_DAYS, Duty
from riskreg.register.access import Viewer
from riskreg.register.models import Absence
from riskreg.register.permissions import permits
from riskreg.register.policy import Matrix
from riskreg.web.duties.labels import action_label, discharge_text, kind_label

WEEKS = 5
_PAGES = {"risk": "web:risk", "breach": "web:risk", "mitigation": "web:mitigation",
          "indicator": "web:indicator", "control": "web:control", "belief": "web:driver",
          "change_request": "web:change_request", "acceptance": "web:acceptance",
          "acceptance_answer": "web:acceptance", "condition": "web:acceptance",
          "decision_answer": "web:decision", "decision_condition": "web:decision",
          "decision_review": "web:decision"}  # fmt: skip
_NEEDS = {"risk": "risk.review", "breach": "risk.review", "mitigation": "mitigation.edit",
          "indicator": "indicator.reading", "control": "control.edit", "belief": "driver.edit",
          "change_request": "change.answer", "acceptance": "acceptance.request",
          "acceptance_answer": "acceptance.decide",
          "condition": "acceptance.close_condition", "decision_answer": "decision.decide",
          "decision_condition": "decision.close_condition",
          "decision_review": "decision.decide"}  # fmt: skip
# Where what discharges a duty needs more than its subject says.
_KIND_NEEDS = {"risk.draft": "risk.open"}


def duty_rows(
    viewer: Viewer,
    duties: Iterable[Duty],
    facts: Mapping[Any, str],
    ratings: Mapping[Any, dict[str, Any]],
    absences: Mapping[int, Absence],
) -> list[dict[str, Any]]:
    """What the list of duties says of each.

    ``ratings`` by subject: how a review's risk stands; ``absences`` by user: those for whom the
    viewer stands in. ``act_url`` is where the viewer discharges it, empty where they may not.
    """
    slug, me = viewer.register.slug, viewer.user.pk
    rows = []
    for duty in duties:
        people = [user for user in (duty.owner_id, duty.deputy_id) if user is not None]
        mine = me in people
        absent = next((absences[user] for user in people if user in absences), None)
        keys = {"slug": slug, **duty.page_url_kwargs}
        act = reverse(f"web:{duty.page}", kwargs=keys)
        rows.append(
            {
                "kind": duty.kind,
                "kind_label": kind_label(duty.kind),
                "ref": duty.ref,
                "title": duty.subject_title,
                "due_on": duty.due_on,
                "extended_until": duty.extended_until,
                "private": duty.private,
                "party": str(viewer.party or ""),
                "as_deputy": mine and duty.owner_id != me,
                "orphan": duty.orphan,
                "stands_in": stand_in_text(absent) if not mine and absent else "",
                "facts": facts.get((duty.kind, duty.subject), ""),
                "rating": ratings.get(duty.subject) if duty.kind == "risk.review" else None,
                "discharge": discharge_text(duty.kind),
                "url": reverse(_PAGES[duty.subject_type], kwargs=keys),
                "action": action_label(duty.kind),
                "act_url": act + ("?next=work" if duty.page == "review" else "")
                if _may_discharge(viewer, duty)
                else "",
            }
        )
    return rows


def residual_rating_of_review(duty: Duty, matrix: Matrix) -> dict[str, Any]:
    """The residual rating of the risk that is to be reviewed, for the component that draws it."""
    key, keys = duty.thing.now_rating, matrix.rating_keys
    return {
        "name": matrix.rating_name(key) if key in keys else key,
        "tone": keys.index(key) if key in keys else None,
        "of": len(keys),
        "score": duty.thing.now_score,
        "kind": duty.thing.kind,
        "origin": matrix.criteria.label,
    }


def stand_in_text(absence: Absence) -> str:
    """For whom the viewer stands in, and until when."""
    return _("for %(name)s, away until %(day)s") % {
        "name": absence.user,
        "day": date_format(absence.until_on, "DATE_FORMAT"),
    }


def groups_by_urgency(
    rows: list[dict[str, Any]],
    today: dt.date,
    per_day: Mapping[dt.date, int] | None = None,
    count_of_later: int = 0,
) -> list[dict[str, Any]]:
    """Rows under the words that say how urgent they are; empty groups are left out.

    ``count`` is how many there are, by ``per_day`` where not all of them are in ``rows``; what is
    due later is there because others wait for it, ``count_of_later`` of them altogether.
    """
    day = dt.timedelta(days=1)
    week = today + SOON_DAYS * day
    parts = [
        (_("Overdue"), True, None, today - day),
        (_("In the next 7 days"), False, today, week),
        (_("In the week after"), False, week + day, today + 2 * SOON_DAYS * day),
    ]
    found = []
    for title, late, first, last in parts:
        some = [d for d in rows if (first is None or d["due_on"] >= first) and d["due_on"] <= last]
        if some:
            count = total_due_between(some, per_day, first, last)
            entry = {"title": title, "late": late, "duties": some, "count": count}
            found.append({**entry, "more": count - len(some)})
    later = [row for row in rows if row["due_on"] > week + SOON_DAYS * day]
    if later:
        entry = {"title": _("Others wait for your answer"), "late": False, "duties": later}
        found.append({**entry, "count": count_of_later, "more": count_of_later - len(later)})
    return found


def total_due_between(
    rows: list[dict[str, Any]],
    per_day: Mapping[dt.date, int] | None,
    first: dt.date | None,
    last: dt.date,
) -> int:
    """How many fall due from ``first`` (None: ever) to ``last``: counted in ``rows``, or by
    ``per_day`` where not all of them are there. A cap is never read as a count."""
    days: Iterable[tuple[dt.date, int]]
    days = ((row["due_on"], 1) for row in rows) if per_day is None else per_day.items()
    return sum(n for day, n in days if (first is None or day >= first) and day <= last)


def first_day_after_shown_weeks(today: dt.date) -> dt.date:
    """The first day after the weeks that the calendar shows."""
    return today - dt.timedelta(days=today.weekday()) + dt.timedelta(days=7 * WEEKS)


def weeks_with_duties(
    duties: Iterable[Duty], today: dt.date, per_day: Mapping[dt.date, int] | None = None
) -> list[list[dict[str, Any]]]:
    """Whole weeks from Monday of this one, each day with the refs of what falls due on it, and how
    many that are (by ``per_day`` where not all of them are in ``duties``)."""
    by_day: dict[dt.date | None, list[str]] = {}
    for duty in duties:
        refs = by_day.setdefault(duty.due_on, [])
        if duty.ref not in refs:
            refs.append(duty.ref)
    monday = today - dt.timedelta(days=today.weekday())
    cells = [
        {
            "day": day,
            "refs": by_day.get(day, []),
            "count": len(by_day.get(day, [])) if per_day is None else per_day.get(day, 0),
            "off": day.weekday() >= 5,
            "past": day < today,
            "today": day == today,
        }
        for day in (monday + dt.timedelta(days=n) for n in range(7 * WEEKS))
    ]
    return [cells[n : n + 7] for n in range(0, len(cells), 7)]


def _may_discharge(viewer: Viewer, duty: Duty) -> bool:
    need = _KIND_NEEDS.get(duty.kind) or _NEEDS[duty.subject_type]
    return permits(viewer, need, duty)
