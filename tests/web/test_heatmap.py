"""The heatmap page: its counts, its past, its lists, and whose risks it knows."""

import datetime as dt
import re

import pytest

from riskreg.register.services import add_criteria
from riskreg.reviews.services import end_meeting, start_meeting
from riskreg.risks.queries.heatmap import heatmap
from riskreg.risks.services.criteria import adopt_criteria
from tests import builders

DAY = dt.timedelta(days=1)
NOW = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)


def page(pilot, address, who="owner", tail=""):
    return pilot.client(who).get(address(f"heatmap/{tail}"))


def counts(response) -> dict[str, int]:
    grid = response.context["grid"]
    return {
        f"{c['likelihood']},{c['impact']}": c["count"]
        for row in grid["rows"]
        for c in row
        if c["count"]
    }


def test_counts_sum_to_the_visible_open_risks(pilot, address):
    response = page(pilot, address)
    assert response.status_code == 200
    assert counts(response) == {"3,4": 2}
    shown = response.context["shown"]
    assert sum(counts(response).values()) + shown.unrated_count == shown.total == 3
    other = page(pilot, address, "other")
    assert counts(other) == {"3,4": 2}
    assert "Only north" not in other.content.decode()
    auditor = page(pilot, address, "auditor")
    assert counts(auditor) == {"3,4": 1}


@pytest.mark.parametrize("day", ["2026-02-10", "2026-05-01", "2026-08-01"])
@pytest.mark.parametrize("stage", ["inherent", "residual", "target"])
def test_a_past_day_is_what_the_query_says(pilot, address, day, stage):
    response = page(pilot, address, tail=f"?as_of={day}&stage={stage}")
    expected = heatmap(
        pilot.viewer("owner"),
        stage=stage,
        at=dt.datetime(2026, 11, 24, 4, tzinfo=dt.UTC),
        as_of=dt.date.fromisoformat(day),
    )
    assert counts(response) == {
        f"{c.likelihood},{c.impact}": c.count for c in expected.cells if c.count
    }
    assert response.context["shown"].unrated_count == expected.unrated_count
    assert "This is how it stood at the end of" in response.content.decode()


def test_two_past_days_differ(pilot, address):
    before, after = (page(pilot, address, tail=f"?as_of={d}") for d in ("2026-03-01", "2026-08-01"))
    assert counts(before) == {"4,4": 1, "3,4": 1, "2,2": 1}
    assert counts(after) == {"3,4": 2}


def test_each_count_opens_its_list(pilot, address):
    first = page(pilot, address)
    link = re.search(r'<a class="mx-in" href="([^"]+)"', first.content.decode())
    assert link
    response = page(pilot, address, tail=link.group(1).replace("&amp;", "&"))
    assert [r["ref"] for r in response.context["beside"]["rows"]] == ["R-001", "N-001"]
    assert response.context["beside"]["count"] == 2
    unrated = page(pilot, address, tail="?cell=unrated")
    assert [r["ref"] for r in unrated.context["beside"]["rows"]] == ["R-002"]
    above = page(pilot, address, tail="?cell=above")
    assert len(above.context["beside"]["rows"]) == above.context["beside"]["count"] == 2
    full = pilot.client("owner").get(response.context["beside"]["full"])
    assert {r.ref for r in full.context["rows"]} == {"R-001", "N-001"}


def test_figures_open_what_they_count(pilot, address):
    for figure in page(pilot, address).context["figures"]:
        if figure.get("here"):
            listed = page(pilot, address, tail=figure["url"]).context["beside"]["rows"]
        else:
            listed = pilot.client("owner").get(figure["url"]).context["rows"]
        assert len(listed) == figure["count"], figure["label"]


def test_what_moved_with_its_reason(pilot, address):
    response = page(pilot, address, tail="?compare=2026-03-01")
    moved = response.context["moved"]
    assert [(m["ref"], m["delta"], m["reason"]) for m in moved["moves"]] == [
        ("R-001", -4, "because of bridge")
    ]
    assert [m["ref"] for m in moved["opened"]["rows"]] == ["R-002"]
    assert [m["ref"] for m in moved["closed"]["rows"]] == [pilot.risks["gone"].ref]
    same = page(pilot, address, tail="?compare=2026-11-23")
    assert "Nothing moved" in same.content.decode()


