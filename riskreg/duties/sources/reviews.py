"""Reviews of open risks."""

from collections.abc import Collection, Sequence
from types import SimpleNamespace
from typing import Any

from django.db.models import F, FilteredRelation, Q, QuerySet

from riskreg.duties.base import Duty, Source, TextByDutySubject
from riskreg.register.models import Criteria
from riskreg.register.policy import Matrix
from riskreg.register.visibility import Visibility
from riskreg.reviews.queries import current_extension_subquery
from riskreg.risks.models import Position, Risk, State


def all_risks_with_duty_fields() -> QuerySet[Risk]:
    """Risks with what their duties need; those that take the same rows share a query."""
    return (
        Risk.objects.select_related("party")
        .annotate(
            extended_until=current_extension_subquery("until"),
            extended_at=current_extension_subquery("at"),
            extension_visibility=current_extension_subquery("visibility"),
        )
        .only(
            "uuid", "ref", "title", "translations", "state", "kind", "next_review_on",
            "draft_due_on", "last_reviewed_on", "priority", "visibility", "register_id", "owner_id",
            "deputy_id", "party__uuid", "party__key",
        )
    )  # fmt: skip


def _duty_to_review_while_open(risk: Risk) -> Duty:
    return Duty.from_row(
        risk, "risk.review", risk.next_review_on if risk.state == State.OPEN else None,
        subject_type="risk", page="review",
        extended_until=risk.extended_until,  # type: ignore[attr-defined]
        extended_at=risk.extended_at,  # type: ignore[attr-defined]
        extension_private=risk.extension_visibility == Visibility.PARTY,  # type: ignore[attr-defined]
    )  # fmt: skip


def with_rating_of_now(rows: QuerySet[Risk]) -> QuerySet[Risk]:
    """``rows`` with how each stands now."""
    # A risk has one position now at most: the join adds no rows.
    now = FilteredRelation("positions", condition=Q(positions__valid_to=None))
    return rows.annotate(
        now=now,
        now_rating=F("now__residual_rating"),
        now_score=F("now__residual_score"),
        now_criteria=F("now__criteria_id"),
        now_ratings=F("now__criteria__ratings"),
    )


def _rating_and_score_texts(duties: Sequence[Duty]) -> TextByDutySubject:
    risks = {duty.subject: duty.thing for duty in duties}
    _set_ratings_in_memory([risk for risk in risks.values() if not hasattr(risk, "now_rating")])
    matrices: dict[int, Matrix] = {}
    values = {}
    for subject, risk in risks.items():
        if risk.now_criteria is None:
            continue
        matrix = matrices.get(risk.now_criteria)
        if matrix is None:
            ratings = SimpleNamespace(ratings=risk.now_ratings)
            matrix = matrices[risk.now_criteria] = Matrix(ratings)
        name = matrix.rating_name(risk.now_rating)
        values[subject] = name if risk.now_score is None else f"{name} {risk.now_score}"
    return values


def _set_ratings_in_memory(risks: Collection[Any]) -> None:
    """Make ``risks`` as if they had been read by ``with_rating_of_now``, also for the next
    language."""
    if not risks:
        return
    current = Position.objects.filter(risk__in=[risk.pk for risk in risks], valid_to=None)
    now = {
        risk: (rating, score, criteria)
        for risk, rating, score, criteria in current.values_list(
            "risk_id", "residual_rating", "residual_score", "criteria_id"
        )
    }
    # Many risks are judged by the same criteria, which are long.
    wanted = {criteria for _rating, _score, criteria in now.values()}
    ratings = dict(Criteria.objects.filter(pk__in=wanted).values_list("pk", "ratings"))
    for risk in risks:
        rating, score, criteria = now.get(risk.pk, (None, None, None))
        risk.now_rating, risk.now_score, risk.now_criteria = rating, score, criteria
        risk.now_ratings = ratings.get(criteria or 0)


REVIEW = Source(
    kind="risk.review",
    due_field="next_review_on",
    open=Q(state=State.OPEN),
    rows=all_risks_with_duty_fields,
    duty=_duty_to_review_while_open,
    facts=_rating_and_score_texts,
    people=("owner", "deputy"),
    with_extras=with_rating_of_now,
    extended=True,
    bare=Risk.objects.all,
)
