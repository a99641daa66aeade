"""What it is worth to know one uncertain quantity before deciding, the others staying unknown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.discrete import Constant
from riskreg.quant.errors import InvalidPortfolio, InvalidShape, InvalidYears
from riskreg.quant.expected import closed_form_mean, expected_loss_given_drivers, expected_losses
from riskreg.quant.mitigations import Mitigation
from riskreg.quant.portfolio import Portfolio
from riskreg.quant.sampling import BLOCK, Sampler
from riskreg.quant.sensitivity import Bar
from riskreg.quant.together import state_groups_for_each_exposure


@dataclass(frozen=True)
class InformationValue:
    """Most that knowing a quantity is worth, 0 or more, with its standard error; in the unit of the
    payoffs."""

    value: float
    standard_error: float


def evppi(
    payoffs: npt.ArrayLike, information: npt.ArrayLike, bins: int | None = None
) -> InformationValue:
    """Expected value of partial perfect information, from samples already drawn.

    Parameters
    ----------
    payoffs : shape (options, n), gain of each option in each sampled state of the world.
    information : shape (n,), the quantity that would be known; only its order counts.
    bins : groups of neighbouring values among which the choice may differ; √n / 4 when left out.

    E over X of max_a E[payoff_a | X] - max_a E[payoff_a], the inner mean over neighbours in X
    (Strong and Oakley 2013, *Medical Decision Making* 33(6)). Each half of a group chooses for the
    other half, so that noise is never taken for information: what is found errs downwards by the
    width of a group.

    >>> x = np.linspace(-1, 1, 10_000)
    >>> round(evppi([np.zeros(10_000), x], x).value, 3)  # E max(0, X) = 1/4
    0.25
    """
    table = checks.array("payoffs", payoffs, 2)
    known = checks.array("information", information, 1)
    n = known.size
    if table.shape[1] != n:
        raise InvalidShape("information", information, f"has {n} entries", f"give {table.shape[1]}")
    if n < 8:
        raise InvalidShape("payoffs", payoffs, f"has {n} samples", "give 8 or more")
    chosen = max(2, min(200, int(math.sqrt(n) / 4))) if bins is None else bins
    count = checks.integer("bins", chosen, 1, n // 4)
    order = np.argsort(known, kind="stable")
    best = int(table.mean(axis=1).argmax())
    gains = np.empty(n)
    for group in np.array_split(order, count):
        halves = group[0::2], group[1::2]
        for here, other in (halves, halves[::-1]):
            option = int(table[:, other].mean(axis=1).argmax())
            gains[here] = table[option, here] - table[best, here]
    error = float(gains.std(ddof=1)) / math.sqrt(n)
    return InformationValue(max(0.0, float(gains.mean())), error)


@dataclass(frozen=True)
class DriverInformation:
    """What knowing the drivers is worth to a choice between options.

    `expected` payoff of each option; `best` the first with the highest; `each` driver known alone;
    `all_drivers` known together, the most that any inquiry into them can be worth.
    """

    expected: dict[str, float]
    best: str
    each: dict[str, InformationValue]
    all_drivers: InformationValue


def driver_evppi(
    portfolio: Portfolio,
    options: Mapping[str, Sequence[Mitigation]],
    years: int,
    seed: int,
) -> DriverInformation:
    """Value of information per driver, for a choice between sets of mitigations.

    Parameters
    ----------
    options : the sets by name, at least two, doing nothing (an empty one) among them if it may be.
    years : sampled states of the drivers, 8 … 10^6. Other parameters as in `simulate`.

    The payoff of an option is minus its cost and minus the expected loss given the drivers, in
    closed form (see `riskreg.quant.expected`): whose events happen is no information that anybody
    could ask for. A driver that moves nothing which the options change is worth exactly 0. Drivers
    that are ranges of the mitigations' own effects are not asked about.

    >>> from riskreg.quant import Constant, Driver, Effect, Exposure, Link, Pert
    >>> p = Portfolio([Exposure("R", Constant(10), rate=1, links=[Link("price")])],
    ...               [Driver("price", Pert(1, 2, 3))])
    >>> halve = Mitigation("halve", 5, [Effect.severity("R", 0.5)])
    >>> found = driver_evppi(p, {"nothing": [], "halve": [halve]}, years=50_000, seed=1)
    >>> round(found.each["price"].value, 2), found.each["price"] == found.all_drivers
    (0.39, False)
    """
    if len(options) < 2:
        raise InvalidShape("options", list(options), "leave no choice", "give two sets or more")
    if not portfolio.drivers:
        raise InvalidPortfolio("portfolio", portfolio.names, "has no drivers", "add drivers")
    n = checks.integer("years", years, 8, 10**6, InvalidYears)
    checks.seed("seed", seed)
    states = [portfolio.mitigated(chosen) for chosen in options.values()]
    # What no option changes moves all alike; it is part of the level, and no drivers' business.
    changed = [
        k for k, groups in enumerate(state_groups_for_each_exposure(states)) if len(groups) > 1
    ]
    alike = [e for k, e in enumerate(portfolio.exposures) if k not in changed]
    level = 0.0
    if alike:
        rest = Portfolio(alike, portfolio.drivers, portfolio.correlation)
        level = expected_losses(rest, n, seed)[""].value
    table = np.array(
        [
            _payoffs_by_year(state, changed, n, seed) - math.fsum(m.cost for m in chosen) - level
            for state, chosen in zip(states, options.values(), strict=True)
        ]
    )
    expected = dict(zip(options, table.mean(axis=1).tolist(), strict=True))
    best = int(table.mean(axis=1).argmax())
    gains = table.max(axis=0) - table[best]
    together = InformationValue(
        float(gains.mean()), float(gains.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    )
    base = Sampler(portfolio, seed)
    asked = _drivers_that_matter(portfolio, states, changed)
    each = dict.fromkeys((d.name for d in portfolio.drivers), InformationValue(0.0, 0.0))
    for driver in portfolio.drivers:
        if driver.name not in asked:
            continue
        scores = np.concatenate(
            [
                base.driver_values(b, size).normal_scores(driver.name)
                for b, size in _blocks_and_year_counts(n)
            ]
        )
        each[driver.name] = evppi(table, scores)
    return DriverInformation(expected, list(options)[best], each, together)


def _blocks_and_year_counts(years: int) -> list[tuple[int, int]]:
    return [(b, min(BLOCK, years - b * BLOCK)) for b in range(-(-years // BLOCK))]


def _drivers_that_matter(
    portfolio: Portfolio, states: Sequence[Portfolio], changed: Sequence[int]
) -> set[str]:
    """Drivers that move something that the options change, or are tied to one that does."""
    found = {x.driver for state in states for k in changed for x in state.exposures[k].links}
    if portfolio.correlation is None:
        return found
    names = [d.name for d in portfolio.drivers]
    tied = {
        a
        for i, a in enumerate(names)
        for j, _ in enumerate(names)
        if i != j and portfolio.correlation[i][j] != 0
    }
    # Ties may run through several drivers; all that are tied at all are asked about.
    return found | tied if found & tied else found


def _payoffs_by_year(state: Portfolio, changed: Sequence[int], years: int, seed: int) -> Array:
    sampler = Sampler(state, seed)
    parts = []
    for block, size in _blocks_and_year_counts(years):
        values = sampler.driver_values(block, size)
        losses = np.zeros(size)
        for k in changed:
            losses += expected_loss_given_drivers(state.exposures[k], sampler, values, size)
        parts.append(-losses)
    return np.concatenate(parts)


def expected_tornado(
    portfolio: Portfolio, years: int, seed: int, *, level: float = 0.9
) -> tuple[Bar, ...]:
    """Expected loss of a year with each driver held at the ends of its central `level` range.

    As `driver_tornado` for the mean, without the noise of events, and looking only at exposures
    that the driver moves: a register whose every frequency is a range has hundreds of drivers.
    Widest swing first, ties by name.

    >>> from riskreg.quant import Constant, Driver, Exposure, Link, Pert
    >>> p = Portfolio([Exposure("R", Constant(10), rate=1, links=[Link("price")])],
    ...               [Driver("price", Pert(1, 2, 3))])
    >>> [(b.name, round(b.low, 2), round(b.high, 2)) for b in expected_tornado(p, 100, seed=1)]
    [('price', 6.89, 13.11)]
    """
    tail = (1 - checks.level("level", level)) / 2
    whole = expected_losses(portfolio, years, seed)
    bars = []
    for k, driver in enumerate(portfolio.drivers):
        moved = [e for e in portfolio.exposures if driver.name in {x.driver for x in e.links}]
        if not moved:
            bars.append(Bar(driver.name, whole[""].value, whole[""].value))
            continue
        rest = whole[""].value - math.fsum(whole[e.name].value for e in moved)
        ends = []
        for q in (tail, 1 - tail):
            held = replace(driver, distribution=Constant(float(driver.distribution.quantile(q))))
            drivers = [*portfolio.drivers[:k], held, *portfolio.drivers[k + 1 :]]
            part = Portfolio(moved, drivers, portfolio.correlation)
            known = [closed_form_mean(e, part) for e in moved]
            if all(x is not None for x in known):
                ends.append(rest + math.fsum(x or 0.0 for x in known))
            else:
                ends.append(rest + expected_losses(part, years, seed)[""].value)
        bars.append(Bar(driver.name, ends[0], ends[1]))
    return tuple(sorted(bars, key=lambda bar: (-bar.swing, bar.name)))
