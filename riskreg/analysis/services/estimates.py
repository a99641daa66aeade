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
from riskreg.analysis.queries.estimates import estimate_for
from riskreg.analysis.services.given import (
    clean_fields_of_given,
    release_permitted_row,
    require_newest_not_withheld_and_on_shared_risk,
    values_for_log,
)
from riskreg.analysis.services.included import check_estimate_without_linked_drivers
from riskreg.events.services import append
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.fields import WhenShared
from riskreg.register.access import Viewer
from riskreg.register.changes import values_as_first_changes
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
    changes = values_as_first_changes(ESTIMATE, values_for_log(ESTIMATE, row))
    append(actor.entry("estimate.recorded", row, at=at, recorded_at=recorded_at, changes=changes))
    return row


def clean_estimate(actor: Viewer, risk: Risk, given: Mapping[str, Any]) -> dict[str, Any]:
    """``given`` checked, with what follows where nothing was given. Raises ``Invalid``."""
    errors = Errors()
    needed = _("This is needed for an estimate.")
    clean = clean_fields_of_given(errors, actor, ESTIMATE, given, needed)
    check_frequency(errors, clean)
    check_severity(errors, clean)
    if clean.get("label") == "sourced" and not clean.get("sources"):
        # An estimate stays as it was given: it keeps what it rested on, whatever becomes of that.
        clean["sources"] = risk.sources
    check_sourced(errors, "label", clean.get("label"), bool(clean.get("sources")))
    unsaved = Estimate(included=clean.get("included", ""), translations=clean.get("translations"))
    check_estimate_without_linked_drivers(errors, actor, risk, unsaved)
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
    require_newest_not_withheld_and_on_shared_risk(
        actor,
        row,
        _("Give your own estimate of this risk first: then you are shown those of others."),
        _("Its expert has given a newer one, which takes its place. Release that one."),
    )
    if row.visibility == Visibility.SHARED:
        return row
    errors = Errors()
    check_estimate_without_linked_drivers(errors, actor, row.risk, row)
    errors.raise_if_any()
    return release_permitted_row(actor, row, ESTIMATE, at=at, recorded_at=recorded_at)
