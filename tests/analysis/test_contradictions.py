"""Where the matrix and the money put two risks in different orders, and who learns of it."""

from typing import Any

import pytest

from riskreg.analysis.policy.contradictions import Ranked, contradictions
from riskreg.analysis.queries.contradictions import contradictions_among_open_threats
from riskreg.analysis.queries.simulations import results_of_done_run
from riskreg.risks.models import Risk
from riskreg.risks.services import close_risk, share_risk
from tests import builders
from tests.analysis.making import estimate, simulation
from tests.builders import World

MIDDLES = {1: 0.05, 2: 0.2, 3: 0.4, 4: 0.7, 5: 0.9}
MONEY = {1: 0.5, 2: 11.0, 3: 45.0, 4: 180.0, 5: 500.0}


def cell(likelihood: int, impact: int) -> Ranked:
    """A risk in the middle of a cell, by a scale of these tests (illustrative)."""
    money = MIDDLES[likelihood] * MONEY[impact]
    return Ranked(f"{likelihood}x{impact}", likelihood, impact, likelihood * impact, money)


def found(*rows: Ranked) -> list[tuple[str, str, float]]:
    return [(p.under.risk, p.over.risk, round(p.times, 3)) for p in contradictions(rows)]


def test_a_lower_score_that_costs_much_more_is_told() -> None:
    # 0.05 × 500 = 25 against 0.4 × 11 = 4.4 a year.
    assert found(cell(3, 2), cell(1, 5)) == [("1x5", "3x2", 5.682)]


def test_the_same_score_is_told_from_five_times_on() -> None:
    # 0.2 × 500 = 100 against 0.9 × 11 = 9.9 a year.
    assert found(cell(5, 2), cell(2, 5)) == [("2x5", "5x2", 10.101)]
    near = Ranked("near", 2, 5, 10, 4.9 * cell(5, 2).money)
    assert found(cell(5, 2), near) == []


def test_what_the_matrix_has_right_is_not_told() -> None:
    assert found(cell(5, 5), cell(1, 1), cell(3, 3)) == []
    assert found() == []
    assert found(cell(2, 2)) == []


def test_twice_is_where_it_begins_and_nothing_costs_infinitely_more() -> None:
    above = Ranked("above", 5, 5, 25, 10.0)
    assert found(above, Ranked("below", 1, 1, 1, 19.99)) == []
    assert found(above, Ranked("below", 1, 1, 1, 20.0)) == [("below", "above", 2.0)]
    assert found(Ranked("free", 5, 5, 25, 0.0), Ranked("below", 1, 1, 1, 5.0)) == []


def test_each_risk_comes_once_with_its_widest_gap_whatever_the_order() -> None:
    rows = [Ranked("a", 1, 5, 5, 100.0), Ranked("b", 3, 3, 9, 10.0), Ranked("c", 3, 2, 6, 4.0)]
    once = [("a", "c", 25.0), ("b", "c", 2.5)]
    # b scores more than c and costs more: that is as it should be.
    assert found(*rows) == [once[0]]
    assert found(*reversed(rows)) == [once[0]]


# In a register ------------------------------------------------------------------------------------
def rare_and_frequent(world: World, **about: Any) -> tuple[Risk, Risk]:
    """A rare ruin and a frequent trifle, of which the matrix has the trifle above."""
    rare = builders.risk(world, title="Ruin", rated=(1, 5), **about)
    often = builders.risk(world, title="Trifle", rated=(3, 2), **about)
    seldom = {"frequency_low": "0.05", "frequency_mode": "0.1", "frequency_high": "0.2"}
    estimate(world, rare, released=True, **seldom)
    small = {"severity_low": "100000", "severity_high": "300000"}
    estimate(world, often, released=True, **small)
    return rare, often


def told(world: World, who: str, run: Any) -> list[tuple[str, str]]:
    viewer = world.viewer(who)
    pairs = contradictions_among_open_threats(viewer, results_of_done_run(run))
    refs = {str(row.uuid): row.ref for row in Risk.objects.all()}
    return [(refs[pair.under.risk], refs[pair.over.risk]) for pair in pairs]


@pytest.mark.django_db
def test_a_run_names_them_and_follows_todays_matrix(world: World) -> None:
    rare, often = rare_and_frequent(world)
    run = simulation(world)
    assert told(world, "leader", run) == [(rare.ref, often.ref)]
    assert told(world, "partner_leader", run) == [(rare.ref, often.ref)]
    builders.assess(world, rare, (2, 5))
    assert told(world, "leader", run) == []


@pytest.mark.django_db
def test_a_closed_risk_and_one_that_nobody_rated_are_compared_with_none(world: World) -> None:
    rare, often = rare_and_frequent(world)
    unrated = builders.risk(world, rated=None, opened=False)
    assert unrated.positions.get(valid_to=None).residual_score is None
    run = simulation(world)
    assert told(world, "leader", run) == [(rare.ref, often.ref)]
    owner = world.viewer("owner")
    close_risk(actor=owner, ref=rare.ref, version=None, reason="over", at=world.at)
    assert told(world, "leader", run) == []


@pytest.mark.django_db
def test_a_partys_own_risks_are_compared_in_its_own_run_alone(world: World) -> None:
    rare = builders.risk(world, title="Ruin", rated=(1, 5))
    estimate(world, rare, released=True, frequency_low="0.05", frequency_mode="0.1",
             frequency_high="0.2")  # fmt: skip
    own = builders.risk(world, title="Own", rated=(3, 2), visibility="party")
    estimate(world, own, severity_low="100000", severity_high="300000")
    shared, private = simulation(world), simulation(world, audience="party")
    for who in ("leader", "partner_leader"):
        assert told(world, who, shared) == []
    assert told(world, "leader", private) == [(rare.ref, own.ref)]
    share_risk(actor=world.viewer("manager"), ref=own.ref, version=None, at=world.at)
    # Shared later, it was not in the shared run.
    assert told(world, "partner_leader", shared) == []
