"""Decisions over the API: each state, each act and each role; what is wrong is named."""

import json
from typing import Any

import pytest
from django.test import Client

from riskreg.decisions.models import Decision, Obligation
from riskreg.decisions.services import (
    close_decision_condition,
    close_revisited_decision,
    lapse_decision,
    reject_decision,
    revisit_decision,
    vote_on_decision,
)
from riskreg.register.models import Role
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World
from tests.decisions.making import DAY, chosen, condition, drafted, proposed
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
SEND: dict[str, Any] = {"content_type": "application/json"}
STATES = (
    "draft", "proposed", "chosen", "decided", "in_force", "revisited", "closed", "rejected",
    "superseded", "lapsed",
)  # fmt: skip
ACTS = ("propose", "retract", "decide", "agree", "object", "reject", "lapse", "revisit", "close")
WHO = ("onlooker", "owner", "manager", "leader", "auditor", "integration", "partner_leader")
# Who gets which act done in which state, of a question by the manager that is put to both leaders,
# on the day after it was to be decided. ``chosen``: the partner's leader has, and waits.
BOTH = {"leader", "partner_leader"}
EDITS = {"manager", "leader"}
DONE = {
    ("draft", "propose"): EDITS,
    ("draft", "lapse"): EDITS | {"partner_leader"},
    ("proposed", "retract"): EDITS,
    ("proposed", "decide"): BOTH,
    ("proposed", "reject"): BOTH,
    ("proposed", "lapse"): EDITS | {"partner_leader"},
    ("chosen", "retract"): EDITS,
    ("chosen", "agree"): {"leader"},
    ("chosen", "object"): {"leader"},
    ("chosen", "lapse"): EDITS | {"partner_leader"},
    ("in_force", "revisit"): BOTH,
    ("revisited", "revisit"): BOTH,
    ("revisited", "close"): BOTH,
}


def here(world: World, path: str = "") -> str:
    return f"/api/v1/registers/{world.register.slug}/decisions/{path}"


def in_state(world: World, risk: Risk, state: str) -> Decision:
    """A decision about ``risk`` that stands so, and was to be decided yesterday."""
    at = world.at - 5 * DAY
    due = {"due_on": str(world.today - DAY), "at": at}
    people = [world.leader.email, world.partner_leader.email]
    if state == "draft":
        # Put back by hand: nobody names a day that has passed.
        return drafted(world, risk, deciders=people, **due)
    alone = state in ("decided", "in_force", "revisited", "closed", "superseded")
    row = proposed(world, risk, deciders=people, **due)
    act: dict[str, Any] = {"version": None, "at": world.at}
    if state == "rejected":
        return reject_decision(actor=world.viewer("leader"), ref=row.ref, words="No", **act)
    if state == "lapsed":
        return lapse_decision(actor=world.viewer("manager"), ref=row.ref, words="No", **act)
    if state == "proposed":
        return row
    terms = [{**condition(world), "before": True}]
    row = chosen(world, row, by="partner_leader", conditions=terms)
    if not alone:
        return row
    row = vote_on_decision(actor=world.viewer("leader"), ref=row.ref, answer="yes", **act)
    if state == "decided":
        return row
    owed = Obligation.objects.get(kind="decision.condition", decision=row)
    close_decision_condition(
        actor=world.viewer("owner"), ref=row.ref, condition=owed.uuid, state="met", words="Yes",
        at=world.at,
    )  # fmt: skip
    if state == "superseded":
        other = proposed(world, risk, replaces=row.ref, deciders=people[:1])
        chosen(world, other)
    if state in ("revisited", "closed"):
        revisit_decision(
            actor=world.viewer("leader"), ref=row.ref, happened="It ran",
            review_on=str(world.today + 90 * DAY), **act,
        )  # fmt: skip
    if state == "closed":
        close_revisited_decision(actor=world.viewer("leader"), ref=row.ref, words="Done", **act)
    row.refresh_from_db()
    return row


def body_for(world: World, act: str) -> dict[str, Any]:
    far = str(world.today + 90 * DAY)
    return {
        "propose": {},
        "decide": {"option": "B", "rationale": "Cheap", "review_on": far},
        "agree": {"answer": "yes"},
        "object": {"answer": "no", "words": "Too dear"},
        "revisit": {"happened": "It ran", "review_on": far},
    }.get(act, {"words": "Why"})


