"""Coverage over REST: the numbers of the page, and nothing of the other party's own."""

import datetime as dt

import pytest

from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def test_numbers(world: World) -> None:
    row = builders.risk(world, at=world.at - 40 * DAY)
    builders.risk(world, at=world.at - 35 * DAY)
    builders.review(world, row, at=world.at - 6 * DAY)
    url = f"/api/v1/registers/{world.register.slug}/coverage/"
    client = builders.api(world.auditor, "read")
    body = client.get(url + "?by=owner").json()
    numbers = {
        "due": 2, "on_time": 0, "late": 2, "share_on_time": 0.0, "median_days_late": 4.5,
        "open": 1, "extended": 0, "brought_in": 0,
    }  # fmt: skip
    assert body["total"] == numbers
    assert body["rows"] == [{"key": str(world.owner.uuid), "name": world.owner.name, **numbers}]
    assert (body["as_of"], body["from"]) == ("2026-09-16", "2025-10-01")
    before = client.get(url + f"?as_of={world.today - 7 * DAY}").json()
    assert before["total"]["open"] == 1
    assert before["rows"][0]["key"] == "foton"


def test_private_risks_of_the_other_party_change_nothing(world: World) -> None:
    url = f"/api/v1/registers/{world.register.slug}/coverage/?by="
    partner = builders.api(world.partner_leader, "read")
    builders.risk(world, at=world.at - 40 * DAY)
    before = [partner.get(url + by).content for by in ("party", "owner", "month", "workstream")]
    row = builders.risk(world, visibility="party", at=world.at - 50 * DAY)
    builders.review(world, row, at=world.at - 3 * DAY)
    after = [partner.get(url + by).content for by in ("party", "owner", "month", "workstream")]
    assert before == after
    own = builders.api(world.leader, "read").get(url + "party").json()
    assert own["total"]["due"] == 2


def test_problems(world: World) -> None:
    url = f"/api/v1/registers/{world.register.slug}/coverage/"
    client = builders.api(world.leader, "read")
    for query, pointer in (
        ("?as_of=2030-01-01", "?as_of"), ("?from=today", "?from"), ("?by=x", "?by"),
        ("?since=1", "?since"),
    ):  # fmt: skip
        answer = client.get(url + query)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert builders.api(world.owner, "read").get(url).status_code == 403
