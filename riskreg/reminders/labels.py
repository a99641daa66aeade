"""A ladder in words, in the reader's language."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from riskreg.kernel.localised import localised
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.change_kinds import Line
from riskreg.reminders import policy
from riskreg.reminders.policy import Rung, ladder_differences, rungs_from


def offset_text(days: int) -> str:
    """Where a rung stands: "14 days before", "on the day", "7 days after"."""
    if days == 0:
        return _("on the day")
    if days < 0:
        return ngettext("%(n)d day before", "%(n)d days before", -days) % {"n": -days}
    return ngettext("%(n)d day after", "%(n)d days after", days) % {"n": days}


def labels_of_unnamed_recipients() -> dict[str, str]:
    """Whom a rung can tell without naming anybody."""
    return {
        policy.OWNER: pgettext("ladder", "Owner"),
        policy.DEPUTY: pgettext("ladder", "Deputy"),
        policy.MANAGERS: pgettext("ladder", "The party's managers"),
        policy.LEADERS: pgettext("ladder", "The party's leaders"),
    }


def channel_labels() -> dict[str, str]:
    """How somebody or something is told."""
    return {
        policy.MAIL: pgettext("channel", "mail"),
        "inbox": pgettext("channel", "inbox"),
        policy.CHAT: pgettext("channel", "chat"),
        policy.WEBHOOK: pgettext("channel", "webhook"),
    }


def rung_labels(rung: Rung, people: Mapping[uuid.UUID, str]) -> dict[str, Any]:
    """A rung for reading: when, who, channels besides mail, whether it interrupts."""
    tells, channels = labels_of_unnamed_recipients(), channel_labels()
    gone = _("somebody who is no member any more")
    return {
        "when": offset_text(rung.offset_days),
        "who": [tells[t] for t in rung.tells] + [people.get(u, gone) for u in rung.users],
        "channels": [channels[c] for c in rung.channels],
        "interrupts": rung.interrupts,
        "tone": "late" if rung.offset_days > 0 else "" if rung.offset_days else "due",
    }


def rung_line(rung: Rung | None, people: Mapping[uuid.UUID, str]) -> str:
    """A rung's recipients and channels in one line; empty where there is none."""
    if rung is None:
        return ""
    labels = rung_labels(rung, people)
    line = f"{enumerate_texts(labels['who'])} · {enumerate_texts(labels['channels'])}"
    return f"{line} · {_('at once')}" if rung.interrupts else line


def ladder_change_title(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What a change request for another ladder is about."""
    return _("The reminder ladder")


def ladder_change_lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Line]:
    """Each rung that would be different; the names of people are those of when it was asked."""
    people = {
        uuid.UUID(user): localised(names)
        for user, names in {**before["people"], **after["people"]}.items()
    }
    old, new = rungs_from(before["rungs"]), rungs_from(after["rungs"])
    return [
        Line(
            offset_text(d.key),
            rung_line(d.before, people) or _("no reminder"),
            rung_line(d.after, people) or _("no reminder"),
            d.effect,
        )
        for d in ladder_differences(old, new)
    ]


def ladder_for_change_request(
    rungs: Sequence[Rung], names: Mapping[uuid.UUID, Mapping[str, str]]
) -> dict[str, Any]:
    """A ladder as a change request keeps it: its rungs, and what the people it names are called."""
    return {
        "rungs": [rung.as_json() for rung in rungs],
        "people": {str(u): names[u] for rung in rungs for u in rung.users if u in names},
    }