@pytest.mark.parametrize("state", STATES)
def test_every_act_in_every_state_by_every_role(world: World, state: str) -> None:
    roles = {builders.MEMBERS[name][1] for name in WHO}
    assert roles == set(Role.values)
    row = in_state(world, builders.risk(world), state)
    assert row.state == ("proposed" if state == "chosen" else state)
    clients = {name: builders.api(getattr(world, name)) for name in WHO}
    answers = {name: program.get(here(world, f"{row.ref}/")) for name, program in clients.items()}
    expected = {n: {act for act in ACTS if n in DONE.get((state, act), ())} for n in WHO}
    assert {name: set(answer.json()["may"]) for name, answer in answers.items()} == expected
    with nothing_changes():
        refusals(world, row, state, clients, answers, expected)


def refusals(
    world: World, row: Decision, state: str, clients: Any, answers: Any, expected: Any
) -> None:
    """Everybody tries everything that they may not do, and reads why not."""
    for name, program in clients.items():
        tag = {"If-Match": answers[name].headers["ETag"]}
        for act in ACTS:
            if act in expected[name]:
                continue
            path = here(world, f"{row.ref}/{_route(act)}/")
            refused = program.post(path, body_for(world, act), headers=tag, **SEND)
            assert refused.status_code in (400, 403), (state, name, act, refused.content)
            assert refused.json()["detail"], (state, name, act)
            # Where somebody else could, it is no question of the state.
            if DONE.get((state, act)) and refused.status_code == 400:
                assert state == "chosen", (name, act)


@pytest.mark.parametrize("state, act", [cell for cell in DONE if cell != ("draft", "propose")])
def test_who_may_gets_it_done(world: World, state: str, act: str) -> None:
    row = in_state(world, builders.risk(world), state)
    name = sorted(DONE[state, act])[0]
    program = builders.api(getattr(world, name))
    tag = {"If-Match": program.get(here(world, f"{row.ref}/")).headers["ETag"]}
    path = here(world, f"{row.ref}/{_route(act)}/")
    answer = program.post(path, body_for(world, act), headers=tag, **SEND)
    assert answer.status_code == 200, answer.content


def _route(act: str) -> str:
    return {"agree": "vote", "object": "vote"}.get(act, act)


def _asked(world: World) -> tuple[Client, str, str]:
    """A question by the API, with its address and its newest tag."""
    risk = builders.risk(world)
    manager = builders.api(world.manager)
    body = {
        "title": "Hydrogen: a gate, or stop?",
        "due_on": str(world.today + 10 * DAY),
        "risks": [risk.ref],
        "deciders": [str(world.leader.uuid)],
    }
    made = manager.post(here(world), body, **SEND)
    assert made.status_code == 201, made.content
    assert made.headers["Location"].endswith("/decisions/X-001/")
    return manager, here(world, "X-001/"), made.headers["ETag"]


def test_asked_decided_recorded_and_revisited(world: World) -> None:
    manager, path, tag = _asked(world)
    option = {
        "title": "A gate",
        "costs": [{"amount": "120", "year": 2027, "party": "foton"}],
    }
    assert manager.post(f"{path}options/", option, **SEND).status_code == 428
    made = manager.post(f"{path}options/", option, headers={"If-Match": tag}, **SEND)
    assert made.status_code == 201, made.content
    assert [o["key"] for o in made.json()["options"]] == ["A", "B"]
    assert made.json()["options"][1]["total"] == "120.00"
    stale = manager.post(f"{path}options/", option, headers={"If-Match": tag}, **SEND)
    assert stale.status_code == 412
    tag = made.headers["ETag"]
    changed = manager.patch(
        path, {"recommended": "B", "strength": "strong", "certainty": "illustrative"},
        headers={"If-Match": tag}, **SEND,
    )  # fmt: skip
    assert changed.status_code == 200, changed.content
    answer = manager.post(f"{path}propose/", headers={"If-Match": changed.headers["ETag"]}, **SEND)
    assert (answer.status_code, answer.json()["state"]) == (200, "proposed")
    leader = builders.api(world.leader)
    assert leader.get(f"{path}record/").status_code == 404
    tag = leader.get(path).headers["ETag"]
    body = {
        "option": "B",
        "rationale": "Cheap",
        "review_on": str(world.today + 90 * DAY),
        "conditions": [condition(world)],
    }
    headers = {"If-Match": tag, "Idempotency-Key": "once"}
    done = leader.post(f"{path}decide/", body, headers=headers, **SEND)
    assert (done.status_code, done.json()["state"]) == (200, "in_force"), done.content
    again = leader.post(f"{path}decide/", body, headers=headers, **SEND)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Decision.objects.get().votes.count() == 1
    record = builders.api(world.partner_owner).get(f"{path}record/").json()
    assert record["digest"] == done.json()["digest"]
    assert json.loads(record["record"])["chosen"] == "B"
    term = done.json()["conditions"][0]["id"]
    met = builders.api(world.owner).post(
        f"{path}conditions/{term}/", {"state": "met", "words": "Signed"}, **SEND
    )
    assert met.json()["conditions"][0]["state"] == "met"
    for query, count in (("state=in_force", 1), ("state=draft", 0), ("risk=R-001", 1)):
        assert len(leader.get(here(world, f"?{query}")).json()["results"]) == count, query
    assert leader.get(here(world, "?state=soon")).status_code == 400


