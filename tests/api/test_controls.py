"""Controls over REST."""

from collections.abc import Callable

import pytest

from tests import builders
from tests.api.conftest import Program, is_problem, version_in
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


def test_a_control_is_noted_tested_and_ended(world: World, program: Callable[..., Program]) -> None:
    first, second = builders.risk(world), builders.risk(world)
    owner = program(world.owner)
    new = {"name": "Two suppliers", "kind": "preventive", "risks": [first.ref, second.ref]}
    made = owner.post("controls/", {**new, "test_every_days": 180, "owner": world.deputy.email})
    assert made.status_code == 201
    body = made.json()
    assert (body["risks"], body["next_test_on"]) == ([first.ref, second.ref], "2027-03-15")
    page = f"controls/{body['id']}/"
    assert owner.get(page).json() == body
    tested = owner.patch(
        page, {"tested_on": "2026-09-10", "effectiveness": "effective"}, If_Match=made["ETag"]
    )
    assert (tested.status_code, version_in(tested)) == (200, 2)
    assert tested.json()["tested_by"]["id"] == str(world.owner.uuid)

    def found(query: str) -> int:
        return len(owner.get(f"controls/?{query}").json()["results"])

    assert [found(q) for q in (
        "active=true", "kind=corrective", "effectiveness=effective", f"risk={second.ref}",
        "owner=me", "party=foton", "test_due_before=2027-03-10", "test_due_before=2027-03-09",
    )] == [1, 0, 1, 1, 0, 1, 1, 0]  # fmt: skip
    with nothing_changes():
        is_problem(owner.post(page + "end/", {"reason": "x"}), 428)
        is_problem(owner.post(page + "end/", {"reason": "x"}, If_Match='"1"'), 412)
        is_problem(owner.post(page + "end/", {}, If_Match='"2"'), 400, "required", "#/reason")
        is_problem(owner.get("controls/?risk=C-001"), 400, "unknown_risk", "?risk")
    ended = owner.post(page + "end/", {"reason": "Run out"}, If_Match='"2"')
    assert (ended.json()["active"], ended.json()["end_reason"]) == (False, "Run out")
    assert found("active=true") == 0


def test_another_partys_own_is_404(world: World, program: Callable[..., Program]) -> None:
    private = builders.risk(world, visibility="party")
    row = builders.control(world, private)
    partner = program(world.partner_manager)
    page = f"controls/{row.uuid}/"
    with nothing_changes():
        is_problem(partner.get(page), 404)
        is_problem(partner.patch(page, {"name": "x"}, If_Match='"1"'), 404)
        is_problem(partner.post(page + "end/", {"reason": "x"}, If_Match='"1"'), 404)
        body = {"name": "x", "kind": "preventive", "risks": [private.ref]}
        is_problem(partner.post("controls/", body), 400, "unknown_risk", "#/risks")
    assert partner.get("controls/?count=true").json()["count"] == 0


def test_a_test_that_is_due_is_recorded(world: World, program: Callable[..., Program]) -> None:
    row = builders.control(world, builders.risk(world), test_every_days=60)
    owner, address = program(world.owner), f"controls/{row.uuid}/test/"
    partner = program(world.partner_manager)
    (duty,) = owner.get("duties/?kind=control.test&mine=true").json()["results"]
    assert (duty["subject"], duty["ref"], duty["title"]) == (str(row.uuid), "R-001", row.name)
    assert duty["page"].endswith(f"/controls/{row.uuid}/test/")
    assert duty["owner"]["id"] == str(world.owner.uuid)
    body = {"effectiveness": "partly", "tested_on": "2026-09-10"}
    with nothing_changes():
        is_problem(owner.post(address, body), 428)
        is_problem(owner.post(address, {}, If_Match='"1"'), 400, "required", "#/tested_on")
        is_problem(partner.post(address, body, If_Match='"1"'), 403)
    done = owner.post(address, body, If_Match='"1"')
    assert (done.status_code, done.json()["next_test_on"]) == (200, "2026-11-09")
    assert owner.get("duties/?kind=control.test").json()["results"][0]["due_on"] == "2026-11-09"
