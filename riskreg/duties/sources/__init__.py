"""What falls due for somebody. Each room declares its duties by one ``Source`` in a file here.

The engine knows nothing else of a room: which rows are open, what is due when and to whom, and
where to go to discharge it. Adding a kind of duty is adding a ``Source`` to ``SOURCES``.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from riskreg.duties.base import Duty, DutyKey, Source
from riskreg.duties.sources.beliefs import BELIEF_LOOK
from riskreg.duties.sources.breaches import BREACH
from riskreg.duties.sources.change_requests import CHANGE_ANSWER
from riskreg.duties.sources.control_tests import CONTROL_TEST
from riskreg.duties.sources.drafts import DRAFT
from riskreg.duties.sources.extensions import EXTENSION
from riskreg.duties.sources.mitigations import MITIGATION_DUE, MITIGATION_UPDATE
from riskreg.duties.sources.obligations import (
    ACCEPTANCE_ANSWER,
    ACCEPTANCE_EXPIRY,
    CONDITION,
    DECISION_ANSWER,
    DECISION_CONDITION,
    DECISION_REVIEW,
    QUESTION,
    REVIEW_ASKED,
)
from riskreg.duties.sources.readings import READING
from riskreg.duties.sources.reviews import REVIEW

# What falls due within so many days is more urgent than what comes later.
SOON_DAYS = 7

SOURCES: dict[str, Source] = {
    source.kind: source
    for source in (
        REVIEW,
        EXTENSION,
        BREACH,
        MITIGATION_DUE,
        MITIGATION_UPDATE,
        READING,
        CONTROL_TEST,
        DRAFT,
        BELIEF_LOOK,
        CHANGE_ANSWER,
        ACCEPTANCE_ANSWER,
        ACCEPTANCE_EXPIRY,
        CONDITION,
        QUESTION,
        REVIEW_ASKED,
        DECISION_ANSWER,
        DECISION_CONDITION,
        DECISION_REVIEW,
    )
}
# Those that lists and counts have; the others are told, and another of these asks for them.
LISTED: dict[str, Source] = {kind: source for kind, source in SOURCES.items() if source.listed}


def load_duties_of_reminders(
    reminders: Iterable[Any], known: Iterable[Duty] = ()
) -> dict[DutyKey, Duty]:
    """The duties that ``reminders`` are for, as they stand now, by ``Duty.key``.

    Those among ``known``, read just before, are not read again.
    """
    found = {duty.key: duty for duty in known}
    wanted = {reminder.duty_key for reminder in reminders}
    subjects: dict[str, set[uuid.UUID]] = {}
    for kind, subject in wanted - found.keys():
        subjects.setdefault(kind, set()).add(subject)
    for kind, missing in subjects.items():
        found.update({duty.key: duty for duty in SOURCES[kind].load(missing).values()})
    return {key: found[key] for key in wanted if key in found}


def urgency_sort_key(duty: Duty, today: dt.date, orphan: bool | None = None) -> tuple[Any, ...]:
    """What to sort by, most urgent first, among duties that are due on a day.

    Late, today, within a week, later; in each, what needs a look before figures that are missing,
    and what may wait by somebody's word after what may not. Among those that are as urgent: what
    nobody answers for (``orphan``, where the caller knows better than the duty), then what puts
    most at stake, then the day. A list that is cut by this order keeps the worst.
    """
    assert duty.due_on is not None  # noqa: S101 - see above
    days = (duty.due_on - today).days
    when = 0 if days < 0 else 1 if days == 0 else 2 if days <= SOON_DAYS else 3
    waits = duty.extended_until is not None and duty.extended_until > today
    answered = not (duty.orphan if orphan is None else orphan)
    return (when, SOURCES[duty.kind].last, waits, answered, -duty.priority, duty.due_on)


__all__ = [
    "ACCEPTANCE_ANSWER",
    "ACCEPTANCE_EXPIRY",
    "BELIEF_LOOK",
    "BREACH",
    "CHANGE_ANSWER",
    "CONDITION",
    "CONTROL_TEST",
    "DECISION_ANSWER",
    "DECISION_CONDITION",
    "DECISION_REVIEW",
    "DRAFT",
    "EXTENSION",
    "LISTED",
    "MITIGATION_DUE",
    "MITIGATION_UPDATE",
    "QUESTION",
    "READING",
    "REVIEW",
    "REVIEW_ASKED",
    "SOON_DAYS",
    "SOURCES",
    "Duty",
    "Source",
    "load_duties_of_reminders",
    "urgency_sort_key",
]
