"""Own appetites over REST, and the filter that goes by them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import builders
from tests.api.conftest import Program, is_problem, version_in
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
WHY = {"en": "Our margins are thin", "zh-hans": "我方利润微薄"}
NEW = {"rating": "low", "reasons": WHY}
Programs = Callable[..., Program]


def test_one_is_set_read_changed_and_ended(world: World, program: Programs) -> None:
    builders.taxonomy(world)
    manager = program(world.manager)
    made = manager.post("own-appetites/", {**NEW, "term": "market:eu"})
    assert made.status_code == 201
    body = made.json()
    assert (body["term"], body["rating"], body["reasons"]) == ("market:eu", "low", WHY)
    assert (body["party"], body["visibility"], body["label"]) == ("foton", "party", "judgement")
    assert (body["outdated"], body["set_by"]["id"]) == (False, str(world.manager.uuid))
    assert manager.get("own-appetites/").json()["results"] == [body]
    page = made["Location"]
    assert manager.get(page).json() == body
    changed = manager.patch(page, {"rating": "moderate", "term": None}, If_Match=made["ETag"])
    assert (changed.status_code, version_in(changed)) == (200, 2)
    assert (changed.json()["rating"], changed.json()["term"]) == ("moderate", None)
    with nothing_changes():
        is_problem(manager.patch(page, {"rating": "low"}), 428)
        is_problem(manager.patch(page, {"rating": "low"}, If_Match='"1"'), 412)
        is_problem(manager.call("delete", page), 428)
        is_problem(manager.call("delete", page, If_Match='"1"'), 412)
    ended = manager.call("delete", page, If_Match=changed["ETag"])
    assert (ended.status_code, ended.content) == (204, b"")
    is_problem(manager.get(page), 404)
    assert manager.get("own-appetites/").json()["results"] == []


@pytest.mark.parametrize(
    "change, code, pointer",
    [
        ({"rating": "severe"}, "unknown_rating", "#/rating"),
        ({"rating": " "}, "required", "#/rating"),
        ({"reasons": {"en": " "}}, "required", "#/reasons"),
        ({"reasons": {"fr": "x"}}, "unknown_language", "#/reasons"),
        ({"term": "market:mars"}, "unknown_term", "#/term"),
        ({"term": ["market:eu"]}, "not_text", "#/term"),
        ({"label": "sourced"}, "needs_source", "#/label"),
        ({"party": "catl"}, "unknown_field", "#/party"),
        ({}, "taken", "#/term"),
    ],
)
def test_what_is_wrong_is_named(
    world: World, program: Programs, change: dict[str, Any], code: str, pointer: str
) -> None:
    builders.taxonomy(world)
    builders.own_appetite(world, "moderate")
    given = {**NEW, "term": "market:eu", **change} if change else NEW
    manager = program(world.manager)
    with nothing_changes():
        is_problem(manager.post("own-appetites/", given), 400, code, pointer)


def test_nobody_else_knows_of_it(world: World, program: Programs) -> None:
    row = builders.own_appetite(world, "low")
    page = f"own-appetites/{row.uuid}/"
    for who in (world.partner_manager, world.partner_leader, world.auditor):
        other = program(who)
        assert other.get("own-appetites/?count=true").json()["count"] == 0
        is_problem(other.get(page), 404)
        verbs = {event["verb"] for event in other.get("changes/").json()["results"]}
        assert "own_appetite.set" not in verbs
    partner, auditor = program(world.partner_manager), program(world.auditor)
    leader = program(world.leader)
    with nothing_changes():
        is_problem(partner.patch(page, NEW, If_Match='"1"'), 404)
        is_problem(partner.call("delete", page, If_Match='"1"'), 404)
        is_problem(auditor.post("own-appetites/", NEW), 403)
        is_problem(leader.post("own-appetites/", NEW), 403)
        is_problem(leader.patch(page, NEW, If_Match='"1"'), 403)
    own = program(world.leader).get("changes/").json()["results"]
    assert [e["chain"] for e in own if e["verb"] == "own_appetite.set"] == ["own"]


def test_risks_above_it_are_listed_to_its_own_people_alone(world: World, program: Programs) -> None:
    severe, mild = builders.risk(world), builders.risk(world, rated=(1, 1))
    builders.own_appetite(world, "low")

    def refs(who: Any, asked: str) -> list[str]:
        rows = program(who).get(f"risks/?above_own={asked}&ordering=ref").json()["results"]
        return [row["ref"] for row in rows]

    assert refs(world.owner, "true") == [severe.ref]
    assert refs(world.owner, "false") == [mild.ref]
    for who in (world.partner_owner, world.auditor):
        assert refs(who, "true") == []
        assert refs(who, "false") == [severe.ref, mild.ref]
    is_problem(program(world.owner).get("risks/?above_own=maybe"), 400)


def test_what_is_common_stays_as_it_was(world: World, program: Programs) -> None:
    builders.risk(world, rated=(2, 2))
    told = ("", "criteria/", "heatmap/", "risks/R-001/", "acceptances/needed/")

    def answers() -> list[Any]:
        return [program(world.owner).get(path).json() for path in told]

    before = answers()
    builders.own_appetite(world, "very_low")
    assert answers() == before


def test_whoever_follows_the_feed_has_the_row(world: World, program: Programs) -> None:
    builders.taxonomy(world)
    manager = program(world.manager)
    made = manager.post("own-appetites/", {**NEW, "term": "market:eu"})
    page = made["Location"]
    manager.patch(page, {"rating": "high", "reasons": {"en": "Otherwise"}}, If_Match=made["ETag"])
    row: dict[str, Any] = {}
    for event in manager.get("changes/?limit=500").json()["results"]:
        if event["object"]["type"] == "ownappetite":
            row |= {"id": event["object"]["id"], "version": event["object"]["version"]}
            row |= {name: after for name, (_before, after) in event["changes"].items()}
    shown = manager.get(page).json()
    worked_out = {"url", "reason", "outdated"}
    told = {name: value for name, value in shown.items() if name not in worked_out}
    assert row == {**told, "set_by": told["set_by"]["id"]}


def test_the_preview_of_criteria_names_those_whose_rating_would_be_gone(
    world: World, program: Programs
) -> None:
    row = builders.own_appetite(world, "critical")
    builders.own_appetite(world, "critical", by="partner_manager")
    manager = program(world.manager)
    new = {
        **builders.matrix(5, 5, appetite="medium"),
        "cells": [
            {"likelihood": x, "impact": y, "rating": "high" if x * y > 9 else "low"}
            for x in range(1, 6)
            for y in range(1, 6)
        ],
    }
    told = manager.post("criteria/preview/", new).json()
    expected = [{"id": str(row.uuid), "rating": "critical"}]
    assert told["outdated_own_appetites"] == expected
