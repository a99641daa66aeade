"""Granting more time for a review, without moving its date."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from riskreg.events.services import append, is_brought_in
from riskreg.kernel.days import clean_day
from riskreg.kernel.errors import Errors, Forbidden, Invalid
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.policy import Matrix
from riskreg.register.translations import clean_translations
from riskreg.reviews import policy
from riskreg.reviews.models import Extension, Review
from riskreg.reviews.queries import extensions_without_later_review
from riskreg.risks.models import Risk, State
from riskreg.risks.queries.access import current_position_of, require_version, risk_for
from riskreg.risks.services.positions import save_next_version


@transaction.atomic
def grant_extension(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    until: Any,
    reason: Any,
    translations: Mapping[str, Any] | None = None,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Extension:
    """Let the review that is due now wait until ``until``, for a reason that is kept.

    Once per occasion, by a manager who does not answer for the risk, and at most one cadence of
    the present rating from today. ``next_review_on`` stays (I1): the review is late all the same.
    Raises ``Invalid`` naming each wrong field, ``Conflict``, ``Forbidden``, ``NotFound``.
    """
    risk = risk_for(actor, ref, lock=True)
    require_may_extend(actor, risk)
    require_version(risk, version)
    recorded_at = recorded_at or at
    if risk.state != State.OPEN or risk.next_review_on is None:
        raise Invalid.one(
            "state", "not_open", _("Only the review of an open risk can be extended.")
        )
    if extensions_without_later_review().filter(risk=risk, due_on=risk.next_review_on).exists():
        raise Invalid.one(
            "until",
            "extended_already",
            _("This due date was extended already, and that is possible once: review the risk."),
        )
    errors = Errors()
    reason = clean_text(errors, "reason", reason, required=True, limit=4000)
    versions = clean_translations(errors, translations or {}, ("reason",))
    day = clean_day(errors, "until", until, required=True)
    if day is not None:
        _check_extension_end(errors, actor, risk, risk.next_review_on, day, at)
    errors.raise_if_any()
    assert day is not None  # noqa: S101 - a missing one has raised above
    extension = Extension.objects.create(
        register=risk.register,
        party=risk.party,
        visibility=risk.visibility,
        risk=risk,
        reviewed_before=Review.objects.filter(risk=risk).order_by("-pk").first(),
        due_on=risk.next_review_on,
        until=day,
        reason=reason,
        translations=versions or None,
        granted_by=actor.user,
        at=at,
        created_at=recorded_at,
        brought_in=is_brought_in(at, recorded_at),
    )
    save_next_version(risk, recorded_at)
    append(
        actor.entry(
            "risk.extended",
            risk,
            at=at,
            recorded_at=recorded_at,
            changes={
                "due_on": [None, risk.next_review_on],
                "extended_until": [None, day],
                "reason": [None, reason],
                **({"translations": [None, versions]} if versions else {}),
            },
        )
    )
    return extension


def require_may_extend(actor: Viewer, risk: Risk) -> None:
    """Raise ``Forbidden`` unless ``actor`` may extend: four eyes, so never who answers for it."""
    require(actor, "risk.extend", risk)
    answering = {risk.owner_id, risk.deputy_id} - {None}
    if answering & {actor.user.pk, *actor.stands_in_for}:
        raise Forbidden(
            _("Whoever answers for a risk cannot give themselves more time: ask another manager.")
        )


def _check_extension_end(
    errors: Errors,
    actor: Viewer,
    risk: Risk,
    next_review_on: dt.date,
    day: dt.date,
    at: dt.datetime,
) -> None:
    today = actor.today(at)
    first = policy.earliest_extension_day(today, next_review_on)
    cadence = Matrix(actor.criteria).cadence_days(current_position_of(risk).residual_rating)
    last = policy.latest_extension_day(today, cadence)
    if last < first:
        errors.add(
            "until",
            "too_early",
            _("This review is not due soon enough to need more time."),
        )
    elif day < first:
        errors.add(
            "until",
            "in_the_past",
            _("An extension ends after today and after the due date: %(day)s or later.")
            % {"day": date_format(first, "DATE_FORMAT")},
        )
    elif day > last:
        errors.add(
            "until",
            "too_late",
            _("At this rating a review can wait until %(day)s at most.")
            % {"day": date_format(last, "DATE_FORMAT")},
        )
