"""Estimates over REST."""

from typing import Any

import pytest

from riskreg.analysis.models import Estimate
from riskreg.risks.models import Risk
from tests import builders
from tests.analysis.making import GIVEN, estimate
from tests.builders import World

pytestmark = pytest.mark.django_db


@builders.shared_world
def one(world: World) -> World:
    builders.risk(world)
    return world


def url(world: World, rest: str = "risks/R-001/estimates/") -> str:
    return f"/api/v1/registers/{world.register.slug}/{rest}"


def post(world: World, who: str, path: str, body: dict[str, Any]) -> Any:
    client = builders.api(getattr(world, who))
    return client.post(path, body, content_type="application/json")


def test_given_listed_and_released(one: World) -> None:
    made = post(one, "owner", url(one), GIVEN)
    assert made.status_code == 201
    body = made.json()
    assert body["risk"] == "R-001"
    assert body["visibility"] == "party"
    assert body["severity_low"] == "10000000.00"
    assert body["frequency_mode"] == "1.2"
    assert body["currency"] == "CNY"
    assert body["implied"]["p90"] == 91_200_000
    assert builders.api(one.owner).get(url(one)).json()["results"] == [body]
    assert builders.api(one.partner_integration).get(url(one)).json()["results"] == []
    release = url(one, f"estimates/{body['id']}/release/")
    assert post(one, "partner_manager", release, {}).status_code == 404
    released = post(one, "owner", release, {})
    assert released.status_code == 200
    assert released.json()["visibility"] == "shared"
    assert post(one, "leader", release, {}).json() == released.json()
    listed = builders.api(one.partner_integration).get(url(one)).json()["results"]
    assert listed == [released.json()]


def test_a_refusal_points_at_each_field(one: World) -> None:
    answer = post(
        one, "owner", url(one), {**GIVEN, "severity_low": "200000000", "frequency_low": 9}
    )
    assert answer.status_code == 400
    assert {e["pointer"] for e in answer.json()["errors"]} == {"#/severity_low", "#/frequency_low"}
    assert not Estimate.objects.exists()


def test_others_are_shown_after_ones_own_and_to_programs_at_once(one: World) -> None:
    estimate(one, Risk.objects.get(ref="R-001"), by="manager")
    assert builders.api(one.owner).get(url(one)).json()["results"] == []
    assert len(builders.api(one.integration).get(url(one)).json()["results"]) == 1
    post(one, "owner", url(one), GIVEN)
    assert len(builders.api(one.owner).get(url(one)).json()["results"]) == 2


def test_the_same_key_gives_one_estimate(one: World) -> None:
    client = builders.api(one.owner)
    for _n in range(2):
        answer = client.post(
            url(one), GIVEN, content_type="application/json", headers={"Idempotency-Key": "once"}
        )
        assert answer.status_code == 201
    assert Estimate.objects.count() == 1
