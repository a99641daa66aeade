"""What a person's message tells, before it is put into words."""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q
from django.utils import translation

from riskreg.accounts.models import User
from riskreg.duties.sources import SOURCES, Duty
from riskreg.register.models import Absence
from riskreg.reminders import policy
from riskreg.reminders.digest.contents import Item

SHOWN = 40


class DigestLine(NamedTuple):
    """One duty. ``fact`` says how it stands; the names and ``register`` are empty where they are
    not told."""

    ref: str
    title: str
    days: int
    due_on: dt.date
    extended_until: dt.date | None
    fact: str
    part: str
    stands_in_for: str
    away_until: dt.date | None
    owner: str
    register: str
    private: bool
    page: str
    url: str


class DigestData(NamedTuple):
    """A whole message, all texts in its reader's language.

    ``total`` and the counts are of everything that is due, ``lines`` the first of it; ``orphans``:
    how much of it nobody answers for. ``registers`` by name and notice; ``work``: the slug of the
    one whose My work is named. ``address``: where it goes.
    """

    name: str
    address: str
    language: str
    lines: tuple[DigestLine, ...]
    total: int
    late: int
    today: int
    coming: int
    orphans: int
    registers: tuple[tuple[str, str], ...]
    work: str


class DigestLookups:
    """What the facts of many messages need beside their items, read at once: how things stand with
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
                    for subject, fact in SOURCES[kind].facts(list(duties.values())).items():
                        self.facts[language, kind, subject] = fact
        items = [item for _user, item in shown]
        self.people = _owners_and_absent(items)
        self.away = _last_days_away_by_register_and_user(items)

    def fact(self, user: User, duty: Duty) -> str:
        """How things stand with ``duty``, in ``user``'s language."""
        return self.facts.get((user.language, duty.kind, duty.subject), "")

    def name(self, user: int | None) -> str:
        """The name of a user (database id) in the active language; empty for none."""
        return str(self.people[user]) if user in self.people else ""


def digest_data(user: User, items: Sequence[Item], backdrop: DigestLookups) -> DigestData:
    """What a message tells ``user`` of ``items``."""
    shown = items[:SHOWN]
    registers = list({item.register.pk: item.register for item in items}.values())
    several = len(registers) > 1
    with translation.override(user.language):
        return DigestData(
            name=str(user),
            address=user.email,
            language=user.language,
            lines=tuple(_build_digest_line(item, user, backdrop, several) for item in shown),
            total=len(items),
            late=sum(item.days_until_due < 0 for item in items),
            today=sum(item.days_until_due == 0 for item in items),
            coming=sum(item.days_until_due > 0 for item in items),
            orphans=sum(item.part == policy.STANDING_IN for item in items),
            registers=tuple((register.name, register.notice) for register in registers),
            work=items[0].register.slug,
        )


def fingerprint_of_digest(kind: str, facts: DigestData) -> str:
    """A hash of a message: the same hash, the same message."""
    text = json.dumps([kind, settings.BASE_URL, facts], default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _build_digest_line(
    item: Item, user: User, backdrop: DigestLookups, name_register: bool
) -> DigestLine:
    duty = item.duty
    assert duty.due_on is not None  # noqa: S101 - only what is due becomes an item
    until = duty.extended_until
    answers = item.part in (policy.AS_OWNER, policy.STANDING_IN) or item.for_id == duty.owner_id
    return DigestLine(
        ref=duty.ref,
        title=duty.subject_title,
        days=item.days_until_due,
        due_on=duty.due_on,
        extended_until=until if until and until >= item.today else None,
        fact=backdrop.fact(user, duty),
        part=item.part,
        stands_in_for=backdrop.name(item.for_id),
        away_until=backdrop.away.get((item.register.pk, item.for_id)) if item.for_id else None,
        owner="" if answers else backdrop.name(duty.owner_id),
        register=item.register.name if name_register else "",
        private=duty.private,
        page=duty.page,
        url=duty.absolute_url(item.register.slug),
    )


def _owners_and_absent(items: Iterable[Item]) -> dict[int, User]:
    """Owners whom the readers are told about, and those who are away."""
    items = list(items)
    wanted = {i.duty.owner_id for i in items if i.part != policy.AS_OWNER}
    wanted |= {i.for_id for i in items if i.for_id is not None}
    return User.objects.only("name", "names", "email").in_bulk(wanted) if wanted else {}


def _last_days_away_by_register_and_user(items: Iterable[Item]) -> dict[tuple[int, int], dt.date]:
    """The last day of each absence that somebody stands in for, by register and user."""
    asked = {(i.register.pk, i.for_id, i.today) for i in items if i.for_id is not None}
    if not asked:
        return {}
    wanted = Q()
    for register, user, today in asked:
        wanted |= Q(register=register, user=user, starts_on__lte=today, until_on__gte=today)
    rows = Absence.objects.filter(wanted, ended_at=None).order_by("until_on")
    return {(row.register_id, row.user_id): row.until_on for row in rows}
