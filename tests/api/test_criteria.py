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
