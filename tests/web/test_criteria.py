"""Pages of the criteria: read by everybody, written button by button, published knowingly."""

from typing import Any

import pytest
from django.http import HttpResponse

from riskreg.events.models import Event
from riskreg.register.models import Criteria
from riskreg.register.policy import default_criteria
from riskreg.risks.services import publish_criteria
from tests import builders
from tests.builders import SLUG, World
from tests.dump import nothing_changes
from tests.web.page_forms import forms_of

pytestmark = pytest.mark.django_db
PAGE = f"/r/{SLUG}/settings/criteria/"
NEW = PAGE + "new/"


def form(response: HttpResponse) -> dict[str, list[Any]]:
    """What a browser would send of the editor."""
    found = next(f for f in forms_of(response, NEW) if f.action.endswith(NEW))
    return found.data()


def test_everybody_reads_the_criteria(world: World) -> None:
    for name in ("owner", "auditor", "partner_leader"):
        text = builders.web(getattr(world, name)).get(PAGE).content.decode()
        for message in (
            "Almost certain",
            "Critical",
            "365 days",
            "The matrix examined",
            "Version 1",
        ):
            assert message in text
        assert "Make a new version" not in text
        assert builders.web(getattr(world, name)).get(NEW).status_code == 403
    assert builders.web(world.outsider).get(PAGE).status_code == 404
    assert builders.web(world.owner).get(PAGE + "?version=9").status_code == 404


def test_what_the_form_starts_with_changes_nothing(world: World) -> None:
    client = builders.web(world.manager)
    data = form(client.get(NEW))
    with nothing_changes():
        shown = client.post(NEW, {**data, "action": "preview"})
        assert "No risk would be rated otherwise" in shown.content.decode()
    events = Event.objects.count()
    assert client.post(NEW, {**data, "action": "publish"}).status_code == 302
    assert (Criteria.objects.count(), Event.objects.count()) == (1, events)


def test_a_cell_is_painted_previewed_and_published(world: World) -> None:
    row = builders.risk(world, rated=(5, 5))
    client = builders.web(world.manager)
    data = form(client.get(NEW))
    data["brush"] = ["high"]
    painted = client.post(NEW, {**data, "action": "paint-4-4"})
    # With the corner at "high", the cells around it may not be worse: that is said.
    assert "may not have a lower score or rating" in painted.content.decode()
    for x, y in ((3, 4), (4, 3), (3, 3)):
        data = form(painted)
        painted = client.post(NEW, {**data, "action": f"paint-{x}-{y}"})
    text = painted.content.decode()
    assert "1 risk would be rated otherwise." in text
    assert row.ref in text
    done = client.post(NEW, {**form(painted), "action": "publish"})
    waits = "/r/foton-catl/change-requests/CR-001/"
    assert (done.status_code, done["Location"]) == (302, waits)
    assert row.positions.get(valid_to=None).residual_rating == "critical"
    builders.agree(world)
    row.positions.get(valid_to=None)
    position = row.positions.get(valid_to=None)
    assert (position.residual_rating, position.residual_score) == ("high", 25)
    assert "Version 2" in client.get(PAGE).content.decode()


def test_a_level_that_goes_asks_where_its_judgements_go(world: World) -> None:
    row = builders.risk(world, rated=(2, 5))
    other = builders.risk(world, rated=(4, 5))
    client = builders.web(world.manager)
    fewer = client.post(NEW, {**form(client.get(NEW)), "action": "remove-l-1"})
    text = fewer.content.decode()
    assert "Where judgements go" in text
    assert 'name="map_l_2"' in text
    data = form(fewer)
    with nothing_changes():
        refused = client.post(NEW, {**data, "action": "publish"})
        assert refused.status_code == 400
        assert "Say where the judgements" in refused.content.decode()
    assert client.post(NEW, {**data, "map_l_2": "1", "action": "publish"}).status_code == 302
    builders.agree(world)
    # What stood on a level above the one that went stays with its words.
    assert row.positions.get(valid_to=None).residual_likelihood == 1
    assert other.positions.get(valid_to=None).residual_likelihood == 3
    assert [v["names"]["en"] for v in Criteria.objects.get(number=2).likelihood] == [
        "Rare", "Possible", "Likely", "Almost certain",
    ]  # fmt: skip


