"""The heatmap as a picture, how risks go over it, and the days on which something moved."""

import datetime as dt
import json
import re
import struct
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml import ElementTree

from riskreg.exchange.writing.heatmap_svg import text_width, wrap_text
from riskreg.kernel import clock
from riskreg.risks import filters
from riskreg.risks.queries.heatmap import heatmap
from riskreg.risks.queries.heatmap_days import newest_days_of_movement
from riskreg.risks.queries.heatmap_flows import flows_on
from tests import builders
from tests.access import canaries
from tests.access.canaries import CANARY
from tests.builders import World

DAY = dt.timedelta(days=1)
SVG = "{http://www.w3.org/2000/svg}"
MOVES = [
    # inherent, residual, target
    ((5, 5), (4, 5), (2, 3)),
    ((5, 5), (4, 5), (2, 3)),
    ((5, 5), (3, 3), (3, 3)),
    ((4, 4), (4, 4), None),
    (None, (1, 1), (1, 1)),
]


def moving(world: World) -> World:
    for inherent, residual, target in MOVES:
        builders.risk(world, inherent=inherent, rated=residual, target=target)
    return world


def get(world: World, path: str, who: str = "leader", language: str = "en") -> Any:
    person = getattr(world, who)
    person.language = language
    person.save()
    return builders.web(person).get(f"/r/{world.register.slug}/{path}")


def picture(answer: Any) -> tuple[Element, list[str]]:
    """The SVG of an answer, and its texts."""
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/svg+xml"
    root = ElementTree.fromstring(b"".join(answer.streaming_content))
    return root, [text.text or "" for text in root.iter(f"{SVG}text")]


def test_ways_add_up_to_the_map(world: World) -> None:
    viewer = moving(world).viewer("leader")
    shown = heatmap(viewer, stage="residual", at=world.at)
    flows = flows_on(viewer, shown, filters.RiskFilter(), world.at)
    assert [(f.leg, f.start, f.end, f.count) for f in flows.flows] == [
        ("controls", (5, 5), (4, 5), 2),
        ("controls", (5, 5), (3, 3), 1),
        ("planned", (4, 5), (2, 3), 2),
    ]
    assert [len(f.refs) for f in flows.flows] == [2, 1, 2]
    assert flows.flows[0].refs == flows.flows[2].refs
    assert flows.stayed == {"controls": 1, "planned": 2}
    assert flows.unrated == {"controls": 1, "planned": 1}
    for leg in ("controls", "planned"):
        ways = sum(f.count for f in flows.of_leg(leg))
        assert ways + flows.stayed[leg] + flows.unrated[leg] == shown.total == len(MOVES)


def test_a_way_names_the_first_of_many(world: World) -> None:
    viewer = moving(world).viewer("leader")
    shown = heatmap(viewer, stage="residual", at=world.at)
    flows = flows_on(viewer, shown, filters.RiskFilter(), world.at, named=1)
    assert [len(f.refs) for f in flows.flows] == [1, 1, 1]
    assert flows.flows[0].count == 2


def test_the_page_draws_the_ways_and_lists_them(world: World) -> None:
    answer = get(moving(world), "heatmap/?stage=movement")
    legs = answer.context["movement"]["legs"]
    assert [[(w["count"], w["start"], w["end"]) for w in leg["ways"]] for leg in legs] == [
        [(2, "Almost certain × Severe", "Likely × Severe"),
         (1, "Almost certain × Severe", "Possible × Serious")],
        [(2, "Likely × Severe", "Unlikely × Serious")],
    ]  # fmt: skip
    html = answer.content.decode()
    assert html.count("<svg xmlns") == 1
    assert 'name="stage" value="movement"' in html
    current = [s["label"] for s in answer.context["stages"] if s["current"]]
    assert current == ["Movement"]
    # One day alone: another to compare with belongs to the other stages.
    compared = get(world, "heatmap/?stage=movement&compare=2026-01-01").context
    assert compared["shown"].comparison is None
    assert all("movement" not in preset["url"] for preset in compared["presets"])


def test_the_file_of_the_movement_holds_every_way(world: World) -> None:
    slug = moving(world).register.slug
    path = "exports/heatmap/?stage=movement&format=json"
    answer = builders.api(world.leader).get(f"/api/v1/registers/{slug}/{path}")
    body = json.loads(b"".join(answer.streaming_content))
    assert [(f["leg"], f["count"]) for f in body["flows"]] == [
        ("controls", 2), ("controls", 1), ("planned", 2),
    ]  # fmt: skip
    web = get(world, "heatmap/export/?stage=movement&format=json")
    assert json.loads(b"".join(web.streaming_content))["flows"] == body["flows"]


