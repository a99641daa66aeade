"""Register settings: read by everybody, changed by managers, never silently over somebody else."""

import re
from typing import Any

import pytest
from django.test import Client

from riskreg.events.models import Event
from riskreg.register.models import Criteria, Register
from riskreg.register.policy import Matrix
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import SLUG, World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
PAGE = f"/r/{SLUG}/settings/"
DAYS = {
    "cadence_very_low": "365", "cadence_low": "180", "cadence_moderate": "90",
    "cadence_high": "60", "cadence_critical": "30", "cadence_unrated": "30", "seen": "1",
}  # fmt: skip


def page(client: Client, **given: Any) -> str:
    response = client.get(PAGE, **given)
    assert response.status_code == 200
    return response.content.decode()


def cadence(client: Client, **days: str) -> Any:
    named = {n if n == "seen" else f"cadence_{n}": v for n, v in days.items()}
    return client.post(PAGE + "cadence/", {**DAYS, **named})


@pytest.mark.parametrize("who", ["owner", "leader", "auditor", "onlooker", "partner_owner"])
def test_everybody_reads_and_only_managers_have_forms(world: World, who: str) -> None:
    text = page(builders.web(getattr(world, who)))
    for message in ("Critical", "365 days", "Asia/Shanghai", "Foton", "CATL", "Programme auditor"):
        assert message in text
    assert "Save the cadence" not in text
    assert "Save the zone" not in text
    assert "Save the cadence" in page(builders.web(world.partner_manager))


def test_the_settings_do_not_repeat_the_navigation(world: World) -> None:
    text = page(builders.web(world.manager))
    links = re.compile(r'<a href="([^"]+)"')
    places = links.findall(text.partition('class="sidenav')[2].partition("</nav>")[0])
    ways = links.findall(text.partition('class="ways"')[2].partition("</ul>")[0])
    assert len(places) == 16
    assert len(ways) >= 3
    assert set(ways) & set(places) == set()


def test_strangers_find_nothing(world: World) -> None:
    outsider = builders.web(world.outsider)
    assert outsider.get(PAGE).status_code == 404
    for tail in ("cadence/", "zone/"):
        assert outsider.post(PAGE + tail, DAYS).status_code == 404
        assert builders.web(world.manager).get(PAGE + tail).status_code == 405


@pytest.mark.parametrize("who", ["owner", "leader", "auditor", "onlooker", "integration"])
def test_nobody_else_changes_anything(world: World, who: str) -> None:
    client = builders.web(getattr(world, who))
    page(client)
    with nothing_changes():
        assert cadence(client, high="50").status_code == 403
        zone = {"time_zone": "UTC", "seen": "Asia/Shanghai"}
        assert client.post(PAGE + "zone/", zone).status_code == 403


def test_a_manager_changes_the_cadence(world: World) -> None:
    row = builders.risk(world, rated=(3, 4))
    client = builders.web(world.manager)
    response = cadence(client, high="10")
    assert (response.status_code, response["Location"]) == (302, PAGE)
    text = page(client)
    assert "version 2 of the criteria" in text
    assert "Version 2 in force" in text
    assert (Risk.objects.get(pk=row.pk).next_review_on - world.today).days == 10
    assert Matrix(Register.objects.get().criteria).cadence_days("high") == 10


@pytest.mark.parametrize("days", ["0", "-3", "4000", "soon", "1.5", "٣٠", "9" * 12])
def test_a_cadence_of_nothing_is_refused_beside_its_rating(world: World, days: str) -> None:
    client = builders.web(world.manager)
    page(client)
    with nothing_changes():
        response = cadence(client, high=days)
    assert response.status_code == 400
    text = response.content.decode()
    error = re.search(r'id="id_cadence_high_error">(.*?)</div>', text, re.S)
    assert error is not None
    assert "1 to 3650 days" in error[1]
    assert 'id="id_cadence_low_error"' not in text
    assert f'value="{days}"' in text
    assert '<details class="form-more" id="cadence-form" open>' in text


def test_two_managers_at_once_one_is_told(world: World) -> None:
    cadence(builders.web(world.manager), high="50")
    slower = builders.web(world.partner_manager)
    page(slower)
    with nothing_changes():
        response = cadence(slower, high="40")
    text = response.content.decode()
    assert response.status_code == 409
    assert "50 days" in text
    assert 'name="cadence_high" value="40"' in text
    assert 'name="seen" value="2"' in text
    assert cadence(slower, high="40", seen="2").status_code == 302
    assert Criteria.objects.count() == 3


@pytest.mark.parametrize("seen", ["", "x", "99", "-1"])
def test_a_form_that_saw_no_version_changes_nothing(world: World, seen: str) -> None:
    client = builders.web(world.manager)
    page(client)
    with nothing_changes():
        assert cadence(client, high="50", seen=seen).status_code in (400, 409)


def test_nothing_differs_makes_no_version(world: World) -> None:
    client = builders.web(world.manager)
    page(client)
    with nothing_changes():
        assert cadence(client).status_code == 302
    assert "Nothing differs" in page(client)


def test_a_manager_moves_the_register_to_another_zone(world: World) -> None:
    client = builders.web(world.manager)
    page(client)
    zone = {"time_zone": "Europe/Berlin", "seen": "Asia/Shanghai"}
    with nothing_changes():
        unknown = client.post(PAGE + "zone/", {**zone, "time_zone": "Mars/Olympus"})
        stale = client.post(PAGE + "zone/", {**zone, "seen": "UTC"})
    assert unknown.status_code == 400
    assert "There is no time zone of that name." in unknown.content.decode()
    assert stale.status_code == 409
    assert client.post(PAGE + "zone/", zone).status_code == 302
    assert Register.objects.get().time_zone == "Asia/Shanghai"
    assert "CR-001" in page(client)
    builders.agree(world)
    assert Register.objects.get().time_zone == "Europe/Berlin"
    assert Event.objects.get(verb="register.zone_changed").actor == world.manager.uuid
    text = page(client)
    assert re.search(r'<option value="Europe/Berlin" selected>', text)


def test_a_zone_that_the_list_leaves_out_stays_chosen(db: None) -> None:
    world = builders.build_world(slug="other", time_zone="Etc/GMT-8")
    text = builders.web(world.manager).get("/r/other/settings/").content.decode()
    assert '<option value="Etc/GMT-8" selected>' in text


def test_chinese_speaks_chinese(world: World) -> None:
    client = builders.web(world.manager)
    client.post("/language/", {"language": "zh-hans", "next": "/"})
    text = page(client)
    assert "极高" in text
    assert "电动化合作项目" in text
