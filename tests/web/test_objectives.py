"""Pages of objectives: read by everybody, kept by the managers of their party."""

from typing import Any

import pytest

from riskreg.register.models import Objective
from riskreg.register.services import edit_objective
from tests import builders
from tests.builders import SLUG, World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
LIST = f"/r/{SLUG}/objectives/"
KEY = "overseas-units-2030"
GIVEN = {
    "name": "Hydrogen lines", "name_zh": "氢能线路", "value": "12.5", "unit": "lines",
    "baseline": "2", "due_on": "2027-06-30", "label": "judgement", "visibility": "shared",
}  # fmt: skip


def edit(world: World, **fields: Any) -> Objective:
    return edit_objective(
        actor=world.viewer("manager"), key=KEY, fields=fields, version=None, at=world.at
    )


def test_an_objective_is_added_and_opens_its_risks(world: World) -> None:
    client = builders.web(world.manager)
    made = client.post(LIST + "new/", GIVEN)
    assert (made.status_code, made["Location"]) == (302, LIST + "hydrogen-lines/")
    row = builders.risk(world, objectives=["hydrogen-lines"])
    builders.risk(world, by=world.partner_owner, visibility="party", objectives=["hydrogen-lines"])
    for name in ("owner", "auditor"):
        text = builders.web(getattr(world, name)).get(LIST + "hydrogen-lines/").content.decode()
        for message in ("12.5 lines", "2 lines", "Foton", "1 risk"):
            assert message in text
        assert "Edit" not in text.partition("<main")[2]
    link = f"/r/{SLUG}/risks/?objective=hydrogen-lines&amp;state=all"
    assert f'href="{link}">1</a>' in client.get(LIST).content.decode()
    assert row.ref in client.get(link.replace("&amp;", "&")).content.decode()


@pytest.mark.parametrize(
    "change, said",
    [
        ({"due_on": "2026-09-15"}, "This day has passed"),
        ({"due_on": ""}, "This is needed."),
        ({"due_on": "soon"}, "This must be a date"),
        ({"value": "many"}, "finite number"),
        ({"value": "1.23456789"}, "six decimals"),
        ({"baseline": "NaN"}, "finite number"),
        ({"name": "", "name_zh": ""}, "A name is needed"),
        ({"label": "sourced"}, "“Sourced” needs a source"),
        ({"source_url": "javascript:alert(1)"}, "Only http:// and https://"),
        ({"unit": ""}, "This is needed."),
        ({"visibility": "secret"}, "secret"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    world: World, change: dict[str, str], said: str
) -> None:
    client = builders.web(world.manager)
    with nothing_changes():
        refused = client.post(LIST + "new/", {**GIVEN, **change})
    text = refused.content.decode()
    assert refused.status_code == 400
    assert said in text
    assert 'value="12.5"' in text or "value" in change


def test_a_day_that_has_passed_may_stay_but_not_be_set(world: World) -> None:
    builders.objective(world, due_on="2026-09-16")
    Objective.objects.update(due_on="2026-09-01")
    assert edit(world, unit="trucks", due_on="2026-09-01").unit == "trucks"
    client = builders.web(world.manager)
    with nothing_changes():
        past = {**GIVEN, "version": "2", "due_on": "2026-09-02"}
        assert client.post(f"{LIST}{KEY}/edit/", past).status_code == 400


def test_a_second_writer_is_told(world: World) -> None:
    builders.objective(world)
    client = builders.web(world.manager)
    edit(world, unit="trucks")
    with nothing_changes():
        told = client.post(f"{LIST}{KEY}/edit/", {**GIVEN, "version": "1"})
    text = told.content.decode()
    assert told.status_code == 409
    assert 'value="Hydrogen lines"' in text
    saved = client.post(f"{LIST}{KEY}/edit/", {**GIVEN, "version": "2"})
    assert (saved.status_code, saved["Location"]) == (302, f"{LIST}{KEY}/")
    assert Objective.objects.get().name == "Hydrogen lines"


def test_a_partys_own_does_not_exist_for_the_other(world: World) -> None:
    builders.objective(world, key="own", visibility="party")
    stranger = builders.web(world.partner_manager)
    for page in ("own/", "own/edit/", "nowhere/", "nowhere/edit/"):
        assert stranger.get(LIST + page).status_code == 404
    with nothing_changes():
        assert stranger.post(LIST + "own/edit/", GIVEN).status_code == 404
    assert "own" in builders.web(world.owner).get(LIST + "own/").content.decode()


@pytest.mark.parametrize("who", ["owner", "leader", "auditor", "integration", "partner_manager"])
def test_nobody_else_changes_it(world: World, who: str) -> None:
    builders.objective(world)
    client = builders.web(getattr(world, who))
    with nothing_changes():
        assert client.get(f"{LIST}{KEY}/edit/").status_code == 403
        assert client.post(f"{LIST}{KEY}/edit/", GIVEN).status_code == 403
        if who != "partner_manager":
            assert client.post(LIST + "new/", GIVEN).status_code == 403
