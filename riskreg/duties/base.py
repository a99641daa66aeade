"""What a duty is, and how a room declares its own."""

import datetime as dt
import functools
import operator
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from riskreg.duties import links
from riskreg.duties.policy.ladder import Extension, Rung, rungs_from_offset
from riskreg.duties.policy.scope import DutyScope
from riskreg.events.policy import Audience
from riskreg.kernel import clock
from riskreg.register.visibility import Visibility

# By ``Duty.subject``, the public id of the row that falls due: of a breach not that of its risk.
TextByDutySubject = dict[uuid.UUID, str]


class DutyKey(NamedTuple):
    """Which duty something is or is about: one row may be the subject of several kinds."""

    kind: str
    subject: uuid.UUID


@dataclass(frozen=True)
class Duty:
    """Something that falls due for somebody on a day of the register's calendar.

    ``due_on`` is None for what is not due any more: discharged, closed, or not in force.
    ``thing`` is the row itself, whose texts are said in the reader's language. ``extended_until``
    and ``extended_at``: the due date's written extension and when it was granted, if there is one;
    ``extension_private``: only its party may know of it, because it is older than the sharing.
    ``priority``: what is at stake (``risks.queries.priority``); ``orphan``: nobody who answers for
    it is a member any more, where that was asked.
    """

    kind: str
    subject: uuid.UUID
    due_on: dt.date | None
    register_id: int
    party_id: int
    party_uuid: uuid.UUID
    private: bool
    owner_id: int
    deputy_id: int | None
    ref: str
    subject_type: str
    page: str
    thing: Any = field(compare=False)
    extended_until: dt.date | None = None
    extended_at: dt.datetime | None = None
    extension_private: bool = False
    priority: int = 0
    orphan: bool = False

    @classmethod
    def from_row(
        cls,
        row: Any,
        kind: str,
        due_on: dt.date | None,
        *,
        subject_type: str,
        page: str,
        owned_by: Any = None,
        **more: Any,
    ) -> "Duty":
        """The duty of ``kind`` about ``row``, something of a party's that was read with it.

        ``owned_by``: the row with the owner, the deputy if there is one, and the ref (None:
        itself); what ``more`` names of these goes before it.
        """
        who = row if owned_by is None else owned_by
        return cls(
            kind=kind,
            subject=row.uuid,
            due_on=due_on,
            register_id=row.register_id,
            party_id=row.party_id,
            party_uuid=row.party.uuid,
            private=row.visibility == Visibility.PARTY,
            owner_id=more.pop("owner_id", None) or who.owner_id,
            deputy_id=more.pop("deputy_id", None) or getattr(who, "deputy_id", None),
            ref=more.pop("ref", "") or who.ref,
            subject_type=subject_type,
            page=page,
            thing=row,
            priority=getattr(row, "priority", 0),
            orphan=bool(getattr(row, "orphan", False)),
            **more,
        )

    @property
    def key(self) -> DutyKey:
        """Which duty it is."""
        return DutyKey(self.kind, self.subject)

    @property
    def subject_title(self) -> str:
        """What it is about, in the reader's language."""
        named = "name" if self.subject_type == "control" else "title"
        return str(self.thing.localized(named))

    def absolute_url(self, slug: str) -> str:
        """The page where it is discharged."""
        return links.page_url(self.page, slug=slug, **self.page_url_kwargs)

    @property
    def page_url_kwargs(self) -> dict[str, str]:
        """What its pages are found by, besides the register."""
        if self.subject_type == "control":
            return {"control": str(self.subject)}
        return {"ref": self.ref}

    def audience(self, register: uuid.UUID) -> Audience:
        """Who may know of it: everybody in the register, or its own party alone."""
        return Audience(register, self.party_uuid if self.private else None)

    def extension(self, zone: str) -> Extension | None:
        """The extension of its due date, with the day of ``zone`` on which it was granted."""
        if self.extended_until is None or self.extended_at is None:
            return None
        return Extension(self.extended_until, clock.local_date(self.extended_at, zone))

    def as_notified_to(self, party_id: int | None) -> "Duty":
        """It without an extension that readers of that party (database id) may not know of."""
        if not self.extension_private or party_id == self.party_id:
            return self
        return replace(self, extended_until=None, extended_at=None, extension_private=False)

    @property
    def scope(self) -> DutyScope:
        """What decides who is told of it."""
        return DutyScope(self.owner_id, self.deputy_id, self.party_id, self.private)


