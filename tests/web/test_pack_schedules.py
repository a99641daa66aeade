"""Pages of board packs before meetings: setting, changing, ending, and what was sent."""

import re
from typing import Any

import pytest

from riskreg.exchange.models import PackSchedule
from riskreg.exchange.services.schedules import change_schedule
from riskreg.register.models import Membership
from tests import builders
from tests.builders import SLUG, World
from tests.dump import nothing_changes
from tests.exchange.scheduling import schedule, tend

pytestmark = pytest.mark.django_db
PACKS = f"/r/{SLUG}/board-packs/"
NEW = f"{PACKS}schedules/new/"


def given(world: World, **change: Any) -> dict[str, Any]:
    return {
        "title": "Steering committee", "first_on": "2026-10-13", "every_months": "3",
        "repeats": "weekday", "days_before": "7", "audience": "party", "language": "both",
        "format": "pptx", "recipients": [str(world.leader.uuid)], **change,
    }  # fmt: skip


def page(world: World, who: str, path: str) -> str:
    response = builders.web(getattr(world, who)).get(path)
    assert response.status_code == 200, path
    return re.sub(r"\s+", " ", response.content.decode().partition("<main")[2])


def edit_of(row: PackSchedule) -> str:
    return f"{PACKS}schedules/{row.uuid}/"


def test_a_leader_sets_changes_and_ends_it(world: World) -> None:
    client = builders.web(world.leader)
    assert "A pack can be made and sent by itself" in page(world, "leader", PACKS)
    made = client.post(NEW, given(world))
    assert (made.status_code, made["Location"]) == (302, f"{PACKS}#schedules")
    row = PackSchedule.objects.get()
    assert (row.every_months, row.repeats, row.audience) == (3, "weekday", "party")
    shown = page(world, "manager", PACKS)
    for text in ("Steering committee", "13 Oct 2026, pack on 6 Oct 2026", str(world.leader)):
        assert text in shown
    assert "Steering committee" not in page(world, "partner_leader", PACKS)
    was = {f"initial-{name}": value for name, value in given(world).items()}
    changed = client.post(edit_of(row), {**was, **given(world, every_months=""), "version": "1"})
    assert changed.status_code == 302
    row.refresh_from_db()
    assert (row.every_months, row.version) == (None, 2)
    assert client.post(edit_of(row), {"version": "2", "action": "end"}).status_code == 302
    assert client.get(edit_of(row)).status_code == 404
    assert builders.web(world.partner_leader).get(edit_of(row)).status_code == 404
    assert builders.web(world.owner).get(NEW).status_code == 403


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "This field is required"), ({"first_on": "2026-09-01"}, "a day to come"),
        ({"recipients": []}, "This field is required"),
        ({"every_months": "30"}, "24"), ({"days_before": "-1"}, "0"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    world: World, change: dict[str, Any], said: str
) -> None:
    with nothing_changes():
        refused = builders.web(world.manager).post(NEW, given(world, **change))
    assert refused.status_code == 400
    text = refused.content.decode()
    assert re.search(said, text)
    assert 'value="pptx" selected' in text


def test_of_two_who_edit_the_second_chooses(world: World) -> None:
    row = schedule(world)
    act: Any = {"actor": world.viewer("manager"), "schedule": row.uuid, "at": world.at}
    change_schedule(**act, fields={"title": "Board", "recipients": [world.manager.email]})
    client = builders.web(world.leader)
    kept = {f"initial-{name}": value for name, value in given(world).items()}
    sent = given(world, title="Committee", version="1")
    with nothing_changes():
        answer = client.post(edit_of(row), {**kept, **sent})
    assert answer.status_code == 409
    for text in ("Committee", "Board"):
        assert text in answer.content.decode()
    with nothing_changes():
        slow = client.post(edit_of(row), {"version": "1", "action": "end"})
    assert slow.status_code == 409


def test_the_page_says_what_was_sent_to_whom_and_what_was_late(world: World) -> None:
    row = schedule(world, every_months=1)
    Membership.objects.filter(user=world.leader).update(role="viewer")
    tend(world, 5)
    shown = page(world, "manager", edit_of(row))
    for text in (
        "26 Sep 2026", f"{world.leader} may not see board packs any more",
        "Late: it was to be made on 19 Sep 2026 and was made on 21 Sep 2026.",
        "Next meeting: 26 Oct 2026. Its pack is made on 19 Oct 2026.",
    ):  # fmt: skip
        assert text in shown, text
    tend(world, 100)
    shown = page(world, "manager", edit_of(row))
    assert "The meeting was over before a pack could be made" in shown