def test_levels_and_ratings_are_added_and_what_lacks_is_said(world: World) -> None:
    client = builders.web(world.manager)
    more = client.post(NEW, {**form(client.get(NEW)), "action": "add-i"})
    more = client.post(NEW, {**form(more), "action": "add-r"})
    data = form(more)
    assert (len(data["i_name"]), len(data["r_name"]), len(data["cell"])) == (6, 6, 30)
    with nothing_changes():
        refused = client.post(NEW, {**data, "action": "publish"})
    assert refused.status_code == 400
    assert "A name is needed" in refused.content.decode()
    # The highest comes first in the form.
    data["i_name"][0], data["r_name"][0] = "Ruinous", "Unbearable"
    assert client.post(NEW, {**data, "action": "publish"}).status_code == 302
    builders.agree(world)
    made = Criteria.objects.get(number=2)
    assert made.impact[5]["names"] == {"en": "Ruinous"}
    assert [r["key"] for r in made.ratings][-1] == "rating_6"


def test_kinds_of_impact_are_added_described_and_removed(world: World) -> None:
    client = builders.web(world.manager)
    page = client.post(NEW, {**form(client.get(NEW)), "action": "add-d"})
    page = client.post(NEW, {**form(page), "action": "add-d"})
    data = form(page)
    assert data["d_key"] == ["kind_1", "kind_2"]
    assert len(data["d_text"]) == 2 * len(data["i_name"])
    data["d_name"] = ["Money", "Safety"]
    data["d_text"][0] = "up to CNY 5 million"
    # What is written of one level alone is not dropped in silence.
    with nothing_changes():
        refused = client.post(NEW, {**data, "action": "publish"})
    assert refused.status_code == 400
    assert "Describe each impact level, or none." in refused.content.decode()
    assert form(refused)["d_text"][0] == "up to CNY 5 million"
    data["d_text"][: len(data["i_name"])] = [f"sum {n}" for n in range(len(data["i_name"]))]
    page = client.post(NEW, {**data, "action": "remove-d-1"})
    assert form(page)["d_name"] == ["Money"]
    assert client.post(NEW, {**form(page), "action": "publish"}).status_code == 302
    builders.agree(world)
    (kind,) = Criteria.objects.get(number=2).dimensions
    assert (kind["key"], kind["names"]) == ("kind_1", {"en": "Money"})
    assert [text["en"] for text in kind["descriptions"]][:2] == ["sum 0", "sum 1"]
    # No more than the form brings back.
    many = {"d_key": [f"k{n}" for n in range(20)], "d_name": [f"Kind {n}" for n in range(20)]}
    full = client.post(NEW, {**form(client.get(NEW)), **many, "action": "add-d"})
    assert form(full)["d_key"] == many["d_key"]
    assert 'value="add-d"' not in full.content.decode()


def test_what_is_added_is_never_more_than_the_form_brings_back(world: World) -> None:
    """A level beyond what the page reads would vanish with what was typed into it."""
    client = builders.web(world.manager)
    page = client.get(NEW)
    for n in range(8):
        page = client.post(NEW, {**form(page), "action": ("add-i", "add-r")[n % 2]})
    for _again in range(6):
        sent = form(page)
        sent["i_name"] = [f"Named {place}" for place in range(len(sent["i_name"]))]
        page = client.post(NEW, {**sent, "action": "add-i"})
        assert form(page)["i_name"] == sent["i_name"]
    assert (len(sent["i_name"]), len(sent["r_name"])) == (7, 7)
    text = page.content.decode()
    assert 'value="add-l"' in text
    assert 'value="add-i"' not in text
    assert 'value="add-r"' not in text


