"""What falls due for somebody. Each room declares its duties by one ``Source`` in a file here.

The engine knows nothing else of a room: which rows are open, what is due when and to whom, and
where to go to discharge it. Adding a kind of duty is adding a ``Source`` to ``SOURCES``.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from riskreg.reminders.duties.base import Duty, Source
from riskreg.reminders.duties.breaches import BREACH
from riskreg.reminders.duties.mitigations import MITIGATION_DUE, MITIGATION_UPDATE
from riskreg.reminders.duties.readings import READING
from riskreg.reminders.duties.reviews import REVIEW

SOURCES: dict[str, Source] = {
    source.kind: source for source in (REVIEW, BREACH, MITIGATION_DUE, MITIGATION_UPDATE, READING)
}


def load(reminders: Iterable[Any]) -> dict[tuple[str, uuid.UUID], Duty]:
    """The duties that ``reminders`` are for, as they stand now, by ``Duty.key``."""
    subjects: dict[str, set[uuid.UUID]] = {}
    for reminder in reminders:
        subjects.setdefault(reminder.kind, set()).add(reminder.subject)
    return {
        duty.key: duty
        for kind, wanted in subjects.items()
        for duty in SOURCES[kind].load(wanted).values()
    }


__all__ = [
    "BREACH",
    "MITIGATION_DUE",
    "MITIGATION_UPDATE",
    "READING",
    "REVIEW",
    "SOURCES",
    "Duty",
    "Source",
    "load",
]
