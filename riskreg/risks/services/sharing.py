"""Making a party's own risk known to everybody, and what becomes of every part of it.

A change of audience must not tell the past that the old audience had to itself. ``RISK``,
``POSITION`` and ``BESIDE`` decide it for every column and link; a test fails where one has no
decision. What starts anew does so for everybody, so that no later reader of a column can forget who
asks; what it was before is in the party's own chain and on its ``RiskAlias``.
"""

import datetime as dt
from dataclasses import replace
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append_all
from riskreg.kernel.errors import Invalid
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.services import next_ref
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Position, Risk, RiskAlias
from riskreg.risks.policy import first_shared_version
from riskreg.risks.queries.access import check_version, position_of, risk_for
from riskreg.risks.services.fields import names_of, plain_value
from riskreg.risks.services.standing import take_position


class Fate(StrEnum):
    """What becomes of a column or link of a risk when the risk is shared."""

    TOLD = "goes over as it is; the shared event says it"
    ANEW = "starts anew at the moment of sharing, for everybody"
    OWN = "stays its party's own"
    DERIVED = "made of what is told, and of nothing else"
    NEUTRAL = "tells nothing of the past: random, or the same for every risk of its party"


RISK: dict[str, Fate] = {
    # What the risk is: sharing it means telling this.
    "title": Fate.TOLD,
    "cause": Fate.TOLD,
    "event": Fate.TOLD,
    "consequence": Fate.TOLD,
    "kind": Fate.TOLD,
    "state": Fate.TOLD,
    "response": Fate.TOLD,
    "owner": Fate.TOLD,
    "deputy": Fate.TOLD,
    "terms": Fate.TOLD,
    "objectives": Fate.TOLD,  # shared ones; with a private one linked, sharing is refused
    "sources": Fate.TOLD,
    "labels": Fate.TOLD,
    "translations": Fate.TOLD,
    "outdated_translations": Fate.TOLD,  # which of them to read with care
    # A promise for a day to come, which from now on both hold: I1 lets nothing but a review move it
    # later, so it cannot start anew.
    "next_review_on": Fate.TOLD,
    "ref": Fate.ANEW,
    "ref_order": Fate.ANEW,
    "visibility": Fate.ANEW,
    "created_at": Fate.ANEW,
    "updated_at": Fate.ANEW,
    "version": Fate.ANEW,
    "last_reviewed_on": Fate.ANEW,
    # What its party's other systems call it: shown to that party alone, shared or not.
    "external_id": Fate.OWN,
    "search_text": Fate.DERIVED,
    "sort_key_en": Fate.DERIVED,
    "sort_key_zh": Fate.DERIVED,
    # The database id never leaves, and orders no list (``ref_order`` does).
    "id": Fate.NEUTRAL,
    "uuid": Fate.NEUTRAL,
    "register": Fate.NEUTRAL,
    "party": Fate.NEUTRAL,
}
POSITION: dict[str, Fate] = {
    # Sharing closes the private position, which stays private, and opens a shared one.
    "valid_from": Fate.ANEW,
    "valid_to": Fate.ANEW,
    "by_scale": Fate.ANEW,
    "visibility": Fate.ANEW,
    "ref": Fate.ANEW,
    "ref_order": Fate.ANEW,
    "state": Fate.TOLD,
    "kind": Fate.TOLD,
    "owner": Fate.TOLD,
    "criteria": Fate.TOLD,  # without it nobody can read the cells
    **{
        f"{stage}_{part}": Fate.TOLD
        for stage in ("inherent", "residual", "target")
        for part in ("likelihood", "impact", "score", "rating")
    },
    "id": Fate.NEUTRAL,
    "risk": Fate.NEUTRAL,
    "register": Fate.NEUTRAL,
    "party": Fate.NEUTRAL,
}
# Rows that lead to a risk. Each keeps the audience that it was written for.
BESIDE: dict[str, Fate] = {
    "positions": Fate.OWN,
    "assessments": Fate.OWN,
    "reviews": Fate.OWN,
    "extensions": Fate.OWN,
    "controls": Fate.OWN,
    "mitigations": Fate.OWN,
    "indicators": Fate.OWN,
    "breaches": Fate.OWN,
    "aliases": Fate.OWN,
    # Items of meetings: a private risk is only on the agenda of a party's own meeting.
    "reviews.MeetingItem.risk": Fate.OWN,
    # What was ended with the risk says so to those who see it.
    "risks.Mitigation.ended_with": Fate.OWN,
    "indicators.Indicator.ended_with": Fate.OWN,
}
STAGES = ("inherent", "residual", "target")


@transaction.atomic
def share_risk(*, actor: Viewer, ref: str, version: int | None, at: dt.datetime) -> Risk:
    """Make a party's own risk known to everybody in the register; there is no way back.

    It gets the next shared ref; its party still finds it by the old one. What was judged, reviewed
    or planned while it was private stays private, and so does how long it was, how often it was
    changed, when it was reviewed and what its party's systems call it (see the tables above). Its
    version goes on from a round number that no private one has reached: whoever holds an older
    one is told that it is stale (I7).
    """
    risk = risk_for(actor, ref, lock=True)
    require(actor, "risk.share", risk)
    check_version(risk, version)
    if risk.visibility == Visibility.SHARED:
        return risk
    private = [o.key for o in risk.objectives.all() if o.visibility == Visibility.PARTY]
    if private:
        raise Invalid.one(
            "objectives",
            "private_objective",
            _("Unlink the objectives that are your party's own first: %s.") % ", ".join(private),
        )
    own = actor.entry("risk.shared", risk, at=at)
    before = {name: getattr(risk, name) for name, fate in RISK.items() if fate is Fate.ANEW}
    RiskAlias.objects.create(
        register=risk.register,
        party=risk.party,
        ref=risk.ref,
        risk=risk,
        risk_created_at=risk.created_at,
    )
    risk.visibility = Visibility.SHARED
    risk.set_ref(next_ref(risk.register, "risk", None))
    risk.created_at = risk.updated_at = max(at, risk.updated_at)
    risk.version = first_shared_version(risk.version)
    risk.last_reviewed_on = None
    risk.save(update_fields=list(before))
    position = take_position(risk, at, position_of(risk).criteria)
    changes = {
        name: [plain_value(was), plain_value(getattr(risk, name))]
        for name, was in before.items()
        if name not in ("ref_order", "updated_at") and was != getattr(risk, name)
    }
    shared = actor.entry("risk.shared", risk, at=at, changes=_told(risk, position))
    append_all([replace(own, changes=changes), shared])
    return risk


def _told(risk: Risk, position: Position) -> dict[str, Any]:
    """Every value that everybody may know from now on and that is not empty."""
    told: dict[str, Any] = {}
    for name, fate in RISK.items():
        if fate is Fate.TOLD:
            value = getattr(risk, name)
            many = Risk._meta.get_field(name).many_to_many
            told[name] = names_of(value.all()) if many else plain_value(value)
    told |= {stage: position.cell(stage) for stage in STAGES}
    return {name: [None, value] for name, value in told.items() if value not in (None, "", [], {})}