def test_what_moved_is_paged_the_longest_way_first(world, monkeypatch):
    monkeypatch.setattr("riskreg.web.heatmap.moves.MOVED", 2)
    day = dt.timedelta(days=1)
    rows = [builders.risk(world, rated=(1, 1), at=world.at - 90 * day) for _ in range(5)]
    for row, cell in zip(rows, [(1, 2), (5, 5), (2, 2), (3, 3), (4, 4)], strict=True):
        builders.assess(world, row, cell, at=world.at - 10 * day)
    for _ in range(3):
        builders.risk(world, rated=(1, 1), at=world.at - 5 * day)
    tail = f"heatmap/?compare={world.today - 60 * day}"
    address = f"/r/{world.register.slug}/{tail}"
    listed = []
    for number in (1, 2, 3):
        answer = builders.web(world.leader).get(f"{address}&page={number}", follow=True)
        text = answer.content.decode()
        panel = text[text.index('id="moved"') :]
        assert f"{2 * number - 1}–{min(2 * number, 5)} of 5" in " ".join(panel.split())
        assert "1–2 of 3" in panel
        listed += [move["ref"] for move in answer.context["moved"]["moves"]]
    assert listed == [rows[n].ref for n in (1, 4, 3, 2, 0)]
    # What is new has pages of its own, and those of what moved stay where they are.
    new = [builders.web(world.leader).get(f"{address}&new={n}", follow=True) for n in (1, 2)]
    refs = [row["ref"] for page in new for row in page.context["moved"]["opened"]["rows"]]
    assert (len(refs), len(set(refs)), new[1].context["moved"]["page"].number) == (3, 3, 1)
    home = builders.web(world.leader).get(
        f"/r/{world.register.slug}/home/?since={world.today - 60 * day}"
    )
    told = home.context["moved"]["opened"]
    assert (told["count"], {row["ref"] for row in told["rows"]}) == (3, set(refs))
    assert all(f">{ref}<" in home.content.decode() for ref in refs)


def test_filters_narrow_cells_and_list_alike(pilot, address):
    response = page(pilot, address, tail="?term=market:eu&cell=3,4")
    assert counts(response) == {"3,4": 1}
    assert [r["ref"] for r in response.context["beside"]["rows"]] == ["R-001"]
    mine = page(pilot, address, tail="?owner=me&party=north")
    assert mine.context["shown"].total == 2
    assert page(pilot, address, tail="?party=south").context["shown"].total == 1


@pytest.mark.parametrize("tail", ["?q=%5B%5B%5B", "?q=%5B%5B%5B&as_of=2026-05-01"])
def test_words_that_nothing_can_match_leave_the_map_empty(pilot, address, tail):
    response = page(pilot, address, tail=tail)
    assert response.status_code == 200
    assert counts(response) == {}
    assert response.context["shown"].total == 0


@pytest.mark.parametrize(
    ("tail", "words"),
    [
        ("?stage=final", "Stage"),
        ("?as_of=2999-01-01", "Choose today or a day that has passed"),
        ("?as_of=yesterday", "This must be a date"),
        ("?compare=2026-12-01", "Choose a day before"),
        ("?cell=9,9", "There is no such cell"),
        ("?cell=%00", "There is no such cell"),
        ("?colour=red", "There is no such filter"),
        ("?term=eu", "A term is written"),
        ("?owner=somebody", "member"),
    ],
)
def test_what_cannot_be_shown_is_said(pilot, address, tail, words):
    response = page(pilot, address, tail=tail)
    assert response.status_code == 400
    assert words in response.content.decode()
    assert response.context["shown"].total == 3


def test_the_other_party_cannot_tell(pilot, address):
    for tail in ("", "?cell=3,4", "?compare=2026-02-01", "?as_of=2026-05-01", "?cell=above"):
        assert "CANARY" not in page(pilot, address, tail=tail).content.decode()
        assert "CANARY" in page(pilot, address, "other", tail or "?cell=3,4").content.decode()


def test_queries_do_not_grow(pilot, address, django_assert_max_num_queries):
    client = pilot.client("owner")
    tail = address("heatmap/?as_of=2026-10-01&compare=2026-03-01&cell=3,4&party=north&party=south")
    # The last two ask for the days on which something moved, and for the last meeting's.
    with django_assert_max_num_queries(15) as few:
        assert client.get(tail).status_code == 200
    for n in range(8):
        at = dt.datetime(2026, 4, 1, 4, tzinfo=dt.UTC)
        pilot.make("owner", f"more{n}", at)
        pilot.judge("owner", f"more{n}", (3, 4), at)
        pilot.open("owner", f"more{n}", at)
    with django_assert_max_num_queries(15) as many:
        assert client.get(tail).status_code == 200
    assert len(few) == len(many)


