"""Extensions over REST."""

import datetime as dt

import pytest

from riskreg.reviews.models import Extension
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def test_grant_once_and_read_back(world: World) -> None:
    row = builders.risk(world, at=world.at - 40 * DAY)
    url = f"/api/v1/registers/{world.register.slug}/risks/{row.ref}/extensions/"
    client = builders.api(world.manager)
    body = {"until": (world.today + 5 * DAY).isoformat(), "reason": "Waiting for the figures"}
    send = {"data": body, "content_type": "application/json"}
    with nothing_changes():
        assert client.post(url, **send).status_code == 428
        assert client.post(url, headers={"If-Match": '"1"'}, **send).status_code == 412
    headers = {"If-Match": f'"{row.version}"', "Idempotency-Key": "once"}
    made = client.post(url, headers=headers, **send)
    assert made.status_code == 201, made.content
    assert made["ETag"] == f'"{row.version + 1}"'
    again = client.post(url, headers=headers, **send)
    assert again["Idempotent-Replayed"] == "true"
    assert again.content == made.content
    assert Extension.objects.count() == 1
    answer = made.json()
    assert answer["due_on"] == str(world.today - 10 * DAY)
    assert answer["until"] == body["until"]
    assert answer["reason"] == body["reason"]
    listed = builders.api(world.partner_owner, "read").get(url + "?count=true").json()
    assert listed["results"] == [answer]
    assert listed["count"] == 1
    detail = client.get(url.removesuffix("extensions/")).json()
    assert detail["next_review_on"] == str(world.today - 10 * DAY)
    assert detail["overdue"] is True


def test_problems(world: World) -> None:
    row = builders.risk(world, at=world.at - 40 * DAY)
    url = f"/api/v1/registers/{world.register.slug}/risks/{row.ref}/extensions/"
    headers = {"If-Match": f'"{row.version}"'}
    manager = builders.api(world.manager)
    with nothing_changes():
        bad = manager.post(
            url, {"until": "2031-01-01", "why": 1}, content_type="application/json", headers=headers
        )
    assert bad.status_code == 400
    assert {e["code"] for e in bad.json()["errors"]} == {"unknown_field"}
    for person, status in ((world.owner, 403), (world.outsider, 404)):
        answer = builders.api(person).post(
            url,
            {"until": str(world.today + 5 * DAY), "reason": "x"},
            content_type="application/json",
            headers=headers,
        )
        assert answer.status_code == status
