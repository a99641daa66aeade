"""Giving and releasing estimates: what is refused, who sees what when, what the log says."""

import json
from typing import Any

import pytest

from riskreg.analysis.models import Estimate
from riskreg.analysis.queries.estimates import (
    estimate_for,
    estimates_not_withheld_of,
    newest_of_each_expert_and_stage,
    pool_of_released,
    withheld_count,
)
from riskreg.analysis.services import record_estimate, release_estimate
from riskreg.events.models import Event
from riskreg.kernel.errors import Forbidden, Invalid, NotFound
from riskreg.risks.models import Risk
from riskreg.risks.services import close_risk
from tests import builders
from tests.analysis.making import GIVEN, estimate
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


@builders.shared_world
def one(world: World) -> World:
    builders.risk(world)
    return world


def risk_of(world: World) -> Risk:
    return Risk.objects.get(ref="R-001")


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        (
            {"severity_low": "120000000", "severity_high": "10000000"},
            "severity_low",
            "out_of_order",
        ),
        ({"severity_low": "5", "severity_high": "5"}, "severity_low", "out_of_order"),
        ({"severity_low": "0"}, "severity_low", "out_of_range"),
        ({"severity_low": "-3"}, "severity_low", "out_of_range"),
        ({"severity_low": "1", "severity_high": "1000000"}, "severity_high", "too_far"),
        ({"severity_cap": "1000"}, "severity_cap", "contradiction"),
        ({"severity_mode": "1000"}, "severity_mode", "contradiction"),
        ({"severity_family": "pert"}, "severity_mode", "required"),
        (
            {"severity_family": "pert", "severity_mode": "1000"},
            "severity_mode",
            "out_of_order",
        ),
        (
            {"severity_family": "pert", "severity_mode": "20000000", "severity_cap": "1"},
            "severity_cap",
            "contradiction",
        ),
        ({"frequency_low": "3"}, "frequency_low", "out_of_order"),
        ({"frequency_mode": "9"}, "frequency_mode", "out_of_order"),
        ({"frequency_low": "-1"}, "frequency_low", "out_of_range"),
        ({"frequency_high": "1001"}, "frequency_high", "out_of_range"),
        ({"frequency_kind": "probability"}, "frequency_high", "out_of_range"),
        ({"frequency_kind": "often"}, "frequency_kind", "unknown"),
        ({"frequency_low": ""}, "frequency_low", "required"),
        ({"frequency_high": "many"}, "frequency_high", "not_a_number"),
        ({"frequency_high": float("inf")}, "frequency_high", "not_finite"),
        ({"currency": "EUR"}, "currency", "unknown"),
        ({"base_year": 1066}, "base_year", "out_of_range"),
        ({"base_year": None}, "base_year", "out_of_range"),
        ({"stage": "inherent"}, "stage", "unknown"),
        ({"rationale": " "}, "rationale", "required"),
        ({"label": "sourced"}, "label", "needs_source"),
        ({"label": "certain"}, "label", "unknown"),
        ({"colour": "red"}, "colour", "unknown_field"),
    ],
)
def test_what_is_no_range_is_refused_by_name_and_nothing_is_kept(
    one: World, given: dict[str, Any], field: str, code: str
) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        record_estimate(actor=one.viewer("owner"), ref="R-001", given={**GIVEN, **given}, at=one.at)
    assert code in [error.code for error in refused.value.fields[field]]
    assert all(error.detail.endswith((".", "31", "75.36")) for error in refused.value.fields[field])


def test_everything_wrong_is_said_at_once(one: World) -> None:
    with pytest.raises(Invalid) as refused:
        record_estimate(actor=one.viewer("owner"), ref="R-001", given={}, at=one.at)
    wanted = {"stage", "frequency_kind", "frequency_low", "severity_low", "base_year", "rationale"}
    assert wanted <= set(refused.value.fields)


def test_a_cap_makes_a_very_wide_range_acceptable(one: World) -> None:
    given = {"severity_low": "1", "severity_high": "1000000", "severity_cap": "2000000"}
    row = estimate(one, risk_of(one), **given)
    assert row.severity.quantile(0.999999) < 2_000_000


def test_a_chance_of_once_at_most(one: World) -> None:
    given = {"frequency_low": "0.1", "frequency_mode": "0.2", "frequency_high": "0.5"}
    row = estimate(one, risk_of(one), frequency_kind="probability", **given)
    assert row.frequency.mean == pytest.approx((0.1 + 0.8 + 0.5) / 6)


def test_a_closed_risk_takes_none(one: World) -> None:
    close_risk(actor=one.viewer("owner"), ref="R-001", version=None, reason="Past", at=one.at)
    with pytest.raises(Invalid) as refused:
        estimate(one, risk_of(one))
    assert refused.value.fields["state"][0].code == "closed"


@pytest.mark.parametrize(
    ("who", "may"),
    [("owner", True), ("manager", True), ("integration", True), ("partner_owner", True),
     ("leader", False), ("auditor", False), ("onlooker", False)],
)  # fmt: skip
def test_who_may_give_one(one: World, who: str, may: bool) -> None:
    if may:
        assert estimate(one, risk_of(one), by=who).expert == getattr(one, who)
        return
    with nothing_changes(), pytest.raises(Forbidden):
        estimate(one, risk_of(one), by=who)


