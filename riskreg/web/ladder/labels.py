"""The ladder in words, in the reader's language."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from riskreg.kernel.punctuation import enumerated
from riskreg.reminders import policy
from riskreg.reminders.policy import Rung


def offset_text(days: int) -> str:
    """Where a rung stands: "14 days before", "on the day", "7 days after"."""
    if days == 0:
        return _("on the day")
    if days < 0:
        return ngettext("%(n)d day before", "%(n)d days before", -days) % {"n": -days}
    return ngettext("%(n)d day after", "%(n)d days after", days) % {"n": days}


def recipients_text() -> dict[str, str]:
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


def reason_label() -> dict[str, str]:
    """What somebody is to a risk that they are told of."""
    return {
        policy.AS_OWNER: pgettext("ladder", "owner"),
        policy.AS_DEPUTY: pgettext("ladder", "deputy"),
        policy.AS_MANAGER: pgettext("ladder", "manager"),
        policy.AS_LEADER: pgettext("ladder", "leader"),
        policy.AS_NAMED: pgettext("ladder", "named by the ladder"),
        policy.FOR_AWAY: pgettext("ladder", "for somebody who is away"),
        policy.STANDING_IN: pgettext("ladder", "as nobody who answers for it is here"),
    }


def rung_labels(rung: Rung, people: Mapping[uuid.UUID, str]) -> dict[str, Any]:
    """A rung for reading: when, who, channels besides mail, whether it interrupts."""
    tells, channels = recipients_text(), channel_labels()
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
    line = f"{enumerated(labels['who'])} · {enumerated(labels['channels'])}"
    return f"{line} · {_('at once')}" if rung.interrupts else line
