"""The text of digests, interrupting messages and alarms, in their reader's language."""

import datetime as dt
import hashlib
import json
import uuid
import zoneinfo
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import css_inline
from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.html import strip_spaces_between_tags
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.notify.renewal import Content
from riskreg.register.models import Absence, Party, Register
from riskreg.reminders import links, policy
from riskreg.reminders.digest.picture import Item
from riskreg.reminders.digest.words import (
    action_words,
    count_words,
    day_words,
    due_words,
    part_words,
)
from riskreg.reminders.duties import SOURCES, Duty

DIGEST, INTERRUPT, ALARM = "digest", "interrupt", "alarm"
SHOWN = 40


def render(
    user: User, items: Sequence[Item], kind: str = DIGEST, backdrop: "Backdrop | None" = None
) -> tuple[Content, str]:
    """The message of ``kind`` that tells ``user`` of ``items``, and what it is made of: a hash of
    all that was put into words, see ``made_of``."""
    with _Reading(user):
        context = _context(user, items, backdrop or Backdrop([(user, items)]))
        return _content(kind, context), _hash(kind, context)


def made_of(user: User, items: Sequence[Item], kind: str, backdrop: "Backdrop") -> str:
    """The hash that ``render`` would give: the same hash, the same message."""
    with _Reading(user):
        return _hash(kind, _context(user, items, backdrop))


def _hash(kind: str, context: dict[str, Any]) -> str:
    text = json.dumps([kind, settings.BASE_URL, context], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class Backdrop:
    """What the words of many messages need beside their items, read at once: how things stand with
    each duty in each language, who people are, and until when some are away."""

    def __init__(self, messages: Collection[tuple[User, Sequence[Item]]]) -> None:
        shown = [(user, item) for user, items in messages for item in items[:SHOWN]]
        self.facts: dict[tuple[str, str, uuid.UUID], str] = {}
        for language in {user.language for user, _item in shown}:
            by_kind: dict[str, dict[uuid.UUID, Duty]] = {}
            for user, item in shown:
                if user.language == language:
                    by_kind.setdefault(item.duty.kind, {})[item.duty.subject] = item.duty
            with translation.override(language):
                for kind, duties in by_kind.items():
                    for subject, said in SOURCES[kind].facts(list(duties.values())).items():
                        self.facts[language, kind, subject] = said
        items = [item for _user, item in shown]
        self.people = _people(items)
        self.away = _away_until(items)

    def fact(self, user: User, duty: Duty) -> str:
        """How things stand with ``duty``, in ``user``'s language."""
        return self.facts.get((user.language, duty.kind, duty.subject), "")

    def name(self, user: int) -> str:
        """The name of a user (database id) in the active language."""
        return str(self.people[user]) if user in self.people else ""


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
    items = [Item(duty, register, today, "", party.pk) for duty in duties]
    with _Reading(user):
        context = _context(user, items, Backdrop([(user, items)]))
        context.update(total=total, more=total - len(duties), party=party.name)
        return _content(ALARM, context)


class _Reading:
    """A context in which texts and times are ``user``'s."""

    def __init__(self, user: User) -> None:
        self._language = translation.override(user.language)
        self._zone = timezone.override(zoneinfo.ZoneInfo(user.time_zone))

    def __enter__(self) -> None:
        self._language.__enter__()
        self._zone.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._zone.__exit__(*error)
        self._language.__exit__(*error)


def _content(kind: str, context: dict[str, Any]) -> Content:
    html = render_to_string(f"mail/{kind}/body.html", context)
    return Content(
        subject=" ".join(render_to_string(f"mail/{kind}/subject.txt", context).split()),
        text=_tidy(render_to_string(f"mail/{kind}/body.txt", context)),
        # Nothing is fetched: everything the mail looks like is written into it.
        html=css_inline.inline(strip_spaces_between_tags(html), load_remote_stylesheets=False),
    )


def _context(user: User, items: Sequence[Item], backdrop: Backdrop) -> dict[str, Any]:
    shown = items[:SHOWN]
    registers = list({i.register.pk: i.register for i in items}.values())
    lines = [_line(item, user, backdrop, len(registers) > 1) for item in shown]
    counts = {
        "late": sum(1 for i in items if i.days < 0),
        "today": sum(1 for i in items if i.days == 0),
        "coming": sum(1 for i in items if i.days > 0),
    }
    return {
        "name": str(user),
        "lines": lines,
        "total": len(items),
        "groups": _groups(lines),
        "counts_said": _(", ").join(count_words(counts)),
        "more": len(items) - len(shown),
        "orphans": sum(1 for i in items if i.part == policy.STANDING_IN),
        "registers_said": _(", ").join(r.name for r in registers),
        "registers": [{"name": r.name, "notice": r.notice} for r in registers],
        "work_url": links.my_work(items[0].register.slug),
        "preferences_url": links.preferences(),
        "language": {"zh-hans": "zh-Hans"}.get(user.language, user.language),
    }


def _groups(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
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


def _people(items: Iterable[Item]) -> dict[int, User]:
    """Owners whom the readers are told about, and those who are away."""
    items = list(items)
    wanted = {i.duty.owner_id for i in items if i.part != policy.AS_OWNER}
    wanted |= {i.for_id for i in items if i.for_id is not None}
    return User.objects.in_bulk(wanted) if wanted else {}


def _away_until(items: Iterable[Item]) -> dict[tuple[int, int], dt.date]:
    """The last day of each absence that somebody stands in for, by register and user."""
    asked = {(i.register.pk, i.for_id, i.today) for i in items if i.for_id is not None}
    if not asked:
        return {}
    wanted = Q()
    for register, user, today in asked:
        wanted |= Q(register=register, user=user, starts_on__lte=today, until_on__gte=today)
    rows = Absence.objects.filter(wanted, ended_at=None).order_by("until_on")
    return {(row.register_id, row.user_id): row.until_on for row in rows}


def _line(item: Item, user: User, backdrop: Backdrop, name_register: bool) -> dict[str, Any]:
    duty = item.duty
    assert duty.due_on is not None  # noqa: S101 - only what is due becomes an item
    until = duty.extended_until
    return {
        "ref": duty.ref,
        "title": duty.title,
        "days": item.days,
        "due": due_words(item.days, until if until and until >= item.today else None),
        "day": day_words(duty.due_on),
        "fact": backdrop.fact(user, duty),
        "notes": [note for note in _notes(item, backdrop, name_register) if note],
        "alarm": item.part == policy.STANDING_IN,
        "review": duty.page == "review",
        "action": action_words(duty.page),
        "url": duty.link(item.register.slug),
    }


def _notes(item: Item, backdrop: Backdrop, name_register: bool) -> Collection[str]:
    duty = item.duty
    notes = [part_words(item.part)]
    if item.for_id is not None:
        until = backdrop.away.get((item.register.pk, item.for_id))
        name = backdrop.name(item.for_id)
        notes.append(
            _("for %(name)s, who is away until %(day)s") % {"name": name, "day": day_words(until)}
            if until
            else _("for %(name)s, who is away") % {"name": name}
        )
    if item.part not in (policy.AS_OWNER, policy.STANDING_IN) and item.for_id != duty.owner_id:
        notes.append(_("Owner: %(name)s") % {"name": backdrop.name(duty.owner_id)})
    notes.append(item.register.name if name_register else "")
    if duty.private:
        notes.append(_("only your party sees it"))
    return notes


def _tidy(text: str) -> str:
    """Text without the empty lines that template tags leave: at most one in a row."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip() + "\n"