def test_chinese(pilot, address):
    pilot.users["owner"].language = "zh-hans"
    pilot.users["owner"].save(update_fields=["language"])
    html = page(pilot, address, tail="?cell=3,4").content.decode()
    assert "桥梁关闭" in html
    assert "可能" in html


def test_the_address_says_what_was_chosen_and_no_more(pilot, address):
    sent = "?as_of=2026-11-24&compare=&party=&owner=me&term=&term=market:eu"
    tidy = address("heatmap/?owner=me&term=market%3Aeu")
    response = page(pilot, address, tail=sent)
    assert (response.status_code, response["Location"]) == (302, tidy)
    swapped = pilot.client("owner").get(address(f"heatmap/{sent}"), headers={"HX-Request": "true"})
    assert (swapped.status_code, swapped["HX-Push-Url"]) == (200, tidy)


def test_a_comparison_over_another_scale_says_so_on_page_and_in_json(pilot, address):
    new = {"likelihood": ["a", "b", "c", "d"], "impact": ["e", "f", "g", "h"]}
    old = pilot.viewer("manager").criteria
    cells = [[{"score": 2 * x * y, "rating": "high"} for y in range(1, 5)] for x in range(1, 5)]
    data = {**new, "cells": cells, "ratings": old.ratings, "appetite": "high"}
    row = add_criteria(actor=pilot.viewer("manager"), data=data, at=NOW)
    adopt_criteria(
        actor=pilot.viewer("manager"),
        number=row.number,
        mapping={"likelihood": {5: 4}, "impact": {5: 4}},
        at=NOW - dt.timedelta(days=2),
    )
    html = page(pilot, address, tail="?compare=2026-11-01").content.decode()
    assert "Scale changed on" in html
    assert html.count("moved by the new scale; nobody judged it anew") == 2
    # Where it stood is said by the old scale, and two scales have no difference of scores.
    assert "Possible × Major" in html
    assert "c × h" in html
    assert 'class="delta' not in html
    client = pilot.client("owner")
    body = client.get("/api/v1/registers/pilot/heatmap/?compare=2026-11-01").json()
    assert body["scale_changed_on"] == ["2026-11-22"]
    assert {(m["ref"], m["by_scale"]) for m in body["moves"]} == {("R-001", True), ("N-001", True)}
    risk = client.get(address(f"risks/{pilot.risks['bridge'].ref}/")).content.decode()
    assert "Scale changed on" in risk
    before = client.get("/api/v1/registers/pilot/heatmap/?compare=2026-11-23").json()
    assert (before["scale_changed_on"], before["moves"]) == ([], [])


def test_one_press_compares_with_the_last_meeting_or_some_months_ago(world):
    row = builders.risk(world, rated=(2, 2), at=world.at - 200 * DAY)
    builders.assess(world, row, (5, 5), at=world.at - 20 * DAY)
    client = builders.web(world.leader)
    here = f"/r/{builders.SLUG}/heatmap/"
    assert [p["label"] for p in client.get(here).context["presets"]] == [
        "Three months", "Six months", "A year",
    ]  # fmt: skip
    at = world.at - 30 * DAY
    leader = world.viewer("leader")
    meeting = start_meeting(actor=leader, title="Monthly", recipe={"state": ["open"]}, at=at)
    end_meeting(actor=leader, meeting=meeting.uuid, version=None, at=at)
    first = client.get(here).context["presets"][0]
    assert first["label"] == "Last meeting"
    opened = client.get(here + first["url"]).context
    assert opened["presets"][0]["current"]
    assert [move["ref"] for move in opened["moved"]["moves"]] == [row.ref]
    # Of a day before it, the meeting is not offered; nothing is before the calendar's first day.
    past = client.get(f"{here}?as_of={world.today - 40 * DAY}").context["presets"]
    assert past[0]["label"] == "Three months"
    assert client.get(f"{here}?as_of=0001-01-02").status_code in (200, 400)


def test_filters_stand_on_the_printed_sheet_and_objectives_are_one(pilot, address):
    html = page(pilot, address, tail="?owner=me").content.decode()
    assert 'class="print-only">Filters' in " ".join(html.split())
    assert {f["name"] for f in page(pilot, address).context["fields"]} >= {"objective", "owner"}
    assert 'class="print-only">Filters' not in page(pilot, address).content.decode()


def test_a_list_beside_is_closed_by_escape(pilot, address):
    marked = re.compile(r'<a class="button quiet icon-only" href="[^"]*" data-escape>')
    assert marked.search(page(pilot, address, tail="?cell=3,4").content.decode())
    assert not marked.search(page(pilot, address).content.decode())
