"""Reviews of open risks."""

import uuid
from collections.abc import Sequence
from types import SimpleNamespace

from django.db.models import F, FilteredRelation, Q, QuerySet

from riskreg.register.policy import Matrix
from riskreg.register.visibility import Visibility
from riskreg.reminders.duties.base import Duty, Source
from riskreg.risks.models import Risk, State


def _reviews() -> QuerySet[Risk]:
    # At most one extension per risk and due date: the join adds no rows.
    current = FilteredRelation("extensions", condition=Q(extensions__due_on=F("next_review_on")))
    return (
        Risk.objects.select_related("party")
        .annotate(
            extension=current,
            extended_until=F("extension__until"),
            extended_at=F("extension__at"),
        )
        .only(
            "uuid", "ref", "title", "translations", "state", "next_review_on", "visibility",
            "register_id", "owner_id", "deputy_id", "party__uuid", "party__key",
        )
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
        extended_until=risk.extended_until,  # type: ignore[attr-defined]
        extended_at=risk.extended_at,  # type: ignore[attr-defined]
    )


def _with_rating(rows: QuerySet[Risk]) -> QuerySet[Risk]:
    # A risk has one position now at most: the join adds no rows.
    now = FilteredRelation("positions", condition=Q(positions__valid_to=None))
    return rows.annotate(
        now=now,
        now_rating=F("now__residual_rating"),
        now_score=F("now__residual_score"),
        now_criteria=F("now__criteria_id"),
        now_ratings=F("now__criteria__ratings"),
    )


def _ratings(duties: Sequence[Duty]) -> dict[uuid.UUID, str]:
    bare = [duty.thing.pk for duty in duties if not hasattr(duty.thing, "now_rating")]
    read = {
        risk.pk: risk
        for risk in (_with_rating(Risk.objects.filter(pk__in=bare).only("pk")) if bare else ())
    }
    said = {}
    for duty in duties:
        risk = read.get(duty.thing.pk, duty.thing)
        if risk.now_criteria is not None:
            name = Matrix(SimpleNamespace(ratings=risk.now_ratings)).rating_name(risk.now_rating)
            said[duty.subject] = name if risk.now_score is None else f"{name} {risk.now_score}"
    return said


REVIEW = Source(
    kind="risk.review",
    due_field="next_review_on",
    open=Q(state=State.OPEN),
    rows=_reviews,
    whose=lambda users: Q(owner_id__in=users) | Q(deputy_id__in=users),
    duty=_review,
    facts=_ratings,
    people=("owner", "deputy"),
    beside=_with_rating,
    extended=True,
    bare=Risk.objects.all,
)
