"""Moving a register to another time zone."""

import datetime as dt
from typing import Any

import pytest

from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Forbidden, Invalid
from riskreg.register.models import Register
from riskreg.register.services import set_time_zone
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


def move(world: World, zone: Any, who: str = "manager", **given: Any) -> Register:
    actor = world.viewer(who)
    made = set_time_zone(
        **{"actor": actor, "time_zone": zone, "seen": "Asia/Shanghai", "at": world.at, **given}
    )
    builders.agreed(world, made)
    return Register.objects.get(pk=world.register.pk)


def test_due_dates_stay_and_only_the_day_moves(world: World) -> None:
    row = builders.risk(world)
    assert move(world, "Pacific/Apia").time_zone == "Pacific/Apia"
    assert Risk.objects.get(pk=row.pk).next_review_on == row.next_review_on
    assert Risk.objects.get(pk=row.pk).version == row.version
    late = dt.datetime(2026, 9, 16, 12, tzinfo=dt.UTC)
    assert world.viewer("owner").today(late) == dt.date(2026, 9, 17)
    told = Event.objects.get(verb="register.zone_changed")
    assert '"Asia/Shanghai"' in str(told.changes)
    assert told.actor == world.manager.uuid


@pytest.mark.parametrize(
    "zone",
    ["", "Mars/Olympus", "asia/shanghai", "UTC+8", "../etc/passwd", "UTC\0", None, 8, ["UTC"]],
)
def test_a_zone_that_does_not_exist_is_refused(world: World, zone: Any) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        move(world, zone)
    assert refused.value.fields["time_zone"][0].code == "unknown"


def test_who_was_slower_is_told(world: World) -> None:
    move(world, "Europe/Berlin")
    with nothing_changes(), pytest.raises(Conflict) as told:
        move(world, "UTC", who="partner_manager")
    assert "Europe/Berlin" in told.value.detail


def test_the_same_zone_again_is_no_change(world: World) -> None:
    with nothing_changes():
        move(world, "Asia/Shanghai")


@pytest.mark.parametrize("who", ["owner", "leader", "auditor", "onlooker", "integration"])
def test_only_managers_move_it(world: World, who: str) -> None:
    with nothing_changes(), pytest.raises(Forbidden):
        move(world, "UTC", who=who)
