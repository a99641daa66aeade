"""The ladder's page: its form without a script, its preview, and two managers at once."""

import re
from typing import Any

import pytest
from django.test import Client

from riskreg.events.models import Event
from riskreg.reminders.models import Ladder
from riskreg.reminders.queries import ladder_in_force_of
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import SLUG, World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
PAGE = f"/r/{SLUG}/settings/ladder/"
DEFAULT = [-14, -3, 0, 7, 21]


def rows(*offsets: int, **more: Any) -> dict[str, Any]:
    """A form of rungs at these offsets that tell the owner by mail."""
    data: dict[str, Any] = {"expected": "0", "row": [str(n) for n in range(len(offsets))]}
    for n, offset in enumerate(offsets):
        data |= {
            f"days-{n}": str(abs(offset)),
            f"side-{n}": "before" if offset < 0 else "after",
            f"tells-{n}": ["owner"],
        }
    return {**data, **more}


def send(client: Client, action: str, data: dict[str, Any], **headers: str) -> tuple[int, str]:
    response = client.post(PAGE, {"action": action, **data}, headers=headers)
    return response.status_code, response.content.decode()


def offsets(world: World) -> list[int]:
    return [rung.offset_days for rung in ladder_in_force_of(world.register).rungs]


def days_shown(text: str) -> list[str]:
    return re.findall(r'name="days-\d+" id="days-\d+" value="([^"]*)"', text)


def error_of(text: str, part: str, row: int) -> str:
    found = re.search(rf'id="e-{part}-{row}">(?:<svg.*?</svg>)?(.*?)</div>', text, re.S)
    return found[1] if found else ""


# Reading -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("who", ["owner", "leader", "auditor", "onlooker", "partner_owner"])
def test_everybody_reads_it_and_nobody_else_may_post(world: World, who: str) -> None:
    client = builders.web(getattr(world, who))
    text = client.get(PAGE).content.decode()
    for message in ("14 days before", "on the day", "21 days after", "The party&#x27;s leaders"):
        assert message in text
    assert "Save the ladder" not in text
    for action in ("save", "reset", "add", "preview", ""):
        with nothing_changes():
            assert send(client, action, rows(0))[0] == 403


def test_a_manager_sees_it_as_a_form(world: World) -> None:
    text = builders.web(world.partner_manager).get(PAGE).content.decode()
    assert days_shown(text) == ["14", "3", "0", "7", "21"]
    assert "Rung 1: 14 days before" in text
    assert "Rung 3: on the day" in text
    assert text.count("interrupts-4") == 1
    assert "Go back to the default" not in text
    assert builders.web(world.outsider).get(PAGE).status_code == 404


# Writing -----------------------------------------------------------------------------------------
def test_a_ladder_is_saved_in_order_and_holds(world: World) -> None:
    client = builders.web(builders.alone(world).manager)
    data = rows(30, 0, -7) | {
        "users-0": ["", str(world.leader.uuid)], "channels-0": ["chat"], "interrupts-0": "1",
        "risk": "R-001",
    }  # fmt: skip
    response = client.post(PAGE, {"action": "save", **data})
    assert response.status_code == 302
    assert response["Location"] == PAGE + "?risk=R-001"
    assert offsets(world) == [-7, 0, 30]
    last = ladder_in_force_of(world.register).rungs[-1]
    assert (last.users, last.channels, last.interrupts) == (
        (world.leader.uuid,), ("mail", "chat"), True,
    )  # fmt: skip
    assert Event.objects.get(verb="ladder.changed").actor == world.manager.uuid
    text = client.get(PAGE).content.decode()
    assert "version 1" in text.lower()
    assert str(world.manager) in text
    assert f'name="users-2" value="{world.leader.uuid}" checked' in text
    # Saved once more as it is, it is no new version.
    again = client.post(PAGE, {"action": "save", **data, "expected": "1"}, follow=True)
    assert "Nothing was different, so nothing was saved." in again.content.decode()
    assert ladder_in_force_of(world.register).number == 1


