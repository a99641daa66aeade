"""The demo's indicators: every published reading with its source, and the story they tell."""

import datetime as dt

import pytest
import time_machine
from django.test import Client

from riskreg.accounts.models import User
from riskreg.accounts.services import create_token
from riskreg.demo import content as files
from riskreg.indicators.models import Indicator, Reading
from riskreg.indicators.queries.breaches import (
    all_breaches_with_reviewed_mark,
    all_unreviewed_breaches_of_open_risks,
)
from riskreg.risks.models import Risk
from tests.builders import web
from tests.demo.loaded import LOADED, loaded

CONTENT = files.read_content()
NAMED = {"R-001", "R-002", "R-003", "R-004"}

pytestmark = pytest.mark.django_db


def test_every_reading_is_there_with_its_source() -> None:
    refs = loaded(at=LOADED).refs
    assert Indicator.objects.count() == len(CONTENT.indicators) == 29
    for record in CONTENT.indicators:
        row = Indicator.objects.get(ref=refs[record["key"]])
        assert row.names == record["name"]
        assert row.label == record["threshold_label"]
        readings = list(row.readings.order_by("at"))
        assert [float(r.value) for r in readings] == [r["value"] for r in record["readings"]]
        for reading, told in zip(readings, record["readings"], strict=True):
            assert (reading.source.get("url") or None) == told["source"]["url"]
            assert (reading.label, reading.precision) == (told["label"], told["precision"])
            assert reading.created_at == LOADED
            assert reading.origin == "demo"
    watched = {r.ref for i in Indicator.objects.all() for r in i.risks.all()}
    assert watched >= NAMED
    assert Indicator.objects.filter(risks__ref__in=NAMED).distinct().count() >= 8


def test_an_indicator_watches_each_open_risk() -> None:
    loaded(at=LOADED)
    watched = set(Indicator.objects.filter(active=True).values_list("risks__ref", flat=True))
    assert set(Risk.objects.filter(state="open").values_list("ref", flat=True)) <= watched


def test_what_nobody_published_is_illustrative() -> None:
    """A reading without an address is said to be invented, and only those are."""
    readings = [r for row in CONTENT.indicators for r in row["readings"]]
    invented = [r for r in readings if not r["source"]["url"]]
    assert len(invented) == 30
    assert {r["label"] for r in invented} == {"illustrative"}
    assert "illustrative" not in {r["label"] for r in readings if r["source"]["url"]}


def test_how_they_stand_and_what_they_called_for() -> None:
    refs = loaded(at=LOADED).refs
    stands = {key: Indicator.objects.get(ref=ref).status for key, ref in refs.items()
              if key in {r["key"] for r in CONTENT.indicators}}  # fmt: skip
    assert stands["lithium-carbonate"] == "red"
    assert stands["cbam-certificate-price"] == "amber"
    # 153,000 · (300/153)^(365/2191) = 171,163 was the path for 2025: 164,500 is 3.9 % behind.
    assert stands["foton-overseas-sales"] == "amber"
    assert stands["pack-price"] == "green"
    assert all_breaches_with_reviewed_mark().count() >= 3
    assert all_unreviewed_breaches_of_open_risks().count() == 0, "the story's reviews answered them"


def test_a_clock_before_the_storys_end_leaves_out_what_is_to_come() -> None:
    day = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
    loaded(at=day)
    assert Reading.objects.exists()
    assert not Reading.objects.filter(at__gt=day).exists()


@pytest.mark.parametrize(
    ("key", "value", "feed", "owner"),
    [
        ("lithium-carbonate", 171_000, "integration@catl.example", "owner@catl.example"),
        ("cbam-certificate-price", 97, "integration@foton.example", "owner@foton.example"),
    ],
)
def test_a_red_reading_opens_a_review_on_the_owners_my_work(
    key: str, value: int, feed: str, owner: str
) -> None:
    with time_machine.travel(LOADED, tick=False):
        _post_and_look(key, value, feed, owner)


def _post_and_look(key: str, value: int, feed: str, owner: str) -> None:
    refs = loaded(at=LOADED).refs
    _row, token = create_token(user=User.objects.get(email=feed), scope="ingest", days=1, at=LOADED)
    path = f"/api/v1/registers/foton-catl/indicators/{refs[key]}/readings/"
    done = Client(headers={"Authorization": f"Bearer {token}"}).post(
        path,
        {"readings": [{"at": "2026-11-24", "value": value, "label": "illustrative"}]},
        content_type="application/json",
    )
    assert done.status_code == 201, done.content
    assert done.json()["called"]
    work = web(User.objects.get(email=owner)).get("/r/foton-catl/work/").content.decode()
    assert refs[key] in work
    assert "/review/?next=work" in work
    assert 'id="called"' in work
