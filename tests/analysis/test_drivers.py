"""Drivers: what several risks share, what is believed of it, how it moves risks and runs."""

import datetime as dt
import json
import math
from typing import Any

import pytest
from django.db import DatabaseError, connection
from scipy import stats

from riskreg.analysis.models import Belief, Driver, DriverLink
from riskreg.analysis.queries.drivers import (
    belief_for,
    driver_for,
    link_for,
    place_of_newer_reading_in_range,
)
from riskreg.analysis.queries.simulations import results_of_done_run, stale_because
from riskreg.analysis.services import (
    end_belief,
    end_link,
    release_estimate,
    request_simulation,
    set_indicator_of_driver,
)
from riskreg.duties.queries.agenda import Wanted, WantedList, most_urgent_duties_for, status_texts
from riskreg.events.models import Event
from riskreg.kernel.errors import Forbidden, Invalid, NotFound
from riskreg.notify.models import Message
from riskreg.reminders.models import Reminder
from riskreg.reminders.services import sweep
from riskreg.risks.models import Risk
from riskreg.risks.services import share_risk
from tests import builders
from tests.analysis.making import belief, driver, estimate, link, simulation
from tests.builders import World
from tests.dump import nothing_changes
from tests.indicators import making as measuring

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@builders.shared_world
def one(world: World) -> World:
    risk = builders.risk(world)
    estimate(world, risk, released=True)
    row = driver(world)
    belief(world, row)
    return world


def lithium() -> Driver:
    return Driver.objects.get(ref="D-001")


def risk_of(world: World) -> Risk:
    return Risk.objects.get(ref="R-001")


def figures(world: World, **given: Any) -> dict[str, Any]:
    results = results_of_done_run(simulation(world, **given))
    return {figure["key"]: figure for figure in results["figures"]}


# What is refused ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"low": "200000", "high": "100"}, "low", "out_of_order"),
        ({"mode": "1"}, "mode", "out_of_order"),
        ({"mode": None}, "mode", "required"),
        ({"family": "lognormal"}, "mode", "contradiction"),
        ({"family": "lognormal", "mode": None, "low": "0"}, "low", "out_of_range"),
        ({"family": "lognormal", "mode": None, "low": "0.01", "high": "90000"}, "high", "too_far"),
        ({"as_of": "2027-01-01"}, "as_of", "in_the_future"),
        ({"review_on": "2026-08-01"}, "review_on", "too_early"),
        ({"label": "sourced"}, "label", "needs_source"),
        ({"rationale": ""}, "rationale", "required"),
        ({"steps": [{"on": "2026-08-01", "factor": "2"}]}, "steps.0.on", "too_early"),
        ({"steps": [{"on": "soon", "factor": "2"}]}, "steps.0.on", "not_a_date"),
        ({"steps": [{"on": "2027-01-01", "factor": "0"}]}, "steps.0.factor", "out_of_range"),
        ({"steps": [{"on": "2027-01-01", "factor": "much"}]}, "steps.0.factor", "not_a_number"),
        ({"steps": [{"on": "2027-01-01", "factor": 2}] * 2}, "steps", "repeated"),
        ({"steps": "2027"}, "steps", "not_a_list"),
        ({"weight": 1}, "weight", "unknown_field"),
    ],
)  # fmt: skip
def test_what_is_no_belief_is_refused_by_name(
    one: World, given: dict[str, Any], field: str, code: str
) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        belief(one, lithium(), **given)
    assert [error.code for error in refused.value.fields[field]] == [code]


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"form": "linear", "sensitivity": "1"}, "sensitivity", "out_of_range"),
        ({"on": "colour"}, "on", "unknown"),
        ({"rationale": ""}, "rationale", "required"),
    ],
)
def test_a_link_that_makes_no_multiplier_is_refused(
    one: World, given: dict[str, Any], field: str, code: str
) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        link(one, lithium(), risk_of(one), **given)
    assert [error.code for error in refused.value.fields[field]] == [code]