def test_options_are_changed_and_taken_out(world: World) -> None:
    manager, path, tag = _asked(world)
    made = manager.post(f"{path}options/", {"title": "A"}, headers={"If-Match": tag}, **SEND)
    tag = made.headers["ETag"]
    changed = manager.patch(
        f"{path}options/B/", {"title": "B", "effects": "More"}, headers={"If-Match": tag}, **SEND
    )
    assert changed.json()["options"][1]["effects"] == "More"
    tag = changed.headers["ETag"]
    assert manager.patch(
        f"{path}options/Z/", {"title": "B"}, headers={"If-Match": tag}, **SEND
    ).status_code == 404  # fmt: skip
    gone = manager.post(f"{path}options/B/end/", headers={"If-Match": tag}, **SEND)
    assert [o["key"] for o in gone.json()["options"]] == ["A"]
    tag = gone.headers["ETag"]
    kept = manager.post(f"{path}options/A/end/", headers={"If-Match": tag}, **SEND)
    assert kept.status_code == 400
    assert kept.json()["errors"][0]["code"] == "nothing_stays"


@pytest.mark.parametrize(
    "change, pointer, code",
    [
        ({"due_on": "2020-01-01"}, "#/due_on", "in_the_past"),
        ({"deciders": ["nobody@example.com"]}, "#/deciders", "unknown_member"),
        ({"risks": ["R-999"]}, "#/risks", "unknown_risk"),
        ({"colour": "red"}, "#/colour", "unknown_field"),
        ({"title": None}, "#/title", ""),
    ],
)
def test_what_is_wrong_is_named(
    world: World, change: dict[str, Any], pointer: str, code: str
) -> None:
    body = {"title": "What now?", "due_on": str(world.today + DAY), **change}
    program = builders.api(world.manager)
    with nothing_changes():
        answer = program.post(here(world), body, **SEND)
    assert answer.status_code == 400
    errors = answer.json()["errors"]
    assert pointer in [error["pointer"] for error in errors]
    assert not code or code in [error["code"] for error in errors]


@pytest.mark.parametrize(
    "cost, pointer",
    [
        ({"amount": "-1", "year": 2027, "party": "foton"}, "#/costs/0/amount"),
        ({"amount": "1", "year": 1027, "party": "foton"}, "#/costs/0/year"),
        ({"amount": "1", "year": 2027, "party": "nobody"}, "#/costs/0/party"),
        ({"amount": "1"}, "#/costs/0/year"),
    ],
)
def test_what_is_wrong_with_a_cost_is_named(
    world: World, cost: dict[str, Any], pointer: str
) -> None:
    manager, path, tag = _asked(world)
    with nothing_changes():
        answer = manager.post(
            f"{path}options/", {"title": "A gate", "costs": [cost]},
            headers={"If-Match": tag}, **SEND,
        )  # fmt: skip
    assert answer.status_code == 400
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_arguments_are_read_by_whom_they_are_for(world: World) -> None:
    manager, path, _tag = _asked(world)
    body = {"option": "A", "stance": "for", "text": "Ours alone"}
    tag = manager.get(path).headers["ETag"]
    made = manager.post(f"{path}arguments/", body, **SEND)
    assert made.status_code == 201, made.content
    # Nothing of the decision itself tells that there is one.
    assert manager.get(path).headers["ETag"] == tag
    partner = builders.api(world.partner_leader)
    assert partner.get(f"{path}arguments/").json()["results"] == []
    release = f"{path}arguments/{made.json()['id']}/release/"
    assert partner.post(release, **SEND).status_code == 404
    assert manager.post(release, **SEND).json()["visibility"] == "shared"
    assert partner.get(f"{path}arguments/").json()["results"][0]["text"] == "Ours alone"
    wrong = manager.post(f"{path}arguments/", {**body, "option": "Z"}, **SEND)
    assert wrong.json()["errors"][0]["pointer"] == "#/option"
