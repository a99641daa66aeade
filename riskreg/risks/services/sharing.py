"""Making a party's own risk known to everybody, and what becomes of every part of it.

A change of audience must not tell the past that the old audience had to itself. The table of
fields, ``POSITION`` and ``BESIDE`` decide it for every column and link; a test fails where one has
no decision. What starts anew does so for everybody, so that no later reader of a column can forget
who asks; what it was before is in the party's own chain and on its ``RiskAlias``.
"""

import datetime as dt
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append_all
from riskreg.kernel.errors import Invalid
from riskreg.kernel.fields import WhenShared
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.access import Viewer
from riskreg.register.changes import value_for_log, values_as_first_changes
from riskreg.register.permissions import require
from riskreg.register.services import take_next_ref
from riskreg.register.visibility import Visibility
from riskreg.risks.fields import RISK
from riskreg.risks.models import Position, Risk, RiskAlias
from riskreg.risks.parts import refs_of_whole_and_parts
from riskreg.risks.policy import version_after_sharing
from riskreg.risks.queries.access import require_version, risk_for
from riskreg.risks.services.positions import set_draft_due_in_memory, set_position

# What the table of fields says, and the columns that are none of its fields.
RISK_COLUMNS: dict[str, WhenShared] = {
    **{f.name: f.when_shared for f in RISK if f.when_shared is not None},
    "ref_order": WhenShared.ANEW,
    "search_text": WhenShared.DERIVED,
    "sort_key_en": WhenShared.DERIVED,
    "sort_key_zh": WhenShared.DERIVED,
    # Of a draft counted from the sharing on, as from any change.
    "draft_due_on": WhenShared.DERIVED,
    # It follows from kind and score, which are told.
    "priority": WhenShared.DERIVED,
    # The database id never leaves, and orders no list (``ref_order`` does); the public one is
    # random.
    "id": WhenShared.NEUTRAL,
    "uuid": WhenShared.NEUTRAL,
    "register": WhenShared.NEUTRAL,
}
POSITION: dict[str, WhenShared] = {
    # Sharing closes the private position, which stays private, and opens a shared one.
    "valid_from": WhenShared.ANEW,
    "valid_to": WhenShared.ANEW,
    "by_scale": WhenShared.ANEW,
    "visibility": WhenShared.ANEW,
    "ref": WhenShared.ANEW,
    "ref_order": WhenShared.ANEW,
    "state": WhenShared.TOLD,
    "kind": WhenShared.TOLD,
    "owner": WhenShared.TOLD,
    "criteria": WhenShared.TOLD,  # without it nobody can read the cells
    **{
        f"{stage}_{part}": WhenShared.TOLD
        for stage in ("inherent", "residual", "target")
        for part in ("likelihood", "impact", "score", "rating")
    },
    "id": WhenShared.NEUTRAL,
    "risk": WhenShared.NEUTRAL,
    "register": WhenShared.NEUTRAL,
    "party": WhenShared.NEUTRAL,
}
# Rows that lead to a risk. Each keeps the audience that it was written for.
BESIDE: dict[str, WhenShared] = {
    "positions": WhenShared.OWN,
    "assessments": WhenShared.OWN,
    "reviews": WhenShared.OWN,
    "extensions": WhenShared.OWN,
    "controls": WhenShared.OWN,
    "risks.Control.risk": WhenShared.OWN,
    "mitigations": WhenShared.OWN,
    "indicators": WhenShared.OWN,
    "breaches": WhenShared.OWN,
    "aliases": WhenShared.OWN,
    # Items of meetings: a private risk is only on the agenda of a party's own meeting.
    "reviews.MeetingItem.risk": WhenShared.OWN,
    # What was ended with the risk says so to those who see it.
    "risks.Mitigation.ended_with": WhenShared.OWN,
    "indicators.Indicator.ended_with": WhenShared.OWN,
    # What a file became belongs to the import, which is its party's own for good.
    "exchange.ImportedRow.risk": WhenShared.OWN,
    # What it has to do with other risks, noted in private, stays so; parts refuse sharing.
    "relations": WhenShared.OWN,
    "relations_to_it": WhenShared.OWN,
    # Each stays its party's until it is released, which is an act of its own.
    "estimates": WhenShared.OWN,
    "analysis.Effect.risk": WhenShared.OWN,
    # Accepted in private is not accepted for everybody: it is asked for anew.
    "acceptances": WhenShared.OWN,
    "obligations": WhenShared.OWN,
    # Decided in private stays its party's; a question for everybody is put anew.
    "decisions": WhenShared.OWN,
    # A link of a private risk stays its party's; what everybody reckons with is linked anew.
    "driver_links": WhenShared.OWN,
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
    require_version(risk, version)
    if risk.visibility == Visibility.SHARED:
        return risk
    private = [o.key for o in risk.objectives.all() if o.visibility == Visibility.PARTY]
    if private:
        raise Invalid.one(
            "objectives",
            "private_objective",
            _("Unlink the objectives that are your party's own first: %s.") % ", ".join(private),
        )
    if parts := refs_of_whole_and_parts(actor, risk):
        raise Invalid.one(
            "relations",
            "private_parts",
            _(
                "A risk and its parts are seen by the same people. End the relations to these "
                "first, and note them anew when all are shared: %s."
            )
            % enumerate_texts(parts),
        )
    own = actor.entry("risk.shared", risk, at=at)
    before = {
        name: getattr(risk, name) for name, rule in RISK_COLUMNS.items() if rule is WhenShared.ANEW
    }
    RiskAlias.objects.create(
        register=risk.register,
        party=risk.party,
        ref=risk.ref,
        risk=risk,
        risk_created_at=risk.created_at,
    )
    risk.visibility = Visibility.SHARED
    risk.set_ref_in_memory(take_next_ref(risk.register, "risk", None))
    risk.created_at = risk.updated_at = max(at, risk.updated_at)
    risk.version = version_after_sharing(risk.version)
    risk.last_reviewed_on = None
    set_draft_due_in_memory(risk)
    risk.save(update_fields=[*before, "draft_due_on"])
    position = set_position(risk, at)
    changes = {
        name: [value_for_log(RISK[name], was), value_for_log(RISK[name], getattr(risk, name))]
        for name, was in before.items()
        if name not in ("ref_order", "updated_at") and was != getattr(risk, name)
    }
    shared = actor.entry(
        "risk.shared", risk, at=at, changes=_shared_values_as_first_changes(risk, position)
    )
    append_all([replace(own, changes=changes, subject_version=risk.version), shared])
    return risk


def _shared_values_as_first_changes(risk: Risk, position: Position) -> dict[str, Any]:
    """Every value that everybody may know from now on and that is not empty."""
    values = [field.name for field in RISK if field.when_shared is WhenShared.TOLD]
    values += ["party", "visibility"]
    cells = {stage: position.cell(stage) for stage in STAGES}
    return values_as_first_changes(RISK, {name: getattr(risk, name) for name in values}) | {
        stage: [None, cell] for stage, cell in cells.items() if cell
    }
