"""Runs over REST: asked for with 202, polled, read, cancelled."""

import hashlib
import json
from typing import Any

import pytest

from riskreg.analysis.models import Simulation
from riskreg.risks.models import Risk
from tests import builders
from tests.analysis.making import estimate, hit, model, run, simulation
from tests.builders import World

pytestmark = pytest.mark.django_db


@builders.shared_world
def one(world: World) -> World:
    estimate(world, builders.risk(world), released=True)
    return world


def url(world: World, rest: str = "") -> str:
    return f"/api/v1/registers/{world.register.slug}/simulations/{rest}"


def post(world: World, who: str, path: str, body: dict[str, Any]) -> Any:
    client = builders.api(getattr(world, who))
    return client.post(path, body, content_type="application/json")


def test_asked_for_polled_and_read(one: World) -> None:
    asked = post(one, "integration", url(one), {"years": 10_000})
    assert asked.status_code == 202
    body = asked.json()
    assert asked["Location"] == body["url"]
    assert (body["state"], body["progress"], body["stale_because"]) == ("queued", 0, [])
    client = builders.api(one.partner_integration)
    assert client.get(url(one, f"{body['id']}/figures/")).status_code == 404
    run(one, Simulation.objects.get())
    polled = client.get(url(one, f"{body['id']}/")).json()
    assert (polled["state"], polled["progress"]) == ("done", 100)
    figures = client.get(url(one, f"{body['id']}/figures/")).json()["figures"]
    assert set(figures[0]) == {"key", "value", "low", "high", "unit", "method", "label"}
    by_key = {figure["key"]: figure for figure in figures}
    assert by_key["loss.mean.before"]["method"] == "closed form"
    assert by_key["loss.p95.before"]["low"] <= by_key["loss.p95.before"]["value"]
    risk = Risk.objects.get()
    tail = by_key[f"contribution.{risk.uuid}.before"]["value"]
    assert tail == pytest.approx(by_key["loss.tvar95.before"]["value"])
    parts = client.get(url(one, f"{body['id']}/contributions/")).json()["before"]
    assert parts == [
        {"risk": str(risk.uuid), "tail": tail, "mean": by_key["loss.mean.before"]["value"]}
    ]
    points = client.get(url(one, f"{body['id']}/curve/")).json()["before"]
    chances = [point["chance"] for point in points]
    assert chances == sorted(chances, reverse=True)
    tornado = client.get(url(one, f"{body['id']}/tornado/")).json()
    assert {bar["on"] for bar in tornado["bars"]} == {"frequency", "severity"}
    inputs = client.get(url(one, f"{body['id']}/inputs/")).json()
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == body["digest"]
    again = post(one, "partner_integration", url(one), {"years": 10_000})
    assert again.json()["id"] == body["id"]


def test_where_matrix_and_money_disagree(one: World) -> None:
    small = builders.risk(one, title="Trifle", rated=(5, 5))
    estimate(one, small, released=True, severity_low="100000", severity_high="300000")
    row, client = simulation(one), builders.api(one.partner_integration)
    body = client.get(url(one, f"{row.uuid}/contradictions/")).json()
    parts = client.get(url(one, f"{row.uuid}/contributions/")).json()["before"]
    means = {part["risk"]: part["mean"] for part in parts}
    first = Risk.objects.get(ref="R-001")
    (pair,) = body.pop("contradictions")
    assert body == {"total": 1}
    for side, risk, cell in (("under", first, (4, 5, 20)), ("over", small, (5, 5, 25))):
        mean = means[str(risk.uuid)]
        likelihood, impact, score = cell
        assert pair[side] == {
            "risk": str(risk.uuid), "likelihood": likelihood, "impact": impact, "score": score,
            "mean": mean,
        }  # fmt: skip
    assert pair["times"] == means[str(first.uuid)] / means[str(small.uuid)]
    waiting = simulation(one, done=False, seed=2)
    assert client.get(url(one, f"{waiting.uuid}/contradictions/")).status_code == 404


def test_a_million_years_too_many_is_a_sentence(one: World) -> None:
    answer = post(one, "owner", url(one), {"years": 10**9})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "#/years"
    assert not Simulation.objects.exists()


def test_cancelled_twice_and_never_when_done(one: World) -> None:
    row = simulation(one, done=False)
    first = post(one, "owner", url(one, f"{row.uuid}/cancel/"), {})
    assert (first.status_code, first.json()["state"]) == (200, "cancelled")
    assert post(one, "owner", url(one, f"{row.uuid}/cancel/"), {}).json() == first.json()
    done = simulation(one, seed=2)
    assert post(one, "owner", url(one, f"{done.uuid}/cancel/"), {}).status_code == 409
    assert post(one, "partner_owner", url(one, f"{done.uuid}/cancel/"), {}).status_code == 403


def test_a_partys_run_is_not_there_for_the_other(one: World) -> None:
    row = simulation(one, audience="party")
    client = builders.api(one.partner_integration)
    parts = ("", "figures/", "curve/", "contributions/", "tornado/", "inputs/")
    assert {client.get(url(one, f"{row.uuid}/{part}")).status_code for part in parts} == {404}
    assert client.get(url(one)).json()["results"] == []
    assert len(builders.api(one.owner).get(url(one)).json()["results"]) == 1


def test_objectives_with_their_chance(world: World) -> None:
    target, row = builders.objective(world), builders.risk(world)
    estimate(world, row, released=True)
    done = simulation(world, seed=5)
    address = f"/api/v1/registers/{world.register.slug}/simulations/{{}}/objectives/"
    reader = builders.api(world.partner_leader)
    assert reader.get(address.format(done.uuid)).json() == {"objectives": []}
    model(world, hits=[hit(row, years=1)])
    done = simulation(world)
    (one,) = reader.get(address.format(done.uuid)).json()["objectives"]
    assert (one["key"], one["due"], one["left_out"]) == (target.key, 2030, [])
    assert one["before"] == one["after"]
    chance = one["before"]["chance"]
    assert 0 <= chance["low"] <= chance["value"] <= chance["high"] <= 1
    assert [cost["risk"] for cost in one["before"]["costs"]] == [str(row.uuid)]
    assert [level["year"] for level in one["before"]["levels"]] == [2026, 2027, 2028, 2029, 2030]
    last = one["before"]["levels"][-1]
    assert last["p5"] <= last["p25"] <= last["p50"] <= last["p75"] <= last["p95"]
    inputs = reader.get(address.format(done.uuid).replace("objectives", "inputs")).json()
    assert inputs["objectives"][0]["hits"][0]["mode"] == "-15"
    waiting = simulation(world, done=False, seed=9)
    assert reader.get(address.format(waiting.uuid)).status_code == 404
