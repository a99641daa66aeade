"""Lists of every noun: the page and the API read one filter, and what is shown is all there is."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from riskreg.risks import services
from tests import builders
from tests.builders import SLUG, World
from tests.dump import nothing_changes
from tests.indicators import making

pytestmark = pytest.mark.django_db
NOUNS = ("mitigations", "controls", "indicators", "objectives")
# What a page leaves out until it is named; the API leaves nothing out.
UNASKED = {
    "mitigations": "status=planned&status=in_progress", "controls": "active=true",
    "indicators": "active=true", "objectives": "",
}  # fmt: skip


@pytest.fixture
def rows(world: World) -> World:
    """For each noun a few rows, of both parties, one of them no longer in force."""
    builders.taxonomy(world)
    eu = builders.risk(world, title="Tariffs", terms=["market:eu"])
    other = builders.risk(world, title="Lithium", by=world.manager)
    own = builders.risk(world, title="Own", by=world.partner_owner, visibility="party")
    builders.mitigation(world, eu, title="Assemble locally", cost="5")
    builders.mitigation(world, other, title="Buy ahead", by=world.manager)
    done = builders.mitigation(world, eu, title="Done by now")
    services.edit_mitigation(
        actor=world.viewer("owner"), ref=done.ref, version=None, fields={"status": "done"},
        at=world.at,
    )  # fmt: skip
    builders.mitigation(world, own, title="CANARY work", by=world.partner_owner)
    for number, name in enumerate(("Two suppliers", "Spare stock", "Long gone", "Tested")):
        row = services.add_control(
            actor=world.viewer("owner"), ref=eu.ref, name=name, kind="preventive", at=world.at,
            test_every_days=30 * number or None, owner=world.owner if number else None,
        )  # fmt: skip
        if name == "Long gone":
            services.end_control(
                actor=world.viewer("owner"), control=row.uuid, reason="Run out", at=world.at
            )
    making.indicator(world, eu, names={"en": "Steel price"})
    making.indicator(world, other, names={"en": "Lithium price"}, by=world.manager)
    making.indicator(
        world, own, names={"en": "CANARY price"}, by=world.partner_owner, visibility="party"
    )
    builders.objective(world)
    builders.objective(world, key="charging", names={"en": "Charging points"})
    builders.objective(
        world, key="hidden", names={"en": "CANARY target"}, by=world.partner_manager,
        party=world.catl, visibility="party",
    )  # fmt: skip
    return world


def keys(page: Any) -> list[str]:
    """Which things a page lists, by what the API calls them as well."""
    return [str(row.uuid) for row in page.context["page"].object_list]


def through_api(client: Client, noun: str, query: str) -> list[str]:
    answer = client.get(f"/api/v1/registers/{SLUG}/{noun}/?limit=500&{query}".rstrip("&"))
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def on_page(client: Client, noun: str, query: str, status: int = 200) -> Any:
    page = client.get(f"/r/{SLUG}/{noun}/?{query}".rstrip("?"))
    assert page.status_code == status, page.content[:500]
    return page


QUERIES = [
    ("mitigations", "q=locally", 1),
    ("mitigations", "q=m2", 1),
    ("mitigations", "status=done", 1),
    ("mitigations", "status=all", 3),
    ("mitigations", "owner=me", 1),
    ("mitigations", "term=market:eu&status=all", 2),
    ("mitigations", "risk=R-002", 1),
    ("mitigations", "due_before=2026-10-01", 0),
    ("mitigations", "due_before=2029-10-01&ordering=-ref", 2),
    ("mitigations", "updated_since=2026-01-01T00:00:00Z&ordering=title", 2),
    ("mitigations", "ordering=-cost", 2),
    ("controls", "q=suppliers", 1),
    ("controls", "kind=preventive&ordering=owner", 3),
    ("controls", "active=false", 1),
    ("controls", "active=all&ordering=-next_test_on", 4),
    ("controls", "untested=true", 3),
    ("controls", "test_due=true", 0),
    ("controls", "test_due_before=2027-12-31", 2),
    ("controls", "term=market:eu", 3),
    ("controls", "owner=me", 2),
    ("indicators", "q=steel", 1),
    ("indicators", "owner=me", 1),
    ("indicators", "term=market:eu", 1),
    ("indicators", "risk=R-002", 1),
    ("indicators", "due_before=2029-01-01&ordering=-names", 2),
    ("indicators", "active=false", 0),
    ("indicators", "active=all&updated_since=2026-01-01T00:00:00Z&ordering=ref", 2),
    ("objectives", "q=overseas", 1),
    ("objectives", "due_before=2026-01-01", 0),
    ("objectives", "ordering=-names", None),
]


@pytest.mark.parametrize(("noun", "query", "many"), QUERIES)
def test_the_page_lists_what_the_api_lists(
    rows: World, noun: str, query: str, many: int | None
) -> None:
    client, asked = builders.web(rows.owner), query
    listed = keys(on_page(client, noun, query))
    query = query.replace("status=all", "").replace("active=all", "").strip("&")
    left_out = UNASKED[noun] if "=all" not in asked else ""
    if left_out and left_out.partition("=")[0] + "=" not in query:
        query = f"{query}&{left_out}"
    through = through_api(client, noun, query)
    assert sorted(listed) == sorted(through)
    if "ordering=" in query:
        assert listed == through
    assert many is None or len(listed) == many


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize(
    "query", ["colour=red", "due_before=soon&test_due_before=soon", "ordering=secret", "party=x"]
)
def test_what_is_asked_wrongly_is_said_and_lists_nothing(
    rows: World, noun: str, query: str
) -> None:
    with nothing_changes():
        page = on_page(builders.web(rows.owner), noun, query, 400)
    assert keys(page) == []
    assert "This list cannot be shown as asked" in page.content.decode()


@pytest.mark.parametrize("noun", NOUNS)
def test_pages_hold_every_row_once_and_say_the_true_total(
    rows: World, noun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("riskreg.web.list_page.PER_PAGE", 1)
    client = builders.web(rows.owner)
    whole = through_api(client, noun, UNASKED[noun])
    seen: list[str] = []
    tail = "ordering=-owner" if noun != "objectives" else "ordering=names"
    while True:
        page = on_page(client, noun, tail)
        seen += keys(page)
        assert f"of {len(whole)}</span>" in page.content.decode()
        if not page.context["next"]:
            break
        tail = page.context["next"].lstrip("?")
    assert sorted(seen) == sorted(whole)
    assert len(on_page(client, noun, "page=99").context["page"].object_list) == 1


@pytest.mark.parametrize("noun", NOUNS)
def test_each_tab_says_how_many_it_opens(rows: World, noun: str) -> None:
    client = builders.web(rows.owner)
    tabs = on_page(client, noun, "").context["tabs"]
    assert [tab["current"] for tab in tabs] == [n == 0 for n in range(len(tabs))]
    for tab in tabs:
        opened = client.get(tab["url"])
        assert opened.context["page"].paginator.count == tab["count"], tab
        assert [t["label"] for t in opened.context["tabs"] if t["current"]] == [tab["label"]]


@pytest.mark.parametrize(
    ("former", "now"),
    [
        ("mitigations/?show=mine", "mitigations/?owner=me"),
        ("mitigations/?show=all&page=2", "mitigations/?status=all"),
        ("mitigations/?show=nonsense", "mitigations/"),
        ("indicators/?show=retired", "indicators/?active=false"),
        ("controls/?which=ended", "controls/?active=false"),
    ],
)
def test_an_address_that_somebody_kept_still_leads_there(
    rows: World, former: str, now: str
) -> None:
    answer = builders.web(rows.owner).get(f"/r/{SLUG}/{former}")
    assert (answer.status_code, answer["Location"]) == (302, f"/r/{SLUG}/{now}")


def links(page: Any) -> Iterator[str]:
    yield from (
        a.replace("&amp;", "&") for a in re.findall(r'href="([^"]*)"', page.content.decode())
    )


def test_heads_sort_both_ways_and_filters_can_be_taken_away(rows: World) -> None:
    client = builders.web(rows.owner)
    page = on_page(client, "mitigations", "q=a&status=all&ordering=cost&page=9")
    assert "?q=a&status=all&ordering=-cost" in links(page)
    chips = on_page(client, "mitigations", "q=a&status=all&ordering=cost").context["active"]
    assert [(c["text"], c["url"]) for c in chips] == [
        ("Status: All", "?q=a&ordering=cost"), ("Words: a", "?status=all&ordering=cost"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("noun", "query"),
    [("mitigations", "owner=me"), ("controls", "active=all"), ("indicators", "q=steel"),
     ("objectives", "q=overseas")],
)  # fmt: skip
def test_one_comes_back_to_just_that_list(rows: World, noun: str, query: str) -> None:
    client = builders.web(rows.owner)
    came_from = f"/r/{SLUG}/{noun}/?{query}"
    listed = client.get(came_from)
    found = next(a for a in links(listed) if re.fullmatch(rf"/r/{SLUG}/{noun}/[^?/]+/", a)
                 and not a.endswith("/new/"))  # fmt: skip
    page = client.get(found, headers={"referer": f"http://testserver{came_from}"})
    assert came_from in list(links(page))


@pytest.mark.parametrize("noun", NOUNS)
def test_no_filter_finds_what_is_another_partys_own(rows: World, noun: str) -> None:
    client = builders.web(rows.owner)
    for query in ("", "q=CANARY", "party=catl", "ordering=-owner"):
        answer = client.get(f"/r/{SLUG}/{noun}/?{query}")
        assert "CANARY" not in answer.content.decode().replace("q=CANARY", "").replace(
            'value="CANARY"', "").replace("Words: CANARY", "")  # fmt: skip


@pytest.mark.parametrize(
    ("path", "language", "texts"),
    [
        ("risks/?state=nonsense", "en", ("State", "Choose one of these: Draft, Open, Closed")),
        ("risks/?state=nonsense", "zh-hans", ("状态：", "请从以下选择：草稿、在管、已关闭")),
        ("risks/?rating=huge", "en", ("Rating", "Critical, High, Moderate, Low")),
        ("risks/?stage=final", "en", ("Stage", "Inherent, Residual, Target")),
        ("risks/?party=nobody", "en", ("Foton", "CATL")),
        ("risks/?colour=red", "en", ("colour", "those there are stand below")),
        ("mitigations/?status=gone", "zh-hans", ("状态：", "已计划", "进行中")),
        ("heatmap/?state=nonsense", "zh-hans", ("状态：", "草稿、在管")),
        ("meetings/new/?kind=gain", "en", ("Kind", "Threat, Opportunity")),
        ("coverage/?by=colour", "en", ("Choose one of these: ",)),
    ],
)
def test_a_wrong_filter_is_said_in_the_words_of_the_page(
    world: World, path: str, language: str, texts: tuple[str, ...]
) -> None:
    world.manager.language = language
    world.manager.save(update_fields=["language"])
    answer = builders.web(world.manager).get(f"/r/{world.register.slug}/{path}")
    assert answer.status_code == 400
    (problem,) = answer.context["problems"]
    told = answer.content.decode()
    for text in texts:
        assert text in told, (text, problem)
    asked = path.partition("?")[2].partition("=")[0]
    # Neither the name of the filter nor what programs send stands in it.
    assert asked == "colour" or asked not in problem["field"]
    for word in ("draft", "in_progress", "residual", "threat"):
        assert word not in problem["detail"]
