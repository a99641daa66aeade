"""Acceptances over the API: each state, each act and each role; what is wrong is named."""

from typing import Any

import pytest

from riskreg.decisions.models import Acceptance, Obligation
from riskreg.decisions.services import refuse_acceptance, revoke_acceptance, withdraw_acceptance
from riskreg.register.models import Role
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World
from tests.decisions.making import DAY, accepted, asked, condition
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
SEND: dict[str, Any] = {"content_type": "application/json"}
STATES = ("requested", "granted", "refused", "withdrawn", "revoked", "superseded")
WHO = ("onlooker", "owner", "manager", "leader", "auditor", "integration")
# Who gets which act done in which state, of a request by the owner of a risk rated critical.
DONE = {
    ("requested", "grant"): {"leader"},
    ("requested", "refuse"): {"leader"},
    ("requested", "withdraw"): {"owner"},
    ("granted", "revoke"): {"leader", "owner"},
}


def here(world: World, path: str = "") -> str:
    return f"/api/v1/registers/{world.register.slug}/acceptances/{path}"


def in_state(world: World, row: Risk, state: str) -> Acceptance:
    """An acceptance of ``row`` that stands so."""
    act: dict[str, Any] = {"version": None, "words": "Why", "at": world.at}
    if state in ("granted", "revoked", "superseded"):
        made = accepted(world, row)
    else:
        made = asked(world, row)
    if state == "refused":
        refuse_acceptance(actor=world.viewer("leader"), ref=made.ref, **act)
    elif state == "withdrawn":
        withdraw_acceptance(actor=world.viewer("owner"), ref=made.ref, **act)
    elif state == "revoked":
        revoke_acceptance(actor=world.viewer("leader"), ref=made.ref, **act)
    elif state == "superseded":
        accepted(world, row)
    made.refresh_from_db()
    assert made.state == state
    return made


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", ["grant", "refuse", "withdraw", "revoke"])
def test_every_act_in_every_state_by_every_role(world: World, state: str, act: str) -> None:
    assert {builders.MEMBERS[name][1] for name in WHO} == set(Role.values)
    row = in_state(world, builders.risk(world), state)
    for name in WHO:
        program = builders.api(getattr(world, name))
        tag = {"If-Match": program.get(here(world, f"{row.ref}/")).headers["ETag"]}
        may = name in DONE.get((state, act), set())
        path = here(world, f"{row.ref}/{act}/")
        shown = program.get(here(world, f"{row.ref}/")).json()["may"]
        assert (act in shown) is may, (state, act, name)
        if may:
            continue
        with nothing_changes():
            answer = program.post(path, {"words": "x"}, headers=tag, **SEND)
        expected = 403 if (state, act) in DONE else 400
        assert answer.status_code == expected, (name, answer.content)
        assert answer.json()["detail"]
    for name in sorted(DONE.get((state, act), set()))[:1]:
        program = builders.api(getattr(world, name))
        tag = {"If-Match": program.get(here(world, f"{row.ref}/")).headers["ETag"]}
        answer = program.post(
            here(world, f"{row.ref}/{act}/"), {"words": "Why"}, headers=tag, **SEND
        )
        assert answer.status_code == 200, answer.content


def test_asked_for_granted_and_met(world: World) -> None:
    row = builders.risk(world)
    owner, leader = builders.api(world.owner), builders.api(world.leader)
    body = {
        "risk": row.ref,
        "reason": "Nothing more pays before spring",
        "expires_on": str(world.today + 60 * DAY),
        "acceptor": str(world.leader.uuid),
        "conditions": [condition(world)],
    }
    needed = leader.get(here(world, "needed/")).json()["results"]
    assert [n["risk"] for n in needed] == [row.ref]
    made = owner.post(here(world), body, **SEND)
    assert made.status_code == 201, made.content
    assert made.json()["status"] == "waiting"
    assert made.headers["Location"].endswith("/acceptances/A-001/")
    assert leader.get(here(world, "needed/")).json()["results"][0]["request"] == "A-001"
    tag = {"If-Match": made.headers["ETag"]}
    assert leader.post(here(world, "A-001/grant/"), {}, **SEND).status_code == 428
    granted = leader.post(here(world, "A-001/grant/"), {"words": "Yes"}, headers=tag, **SEND)
    assert (granted.json()["state"], granted.json()["status"]) == ("granted", "in_force")
    assert leader.get(here(world, "needed/")).json()["results"] == []
    stale = leader.post(here(world, "A-001/revoke/"), {"words": "x"}, headers=tag, **SEND)
    assert stale.status_code == 412
    term = granted.json()["conditions"][0]["id"]
    met = owner.post(
        here(world, f"A-001/conditions/{term}/"), {"state": "met", "words": "Signed"}, **SEND
    )
    assert met.json()["conditions"][0]["state"] == "met"
    for query, count in (("state=granted", 1), ("state=refused", 0), (f"risk={row.ref}", 1)):
        assert len(owner.get(here(world, f"?{query}")).json()["results"]) == count
    assert owner.get(here(world, "?state=soon")).status_code == 400


@pytest.mark.parametrize(
    "change, pointer, code",
    [
        ({"expires_on": "2028-01-01"}, "#/expires_on", "beyond_cap"),
        ({"acceptor": "nobody@example.com"}, "#/acceptor", "unknown_member"),
        ({"colour": "red"}, "#/colour", "unknown_field"),
        ({"conditions": [{"text": "x" * 2001, "owner": "x", "due_on": "2026-10-01"}]},
         "#/conditions/0/text", "too_long"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    world: World, change: dict[str, Any], pointer: str, code: str
) -> None:
    row = builders.risk(world)
    body = {
        "risk": row.ref,
        "reason": "Why",
        "expires_on": str(world.today + 60 * DAY),
        "acceptor": str(world.leader.uuid),
        **change,
    }
    program = builders.api(world.owner)
    with nothing_changes():
        answer = program.post(here(world), body, **SEND)
    assert answer.status_code == 400
    errors = {(e["pointer"], e["code"]) for e in answer.json()["errors"]}
    assert (pointer, code) in errors, errors


def test_nothing_of_a_private_one_is_told_to_the_other_party(world: World) -> None:
    row = builders.risk(world, visibility="party")
    made = accepted(world, row, conditions=[condition(world)])
    term = Obligation.objects.get(kind="acceptance.condition").uuid
    for name in ("partner_leader", "auditor"):
        program = builders.api(getattr(world, name))
        for path in (f"{made.ref}/", "FA-999/"):
            assert program.get(here(world, path)).status_code == 404
        assert program.get(here(world)).json()["results"] == []
        assert program.get(here(world, f"?risk={row.ref}")).json()["results"] == []
    partner = builders.api(world.partner_leader)
    answer = partner.post(
        here(world, f"{made.ref}/conditions/{term}/"), {"state": "met", "words": "x"}, **SEND
    )
    assert answer.status_code == 404
