"""A risk that came true is closed as one that happened: on its day, at its cost."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from riskreg.events.models import Event
from riskreg.kernel.errors import Invalid
from riskreg.risks import services
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def act(world: World, row: Risk) -> dict[str, Any]:
    return {"actor": world.viewer("owner"), "ref": row.ref, "version": None, "at": world.at}


def happened(world: World, **more: Any) -> dict[str, Any]:
    day = world.today - 3 * DAY
    cost = {"happened_cost": "1250000", "happened_cost_label": "judgement"}
    return {"closed_as": "happened", "happened_on": day.isoformat(), **cost, **more}


def test_what_happened_is_kept_with_its_day_and_cost_until_it_is_reopened(world: World) -> None:
    row = builders.risk(world)
    closed = services.close_risk(reason="Duty came", ending=happened(world), **act(world, row))
    day = world.today - 3 * DAY
    assert (closed.happened_on, closed.happened_cost) == (day, Decimal(1250000))
    assert closed.labels["happened_cost"] == "judgement"
    logged = json.loads(Event.objects.get(verb="risk.closed").changes)
    assert logged["happened_on"] == [None, day.isoformat()]
    assert logged["happened_cost"] == [None, "1250000.00"]
    again = services.reopen_risk(reason="A second duty", **act(world, row))
    assert (again.happened_on, again.happened_cost) == (None, None)
    assert "happened_cost" not in again.labels


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"closed_as": "happened"}, "happened_on", "required"),
        ({"closed_as": "happened", "happened_on": "soon"}, "happened_on", "not_a_date"),
        ({"closed_as": "happened", "happened_on": "2099-01-01"}, "happened_on", "in_the_future"),
        ({"closed_as": "perhaps"}, "closed_as", "unknown"),
        ({"happened_on": "2026-01-01"}, "happened_on", "contradiction"),
        ({"closed_as": "over", "happened_cost": "5"}, "happened_cost", "contradiction"),
        (
            {"closed_as": "happened", "happened_on": "2026-01-01", "happened_cost": "5"},
            "happened_cost_label", "required",
        ),
        (
            {"closed_as": "happened", "happened_on": "2026-01-01", "happened_cost": "-5"},
            "happened_cost", "out_of_range",
        ),
        (
            {"closed_as": "happened", "happened_on": "2026-01-01", "happened_cost_label": "x"},
            "happened_cost_label", "unknown",
        ),
    ],
)  # fmt: skip
def test_an_ending_that_does_not_hold_together_is_refused_by_field(
    world: World, given: dict[str, Any], field: str, code: str
) -> None:
    row = builders.risk(world)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        services.close_risk(reason="Over", ending=given, **act(world, row))
    assert refused.value.fields[field][0].code == code


def test_the_page_closes_as_happened_and_shows_it_in_history_and_list(world: World) -> None:
    row = builders.risk(world)
    client, path = builders.web(world.owner), f"/r/{world.register.slug}/risks/"
    sent = {"version": row.version, "reason": "Duty came", **happened(world)}
    refused = client.post(f"{path}{row.ref}/close/", {**sent, "happened_on": ""})
    assert refused.status_code == 400
    assert "Say on which day it happened." in refused.content.decode()
    assert 'value="1250000"' in refused.content.decode()
    done = client.post(f"{path}{row.ref}/close/", sent, follow=True).content.decode()
    for text in ("Happened", "1,250,000", "Judgement"):
        assert text in done, text
    history = client.get(f"{path}{row.ref}/history/").content.decode()
    assert "happened on" in history
    assert "1,250,000" in history
    builders.risk(world, title="Another")
    listed = client.get(f"{path}?happened=true").content.decode()
    assert "Happened: " in listed
    assert "Another" not in listed


def test_a_program_closes_as_happened_and_finds_it(world: World) -> None:
    row = builders.risk(world)
    client, path = builders.api(world.owner), f"/api/v1/registers/{world.register.slug}/risks/"
    tag = client.get(f"{path}{row.ref}/").headers["ETag"]
    send: dict[str, Any] = {"content_type": "application/json", "headers": {"If-Match": tag}}
    body = {"reason": "Duty came", **happened(world)}
    wrong = client.post(
        f"{path}{row.ref}/close/", json.dumps({**body, "happened_on": None}), **send
    )
    assert wrong.status_code == 400
    assert [e["pointer"] for e in wrong.json()["errors"]] == ["#/happened_on"]
    right = client.post(f"{path}{row.ref}/close/", json.dumps(body), **send)
    assert right.status_code == 200, right.content
    told = right.json()
    assert told["happened_on"] == body["happened_on"]
    assert told["happened_cost"] == "1250000.00"
    assert told["labels"]["happened_cost"] == "judgement"
    builders.risk(world, title="Another")
    for asked, refs in (("true", [row.ref]), ("false", ["R-002"])):
        found = client.get(f"{path}?happened={asked}").json()["results"]
        assert [each["ref"] for each in found] == refs