def test_somebody_was_faster_and_nothing_is_overwritten_unknowingly(world: World) -> None:
    client = builders.web(world.manager)
    data = form(client.get(NEW))
    theirs = {**default_criteria(), "appetite": "low"}
    publish_criteria(actor=world.viewer("partner_manager"), data=theirs, seen_number=1, at=world.at)
    data["appetite"] = ["very_low"]
    with nothing_changes():
        told = client.post(NEW, {**data, "action": "publish"})
    text = told.content.decode()
    assert told.status_code == 409
    assert "Somebody was faster" in text
    assert client.post(NEW, {**form(told), "action": "publish"}).status_code == 302
    assert [c.appetite for c in Criteria.objects.order_by("number")] == [
        "moderate", "low", "very_low",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "noise",
    [
        {}, {"action": "paint-99-99"}, {"action": "remove-l-77"}, {"action": "add-x"},
        {"l_name": ["x"] * 300, "i_name": ["y"] * 300, "cell": ["high"] * 300},
        {"r_key": ["a", "a", "\0"], "r_days": ["soon"]}, {"seen": "9" * 40},
        {"l_name": ["a", "b", "c"], "l_low": ["nan", "inf", "1e400"], "i_name": ["x"]},
    ],
)  # fmt: skip
def test_whatever_is_sent_is_answered_with_the_form(world: World, noise: dict[str, Any]) -> None:
    client = builders.web(world.manager)
    for action in ({}, {"action": "publish"}):
        with nothing_changes():
            response = client.post(NEW, {**noise, **action})
        assert response.status_code in (200, 400, 409), response.status_code
        assert 'id="criteria-form"' in response.content.decode()


def test_an_appetite_of_a_term_is_written_previewed_and_published(world: World) -> None:
    builders.taxonomy(world, "category", {"compliance": "Compliance", "market": "Market"})
    row = builders.risk(world, rated=(3, 3), terms=["category:compliance"])
    client = builders.web(world.manager)
    assert "t_term" not in form(client.get(NEW))
    data = form(client.post(NEW, {**form(client.get(NEW)), "action": "add-t"}))
    # What is added begins with the general one, and says nothing until a term is chosen.
    assert (data["t_term"], data["t_rating"]) == ([""], ["moderate"])
    # However often the form comes back, its rows are those that were sent.
    assert form(client.post(NEW, {**data, "action": "preview"}))["t_term"] == [""]
    data |= {"t_term": ["category:compliance"], "t_rating": ["low"]}
    shown = client.post(NEW, {**data, "action": "preview"})
    text = " ".join(shown.content.decode().split())
    assert "1 open threat would cross its appetite" in text
    assert "above appetite: needs an acceptance" in text
    assert "This only makes the rules stricter" in text
    # Before that, and for readers of it, nothing is said of terms.
    assert "appetite of their own" not in client.get(PAGE).content.decode()
    assert client.post(NEW, {**form(shown), "action": "publish"}).status_code == 302
    for who in (world.owner, world.partner_leader):
        text = builders.web(who).get(PAGE).content.decode()
        assert "Compliance: a risk up to Low needs no acceptance." in text
    for url in (f"/r/{SLUG}/heatmap/", f"/r/{SLUG}/home/"):
        answer = builders.web(world.leader).get(url)
        text = " ".join(answer.content.decode().split())
        assert "Appetites of their own have: Compliance up to Low." in text, url
        figures = {str(f["label"]).lower(): f["count"] for f in answer.context["figures"]}
        assert figures["above appetite"] == 1
    text = client.get(f"/r/{SLUG}/risks/{row.ref}/").content.decode()
    assert "Judged by the appetite of its term: Compliance up to Low." in text
    assert "It stands above appetite without a valid acceptance." in text
    # Without its term a row says nothing any more: that is looser, and asks.
    data = form(client.get(NEW))
    assert (data["t_term"][0], data["t_rating"][0]) == ("category:compliance", "low")
    data["t_term"][0] = ""
    asked = client.post(NEW, {**data, "action": "publish"})
    assert "/change-requests/CR-" in asked["Location"]
    text = client.get(asked["Location"]).content.decode()
    assert "Compliance: needs no acceptance up to" in text
    assert "as in general (Moderate)" in text


def test_a_wrong_appetite_of_a_term_stands_beside_its_rows(world: World) -> None:
    builders.taxonomy(world, "category", {"compliance": "Compliance"})
    client = builders.web(world.manager)
    data = form(client.get(NEW))
    data |= {"t_term": ["category:compliance"] * 2, "t_rating": ["low", "low"]}
    with nothing_changes():
        refused = client.post(NEW, {**data, "action": "publish"})
    assert refused.status_code == 400
    text = refused.content.decode()
    assert "category:compliance is named twice; give it one appetite." in text
    assert 'href="#term_appetites"' in text
