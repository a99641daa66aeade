"""What binds both parties, asked and answered by programs: 202, If-Match, and who may."""

from typing import Any

import pytest
from django.test import Client

from riskreg.register.models import Register
from riskreg.reminders.queries import ladder_in_force_of
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World

BASE = "/api/v1/registers/foton-catl/"
REQUESTS = f"{BASE}change-requests/"


def post(client: Client, path: str, body: Any = None, tag: str | None = None) -> Any:
    headers = {} if tag is None else {"If-Match": tag}
    data = {} if body is None else body
    return client.post(path, data, content_type="application/json", headers=headers)


def asked(client: Client, **cadence: int) -> Any:
    body = {"kind": "cadence", "cadence": cadence or {"critical": 90}, "seen_criteria": 1}
    return post(client, REQUESTS, body)


def criteria_number() -> int:
    criteria = Register.objects.select_related("criteria").get().criteria
    assert criteria is not None
    return criteria.number


def test_asked_read_and_approved(world: World) -> None:
    mine, theirs = builders.api(world.manager), builders.api(world.partner_manager)
    made = asked(mine)
    assert made.status_code == 202
    body = made.json()
    assert made["Location"].endswith(f"{REQUESTS}CR-001/")
    assert (body["ref"], body["state"], body["kind"]) == ("CR-001", "open", "criteria")
    assert body["difference"] == [
        {
            "what": "Review of risks rated Critical", "before": "every 30 days",
            "after": "every 90 days", "effect": "weakens",
        }
    ]  # fmt: skip
    assert [(a["party"], a["answer"]) for a in body["answers"]] == [
        ("foton", "yes"), ("catl", "waiting"),
    ]  # fmt: skip
    assert criteria_number() == 1
    read = theirs.get(f"{REQUESTS}CR-001/")
    assert read.json() == body
    assert theirs.get(f"{REQUESTS}{body['id']}/").json() == body
    approve = f"{REQUESTS}CR-001/approve/"
    assert post(theirs, approve).status_code == 428
    assert post(theirs, approve, tag='"7"').status_code == 412
    done = post(theirs, approve, tag=read["ETag"])
    assert (done.status_code, done.json()["state"]) == (200, "applied")
    assert criteria_number() == 2
    assert post(theirs, approve, tag=done["ETag"]).status_code == 400


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("manager", 400), ("leader", 400), ("owner", 403), ("partner_owner", 403),
        ("partner_integration", 403), ("auditor", 403), ("outsider", 404),
    ],
)  # fmt: skip
def test_who_may_not_say_yes(world: World, who: str, status: int) -> None:
    asked(builders.api(world.manager))
    client = builders.api(getattr(world, who))
    answer = post(client, f"{REQUESTS}CR-001/approve/", tag='"1"')
    assert answer.status_code == status, answer.content
    assert criteria_number() == 1


def test_refused_with_words_and_taken_back(world: World) -> None:
    mine, theirs = builders.api(world.manager), builders.api(world.partner_leader)
    asked(mine)
    refuse = f"{REQUESTS}CR-001/refuse/"
    assert post(theirs, refuse, {"words": ""}, tag='"1"').status_code == 400
    no = post(theirs, refuse, {"words": "Too seldom."}, tag='"1"')
    assert (no.json()["state"], no.json()["words"]) == ("refused", "Too seldom.")
    asked(mine)
    assert post(theirs, f"{REQUESTS}CR-002/withdraw/", tag='"1"').status_code == 403
    back = post(mine, f"{REQUESTS}CR-002/withdraw/", tag='"1"')
    assert back.json()["state"] == "withdrawn"
    listed = mine.get(f"{REQUESTS}?state=refused").json()["results"]
    assert [row["ref"] for row in listed] == ["CR-001"]
    assert criteria_number() == 1


def test_what_is_stricter_is_made_at_once_and_what_is_the_same_is_refused(world: World) -> None:
    client = builders.api(world.manager)
    made = asked(client, critical=20)
    assert (made.status_code, made.json()["state"], made.json()["answers"]) == (201, "applied", [])
    assert criteria_number() == 2
    same = post(
        client, REQUESTS, {"kind": "cadence", "cadence": {"critical": 20}, "seen_criteria": 2}
    )
    assert same.json()["errors"][0]["code"] == "nothing_changed"
    for body in (
        {"kind": "zone"}, {"kind": "time_zone"}, {"kind": "time_zone", "time_zone": "Mars/Olympus",
         "seen_time_zone": "Asia/Shanghai"}, {"kind": "cadence", "cadence": {"critical": "x"}},
    ):  # fmt: skip
        assert post(client, REQUESTS, body).status_code == 400
    assert post(builders.api(world.owner), REQUESTS, {"kind": "cadence"}).status_code == 403
    assert criteria_number() == 2


def test_the_routes_that_write_answer_202(world: World) -> None:
    client = builders.api(world.manager)
    row = builders.risk(world)
    criteria = client.get(f"{BASE}criteria/")
    wanted = {
        name: criteria.json()[name]
        for name in ("likelihood", "impact", "dimensions", "ratings", "cells", "appetite", "label")
    }
    for levels in (wanted["likelihood"], wanted["impact"], wanted["ratings"]):
        for level in levels:
            level.pop("name")
            if level.get("range", "") is None:
                level.pop("range")
    wanted |= {"appetite": "high", "unrated_cadence_days": 30}
    answers = [
        client.put(
            f"{BASE}criteria/", wanted, content_type="application/json",
            headers={"If-Match": criteria["ETag"]},
        ),
        client.put(
            f"{BASE}ladder/", {"rungs": [{"offset_days": 0, "tells": ["owner"]}]},
            content_type="application/json", headers={"If-Match": '"0"'},
        ),
        post(
            client, f"{BASE}risks/{row.ref}/transfer/", {"owner": str(world.partner_owner.uuid)},
            tag=f'"{row.version}"',
        ),
        post(
            client, f"{BASE}handovers/",
            {"from": str(world.owner.uuid), "to": str(world.partner_owner.uuid), "reason": "Moves"},
        ),
    ]  # fmt: skip
    for n, answer in enumerate(answers, 1):
        assert answer.status_code == 202, answer.content
        assert answer["Location"].endswith(f"{REQUESTS}CR-00{n}/")
        assert answer.json()["state"] == "open"
        assert answer["ETag"]
    assert criteria_number() == 1
    assert ladder_in_force_of(world.register).number == 0
    assert Risk.objects.get().owner == world.owner


def test_one_key_asks_once(world: World) -> None:
    client = builders.api(world.manager)
    body = {"kind": "cadence", "cadence": {"critical": 90}, "seen_criteria": 1}
    first, again = (
        client.post(
            REQUESTS, body, content_type="application/json", headers={"Idempotency-Key": "k-1"}
        )
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (202, 202)
    assert again["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()


def test_a_part_of_another_kind_is_refused_by_name(world: World) -> None:
    client = builders.api(world.manager)
    zone = {"kind": "time_zone", "time_zone": "UTC", "seen_time_zone": world.register.time_zone}
    refused = post(client, REQUESTS, {**zone, "seen_criteria": True})
    found = [(e["pointer"], e["code"]) for e in refused.json()["errors"]]
    assert (refused.status_code, found) == (400, [("#/seen_criteria", "not_used")])
    # A truth is no number, though it counts as 1 to Python.
    body = {"kind": "cadence", "cadence": {"critical": 90}, "seen_criteria": True}
    found = [(e["pointer"], e["code"]) for e in post(client, REQUESTS, body).json()["errors"]]
    assert found == [("#/seen_criteria", "changed")]
