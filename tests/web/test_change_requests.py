"""Pages of change requests: said before the click, shown, answered; asking changes nothing."""

import re

import pytest
from django.test import Client

from riskreg.accounts.models import User
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Register
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

LIST = "/r/foton-catl/change-requests/"
ONE = f"{LIST}CR-001/"
SETTINGS = "/r/foton-catl/settings/"
DAYS = {
    "cadence_very_low": "365", "cadence_low": "180", "cadence_moderate": "90",
    "cadence_high": "60", "cadence_critical": "90", "cadence_unrated": "30",
}  # fmt: skip


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return " ".join(response.content.decode().split())


def ask(world: World) -> Client:
    client = builders.web(world.manager)
    shown = text_of(client, SETTINGS)
    days = dict(re.findall(r'name="(cadence_\w+)" value="(\d+)"', shown))
    given = {"seen": "1", **days, "cadence_critical": "90"}
    response = client.post(f"{SETTINGS}cadence/", given)
    assert (response.status_code, response["Location"]) == (302, ONE)
    return client


@pytest.mark.parametrize("path", ["", "ladder/", "criteria/new/"])
def test_pages_say_before_the_click_whose_yes_it_needs(world: World, path: str) -> None:
    assert "waits for a yes of CATL" in text_of(builders.web(world.manager), SETTINGS + path) or (
        "it holds at once; CATL is told" in text_of(builders.web(world.manager), SETTINGS + path)
    )
    alone = builders.alone(world)
    shown = text_of(builders.web(alone.manager), SETTINGS + path)
    assert "yes of CATL" not in shown
    assert "CATL is told" not in shown


def test_who_can_answer_has_buttons_and_the_others_read_who_could(world: World) -> None:
    mine = ask(world)
    assert Register.objects.select_related("criteria").get().criteria.number == 1  # type: ignore[union-attr]
    shown = text_of(mine, ONE)
    assert "every 30 days" in shown
    assert "every 90 days" in shown
    assert "looser" in shown
    assert "Take it back" in shown
    assert "Yes, change it" not in shown
    assert str(world.partner_manager) in shown
    for who in ("partner_manager", "partner_leader"):
        theirs = text_of(builders.web(getattr(world, who)), ONE)
        assert "Yes, change it" in theirs
        assert "Take it back" not in theirs
    for who in ("owner", "leader", "partner_owner", "auditor"):
        theirs = text_of(builders.web(getattr(world, who)), ONE)
        assert "Yes, change it" not in theirs
        assert str(world.partner_leader) in theirs
    assert builders.web(world.outsider).get(ONE).status_code == 404


def test_the_settings_and_my_work_point_to_it(world: World) -> None:
    ask(world)
    client = builders.web(world.partner_manager)
    settings = text_of(client, SETTINGS)
    assert "CR-001 How often risks are reviewed" in settings
    # Apart from the title, and in Chinese with Chinese marks.
    assert "reviewed</a>: <b>your party's answer" in settings.replace("&#x27;", "'")
    archive = f"{SETTINGS}archive/"
    builders.web(world.manager).post(archive, {"version": "1", "reason": "Over"})
    User.objects.update(language="zh-hans")
    shown = text_of(client, archive)
    assert "</a>：" in shown
    assert "</a>: " not in shown
    User.objects.update(language="en")
    # From the day it is asked on, though it is due in thirty days.
    work = client.get("/r/foton-catl/work/")
    (group,) = [g for g in work.context["groups"] if "wait for your answer" in g["title"]]
    assert sorted(d["ref"] for d in group["duties"]) == ["CR-001", "CR-002"]
    assert (group["count"], group["more"]) == (2, 0)
    lead = " ".join(work.content.decode().split())
    assert "0 things" not in lead
    assert "CR-001" not in text_of(builders.web(world.partner_owner), "/r/foton-catl/work/")


def test_yes_no_and_taken_back(world: World) -> None:
    ask(world)
    theirs = builders.web(world.partner_manager)
    refused = theirs.post(f"{ONE}refuse/", {"version": "1", "words": ""})
    assert refused.status_code == 400
    assert ChangeRequest.objects.get().is_open
    with nothing_changes():
        stale = theirs.post(f"{ONE}approve/", {"version": "9"})
    assert stale.status_code == 409
    done = theirs.post(f"{ONE}approve/", {"version": "1"}, follow=True)
    assert "the change holds now" in done.content.decode()
    assert Register.objects.select_related("criteria").get().criteria.number == 2  # type: ignore[union-attr]
    shown = text_of(theirs, LIST)
    assert "No change waits for an answer." in shown
    assert "CR-001" in shown


def test_a_refusal_is_read_by_everybody(world: World) -> None:
    mine = ask(world)
    theirs = builders.web(world.partner_leader)
    theirs.post(f"{ONE}refuse/", {"version": "1", "words": "High risks move faster."})
    assert "High risks move faster." in text_of(mine, ONE)
    with nothing_changes():
        assert mine.post(f"{ONE}withdraw/", {"version": "2"}).status_code == 400


def test_a_page_of_older_ones_starts_after_the_one_named(world: World) -> None:
    mine = ask(world)
    mine.post(f"{ONE}withdraw/", {"version": "1"})
    assert "CR-001" in text_of(mine, LIST)
    assert ONE not in text_of(mine, f"{LIST}?before=CR-001")
    assert mine.get(f"{LIST}?before=CR-009").status_code == 404
