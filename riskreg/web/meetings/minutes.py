"""The agenda of a meeting in rows, and its minutes."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.register.access import Viewer
from riskreg.register.queries import criteria_versions
from riskreg.register.visibility import Visibility
from riskreg.reviews.models import ItemOutcome, Meeting, MeetingItem
from riskreg.reviews.queries.meetings import Attendee
from riskreg.web.presenters import Scale, name_of_person

TONES = {
    ItemOutcome.PENDING: ("", ""),
    ItemOutcome.REVIEWED: ("ok", "check"),
    ItemOutcome.DEFERRED: ("warn", "clock"),
}


def agenda_rows(
    viewer: Viewer, meeting: Meeting, items: Sequence[MeetingItem], current: int = 0
) -> list[dict[str, Any]]:
    """The items in order, for walking through them."""
    rows = []
    for item in items:
        tone, icon = TONES[ItemOutcome(item.outcome)]
        pending = item.outcome == ItemOutcome.PENDING
        rows.append(
            {
                "number": item.number,
                "ref": item.risk.ref,
                "title": item.risk.localized("title"),
                "owner": name_of_person(item.risk.owner),
                "outcome": "" if pending else item.get_outcome_display(),
                "tone": tone,
                "icon": icon,
                "current": item.number == current,
                "url": reverse(
                    "web:meeting_item",
                    kwargs={
                        "slug": viewer.register.slug,
                        "meeting": meeting.uuid,
                        "number": item.number,
                    },
                ),
            }
        )
    return rows


def minutes_context(
    viewer: Viewer, meeting: Meeting, items: Sequence[MeetingItem], people: Sequence[Attendee]
) -> dict[str, Any]:
    """Everything that the minutes say. One query, where older criteria are needed."""
    scales = _scales_by_criteria_number(viewer, items)
    rows = [_row(item, scales) for item in items]
    pending = [i for i in items if i.outcome == ItemOutcome.PENDING]
    done = len(items) - len(pending)
    return {
        "meeting": meeting,
        "private": meeting.visibility == Visibility.PARTY,
        "chair": name_of_person(meeting.chair),
        "count": len(items),
        "reviewed": sum(i.outcome == ItemOutcome.REVIEWED for i in items),
        "deferred": sum(i.outcome == ItemOutcome.DEFERRED for i in items),
        "rows": [row for row in rows if not row["pending"]],
        "not_reached": [row for row in rows if row["pending"]],
        "people": [
            {
                "name": name_of_person(a.user),
                "party": a.party.name if a.party else _("the programme"),
                "joined_at": a.joined_at,
                "left_at": a.left_at,
                "chair": a.user.pk == meeting.chair_id,
                "items": len(a.items),
                "of": done,
            }
            for a in people
        ],
    }


def _scales_by_criteria_number(viewer: Viewer, items: Sequence[MeetingItem]) -> dict[int, Scale]:
    current = Scale(viewer.register.criteria)
    scales = {current.criteria.number: current}
    cells = [cell for item in items for cell in (item.before, item.after) if cell]
    older = {cell["criteria"] for cell in cells} - set(scales)
    if older:
        found = criteria_versions(viewer, number__in=older)
        scales |= {criteria.number: Scale(criteria) for criteria in found}
    return scales


def _row(item: MeetingItem, scales_by_number: dict[int, Scale]) -> dict[str, Any]:
    def chip(cell: dict[str, Any] | None) -> Any:
        scale = (
            scales_by_number[cell["criteria"]] if cell else next(iter(scales_by_number.values()))
        )
        return scale.cell_chip(cell, item.risk.kind)

    tone, icon = TONES[ItemOutcome(item.outcome)]
    review = item.review
    return {
        "number": item.number,
        "ref": item.risk.ref,
        "title": item.risk.localized("title"),
        "owner": name_of_person(item.risk.owner),
        "party": item.risk.party.name,
        "private": item.risk.visibility == Visibility.PARTY,
        "pending": item.outcome == ItemOutcome.PENDING,
        "outcome": review.get_outcome_display() if review else item.get_outcome_display(),
        "tone": tone,
        "icon": icon,
        "before": chip(item.before),
        "after": chip(item.after) if item.after and item.after != item.before else "",
        "due": item.due_on,
        "comment": review.localized("comment") if review else item.note,
        "next": review.next_review_on if review else None,
        "by": name_of_person(item.recorded_by),
    }
