"""Classifications and terms over REST."""

from collections.abc import Callable

import pytest

from tests import builders
from tests.api.conftest import ROOT, Program, is_problem, version_in
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


def test_a_classification_is_made_filled_and_renamed(
    world: World, program: Callable[..., Program]
) -> None:
    manager = program(world.manager)
    terms = [{"key": "eu", "names": {"en": "European Union", "zh-hans": "欧盟"}}]
    made = manager.post("taxonomies/", {"names": {"en": "Market"}, "terms": terms})
    assert made.status_code == 201
    assert made["Location"].endswith(ROOT + "taxonomies/market/")
    assert made.json()["key"] == "market"
    renamed = manager.patch(
        "taxonomies/market/", {"names": {"en": "Region"}}, If_Match=made["ETag"]
    )
    assert (renamed.status_code, version_in(renamed)) == (200, 2)
    assert manager.get("taxonomies/").json()["results"] == [renamed.json()]
    is_problem(manager.patch("taxonomies/market/", {"names": {"en": "x"}}, If_Match='"1"'), 412)
    is_problem(manager.get("taxonomies/nowhere/"), 404)
    added = manager.post("terms/", {"taxonomy": "market", "names": {"en": "Gulf"}})
    assert (added.status_code, added.json()["ref"]) == (201, "market:gulf")
    listed = manager.get("terms/?taxonomy=market&count=true").json()
    assert (listed["count"], [t["ref"] for t in listed["results"]]) == (
        2, ["market:eu", "market:gulf"],
    )  # fmt: skip
    is_problem(manager.get("terms/?taxonomy=nowhere"), 400, "unknown", "?taxonomy")
    is_problem(manager.get("terms/?active=yes"), 400, "not_a_boolean", "?active")
    is_problem(manager.post("terms/", {"taxonomy": "no", "names": {"en": "x"}}), 404)
    is_problem(manager.post("terms/", {"taxonomy": "market"}), 400, "required", "#/names")


def test_a_term_goes_out_of_use_and_is_merged(
    world: World, program: Callable[..., Program]
) -> None:
    builders.taxonomy(world)
    row = builders.risk(world, terms=["market:eu"])
    manager, owner = program(world.manager), program(world.owner)
    read = manager.get("terms/market:eu/")
    asked = manager.patch("terms/market:eu/", {"active": False}, If_Match=read["ETag"])
    assert asked.status_code == 202
    assert manager.get("terms/market:eu/").json()["active"] is True
    builders.agree(world)
    out = manager.get("terms/market:eu/")
    assert (out.json()["active"], out.json()["retired_at"]) == (False, "2026-09-16T08:00:00Z")
    assert [t["ref"] for t in manager.get("terms/?active=true").json()["results"]] == [
        "market:mideast"
    ]
    register = manager.get("").json()["taxonomies"][0]["terms"]
    assert [t["active"] for t in register] == [False, True]
    with nothing_changes():
        body = {"title": "x", "terms": ["market:eu"]}
        is_problem(owner.post("risks/", body), 400, "retired", "#/terms")
        itself = {"into": "market:eu"}
        refused = manager.post("terms/market:eu/merge/", itself, If_Match=out["ETag"])
        is_problem(refused, 400, "itself", "#/into")
        away = manager.post("terms/market:eu/merge/", {"into": "market:mideast"})
        is_problem(away, 428)
    merged = manager.post(
        "terms/market:eu/merge/", {"into": "market:mideast"}, If_Match=out["ETag"]
    )
    assert (merged.status_code, merged.json()["kind"]) == (202, "term.merge")
    builders.agree(world)
    assert manager.get(f"risks/{row.ref}/").json()["terms"] == {"market": ["mideast"]}
    assert manager.get("terms/market:eu/").json()["merged_into"] == "market:mideast"


def test_everybody_reads_and_managers_write(world: World, program: Callable[..., Program]) -> None:
    builders.taxonomy(world)
    for name in ("owner", "leader", "auditor", "integration"):
        caller = program(getattr(world, name))
        assert caller.get("terms/market:eu/").status_code == 200
        with nothing_changes():
            is_problem(caller.post("terms/", {"taxonomy": "market", "names": {"en": "x"}}), 403)
            is_problem(caller.post("taxonomies/", {"names": {"en": "x"}}), 403)
            match = {"If_Match": '"1"'}
            is_problem(caller.patch("terms/market:eu/", {"active": False}, **match), 403)
    stranger = program(world.outsider)
    is_problem(stranger.get("terms/market:eu/"), 404)
