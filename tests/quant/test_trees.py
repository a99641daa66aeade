"""Decision trees, against hand work, random trees against every policy, and the hydrogen gate."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskreg.quant import (
    Branch,
    ChanceNode,
    ChoiceNode,
    Outcome,
    evpi,
    evsi,
    flips,
    roll_back,
    roll_back_option,
    screening_likelihood,
    study_tree,
    study_value,
)
from riskreg.quant.errors import InvalidChoice, InvalidProbability, InvalidShape
from riskreg.quant.trees import Node

PAYOFFS = [[0, 0], [1100, -900]]
SIGNALS = screening_likelihood(0.8, 0.75)


def gate(p: float) -> ChoiceNode:
    return study_tree(
        ["stop", "all in"],
        ["viable", "not viable"],
        PAYOFFS,
        [p, 1 - p],
        ["go", "no go"],
        SIGNALS,
        120,
        study="gate",
    )


def test_the_hydrogen_gate_by_hand() -> None:
    r = roll_back(gate(0.5))
    assert r.options == pytest.approx({"stop": 0, "all in": 100, "gate": 207.5})
    # 0.5 × 0.8 × 1100 - 0.5 × 0.25 × 900 - 120.
    assert r.value == pytest.approx(440 - 112.5 - 120)
    assert r.policy[("gate", "go")] == "all in"
    assert r.policy[("gate", "no go")] == "stop"
    assert [x for x, _ in r.profile] == pytest.approx([-1020, -120, 980])
    assert [p for _, p in r.profile] == pytest.approx([0.125, 0.475, 0.4])
    # Better on average, though it loses more often: both are shown.
    assert roll_back_option(gate(0.5), "gate").chance_below(0) == pytest.approx(0.6)
    assert roll_back_option(gate(0.5), "all in").chance_below(0) == pytest.approx(0.5)
    assert (r.quantile(0.05), r.quantile(0.95)) == (-1020, 980)
    low = roll_back(gate(0.3)).options
    assert low == pytest.approx({"stop": 0, "all in": -300, "gate": -13.5})


def test_the_chances_at_which_the_hydrogen_decision_flips() -> None:
    """Gate = 1105 p - 345, all in = 2000 p - 900."""
    found = flips(gate)
    assert [(f.before, f.after) for f in found] == [("stop", "gate"), ("gate", "all in")]
    assert [f.at for f in found] == pytest.approx([345 / 1105, 555 / 895], abs=1e-12)
    assert [round(100 * f.at, 1) for f in found] == [31.2, 62.0]


def test_what_a_study_is_worth() -> None:
    v = study_value(PAYOFFS, [0.5, 0.5], SIGNALS, 120)
    assert (v.perfect, v.sample, v.net) == pytest.approx((450, 227.5, 107.5))
    assert (v.with_study, v.without) == pytest.approx((207.5, 100))
    assert v.by_state == pytest.approx((760, -345))


def every_policy(node: Node) -> list[float]:
    """Expected value of every way to choose, by enumeration."""
    if isinstance(node, Outcome):
        return [node.payoff]
    below = [[x - b.cost for x in every_policy(b.node)] for b in node.branches]
    if isinstance(node, ChoiceNode):
        return [x for values in below for x in values]
    chances = [b.probability or 0.0 for b in node.branches]
    return [
        math.fsum(p * x for p, x in zip(chances, values, strict=True))
        for values in itertools.product(*below)
    ]


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> Node:
    kind = draw(st.sampled_from(["end", "chance", "choice"])) if depth else "end"
    if kind == "end":
        return Outcome(draw(st.integers(-100, 100)))
    count = draw(st.integers(1, 2 if depth > 1 else 3))
    nodes = [draw(trees(depth - 1)) for _ in range(count)]
    costs = [draw(st.integers(-5, 20)) for _ in range(count)]
    if kind == "choice":
        ways = zip(nodes, costs, strict=True)
        return ChoiceNode("c", tuple(Branch(str(k), n, c) for k, (n, c) in enumerate(ways)))
    raw = np.array([draw(st.integers(1, 9)) for _ in range(count)], dtype=float)
    shares = (raw / raw.sum()).tolist()
    parts = zip(nodes, costs, shares, strict=True)
    return ChanceNode("n", tuple(Branch(str(k), n, c, p) for k, (n, c, p) in enumerate(parts)))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(trees())
def test_rolling_back_equals_trying_every_policy(tree: Node) -> None:
    r = roll_back(tree)
    assert r.value == pytest.approx(max(every_policy(tree)), abs=1e-9)
    assert math.fsum(p for _, p in r.profile) == pytest.approx(1)
    assert math.fsum(x * p for x, p in r.profile) == pytest.approx(r.value, abs=1e-9)
    payoffs = [x for x, _ in r.profile]
    assert payoffs == sorted(payoffs)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_a_tree_with_a_study_is_its_preposterior_analysis(seed: int) -> None:
    rng = np.random.default_rng(seed)
    actions, states, signals = rng.integers(1, 4, 3)
    payoffs = rng.normal(0, 100, (actions, states))
    prior = rng.dirichlet(np.ones(states))
    model = rng.dirichlet(np.ones(signals), states)
    names = [
        [f"{kind}{k}" for k in range(n)]
        for kind, n in zip("abc", (actions, states, signals), strict=True)
    ]
    tree = study_tree(names[0], names[1], payoffs, prior, names[2], model, 5.0)
    v = study_value(payoffs, prior, model, 5.0)
    options = roll_back(tree).options
    assert options["study first"] == pytest.approx(v.with_study, abs=1e-9)
    assert v.sample == pytest.approx(evsi(payoffs, prior, model), abs=1e-9)
    assert v.sample <= v.perfect + 1e-9
    assert v.perfect == pytest.approx(evpi(payoffs, prior))
    assert float(prior @ np.array(v.by_state)) == pytest.approx(v.with_study, abs=1e-9)
    assert options["a0"] == pytest.approx(float(payoffs[0] @ prior))


def test_flips_back_and_forth_are_all_found() -> None:
    def tree(x: float) -> ChoiceNode:
        # Three lines: 1 - x, 0.6, x. The middle one leads between 0.4 and 0.6.
        lines = {"falls": 1 - x, "flat": 0.6, "rises": x}
        return ChoiceNode("c", tuple(Branch(n, Outcome(v)) for n, v in lines.items()))

    for steps in (1, 7, 1000):
        found = flips(tree, steps=steps)
        assert [(f.before, f.after) for f in found] == [("falls", "flat"), ("flat", "rises")]
        assert [f.at for f in found] == pytest.approx([0.4, 0.6], abs=1e-12)
    assert flips(tree, 0.45, 0.55) == ()


def test_trees_that_are_none_are_refused() -> None:
    end = Outcome(1)
    with pytest.raises(InvalidProbability, match="without a probability"):
        ChanceNode("n", (Branch("a", end), Branch("b", end, probability=0.5)))
    with pytest.raises(InvalidProbability, match=r"adds up to 0\.9"):
        ChanceNode("n", (Branch("a", end, probability=0.4), Branch("b", end, probability=0.5)))
    with pytest.raises(InvalidProbability, match="option with a probability"):
        ChoiceNode("c", (Branch("a", end, probability=0.4),))
    with pytest.raises(InvalidShape, match="missing"):
        ChoiceNode("c", ())
    with pytest.raises(InvalidChoice, match="no part of a tree"):
        Branch("a", 5)  # type: ignore[arg-type]
    with pytest.raises(InvalidChoice, match="not an option"):
        roll_back_option(gate(0.5), "wait")
    with pytest.raises(InvalidShape, match="low < high"):
        flips(gate, 0.5, 0.5)