@dataclass(frozen=True)
class Source:
    """How one room declares its duties.

    ``rows`` reads every row with what a duty needs; ``open`` narrows it to what is in force, and
    ``bare`` reads every row with no more than ``open`` asks for (by default ``rows``);
    ``due_field`` is the due date's column; ``people`` are the ways from a row to its owner and, if
    it has one, its deputy; ``rows`` need not read them. ``owed_by`` finds what any of some users
    (by id) answers for, where that is not what they are among the ``people`` of. ``facts`` says how
    things stand with some duties, in the reader's language, by subject; ``with_extras`` adds to
    ``rows`` what it would otherwise read by a query of its own. ``from_offset`` leaves out the
    rungs of the register's ladder that stand before it (None: takes all). ``extended`` says that
    its due dates can be extended, and that ``rows`` has ``extended_until`` and ``extended_at``,
    None where they were not. ``last`` puts it after other duties of the same day. ``interrupts``:
    False for what always waits for the digest, whatever the ladder says. ``climbs`` picks the rungs
    of a ladder where ``from_offset`` does not say enough, and ``takes`` which of them one duty
    climbs. ``listed``: False for what is told and is nothing to be done by itself, because another
    duty asks for it: no list or count has it.
    """

    kind: str
    due_field: str
    open: Q
    rows: Callable[[], QuerySet[Any]]
    duty: Callable[[Any], Duty]
    facts: Callable[[Sequence[Duty]], TextByDutySubject]
    people: tuple[str, ...] = ("owner",)
    owed_by: Callable[[Collection[int]], Q] | None = None
    with_extras: Callable[[QuerySet[Any]], QuerySet[Any]] | None = None
    from_offset: int | None = None
    extended: bool = False
    last: bool = False
    interrupts: bool = True
    bare: Callable[[], QuerySet[Any]] | None = None
    climbs: Callable[[Sequence[Rung]], Sequence[Rung]] | None = None
    takes: Callable[[Duty, Rung, str], bool] | None = None
    listed: bool = True

    def is_answered_for_by(self, users: Collection[int]) -> Q:
        """What any of these users (database ids) answers for."""
        if self.owed_by is not None:
            return self.owed_by(users)
        return functools.reduce(operator.or_, self._conditions_by_person(users))

    def parts_answered_for_by(self, users: Collection[int]) -> list[Q]:
        """``is_answered_for_by``, in parts that have no row in common: each goes by one column of
        people, if it can, as an index does."""
        if self.owed_by is not None:
            return [self.owed_by(users)]
        ways = self._conditions_by_person(users)
        return [
            functools.reduce(operator.and_, [~before for before in ways[:n]], way)
            for n, way in enumerate(ways)
        ]

    def _conditions_by_person(self, users: Collection[int]) -> list[Q]:
        return [Q(**{f"{way}__in": users}) for way in self.people]

    def open_rows(self) -> QuerySet[Any]:
        """The rows in force."""
        return self.rows().filter(self.open)

    def rows_with_people_and_extras(self) -> QuerySet[Any]:
        """Every row with all that a reader is told: the people, and what is beside."""
        rows = self.rows().select_related(*self.people)
        return rows if self.with_extras is None else self.with_extras(rows)

    def bare_rows(self) -> QuerySet[Any]:
        """Every row with no more than ``open`` asks for."""
        return (self.bare or self.rows)()

    def open_bare_rows(self) -> QuerySet[Any]:
        """The rows in force, to be looked through without what a duty needs."""
        return self.bare_rows().filter(self.open)

    def load(self, subjects: Collection[uuid.UUID]) -> dict[uuid.UUID, Duty]:
        """The duties of those subjects as they stand now, by subject."""
        return {row.uuid: self.duty(row) for row in self.rows().filter(uuid__in=set(subjects))}

    def duties_of_rows(self, keys: Collection[int]) -> list[Duty]:
        """The duties of the rows with those database ids, soonest due first."""
        rows = self.rows().filter(pk__in=keys).order_by(self.due_field, "pk")
        return [self.duty(row) for row in rows]

    def rungs_of_kind(self, ladder: Sequence[Rung]) -> tuple[Rung, ...]:
        """The rungs of ``ladder`` that this kind of duty climbs."""
        own = self.climbs(ladder) if self.climbs else rungs_from_offset(ladder, self.from_offset)
        return tuple(self.adapt_rung(rung) for rung in own)

    def rungs_of_duty(self, duty: Duty, ladder: Sequence[Rung], zone: str) -> tuple[Rung, ...]:
        """The rungs of ``ladder`` that ``duty`` climbs, in a register of ``zone``."""
        rungs = self.rungs_of_kind(ladder)
        return rungs if self.takes is None else tuple(r for r in rungs if self.takes(duty, r, zone))

    def adapt_rung(self, rung: Rung) -> Rung:
        """``rung`` of a register's ladder as it is for this kind of duty."""
        return rung if self.interrupts else replace(rung, interrupts=False)
