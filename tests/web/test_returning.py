"""The list that one came from is not forgotten: filtered, sorted and at its page."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client
from django.utils.html import format_html
from django.utils.safestring import SafeString

from riskreg.risks.models import Risk
from riskreg.web.returning import BACK, with_way_back_in_links
from tests import builders
from tests.builders import World
from tests.indicators import making
from tests.web.page_forms import PageForm, forms_of

R = "/r/foton-catl/"
LIST = f"{R}risks/?state=open&rating=critical&ordering=-title&page=2"


def follow(client: Client, address: str, came_from: str, **data: Any) -> Any:
    """The page at ``address`` by a link of the page ``came_from``, as a browser asks for it."""
    return client.get(address, data, headers={"Referer": f"http://testserver{came_from}"})


def way_back(page: Any) -> tuple[str, str]:
    """Where the way back at the head of a page leads to, and what it says."""
    found = re.search(
        r'<a class="back" href="([^"]*)">.*?</svg>\s*(.*?)</a>', page.content.decode(), re.S
    )
    assert found, "the page has no way back"
    return found[1].replace("&amp;", "&"), found[2].strip()


def acts(page: Any) -> list[str]:
    """Where the acts at the head of a page lead to."""
    head = page.content.decode().split('<header class="page-header">')[1].split("</header>")[0]
    return [a.replace("&amp;", "&") for a in re.findall(r'href="([^"]*)"', head)][1:]


def form_to(page: Any, address: str) -> PageForm:
    path = address.partition("?")[0]
    return next(f for f in forms_of(page, address) if urlsplit(f.action).path == path)


def send(client: Client, page: Any, address: str, **typed: Any) -> str:
    """Send the form of a page as a browser does; where it leads to."""
    form = form_to(page, address)
    answer = client.post(
        form.action, {**form.data(), **typed}, headers={"Referer": f"http://testserver{address}"}
    )
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def test_every_act_on_a_risk_leads_back_to_the_list_as_it_was(world: World) -> None:
    row = builders.risk(world)
    client, address = builders.web(world.owner), f"{R}risks/{row.ref}/"
    page = follow(client, address, LIST)
    assert way_back(page) == (LIST, "Risks")
    links = acts(page)
    names = {urlsplit(link).path.removeprefix(address) for link in links}
    assert names >= {"review/", "edit/", "assess/", "transfer/", "close/"}
    typed = {
        "review/": {"verdict": "unchanged", "comment": "As it was"},
        "edit/": {"title": "Other words"},
        "assess/": {"rationale": "Because", "cell": "3,3"},
        "transfer/": {"owner": str(world.manager.uuid)},
    }
    for name, values in typed.items():
        link = next(a for a in links if urlsplit(a).path == address + name)
        form = follow(client, link, address)
        crumb, _label = way_back(form)
        assert crumb == f"{address}?{urlencode({'back': LIST})}"
        led = send(client, form, link, **values)
        assert led == f"{address}?{urlencode({'back': LIST})}"
        assert way_back(client.get(led)) == (LIST, "Risks")


@pytest.mark.parametrize(
    ("new", "listed", "typed"),
    [
        ("risks/new/", "risks/?state=open&rating=high", {"title": "Made there"}),
        (
            "mitigations/new/",
            "mitigations/?show=late&page=2",
            {"title": "M", "due_on": "2026-12-31"},
        ),
    ],
)
def test_what_was_made_from_a_list_leads_back_to_it(
    world: World, new: str, listed: str, typed: dict[str, str]
) -> None:
    risk = builders.risk(world)
    client, address, came_from = builders.web(world.owner), R + new, R + listed
    page = follow(client, address, came_from)
    assert way_back(page)[0] == came_from
    more = {"risks": [risk.ref]} if "mitigations" in new else {}
    refused = client.post(address, {**form_to(page, address).data(), "title": ""})
    assert refused.status_code == 400
    assert way_back(refused)[0] == came_from
    led = send(client, refused, address, **typed, **more)
    assert way_back(client.get(led))[0] == came_from
    # The same words again from elsewhere: the first result, and back to where one is from now.
    elsewhere = f"{came_from}&ordering=title"
    page = follow(client, address, elsewhere)
    again = send(client, page, address, **typed, **more)
    assert urlsplit(again).path == urlsplit(led).path
    assert way_back(client.get(again))[0] == elsewhere


def test_other_lists_are_gone_back_to_under_their_own_names(world: World) -> None:
    row, client = builders.risk(world), builders.web(world.owner)
    making.indicator(world, row)
    for came_from, label in (
        (f"{R}heatmap/?stage=target&cell=4,5", "Heatmap"),
        (f"{R}work/", "My work"),
        ("/search/?q=over&register=foton-catl", "Search"),
    ):
        assert way_back(follow(client, f"{R}risks/{row.ref}/", came_from)) == (came_from, label)
    came_from = f"{R}indicators/?show=red"
    page = follow(client, f"{R}indicators/K-001/", came_from)
    assert way_back(page) == (came_from, "Indicators")


def test_who_came_from_nowhere_goes_to_the_plain_list(world: World) -> None:
    row, client = builders.risk(world), builders.web(world.owner)
    page = client.get(f"{R}risks/{row.ref}/")
    assert way_back(page) == (f"{R}risks/", "Risks")
    assert "back=" not in page.content.decode()
    page = follow(client, f"{R}risks/{row.ref}/", f"{R}risks/")
    assert "back=" not in page.content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/r/foton-catl/risks/", "//elsewhere.example/r/foton-catl/risks/",
        "/\\elsewhere.example", "javascript:alert(1)", "/accounts/logout/", "/r/other/risks/?q=1",
        "/r/foton-catl/risks/R-001/", "/nothing/", f"{R}risks/?q=" + "x" * 2000, "http:///r/x",
        "/r/foton-catl/risks/\n?x=1", "",
    ],
)  # fmt: skip
def test_the_way_back_never_leads_away(world: World, address: str) -> None:
    row, client = builders.risk(world), builders.web(world.owner)
    here = f"{R}risks/{row.ref}/edit/"
    page = client.get(here, {"back": address})
    assert way_back(page)[0] == f"{R}risks/{row.ref}/"
    assert send(client, page, here, title="Other") == f"{R}risks/{row.ref}/"
    crafted = client.get(f"{R}risks/{row.ref}/", headers={"Referer": address.replace("\n", "")})
    assert way_back(crafted)[0] == f"{R}risks/"


def test_ticked_risks_are_handed_over_and_one_is_back_at_the_list(world: World) -> None:
    rows = [builders.risk(world, title=f"Risk {n}") for n in range(3)]
    client, address = builders.web(world.manager), f"{R}handover/risks/?risk=R-001&risk=R-002"
    page = follow(client, address, LIST)
    assert way_back(page) == (LIST, "Risks")
    assert send(client, page, address, owner=str(world.deputy.uuid)) == LIST
    owners = list(Risk.objects.order_by("ref").values_list("owner__email", flat=True))
    assert owners == [world.deputy.email, world.deputy.email, rows[2].owner.email]


def test_all_that_match_can_be_chosen_and_not_only_the_page(world: World) -> None:
    for n in range(55):
        builders.risk(world, title=f"Overseas {n}", rated=(5, 5) if n % 2 else (4, 5))
    builders.risk(world, title="Low and not meant", rated=(1, 1))
    client = builders.web(world.manager)
    listed = f"{R}risks/?rating=critical"
    text = client.get(listed).content.decode()
    assert "All 55 that match" in text
    chosen = re.search(r'name="all" value="([^"]*)"', text)
    assert chosen
    page = follow(client, f"{R}handover/risks/", listed, all=chosen[1].replace("&amp;", "&"))
    assert "55 risks match." in page.content.decode()
    address = f"{R}handover/risks/"
    assert len(form_to(page, address).data()["risk"]) == 55
    assert send(client, page, address, owner=str(world.deputy.uuid)) == listed
    assert Risk.objects.filter(owner=world.deputy).count() == 55
    assert Risk.objects.get(title="Low and not meant").owner == world.owner


def test_more_than_fit_at_once_come_part_by_part_in_the_order_of_the_list(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("riskreg.web.people.handover.MAX_AT_ONCE", 2)
    for n in range(5):
        builders.risk(world, title=f"Risk {n}")
    theirs = builders.risk(world, by=world.partner_owner, title="Risk of the other")
    client, address = builders.web(world.manager), f"{R}handover/risks/"
    seen: list[str] = []
    for part in (1, 2, 3):
        page = client.get(address, {"all": "?ordering=title", "part": part})
        text = " ".join(page.content.decode().split())
        assert f"6 risks match. Up to 2 are handed over at once; here are {2 * part - 1}" in text
        assert ("The next ones" in text) == (part < 3)
        seen += re.findall(r'name="risk" value="(R-\d+)@', text)
    assert seen == [f"R-00{n}" for n in range(1, 7)]
    assert "1 is not ticked, because you cannot hand it over." in text
    assert not any(v.startswith(theirs.ref) for v in form_to(page, address).data()["risk"])
    assert client.get(address, {"all": "?rating=nonsense"}).status_code == 400
    for part in ("0", "-1", "x", "9" * 5000):
        assert client.get(address, {"all": "?", "part": part}).status_code == 200


def test_links_that_carry_the_way_back_are_escaped_once_whatever_they_hold() -> None:
    """Of a link that was escaped for the page, and of a way back that was not."""
    asked = '/r/a/risks/R-001/?q="it\'s" <b>&ordering=ref'
    before = format_html('<a href="{}" title="{}">', asked, '/r/"')
    after = with_way_back_in_links(before, '/r/a/risks/?q="><script>')
    assert isinstance(after, SafeString)
    back = "%2Fr%2Fa%2Frisks%2F%3Fq%3D%22%3E%3Cscript%3E"
    assert unescape(after.split('"')[1]) == f"{asked}&{BACK}={back}"
    assert "<script" not in after
    assert after.count("<") == before.count("<") == 1
    assert with_way_back_in_links(before, "") == before
