"""Decision trees: what to do now, what to find out first, and at which chance the choice flips.

A tree is made of `Outcome` (a payoff), `ChanceNode` (nature moves) and `ChoiceNode` (we move); each
branch may cost something when it is taken. `roll_back` takes the best option at each choice and the
mean at each chance. Raiffa (1968), *Decision Analysis*, ch. 2; payoffs are gains, larger is better.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from riskreg.quant import checks
from riskreg.quant.decide import evpi, evsi
from riskreg.quant.errors import InvalidChoice, InvalidProbability, InvalidShape


@dataclass(frozen=True)
class Outcome:
    """The end of a branch: what it is worth, the costs on the way not included."""

    payoff: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "payoff", checks.number("payoff", self.payoff))


@dataclass(frozen=True)
class Branch:
    """One way on: its name, what follows, what taking it costs, and for a chance how likely it is.

    `cost` may be negative: an income on the way.
    """

    name: str
    node: Node
    cost: float = 0.0
    probability: float | None = None

    def __post_init__(self) -> None:
        checks.name("name", self.name)
        if not isinstance(self.node, Outcome | ChanceNode | ChoiceNode):
            raise InvalidChoice(
                "node",
                self.node,
                "is no part of a tree",
                "give an Outcome, ChanceNode or ChoiceNode",
            )
        object.__setattr__(self, "cost", checks.number("cost", self.cost))
        if self.probability is not None:
            chance = checks.probability("probability", self.probability)
            object.__setattr__(self, "probability", chance)


def _checked_branches(name: str, branches: Sequence[Branch]) -> tuple[Branch, ...]:
    checks.name("name", name)
    if not branches:
        raise InvalidShape("branches", branches, f"of {name} are missing", "give one or more")
    checks.unique("branches", [b.name for b in branches])
    return tuple(branches)


@dataclass(frozen=True)
class ChanceNode:
    """Nature moves: branches with probabilities that add up to 1."""

    name: str
    branches: tuple[Branch, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "branches", _checked_branches(self.name, self.branches))
        known = [b.probability for b in self.branches if b.probability is not None]
        if len(known) < len(self.branches):
            raise InvalidProbability(
                "branches", self.name, "has a branch without a probability", "give one to each"
            )
        checks.weights("branches", known, len(known))


@dataclass(frozen=True)
class ChoiceNode:
    """We move: the branches are our options and have no probability."""

    name: str
    branches: tuple[Branch, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "branches", _checked_branches(self.name, self.branches))
        if any(b.probability is not None for b in self.branches):
            raise InvalidProbability(
                "branches",
                self.name,
                "has an option with a probability",
                "use ChanceNode for those",
            )


Node: TypeAlias = Outcome | ChanceNode | ChoiceNode


@dataclass(frozen=True)
class RolledBack:
    """A tree worked out.

    `value` is expected with the best choices; `options` the expected value of each option at the
    root (empty when the root is no choice), `best` the first of the best; `policy` what to choose
    at each choice that may be reached, by the path of names that leads to it; `profile` the
    payoffs, costs taken off, that may come of it with their chances, ascending.
    """

    value: float
    options: dict[str, float]
    best: str | None
    policy: dict[tuple[str, ...], str]
    profile: tuple[tuple[float, float], ...]

    def chance_below(self, payoff: float) -> float:
        """Chance of an end below `payoff`."""
        return math.fsum(p for x, p in self.profile if x < payoff)

    def quantile(self, level: float) -> float:
        """Smallest payoff x with P(payoff ≤ x) ≥ `level`."""
        checks.level("level", level)
        total = 0.0
        for payoff, chance in self.profile:
            total += chance
            if total >= level - 1e-12:
                return payoff
        return self.profile[-1][0]


def roll_back(tree: Node) -> RolledBack:
    """The best policy of `tree` and what it is worth.

    >>> build = ChanceNode("demand", (
    ...     Branch("high", Outcome(100), probability=0.4),
    ...     Branch("low", Outcome(-40), probability=0.6),
    ... ))
    >>> tree = ChoiceNode("now", (Branch("wait", Outcome(0)), Branch("build", build, cost=10)))
    >>> r = roll_back(tree)
    >>> r.value, r.best, r.profile
    (6.0, 'build', ((-50.0, 0.6), (90.0, 0.4)))
    """
    value, policy, profile = _roll_back_node(tree, ())
    options: dict[str, float] = {}
    best = None
    if isinstance(tree, ChoiceNode):
        options = {b.name: _roll_back_node(b.node, ())[0] - b.cost for b in tree.branches}
        best = policy[()]
    ends = tuple(sorted(profile.items()))
    return RolledBack(value, options, best, policy, ends)


def roll_back_option(tree: ChoiceNode, option: str) -> RolledBack:
    """As `roll_back`, with `option` taken at the root whether it is the best or not."""
    for branch in tree.branches:
        if branch.name == option:
            return roll_back(ChoiceNode(tree.name, (branch,)))
    known = ", ".join(b.name for b in tree.branches)
    raise InvalidChoice("option", option, "is not an option", f"give one of {known}")


_Rolled = tuple[float, dict[tuple[str, ...], str], dict[float, float]]


def _roll_back_node(node: Node, path: tuple[str, ...]) -> _Rolled:
    if isinstance(node, Outcome):
        return node.payoff, {}, {node.payoff: 1.0}
    policy: dict[tuple[str, ...], str] = {}
    below = [_roll_back_node(b.node, (*path, b.name)) for b in node.branches]
    worth = [r[0] - b.cost for b, r in zip(node.branches, below, strict=True)]
    if isinstance(node, ChoiceNode):
        k = int(np.argmax(worth))
        policy[path] = node.branches[k].name
        policy |= below[k][1]
        return worth[k], policy, {x - node.branches[k].cost: p for x, p in below[k][2].items()}
    profile: dict[float, float] = {}
    for branch, (_, deeper, ends) in zip(node.branches, below, strict=True):
        chance = branch.probability or 0.0
        if chance == 0:
            continue
        policy |= deeper
        for payoff, p in ends.items():
            end = payoff - branch.cost
            profile[end] = profile.get(end, 0.0) + chance * p
    chances = [b.probability or 0.0 for b in node.branches]
    return math.fsum(p * w for p, w in zip(chances, worth, strict=True)), policy, profile


@dataclass(frozen=True)
class Flip:
    """Where the best option at the root changes as a number rises: from `before` to `after`."""

    at: float
    before: str
    after: str


def flips(
    tree: Callable[[float], ChoiceNode], low: float = 0.0, high: float = 1.0, steps: int = 1000
) -> tuple[Flip, ...]:
    """Every value between `low` and `high` at which the best option of `tree(value)` changes.

    Parameters
    ----------
    tree : builds the tree for a value of the input in question, usually a probability.
    steps : places at which it is looked first; two changes between neighbours go unseen.

    The switching value of appraisal (HM Treasury, *The Green Book*, 5.59), by bisection to the last
    bit.

    >>> def tree(p):
    ...     ends = (Branch("wins", Outcome(30), probability=p),
    ...             Branch("loses", Outcome(-10), probability=1 - p))
    ...     game = ChanceNode("game", ends)
    ...     return ChoiceNode("play?", (Branch("no", Outcome(0)), Branch("yes", game)))
    >>> [(round(f.at, 12), f.before, f.after) for f in flips(tree)]
    [(0.25, 'no', 'yes')]
    """
    a, b = checks.number("low", low), checks.number("high", high)
    count = checks.integer("steps", steps, 1, 10**6)
    if not a < b:
        raise InvalidShape("low", low, f"is not below high = {high!r}", "give low < high")
    places = np.linspace(a, b, count + 1)
    # An end may tie (at a chance of 0 or 1); what holds just inside it is meant.
    places[0] += (b - a) * 1e-9
    places[-1] -= (b - a) * 1e-9
    names = [_best_option_at(tree, float(x)) for x in places]
    found = []
    for left, right, before, after in zip(
        places[:-1], places[1:], names[:-1], names[1:], strict=True
    ):
        start, end, last = float(left), float(right), after
        while before != last:
            # Bisect to the first change after `start`, then look on for another.
            lo, hi, beyond = start, end, last
            while lo < (middle := (lo + hi) / 2) < hi:
                name = _best_option_at(tree, middle)
                lo, hi, beyond = (middle, hi, beyond) if name == before else (lo, middle, name)
            found.append(Flip(hi, before, beyond))
            start, before = hi, beyond
    return tuple(found)


def _best_option_at(tree: Callable[[float], ChoiceNode], x: float) -> str:
    return roll_back(tree(x)).best or ""


@dataclass(frozen=True)
class StudyValue:
    """What to find out first is worth.

    `perfect` (EVPI) is the most that any study of these states may cost, `sample` (EVSI) this one;
    `net` its worth less its cost; `with_study`, `without` the expected payoffs; `by_state` the
    payoff of "study, then act on it" in each state, its cost taken off, as a row for `decide`.
    """

    perfect: float
    sample: float
    net: float
    with_study: float
    without: float
    by_state: tuple[float, ...]


def study_value(
    payoffs: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    likelihood: npt.ArrayLike,
    cost: float = 0.0,
) -> StudyValue:
    """What a study is worth before it is made; parameters as in `evsi`, `cost` of the study.

    >>> from riskreg.quant import screening_likelihood
    >>> v = study_value([[0, 0], [1100, -900]], [0.5, 0.5], screening_likelihood(0.8, 0.75), 120)
    >>> round(v.perfect), round(v.sample, 1), round(v.with_study, 1), [round(x) for x in v.by_state]
    (450, 227.5, 207.5, [760, -345])
    """
    table = checks.array("payoffs", payoffs, 2)
    paid = checks.non_negative("cost", cost)
    sample = evsi(table, probabilities, likelihood)
    chances = checks.weights("probabilities", probabilities, table.shape[1])
    signals = checks.array("likelihood", likelihood, 2)
    chosen = (table @ (chances[:, None] * signals)).argmax(axis=0)
    by_state = (signals * table[chosen].T).sum(axis=1) - paid
    without = float((table @ chances).max())
    return StudyValue(
        perfect=evpi(table, chances),
        sample=sample,
        net=sample - paid,
        with_study=without + sample - paid,
        without=without,
        by_state=tuple(by_state.tolist()),
    )


def study_tree(
    actions: Sequence[str],
    states: Sequence[str],
    payoffs: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    signals: Sequence[str],
    likelihood: npt.ArrayLike,
    cost: float,
    *,
    study: str = "study first",
) -> ChoiceNode:
    """The tree of "act now, or study first and act on the signal", with Bayes' theorem done.

    >>> from riskreg.quant import screening_likelihood
    >>> tree = study_tree(["stop", "all in"], ["viable", "not"], [[0, 0], [1100, -900]],
    ...     [0.5, 0.5], ["go", "no go"], screening_likelihood(0.8, 0.75), 120, study="gate")
    >>> {name: round(x, 6) for name, x in roll_back(tree).options.items()}
    {'stop': 0.0, 'all in': 100.0, 'gate': 207.5}
    """
    table = checks.array("payoffs", payoffs, 2)
    chances = checks.weights("probabilities", probabilities, len(states))
    model = checks.array("likelihood", likelihood, 2)
    if table.shape != (len(actions), len(states)) or model.shape != (len(states), len(signals)):
        raise InvalidShape(
            "payoffs",
            payoffs,
            f"has shape {table.shape} and the likelihood {model.shape}",
            f"give ({len(actions)}, {len(states)}) and ({len(states)}, {len(signals)})",
        )
    for row in model:
        checks.weights("likelihood", row, row.size)

    def act(after: npt.NDArray[np.float64]) -> tuple[Branch, ...]:
        def ends(row: npt.NDArray[np.float64]) -> tuple[Branch, ...]:
            return tuple(
                Branch(state, Outcome(float(x)), probability=float(p))
                for state, x, p in zip(states, row, after, strict=True)
            )

        return tuple(
            Branch(action, ChanceNode("state", ends(row)))
            for action, row in zip(actions, table, strict=True)
        )

    joint = chances[:, None] * model
    seen = joint.sum(axis=0)
    learnt = tuple(
        Branch(
            signal,
            # A signal that never comes leaves what was believed.
            ChoiceNode("act on it", act(joint[:, k] / seen[k] if seen[k] > 0 else chances)),
            probability=float(seen[k] / seen.sum()),
        )
        for k, signal in enumerate(signals)
    )
    return ChoiceNode("now", (*act(chances), Branch(study, ChanceNode("signal", learnt), cost)))
