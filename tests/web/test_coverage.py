"""The coverage page: its numbers open what they count, and the address says what is shown."""

import csv
import datetime as dt
import io
import re

import pytest

from riskreg.reviews.services import grant_extension
from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@builders.shared_world
def held(world: World) -> World:
    """Two reviews on time and one late of foton's, one open and extended of catl's."""
    builders.taxonomy(world, "workstream", {"rnd": "R&D", "sales": "Sales"})
    first = builders.risk(world, at=world.at - 90 * DAY, terms=["workstream:rnd"])
    builders.review(world, first, at=world.at - 60 * DAY)
    builders.review(world, first, at=world.at - 24 * DAY)
    second = builders.risk(world, at=world.at - 50 * DAY)
    builders.review(world, second, at=world.at - 30 * DAY)
    third = builders.risk(world, by=world.partner_owner, title="Hydrogen", at=world.at - 40 * DAY)
    grant_extension(
        actor=world.viewer("partner_manager"), ref=third.ref, version=None, reason="x",
        until=world.today + 9 * DAY, at=world.at,
    )  # fmt: skip
    return world


def page(world: World, query: str = "", who: str = "leader", tail: str = "") -> str:
    url = f"/r/{world.register.slug}/coverage/{tail}{query}"
    answer = builders.web(getattr(world, who)).get(url)
    assert answer.status_code == 200, url
    return answer.content.decode()


def test_every_number_opens_exactly_what_it_counts(held: World) -> None:
    seen = 0
    for query in ("", "?by=owner", "?by=month", "?by=workstream", "?from=2026-09-01"):
        text = page(held, query)
        client = builders.web(held.leader)
        for url, n in re.findall(r'<a href="([^"]*coverage/reviews/[^"]*)">(?:<b>)?(\d+)<', text):
            listed = client.get(url.replace("&amp;", "&")).content.decode()
            body = re.search(r"<tbody>(.*)</tbody>", listed, re.DOTALL)
            assert body
            assert body.group(1).count("<tr>") == int(n), url
            seen += 1
    assert seen > 30


def test_the_list_behind_a_number_is_paged(held: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riskreg.web.reviews.coverage.PER_PAGE", 2)
    whole = []
    for number, shown in ((1, "1–2 of 4"), (2, "3–4 of 4")):
        text = page(held, f"?what=due&page={number}", tail="reviews/")
        assert shown in text
        body = re.search(r"<tbody>(.*)</tbody>", text, re.DOTALL)
        assert body
        assert body.group(1).count("<tr>") == 2
        whole += re.findall(r'class="ref">(R-\d+)<', body.group(1))
    assert sorted(whole) == ["R-001", "R-001", "R-002", "R-003"]


def test_what_it_says(held: World) -> None:
    text = page(held)
    assert re.search(r"<b>50 %</b>\s*<span>On time", text)
    assert "Foton" in text
    assert "CATL" in text
    assert 'aria-current="page"' in text
    assert "Coverage" in text
    past = page(held, f"?as_of={held.today - 35 * DAY}")
    assert "what was entered later is not in it" in past
    late = page(held, "?what=late&key=catl", tail="reviews/")
    assert "open, late" in late
    assert "Hydrogen" in late
    assert "Overseas" not in late


def test_as_a_sheet(held: World) -> None:
    text = page(held, "?by=party", tail="csv/")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [(r["key"], r["due"], r["on_time"], r["extended"]) for r in rows] == [
        ("foton", "3", "2", "0"), ("catl", "1", "0", "1"), ("all", "4", "2", "1"),
    ]  # fmt: skip
    assert rows[0]["median_days_late"] == "6"
    assert rows[0]["share_on_time"] == "0.6667"


@pytest.mark.parametrize(
    "query", ["?as_of=2999-01-01", "?from=x", "?by=weather", "?from=0001-01-01"]
)
def test_what_is_asked_wrongly_is_said_above_the_usual(held: World, query: str) -> None:
    answer = builders.web(held.leader).get(f"/r/{held.register.slug}/coverage/{query}")
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "This cannot be shown as asked" in text
    assert "Foton" in text


def test_who_may_look(held: World) -> None:
    slug = held.register.slug
    allowed = {
        name
        for name, person in held.members.items()
        if builders.web(person).get(f"/r/{slug}/coverage/").status_code == 200
    }
    assert {n.removeprefix("partner_") for n in allowed} == {
        "manager", "leader", "auditor", "integration",
    }  # fmt: skip
    assert builders.web(held.outsider).get(f"/r/{slug}/coverage/").status_code == 404
    assert (
        builders.web(held.leader)
        .get(f"/r/{slug}/coverage/reviews/?what=due&key=nobody")
        .status_code
        == 404
    )


def test_an_empty_register(world: World) -> None:
    assert "Nothing fell due in this period" in page(world)