@pytest.mark.parametrize(
    "data, part, row, said",
    [
        (rows(0, 7, 7), "when", 2, "same day as rung 2"),
        (rows(-3, 7), "", 0, "must stand on the due date"),
        (rows(), "", 0, "1 to 12 rungs"),
        (rows(*range(13)), "", 0, "1 to 12 rungs"),
        (rows(0) | {"tells-0": []}, "who", 0, "Somebody must be told"),
        (rows(0) | {"tells-0": ["everybody"]}, "who", 0, "Unknown: everybody"),
        (rows(0) | {"channels-0": ["pigeon"]}, "channels", 0, "Unknown: pigeon"),
        (rows(0, 400), "when", 1, "at most 365 days"),
        (rows(0) | {"days-0": "soon"}, "when", 0, "whole number of days"),
        (rows(0) | {"days-0": "-3"}, "when", 0, "whole number of days"),
        (rows(0) | {"days-0": ""}, "when", 0, "whole number of days"),
        (rows(0) | {"days-0": "9" * 200}, "when", 0, "whole number of days"),
        (rows(0) | {"users-0": ["nobody\0"]}, "who", 0, "public id"),
    ],
)
def test_what_is_wrong_is_said_beside_its_row(
    world: World, data: dict[str, Any], part: str, row: int, said: str
) -> None:
    client = builders.web(world.manager)
    client.get(PAGE)
    with nothing_changes():
        status, text = send(client, "save", data)
    assert status == 400
    assert 'role="alert"' in text
    assert said in (error_of(text, part, row) if part else text)
    assert not part or f'href="#rung-{row}"' in text
    assert len(days_shown(text)) == len(data["row"])


def test_strangers_cannot_be_named(world: World) -> None:
    client = builders.web(world.manager)
    client.get(PAGE)
    for stranger in (world.outsider, world.auditor):
        with nothing_changes():
            status, text = send(client, "save", rows(0) | {"users-0": [str(stranger.uuid)]})
        assert status == 400
        assert "not a member" in error_of(text, "who", 0)
        assert str(stranger) not in text


def test_rows_come_and_go_without_a_script(world: World) -> None:
    client = builders.web(world.manager)
    client.get(PAGE)
    with nothing_changes():
        status, text = send(client, "add", rows(-5, 0))
        assert (status, days_shown(text)) == (200, ["5", "0", ""])
        assert re.search(r'id="days-2"[^>]*autofocus', text)
        status, text = send(client, "remove-0", rows(-5, 0))
        assert (status, days_shown(text)) == (200, ["0"])
        status, text = send(client, "remove-77", rows(-5, 0))
        assert (status, days_shown(text)) == (200, ["5", "0"])
    data = rows(0) | {"row": ["0", "1"], "days-1": "", "users-1": [""]}
    assert send(client, "save", data)[0] == 302
    builders.agree(world)
    assert offsets(world) == [0]


def test_going_back_to_the_default_is_a_version_too(world: World) -> None:
    client = builders.web(world.manager)
    send(client, "save", rows(0))
    builders.agree(world)
    assert "Go back to the default" in client.get(PAGE).content.decode()
    assert send(client, "reset", rows(0) | {"expected": "1"})[0] == 302
    builders.agree(world)
    assert offsets(world) == DEFAULT
    assert Ladder.objects.count() == 2
    with nothing_changes():
        earlier = client.get(PAGE + "?version=1").content.decode()
        assert days_shown(earlier) == ["0"]
        assert "This is version 1" in earlier
        for unknown in ("3", "-1", "x", "1e3"):
            assert client.get(PAGE + f"?version={unknown}").status_code == 404
    assert 'name="expected" value="2"' in earlier


def test_two_managers_at_once_one_sees_both_versions(world: World) -> None:
    assert send(builders.web(world.manager), "save", rows(-10, 0))[0] == 302
    builders.agree(world)
    slower = builders.web(world.partner_manager)
    slower.get(PAGE)
    mine = rows(0, 5) | {"tells-0": ["owner", "deputy"], "interrupts-1": "1"}
    with nothing_changes():
        status, text = send(slower, "save", mine)
    assert status == 409
    for message in ("10 days before", "5 days after", "Owner · mail", "Owner, Deputy · mail"):
        assert message in text
    assert "at once" in text
    assert 'name="expected" value="1"' in text
    assert send(slower, "save", mine | {"expected": "1"})[0] == 302
    builders.agree(world)
    assert offsets(world) == [0, 5]
    assert ladder_in_force_of(world.register).number == 2


@pytest.mark.parametrize("expected", ["", "-1", "1", "x", "0x0", "9" * 30])
def test_a_form_that_saw_another_version_changes_nothing(world: World, expected: str) -> None:
    client = builders.web(world.manager)
    client.get(PAGE)
    for action in ("save", "reset"):
        with nothing_changes():
            assert send(client, action, rows(0) | {"expected": expected})[0] == 409


