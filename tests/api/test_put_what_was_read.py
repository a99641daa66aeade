"""What a resource gives to read is taken back as it is, and then nothing changes."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from riskreg.register.services import set_axes, set_programme
from riskreg.risks.services import publish_criteria
from tests import builders
from tests.api.conftest import ROOT, Program, is_problem
from tests.builders import World
from tests.dump import nothing_changes
from tests.register.test_programme import GATE

pytestmark = pytest.mark.django_db


def put_paths() -> list[str]:
    """Every address of the schema that takes PUT, in the register of the tests."""
    paths = Client().get("/api/schema/").json()["paths"]
    found = [path for path, methods in paths.items() if "put" in methods]
    # Another key in an address needs a real thing that it is asked for.
    assert all(re.findall("{.*?}", path) == ["{slug}"] for path in found)
    return [path.replace("/api/v1/registers/{slug}/", ROOT) for path in found]


def plain(world: World) -> None:
    """As a register is from the moment it is made."""


def filled(world: World) -> None:
    """Every part of what can be set is set."""
    act: dict[str, Any] = {"actor": world.viewer("manager"), "at": world.at}
    chances, amounts = [0, 0.1, 0.3, 0.5, 0.9, 1], [0, 1e3, 1e4, 1e5, 1e6, 1e7]
    data = builders.matrix(5, 5, label="illustrative", unrated_cadence_days=45)
    for axis, limits in (("likelihood", chances), ("impact", amounts)):
        data[axis] = [
            {"names": {"en": f"{axis} {n}", "zh-hans": f"第{n}级"},
             "descriptions": {"en": f"Level {n}"}, "range": [limits[n - 1], limits[n]]}
            for n in range(1, 6)
        ]  # fmt: skip
    data["ratings"] = [
        {**rating, "accept_days": 30, "accept_total_days": 60} for rating in data["ratings"]
    ]
    data["dimensions"] = [
        {"key": "money", "names": {"en": "Money"},
         "descriptions": [{"en": f"Loss {n}"} for n in range(1, 6)]},
        {"key": "name", "names": {"en": "Name"}},
    ]  # fmt: skip
    builders.agreed(world, publish_criteria(data=data, seen_number=1, **act))
    names = {"likelihood": {"en": "How likely"}, "impact": {"en": "How bad", "zh-hans": "后果"}}
    set_axes(across="likelihood", names=names, version=None, **act)
    builders.ladder(
        world,
        [{"offset_days": -3, "tells": ["owner"], "users": [str(world.leader.uuid)],
          "channels": ["mail", "chat"], "interrupts": True},
         {"offset_days": 0, "tells": ["owner", "deputy"]},
         {"offset_days": 7, "tells": ["owner", "managers", "leaders"]}],
    )  # fmt: skip
    source = {"title": {"en": "Announcement"}, "url": "https://example.com/a", "label": "sourced"}
    given = {
        "starts_on": "2025-02-08", "ends_on": "2035-02-07", "horizon_on": "2030-12-31",
        "places": {"en": "Ningde"}, "exits": {"en": "Notice"}, "likelihood_over": "horizon",
        "label": "sourced", "source": source, "milestones": [GATE],
    }  # fmt: skip
    builders.agreed(world, set_programme(given=given, version=None, **act))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("state", [plain, filled])
def test_what_was_read_is_taken_back_and_changes_nothing(
    world: World, program: Callable[..., Program], state: Callable[[World], None], language: str
) -> None:
    state(world)
    manager = program(world.manager)
    paths = put_paths()
    assert len(paths) >= 4
    for path in paths:
        read = manager.get(path, Accept_Language=language)
        with nothing_changes():
            sent = manager.put(path, read.json(), If_Match=read["ETag"], Accept_Language=language)
        assert sent.status_code == 200, (path, sent.content.decode())
        assert sent.json() == read.json(), path
        assert sent["ETag"] == read["ETag"], path


@pytest.mark.parametrize(
    ("part", "pointer"),
    [
        ({"cadence_days": {"critical": 1}}, "#/cadence_days"),
        ({"axes": {"across": "likelihood"}}, "#/axes"),
    ],
)
def test_what_follows_from_other_parts_is_not_passed_over_in_silence(
    world: World, program: Callable[..., Program], part: dict[str, Any], pointer: str
) -> None:
    manager = program(world.manager)
    read = manager.get("criteria/").json()
    with nothing_changes():
        for answer in (
            manager.put("criteria/", {**read, **part}, If_Match='"1"'),
            manager.post("criteria/preview/", {**read, **part}),
        ):
            is_problem(answer, 400, "contradiction", pointer)
