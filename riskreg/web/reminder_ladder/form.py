"""The ladder as a form: rows that may be wrong or half filled in, in the order they were written.

What makes a ladder a ladder is for the engine to say; here is only how one is written down.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Invalid
from riskreg.reminders import policy
from riskreg.reminders.labels import channel_labels, labels_of_unnamed_recipients, offset_text
from riskreg.reminders.policy import Rung

# More rows than this are not shown again; a ladder of so many is refused in any case.
ROWS_READ = 40
BEFORE, AFTER = "before", "after"
BESIDES = (policy.CHAT, policy.WEBHOOK)
_FIELDS = {"offset_days": "when", "users": "who", "tells": "who", "channels": "channels"}


@dataclass
class Row:
    """One rung as it was written; ``errors`` by part of the row."""

    days: str = ""
    side: str = AFTER
    tells: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    interrupts: bool = False
    fresh: bool = False
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_blank(self) -> bool:
        """Whether nothing was written in it."""
        return not (self.days or self.tells or self.users or self.channels or self.interrupts)

    @property
    def offset(self) -> int | str | None:
        """Days after the due date where a number was written; otherwise what was."""
        text = self.days
        if text.isascii() and text.isdigit() and len(text) < 7:
            return -int(text) if self.side == BEFORE else int(text)
        return text or None

    def fields_for_service(self) -> dict[str, Any]:
        """The rung as the engine takes it. Mail is not a choice, so it is not asked for."""
        return {
            "offset_days": self.offset,
            "tells": self.tells,
            "users": self.users,
            "channels": [policy.MAIL, *self.channels],
            "interrupts": self.interrupts,
        }


def rows_of(rungs: Iterable[Rung]) -> list[Row]:
    """A ladder as rows."""
    return [
        Row(
            days=str(abs(rung.offset_days)),
            side=BEFORE if rung.offset_days < 0 else AFTER,
            tells=list(rung.tells),
            users=[str(user) for user in rung.users],
            channels=[c for c in rung.channels if c in BESIDES],
            interrupts=rung.interrupts,
        )
        for rung in rungs
    ]


def rows_from_form(data: QueryDict) -> list[Row]:
    """The rows that were sent, in their order."""

    def texts(name: str) -> list[str]:
        return [v for text in data.getlist(name) if (v := text.replace("\0", "").strip()[:60])]

    return [
        Row(
            days=data.get(f"days-{key}", "").replace("\0", "").strip()[:20],
            side=BEFORE if data.get(f"side-{key}") == BEFORE else AFTER,
            tells=texts(f"tells-{key}"),
            users=list(dict.fromkeys(texts(f"users-{key}"))),
            channels=texts(f"channels-{key}"),
            interrupts=f"interrupts-{key}" in data,
        )
        for key in data.getlist("row")[:ROWS_READ]
    ]


def put_errors_into_rows(rows: list[Row], invalid: Invalid) -> list[str]:
    """Put what the engine refused beside the very row and part; the rest is returned."""
    general = []
    for path, errors in invalid.fields.items():
        sentences = [error.detail for error in errors]
        place, _dot, name = path.removeprefix("rungs.").partition(".")
        if path.startswith("rungs.") and place.isdigit() and int(place) < len(rows):
            part = _FIELDS.get(name, "when")
            rows[int(place)].errors.setdefault(part, []).extend(sentences)
        else:
            general += sentences
    return general


def rows_for_template(rows: list[Row], people: Mapping[uuid.UUID, str]) -> list[dict[str, Any]]:
    """The rows as the template draws them."""
    names = {str(key): name for key, name in people.items()}
    return [_row_context(n, row, names) for n, row in enumerate(rows)]


def _row_context(n: int, row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    offset = row.offset
    numbered = isinstance(offset, int)
    tone = "" if not isinstance(offset, int) or offset < 0 else "late" if offset else "due"
    gone = _("somebody who is no member any more")
    return {
        "n": n,
        "number": n + 1,
        "row": row,
        "title": offset_text(offset) if isinstance(offset, int) else "",
        "numbered": numbered,
        "tone": tone,
        "before": row.side == BEFORE,
        "tells": [
            (v, label, v in row.tells) for v, label in labels_of_unnamed_recipients().items()
        ],
        "people": [(u, names.get(u, gone)) for u in row.users],
        "others": [(u, name) for u, name in names.items() if u not in row.users],
        "channels": [(c, channel_labels()[c], c in row.channels) for c in BESIDES],
        "first_error": next((message for errors in row.errors.values() for message in errors), ""),
    }