@pytest.mark.parametrize("cells", ["counts", "refs", "titles"])
def test_a_picture_holds_what_the_page_shows(world: World, cells: str) -> None:
    rows = [builders.risk(world, title=f"Title {n}", rated=(4, 5)) for n in range(9)]
    builders.risk(world, rated=None)
    query = f"?cells={cells}&owner=me"
    page = get(world, f"heatmap/{query}", "owner")
    cell = page.context["grid"]["rows"][1][4]
    assert cell["count"] == 9
    _root, texts = picture(get(world, f"heatmap/export/{query}&format=svg", "owner"))
    said = "\n".join(texts)
    assert "9" in texts
    named = [ref for ref, _title in cell["named"]]
    assert named == [row.ref for row in rows][: {"counts": 0, "refs": 6, "titles": 2}[cells]]
    assert all((row.ref in said) is (row.ref in named) for row in rows)
    assert ("Title 0" in said) is (cells == "titles")
    assert (f"and {9 - len(named)} more" in said) is (cells != "counts")
    assert cell["more"] == (9 - len(named) if named else 0)
    html = page.content.decode()
    assert ('class="mx-named"' in html) is (cells != "counts")
    # The sheet says of what register, by whom, narrowed by what, and what the line means.
    name = (
        builders.web(world.owner).get(f"/r/{world.register.slug}/heatmap/").context["register"].name
    )
    for words in (name, "Open: 10 · above appetite: 9 · unrated: 1", "Filters: Owner", "Made on",
                  world.owner.name, "Appetite:"):  # fmt: skip
        assert words in said, words


def test_a_picture_is_of_the_day_the_kind_and_the_language_that_are_shown(world: World) -> None:
    row = builders.risk(world, rated=(2, 2), at=world.at - 90 * DAY)
    builders.assess(world, row, (5, 5), at=world.at - 10 * DAY)
    builders.risk(world, kind="opportunity", response="enhance", rated=(3, 3))
    since = world.today - 60 * DAY
    _root, texts = picture(get(world, f"heatmap/export/?format=svg&compare={since}"))
    assert "+1" in texts
    assert "−1" in texts
    assert "Threats · Residual (as it stands)" in texts
    past = picture(get(world, f"heatmap/export/?format=svg&as_of={since}"))[1]
    assert past.count("1") == 1
    assert "+1" not in past
    gains = picture(get(world, "heatmap/export/?format=svg&kind=opportunity&stage=inherent"))[1]
    assert "Opportunities · Inherent (without any controls)" in gains
    assert not any("Appetite" in text or "above appetite" in text for text in gains)
    root, chinese = picture(get(world, "heatmap/export/?format=svg", language="zh-hans"))
    assert root.attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "zh-hans"
    assert any("威胁" in text for text in chinese)


def test_page_and_api_draw_the_same(world: World) -> None:
    moving(world)
    for tail in ("stage=movement", "cells=titles", "stage=target"):
        page = picture(get(world, f"heatmap/export/?format=svg&{tail}"))[1]
        address = f"/api/v1/registers/{world.register.slug}/exports/heatmap/?format=svg&{tail}"
        rest = picture(builders.api(world.leader).get(address))[1]
        assert rest == page


def test_a_png_is_drawn_from_the_same(world: World) -> None:
    answer = get(moving(world), "heatmap/export/?format=png&stage=movement")
    assert answer["Content-Type"] == "image/png"
    data = b"".join(answer.streaming_content)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    root, _texts = picture(get(world, "heatmap/export/?format=svg&stage=movement"))
    assert (width, height) == (2 * int(root.attrib["width"]), 2 * int(root.attrib["height"]))
    asked = f"/api/v1/registers/{world.register.slug}/exports/heatmap/?format=png"
    accepted = builders.api(world.leader).get(asked, headers={"accept": "image/png"})
    assert accepted["Content-Type"] == "image/png"


def test_a_picture_runs_nothing_and_fetches_nothing(world: World) -> None:
    hostile = '<script>alert(1)</script>" onload="x'
    builders.risk(world, title=hostile, rated=(4, 5))
    for tail in ("cells=titles", "cells=titles&stage=movement", "cells=titles&term="):
        answer = get(world, f"heatmap/export/?format=svg&{tail}")
        assert "attachment" in answer["Content-Disposition"]
        root = ElementTree.fromstring(b"".join(answer.streaming_content))
        assert {e.tag.removeprefix(SVG) for e in root.iter()} <= {
            "svg", "title", "defs", "pattern", "path", "rect", "text",
        }  # fmt: skip
        assert not [n for e in root.iter() for n in e.attrib if n.startswith("on") or "href" in n]