def test_a_driver_of_which_nothing_is_believed_moves_nothing_yet(one: World) -> None:
    row = driver(one, names={"en": "Hydrogen price"}, unit="CNY/kg")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        link(one, row, risk_of(one))
    assert refused.value.fields["driver"][0].code == "empty"


def test_a_belief_under_which_a_link_would_not_hold_is_refused(one: World) -> None:
    link(one, lithium(), risk_of(one))
    with nothing_changes(), pytest.raises(Invalid) as refused:
        belief(one, lithium(), low="-1")
    assert "R-001" in refused.value.fields["low"][0].detail


def test_the_same_link_twice_is_refused(one: World) -> None:
    first = link(one, lithium(), risk_of(one))
    with nothing_changes(), pytest.raises(Invalid) as refused:
        link(one, lithium(), risk_of(one))
    assert refused.value.fields["on"][0].code == "taken"
    end_link(actor=one.viewer("owner"), link=first.uuid, at=one.at)
    with nothing_changes():
        end_link(actor=one.viewer("owner"), link=first.uuid, at=one.at)
    assert link(one, lithium(), risk_of(one)).ended_at is None


# Counted once ------------------------------------------------------------------------------------
def test_what_an_estimate_includes_already_cannot_be_linked_again(one: World) -> None:
    estimate(one, risk_of(one), by="manager", included="The lithium price of today", released=True)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        link(one, lithium(), risk_of(one))
    (error,) = refused.value.fields["driver"]
    assert error.code == "twice"
    # Both sentences are shown.
    assert "The lithium price of today" in error.detail
    assert "Cells follow an index" in error.detail


def test_an_estimate_that_includes_what_moves_the_risk_is_refused(one: World) -> None:
    link(one, lithium(), risk_of(one))
    for included in ("D-001 as of today", "LITHIUM PRICE"):
        with nothing_changes(), pytest.raises(Invalid) as refused:
            estimate(one, risk_of(one), included=included)
        assert refused.value.fields["included"][0].code == "twice"
    translated = {"zh-hans": {"included": "已含锂价"}}
    with nothing_changes(), pytest.raises(Invalid):
        estimate(one, risk_of(one), included="Prices", translations=translated)


def test_a_party_that_cannot_know_is_not_told_and_its_link_holds_back_the_release(
    one: World,
) -> None:
    """What one party has not released tells the other nothing, not even by a refusal."""
    risk = builders.risk(one, by=one.partner_owner)
    given = estimate(one, risk, included="Lithium price")
    link(one, lithium(), risk, by="partner_owner")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        release_estimate(actor=one.viewer("owner"), estimate=given.uuid, at=one.at)
    assert refused.value.fields["included"][0].code == "twice"
    with nothing_changes(), pytest.raises(Invalid) as twice:
        simulation(one, audience="party", done=False)
    assert "R-002" in twice.value.fields["audience"][0].detail
    assert simulation(one, by="partner_owner", audience="party", done=False)


# What it makes of a run ---------------------------------------------------------------------------
def test_a_driver_moves_the_figures_as_its_definition_says(one: World) -> None:
    """Severity in proportion to price / median: the mean is E[price] / median times as high."""
    before = figures(one, years=300_000)
    link(one, lithium(), risk_of(one))
    after = figures(one, years=300_000)
    low, mode, high = 58_400, 120_000, 200_000
    a = 1 + 4 * (mode - low) / (high - low)
    price = stats.beta(a, 6 - a, loc=low, scale=high - low)
    expected = before["loss.mean.before"]["value"] * price.mean() / price.median()
    found = after["loss.mean.before"]
    assert found["value"] == pytest.approx(expected, rel=1e-9)
    # A year of a high price costs more: the tail grows, by more than sampling leaves open.
    assert after["loss.p99.before"]["value"] > before["loss.p99.before"]["high"]
    assert after["loss.mean.before"]["label"] == "illustrative"


