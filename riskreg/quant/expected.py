"""Expected losses without the noise of events: in closed form where no shared driver acts.

Given the drivers, the expected loss of a year is rate × E[X] × their multipliers, or with a chance
1 - exp(-hazard) in place of the rate; only the drivers need sampling then (conditional Monte Carlo,
Asmussen and Glynn 2007, *Stochastic Simulation*, V.4). However rare and large the events, the mean
is right, and its standard error too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.drivers import Driver, Link
from riskreg.quant.errors import InvalidYears, MismatchedRuns
from riskreg.quant.portfolio import Exposure, Portfolio
from riskreg.quant.sampling import BLOCK, Sampler, blocks_of_chunk
from riskreg.quant.sums import BlockSums, totals
from riskreg.quant.together import exposure_differs

CLOSED = "closed form"
SAMPLED = "closed form given the drivers, which are sampled"


@dataclass(frozen=True)
class Expected:
    """Expected loss of a year and the standard error that sampling the drivers leaves it."""

    value: float
    standard_error: float
    method: str


def closed_form_mean(exposure: Exposure, portfolio: Portfolio) -> float | None:
    """Expected loss of a year where every driver that moves the exposure is independent of its
    other drivers and enters in proportion; None elsewhere.

    E[N] E[X] Π E[multiplier]: of a factor E[V], of a linear link 1 + s (E[V] - reference), of a
    power link with sensitivity 1 E[V] / reference. A chance takes factors only.

    >>> from riskreg.quant import Constant, Pert
    >>> factor = Driver("works", Pert(0, 0.5, 1))
    >>> R = Exposure("R", Constant(8), probability=0.5, links=[Link("works", form="factor")])
    >>> closed_form_mean(R, Portfolio([R], [factor]))
    2.0
    """
    names = [link.driver for link in exposure.links]
    if len(set(names)) < len(names):
        return None
    drivers = {d.name: (k, d) for k, d in enumerate(portfolio.drivers)}
    if portfolio.correlation is not None and len(names) > 1:
        places = [drivers[name][0] for name in names]
        if any(portfolio.correlation[i][j] != 0 for i in places for j in places if i != j):
            return None
    result = exposure.mean
    for link in exposure.links:
        mean = _mean_multiplier(link, drivers[link.driver][1])
        on_chance = exposure.probability is not None and link.on == "frequency"
        if mean is None or (on_chance and link.form != "factor"):
            return None
        result *= mean
    return result


def _mean_multiplier(link: Link, driver: Driver) -> float | None:
    mean = driver.after_mitigations(driver.distribution.mean)
    if link.form == "factor":
        return mean
    if link.form == "linear":
        return 1 + link.sensitivity * (mean - driver.reference_value)
    return mean / driver.reference_value if link.sensitivity == 1 else None


def expected_loss_given_drivers(
    exposure: Exposure, sampler: Sampler, values: Mapping[str, Array], size: int
) -> Array:
    """Expected loss of each year of a block, given its drivers: shape (size,)."""
    hazards = sampler.hazards(exposure, values)
    scale = sampler.severity_multiplier(exposure, values)
    often: Array | float = exposure.frequency.mean
    if hazards is not None:
        often = hazards if exposure.probability is None else -np.expm1(-hazards)
    result = exposure.sign * exposure.severity.mean * often * (1.0 if scale is None else scale)
    return np.broadcast_to(checks.as_floats(result), (size,))


def expected_losses(portfolio: Portfolio, years: int, seed: int) -> dict[str, Expected]:
    """Expected loss of a year from each exposure, and of all under the name "" (empty).

    Parameters: as in `simulate`; the years are the same, so a difference between two portfolios is
    paired.

    >>> from riskreg.quant import Lognormal
    >>> p = Portfolio([Exposure("R-001", rate=0.4, severity=Lognormal.from_interval(1, 20))])
    >>> found = expected_losses(p, years=1000, seed=1)[""]
    >>> round(found.value, 6), found.standard_error, found.method
    (2.707989, 0.0, 'closed form')
    """
    return combine_expected(portfolio, years, [expected_chunk(portfolio, years, seed, 0, 1)])


@dataclass(frozen=True, eq=False)
class ExpectedChunk:
    """A part of `expected_losses`: partial sums, the number of years, and the total of each year of
    the first block (None elsewhere), whose spread is what the drivers' ranges do to the mean."""

    years: int
    sums: BlockSums
    first: Array | None


