"""Recording reviews: the only thing that lets a review date move later (I1)."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append, is_brought_in
from riskreg.kernel.days import clean_day
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.changes import set_changed_in_memory
from riskreg.register.permissions import require
from riskreg.register.policy import LABELS, Matrix, check_sourced
from riskreg.register.translations import clean_translations
from riskreg.reviews.models import Outcome, Review
from riskreg.risks import policy
from riskreg.risks.fields import RISK
from riskreg.risks.models import Risk, State
from riskreg.risks.queries.access import current_position_of, require_version, risk_for
from riskreg.risks.services.assessments import clean_assessment, create_permitted_assessment
from riskreg.risks.services.positions import save_next_version

# What rooms above do once a review is recorded, in its transaction; added when they are ready.
REVIEWED: list[Callable[[Review], None]] = []


@transaction.atomic
def record_review(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    outcome: Any = None,
    comment: Any = "",
    assessment: Mapping[str, Any] | None = None,
    next_review_on: Any = None,
    translations: Mapping[str, Any] | None = None,
    label: str = "judgement",
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Review:
    """Record that the actor looked at an open risk, perhaps with a new residual assessment.

    ``next_review_on`` may ask for an earlier date than the rating's cadence gives, never a later
    one. ``outcome`` defaults to ``rescored`` with an assessment and ``unchanged`` without. A new
    score needs its reason; where the assessment has no ``rationale``, the comment is it.
    Raises ``Invalid`` naming each wrong field, ``Conflict``, ``Forbidden``, ``NotFound``.
    """
    risk = risk_for(actor, ref, lock=True)
    require(actor, "risk.review", risk)
    require_version(risk, version)
    return create_permitted_review(
        actor,
        risk,
        outcome=outcome,
        comment=comment,
        assessment=assessment,
        next_review_on=next_review_on,
        translations=translations,
        label=label,
        at=at,
        recorded_at=recorded_at,
    )


def create_permitted_review(
    actor: Viewer,
    risk: Risk,
    *,
    outcome: Any = None,
    comment: Any = "",
    assessment: Mapping[str, Any] | None = None,
    next_review_on: Any = None,
    translations: Mapping[str, Any] | None = None,
    label: str = "judgement",
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Review:
    """The review itself, of a risk that the caller has locked and whose reviewer is allowed.

    Part of ``record_review`` and of a meeting's ``record_item``, in the caller's transaction.
    """
    recorded_at = recorded_at or at
    today = actor.today(at)
    errors = Errors()
    if risk.state != State.OPEN:
        raise Invalid.one("state", "not_open", _("Only open risks are reviewed."))
    outcome = outcome or (Outcome.RESCORED if assessment else Outcome.UNCHANGED)
    if outcome not in Outcome.values:
        errors.add(
            "outcome",
            "unknown",
            _("This must be one of: %(all)s.") % {"all": ", ".join(Outcome.values)},
        )
    elif outcome == Outcome.RESCORED and not assessment:
        errors.add("assessment", "required", _("A new score needs its likelihood and impact."))
    elif outcome == Outcome.UNCHANGED and assessment:
        errors.add("outcome", "contradiction", _("A new score is not “unchanged”; use rescored."))
    comment = clean_text(errors, "comment", comment, limit=8000)
    if label not in LABELS:
        errors.add("label", "unknown", _("Unknown label; use one of: %s.") % ", ".join(LABELS))
    check_sourced(errors, "label", label, bool(risk.sources))
    versions = clean_translations(errors, translations or {}, ("comment",))
    wanted = _clean_next_review_on(errors, next_review_on, today)
    if assessment is not None:
        try:
            assessment = _with_comment_as_missing_reason(assessment, comment, versions)
            clean, cell = clean_assessment(actor, risk, assessment)
        except Invalid as invalid:
            errors.merge(invalid, prefix="assessment.")
        else:
            if outcome == Outcome.RESCORED and vars(cell) == current_position_of(risk).cell(
                clean["stage"]
            ):
                errors.add(
                    "assessment.likelihood",
                    "nothing_changed",
                    _(
                        "Nothing has changed: it stands in this cell already. Choose another cell, "
                        "or record that nothing has changed."
                    ),
                )
    criteria = actor.criteria
    if wanted is not None and assessment is None:
        _check_within_cadence(
            errors, wanted, today, Matrix(criteria).cadence_days(_residual_rating(risk))
        )
    errors.raise_if_any()
    due_on = risk.next_review_on
    assert due_on is not None  # noqa: S101 - the database holds that open risks have a date
    judged = None
    if assessment is not None:
        judged = create_permitted_assessment(
            actor, risk, assessment, at=at, recorded_at=recorded_at
        )
    cadence = Matrix(criteria).cadence_days(_residual_rating(risk))
    if wanted is not None and assessment is not None:
        _check_within_cadence(errors, wanted, today, cadence)
        errors.raise_if_any()
    risk.next_review_on = policy.next_review_after(today, cadence, wanted)
    reviewed = {"last_reviewed_on": max(filter(None, (risk.last_reviewed_on, today)))}
    looked_at = set_changed_in_memory(RISK, risk, reviewed)
    review = Review.objects.create(
        register=risk.register,
        party=risk.party,
        visibility=risk.visibility,
        risk=risk,
        outcome=outcome,
        comment=comment,
        translations=versions,
        label=label,
        reviewer=actor.user,
        assessment=judged,
        due_on=due_on,
        next_review_on=risk.next_review_on,
        at=at,
        created_at=recorded_at,
        brought_in=is_brought_in(at, recorded_at),
    )
    save_next_version(risk, recorded_at, "next_review_on", "last_reviewed_on")
    append(
        actor.entry(
            "risk.reviewed",
            risk,
            at=at,
            recorded_at=recorded_at,
            changes={
                "outcome": [None, outcome],
                "comment": [None, comment],
                "next_review_on": [due_on, risk.next_review_on],
                **looked_at,
                **({"translations": [None, versions]} if versions else {}),
            },
        )
    )
    for do in REVIEWED:
        do(review)
    return review


def _with_comment_as_missing_reason(
    assessment: Mapping[str, Any], comment: str, versions: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The assessment, with what the reviewer said as its reason where it names none itself."""
    if not isinstance(assessment, Mapping) or assessment.get("rationale") or not comment:
        return assessment
    translations = {lang: {"rationale": texts["comment"]} for lang, texts in versions.items()}
    return {"translations": translations, **assessment, "rationale": comment}


def _residual_rating(risk: Risk) -> str | None:
    return current_position_of(risk).residual_rating


def _clean_next_review_on(errors: Errors, value: Any, today: dt.date) -> dt.date | None:
    day = clean_day(errors, "next_review_on", value)
    if day is not None and day <= today:
        errors.add("next_review_on", "in_the_past", _("The next review must be on a day to come."))
    return day


def _check_within_cadence(errors: Errors, wanted: dt.date, today: dt.date, cadence: int) -> None:
    latest = policy.next_review_after(today, cadence)
    if wanted > latest:
        errors.add(
            "next_review_on",
            "too_late",
            _("At this rating the next review is due by %(day)s; choose that day or earlier.")
            % {"day": latest.isoformat()},
        )
