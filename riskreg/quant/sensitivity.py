"""Which input matters: one at a time (tornado), and by shares of variance (Sobol)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.discrete import Constant
from riskreg.quant.distributions import Distribution
from riskreg.quant.errors import InvalidPortfolio, InvalidRange, InvalidShape
from riskreg.quant.portfolio import Portfolio
from riskreg.quant.simulate import Simulation, simulate


@dataclass(frozen=True)
class Bar:
    """One input of a tornado: the result with it at its low and at its high value."""

    name: str
    low: float
    high: float

    @property
    def swing(self) -> float:
        return abs(self.high - self.low)


def tornado(
    function: Callable[[Mapping[str, float]], float],
    inputs: Mapping[str, tuple[float, float, float]],
) -> tuple[Bar, ...]:
    """Result of `function` as each input goes to its low and high value, the others at base.

    Parameters
    ----------
    function : takes a value for each input by name.
    inputs : (low, base, high) by name, low ≤ base ≤ high.

    Returns bars, widest swing first (ties by name). Howard (1988), *Management Science* 34(6).

    >>> bars = tornado(lambda x: x["a"] * x["b"], {"a": (1, 2, 3), "b": (4, 5, 8)})
    >>> [(bar.name, bar.low, bar.high) for bar in bars]
    [('a', 5, 15), ('b', 8, 16)]
    """
    if not inputs:
        raise InvalidShape("inputs", inputs, "is empty", "give (low, base, high) by name")
    for name, ends in inputs.items():
        low, base, high = (checks.number(f"inputs[{name}]", x) for x in ends)
        if not low <= base <= high:
            raise InvalidRange(f"inputs[{name}]", ends, "does not rise", "give low, base, high")
    base_case = {name: ends[1] for name, ends in inputs.items()}
    bars = [
        Bar(name, function({**base_case, name: low}), function({**base_case, name: high}))
        for name, (low, _, high) in inputs.items()
    ]
    return tuple(sorted(bars, key=lambda bar: (-bar.swing, bar.name)))


def driver_tornado(
    portfolio: Portfolio,
    years: int,
    seed: int,
    *,
    level: float = 0.9,
    measure: Callable[[Simulation], float] = lambda r: r.mean,
) -> tuple[Bar, ...]:
    """`measure` of the portfolio with each driver held at the ends of its central `level` range.

    The other drivers stay random, and random numbers are common to all runs. Other parameters as
    in `simulate`.
    """
    if not portfolio.drivers:
        raise InvalidPortfolio("portfolio", portfolio.names, "has no drivers", "add drivers")
    tail = (1 - checks.level("level", level)) / 2
    bars = []
    for k, driver in enumerate(portfolio.drivers):
        ends = []
        for q in (tail, 1 - tail):
            held = replace(driver, distribution=Constant(float(driver.distribution.quantile(q))))
            drivers = [*portfolio.drivers[:k], held, *portfolio.drivers[k + 1 :]]
            run = Portfolio(portfolio.exposures, drivers, portfolio.correlation)
            ends.append(measure(simulate(run, years, seed)))
        bars.append(Bar(driver.name, ends[0], ends[1]))
    return tuple(sorted(bars, key=lambda bar: (-bar.swing, bar.name)))


@dataclass(frozen=True)
class VarianceShare:
    """Share of variance from one input: `first` by itself, `total` with its interactions."""

    name: str
    first: float
    total: float


def variance_shares(
    function: Callable[[Array], Array],
    inputs: Mapping[str, Distribution],
    samples: int,
    seed: int,
) -> tuple[VarianceShare, ...]:
    """Sobol indices of independent inputs, in their order.

    Parameters
    ----------
    function : takes shape (inputs, samples), returns shape (samples,).
    inputs : distributions by name, independent.
    samples : ≥ 2; function is called inputs + 2 times with so many. The error falls as 1/√samples.

    First order: mean(f(B) (f(A_B) - f(A))) / Var (Saltelli et al. 2010); total:
    mean((f(A) - f(A_B))²) / 2 Var (Jansen 1999), A_B = A with one row from B.
    *Computer Physics Communications* 181(2), 117(1–2).

    >>> from riskreg.quant import Beta
    >>> inputs = {"a": Beta(1, 1), "b": Beta(1, 1, 0, 2)}
    >>> shares = variance_shares(lambda x: x.sum(axis=0), inputs, 2**14, seed=1)
    >>> [(s.name, round(s.first, 1), round(s.total, 1)) for s in shares]
    [('a', 0.2, 0.2), ('b', 0.8, 0.8)]
    """
    if not inputs:
        raise InvalidShape("inputs", inputs, "is empty", "give distributions by name")
    n = checks.integer("samples", samples, 2, 2**24)
    rng = np.random.default_rng(checks.seed("seed", seed))
    uniform = rng.random((2, len(inputs), n))
    a, b = (
        np.array([d.quantile(row) for d, row in zip(inputs.values(), half, strict=True)])
        for half in uniform
    )
    fa, fb = function(a), function(b)
    variance = float(np.var(np.concatenate([fa, fb])))
    # The estimator's noise grows with the mean, which carries no information here.
    centre = float(np.mean(np.concatenate([fa, fb])))
    shares = []
    for k, name in enumerate(inputs):
        mixed = a.copy()
        mixed[k] = b[k]
        fm = function(mixed)
        if variance == 0:
            shares.append(VarianceShare(name, 0.0, 0.0))
            continue
        first = float(np.mean((fb - centre) * (fm - fa))) / variance
        total = float(np.mean((fa - fm) ** 2)) / (2 * variance)
        shares.append(VarianceShare(name, first, total))
    return tuple(shares)


def given_data_shares(
    inputs: Mapping[str, Sequence[float]], outcome: Sequence[float], bins: int = 32
) -> dict[str, float]:
    """First-order share of the outcome's variance for each input, from samples already drawn.

    Var(E[outcome | input]) / Var(outcome), the condition by equally filled bins of the input, less
    what so many bins would show by chance. Inputs may be correlated: then shares overlap.
    Plischke (2010), *Reliability Engineering & System Safety* 95(4).

    Parameters: inputs of shape (n,) by name, outcome of shape (n,), n ≥ 2 bins.

    >>> x = np.linspace(0, 1, 1000)
    >>> given_data_shares({"x": x}, 3 * x)["x"] > 0.99
    True
    """
    y = checks.array("outcome", outcome, 1)
    count = checks.integer("bins", bins, 2, max(2, y.size // 2))
    variance = float(y.var())
    result = {}
    for name, values in inputs.items():
        x = checks.array(f"inputs[{name}]", values, 1)
        if x.size != y.size:
            raise InvalidShape(f"inputs[{name}]", values, "has another size", f"give {y.size}")
        groups = np.array_split(y[np.argsort(x, kind="stable")], count)
        between = math.fsum(g.size * (float(g.mean()) - float(y.mean())) ** 2 for g in groups)
        raw = between / y.size / variance if variance > 0 else 0.0
        chance = (count - 1) / (y.size - 1)
        result[name] = max(0.0, (raw - chance) / (1 - chance))
    return result
