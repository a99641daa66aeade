"""Indicators and readings over HTTP: what they say, what they refuse, and what red sets going."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from riskreg.events.models import Event
from riskreg.indicators.models import Breach, Indicator, Reading
from riskreg.risks.models import Risk
from tests import builders
from tests.api.conftest import Program, is_problem, version_in
from tests.builders import World
from tests.indicators import making
from tests.querycounts import QueryCounts

NEW = {
    "names": {"en": "CBAM certificate price", "zh-hans": "CBAM证书价格"},
    "unit": "EUR/tCO2",
    "direction": "higher_is_worse",
    "amber": 75,
    "red": "95",
    "hysteresis": "1",
    "frequency_days": 90,
    "label": "illustrative",
}
PATH = "indicators/K-001/readings/"


def test_an_indicator_from_setting_up_to_changing(
    world: World, program: Callable[..., Program]
) -> None:
    risk = builders.risk(world)
    owner = program(world.owner)
    made = owner.post("indicators/", {**NEW, "risks": [risk.ref]}, Idempotency_Key="one")
    assert made.status_code == 201, made.content
    body = made.json()
    assert made["Location"].endswith("/indicators/K-001/")
    assert (body["ref"], body["red"], body["amber"], body["status"], body["latest"]) == (
        "K-001", "95", "75", None, None,
    )  # fmt: skip
    assert body["risks"] == ["R-001"]
    again = owner.post("indicators/", {**NEW, "risks": [risk.ref]}, Idempotency_Key="one")
    assert again["Idempotent-Replayed"] == "true"
    path = "indicators/K-001/"
    read = owner.get(path)
    assert (version_in(read), read.json()) == (1, body)
    is_problem(owner.patch(path, {"red": 99}), 428)
    changed = owner.patch(path, {"red": 99}, If_Match='"1"')
    assert (changed.status_code, version_in(changed), changed.json()["red"]) == (200, 2, "99")
    is_problem(owner.patch(path, {"red": 98}, If_Match='"1"'), 412)
    refused = owner.patch(path, {"amber": 120}, If_Match='"2"')
    is_problem(refused, 400, "beyond_red", "#/amber")
    is_problem(owner.post("indicators/", {**NEW, "red": "NaN"}), 400, "not_finite", "#/red")


def test_lists_are_filtered_and_paged(world: World, program: Callable[..., Program]) -> None:
    risk = builders.risk(world)
    red = making.indicator(world, risk)
    making.indicator(world, names="Quiet")
    making.indicator(world, by=world.partner_owner, names="Theirs")
    making.read(world, red, 160000)
    owner = program(world.owner)

    def refs(query: str) -> list[str]:
        return [row["ref"] for row in owner.get(f"indicators/?{query}").json()["results"]]

    assert refs("") == ["K-001", "K-002", "K-003"]
    assert refs("status=red") == ["K-001"]
    assert refs("risk=R-001") == ["K-001"]
    assert refs("owner=me") == ["K-001", "K-002"]
    assert refs("party=catl") == ["K-003"]
    assert refs("late=true") == []
    assert refs("active=false") == []
    for query, code in (("status=blue", "unknown"), ("late=maybe", "not_a_boolean"),
                        ("owner=you", "unknown"), ("colour=red", "unknown_parameter")):  # fmt: skip
        is_problem(owner.get(f"indicators/?{query}"), 400, code)
    first = owner.get("indicators/?limit=2&count=true").json()
    assert (first["count"], len(first["results"]), first["previous"]) == (3, 2, None)
    second = owner.get(first["next"]).json()
    assert [row["ref"] for row in second["results"]] == ["K-003"]
    assert owner.get(second["previous"]).json()["results"] == first["results"]


def test_readings_in_and_out(world: World, program: Callable[..., Program]) -> None:
    making.indicator(world, **NEW)
    feed = program(world.integration, scope="ingest")
    rows = [{"at": f"2026-09-{n:02}", "value": 70 + n, "unit": "EUR/tCO2"} for n in range(1, 6)]
    done = feed.post(PATH, {"readings": rows})
    assert done.status_code == 201, done.content
    assert done.json() == {
        "recorded": 5, "corrected": 0, "unchanged": 0, "status": "amber", "status_before": None,
        "called": [],
    }  # fmt: skip
    same = feed.post(PATH, {"readings": rows})
    assert (same.status_code, same.json()["unchanged"]) == (200, 5)
    is_problem(
        feed.post(PATH, {"readings": [{"at": "2026-09-05", "value": 80}]}),
        400, "other_value", "#/readings/0/value",
    )  # fmt: skip
    fix = {"at": "2026-09-05", "value": "80.5", "correction": True}
    assert feed.post(PATH, {"readings": [fix]}).json()["corrected"] == 1
    read = feed.get(PATH + "?limit=2").json()
    assert [row["value"] for row in read["results"]] == ["80.5", "74"]
    assert read["results"][0]["origin"] == "api"
    assert [r["value"] for r in feed.get(read["next"]).json()["results"]] == ["73", "72"]
    both = feed.get(PATH + "?corrected=true&since=2026-09-05&until=2026-09-06").json()["results"]
    assert [(r["value"], r["counts"]) for r in both] == [("80.5", True), ("75", False)]
    assert both[0]["corrects"] == both[1]["id"]
    is_problem(feed.get(PATH + "?since=soon"), 400, "not_a_time")
    detail = program(world.owner).get("indicators/K-001/").json()
    assert (detail["status"], detail["latest"]["value"]) == ("amber", "80.5")


def test_what_a_token_may(world: World, program: Callable[..., Program]) -> None:
    making.indicator(world, **NEW)
    rows = {"readings": [{"at": "2026-09-01", "value": 1}]}
    is_problem(program(world.integration, scope="read").post(PATH, rows), 403)
    is_problem(program(world.integration, scope="ingest").get("indicators/"), 403)
    is_problem(program(world.integration, scope="ingest").post("indicators/", NEW), 403)
    is_problem(program(world.leader).post(PATH, rows), 403)
    is_problem(program(world.partner_integration).post(PATH, rows), 403)
    is_problem(program(None).post(PATH, rows), 401)
    is_problem(program(world.outsider).post(PATH, rows), 404)
    assert not Reading.objects.exists()


@pytest.mark.parametrize(
    ("row", "code", "where"),
    [
        ({"value": "NaN"}, "not_finite", "value"),
        ({"value": "-Infinity"}, "not_finite", "value"),
        ({"value": "soon"}, "not_a_number", "value"),
        ({"unit": "USD/tCO2"}, "wrong_unit", "unit"),
        ({"at": "2026-09-17"}, "in_the_future", "at"),
        ({"at": "2026-09-16T09:00:00"}, "no_zone", "at"),
        ({"at": "2026-09-14", "value": 9}, "twice", "at"),
    ],
)
def test_a_bad_reading_leaves_none(
    world: World, program: Callable[..., Program], row: dict[str, Any], code: str, where: str
) -> None:
    making.indicator(world, **NEW)
    feed = program(world.integration, scope="ingest")
    events = Event.objects.count()
    rows = [{"at": "2026-09-14", "value": 99}, {"at": "2026-09-15", "value": 1, **row}]
    answer = feed.post(PATH, {"readings": rows})
    is_problem(answer, 400, code, f"#/readings/1/{where}")
    assert (Reading.objects.count(), Event.objects.count()) == (0, events)


def test_a_body_that_is_none(world: World, program: Callable[..., Program]) -> None:
    making.indicator(world, **NEW)
    feed = program(world.integration, scope="ingest")
    nan = feed.client.post(
        f"/api/v1/registers/{world.register.slug}/{PATH}",
        '{"readings": [{"at": "2026-09-01", "value": NaN}]}',
        content_type="application/json",
    )
    is_problem(nan, 400, "malformed")
    for body, code in (
        ({}, "not_a_list"),
        ({"readings": []}, "required"),
        ({"readings": {}}, "not_a_list"),
        ({"values": []}, "unknown_field"),
    ):
        is_problem(feed.post(PATH, body), 400, code)


def test_a_hundred_thousand_are_refused_whole_and_ten_thousand_taken(
    world: World, program: Callable[..., Program]
) -> None:
    making.indicator(world, **NEW)
    feed = program(world.integration, scope="ingest")
    start = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
    rows = [
        {"at": (start + dt.timedelta(hours=n)).isoformat(), "value": n % 90} for n in range(100_000)
    ]
    is_problem(feed.post(PATH, {"readings": rows}), 413)
    is_problem(feed.post(PATH, {"readings": rows[:10_001]}), 400, "too_many", "#/readings")
    assert not Reading.objects.exists()
    done = feed.post(PATH, {"readings": rows[:10_000]})
    assert (done.status_code, done.json()["recorded"]) == (201, 10_000)


def test_a_red_reading_posted_opens_a_review_on_the_owners_work(
    world: World, program: Callable[..., Program], web: Callable[..., Any]
) -> None:
    risk = builders.risk(world)
    due = risk.next_review_on
    making.indicator(world, risk, **NEW)
    feed = program(world.integration, scope="ingest")
    done = feed.post(PATH, {"readings": [{"at": "2026-09-16", "value": "97.5"}]}).json()
    assert (done["status"], done["called"]) == ("red", ["R-001"])
    owner = web(world.owner)
    base = f"/r/{world.register.slug}/"
    work = owner.get(base + "work/").content.decode()
    assert "1 review is called for by an indicator." in work
    assert "CBAM certificate price" in work
    assert "97.5 EUR/tCO2" in work
    screen = owner.get(base + f"risks/{risk.ref}/review/").content.decode()
    assert "Why a review is called for" in screen
    assert Risk.objects.get(pk=risk.pk).next_review_on == due
    # Going back below the limit does not answer it; a review over the API does.
    feed.post(PATH, {"readings": [{"at": "2026-09-16T07:00:00Z", "value": 60}]})
    assert "called for by an indicator" in owner.get(base + "work/").content.decode()
    seen = program(world.owner).get(f"risks/{risk.ref}/")["ETag"]
    reviewed = program(world.owner).post(
        f"risks/{risk.ref}/reviews/", {"comment": "Looked at"}, If_Match=seen
    )
    assert reviewed.status_code == 201, reviewed.content
    assert "called for by an indicator" not in owner.get(base + "work/").content.decode()
    assert Breach.objects.count() == 1


def test_the_other_party_hears_nothing(world: World, program: Callable[..., Program]) -> None:
    risk = builders.risk(world)
    own = making.indicator(world, risk, visibility="party", names="CANARY", unit="CANARY")
    making.read(world, own, 160000)
    for name in ("partner_manager", "partner_integration", "auditor"):
        theirs = program(getattr(world, name))
        for path in ("FK-001/", "FK-001/readings/"):
            missing = theirs.get("indicators/" + path)
            absent = theirs.get("indicators/" + path.replace("FK", "CK"))
            is_problem(missing, 404)
            assert missing.json() == absent.json()
        for path in ("indicators/", "indicators/?risk=R-001", "changes/", "risks/R-001/history/"):
            text = theirs.get(path).content.decode()
            assert "CANARY" not in text
            assert "FK-001" not in text
            assert "breached" not in text
    assert "FK-001" in program(world.manager).get("risks/R-001/history/").content.decode()


def test_queries_do_not_grow_with_rows(world: World, query_counts: QueryCounts) -> None:
    risks = [builders.risk(world) for _n in range(2)]
    owner = Program(world.owner)
    made: list[Indicator] = []

    def indicators(rows: int) -> None:
        while len(made) < rows:
            made.append(making.indicator(world, *risks))

    def readings(rows: int) -> None:
        start = world.at - dt.timedelta(days=9)
        making.read(world, made[0], *range(rows), start=start)

    query_counts.check_growth("api:indicators", lambda: owner.get("indicators/"), indicators)
    query_counts.check_growth("api:readings", lambda: owner.get(PATH), readings)
    query_counts.check("api:indicator", lambda: owner.get("indicators/K-001/"))
