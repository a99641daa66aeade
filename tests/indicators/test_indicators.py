"""Setting up an indicator, changing it, and what is refused."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from riskreg.events.models import Event
from riskreg.events.queries import visible_events
from riskreg.indicators.models import Indicator
from riskreg.indicators.queries.access import indicators_for
from riskreg.indicators.services import edit_indicator
from riskreg.kernel.errors import Conflict, Forbidden, Invalid
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes
from tests.indicators import making

PACE = {
    "kind": "pace", "direction": "lower_is_worse", "amber": 2, "red": 5, "hysteresis": 0,
    "objective": "overseas-units-2030", "growth": "compound", "start_on": "2025-12-31",
    "start_value": 164500, "unit": "vehicles",
}  # fmt: skip
BAND = {"kind": "band", "direction": "", "red_low": 1, "amber_low": 2, "amber": 8, "red": 9,
        "hysteresis": "0.5"}  # fmt: skip


def codes(refused: Any) -> dict[str, str]:
    return {name: errors[0].code for name, errors in refused.value.fields.items()}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        # Amber beyond red, in each kind.
        ({"amber": 160000}, {"amber": "beyond_red"}),
        ({"amber": 150000}, {"amber": "beyond_red"}),
        ({"direction": "lower_is_worse"}, {"amber": "beyond_red"}),
        ({**BAND, "amber": 9.5}, {"amber": "beyond_red"}),
        ({**BAND, "amber_low": 0.5}, {"amber_low": "beyond_red"}),
        ({**BAND, "amber": 1.5}, {"amber": "no_band"}),
        ({**PACE, "amber": 6}, {"amber": "beyond_red"}),
        ({**PACE, "amber": 0}, {"amber": "out_of_range"}),
        ({"amber": "NaN"}, {"amber": "not_finite"}),
        ({"red": None}, {"red": "required"}),
        ({"direction": ""}, {"direction": "required"}),
        ({"direction": "sideways"}, {"direction": "unknown"}),
        ({"kind": "guess"}, {"kind": "unknown"}),
        ({"kind": ["fixed"]}, {"kind": "unknown"}),
        ({"red_low": 4}, {"red_low": "not_used"}),
        ({**BAND, "direction": "higher_is_worse"}, {"direction": "not_used"}),
        ({"hysteresis": -1}, {"hysteresis": "out_of_range"}),
        ({"hysteresis": 60001}, {"hysteresis": "out_of_range"}),
        ({**PACE, "unit": "lorries"}, {"unit": "other_unit"}),
        ({**PACE, "objective": "nothing"}, {"objective": "unknown_objective"}),
        ({**PACE, "start_on": "2031-01-01"}, {"start_on": "after_due"}),
        ({**PACE, "start_on": "soon"}, {"start_on": "not_a_date"}),
        ({**PACE, "start_value": 0}, {"start_value": "out_of_range"}),
        ({**PACE, "growth": ""}, {"growth": "required"}),
        ({"unit": ""}, {"unit": "required"}),
        ({"unit": "CNY\0t"}, {"unit": "bad_character"}),
        ({"names": ""}, {"names": "required"}),
        ({"names": {"fr": "lithium"}}, {"names": "unknown_language"}),
        ({"frequency_days": 0}, {"frequency_days": "out_of_range"}),
        ({"frequency_days": None}, {"frequency_days": "out_of_range"}),
        ({"frequency_days": 1.5}, {"frequency_days": "out_of_range"}),
        ({"grace_days": -1}, {"grace_days": "out_of_range"}),
        ({"breach_at": "green"}, {"breach_at": "unknown"}),
        ({"label": "guess"}, {"label": "unknown"}),
        ({"owner": "nobody@example.org"}, {"owner": "unknown_member"}),
        ({"active": "yes"}, {"active": "not_a_boolean"}),
        ({"risks": ["R-999"]}, {"risks": "unknown_risk"}),
        ({"risks": "R-001"}, {"risks": "not_a_list"}),
        ({"colour": "red"}, {"colour": "unknown_field"}),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(
    world: World, given: dict[str, Any], code: dict[str, str]
) -> None:
    builders.objective(world)
    events = Event.objects.count()
    with pytest.raises(Invalid) as refused:
        making.indicator(world, **given)
    assert codes(refused) == code
    assert (Indicator.objects.count(), Event.objects.count()) == (0, events)
    assert making.indicator(world).ref == "K-001", "a refused one leaves no gap"


@pytest.mark.parametrize("given", [{}, BAND, PACE])
def test_what_is_right_is_logged(world: World, given: dict[str, Any]) -> None:
    builders.objective(world)
    row = making.indicator(world, builders.risk(world), **given)
    event = visible_events(world.viewer("onlooker").audience).order_by("-seq")[0]
    assert (event.verb, event.subject_ref) == ("indicator.created", row.ref)
    assert '"risks":[null,["R-001"]]' in event.changes
    assert row.next_reading_on == world.today + dt.timedelta(days=35)


def test_the_database_holds_the_limits_too(world: World) -> None:
    row = making.indicator(world)
    for changes in ({"amber": 999999}, {"direction": ""}, {"kind": "band"}, {"kind": "pace"},
                    {"hysteresis": -1}, {"breach_at": "green"}, {"status": "red"}):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            Indicator.objects.filter(pk=row.pk).update(**changes)


def test_pace_follows_the_objective(world: World) -> None:
    builders.objective(world)
    row = making.indicator(world, **PACE)
    # On 31 August 2026 the path asks for 178,220: 164,500 · (300/164.5)^(243/1826).
    for value, status in ((178300, "green"), (174000, "amber"), (169000, "red")):
        making.read(
            world, row, {"at": "2026-08-31", "value": value, "correction": status != "green"}
        )
        assert Indicator.objects.get(pk=row.pk).status == status


def test_editing_is_logged_and_guarded(world: World) -> None:
    row = making.indicator(world)
    act = {"actor": world.viewer("owner"), "ref": row.ref, "at": world.at}
    after = edit_indicator(**act, version=1, fields={"red": "160000", "names": "Lithium"})
    assert (after.version, after.red, after.name) == (2, 160000, "Lithium")
    event = visible_events(world.viewer("onlooker").audience).order_by("-seq")[0]
    assert event.verb == "indicator.edited"
    assert '"red":["150000","160000"]' in event.changes
    with pytest.raises(Conflict):
        edit_indicator(**act, version=1, fields={"red": 170000})
    count = Event.objects.count()
    assert edit_indicator(**act, version=2, fields={"red": 160000}).version == 2
    assert Event.objects.count() == count
    with pytest.raises(Invalid) as refused:
        edit_indicator(**act, version=2, fields={"amber": 170000})
    assert codes(refused) == {"amber": "beyond_red"}
    making.read(world, row, 5)
    with pytest.raises(Invalid) as refused:
        edit_indicator(**act, version=2, fields={"unit": "USD/t"})
    assert codes(refused) == {"unit": "has_readings"}


def test_who_may_set_up_and_change(world: World) -> None:
    row = making.indicator(world)
    for name in ("leader", "auditor", "onlooker"):
        with pytest.raises(Forbidden):
            making.indicator(world, by=getattr(world, name))
    may = {"owner": True, "manager": True, "integration": True}
    may |= dict.fromkeys(("deputy", "leader", "partner_manager"), False)
    for name, fine in may.items():
        act = {"actor": world.viewer(name), "ref": row.ref, "version": None, "at": world.at}
        if fine:
            edit_indicator(**act, fields={"grace_days": len(name)})
        else:
            with pytest.raises(Forbidden):
                edit_indicator(**act, fields={"grace_days": len(name)})


def test_the_party_boundary(world: World) -> None:
    own_risk = builders.risk(world, visibility="party")
    their_risk = builders.risk(world, by=world.partner_owner)
    builders.objective(world, key="secret", visibility="party")
    with pytest.raises(Invalid) as refused:
        making.indicator(world, own_risk)
    assert codes(refused) == {"risks": "narrower"}
    with pytest.raises(Invalid) as refused:
        making.indicator(world, their_risk, visibility="party")
    assert codes(refused) == {"risks": "other_party"}
    with pytest.raises(Invalid) as refused:
        making.indicator(world, **PACE | {"objective": "secret"})
    assert codes(refused) == {"objective": "private_objective"}
    with pytest.raises(Invalid) as refused:
        making.indicator(world, visibility="party", owner=world.partner_owner.email)
    assert codes(refused) == {"owner": "other_party"}
    row = making.indicator(world, own_risk, visibility="party", **PACE | {"objective": "secret"})
    shared = making.indicator(world, their_risk)
    assert (row.ref, shared.ref) == ("FK-001", "K-001")
    assert set(indicators_for(world.viewer("manager"))) == {row, shared}
    for name in ("partner_manager", "auditor", "onlooker"):
        assert set(indicators_for(world.viewer(name))) == {shared}
        message = " ".join(e.changes for e in visible_events(world.viewer(name).audience))
        assert "secret" not in message


def test_a_name_that_changes_keeps_its_other_language_marked_out_of_date(world: World) -> None:
    row = making.indicator(world)
    both = {"en": "Lithium carbonate", "zh-hans": "碳酸锂"}
    assert row.names == both

    def edit(**fields: Any) -> Indicator:
        return edit_indicator(
            actor=world.viewer("owner"), ref=row.ref, version=None, fields=fields, at=world.at
        )

    # A plain text is the English one, and takes no other language away.
    changed = edit(names="Lithium hydroxide")
    assert changed.names == {"en": "Lithium hydroxide", "zh-hans": "碳酸锂"}
    assert changed.outdated_translations == {"zh-hans": ["names"]}
    assert edit(unit="USD/t").outdated_translations == {"zh-hans": ["names"]}
    assert edit(confirmed_translations={"zh-hans": ["names"]}).outdated_translations is None
    # Another version of a translation leaves its original in step.
    better = {"en": "Lithium hydroxide", "zh-hans": "氢氧化锂"}
    assert edit(names=better).outdated_translations is None
    assert edit(names={"en": "Lithium"}).outdated_translations is None
    with nothing_changes(), pytest.raises(Invalid):
        edit(confirmed_translations={"zh-hans": ["names"]})
