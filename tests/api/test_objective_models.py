"""Objective models by program: listed for those who may know of them, given once, in words."""

from typing import Any

import pytest
from django.test import Client

from tests import builders
from tests.analysis.making import MODEL
from tests.builders import World

pytestmark = pytest.mark.django_db


def post(client: Client, address: str, body: dict[str, Any]) -> Any:
    return client.post(address, body, content_type="application/json")


def test_versions_are_given_and_listed(world: World) -> None:
    target, risk = builders.objective(world), builders.risk(world)
    address = f"/api/v1/registers/{world.register.slug}/objectives/{target.key}/models/"
    manager, partner = builders.api(world.manager), builders.api(world.partner_owner)
    work = builders.mitigation(world, risk)
    lifts = [{"mitigation": work.ref, "mode": 6, "from_year": 2028}]
    body = {**MODEL, "hits": [{"risk": risk.ref, "mode": -15}], "lifts": lifts}
    made = post(manager, address, body)
    assert made.status_code == 201
    assert made.json()["hits"] == [
        {"risk": str(risk.uuid), "low": None, "mode": "-15", "high": None, "years": None}
    ]
    assert made.json()["lifts"] == [{"mitigation": str(work.uuid), "low": None, "mode": "6",
                                     "high": None, "from_year": 2028}]  # fmt: skip
    assert made.json()["number"] == 1
    assert made.json()["growth_mode"] == "7.27"
    again = post(manager, address, body)
    assert (again.status_code, again.headers["Content-Type"]) == (409, "application/problem+json")
    # What is answered can be sent.
    given = {
        name: made.json()[name] for name in (*MODEL, "hits", "lifts", "elasticities", "sources")
    }
    assert post(manager, address, {**given, "follows": 1}).json()["number"] == 2
    own = post(partner, address, {**MODEL, "visibility": "party"})
    assert own.status_code == 201
    assert post(partner, address, {**MODEL, "follows": 2}).status_code == 403
    assert [one["number"] for one in manager.get(address).json()["results"]] == [2, 1]
    assert len(partner.get(address).json()["results"]) == 3
    assert builders.api(world.outsider).get(address).status_code == 404


def test_a_bad_line_names_its_place(world: World) -> None:
    target = builders.objective(world)
    address = f"/api/v1/registers/{world.register.slug}/objectives/{target.key}/models/"
    program = builders.api(world.manager)
    lifts = [{"mitigation": "M-9", "mode": 6, "from_year": 2030.5}]
    hits = [{"risk": "R-9", "mode": -150}]
    answer = post(program, address, {**MODEL, "hits": hits, "lifts": lifts})
    assert answer.status_code == 400
    found = {error["pointer"]: error["code"] for error in answer.json()["errors"]}
    assert found == {"#/hits/0/risk": "unknown", "#/hits/0/mode": "out_of_range",
                     "#/lifts/0/mitigation": "unknown",
                     "#/lifts/0/from_year": "out_of_range"}  # fmt: skip
    for follows in (-1, True, "1", None):
        answer = post(program, address, {**MODEL, "follows": follows})
        assert answer.status_code == 400, follows
        assert answer.json()["errors"][0]["pointer"] == "#/follows"
