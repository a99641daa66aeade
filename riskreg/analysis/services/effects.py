"""Saying what a mitigation does to a risk that it serves, and releasing it to the other parties."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.analysis.fields import EFFECT
from riskreg.analysis.models import Effect
from riskreg.analysis.policy.effects import check_effect
from riskreg.analysis.queries.effects import RUNNING, effect_for, unclosed_risks_served
from riskreg.analysis.services.given import (
    clean_fields_of_given,
    release_permitted_row,
    require_newest_not_withheld_and_on_shared_risk,
    values_for_log,
)
from riskreg.events.services import append
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.fields import WhenShared
from riskreg.register.access import Viewer
from riskreg.register.changes import values_as_first_changes
from riskreg.register.permissions import require
from riskreg.register.policy import check_sourced
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Kind, Mitigation, Risk
from riskreg.risks.queries.access import mitigation_for

# What becomes of each column when an effect is released (ADR 14).
EFFECT_COLUMNS: dict[str, WhenShared] = {
    **{f.name: f.when_shared for f in EFFECT if f.when_shared is not None},
    "created_at": WhenShared.OWN,
    "released_by": WhenShared.ANEW,
    "id": WhenShared.NEUTRAL,
    "uuid": WhenShared.NEUTRAL,
    "register": WhenShared.NEUTRAL,
}


@transaction.atomic
def record_effect(
    *,
    actor: Viewer,
    ref: str,
    risk: Any,
    given: Mapping[str, Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Effect:
    """Record what the actor believes that the mitigation called ``ref`` leaves of a risk that it
    serves (its ref), and what it costs; for their own party until it is released.

    ``given``: the settable fields of ``EFFECT``. Raises ``Invalid`` naming each wrong field.
    """
    mitigation = mitigation_for(actor, ref)
    require(actor, "estimate.record")
    if actor.party is None:
        raise Invalid.one("party", "needs_party", _("An effect is given on behalf of a party."))
    if mitigation.status not in RUNNING:
        text = _("This mitigation is over: what it did is part of how its risks stand today.")
        raise Invalid.one("state", "closed", text)
    served, clean = clean_effect(actor, mitigation, risk, given)
    row = Effect.objects.create(
        register=actor.register,
        party=actor.party,
        visibility=Visibility.PARTY,
        mitigation=mitigation,
        risk=served,
        expert=actor.user,
        at=at,
        created_at=recorded_at or at,
        **clean,
    )
    changes = values_as_first_changes(EFFECT, values_for_log(EFFECT, row))
    append(actor.entry("effect.recorded", row, at=at, recorded_at=recorded_at, changes=changes))
    return row


def clean_effect(
    actor: Viewer, mitigation: Mitigation, risk: Any, given: Mapping[str, Any]
) -> tuple[Risk, dict[str, Any]]:
    """The risk that is meant and ``given`` checked. Raises ``Invalid``."""
    errors = Errors()
    served = {row.ref: row for row in unclosed_risks_served(actor, mitigation)}
    found = served.get(risk) if isinstance(risk, str) else None
    if found is None:
        text = _("Name an open risk that %(mitigation)s serves: %(served)s.") % {
            "mitigation": mitigation.ref,
            "served": ", ".join(served) or _("it serves none"),
        }
        errors.add("risk", "unknown", text)
    clean = clean_fields_of_given(errors, actor, EFFECT, given, _("This is needed for an effect."))
    check_effect(errors, clean, is_threat=found is None or found.kind == Kind.THREAT)
    check_sourced(errors, "label", clean.get("label"), bool(clean.get("sources")))
    errors.raise_if_any()
    assert found is not None  # noqa: S101 - refused above
    return found, clean | {"currency": actor.register.currency}


@transaction.atomic
def release_effect(
    *, actor: Viewer, effect: UUID, at: dt.datetime, recorded_at: dt.datetime | None = None
) -> Effect:
    """Let the other parties see an effect, for good. Releasing it twice is as once.

    Raises ``Invalid`` for one of a risk or mitigation that is its party's own, one that has a
    successor, and one that the actor is not shown yet; ``Forbidden``, ``NotFound``.
    """
    row = effect_for(actor, effect, lock=True)
    require(actor, "estimate.release", row)
    require_newest_not_withheld_and_on_shared_risk(
        actor,
        row,
        _("Say first what you believe yourself: then you are shown what others said."),
        _("Its expert has given a newer one, which takes its place. Release that one."),
    )
    if row.visibility == Visibility.SHARED:
        return row
    if row.mitigation.visibility != Visibility.SHARED:
        text = _("The mitigation itself is your party's own: what it does stays so too.")
        raise Invalid.one("mitigation", "private_risk", text)
    return release_permitted_row(actor, row, EFFECT, at=at, recorded_at=recorded_at)