# The preview -------------------------------------------------------------------------------------
def lines(text: str) -> str:
    found = re.search(r'id="preview-lines".*', text, re.S)
    assert found is not None
    return found[0].split('id="versions"')[0]


def test_the_preview_says_who_gets_what_when(world: World) -> None:
    builders.risk(world, deputy=world.deputy.email)
    text = lines(builders.web(world.auditor).get(PAGE + "?risk=r-001").content.decode())
    for person in (world.owner, world.deputy, world.manager, world.leader):
        assert str(person) in text
    assert str(world.partner_manager) not in text
    assert "digest of" in text
    assert "at once, " in text
    assert text.count("To come") == 5


def test_the_preview_follows_what_is_not_saved(world: World) -> None:
    builders.risk(world)
    client = builders.web(world.manager)
    client.get(PAGE)
    data = rows(0, 3) | {"tells-1": [], "users-1": [str(world.partner_leader.uuid)]}
    with nothing_changes():
        status, text = send(client, "preview", data | {"risk": "R-001"})
        assert status == 200
        assert "3 days after" in lines(text)
        assert str(world.partner_leader) in lines(text)
        assert "14 days before" not in lines(text)
        status, text = send(client, "preview", rows(3) | {"risk": "R-001"})
    assert status == 400
    assert "as soon as the ladder is right" in lines(text)
    assert send(client, "preview", rows(3), **{"HX-Request": "true"})[0] == 200


def test_a_named_person_of_the_other_party_is_told_nothing_private(world: World) -> None:
    builders.risk(world)
    own = builders.risk(world, visibility="party")
    rungs = [{"offset_days": 0, "tells": ["owner"], "users": [str(world.partner_leader.uuid)]}]
    builders.ladder(world, rungs)
    client = builders.web(world.owner)
    assert str(world.partner_leader) in lines(client.get(PAGE + "?risk=R-001").content.decode())
    private = lines(client.get(PAGE + f"?risk={own.ref}").content.decode())
    assert str(world.owner) in private
    assert str(world.partner_leader) not in private


def test_a_private_risk_of_the_partner_is_not_there(world: World) -> None:
    own = builders.risk(world, visibility="party", title="Secret plan")
    for who in ("partner_manager", "auditor"):
        client = builders.web(getattr(world, who))
        answers = [
            client.get(PAGE + f"?risk={asked}") for asked in (own.ref, "F-999", "Secret plan")
        ]
        assert [a.status_code for a in answers] == [404] * 3
        for answer in answers:
            assert "Secret plan" not in answer.content.decode().replace('value="Secret plan"', "")
        assert "Once a risk is open" in client.get(PAGE).content.decode()
    posted = send(builders.web(world.partner_manager), "preview", rows(0) | {"risk": own.ref})
    assert posted[0] == 404
    assert "Secret plan" not in posted[1]


def test_words_find_a_risk_or_several_to_pick_from(world: World) -> None:
    for title in ("Hydrogen pumps", "Hydrogen price", "Battery recycling"):
        builders.risk(world, title=title)
    client = builders.web(world.manager)
    assert "R-003" in lines(client.get(PAGE + "?risk=battery").content.decode())
    several = lines(client.get(PAGE + "?risk=hydrogen").content.decode())
    assert [ref in several for ref in ("R-001", "R-002", "R-003")] == [True, True, False]
    status, picked = send(client, "", rows(0) | {"risk": "hydrogen", "pick": "R-002"})
    assert status == 200
    assert "Hydrogen price" in lines(picked)
    assert client.get(PAGE + "?risk=%00%27;--").status_code == 404


def test_of_two_that_are_due_on_one_day_the_worse_is_offered_first(world: World) -> None:
    builders.risk(world, rated=(1, 1), title="Slight")
    worse = builders.risk(world, rated=(4, 5), title="Grave")
    Risk.objects.update(next_review_on=world.today)
    text = builders.web(world.manager).get(PAGE).content.decode()
    offered = text[text.index('<datalist id="preview-risks">') :]
    assert offered.index(worse.ref) < offered.index("R-001")


def test_a_draft_has_no_review_to_remind_of(world: World) -> None:
    row = builders.risk(world, opened=False)
    text = builders.web(world.owner).get(PAGE + f"?risk={row.ref}").content.decode()
    assert "Only an open risk has a review to remind of." in lines(text)


def test_chinese_speaks_chinese(world: World) -> None:
    client = builders.web(world.onlooker)
    client.post("/language/", {"language": "zh-hans", "next": "/"})
    assert 'lang="zh-Hans"' in client.get(PAGE).content.decode()