@pytest.mark.parametrize(
    ("tail", "words"),
    [("cells=colours", "counts, refs, titles"), ("format=jpg", "svg"),
     ("stage=final", "inherent"), ("as_of=soon", "must be a date")],
)  # fmt: skip
def test_what_there_is_not_is_refused_in_words(world: World, tail: str, words: str) -> None:
    usual = "" if tail.startswith("format") else "format=svg&"
    answer = get(world, f"heatmap/export/?{usual}{tail}")
    assert answer.status_code == 400
    assert words in answer.content.decode()
    address = f"/api/v1/registers/{world.register.slug}/exports/heatmap/?{usual}{tail}"
    rest = builders.api(world.leader).get(address)
    assert rest.status_code == 400
    assert rest.json()["type"]
    if tail.startswith("cells"):
        page = get(world, f"heatmap/?{tail}")
        assert page.status_code == 400
        assert words in page.content.decode()


def test_the_other_partys_own_is_in_no_picture(db: None, at: dt.datetime) -> None:
    world = canaries.build(at)
    for tail in ("cells=titles", "stage=movement", "cells=refs&stage=inherent"):
        texts = picture(get(world, f"heatmap/export/?format=svg&{tail}", "leader"))[1]
        theirs = picture(get(world, f"heatmap/export/?format=svg&{tail}", "partner_leader"))[1]
        assert texts != theirs
        assert CANARY not in "".join(theirs)
        assert (CANARY in "".join(texts)) is ("titles" in tail)


def test_days_are_those_on_which_something_moved(world: World) -> None:
    row = builders.risk(world, rated=(2, 2), at=world.at - 90 * DAY)
    builders.assess(world, row, (5, 5), at=world.at - 40 * DAY)
    # The same place anew, and another stage: nothing moved on this map.
    builders.assess(world, row, (5, 5), at=world.at - 30 * DAY)
    builders.assess(world, row, (1, 1), stage="target", at=world.at - 20 * DAY)
    viewer = world.viewer("leader")

    def day(before: int) -> dt.date:
        return clock.local_date(world.at - before * DAY, world.register.time_zone)

    assert newest_days_of_movement(viewer, stage="residual", kind="threat") == [day(90), day(40)]
    assert newest_days_of_movement(viewer, stage="target", kind="threat") == [day(90), day(20)]
    assert newest_days_of_movement(viewer, stage="residual", kind="opportunity") == []
    shown = get(world, "heatmap/").context["days"]
    assert shown["every"] == " ".join(d.isoformat() for d in (day(90), day(40), world.today))
    assert (shown["here"], shown["after"]) == (2, None)
    back = get(world, "heatmap/" + shown["before"]["url"]).context
    assert back["shown"].as_of == day(40)
    assert back["days"]["before"]["day"] == day(90)
    assert back["days"]["after"]["url"] == "?"
    between = get(world, f"heatmap/?as_of={day(50)}").context["days"]
    assert (between["before"]["day"], between["after"]["day"]) == (day(90), day(40))


def test_the_other_partys_own_moves_make_no_day(world: World) -> None:
    own = builders.risk(world, visibility="party", rated=(2, 2), at=world.at - 90 * DAY)
    builders.assess(world, own, (5, 5), at=world.at - 40 * DAY)
    theirs = newest_days_of_movement(
        world.viewer("partner_leader"), stage="residual", kind="threat"
    )
    assert theirs == []
    assert (
        len(newest_days_of_movement(world.viewer("leader"), stage="residual", kind="threat")) == 2
    )


def test_words_are_broken_where_they_fit() -> None:
    assert wrap_text("one two three", 10, 50, 3) == ["one two", "three"]
    assert wrap_text("one two three four", 10, 50, 1) == ["one tw…"]
    chinese = wrap_text("海外政策壁垒与关税风险", 10, 55, 2)
    assert [len(line) for line in chinese] == [5, 5]
    assert chinese[1].endswith("…")
    assert text_width("海ab", 10) == pytest.approx(22)
    assert not re.search(r"\s$", wrap_text("a" * 200, 10, 50, 2)[0])