def test_a_step_that_has_come_moves_the_figures_and_one_to_come_does_not(one: World) -> None:
    link(one, lithium(), risk_of(one))
    plain = figures(one)["loss.mean.before"]["value"]
    step = {"on": str(one.today), "factor": "1.5", "why": "A duty"}
    belief(one, lithium(), steps=[step])
    assert figures(one)["loss.mean.before"]["value"] == pytest.approx(1.5 * plain, rel=1e-6)
    later = {**step, "on": str(one.today + DAY)}
    belief(one, lithium(), steps=[later])
    row = simulation(one, done=False)
    assert json.loads(row.inputs)["drivers"][0]["beliefs"][0]["factor"] == "1"
    viewer = one.viewer("owner")
    assert stale_because(viewer, row, one.today) == []
    # When its day comes the run says so by itself.
    assert stale_because(viewer, row, one.today + DAY) == [{"ref": "D-001", "what": "driver"}]


def test_two_risks_of_one_driver_are_bad_in_the_same_years(one: World) -> None:
    other = builders.risk(one)
    estimate(one, other, released=True)
    apart = figures(one, years=300_000)
    for risk in (risk_of(one), other):
        link(one, lithium(), risk, sensitivity="3")
    together = figures(one, years=300_000)
    means = [f["loss.mean.before"]["value"] for f in (apart, together)]
    tails = [f["loss.p99.before"]["value"] for f in (apart, together)]
    assert tails[1] / means[1] > tails[0] / means[0]
    parts = [f["value"] for key, f in together.items() if key.startswith("contribution.")
             and key.endswith(".before")]  # fmt: skip
    assert math.fsum(parts) == pytest.approx(together["loss.tvar95.before"]["value"], rel=1e-9)


def test_a_link_on_how_often_moves_a_chance_within_its_bounds(one: World) -> None:
    risk = builders.risk(one)
    estimate(
        one, risk, released=True, frequency_kind="probability", frequency_low="0.8",
        frequency_mode="0.9", frequency_high="0.95",
    )  # fmt: skip
    link(one, lithium(), risk, on="frequency", sensitivity="5")
    bars = results_of_done_run(simulation(one))["tornado"]["bars"]
    ends = {(b["risk"], b["on"]): b for b in bars}[(str(lithium().uuid), "driver")]
    assert ends["high"] > ends["low"]
    one_a_year = 46_000_000
    assert ends["high"] - ends["low"] < one_a_year


def test_a_run_without_links_is_as_it_was(one: World) -> None:
    row = simulation(one, done=False)
    assert "drivers" not in json.loads(row.inputs)
    assert "links" not in json.loads(row.inputs)["exposures"][0]


# Whose it is --------------------------------------------------------------------------------------
def test_what_is_private_stays_with_its_party_and_moves_its_runs_alone(one: World) -> None:
    own = driver(one, visibility="party", names={"en": "Own price"})
    assert own.ref == "FD-001"
    said = belief(one, own)
    assert said.visibility == "party"
    moved = link(one, own, risk_of(one))
    assert (moved.visibility, moved.party) == ("party", one.foton)
    for who in ("partner_manager", "auditor"):
        viewer = one.viewer(who)
        for look in (
            lambda viewer=viewer: driver_for(viewer, own.ref),
            lambda viewer=viewer: belief_for(viewer, said.uuid),
            lambda viewer=viewer: link_for(viewer, moved.uuid),
        ):
            with pytest.raises(NotFound):
                look()
    shared = json.loads(simulation(one, done=False).inputs)
    assert "drivers" not in shared
    mine = json.loads(simulation(one, audience="party", done=False).inputs)
    assert [d["driver"] for d in mine["drivers"]] == [str(own.uuid)]
    theirs = simulation(one, by="partner_owner", audience="party", done=False)
    assert "drivers" not in json.loads(theirs.inputs)