@pytest.mark.parametrize(
    ("who", "outcome"),
    [("owner", None), ("manager", None), ("leader", None), ("deputy", Forbidden),
     ("integration", Forbidden), ("partner_manager", NotFound), ("auditor", NotFound)],
)  # fmt: skip
def test_who_may_release_one(one: World, who: str, outcome: type[Exception] | None) -> None:
    row = estimate(one, risk_of(one))
    if who in ("manager", "deputy"):
        # They are shown what others gave, and may release it, once they have given their own.
        estimate(one, risk_of(one), by=who)
    act = {"actor": one.viewer(who), "estimate": row.uuid, "at": one.at}
    if outcome is None:
        assert release_estimate(**act).released_by == getattr(one, who)
        return
    with nothing_changes(), pytest.raises(outcome):
        release_estimate(**act)


def test_an_estimate_is_its_partys_own_until_it_is_released_and_then_everybodys(
    one: World,
) -> None:
    row = estimate(one, risk_of(one))
    for who in ("partner_manager", "auditor", "partner_integration"):
        with pytest.raises(NotFound):
            estimate_for(one.viewer(who), row.uuid)
        assert not estimates_not_withheld_of(one.viewer(who), risk_of(one)).exists()
    release_estimate(actor=one.viewer("owner"), estimate=row.uuid, at=one.at)
    for who in ("auditor", "partner_integration", "partner_leader"):
        assert list(estimates_not_withheld_of(one.viewer(who), risk_of(one))) == [row]


def test_releasing_twice_is_as_once(one: World) -> None:
    row = estimate(one, risk_of(one), released=True)
    with nothing_changes():
        again = release_estimate(actor=one.viewer("leader"), estimate=row.uuid, at=one.at)
    assert again.released_by == one.owner


def test_an_estimate_of_a_private_risk_waits_for_the_risk(one: World) -> None:
    private = builders.risk(one, visibility="party")
    row = estimate(one, private)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        release_estimate(actor=one.viewer("owner"), estimate=row.uuid, at=one.at)
    assert "Share the risk first" in refused.value.detail


def test_others_are_shown_once_ones_own_of_that_state_is_kept(one: World) -> None:
    theirs = estimate(one, risk_of(one), by="manager")
    released = estimate(one, risk_of(one), by="partner_owner", released=True)
    target = estimate(one, risk_of(one), by="manager", stage="target")
    viewer = one.viewer("owner")
    assert list(estimates_not_withheld_of(viewer, risk_of(one))) == []
    assert withheld_count(viewer, risk_of(one)) == 3
    own = estimate(one, risk_of(one))
    assert set(estimates_not_withheld_of(viewer, risk_of(one))) == {theirs, released, own}
    assert withheld_count(viewer, risk_of(one)) == 1
    # Who gives none is shown all: a leader, an auditor, a program.
    assert set(estimates_not_withheld_of(one.viewer("leader"), risk_of(one))) == {
        theirs,
        released,
        own,
        target,
    }
    assert set(estimates_not_withheld_of(one.viewer("integration"), risk_of(one))) == {
        theirs, released, own, target
    }  # fmt: skip


def test_the_pool_is_of_the_newest_released_one_of_each_expert(one: World) -> None:
    estimate(one, risk_of(one), released=True, severity_high="500000000")
    newer = estimate(one, risk_of(one), released=True)
    other = estimate(one, risk_of(one), by="partner_owner", released=True, severity_low="20000000")
    estimate(one, risk_of(one), by="manager", severity_high="900000000")
    rows = list(estimates_not_withheld_of(one.viewer("leader"), risk_of(one)))
    pool = pool_of_released(rows, "residual")
    assert pool is not None
    assert set(pool.members) == {newer, other}
    assert pool.weight == 0.5
    assert pool.severity.mean == pytest.approx((newer.severity.mean + other.severity.mean) / 2)
    assert pool_of_released(rows, "target") is None
    assert len(newest_of_each_expert_and_stage(rows)) == 3


def test_rates_and_chances_make_no_pool(one: World) -> None:
    estimate(one, risk_of(one), released=True)
    estimate(
        one, risk_of(one), by="partner_owner", released=True, frequency_kind="probability",
        frequency_low="0.1", frequency_mode="0.2", frequency_high="0.3",
    )  # fmt: skip
    pool = pool_of_released(
        estimates_not_withheld_of(one.viewer("auditor"), risk_of(one)), "residual"
    )
    assert pool is not None
    assert pool.mixed


def test_the_log_has_it_in_private_and_whole_when_it_is_released(one: World) -> None:
    row = estimate(one, risk_of(one), released=True)
    recorded, released = Event.objects.filter(subject_uuid=row.uuid).order_by("id")
    assert (recorded.verb, released.verb) == ("estimate.recorded", "estimate.released")
    assert recorded.chain.key.endswith(str(one.foton.uuid))
    assert released.chain.key.endswith("shared")
    told = {name: after for name, (_before, after) in json.loads(released.changes).items()}
    assert told["severity_high"] == "120000000.00"
    assert told["risk"] == "R-001"
    assert told["expert"] == str(one.owner.uuid)
    assert told["visibility"] == "shared"


def test_the_expert_of_the_other_party_may_estimate_a_shared_risk_alone(one: World) -> None:
    private = builders.risk(one, visibility="party")
    with pytest.raises(NotFound):
        estimate(one, private, by="partner_owner")
    assert not Estimate.objects.filter(risk=private).exists()
