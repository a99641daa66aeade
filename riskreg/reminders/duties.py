"""What falls due for somebody. Each room declares its duties here by one ``Source``.

The engine knows nothing else of a room: which rows are open, what is due when and to whom, and
where to go to discharge it. Adding a kind of duty is adding a ``Source`` to ``SOURCES``.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from riskreg.events.policy import Audience
from riskreg.indicators.models import Breach, Indicator
from riskreg.indicators.queries.breaches import OPEN, with_reviewed
from riskreg.kernel.localised import number
from riskreg.register.policy import Matrix
from riskreg.register.visibility import Visibility
from riskreg.reminders import links
from riskreg.reminders.policy import LADDER, Rung
from riskreg.risks.models import Position, Risk, State


@dataclass(frozen=True)
class Duty:
    """Something that falls due for somebody on a day of the register's calendar.

    ``due_on`` is None for what is not due any more: discharged, closed, or not in force.
    ``thing`` is the row itself, whose texts are said in the reader's language.
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

    @property
    def title(self) -> str:
        """What it is about, in the reader's language."""
        return str(self.thing.said("title"))

    def link(self, slug: str) -> str:
        """The page where it is discharged."""
        return links.page(self.page, slug=slug, ref=self.ref)

    def audience(self, register: uuid.UUID) -> Audience:
        """Who may know of it: everybody in the register, or its own party alone."""
        return Audience(register, self.party_uuid if self.private else None)


@dataclass(frozen=True)
class Source:
    """How one room declares its duties.

    ``rows`` reads every row with what a duty needs; ``open`` narrows it to what is in force;
    ``due_field`` is the due date's column; ``person`` finds what one user (by id) answers for;
    ``facts`` says how things stand with some duties, in the reader's language, by subject.
    ``ladder`` is where the rungs stand that this kind of duty climbs.
    """

    kind: str
    due_field: str
    open: Q
    rows: Callable[[], QuerySet[Any]]
    person: Callable[[int], Q]
    duty: Callable[[Any], Duty]
    facts: Callable[[Sequence[Duty]], Mapping[uuid.UUID, str]]
    ladder: tuple[Rung, ...] = LADDER

    def open_rows(self) -> QuerySet[Any]:
        """The rows in force."""
        return self.rows().filter(self.open)

    def load(self, subjects: Collection[uuid.UUID]) -> dict[uuid.UUID, Duty]:
        """The duties of those subjects as they stand now, by subject."""
        return {row.uuid: self.duty(row) for row in self.rows().filter(uuid__in=set(subjects))}


def _reviews() -> QuerySet[Risk]:
    return Risk.objects.select_related("party").only(
        "uuid", "ref", "title", "translations", "state", "next_review_on", "visibility",
        "register_id", "owner_id", "deputy_id", "party__uuid",
    )  # fmt: skip


def _review(risk: Risk) -> Duty:
    return Duty(
        kind="risk.review",
        subject=risk.uuid,
        due_on=risk.next_review_on if risk.state == State.OPEN else None,
        register_id=risk.register_id,
        party_id=risk.party_id,
        party_uuid=risk.party.uuid,
        private=risk.visibility == Visibility.PARTY,
        owner_id=risk.owner_id,
        deputy_id=risk.deputy_id,
        ref=risk.ref,
        subject_type="risk",
        page="review",
        thing=risk,
    )


def _ratings(duties: Sequence[Duty]) -> dict[uuid.UUID, str]:
    positions = Position.objects.filter(
        valid_to=None, risk_id__in=[duty.thing.pk for duty in duties]
    ).select_related("criteria")
    by_risk = {position.risk_id: position for position in positions}
    said = {}
    for duty in duties:
        position = by_risk.get(duty.thing.pk)
        if position is not None:
            name = Matrix(position.criteria).rating_name(position.residual_rating)
            score = position.residual_score
            said[duty.subject] = name if score is None else f"{name} {score}"
    return said


REVIEW = Source(
    kind="risk.review",
    due_field="next_review_on",
    open=Q(state=State.OPEN),
    rows=_reviews,
    person=lambda user: Q(owner_id=user) | Q(deputy_id=user),
    duty=_review,
    facts=_ratings,
)


def _breaches() -> QuerySet[Breach]:
    return with_reviewed().select_related("party", "risk", "indicator", "reading")


def _breach(breach: Breach) -> Duty:
    waits = not breach.reviewed and breach.risk.state == State.OPEN  # type: ignore[attr-defined]
    return Duty(
        kind="risk.breach",
        subject=breach.uuid,
        due_on=breach.due_on if waits else None,
        register_id=breach.register_id,
        party_id=breach.party_id,
        party_uuid=breach.party.uuid,
        private=breach.visibility == Visibility.PARTY,
        owner_id=breach.risk.owner_id,
        deputy_id=breach.risk.deputy_id,
        ref=breach.risk.ref,
        subject_type="breach",
        page="review",
        thing=breach,
    )


def _why(duties: Sequence[Duty]) -> dict[uuid.UUID, str]:
    said = {}
    for duty in duties:
        indicator = duty.thing.indicator
        said[duty.subject] = _("called for by %(ref)s %(name)s: %(value)s %(unit)s, %(status)s") % {
            "ref": indicator.ref,
            "name": indicator.name,
            "value": number(duty.thing.reading.value),
            "unit": indicator.unit,
            "status": duty.thing.get_status_display(),
        }
    return said


# Due on the day it was called for, whatever the date of the regular review, which does not move.
BREACH = Source(
    kind="risk.breach",
    due_field="due_on",
    open=OPEN,
    rows=_breaches,
    person=lambda user: Q(risk__owner_id=user) | Q(risk__deputy_id=user),
    duty=_breach,
    facts=_why,
)


def _indicators() -> QuerySet[Indicator]:
    return Indicator.objects.select_related("party")


def _reading(indicator: Indicator) -> Duty:
    return Duty(
        kind="indicator.reading",
        subject=indicator.uuid,
        due_on=indicator.next_reading_on if indicator.active else None,
        register_id=indicator.register_id,
        party_id=indicator.party_id,
        party_uuid=indicator.party.uuid,
        private=indicator.visibility == Visibility.PARTY,
        owner_id=indicator.owner_id,
        deputy_id=None,
        ref=indicator.ref,
        subject_type="indicator",
        page="indicator_readings",
        thing=indicator,
    )


# Only from the last day in time on: what is read every week needs no word two weeks before.
READING = Source(
    kind="indicator.reading",
    due_field="next_reading_on",
    open=Q(active=True),
    rows=_indicators,
    person=lambda user: Q(owner_id=user),
    duty=_reading,
    facts=lambda duties: {duty.subject: _("a reading is missing") for duty in duties},
    ladder=tuple(rung for rung in LADDER if rung.offset_days >= 0),
)

SOURCES: dict[str, Source] = {source.kind: source for source in (REVIEW, BREACH, READING)}