def test_a_private_belief_of_a_shared_driver_changes_nothing_that_everybody_sees(
    one: World,
) -> None:
    link(one, lithium(), risk_of(one))
    before = simulation(one, done=False)
    shared = Belief.objects.get()
    belief(one, lithium(), visibility="party", high="900000")
    shared.refresh_from_db()
    assert shared.ended_at is None
    row, new = request_simulation(
        actor=one.viewer("partner_owner"), given={"years": 10_000}, at=one.at
    )
    assert (row, new) == (before, False)
    mine = json.loads(simulation(one, audience="party", done=False).inputs)
    ((_family, _low, _mode, high),) = [b["range"] for b in mine["drivers"][0]["beliefs"]]
    assert high == "900000"


def test_sharing_a_risk_keeps_its_private_link_private(one: World) -> None:
    risk = builders.risk(one, visibility="party")
    estimate(one, risk)
    kept = link(one, lithium(), risk)
    share_risk(actor=one.viewer("manager"), ref=risk.ref, version=None, at=one.at)
    with pytest.raises(NotFound):
        link_for(one.viewer("partner_manager"), kept.uuid)


@pytest.mark.parametrize(
    ("who", "outcome"),
    [("owner", None), ("partner_owner", None), ("integration", None), ("leader", Forbidden),
     ("auditor", Forbidden), ("onlooker", Forbidden)],
)  # fmt: skip
def test_who_may_say_what_they_believe(
    one: World, who: str, outcome: type[Exception] | None
) -> None:
    if outcome is None:
        assert belief(one, lithium(), by=who).expert == getattr(one, who)
        return
    with nothing_changes(), pytest.raises(outcome):
        belief(one, lithium(), by=who)


def test_the_other_party_does_not_link_a_risk_that_is_not_theirs_for_everybody(one: World) -> None:
    with nothing_changes(), pytest.raises(Forbidden):
        link(one, lithium(), risk_of(one), by="partner_owner")
    own = driver(one, by="partner_owner", visibility="party", names={"en": "Cell price"})
    belief(one, own, by="partner_owner")
    assert link(one, own, risk_of(one), by="partner_owner").visibility == "party"


def test_who_may_withdraw_a_belief(one: World) -> None:
    row = Belief.objects.get()
    for who in ("deputy", "partner_manager", "integration"):
        with nothing_changes(), pytest.raises(Forbidden):
            end_belief(actor=one.viewer(who), belief=row.uuid, at=one.at)
    assert end_belief(actor=one.viewer("manager"), belief=row.uuid, at=one.at).ended_at == one.at
    with nothing_changes():
        end_belief(actor=one.viewer("manager"), belief=row.uuid, at=one.at + DAY)


# What is kept -------------------------------------------------------------------------------------
def test_a_newer_belief_takes_the_place_of_ones_last(one: World) -> None:
    old = Belief.objects.get()
    new = belief(one, lithium(), high="300000", at=one.at + DAY)
    old.refresh_from_db()
    assert (old.ended_at, new.ended_at) == (one.at + DAY, None)
    verbs = [e.verb for e in Event.objects.filter(subject_type="belief").order_by("id")]
    assert verbs == ["belief.recorded", "belief.ended", "belief.recorded"]


