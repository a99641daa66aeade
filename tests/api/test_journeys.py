"""Whole journeys by HTTP, with real tokens."""

from typing import Any

import pytest

from tests import builders
from tests.api.conftest import ROOT, Program, is_problem, version_in
from tests.builders import World

pytestmark = pytest.mark.django_db

FIELDS = {
    "id",
    "ref", "url", "title", "cause", "event", "consequence", "kind", "state", "response", "party",
    "visibility", "owner", "deputy", "scores", "terms", "objectives", "next_review_on",
    "last_reviewed_on", "overdue", "external_id", "sources", "labels", "translations",
    "outdated_translations", "version", "marks", "happened_on", "happened_cost",
    "created_at", "updated_at",
}  # fmt: skip


def test_a_risk_from_draft_to_closed_and_back(world: World) -> None:
    builders.taxonomy(world, "market")
    builders.objective(world)
    owner = Program(world.owner)
    made = owner.post(
        "risks/",
        {
            "title": "Overseas policy barriers",
            "event": "Vehicles become dearer there",
            "terms": {"market": ["eu"]},
            "objectives": ["overseas-units-2030"],
            "external_id": "erp-1",
            "deputy": world.deputy.email,
            "sources": [{"title": "A notice", "url": "https://example.org/", "label": "sourced"}],
            "labels": {"scores": "illustrative"},
            "translations": {"zh-hans": {"title": "海外政策壁垒"}},
        },
    )
    assert made.status_code == 201, made.content
    risk = made.json()
    assert set(risk) == FIELDS
    assert made["Location"] == risk["url"] == f"http://testserver{ROOT}risks/R-001/"
    assert version_in(made) == 1
    assert risk["state"] == "draft"
    assert risk["scores"] == {"inherent": None, "residual": None, "target": None}
    assert risk["terms"] == {"market": ["eu"]}
    assert risk["objectives"] == ["overseas-units-2030"]
    assert risk["owner"] == {"id": str(world.owner.uuid), "name": world.owner.name}
    assert risk["deputy"]["id"] == str(world.deputy.uuid)
    assert risk["created_at"] == "2026-09-16T08:00:00Z"

    judged = owner.post(
        "risks/R-001/assessments/",
        {"stage": "residual", "likelihood": 4, "impact": 4, "rationale": "Illustrative"},
        If_Match=made["ETag"],
    )
    assert judged.status_code == 201
    assert judged.json()["rating"] == "critical"
    assert judged["ETag"] == '"2"'

    opened = owner.post("risks/R-001/open/", If_Match=judged["ETag"])
    assert opened.status_code == 200
    assert opened.json()["state"] == "open"
    assert opened.json()["scores"]["residual"] == {
        "likelihood": 4, "impact": 4, "score": 16, "rating": "critical",
    }  # fmt: skip
    assert opened.json()["next_review_on"] == "2026-10-16"

    reviewed = owner.post(
        "risks/R-001/reviews/",
        {"comment": "Better", "assessment": {"likelihood": 2, "impact": 3}},
        If_Match=opened["ETag"],
    )
    assert reviewed.status_code == 201, reviewed.content
    assert reviewed.json()["outcome"] == "rescored"
    assert reviewed.json()["assessment"]["score"] == 6
    assert reviewed.json()["due_on"] == "2026-10-16"
    assert reviewed.json()["next_review_on"] == "2026-12-15"

    changed = owner.patch(
        "risks/R-001/", {"response": "mitigate", "deputy": None}, If_Match=reviewed["ETag"]
    )
    assert changed.status_code == 200, changed.content
    assert changed.json()["deputy"] is None

    same = owner.post(
        "risks/R-001/transfer/", {"owner": changed.json()["owner"]}, If_Match=changed["ETag"]
    )
    is_problem(same, 400, "unchanged", "#/owner")
    closed = owner.post(
        "risks/R-001/close/", {"reason": "The market was left"}, If_Match=changed["ETag"]
    )
    assert closed.json()["state"] == "closed"
    again = owner.post("risks/R-001/reopen/", {"reason": "Back"}, If_Match=closed["ETag"])
    assert again.json()["state"] == "open"
    assert again.json()["next_review_on"] == "2026-12-15"

    history = owner.get("risks/R-001/history/").json()["results"]
    assert {e["verb"] for e in history} == {
        "risk.created", "risk.assessed", "risk.opened", "risk.reviewed", "risk.edited",
        "risk.closed", "risk.reopened",
    }  # fmt: skip
    assert [r["stage"] for r in owner.get("risks/R-001/assessments/").json()["results"]] == [
        "residual",
        "residual",
    ]
    assert len(owner.get("risks/R-001/reviews/").json()["results"]) == 1
    assert owner.get("risks/R-001/").json() == again.json()
    assert owner.get("risks/").json()["results"] == [again.json()]


