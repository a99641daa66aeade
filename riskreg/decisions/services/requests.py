"""Asking for an acceptance."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.analysis.queries.estimates import newest_of_each_expert_and_stage, visible_estimates
from riskreg.decisions.fields import ACCEPTANCE
from riskreg.decisions.models import (
    Acceptance,
    AcceptanceState,
    Obligation,
    ObligationKind,
    ObligationState,
)
from riskreg.decisions.policy import acceptances as policy
from riskreg.decisions.queries.acceptances import (
    least_role_to_accept,
    text_on_who_can,
    who_can_accept,
)
from riskreg.decisions.services.conditions import clean_conditions, condition_changes_for_log
from riskreg.decisions.services.telling import post_to_webhooks
from riskreg.events.services import append
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.punctuation import join_sentences
from riskreg.register.access import Viewer
from riskreg.register.changes import all_values_as_changes
from riskreg.register.cleaning import clean_given
from riskreg.register.models import Role
from riskreg.register.permissions import require
from riskreg.register.policy import Matrix
from riskreg.register.services import take_next_ref
from riskreg.register.visibility import Visibility
from riskreg.risks.appetite import terms_if_appetites_need_them
from riskreg.risks.models import Kind, Position, Risk, State
from riskreg.risks.queries.access import current_position_of, risk_for

SHOWN = "DATE_FORMAT"


@transaction.atomic
def request_acceptance(
    *,
    actor: Viewer,
    ref: str,
    given: Mapping[str, Any],
    conditions: Any = (),
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Acceptance:
    """Ask that the risk called ``ref`` be accepted as it stands, until a day and on conditions.

    ``given``: the settable fields of ``ACCEPTANCE``; ``conditions``: [{text, owner, due_on}]. Where
    the risk is accepted already this is an extension: the one before holds until this one is
    granted, or to its end. Raises ``Invalid`` naming each wrong field, ``Forbidden``, ``NotFound``.
    """
    risk = risk_for(actor, ref, lock=True)
    require(actor, "acceptance.request", risk)
    position = current_position_of(risk)
    require_above_appetite_and_not_asked(actor, risk, position)
    errors, today = Errors(), actor.today(at)
    before = newest_granted_acceptance(risk)
    clean = _clean_request_fields(errors, actor, risk, given, today, before)
    rows = clean_conditions(errors, actor, risk, conditions, today, clean.get("expires_on"))
    errors.raise_if_any()
    criteria = actor.criteria
    row = Acceptance.objects.create(
        register=risk.register,
        party=risk.party,
        visibility=risk.visibility,
        ref=take_next_ref(
            risk.register,
            "acceptance",
            risk.party if risk.visibility == Visibility.PARTY else None,
        ),
        risk=risk,
        state=AcceptanceState.REQUESTED,
        criteria=criteria,
        **(position.cell("residual") or {}),
        estimates=_newest_residual_estimate_ids(actor, risk),
        requested_by=actor.user,
        at=at,
        extension_of=before,
        created_at=recorded_at or at,
        updated_at=recorded_at or at,
        **clean,
    )
    made = [
        create_obligation(row, ObligationKind.CONDITION, ObligationState.PROPOSED, **condition)
        for condition in rows
    ]
    create_obligation(
        row, ObligationKind.ANSWER, ObligationState.OPEN, owner=row.acceptor, due_on=row.answer_by
    )
    append(
        actor.entry(
            "acceptance.requested",
            row,
            at=at,
            recorded_at=recorded_at,
            changes=all_values_as_changes(ACCEPTANCE, row, {})
            | first_event_changes_beyond_fields(row)
            | condition_changes_for_log([], made),
        )
    )
    post_to_webhooks(actor, row, "acceptance.requested", recorded_at or at)
    return row


def require_above_appetite_and_not_asked(actor: Viewer, risk: Risk, position: Position) -> None:
    """Raise ``Invalid`` where there is nothing to accept, or somebody has asked already."""
    _require_above_appetite(actor, risk, position)
    waiting = Acceptance.objects.filter(
        risk=risk, visibility=risk.visibility, state=AcceptanceState.REQUESTED
    ).first()
    if waiting is not None:
        text = _("%(ref)s asks for it already and waits for an answer.")
        raise Invalid.one("risk", "waiting", text % {"ref": waiting.ref})


def require_still_acceptable(actor: Viewer, row: Acceptance) -> None:
    """Raise ``Invalid`` where what was asked for is not what would be granted: the risk was shared
    since, stands higher, or the criteria ask for more."""
    if row.visibility != row.risk.visibility:
        text = _("The risk is shared by now: everybody who sees it is to be asked; ask anew.")
        raise Invalid.one("risk", "shared_since", text)
    position = current_position_of(row.risk)
    _require_above_appetite(actor, row.risk, position)
    frozen, now = Matrix(row.criteria), Matrix(actor.criteria)
    moved = policy.stale_because(
        frozen,
        now,
        row.rating,
        position.residual_rating,
        False,
        terms_if_appetites_need_them(row.risk, frozen, now),
    )
    if moved:
        text = _(
            "It stood at %(before)s when it was asked for, and stands at %(after)s by criteria "
            "version %(n)d now: it is to be asked for anew."
        )
        values = {
            "before": frozen.rating_name(row.rating),
            "after": now.rating_name(position.residual_rating),
            "n": now.criteria.number,
        }
        raise Invalid.one("state", "stale", text % values)


def _require_above_appetite(actor: Viewer, risk: Risk, position: Position) -> None:
    matrix, rating = Matrix(actor.criteria), position.residual_rating

    def refuse(code: str, text: str) -> None:
        raise Invalid.one("risk", code, text)

    if risk.state != State.OPEN:
        refuse("not_open", _("Only an open risk is accepted; this one is a draft or closed."))
    if risk.kind != Kind.THREAT:
        refuse("no_threat", _("An opportunity needs no acceptance."))
    if rating is None:
        refuse("unrated", _("Nobody has rated this risk as it stands today; assess it first."))
    if not matrix.above_appetite(rating, risk.kind, terms_if_appetites_need_them(risk, matrix)):
        text = _("It stands within the appetite (%(rating)s), which needs no acceptance.")
        refuse("within_appetite", text % {"rating": matrix.rating_name(rating)})


def newest_granted_acceptance(risk: Risk) -> Acceptance | None:
    """The acceptance of ``risk`` that was granted last and that nobody has ended, run out or not,
    as far as everybody who sees the risk knows of it."""
    return Acceptance.objects.filter(
        risk=risk, visibility=risk.visibility, state=AcceptanceState.GRANTED
    ).first()


def accepted_without_break_since(actor: Viewer, risk: Risk) -> dt.date | None:
    """Since when ``risk`` has been accepted, one acceptance after the other, whoever asked: a break
    is a time within the appetite. None: it has not been."""
    matrix = Matrix(actor.criteria)
    terms = terms_if_appetites_need_them(risk, matrix)
    within = [key for key in matrix.rating_keys if not matrix.above_appetite(key, terms=terms)]
    granted = Acceptance.objects.filter(
        risk=risk, visibility=risk.visibility, granted_at__isnull=False
    )
    last_within = (
        Position.objects.filter(risk=risk, residual_rating__in=within, valid_to__isnull=False)
        .order_by("-valid_to")
        .first()
    )
    if last_within is not None:
        granted = granted.filter(granted_at__gte=last_within.valid_to)
    first = granted.order_by("starts_on").first()
    return first.starts_on if first else None


def check_expiry(
    errors: Errors, actor: Viewer, risk: Risk, rating: str, day: dt.date, today: dt.date
) -> None:
    """Note an end that is over, or beyond either cap."""
    matrix, since = Matrix(actor.criteria), accepted_without_break_since(actor, risk)
    last = policy.last_possible_day(today, since, matrix, rating)
    if day <= today:
        errors.add("expires_on", "in_the_past", _("An acceptance ends after today."))
    elif last <= today:
        errors.add(
            "expires_on",
            "beyond_cap",
            _(
                "It has been accepted since %(day)s, and %(days)d days in all are the most at this "
                "rating: it cannot be extended. Reduce the risk, or decide what else is to be done."
            )
            % {
                "day": date_format(since or today, SHOWN),
                "days": matrix.most_days_accepted_in_all(rating),
            },
        )
    elif day > last:
        errors.add(
            "expires_on",
            "beyond_cap",
            _("At this rating the last day is %(day)s (%(days)d days at once, %(most)d in all).")
            % {
                "day": date_format(last, SHOWN),
                "days": matrix.most_days_accepted_at_once(rating),
                "most": matrix.most_days_accepted_in_all(rating),
            },
        )


def first_event_changes_beyond_fields(row: Acceptance) -> dict[str, list[Any]]:
    """What the table of fields does not say of an acceptance, for its first event."""
    found: dict[str, list[Any]] = {"criteria_number": [None, row.criteria.number]}
    if row.estimates:
        found["estimates"] = [None, row.estimates]
    if row.extension_of is not None:
        found["extension_of"] = [None, row.extension_of.ref]
    return found


def _clean_request_fields(
    errors: Errors,
    actor: Viewer,
    risk: Risk,
    given: Mapping[str, Any],
    today: dt.date,
    before: Acceptance | None,
) -> dict[str, Any]:
    given = {"reason": "", "expires_on": None, "acceptor": "", "translations": {}, **given}
    given["answer_by"] = given.get("answer_by") or None
    # Who is asked need not be somebody who could own a risk; below it is looked at what they may.
    clean = clean_given(
        errors, actor, ACCEPTANCE, given, party=risk.party, visibility=Visibility.SHARED
    )
    rating = str(current_position_of(risk).residual_rating)
    expires_on: dt.date | None = clean.get("expires_on")
    if expires_on is not None and not errors.has_any_on("expires_on"):
        check_expiry(errors, actor, risk, rating, expires_on, today)
    answer_by: dt.date | None = clean.get("answer_by")
    if answer_by is None and not errors.has_any_on("answer_by"):
        answer_by = today + policy.ANSWER_DAYS * policy.DAY
        if expires_on is not None and expires_on > today:
            answer_by = min(answer_by, expires_on)
        clean["answer_by"] = answer_by
    elif answer_by is not None and answer_by < today:
        errors.add("answer_by", "in_the_past", _("An answer is due today or later."))
    elif answer_by is not None and expires_on is not None and answer_by > expires_on:
        text = _("An answer after the end is of no use; name a day before it.")
        errors.add("answer_by", "too_late", text)
    _check_acceptor(errors, actor, risk, rating, clean.get("acceptor"))
    clean["translations"] = clean.get("translations") or None
    return clean


def _check_acceptor(
    errors: Errors, actor: Viewer, risk: Risk, rating: str, acceptor: User | None
) -> None:
    if errors.has_any_on("acceptor"):
        return
    could = who_can_accept(actor, risk, rating, but=[actor.user.pk])
    if acceptor is None:
        errors.add("acceptor", "required", f"{_('Name who is asked.')} {text_on_who_can(could)}")
    elif acceptor.pk == actor.user.pk:
        text = _("You cannot answer what you ask.")
        errors.add("acceptor", "same_person", join_sentences([text, text_on_who_can(could)]))
    elif acceptor not in could:
        role = least_role_to_accept(actor, rating)
        text = _("%(name)s cannot accept this risk: it takes the role %(role)s, in its party, and "
                 "nobody who answers for it.")  # fmt: skip
        text = text % {"name": acceptor, "role": _role_label(role)}
        errors.add("acceptor", "no_authority", join_sentences([text, text_on_who_can(could)]))


def _role_label(role: str) -> str:
    return str(Role(role).label)


def _newest_residual_estimate_ids(actor: Viewer, risk: Risk) -> list[str]:
    """The estimates of how the risk stands today, by id, that everybody who sees it may know of:
    the newest of each expert."""
    rows = visible_estimates(actor).filter(risk=risk, stage="residual")
    rows = rows.filter(visibility=risk.visibility).order_by("-at", "-id")
    return sorted(str(row.uuid) for row in newest_of_each_expert_and_stage(rows))


def create_obligation(row: Acceptance, kind: str, state: str, **given: Any) -> Obligation:
    """Note what is owed because of an acceptance."""
    return Obligation.objects.create(
        register=row.register,
        party=row.party,
        visibility=row.visibility,
        kind=kind,
        state=state,
        risk=row.risk,
        acceptance=row,
        created_at=row.created_at,
        updated_at=row.created_at,
        **given,
    )