@pytest.mark.parametrize(
    "sql",
    ["UPDATE analysis_belief SET high = 1", "DELETE FROM analysis_belief",
     "UPDATE analysis_driver SET unit = 'EUR'", "DELETE FROM analysis_driver"],
)  # fmt: skip
def test_the_database_refuses_to_change_what_was_said(one: World, sql: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(sql)


def test_the_database_refuses_to_change_a_link_but_for_its_end(one: World) -> None:
    row = link(one, lithium(), risk_of(one))
    end_link(actor=one.viewer("owner"), link=row.uuid, at=one.at)
    assert DriverLink.objects.get().ended_at == one.at
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("UPDATE analysis_driverlink SET sensitivity = 9")


# An indicator that measures it --------------------------------------------------------------------
def duties(world: World, who: str = "owner") -> list[Any]:
    viewer = world.viewer(who)
    wanted = Wanted(today=world.today, people=frozenset({getattr(world, who).pk}))
    (found,) = most_urgent_duties_for(viewer, [WantedList(wanted, 50)])
    return [duty for duty in found if duty.kind == "belief.look"]


def measured(world: World, *values: str, **given: Any) -> Any:
    row = measuring.indicator(world, risk_of(world), **given)
    set_indicator_of_driver(
        actor=world.viewer("owner"), ref="D-001", indicator=row.ref, at=world.at
    )
    if values:
        measuring.read(world, row, *values)
    return row


def test_a_reading_outside_the_range_asks_its_expert_for_a_look(one: World) -> None:
    measured(one, "120000")
    assert duties(one) == []
    row = Belief.objects.select_related("driver__indicator", "register").get()
    place = place_of_newer_reading_in_range(row)
    assert place is not None
    assert (place.below, place.outside) == (round(100 * row.range.cdf(120_000)), False)
    indicator = row.driver.indicator
    measuring.read(one, indicator, "199000", at=one.at + dt.timedelta(minutes=5))
    (duty,) = duties(one)
    assert (duty.due_on, duty.owner_id, duty.ref) == (one.today, one.owner.pk, "D-001")
    (text,) = status_texts([duty]).values()
    assert "199,000 CNY/t" in text
    # What is believed anew, in the knowledge of it, discharges it.
    belief(one, lithium(), as_of=str(one.today), high="260000")
    assert duties(one) == []


def test_the_review_date_and_the_first_step_ask_for_a_look(one: World) -> None:
    belief(one, lithium(), review_on=str(one.today + 3 * DAY))
    assert [duty.due_on for duty in duties(one)] == [one.today + 3 * DAY]
    step = {"on": str(one.today + 2 * DAY), "factor": "1.1"}
    belief(one, lithium(), review_on=str(one.today + 3 * DAY), steps=[step])
    (duty,) = duties(one)
    assert duty.due_on == one.today + 2 * DAY
    end_belief(actor=one.viewer("owner"), belief=duty.subject, at=one.at)
    assert duties(one) == []


def test_what_is_read_by_one_party_alone_measures_nothing_that_everybody_sees(one: World) -> None:
    own = measuring.indicator(one, risk_of(one), visibility="party")
    act = {"actor": one.viewer("owner"), "at": one.at}
    with nothing_changes(), pytest.raises(Invalid) as refused:
        set_indicator_of_driver(ref="D-001", indicator=own.ref, **act)
    assert refused.value.fields["indicator"][0].code == "narrower"
    other = measuring.indicator(one, risk_of(one), unit="EUR/t")
    with nothing_changes(), pytest.raises(Invalid) as unit:
        set_indicator_of_driver(ref="D-001", indicator=other.ref, **act)
    assert unit.value.fields["indicator"][0].code == "wrong_unit"
    with nothing_changes(), pytest.raises(Invalid):
        set_indicator_of_driver(ref="D-001", indicator="K-999", **act)


def test_its_expert_is_reminded_of_a_look_once_on_each_rung(one: World) -> None:
    """Also where it is a reading that asks for it, and the day is no column of the belief."""
    indicator = measured(one)
    measuring.read(one, indicator, "199000")
    due = duties(one)[0].due_on
    assert due == one.today
    for _n in range(2):
        sweep(one.at + dt.timedelta(hours=1))
    # Those of before are recorded as skipped; that of the day was sent.
    rows = list(Reminder.objects.filter(kind="belief.look").order_by("rung"))
    assert {row.due_on for row in rows} == {due}
    assert rows[-1].rung == 0
    assert len({row.rung for row in rows}) == len(rows)
    told = Message.objects.filter(recipient=one.owner.uuid, text__contains="D-001")
    assert told.exists()
    others = Message.objects.filter(text__contains="D-001").exclude(recipient=one.owner.uuid)
    assert not others.exists()


def test_the_day_of_a_reading_is_that_of_the_register(one: World) -> None:
    """It is tomorrow in Shanghai when a reading of 16:30 in UTC is made."""
    indicator = measured(one)
    late = one.at.replace(hour=16, minute=30) - 2 * DAY
    measuring.read(one, indicator, "199000", at=late)
    assert duties(one)[0].due_on == late.date() + DAY