def test_transfer_to_somebody_else(world: World) -> None:
    builders.risk(world)
    manager = Program(world.manager)
    tag = manager.get("risks/R-001/")["ETag"]
    handed = manager.post("risks/R-001/transfer/", {"owner": world.deputy.email}, If_Match=tag)
    assert handed.json()["owner"]["id"] == str(world.deputy.uuid)
    is_problem(
        manager.post("risks/R-001/transfer/", {}, If_Match=handed["ETag"]),
        400, "unknown_member", "#/owner",
    )  # fmt: skip


def test_mitigations(world: World) -> None:
    builders.risk(world)
    owner = Program(world.owner)
    made = owner.post(
        "mitigations/",
        {
            "title": "Assemble locally",
            "due_on": "2026-12-31",
            "cost": 1200000.5,
            "risks": ["R-001"],
        },
    )
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["ref"], body["cost"], body["currency"]) == ("M-001", "1200000.50", "CNY")
    assert made["Location"] == body["url"]
    is_problem(owner.patch("mitigations/M-001/", {"progress": 5}), 428)
    done = owner.patch("mitigations/M-001/", {"progress": 100}, If_Match=made["ETag"])
    assert done.json()["status"] == "done"
    stale = owner.patch("mitigations/M-001/", {"progress": 5}, If_Match=made["ETag"])
    is_problem(stale, 412)
    assert version_in(stale) == version_in(done)
    assert done["ETag"] == owner.get("mitigations/M-001/")["ETag"]
    assert owner.get("mitigations/M-001/", If_None_Match=done["ETag"]).status_code == 304
    for query, found in (
        ("status=done", 1), ("status=planned", 0), ("owner=me", 1), ("risk=R-001", 1),
        ("party=catl", 0), ("due_before=2027-01-01", 1),
        (f"owner={world.deputy.uuid}", 0),
    ):  # fmt: skip
        assert len(owner.get(f"mitigations/?{query}").json()["results"]) == found, query
    is_problem(owner.get("mitigations/?risk=R-009"), 400, "unknown_risk", "?risk")


def test_sharing_and_the_old_ref(world: World) -> None:
    builders.risk(world, title="Known to all")
    builders.risk(world, visibility="party", title="Known to us")
    manager, partner = Program(world.manager), Program(world.partner_manager)
    found = manager.get("risks/F-001/")
    is_problem(partner.get("risks/F-001/"), 404)
    is_problem(
        manager.patch("risks/R-001/", {"visibility": "party"}, If_Match='"3"'),
        400, "cannot_narrow", "#/visibility",
    )  # fmt: skip
    shared = manager.patch(
        "risks/F-001/", {"visibility": "shared", "title": "Now known"}, If_Match=found["ETag"]
    )
    assert shared.status_code == 200, shared.content
    assert shared.json()["ref"] == "R-002"
    assert shared.json()["title"] == "Now known"
    assert manager.get("risks/F-001/").json() == shared.json()
    is_problem(partner.get("risks/F-001/"), 404)
    assert partner.get("risks/R-002/").json() == shared.json()
    verbs = [e["verb"] for e in partner.get("risks/R-002/history/").json()["results"]]
    assert verbs == ["risk.shared"]
    assert partner.get("risks/R-002/assessments/").json()["results"] == []
    assert len(manager.get("risks/R-002/assessments/").json()["results"]) == 1


def test_share_by_its_own_address(world: World) -> None:
    builders.risk(world, visibility="party")
    owner, leader = Program(world.owner), Program(world.leader)
    tag = owner.get("risks/F-001/")["ETag"]
    is_problem(owner.post("risks/F-001/share/", If_Match=tag), 403)
    is_problem(leader.post("risks/F-001/share/"), 428)
    assert leader.post("risks/F-001/share/", If_Match=tag).json()["visibility"] == "shared"


