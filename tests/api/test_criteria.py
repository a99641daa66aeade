"""Criteria over REST: previewed, published, never over somebody else."""

from collections.abc import Callable
from typing import Any

import pytest

from riskreg.register.models import Criteria
from tests import builders
from tests.api.conftest import Program, is_problem, version_in
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


def sent(read: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What was read, as it is sent."""
    body = {
        axis: [{"names": v["names"], "descriptions": v["descriptions"]} for v in read[axis]]
        for axis in ("likelihood", "impact")
    }
    ratings = [{k: v for k, v in r.items() if k != "name"} for r in read["ratings"]]
    return {
        **body,
        "ratings": ratings,
        "cells": read["cells"],
        "appetite": read["appetite"],
        "unrated_cadence_days": read["cadence_days"]["unrated"],
        **changes,
    }


def test_criteria_are_previewed_and_published(
    world: World, program: Callable[..., Program]
) -> None:
    row = builders.risk(world, rated=(3, 3))
    manager = program(world.manager)
    read = manager.get("criteria/").json()
    body = sent(read)
    body["cells"] = [
        {**cell, "rating": "high"} if (cell["likelihood"], cell["impact"]) == (3, 3) else cell
        for cell in body["cells"]
    ]
    for cell in body["cells"]:
        if cell["likelihood"] >= 3 and cell["impact"] >= 3 and cell["rating"] == "moderate":
            cell["rating"] = "high"
    with nothing_changes():
        foreseen = manager.post("criteria/preview/", body)
    assert foreseen.status_code == 200
    told = foreseen.json()
    assert [(c["risk"], c["from"]["rating"], c["to"]["rating"]) for c in told["changes"]] == [
        (row.ref, "moderate", "high")
    ]
    assert told["findings"]["now"]
    with nothing_changes():
        is_problem(manager.put("criteria/", body), 428)
        is_problem(manager.put("criteria/", body, If_Match='"7"'), 412)
    made = manager.put("criteria/", body, If_Match='"1"')
    assert (made.status_code, made.json()["state"]) == (202, "open")
    assert manager.get("criteria/").json()["number"] == 1
    builders.agree(world)
    made = manager.get("criteria/")
    assert (version_in(made), made.json()["number"]) == (2, 2)
    assert manager.get(f"risks/{row.ref}/").json()["scores"]["residual"]["rating"] == "high"
    again = manager.put("criteria/", body, If_Match='"2"')
    assert (again.json()["number"], Criteria.objects.count()) == (2, 2)


@pytest.mark.parametrize(
    "change, code, pointer",
    [
        ({"likelihood": []}, "wrong_size", "#/likelihood"),
        ({"cells": []}, "wrong_size", "#/cells"),
        ({"cells": [{"likelihood": 1, "impact": 1, "rating": "low"}] * 25}, "wrong_size",
         "#/cells"),
        ({"appetite": "none"}, "unknown_rating", "#/appetite"),
        ({"mapping": {"likelihood": {"9": 1}}}, "unknown_level", "#/mapping/likelihood/9"),
        ({"mapping": []}, "not_an_object", "#/mapping"),
        ({"colour": "red"}, "unknown_field", "#/colour"),
        ({"label": "sourced"}, "needs_source", "#/label"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    world: World,
    program: Callable[..., Program],
    change: dict[str, Any],
    code: str,
    pointer: str,
) -> None:
    manager = program(world.manager)
    body = sent(manager.get("criteria/").json(), **change)
    with nothing_changes():
        is_problem(manager.put("criteria/", body, If_Match='"1"'), 400, code, pointer)
        is_problem(manager.post("criteria/preview/", body), 400, code, pointer)


def test_only_managers_preview_and_publish(world: World, program: Callable[..., Program]) -> None:
    for name in ("owner", "leader", "auditor"):
        caller = program(getattr(world, name))
        body = sent(caller.get("criteria/").json(), appetite="low")
        with nothing_changes():
            is_problem(caller.put("criteria/", body, If_Match='"1"'), 403)
            is_problem(caller.post("criteria/preview/", body), 403)


def test_an_appetite_of_a_term_is_previewed_published_and_kept(
    world: World, program: Callable[..., Program]
) -> None:
    builders.taxonomy(world, "category", {"compliance": "Compliance"})
    row = builders.risk(world, rated=(3, 3), terms=["category:compliance"])
    builders.risk(world, rated=(3, 3))
    manager, own = program(world.manager), [{"term": "category:compliance", "rating": "low"}]
    read = manager.get("criteria/").json()
    assert read["term_appetites"] == []
    body = sent(read, term_appetites=own)
    foreseen = manager.post("criteria/preview/", body).json()
    assert foreseen["changes"] == []
    assert foreseen["above_appetite"] == [{"risk": row.ref, "now": False, "then": True}]
    # It only makes the rules stricter, so it holds at once.
    made = manager.put("criteria/", body, If_Match='"1"')
    assert (made.status_code, made.json()["term_appetites"]) == (200, own)
    listed = manager.get("risks/?above_appetite=true").json()["results"]
    assert [each["ref"] for each in listed] == [row.ref]
    assert manager.get("").json()["counts"]["above_appetite"] == 1
    # Whoever knows nothing of them leaves them as they are; none are an empty list.
    kept = manager.put("criteria/", sent(read, unrated_cadence_days=20), If_Match='"2"')
    assert kept.json()["term_appetites"] == own
    asked = manager.put("criteria/", sent(read, term_appetites=[]), If_Match='"3"')
    assert (asked.status_code, asked.json()["state"]) == (202, "open")
    assert manager.get("criteria/").json()["term_appetites"] == own


@pytest.mark.parametrize(
    "own, code",
    [
        ([{"term": "category:none", "rating": "low"}], "unknown_term"),
        ([{"term": "category:compliance", "rating": "critical"}], "nothing_above"),
        ([{"term": "category:compliance", "rating": "low"}] * 2, "repeated"),
    ],
)
def test_a_wrong_appetite_of_a_term_is_named(
    world: World, program: Callable[..., Program], own: Any, code: str
) -> None:
    builders.taxonomy(world, "category", {"compliance": "Compliance"})
    manager = program(world.manager)
    body = sent(manager.get("criteria/").json(), term_appetites=own)
    with nothing_changes():
        refused = manager.put("criteria/", body, If_Match='"1"')
    (error,) = is_problem(refused, 400)["errors"]
    assert (error["pointer"], error["code"]) == ("#/term_appetites", code)
