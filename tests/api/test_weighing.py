"""The options of a decision weighed over REST: asked for with 202, polled, read."""

from typing import Any

import pytest

from riskreg.analysis.models import Simulation
from riskreg.risks.models import Mitigation, Risk
from tests import builders
from tests.analysis.making import effect, run
from tests.builders import World
from tests.decisions.test_weighing import COST, ask, weighed

__all__ = ["weighed"]
pytestmark = pytest.mark.django_db


def url(world: World) -> str:
    return f"/api/v1/registers/{world.register.slug}/decisions/X-001/weighing/"


def post(world: World, who: str, body: dict[str, Any], **headers: str) -> Any:
    client = builders.api(getattr(world, who))
    return client.post(url(world), body, content_type="application/json", headers=headers)


def test_asked_for_polled_and_read(weighed: World) -> None:
    client = builders.api(weighed.partner_leader)
    assert client.get(url(weighed)).json() == {"shared": None, "party": None}
    key = {"idempotency-key": "5f9f6c8e-weighing"}
    asked = post(weighed, "owner", {"years": 10_000}, **key)
    assert asked.status_code == 202
    assert asked["Location"].endswith("/decisions/X-001/weighing/")
    waits = asked.json()["shared"]
    assert (waits["state"], waits["options"], waits["best"]) == ("queued", None, None)
    again = post(weighed, "owner", {"years": 10_000}, **key)
    assert again["Idempotent-Replayed"] == "true"
    assert Simulation.objects.count() == 1
    run(weighed, Simulation.objects.get())
    body = client.get(url(weighed)).json()
    assert body["party"] is None
    found = body["shared"]
    assert (found["state"], found["best"], found["horizon"]) == ("done", "B", 5)
    assert found["left_out"] == [{"key": "D", "mitigations": []}]
    assert found["stale_because"] == []
    nothing, one, both = found["options"]
    assert nothing["difference"] == {"value": 0, "low": 0, "high": 0}
    assert one["cost"]["value"] == pytest.approx(COST)
    assert both["cost"] == {"value": 200e6, "low": None, "high": None}
    assert one["switch"]["against"] == "C"
    assert one["net"] < both["net"] < nothing["net"]
    assert waits["information"] is None
    asked_first = found["information"]
    assert asked_first["all"]["value"] >= 0
    for each in asked_first["each"]:
        assert each["on"] == "frequency"
        assert 0 < each["worth"]["value"] <= asked_first["all"]["value"]


def test_what_is_wrong_is_named(weighed: World) -> None:
    refused = post(weighed, "owner", {"years": 5})
    assert refused.status_code == 400
    assert [each["pointer"] for each in refused.json()["errors"]] == ["#/years"]
    assert post(weighed, "owner", {"budgets": []}).status_code == 400
    assert post(weighed, "auditor", {}).status_code == 403
    assert post(weighed, "outsider", {}).status_code == 404


def test_a_partys_own_stays_with_it(weighed: World) -> None:
    risk = Risk.objects.get(ref="R-001")
    effect(weighed, Mitigation.objects.earliest("id"), risk, frequency_mode="0.35")
    row = run(weighed, ask(weighed, audience="party"))
    mine = builders.api(weighed.leader).get(url(weighed)).json()
    assert mine["party"]["simulation"] == str(row.uuid)
    assert mine["shared"] is None
    theirs = builders.api(weighed.partner_leader).get(url(weighed)).json()
    assert theirs == {"shared": None, "party": None}
