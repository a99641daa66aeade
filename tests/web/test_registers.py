"""Many registers: a switch that is bounded and searches, and one's work over all of them."""

import datetime as dt
import re

import pytest
from django.test import Client

from riskreg.register.access import Viewer
from riskreg.register.models import Register
from riskreg.register.services import start_absence
from riskreg.register.services.founding import found_register
from riskreg.risks.services import create_risk, open_risk
from tests import builders
from tests.builders import World
from tests.querycounts import QueryCounts

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def another(world: World, slug: str, names: dict[str, str] | None = None) -> Viewer:
    """A register that the owner has made, as its manager."""
    return found_register(
        by=world.owner, slug=slug, names=names or {"en": f"Register {slug}"}, currency="EUR",
        time_zone="UTC", parties=[{"key": "a", "names": {"en": "A"}}], acts_for="a",
        by_operator=True, at=world.at,
    )  # fmt: skip


def risk_in(viewer: Viewer, title: str, at: dt.datetime) -> None:
    row = create_risk(
        actor=viewer, fields={"title": title, "event": "It may", "owner": viewer.user.email}, at=at
    )
    open_risk(actor=viewer, ref=row.ref, version=None, at=at)


def switch(html: str) -> list[str]:
    """The names that the register switch offers."""
    panel = html.split('class="menu-panel start"')[1].split("</nav>")[0].split("</ul>")[0]
    return [" ".join(name.split()) for name in re.findall(r">([^<>]+)</a>", panel)]


def test_the_switch_shows_eight_and_searches_the_rest(world: World) -> None:
    client, page = builders.web(world.owner), f"/r/{world.register.slug}/work/"
    assert 'name="q" maxlength="100"' not in client.get(page).content.decode()
    for n in range(12):
        another(world, f"a-{n:02d}")
    html = client.get(page).content.decode()
    assert switch(html) == [f"Register a-{n:02d}" for n in range(8)]
    assert 'action="/registers/"' in html
    # The ninth and later ones are opened as well, though the switch does not show them.
    for slug in ("a-11", world.register.slug):
        assert client.get(f"/r/{slug}/work/").status_code == 200, slug
        posted = client.post(f"/r/{slug}/settings/axes/", {"version": "9", "across": "impact"})
        assert posted.status_code == (409 if slug == "a-11" else 403)
    assert client.get("/r/nowhere/work/").status_code == 404


def test_the_list_pages_and_searches_in_either_language(world: World) -> None:
    client = builders.web(world.owner)
    for n in range(25):
        another(world, f"a-{n:02d}")
    another(world, "odd", {"en": "Battery plant", "zh-hans": "电池工厂"})
    first = client.get("/registers/").content.decode()
    assert first.count("<tr>") - 1 == 20
    assert "page=2" in first
    for words in ("battery", "电池", "odd"):
        found = client.get("/registers/", {"q": words}).content.decode()
        assert found.count('<th scope="row"') == 1, words
    assert "No register of that name" in client.get("/registers/?q=zzz").content.decode()
    assert client.get("/registers/?q=%00").status_code in (200, 400)
    stranger = builders.web(world.outsider).get("/registers/?q=battery").content.decode()
    assert "Battery plant" not in stranger


def test_archived_ones_come_last_and_ask_for_nothing(world: World) -> None:
    viewer = another(world, "a-00")
    risk_in(viewer, "Resting", world.at - 200 * DAY)
    client = builders.web(world.owner)
    assert "Resting" in client.get("/work/").content.decode()
    Register.objects.filter(slug="a-00").update(archived_at=world.at)
    assert "Resting" not in client.get("/work/").content.decode()
    html = client.get(f"/r/{world.register.slug}/work/").content.decode()
    assert switch(html)[-1] == "Register a-00"
    assert "archived" in client.get("/registers/").content.decode()


def test_work_over_all_is_what_each_register_asks_of_me(world: World) -> None:
    late = world.at - 200 * DAY
    builders.risk(world, at=late, title="Here")
    builders.risk(world, at=late, title="Of somebody else", owner=world.leader.email)
    builders.risk(world, at=late, title="Of who is away", owner=world.deputy.email)
    risk_in(another(world, "a-00"), "Elsewhere", late)
    foreign = builders.web(world.partner_owner).get("/work/").content.decode()
    assert "Here" not in foreign

    def told() -> set[str]:
        html = builders.web(world.owner).get("/work/").content.decode()
        named = ("Here", "Of somebody else", "Of who is away", "Elsewhere")
        return {name for name in named if f"{name}</a>" in html}

    assert told() == {"Here", "Elsewhere"}
    start_absence(
        actor=world.viewer("deputy"), user=world.deputy, starts_on=world.today,
        until_on=world.today, stand_in=world.owner, at=world.at,
    )  # fmt: skip
    assert told() == {"Here", "Elsewhere", "Of who is away"}


def test_a_partys_own_of_another_is_not_there(world: World) -> None:
    builders.risk(
        world, at=world.at - 200 * DAY, visibility="party", by=world.partner_owner, title="Private"
    )
    assert "Private" not in builders.web(world.owner).get("/work/").content.decode()


def test_registers_add_no_queries(world: World, query_counts: QueryCounts) -> None:
    client: Client = builders.web(world.owner)
    made = 0

    def grow(size: int) -> None:
        nonlocal made
        for n in range(made, size):
            risk_in(another(world, f"a-{n:02d}"), "x", world.at - 200 * DAY)
        made = size

    grow(5)
    few = {path: query_counts.check(f"web:{path} of many", lambda p=path: client.get(p))
           for path in ("/work/", "/registers/")}  # fmt: skip
    grow(15)
    for path, count in few.items():
        assert query_counts.measure(lambda p=path: client.get(p)) == count, path