def expected_chunk(
    portfolio: Portfolio, years: int, seed: int, index: int, chunks: int
) -> ExpectedChunk:
    """Part `index` (from 0) of `chunks` of `expected_losses`; merge by `combine_expected`."""
    checks.integer("years", years, 1, 10**8, InvalidYears)
    checks.integer("chunks", chunks, 1, 10**6)
    checks.integer("index", index, 0, chunks - 1)
    sampler = Sampler(portfolio, checks.seed("seed", seed))
    moved = [e for e in portfolio.exposures if e.links]
    fixed = math.fsum(e.mean for e in portfolio.exposures if not e.links)
    sampled = {e.name for e in moved if closed_form_mean(e, portfolio) is None}
    sums: dict[str, list[float]] = {f"{k} {n}": [] for k in ("sum", "square") for n in sampled}
    sums |= {"sum ": [], "square ": []}
    first: Array | None = None
    count = 0
    for block in blocks_of_chunk(years, index, chunks):
        size = min(BLOCK, years - block * BLOCK)
        count += size
        values = sampler.driver_values(block, size)
        total, open_part = np.zeros(size), np.zeros(size)
        for exposure in moved:
            # Only the first block is asked what the ranges of all drivers do to the mean.
            if block > 0 and exposure.name not in sampled:
                continue
            losses = expected_loss_given_drivers(exposure, sampler, values, size)
            total += losses
            if exposure.name not in sampled:
                continue
            open_part += losses
            sums[f"sum {exposure.name}"].append(float(losses.sum()))
            sums[f"square {exposure.name}"].append(float(np.square(losses).sum()))
        sums["sum "].append(float(open_part.sum()))
        sums["square "].append(float(np.square(open_part).sum()))
        if block == 0:
            first = fixed + total
    return ExpectedChunk(count, {name: tuple(x) for name, x in sums.items()}, first)


def combine_expected(
    portfolio: Portfolio, years: int, parts: Sequence[ExpectedChunk]
) -> dict[str, Expected]:
    """The expected losses that all chunks make, given in any order."""
    if sum(part.years for part in parts) != years:
        raise MismatchedRuns(
            "parts", len(parts), "are not all chunks of the run", "give every chunk once"
        )
    sums = totals([part.sums for part in parts])
    result = {}
    closed = []
    for exposure in portfolio.exposures:
        known = closed_form_mean(exposure, portfolio)
        if known is None:
            result[exposure.name] = _expected_from_sums(sums, exposure.name, years, 0.0, SAMPLED)
        else:
            closed.append(known)
            result[exposure.name] = Expected(known, 0.0, CLOSED)
    method = SAMPLED if len(closed) < len(portfolio.exposures) else CLOSED
    result[""] = _expected_from_sums(sums, "", years, math.fsum(closed), method)
    return result


def _expected_from_sums(
    sums: Mapping[str, float], name: str, years: int, known: float, method: str
) -> Expected:
    mean = sums[f"sum {name}"] / years
    # Rounding may leave a hair below 0 when all years are alike.
    spread = max(0.0, sums[f"square {name}"] / years - mean * mean)
    error = math.sqrt(spread / (years - 1)) if years > 1 else 0.0
    return Expected(known + mean, error, method)


def difference_chunk(
    before: Portfolio, after: Portfolio, years: int, seed: int, index: int, chunks: int
) -> BlockSums:
    """Partial sums of the paired change in the expected loss of a year, from exposures that differ
    and whose mean has no closed form on both sides; merge by `expected_difference`."""
    samplers = [Sampler(p, checks.seed("seed", seed)) for p in (before, after)]
    pairs = _pairs_without_closed_form(before, after)
    sums: dict[str, list[float]] = {"change": [], "square": []}
    for block in blocks_of_chunk(years, index, chunks):
        size = min(BLOCK, years - block * BLOCK)
        values = [s.driver_values(block, size) for s in samplers]
        change = np.zeros(size)
        for pair in pairs:
            a, b = (
                expected_loss_given_drivers(e, s, v, size)
                for e, s, v in zip(pair, samplers, values, strict=True)
            )
            change += b - a
        sums["change"].append(float(change.sum()))
        sums["square"].append(float(np.square(change).sum()))
    return {name: tuple(x) for name, x in sums.items()}


def expected_difference(
    before: Portfolio, after: Portfolio, years: int, parts: Sequence[BlockSums]
) -> Expected:
    """Change of the expected loss of a year; 0 with error 0 where nothing differs."""
    found = totals(parts)
    sampled = {e.name for e, _ in _pairs_without_closed_form(before, after)}
    known = math.fsum(
        (closed_form_mean(b, after) or 0.0) - (closed_form_mean(a, before) or 0.0)
        for a, b in zip(before.exposures, after.exposures, strict=True)
        if a.name not in sampled and exposure_differs(a, b, before, after)
    )
    sums = {"sum ": found["change"], "square ": found["square"]}
    return _expected_from_sums(sums, "", years, known, SAMPLED if sampled else CLOSED)


def _pairs_without_closed_form(
    before: Portfolio, after: Portfolio
) -> list[tuple[Exposure, Exposure]]:
    return [
        (a, b)
        for a, b in zip(before.exposures, after.exposures, strict=True)
        if exposure_differs(a, b, before, after)
        and (closed_form_mean(a, before) is None or closed_form_mean(b, after) is None)
    ]
