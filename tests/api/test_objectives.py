"""Objectives over REST."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import builders
from tests.api.conftest import Program, is_problem, version_in
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
NEW = {
    "names": {"en": "Hydrogen lines"}, "value": 12, "unit": "lines", "due_on": "2027-06-30",
    "label": "judgement",
}  # fmt: skip


def test_an_objective_is_added_read_and_changed(
    world: World, program: Callable[..., Program]
) -> None:
    manager = program(world.manager)
    made = manager.post("objectives/", {**NEW, "baseline": "2.50"})
    assert made.status_code == 201
    body = made.json()
    assert (body["key"], body["value"], body["baseline"]) == ("hydrogen-lines", "12", "2.5")
    assert manager.get("objectives/").json()["results"] == [body]
    page = "objectives/hydrogen-lines/"
    changed = manager.patch(page, {"value": "13", "baseline": None}, If_Match=made["ETag"])
    assert (changed.status_code, version_in(changed)) == (200, 2)
    assert (changed.json()["value"], changed.json()["baseline"]) == ("13", None)
    with nothing_changes():
        is_problem(manager.patch(page, {"value": "14"}), 428)
        is_problem(manager.patch(page, {"value": "14"}, If_Match='"1"'), 412)
        is_problem(manager.get("objectives/nowhere/"), 404)


@pytest.mark.parametrize(
    "change, code, pointer",
    [
        ({"due_on": "2026-09-15"}, "in_the_past", "#/due_on"),
        ({"value": "many"}, "not_a_number", "#/value"),
        ({"value": True}, "not_a_number", "#/value"),
        ({"key": "Two Words"}, "malformed", "#/key"),
        ({"key": "taken"}, "taken", "#/key"),
        ({"label": "sourced"}, "needs_source", "#/label"),
        ({"source": {"url": "ftp://x"}}, "bad_url", "#/source/url"),
        ({"visibility": "secret"}, "unknown", "#/visibility"),
        ({"colour": "red"}, "unknown_field", "#/colour"),
    ],
)
def test_what_is_wrong_is_named(
    world: World, program: Callable[..., Program], change: dict[str, Any], code: str, pointer: str
) -> None:
    builders.objective(world, key="taken")
    manager = program(world.manager)
    with nothing_changes():
        is_problem(manager.post("objectives/", {**NEW, **change}), 400, code, pointer)


def test_a_partys_own_does_not_exist_for_the_other(
    world: World, program: Callable[..., Program]
) -> None:
    manager, partner = program(world.manager), program(world.partner_manager)
    assert manager.post("objectives/", {**NEW, "visibility": "party"}).status_code == 201
    builders.objective(world)
    with nothing_changes():
        is_problem(partner.get("objectives/hydrogen-lines/"), 404)
        change: Any = {"value": 1}
        private = "objectives/hydrogen-lines/"
        is_problem(partner.patch(private, change, If_Match='"1"'), 404)
        shared = "objectives/overseas-units-2030/"
        is_problem(partner.patch(shared, change, If_Match='"1"'), 403)
    assert [o["key"] for o in partner.get("objectives/").json()["results"]] == [
        "overseas-units-2030"
    ]
