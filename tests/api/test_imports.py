"""Files of risks by the API: what is wrong is said of the field that it came in."""

from typing import Any

import pytest

from riskreg.exchange.models import Import
from riskreg.risks.models import Risk
from riskreg.risks.services import edit_risk
from tests.api.conftest import Program, is_problem
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
FILE = {"file_name": "ice.csv", "content": "Risk,Likelihood,Impact\nIce,5,4\n"}


@pytest.fixture
def manager(world: World) -> Program:
    return Program(world.manager)


@pytest.mark.parametrize("path", ["imports/", "imports/preview/"])
@pytest.mark.parametrize(
    ("given", "code", "pointer"),
    [
        ({"content": "%PDF-1.7"}, "not_a_register", "#/content"),
        ({"content": "[" * 5000}, "not_a_register", "#/content"),
        ({"content": "Risk!", "encoding": "base64"}, "malformed", "#/content"),
        ({"file_name": "x" * 201}, "too_long", "#/file_name"),
        ({"file_name": "a\nb"}, "one_line", "#/file_name"),
        ({"sheet": "x" * 201}, "too_long", "#/sheet"),
        ({"mapping": {"scales": False}}, "not_an_object", "#/mapping/scales"),
        ({"mapping": {"scales": {"Impact": {"4": [4]}}}}, "unknown", "#/mapping/scales/Impact/4"),
        (
            {"mapping": {"scales": {"Impact": {"4": "9" * 5000 + "x1"}}}},
            "unknown",
            "#/mapping/scales/Impact/4",
        ),
        ({"mapping": {"values": {"State": {"x": {}}}}}, "unknown", "#/mapping/values/State/x"),
        ({"mapping": {"visibility": None}}, "unknown", "#/mapping/visibility"),
    ],
)
def test_a_wrong_part_is_named(
    manager: Program, path: str, given: dict[str, Any], code: str, pointer: str
) -> None:
    with nothing_changes():
        is_problem(manager.post(path, {**FILE, **given}), 400, code, pointer)


def test_what_was_changed_since_is_not_undone(world: World, manager: Program) -> None:
    assert manager.post("imports/", FILE).status_code == 201
    made = Import.objects.get()
    edit_risk(
        actor=world.viewer("manager"), ref=Risk.objects.get().ref, version=None,
        fields={"cause": "Frost"}, at=world.at,
    )  # fmt: skip
    with nothing_changes():
        answer = manager.post(f"imports/{made.uuid}/undo/", {})
    assert answer.status_code == 409
    assert answer.json()["type"].endswith(":too-late")
    assert "F-001" in answer.json()["detail"]
