"""Drivers, beliefs and links over REST."""

from typing import Any

import pytest

from riskreg.analysis.models import Belief, Driver
from tests import builders
from tests.analysis.making import BELIEF, LINK, belief, driver, estimate
from tests.builders import World
from tests.indicators import making as measuring

pytestmark = pytest.mark.django_db
NEW = {"names": {"en": "Lithium price"}, "unit": "CNY/t"}


@builders.shared_world
def one(world: World) -> World:
    builders.risk(world)
    return world


def url(world: World, rest: str) -> str:
    return f"/api/v1/registers/{world.register.slug}/{rest}"


def post(world: World, who: str, path: str, body: dict[str, Any]) -> Any:
    client = builders.api(getattr(world, who))
    return client.post(url(world, path), body, content_type="application/json")


def get(world: World, who: str, path: str) -> Any:
    return builders.api(getattr(world, who)).get(url(world, path))


def test_named_believed_linked_and_ended(one: World) -> None:
    made = post(one, "integration", "drivers/", NEW)
    assert made.status_code == 201
    assert made.headers["Location"] == made.json()["url"]
    assert (made.json()["ref"], made.json()["pool"]) == ("D-001", None)
    given = {**BELIEF, "steps": [{"on": "2027-01-01", "factor": 1.1, "why": "Duty"}]}
    answer = post(one, "owner", "drivers/D-001/beliefs/", given)
    assert answer.status_code == 201, answer.content
    said = answer.json()
    assert said["steps"] == [{"on": "2027-01-01", "factor": "1.1", "why": "Duty"}]
    assert (said["high"], said["expert"]["id"]) == ("200000", str(one.owner.uuid))
    pool = get(one, "partner_owner", "drivers/D-001/").json()["pool"]
    assert pool["p5"] < pool["p50"] < pool["p95"]
    linked = post(one, "owner", "risks/R-001/drivers/", {**LINK, "driver": "D-001"})
    assert linked.status_code == 201
    assert get(one, "auditor", "risks/R-001/drivers/").json()["results"] == [linked.json()]
    ended = post(one, "owner", f"links/{linked.json()['id']}/end/", {})
    assert ended.json()["ended_at"]
    assert get(one, "auditor", "risks/R-001/drivers/").json()["results"] == []
    gone = post(one, "manager", f"beliefs/{said['id']}/end/", {})
    assert gone.json()["ended_at"]
    listed = get(one, "owner", "drivers/D-001/beliefs/").json()["results"]
    assert [row["ended_at"] is None for row in listed] == [False]
    assert get(one, "owner", "drivers/D-001/").json()["pool"] is None


def test_what_measures_it_is_said_and_taken_back(one: World) -> None:
    driver(one)
    row = measuring.indicator(one, builders.risk(one))
    fed = post(one, "owner", "drivers/D-001/feed/", {"indicator": row.ref})
    assert fed.json()["indicator"] == row.ref
    again = get(one, "owner", "drivers/D-001/")
    assert again.json() == fed.json()
    assert post(one, "owner", "drivers/D-001/feed/", {"indicator": None}).json()[
        "indicator"
    ] is None  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("drivers/", {**NEW, "visibility": "secret"}, "#/visibility"),
        ("drivers/", {**NEW, "names": {}}, "#/names"),
        ("drivers/", {**NEW, "unit": ""}, "#/unit"),
        ("drivers/", {**NEW, "colour": 1}, "#/colour"),
        ("drivers/D-001/beliefs/", {**BELIEF, "low": "x"}, "#/low"),
        ("drivers/D-001/beliefs/", {**BELIEF, "steps": [3]}, "#/steps/0"),
        ("drivers/D-001/feed/", {"indicator": 7}, "#/indicator"),
        ("drivers/D-001/feed/", {}, "#/indicator"),
        ("risks/R-001/drivers/", LINK, "#/driver"),
        ("risks/R-001/drivers/", {**LINK, "driver": "D-001", "sensitivity": None}, "#/sensitivity"),
    ],
)
def test_a_refusal_points_at_the_field(
    one: World, path: str, body: dict[str, Any], pointer: str
) -> None:
    belief(one, driver(one))
    drivers, beliefs = Driver.objects.count(), Belief.objects.count()
    answer = post(one, "owner", path, body)
    assert answer.status_code == 400, answer.content
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}
    assert (Driver.objects.count(), Belief.objects.count()) == (drivers, beliefs)


def test_an_unknown_driver_is_none_and_a_private_one_alike(one: World) -> None:
    own = driver(one, visibility="party")
    for ref in (own.ref, "FD-999"):
        for path in (f"drivers/{ref}/", f"drivers/{ref}/beliefs/"):
            assert get(one, "partner_owner", path).status_code == 404
        linked = post(one, "partner_owner", "risks/R-001/drivers/", {**LINK, "driver": ref})
        assert linked.status_code == 404


def test_the_feed_tells_all_that_get_shows(one: World) -> None:
    """Drivers, beliefs and links rebuilt from their events, newest value last."""
    estimate(one, builders.risk(one), released=True)
    row = driver(one)
    belief(one, row)
    belief(one, row, high="300000", steps=[{"on": "2027-01-01", "factor": "2"}])
    belief(one, row, by="partner_owner")
    post(one, "owner", "risks/R-001/drivers/", {**LINK, "driver": "D-001"})
    belief(one, driver(one, visibility="party"))
    for who in ("integration", "partner_integration", "auditor"):
        rows: dict[str, dict[str, Any]] = {}
        for event in get(one, who, "changes/?limit=500").json()["results"]:
            told = rows.setdefault(event["object"]["id"], {})
            told |= {name: after for name, (_before, after) in event["changes"].items()}
        shown = [
            *get(one, who, "drivers/").json()["results"],
            *get(one, who, "drivers/D-001/beliefs/").json()["results"],
            *get(one, who, "risks/R-001/drivers/").json()["results"],
        ]
        assert len(shown) > 4
        for answer in shown:
            told = rows[answer["id"]]
            for name, value in answer.items():
                if name in ("id", "url", "pool", "ref", "created_at") or value in (None, []):
                    continue
                value = value["id"] if name == "expert" else value
                assert told[name] == value, (who, name)
