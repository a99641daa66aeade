"""Giving an estimate, and releasing it to the other parties."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.analysis.fields import ESTIMATE
from riskreg.analysis.models import Estimate
from riskreg.analysis.policy.estimates import check_frequency, check_severity
from riskreg.analysis.queries.estimates import estimate_for, has_successor, withheld_among
from riskreg.analysis.services.included import refuse_linked_estimate
from riskreg.events.services import append
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.fields import Type, WhenShared
from riskreg.register.access import Viewer
from riskreg.register.changes import new_values
from riskreg.register.cleaning import clean_given
from riskreg.register.permissions import require
from riskreg.register.policy import check_sourced
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Risk, State
from riskreg.risks.queries.access import risk_for

# What becomes of each column when an estimate is released: what the table of fields says, and the
# columns that are none of its fields (ADR 14).
ESTIMATE_COLUMNS: dict[str, WhenShared] = {
    **{f.name: f.when_shared for f in ESTIMATE if f.when_shared is not None},
    "created_at": WhenShared.OWN,
    "released_by": WhenShared.ANEW,
    "id": WhenShared.NEUTRAL,
    "uuid": WhenShared.NEUTRAL,
    "register": WhenShared.NEUTRAL,
}


@transaction.atomic
def record_estimate(
    *,
    actor: Viewer,
    ref: str,
    given: Mapping[str, Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Estimate:
    """Record the actor's ranges for a risk, for their own party until they are released.

    ``given``: the settable fields of ``ESTIMATE``. Raises ``Invalid`` naming each wrong field.
    """
    risk = risk_for(actor, ref)
    require(actor, "estimate.record")
    if actor.party is None:
        raise Invalid.one("party", "needs_party", _("An estimate is given on behalf of a party."))
    if risk.state == State.CLOSED:
        raise Invalid.one("state", "closed", _("This risk is closed; reopen it to estimate it."))
    clean = clean_estimate(actor, risk, given)
    row = Estimate.objects.create(
        register=risk.register,
        party=actor.party,
        visibility=Visibility.PARTY,
        risk=risk,
        expert=actor.user,
        at=at,
        created_at=recorded_at or at,
        **clean,
    )
    changes = new_values(ESTIMATE, values_of(row))
    append(actor.entry("estimate.recorded", row, at=at, recorded_at=recorded_at, changes=changes))
    return row


def clean_estimate(actor: Viewer, risk: Risk, given: Mapping[str, Any]) -> dict[str, Any]:
    """``given`` checked, with what follows where nothing was given. Raises ``Invalid``."""
    errors = Errors()
    assert actor.party is not None  # noqa: S101 - looked at by the caller
    given = {"label": "judgement", "currency": actor.register.currency, "translations": {}, **given}
    clean = clean_given(
        errors, actor, ESTIMATE, given, party=actor.party, visibility=Visibility.PARTY
    )
    for field in ESTIMATE.settable:
        if field.must_send and clean.get(field.name) in (None, "") and not errors.has(field.name):
            errors.add(field.name, "required", _("This is needed for an estimate."))
    if clean.get("currency") not in ("", actor.register.currency):
        errors.add(
            "currency",
            "unknown",
            _("This register reckons in %(own)s: convert first, and say the rate in the rationale.")
            % {"own": actor.register.currency},
        )
    check_frequency(errors, clean)
    check_severity(errors, clean)
    if clean.get("label") == "sourced" and not clean.get("sources"):
        # An estimate stays as it was given: it keeps what it rested on, whatever becomes of that.
        clean["sources"] = risk.sources
    check_sourced(errors, "label", clean.get("label"), bool(clean.get("sources")))
    as_given = Estimate(included=clean.get("included", ""), translations=clean.get("translations"))
    refuse_linked_estimate(errors, actor, risk, as_given)
    errors.raise_if_any()
    return clean | {"currency": actor.register.currency}


@transaction.atomic
def release_estimate(
    *, actor: Viewer, estimate: UUID, at: dt.datetime, recorded_at: dt.datetime | None = None
) -> Estimate:
    """Let the other parties see an estimate, for good. Releasing it twice is as once.

    When it was given stays with its party (``ESTIMATE_COLUMNS``): for everybody it is of the moment
    of its release. Raises ``Invalid`` for one of a risk that is its party's own, one that has a
    successor, and one that the actor is not shown yet; ``Forbidden``, ``NotFound``.
    """
    row = estimate_for(actor, estimate, lock=True)
    require(actor, "estimate.release", row)
    if withheld_among(actor, [row.uuid]):
        text = _("Give your own estimate of this risk first: then you are shown those of others.")
        raise Invalid.one("estimate", "withheld", text)
    if row.visibility == Visibility.SHARED:
        return row
    if row.risk.visibility != Visibility.SHARED:
        text = _("The risk itself is your party's own. Share the risk first, then the estimate.")
        raise Invalid.one("risk", "private_risk", text)
    if has_successor(actor, row):
        text = _("Its expert has given a newer one, which takes its place. Release that one.")
        raise Invalid.one("estimate", "newer_one", text)
    errors = Errors()
    refuse_linked_estimate(errors, actor, row.risk, row)
    errors.raise_if_any()
    row.visibility, row.at, row.released_at = Visibility.SHARED, at, at
    row.released_by = actor.user
    row.save(update_fields=["visibility", "at", "released_at", "released_by"])
    # Whoever reads the shared chain alone has the whole estimate from this event.
    changes = new_values(ESTIMATE, values_of(row))
    append(actor.entry("estimate.released", row, at=at, recorded_at=recorded_at, changes=changes))
    return row


def values_of(row: Estimate) -> dict[str, Any]:
    """What is kept of an estimate, by the names of its fields, for its events."""
    kept = [f.name for f in ESTIMATE if f.type not in (Type.COMPUTED, Type.ID)]
    return {name: getattr(row, name) for name in kept}
