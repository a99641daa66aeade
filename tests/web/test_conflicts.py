"""Two people change the same thing: one page for every noun, which merges field by field."""

from typing import Any

import pytest
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client

from tests import builders
from tests.builders import SLUG, World
from tests.indicators import making
from tests.web.page_forms import PageForm, forms_of

pytestmark = pytest.mark.django_db
R = f"/r/{SLUG}/"


@pytest.fixture(params=["risk", "mitigation", "indicator"])
def edited(request: pytest.FixtureRequest, world: World) -> tuple[Any, str, str]:
    """One of each noun: the row, the address of its form, and a second field to change."""
    risk = builders.risk(world)
    if request.param == "mitigation":
        row: Any = builders.mitigation(world, risk)
        return row, f"{R}mitigations/{row.ref}/edit/", "description"
    if request.param == "indicator":
        row = making.indicator(world, risk)
        return row, f"{R}indicators/{row.ref}/edit/", "description"
    return risk, f"{R}risks/{risk.ref}/edit/", "cause"


def title_of(row: Model) -> str:
    return "name" if row._meta.model_name == "indicator" else "title"


def form_at(answer: HttpResponse, address: str) -> PageForm:
    """The form of an answer that saves the thing."""
    return next(f for f in forms_of(answer, address) if f.action.split("?")[0] == address)


def typed(client: Client, address: str, **values: str) -> dict[str, Any]:
    """What a browser sends of the form at ``address`` after ``values`` were typed into it."""
    return {**form_at(client.get(address), address).data(), **values}


def shown(row: Any) -> dict[str, Any]:
    """The thing's own texts as they are now."""
    row.refresh_from_db()
    if title_of(row) == "name":
        return {"name": row.names["en"], "description": row.descriptions.get("en", "")}
    names = ("title", "cause", "description")
    return {name: getattr(row, name) for name in names if hasattr(row, name)}


def test_changes_of_different_fields_are_both_kept(
    world: World, edited: tuple[Any, str, str]
) -> None:
    row, address, second = edited
    mine, theirs = builders.web(world.owner), builders.web(world.manager)
    slower = typed(mine, address, **{second: "As I see it"})
    faster = typed(theirs, address, **{title_of(row): "A better name"})
    assert theirs.post(address, faster).status_code == 302
    clash = mine.post(address, slower)
    assert clash.status_code == 409
    assert shown(row)[second] != "As I see it"
    assert [d["both"] for d in clash.context["differing"]] == [False]
    assert mine.post(address, form_at(clash, address).data()).status_code == 302
    assert shown(row)[second] == "As I see it"
    assert shown(row)[title_of(row)] == "A better name"


def test_who_changed_the_same_field_is_asked_and_overwrites_nothing_unasked(
    world: World, edited: tuple[Any, str, str]
) -> None:
    row, address, _second = edited
    title = title_of(row)
    mine, theirs = builders.web(world.owner), builders.web(world.manager)
    slower = typed(mine, address, **{title: "Mine"})
    assert theirs.post(address, typed(theirs, address, **{title: "Theirs"})).status_code == 302
    clash = mine.post(address, slower)
    (asked,) = clash.context["differing"]
    assert (asked["mine"].split()[0], asked["theirs"].split()[0]) == ("Mine", "Theirs")
    assert asked["both"]
    choice = form_at(clash, address)
    kept = mine.post(address, choice.data())
    assert kept.status_code == 302
    assert shown(row)[title] == "Theirs"
    slower = typed(mine, address, **{title: "Mine"})
    assert theirs.post(address, typed(theirs, address, **{title: "Again"})).status_code == 302
    clash = mine.post(address, slower)
    taken = {**form_at(clash, address).data(), f"take_{asked['name']}": "mine"}
    assert mine.post(address, taken).status_code == 302
    assert shown(row)[title] == "Mine"


def test_what_was_only_sent_back_is_no_change(world: World, edited: tuple[Any, str, str]) -> None:
    row, address, second = edited
    mine, theirs = builders.web(world.owner), builders.web(world.manager)
    echo = typed(mine, address)
    assert theirs.post(address, typed(theirs, address, **{second: "Newer"})).status_code == 302
    clash = mine.post(address, echo)
    assert clash.status_code == 409
    assert clash.context["differing"] == []
    assert shown(row)[second] == "Newer"
    version = row.version
    same = mine.post(address, typed(mine, address))
    assert same.status_code == 302
    row.refresh_from_db()
    assert row.version == version
