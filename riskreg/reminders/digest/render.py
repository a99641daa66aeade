"""The text of digests, interrupting messages and alarms, in their reader's language."""

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.duties import links
from riskreg.duties.sources import Duty
from riskreg.kernel.mailtext import html_with_styles_inlined, tidy_text
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.notify.refresh import Content
from riskreg.register.models import Party, Register
from riskreg.reminders import policy
from riskreg.reminders.digest.contents import Item
from riskreg.reminders.digest.data import (
    DigestData,
    DigestLine,
    DigestLookups,
    digest_data,
    fingerprint_of_digest,
)
from riskreg.reminders.digest.labels import (
    action_label,
    count_texts,
    day_text,
    due_text,
    why_notified_text,
)
from riskreg.reminders.policy import ALARM, DIGEST


class RenderedMessage(NamedTuple):
    """What a message says, and by what it is known again whether that is still so."""

    content: Content
    made_of: str


def render_with_fingerprint(
    user: User, items: Sequence[Item], kind: str = DIGEST, backdrop: DigestLookups | None = None
) -> RenderedMessage:
    """The message of ``kind`` that tells ``user`` of ``items``."""
    facts = digest_data(user, items, backdrop or DigestLookups([(user, items)]))
    return RenderedMessage(_content(user, kind, facts), fingerprint_of_digest(kind, facts))


def render_alarm(
    user: User,
    register: Register,
    party: Party,
    duties: Sequence[Duty],
    total: int,
    today: dt.date,
) -> Content:
    """The alarm that tells ``user`` that there is nobody left to tell of ``duties``, of ``party``.

    ``total``: how many there are; ``duties`` may be the first of them only.
    """
    # Its reader may be of another party than the one whose matters these are.
    items = [Item(duty.as_notified_to(None), register, today, "", party.pk) for duty in duties]
    facts = digest_data(user, items, DigestLookups([(user, items)]))
    return _content(user, ALARM, facts._replace(total=total), party=party.name)


def _content(user: User, kind: str, facts: DigestData, **more: str) -> Content:
    zone = timezone.override(zoneinfo.ZoneInfo(user.time_zone))
    with translation.override(facts.language), zone:
        values = {**_template_values(facts), **more}
        html = render_to_string(f"mail/{kind}/body.html", values)
        return Content(
            subject=" ".join(render_to_string(f"mail/{kind}/subject.txt", values).split()),
            text=tidy_text(render_to_string(f"mail/{kind}/body.txt", values)),
            # Nothing is fetched: everything the mail looks like is written into it.
            html=html_with_styles_inlined(html),
        )


def _template_values(facts: DigestData) -> dict[str, Any]:
    lines = [_template_values_of_line(line) for line in facts.lines]
    counts = {"late": facts.late, "today": facts.today, "coming": facts.coming}
    return {
        "name": facts.name,
        "lines": lines,
        "total": facts.total,
        "groups": _groups_late_today_coming(lines),
        "counts_said": enumerate_texts(count_texts(counts)),
        "more": facts.total - len(lines),
        "orphans": facts.orphans,
        "registers_said": enumerate_texts(name for name, _notice in facts.registers),
        "registers": [{"name": name, "notice": notice} for name, notice in facts.registers],
        "work_url": links.my_work_url(facts.work),
        "preferences_url": links.preferences_url(),
        "language": {"zh-hans": "zh-Hans"}.get(facts.language, facts.language),
    }


def _groups_late_today_coming(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines under what they have in common, in order; groups without lines are left out."""
    kept: dict[str, list[dict[str, Any]]] = {"late": [], "today": [], "coming": []}
    for line in lines:
        days = line["days"]
        kept["late" if days < 0 else "today" if days == 0 else "coming"].append(line)
    titles = {"late": _("Overdue"), "today": _("Due today"), "coming": _("Coming up")}
    return [
        {"tone": tone, "title": titles[tone], "lines": group}
        for tone, group in kept.items()
        if group
    ]


def _template_values_of_line(line: DigestLine) -> dict[str, Any]:
    return {
        "ref": line.ref,
        "title": line.title,
        "days": line.days,
        "due": due_text(line.days, line.extended_until),
        "day": day_text(line.due_on),
        "fact": line.fact,
        "notes": [note for note in _notes(line) if note],
        "alarm": line.part == policy.STANDING_IN,
        "review": line.page == "review",
        "action": action_label(line.page),
        "url": line.url,
    }


def _notes(line: DigestLine) -> list[str]:
    notes = [why_notified_text(line.part)]
    if line.stands_in_for and line.away_until:
        notes.append(
            _("for %(name)s, who is away until %(day)s")
            % {"name": line.stands_in_for, "day": day_text(line.away_until)}
        )
    elif line.stands_in_for:
        notes.append(_("for %(name)s, who is away") % {"name": line.stands_in_for})
    if line.owner:
        notes.append(_("Owner: %(name)s") % {"name": line.owner})
    notes.append(line.register)
    if line.private:
        notes.append(_("only your party sees it"))
    return notes
