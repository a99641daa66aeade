"""Relations between risks over REST."""

from collections.abc import Callable

import pytest

from tests import builders
from tests.api.conftest import Program, is_problem
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


def test_a_relation_is_noted_found_and_ended(world: World, program: Callable[..., Program]) -> None:
    parent, part = builders.risk(world), builders.risk(world)
    owner = program(world.owner)
    new = {"risk": part.ref, "kind": "part_of", "other": parent.ref, "note": "As the source says"}
    made = owner.post("relations/", new)
    assert made.status_code == 201
    body = made.json()
    assert {name: body[name] for name in new} == new
    assert (body["visibility"], body["active"], body["label"]) == ("shared", True, "judgement")
    page = f"relations/{body['id']}/"
    assert owner.get(page).json() == body
    found = [
        len(owner.get(f"relations/?{query}").json()["results"])
        for query in ("active=true", "kind=causes", "kind=part_of", f"risk={parent.ref}")
    ]
    assert found == [1, 0, 1, 1]

    def listed(query: str) -> list[str]:
        return [row["ref"] for row in owner.get(f"risks/?{query}").json()["results"]]

    assert listed(f"part_of={parent.ref}") == [part.ref]
    assert listed(f"related_to={part.ref}") == [parent.ref]
    assert listed("parts=within&state=open") == [parent.ref]
    heatmap = owner.get("heatmap/").json()
    assert (heatmap["total"], heatmap["parts"]) == (1, "within")
    assert heatmap["left_out"] == {"count": 1, "refs": [part.ref]}
    apart = owner.get("heatmap/?parts=apart").json()
    assert (apart["total"], apart["left_out"]["refs"]) == (1, [parent.ref])
    assert sum(owner.get("").json()["counts_by_rating"]["threat"].values()) == 1
    with nothing_changes():
        is_problem(owner.post("relations/", new), 400, "taken", "#/other")
        is_problem(owner.post("relations/", {**new, "other": part.ref}), 400, "itself", "#/other")
        turned = {**new, "risk": parent.ref, "other": part.ref}
        is_problem(owner.post("relations/", turned), 400, "circle", "#/other")
        is_problem(owner.post("relations/", {**new, "more": 1}), 400, "unknown_field", "#/more")
        is_problem(owner.post("relations/", {**new, "risk": "C-001"}), 400, "unknown_risk")
        is_problem(owner.post(page + "end/", {"reason": "x"}), 428)
        is_problem(owner.post(page + "end/", {}, If_Match='"1"'), 400, "required", "#/reason")
        is_problem(owner.get("risks/?parts=twice"), 400, "unknown", "?parts")
        is_problem(owner.get("risks/?part_of=C-001"), 400, "unknown_risk", "?part_of")
    ended = owner.post(page + "end/", {"reason": "Assessed apart"}, If_Match='"1"')
    assert (ended.json()["active"], ended.json()["end_reason"]) == (False, "Assessed apart")
    assert owner.get("heatmap/").json()["total"] == 2


def test_another_partys_own_is_404(world: World, program: Callable[..., Program]) -> None:
    shared, private = builders.risk(world), builders.risk(world, visibility="party")
    row = builders.relation(world, private, "worsens", shared)
    partner = program(world.partner_manager)
    page = f"relations/{row.uuid}/"
    with nothing_changes():
        is_problem(partner.get(page), 404)
        is_problem(partner.post(page + "end/", {"reason": "x"}, If_Match='"1"'), 404)
        body = {"risk": shared.ref, "kind": "causes", "other": private.ref}
        is_problem(partner.post("relations/", body), 400, "unknown_risk", "#/other")
    assert partner.get("relations/?count=true").json()["count"] == 0
    assert partner.get(f"risks/?related_to={shared.ref}").json()["results"] == []
