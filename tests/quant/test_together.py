"""States simulated together are to the bit what each is alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskreg.quant import (
    Driver,
    Effect,
    Exposure,
    Hit,
    Link,
    Lognormal,
    Mitigation,
    Objective,
    ObjectiveModel,
    PathPlan,
    Pert,
    Portfolio,
    combine_paths,
    simulate_chunk,
)
from riskreg.quant.errors import MismatchedRuns
from riskreg.quant.paths import simulate_path_chunk, simulate_path_chunks
from riskreg.quant.simulate import simulate_chunks
from riskreg.quant.together import state_groups_for_each_exposure

EFFECTS = (
    Effect.severity("a", 0.5),
    Effect.frequency("b", 0.6),
    Effect.frequency("b", Pert(0.2, 0.5, 0.9)),
    Effect.spread("d", 0.3),
    Effect.cap("c", 3.0),
    Effect.severity("c", 1.0),
)


def portfolio() -> Portfolio:
    own = Driver("how often", Pert(0.5, 1, 1.5), persistence=1.0)
    return Portfolio(
        [
            Exposure("a", Lognormal(0, 1), 0.8, links=(Link("d"),)),
            Exposure("b", Lognormal(0, 0.5), probability=0.4),
            Exposure(
                "c", Lognormal(0, 1), 0.5, links=(Link("how often", "frequency", form="factor"),)
            ),
            Exposure("e", Lognormal(0, 1), 0.3, links=(Link("d", "frequency"),)),
        ],
        [Driver("d", Lognormal(0, 0.4)), own],
    )


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=4), st.integers(1, 3))
def test_states_together_are_each_alone(sets: list[set[int]], chunks: int) -> None:
    p = portfolio()
    states = [
        p.mitigated([Mitigation(f"m{k}", 1, (EFFECTS[k],)) for k in sorted(chosen)])
        for chosen in sets
    ]
    for index in range(chunks):
        together = simulate_chunks(states, 70_000, 1, index, chunks)
        for state, part in zip(states, together, strict=True):
            alone = simulate_chunk(state, 70_000, 1, index, chunks)
            assert alone.losses.tobytes() == part.losses.tobytes()


def test_plans_together_are_each_alone() -> None:
    goal = ObjectiveModel(
        Objective("x", 130, due=2028), 100.0, 2025, Pert(0, 0.05, 0.2), hits=(Hit("b", 0.9),)
    )
    plans = [
        PathPlan(portfolio(), 2026, 2028, 70_000, 1, 0.05, 0.6, mitigations=m, objectives=(goal,))
        for m in (
            (),
            tuple((Mitigation(f"m{k}", 1, (EFFECTS[k],)), 2026 + k % 3) for k in (0, 1, 3)),
        )
    ]
    for index in (0, 1):
        together = simulate_path_chunks(plans, index, 2)
        for plan, part in zip(plans, together, strict=True):
            alone = simulate_path_chunk(plan, index, 2)
            assert alone.losses.tobytes() == part.losses.tobytes()
            found, own = part.objectives["x"], alone.objectives["x"]
            assert [x.tobytes() for x in found.arrays_for_digest()] == [
                x.tobytes() for x in own.arrays_for_digest()
            ]
    other = PathPlan(portfolio(), 2026, 2028, 70_000, 2)
    with pytest.raises(MismatchedRuns, match="more than mitigations"):
        simulate_path_chunks([plans[0], other], 0, 2)
    whole = combine_paths([simulate_path_chunk(plans[0], 0, 1)])
    assert whole.objectives["x"].chance_lost_to("b").value > 0


def test_only_what_is_the_same_is_shared() -> None:
    p = portfolio()
    hedged = p.mitigated([Mitigation("m", 1, (EFFECTS[3],))])
    # The driver is another one now, for all that it moves.
    assert state_groups_for_each_exposure([p, hedged, p]) == [
        [[0, 2], [1]],
        [[0, 1, 2]],
        [[0, 1, 2]],
        [[0, 2], [1]],
    ]


def test_lasting_scores_kept_or_drawn_anew_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = PathPlan(portfolio(), 2026, 2029, 70_000, 1)
    kept = simulate_path_chunk(plan, 0, 1).losses.tobytes()
    monkeypatch.setattr("riskreg.quant.paths.HELD_BYTES", 0)
    assert simulate_path_chunk(plan, 0, 1).losses.tobytes() == kept


def test_a_lasting_driver_that_is_tied_to_others_lasts_all_the_same() -> None:
    drivers = [
        Driver("yearly", Lognormal(0, 0.3)),
        Driver("lasting", Lognormal(0, 0.3), persistence=1.0),
    ]
    tied = Portfolio(
        [Exposure("R", Lognormal(0, 1), 1, links=(Link("lasting"),))], drivers, [[1, 0.8], [0.8, 1]]
    )
    plan = PathPlan(tied, 2026, 2028, 20_000, 1, keep_drivers=("yearly", "lasting"))
    found = simulate_path_chunk(plan, 0, 1).drivers
    assert (found["lasting"][:, 0] == found["lasting"][:, 2]).all()
    assert (found["yearly"][:, 0] != found["yearly"][:, 2]).any()
    logs = np.log([found["yearly"][:, 0], found["lasting"][:, 0]])
    assert np.corrcoef(logs)[0, 1] == pytest.approx(0.8, abs=0.02)
