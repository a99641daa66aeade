"""A person's digest: what belongs into it at a moment, and its words in their language."""

import datetime as dt
import zoneinfo
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import css_inline
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.html import strip_spaces_between_tags
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from riskreg.accounts.models import User
from riskreg.events.policy import Audience
from riskreg.kernel import clock
from riskreg.notify.renewal import Content
from riskreg.register.models import Membership, Register
from riskreg.reminders import links, policy
from riskreg.reminders.duties import READING, SOURCES, Duty
from riskreg.reminders.models import Addressee
from riskreg.reminders.queries import ANSWERABLE, RUNGS, members_among, who_is_told

KIND = "digest"
SHOWN = 40
OWN_LIMIT = 200


@dataclass(frozen=True)
class Item:
    """One duty in a digest, and what the reader is to it."""

    duty: Duty
    register: Register
    today: dt.date
    part: str
    party_id: int

    @property
    def days(self) -> int:
        """Days from today to the due date; negative when it has passed."""
        assert self.duty.due_on is not None  # noqa: S101 - only what is due becomes an item
        return (self.duty.due_on - self.today).days


@dataclass
class Picture:
    """What is due for a person at a moment.

    Of the addressees asked about: ``valid`` are still to be told, ``gone`` have nothing to be told
    of any more, ``moved`` are not the ones to tell any more. ``items`` is everything due for the
    person, most urgent first.
    """

    items: list[Item] = field(default_factory=list)
    valid: list[Addressee] = field(default_factory=list)
    gone: list[Addressee] = field(default_factory=list)
    moved: list[Addressee] = field(default_factory=list)
    duties: dict[Any, Duty] = field(default_factory=dict)
    audiences: set[Audience] = field(default_factory=set)


def picture(user: User, addressees: Collection[Addressee], at: dt.datetime) -> Picture:
    """See ``Picture``. ``addressees`` are ``user``'s, with reminder and register."""
    seen = Picture()
    homes = {
        membership.register_id: membership
        for membership in Membership.objects.filter(
            user=user, ended_at=None, party__isnull=False, role__in=ANSWERABLE
        ).select_related("register", "party")
        if user.is_active
    }
    for source in SOURCES.values():
        asked = [a for a in addressees if a.reminder.kind == source.kind]
        seen.duties.update(source.load([a.reminder.subject for a in asked]))
        own = _own(source, user, homes.values(), at)
        told = _told([*seen.duties.values(), *own], homes)
        for addressee in asked:
            reminder = addressee.reminder
            duty = seen.duties[reminder.subject]
            if duty.due_on != reminder.due_on:
                seen.gone.append(addressee)
                continue
            part = told(duty, RUNGS[reminder.rung], user.pk)
            if part is None:
                seen.moved.append(addressee)
            else:
                seen.valid.append(addressee)
                _add(seen, duty, homes[duty.register_id], part, at)
        for duty in own:
            today = clock.local_date(at, homes[duty.register_id].register.time_zone)
            rung = policy.rung_at(source.ladder, duty.due_on, today) if duty.due_on else None
            part = told(duty, rung, user.pk) if rung else None
            if part is not None:
                _add(seen, duty, homes[duty.register_id], part, at)
    seen.items.sort(key=_urgency)
    return seen


def _urgency(item: Item) -> tuple[Any, ...]:
    """Late, today, to come; in each, what needs a look before figures that are missing."""
    when = (item.days > 0) - (item.days < 0)
    return (when, item.duty.kind == READING.kind, item.days, item.register.slug, item.duty.ref)


def _own(source: Any, user: User, homes: Iterable[Membership], at: dt.datetime) -> list[Duty]:
    """What ``user`` answers for and has come onto the ladder, whether told before or not."""
    duties: list[Duty] = []
    for home in homes:
        last = policy.reached(source.ladder, clock.local_date(at, home.register.time_zone))[-1][1]
        rows = source.open_rows().filter(
            source.person(user.pk),
            register=home.register,
            **{f"{source.due_field}__lte": last},
        )
        duties += [source.duty(row) for row in rows.order_by(source.due_field, "pk")[:OWN_LIMIT]]
    return duties


def _told(duties: list[Duty], homes: dict[int, Membership]) -> Any:
    """A function (duty, rung, user) → what the user is told it as, or None."""
    members = {
        register: members_among(
            register,
            {u for d in duties if d.register_id == register for u in (d.owner_id, d.deputy_id)},
        )
        for register in homes
    }

    def part_of(duty: Duty, rung: policy.Rung, user: int) -> str | None:
        if duty.register_id not in members:
            return None
        found = who_is_told(rung, [duty], members[duty.register_id])[duty.subject]
        return next((r.part for r in found if r.user_id == user), None)

    return part_of


def _add(seen: Picture, duty: Duty, home: Membership, part: str, at: dt.datetime) -> None:
    if any((i.duty.kind, i.duty.subject) == (duty.kind, duty.subject) for i in seen.items):
        return
    register = home.register
    today = clock.local_date(at, register.time_zone)
    assert home.party is not None  # noqa: S101 - only members with a party are read
    seen.items.append(Item(duty, register, today, part, home.party.pk))
    seen.audiences.add(Audience(register.uuid, home.party.uuid))


