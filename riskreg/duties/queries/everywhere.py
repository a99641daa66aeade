"""What falls due for one person in all registers that they are in."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from riskreg.duties.queries.agenda import is_orphan, urgency_order
from riskreg.duties.sources import LISTED, Duty, urgency
from riskreg.register.access import Viewer
from riskreg.register.queries import away_in
from riskreg.register.visibility import Visibility


def due_everywhere(
    viewers: Sequence[Viewer], at: dt.datetime, days: int, most: int
) -> tuple[list[tuple[Viewer, Duty]], int]:
    """The duties of one person up to ``days`` from today, most urgent first, at most ``most`` of
    each kind, with whom they act as; and how many there are.

    ``viewers``: the same person in each register. Theirs is what they answer for, and what somebody
    answers for whom they stand in for today. One query for each kind, however many registers.
    """
    if not viewers:
        return [], 0
    by_register = {viewer.register.pk: viewer for viewer in viewers}
    today = {key: viewer.today(at) for key, viewer in by_register.items()}
    people = _people(by_register, today)
    found: list[tuple[Viewer, Duty]] = []
    total = 0
    for source in LISTED.values():
        mine = Q(pk=None)
        for key, viewer in by_register.items():
            visible = Q(visibility=Visibility.SHARED)
            if viewer.party_id is not None:
                visible |= Q(party_id=viewer.party_id)
            until = today[key] + dt.timedelta(days=days)
            near = Q(register_id=key, **{f"{source.due_field}__lte": until})
            mine |= near & visible & source.whose(sorted(people[key]))
        rows: Any = source.notified_rows().filter(source.open, mine)
        ranked = rows.annotate(orphan=is_orphan(source)).order_by(*urgency_order(source, today))
        listed = list(ranked[:most])
        total += len(listed) if len(listed) < most else rows.count()
        for row in listed:
            viewer = by_register[row.register_id]
            found.append((viewer, source.duty(row).as_notified_to(viewer.party_id)))
    found.sort(key=lambda pair: (*urgency(pair[1], today[pair[0].register.pk]), pair[1].ref))
    return found, total


def _people(by_register: dict[int, Viewer], today: dict[int, dt.date]) -> dict[int, set[int]]:
    """In each register the person and those for whom they stand in, by database id: one query."""
    away = away_in(today)
    return {
        key: {viewer.user.pk}
        | {user for user, stand_in in away[key].items() if stand_in == viewer.user.pk}
        for key, viewer in by_register.items()
    }
