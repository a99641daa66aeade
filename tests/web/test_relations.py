"""Pages of relations between risks."""

import pytest

from riskreg.risks.models import RiskRelation
from riskreg.web.ui.relations import MOST, Node, relation_graph
from tests import builders
from tests.builders import SLUG, World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
ROOT = f"/r/{SLUG}/"


def test_a_relation_is_noted_from_either_end_drawn_and_ended(world: World) -> None:
    parent, part = builders.risk(world, rated=(1, 1)), builders.risk(world, rated=(5, 5))
    client = builders.web(world.owner)
    page = f"{ROOT}risks/{parent.ref}/"
    assert f"{page}relations/new/" in client.get(page).content.decode()
    given = {"role": "part", "other": part.ref.lower(), "note": "As the source says"}
    made = client.post(f"{page}relations/new/", given)
    assert (made.status_code, made["Location"]) == (302, f"{page}#relations")
    row = RiskRelation.objects.get()
    assert (row.risk, row.kind, row.other) == (part, "part_of", parent)
    text = client.get(page).content.decode()
    for said in ("Has as its part", "As the source says", "<svg viewBox", "stands lower than"):
        assert said in text
    assert "Is part of" in client.get(f"{ROOT}risks/{part.ref}/").content.decode()
    heatmap = client.get(f"{ROOT}heatmap/").content.decode()
    assert "1 more is part of one that is counted here" in heatmap
    assert "parts=apart" in heatmap
    history = client.get(f"{page}history/").content.decode()
    assert f"{part.ref} is part of {parent.ref}" in history
    end = f"{ROOT}relations/{row.uuid}/end/?risk={parent.ref}"
    with nothing_changes():
        assert client.post(end, {"version": "1"}).status_code == 400
        assert client.post(end, {"version": "9", "reason": "x"}).status_code == 409
    ended = client.post(end, {"version": "1", "reason": "Assessed apart"})
    assert (ended.status_code, ended["Location"]) == (302, f"{page}#relations")
    assert "None is noted." in client.get(page).content.decode()


@pytest.mark.parametrize(
    "change, said",
    [
        ({"role": ""}, "causes, worsens, is part of or duplicates"),
        ({"other": ""}, "as in R-001"),
        ({"other": "R-001"}, "no relation to itself"),
        ({"other": "C-001"}, "Unknown risk: C-001"),
        ({"other": "F-001"}, "not seen by the same people"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    world: World, change: dict[str, str], said: str
) -> None:
    row = builders.risk(world)
    builders.risk(world, visibility="party")
    given = {"role": "parent", "other": "R-002", "note": "Typed with care", **change}
    builders.risk(world)
    with nothing_changes():
        refused = builders.web(world.owner).post(f"{ROOT}risks/{row.ref}/relations/new/", given)
    assert refused.status_code == 400
    assert said in refused.content.decode()
    assert "Typed with care" in refused.content.decode()


def test_a_partner_is_shown_no_relation_with_a_private_risk(world: World) -> None:
    shared, private = builders.risk(world), builders.risk(world, visibility="party")
    builders.relation(world, private, "worsens", shared)
    page = f"{ROOT}risks/{shared.ref}/"
    assert private.ref in builders.web(world.leader).get(page).content.decode()
    assert private.ref not in builders.web(world.partner_leader).get(page).content.decode()


def test_the_drawing_stays_in_its_box_however_many_there_are() -> None:
    nodes = [Node(f"R-{n:03d}", n % 5) for n in range(9)]
    roles = ("cause", "worsens", "effect", "worsened", "duplicate", "parent", "part")
    shape = relation_graph(Node("R-100", None), dict.fromkeys(roles, nodes[1:]))
    assert shape["more"] == 7 * 8 - 4 * MOST
    for node in shape["nodes"]:
        assert 0 <= node["x"] <= shape["width"] - 60
        assert 4 <= node["y"] <= shape["height"] - 4
    alone = relation_graph(nodes[0], {})
    assert [node["ref"] for node in alone["nodes"]] == ["R-000"]


def test_a_risk_that_is_somebody_elses_to_change_is_named_and_nothing_typed_is_lost(
    world: World,
) -> None:
    """Of the reverse (*has as its part*) the other risk is the one that changes."""
    row = builders.risk(world)
    theirs = builders.risk(world, by=world.partner_owner)
    client, page = builders.web(world.owner), f"{ROOT}risks/{row.ref}/relations/new/"
    given = {"role": "part", "other": theirs.ref, "note": "Typed with care"}
    with nothing_changes():
        answer = client.post(page, given)
    text = answer.content.decode()
    assert answer.status_code == 403
    assert f"{theirs.ref}: You do not answer for this." in text
    assert "Typed with care" in text
    assert f'value="{theirs.ref}"' in text
