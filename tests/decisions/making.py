"""Acceptances and decisions as tests make them."""

import datetime as dt
from typing import Any

from riskreg.decisions.models import Acceptance, Decision, Obligation
from riskreg.decisions.services import (
    add_option,
    ask_about_risk,
    create_decision,
    decide,
    grant_acceptance,
    propose_decision,
    request_acceptance,
)
from riskreg.risks.models import Risk
from tests.builders import World

DAY = dt.timedelta(days=1)


def asked(world: World, row: Risk, *, by: Any = "owner", **given: Any) -> Acceptance:
    """A request to accept ``row``, put to the leader of its party for sixty days."""
    at = given.pop("at", world.at)
    conditions = given.pop("conditions", [])
    leader = world.leader if row.party == world.foton else world.partner_leader
    actor = world.viewer(by)
    fields = {
        "reason": "Nothing more pays before spring (illustrative)",
        "expires_on": (actor.today(at) + 60 * DAY).isoformat(),
        "acceptor": str(leader.uuid),
        **given,
    }
    return request_acceptance(actor=actor, ref=row.ref, given=fields, conditions=conditions, at=at)


def accepted(world: World, row: Risk, *, by: str = "owner", **given: Any) -> Acceptance:
    """``row`` accepted by the leader of its party."""
    at = given.get("at", world.at)
    request = asked(world, row, by=by, **given)
    leader = "leader" if row.party == world.foton else "partner_leader"
    return grant_acceptance(actor=world.viewer(leader), ref=request.ref, version=None, at=at)


def condition(world: World, days: int = 20, owner: str = "owner") -> dict[str, Any]:
    """A condition due in so many days."""
    return {
        "text": "A second supplier is named",
        "owner": str(getattr(world, owner).uuid),
        "due_on": (world.today + days * DAY).isoformat(),
    }


def question(
    world: World, row: Risk, *, by: str = "leader", days: int = 7, **given: Any
) -> Obligation:
    """Something that is asked about ``row``, due in so many days."""
    fields = {"text": "What does the tariff do to it?", "at": world.at, **given}
    due_on = (world.today + days * DAY).isoformat()
    return ask_about_risk(actor=world.viewer(by), ref=row.ref, due_on=due_on, **fields)


# Decisions -------------------------------------------------------------------------------------
def drafted(world: World, *rows: Risk, by: Any = "manager", **given: Any) -> Decision:
    """A question about ``rows`` with two options beside doing nothing, put to the leader."""
    at, visibility = given.pop("at", world.at), given.pop("visibility", "shared")
    actor = world.viewer(by)
    fields = {
        "title": "Hydrogen: a gate, or stop? (illustrative)",
        "due_on": (actor.today(at) + 10 * DAY).isoformat(),
        "risks": [row.ref for row in rows],
        "deciders": [world.leader.email],
        **given,
    }
    row = create_decision(actor=actor, fields=fields, visibility=visibility, at=at)
    for title, amount in (("A gate", "120"), ("All in", "900")):
        cost = {"amount": amount, "year": 2027, "party": world.foton.key}
        option = {"title": title, "effects": "As estimated (illustrative)", "costs": [cost]}
        add_option(actor=actor, ref=row.ref, version=None, fields=option, at=at)
    row.refresh_from_db()
    return row


def proposed(world: World, *rows: Risk, by: Any = "manager", **given: Any) -> Decision:
    """A decision that is put forward."""
    at = given.get("at", world.at)
    row = drafted(world, *rows, by=by, **given)
    return propose_decision(actor=world.viewer(by), ref=row.ref, version=None, at=at)


def chosen(world: World, row: Decision, *, by: Any = "leader", **given: Any) -> Decision:
    """Option B of a decision that is put forward, chosen by the leader."""
    at = given.pop("at", world.at)
    actor = world.viewer(by)
    answer = {
        "option": "B",
        "rationale": "It keeps the option open",
        "review_on": (actor.today(at) + 90 * DAY).isoformat(),
        **given,
    }
    return decide(actor=actor, ref=row.ref, version=None, at=at, **answer)
