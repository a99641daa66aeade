"""The party boundary (I6): the other party's private things change nothing in any answer."""

import re
from typing import Any

import pytest

from tests import builders
from tests.api.conftest import Program, is_problem
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = [pytest.mark.django_db, pytest.mark.unmeasured]

CANARY = "kanarienvogel"
PATHS = [
    "", "criteria/", "risks/", "risks/?count=true&ordering=-score", f"risks/?q={CANARY}",
    "risks/?external_id=kanarienvogel-1", "risks/?unrated=true&count=true", "risks/R-001/",
    "risks/R-001/history/", "risks/R-001/assessments/", "risks/R-001/reviews/", "risks/C-001/",
    "risks/C-001/history/", "risks/C-001/assessments/", "risks/C-001/reviews/", "mitigations/",
    "mitigations/?risk=C-001&count=true", "mitigations/M-001/", "mitigations/CM-001/",
    "objectives/?count=true", "risks/?objective=kanarienvogel", "heatmap/",
    "heatmap/?compare=2026-09-15", "changes/", "changes/?limit=3", "/api/v1/me/",
    "/api/v1/registers/",
]  # fmt: skip


def public(world: World) -> None:
    row = builders.risk(world)
    builders.mitigation(world, row)
    builders.objective(world)


def private(world: World) -> None:
    row = builders.risk(
        world, by=world.partner_owner, visibility="party", title=CANARY, cause=CANARY,
        external_id="kanarienvogel-1", rated=(5, 5),
    )  # fmt: skip
    builders.mitigation(world, row, by=world.partner_owner, title=CANARY)
    builders.objective(
        world, by=world.partner_manager, party=world.catl, key=CANARY, visibility="party",
        names={"en": CANARY},
    )  # fmt: skip
    builders.review(world, row, comment=CANARY, cell=(4, 4))


def answers(world: World) -> dict[str, Any]:
    """Every answer to every kind of stranger to catl's own, without clock, signatures and ids."""
    seen = {}
    for name in ("owner", "manager", "auditor", "integration"):
        program = Program(getattr(world, name))
        for path in PATHS:
            response = program.get(path)
            text = response.content.decode()
            text = re.sub(
                r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID", text
            )
            text = re.sub(r"rr_[\w-]+", "TOKEN", text)
            text = re.sub(r"(cursor|after)(=|\":\")[\w%:.-]+", "CURSOR", text)
            tag = "" if path in ("/api/v1/me/",) else response.get("ETag")
            seen[name, path] = (response.status_code, tag, text)
    return seen


def test_a_world_with_private_things_looks_like_one_without(world: World) -> None:
    public(world)
    without = answers(world)
    private(world)
    assert answers(world) == without
    partner = Program(world.partner_owner)
    assert partner.get("risks/C-001/").json()["title"] == CANARY
    assert partner.get("mitigations/CM-001/").json()["risks"] == ["C-001"]
    assert partner.get("heatmap/").json()["total"] == 2


def test_nothing_can_be_done_to_what_is_not_there(world: World) -> None:
    public(world)
    private(world)
    manager = Program(world.manager)
    with nothing_changes():
        for ref in ("C-001", "C-999"):
            for method, path, body in (
                ("patch", "", {"title": "x"}), ("patch", "", {"visibility": "shared"}),
                ("patch", "", {"visibility": "party"}), ("post", "open/", None),
                ("post", "close/", {"reason": "x"}), ("post", "reopen/", {"reason": "x"}),
                ("post", "transfer/", {"owner": "x"}), ("post", "share/", None),
                ("post", "assessments/", {"likelihood": 1, "impact": 1}),
                ("post", "reviews/", {}), ("patch", "", {}),
            ):  # fmt: skip
                for tag in ({}, {"If_Match": '"1"'}, {"If_Match": '"5"'}):
                    is_problem(manager.call(method, f"risks/{ref}/{path}", body, **tag), 404)
        is_problem(manager.patch("mitigations/CM-001/", {"progress": 1}, If_Match='"1"'), 404)
    there = manager.post("mitigations/", {"title": "x", "due_on": "2027-01-01", "risks": ["C-001"]})
    nowhere = manager.post(
        "mitigations/", {"title": "x", "due_on": "2027-01-01", "risks": ["C-009"]}
    )
    assert there.content.replace(b"C-001", b"C-009") == nowhere.content
    taken = manager.post("risks/", {"title": "x", "external_id": "kanarienvogel-1"})
    assert taken.status_code == 201