# Words -------------------------------------------------------------------------------------------


def due_words(days: int) -> str:
    """How far off a due date is, in the active language: "due in 3 days"."""
    if days == 0:
        return _("due today")
    if days == 1:
        return _("due tomorrow")
    if days > 0:
        return ngettext("due in %(n)d day", "due in %(n)d days", days) % {"n": days}
    return ngettext("%(n)d day overdue", "%(n)d days overdue", -days) % {"n": -days}


def day_words(day: dt.date) -> str:
    """A whole date in the active language: "27 November 2026"."""
    # Translators: the form of a whole date, in Django's date format letters.
    return date_format(day, pgettext("date form", "j F Y"))


def part_words(part: str) -> str:
    """Why the reader is told; empty for the owner, whose matter it plainly is."""
    return {
        policy.AS_DEPUTY: _("you are its deputy"),
        policy.AS_MANAGER: _("you manage risks for its party"),
        policy.STANDING_IN: _("nobody who answers for it is here any more: name a new owner"),
    }.get(part, "")


def render(user: User, items: list[Item]) -> Content:
    """The digest of ``items`` in ``user``'s language."""
    with (
        translation.override(user.language),
        timezone.override(zoneinfo.ZoneInfo(user.time_zone)),
    ):
        context = _context(user, items)
        html = render_to_string("mail/digest/body.html", context)
        return Content(
            subject=" ".join(render_to_string("mail/digest/subject.txt", context).split()),
            text=_tidy(render_to_string("mail/digest/body.txt", context)),
            # Nothing is fetched: everything the mail looks like is written into it.
            html=css_inline.inline(strip_spaces_between_tags(html), load_remote_stylesheets=False),
        )


def _context(user: User, items: list[Item]) -> dict[str, Any]:
    shown = items[:SHOWN]
    facts = {
        subject: said
        for source in SOURCES.values()
        for subject, said in source.facts(
            [i.duty for i in shown if i.duty.kind == source.kind]
        ).items()
    }
    registers = list({i.register.pk: i.register for i in items}.values())
    others = [i.duty.owner_id for i in shown if i.part in (policy.AS_DEPUTY, policy.AS_MANAGER)]
    owners = {pk: str(owner) for pk, owner in User.objects.in_bulk(others).items()}
    lines = [
        _line(item, facts.get(item.duty.subject, ""), owners, len(registers) > 1) for item in shown
    ]
    late = [line for line in lines if line["days"] < 0]
    now = [line for line in lines if line["days"] == 0]
    coming = [line for line in lines if line["days"] > 0]
    counts = {
        "late": sum(1 for i in items if i.days < 0),
        "today": sum(1 for i in items if i.days == 0),
        "coming": sum(1 for i in items if i.days > 0),
    }
    return {
        "name": str(user),
        "lines": lines,
        "total": len(items),
        "groups": [
            {"tone": tone, "title": title, "lines": group}
            for tone, title, group in (
                ("late", _("Overdue"), late),
                ("today", _("Due today"), now),
                ("coming", _("Coming up"), coming),
            )
            if group
        ],
        "counts_said": _(", ").join(_count_words(counts)),
        "more": len(items) - len(shown),
        "orphans": sum(1 for i in items if i.part == policy.STANDING_IN),
        "registers_said": _(", ").join(r.name for r in registers),
        "registers": [{"name": r.name, "notice": r.notice} for r in registers],
        "work_url": links.my_work(items[0].register.slug),
        "preferences_url": links.preferences(),
        "language": {"zh-hans": "zh-Hans"}.get(user.language, user.language),
    }


def _line(item: Item, fact: str, owners: dict[int, str], name_register: bool) -> dict[str, Any]:
    duty = item.duty
    assert duty.due_on is not None  # noqa: S101 - only what is due becomes an item
    notes = [part_words(item.part)]
    if item.part in (policy.AS_DEPUTY, policy.AS_MANAGER):
        notes.append(_("Owner: %(name)s") % {"name": owners[duty.owner_id]})
    notes.append(item.register.name if name_register else "")
    if duty.private:
        notes.append(_("only your party sees it"))
    return {
        "ref": duty.ref,
        "title": duty.title,
        "days": item.days,
        "due": due_words(item.days),
        "day": day_words(duty.due_on),
        "fact": fact,
        "notes": [note for note in notes if note],
        "alarm": item.part == policy.STANDING_IN,
        "url": duty.link(item.register.slug),
    }


def _count_words(counts: dict[str, int]) -> list[str]:
    said = []
    if counts["late"]:
        said.append(ngettext("%(n)d overdue", "%(n)d overdue", counts["late"]))
    if counts["today"]:
        said.append(ngettext("%(n)d due today", "%(n)d due today", counts["today"]))
    if counts["coming"]:
        said.append(ngettext("%(n)d coming up", "%(n)d coming up", counts["coming"]))
    numbers = [n for n in counts.values() if n]
    return [text % {"n": n} for text, n in zip(said, numbers, strict=True)]


def _tidy(text: str) -> str:
    """Text without the empty lines that template tags leave: at most one in a row."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip() + "\n"
