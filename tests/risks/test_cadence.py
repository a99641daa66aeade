"""How often risks are reviewed: other days for a rating, as a new version of the criteria."""

import datetime as dt
from typing import Any

import pytest

from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Forbidden, Invalid
from riskreg.register.models import Criteria, Register
from riskreg.register.policy import Matrix
from riskreg.risks.models import Position, Risk
from riskreg.risks.services import set_cadence
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def change(world: World, cadence: dict[str, Any], who: str = "manager", **given: Any) -> Register:
    made = set_cadence(
        **{
            "actor": world.viewer(who),
            "cadence": cadence,
            "seen_number": 1,
            "at": world.at,
            **given,
        }
    )
    builders.agreed(world, made)
    return Register.objects.select_related("criteria").get(pk=world.register.pk)


def due(row: Risk) -> dt.date | None:
    return Risk.objects.get(pk=row.pk).next_review_on


def test_a_shorter_cadence_brings_dates_in_and_a_longer_one_moves_none(world: World) -> None:
    high = builders.risk(world, rated=(3, 4))
    critical = builders.risk(world, rated=(5, 5))
    unrated = builders.risk(world, rated=None)
    draft = builders.risk(world, opened=False)
    was = due(critical)
    change(world, {"high": 10, "critical": 90, "unrated": 5}, at=world.at + 2 * DAY)
    assert due(high) == world.today + 12 * DAY
    assert due(critical) == was
    assert due(unrated) == world.today + 7 * DAY
    assert due(draft) is None
    criteria = Register.objects.get().criteria
    matrix = Matrix(criteria)
    assert criteria.number == 2
    assert [matrix.cadence_days(r) for r in (*matrix.rating_keys, None)] == [
        365, 180, 90, 10, 90, 5,
    ]  # fmt: skip


def test_nothing_but_the_cadence_differs(world: World) -> None:
    row = builders.risk(world, rated=(3, 4), inherent=(5, 5), target=(1, 2))
    before = Position.objects.get(risk=row, valid_to=None)
    change(world, {"low": 100})
    old, new = Criteria.objects.order_by("number")
    for name in ("likelihood", "impact", "dimensions", "cells", "appetite", "label"):
        assert getattr(old, name) == getattr(new, name)
    assert [r["cadence_days"] for r in old.ratings] == [365, 180, 90, 60, 30]
    after = Position.objects.get(risk=row, valid_to=None)
    for stage in ("inherent", "residual", "target"):
        assert after.cell(stage) == before.cell(stage)
    verbs = set(Event.objects.values_list("verb", flat=True))
    assert {"criteria.added", "criteria.adopted", "risk.restated"} <= verbs


@pytest.mark.parametrize("days", [0, -1, 3651, 1.5, "30", None, True])
def test_a_cadence_of_no_days_or_of_ages_is_refused(world: World, days: Any) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        change(world, {"high": days, "unrated": days, "low": 30})
    fields = refused.value.fields
    assert set(fields) == {"cadence.high", "cadence.unrated"}
    assert {e.code for errors in fields.values() for e in errors} == {"out_of_range"}


def test_a_rating_that_is_not_there_is_refused(world: World) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        change(world, {"awful": 3})
    assert refused.value.fields["cadence.awful"][0].code == "unknown_rating"


def test_who_was_slower_is_told(world: World) -> None:
    change(world, {"high": 50})
    with nothing_changes(), pytest.raises(Conflict) as told:
        change(world, {"high": 40}, who="partner_manager")
    assert told.value.current.number == 2


def test_the_same_again_makes_no_version(world: World) -> None:
    with nothing_changes():
        change(world, {"high": 60, "unrated": 30})


@pytest.mark.parametrize("who", ["owner", "leader", "auditor", "onlooker", "integration"])
def test_only_managers_change_it(world: World, who: str) -> None:
    with nothing_changes(), pytest.raises(Forbidden):
        change(world, {"high": 50}, who=who)