def test_register_criteria_objectives_and_me(world: World) -> None:
    builders.risk(world)
    builders.risk(world, rated=None)
    builders.risk(world, visibility="party", by=world.partner_owner)
    builders.objective(world)
    owner = Program(world.owner)
    mine = owner.get("/api/v1/registers/?count=true").json()
    assert [r["slug"] for r in mine["results"]] == ["foton-catl"]
    assert mine["count"] == 1
    register = owner.get("")
    body = register.json()
    none = {"very_low": 0, "low": 0, "moderate": 0, "high": 0, "critical": 0, "unrated": 0}
    assert body["counts_by_rating"] == {
        "threat": {**none, "critical": 1, "unrated": 1},
        "opportunity": none,
    }
    assert (body["role"], body["party"], body["currency"]) == ("owner", "foton", "CNY")
    assert [p["key"] for p in body["parties"]] == ["foton", "catl"]
    assert owner.get("", If_None_Match=register["ETag"]).status_code == 304
    criteria = owner.get("criteria/").json()
    assert len(criteria["cells"]) == 25
    assert {"likelihood": 5, "impact": 4, "score": 20, "rating": "critical"} in criteria["cells"]
    assert criteria["cadence_days"]["critical"] == 30
    assert owner.get("criteria/?number=1").json() == criteria
    is_problem(owner.get("criteria/?number=2"), 404)
    is_problem(owner.get("criteria/?number=x"), 400, "not_a_number", "?number")
    objective = owner.get("objectives/").json()["results"][0]
    assert (objective["key"], objective["value"]) == ("overseas-units-2030", "300000")
    me = owner.get("/api/v1/me/").json()
    assert me["email"] == world.owner.email
    assert me["token"]["scope"] == "write"
    assert me["memberships"][0]["role"] == "owner"


def test_heatmap_counts_sum_to_the_open_risks(world: World) -> None:
    for cell in ((4, 5), (4, 5), (1, 1), None):
        builders.risk(world, rated=cell)
    builders.risk(world, opened=False)
    owner = Program(world.owner)
    body = owner.get("heatmap/?stage=residual").json()
    assert sum(c["count"] for c in body["cells"]) + body["unrated"]["count"] == body["total"] == 4
    assert body["unrated"] == {"count": 1, "refs": ["R-004"]}
    cell = next(c for c in body["cells"] if (c["likelihood"], c["impact"]) == (4, 5))
    assert (cell["count"], cell["refs"], cell["score"]) == (2, ["R-001", "R-002"], 20)
    moved = owner.get("heatmap/?as_of=2026-09-16&compare=2026-09-15").json()
    assert moved["compared_to"] == "2026-09-15"
    assert moved["opened"] == ["R-001", "R-002", "R-003", "R-004"]
    assert owner.get("heatmap/?as_of=2026-09-15").json()["total"] == 0
    assert owner.get("heatmap/?rating=very_low").json()["total"] == 1
    for query, code in (
        ("stage=best", "unknown"), ("as_of=2027-01-01", "in_the_future"), ("as_of=x", "not_a_date"),
        ("compare=2026-09-16", "not_earlier"), ("rating=awful", "unknown"),
        ("colour=red", "unknown_filter"),
    ):  # fmt: skip
        is_problem(owner.get(f"heatmap/?{query}"), 400, code, "?" + query.split("=")[0])


def test_changes_feed_goes_on_for_ever(world: World) -> None:
    builders.risk(world)
    builders.risk(world, visibility="party")
    owner, partner, auditor = (
        Program(world.owner), Program(world.partner_owner), Program(world.auditor),
    )  # fmt: skip
    everything = owner.get("changes/?limit=500").json()
    assert everything["next"] is None
    assert {e["chain"] for e in everything["results"]} == {"shared", "own"}
    seen: list[Any] = []
    page = owner.get("changes/?limit=2").json()
    while True:
        assert page["cursor"]
        seen += page["results"]
        if page["next"] is None:
            break
        page = owner.get(page["next"]).json()
    assert seen == everything["results"]
    for chain in ("shared", "own"):
        numbers = [e["seq"] for e in seen if e["chain"] == chain]
        assert numbers == list(range(1, len(numbers) + 1))
    assert owner.get(f"changes/?after={page['cursor']}").json()["results"] == []
    builders.risk(world, opened=False, rated=None)
    new = owner.get(f"changes/?after={page['cursor']}").json()["results"]
    assert [e["verb"] for e in new] == ["risk.created"]
    assert new[0]["object"]["ref"] == "R-002"
    assert new[0]["actor"] == {"id": str(world.owner.uuid), "name": world.owner.name}
    for other in (partner, auditor):
        assert {e["chain"] for e in other.get("changes/").json()["results"]} == {"shared"}
        is_problem(other.get(f"changes/?after={page['cursor']}"), 400, "bad_cursor", "?after")
