"""From the parts of a run to its figures, each with its method and its band.

Two bands are told apart: `low` … `high` is what sampling leaves open (95 %), and shrinks with more
years; `range_low` … `range_high` is what the experts' ranges leave open (from 5 % to 95 % of the
drivers' values), and does not.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from riskreg.quant import metrics
from riskreg.quant.checks import Array
from riskreg.quant.compare import Comparison, combine_comparisons
from riskreg.quant.errors import MismatchedRuns
from riskreg.quant.expected import Expected, combine_expected, expected_difference
from riskreg.quant.information import DriverInformation, driver_evppi, expected_tornado
from riskreg.quant.metrics import ExceedanceCurve
from riskreg.quant.objectives import paired_chance_difference
from riskreg.quant.paths import PathResult, combine_paths
from riskreg.quant.run_inputs import RunInputs
from riskreg.quant.run_steps import (
    LossPart,
    PathPart,
    check_and_order_chunks,
    contribution_step,
    loss_step,
    path_step,
    portfolios_by_stage,
    sorted_losses,
    tail_step,
)
from riskreg.quant.sensitivity import Bar
from riskreg.quant.sums import BlockSums, totals
from riskreg.quant.wide import WideRange

Z = 1.959963984540054
"""97.5 % quantile of the standard normal distribution: bands hold 95 %."""

LEVELS = (0.5, 0.95, 0.99)
CURVE_POINTS = 401
DRIVER_YEARS = 2**16
"""Most years that the tornado and the value of information sample the drivers for."""

MOST_OPTIONS = 12


@dataclass(frozen=True)
class Figure:
    """One number of a run: what (`key`), when (`stage`: before, after, difference), how."""

    key: str
    stage: str
    value: float
    low: float
    high: float
    method: str
    range_low: float | None = None
    range_high: float | None = None


@dataclass(frozen=True)
class DriverStep:
    """Bars of the tornado, and what knowing each driver is worth (None: nothing to choose)."""

    tornado: tuple[Bar, ...]
    information: DriverInformation | None


def driver_step(inputs: RunInputs) -> DriverStep:
    """The step of the drivers: which of them to ask about first."""
    years = min(inputs.years, DRIVER_YEARS)
    portfolio = inputs.portfolio(after=False)
    bars = expected_tornado(portfolio, years, inputs.seed)
    options = {"": [], **{m.id: [inputs.mitigation(m.id)] for m in inputs.mitigations}}
    if len(options) > MOST_OPTIONS:
        options = {"": []}
    if inputs.planned:
        options["planned"] = [inputs.mitigation(m) for m in inputs.planned]
    found = None
    if len(options) > 1 and portfolio.drivers and years >= 8:
        found = driver_evppi(portfolio, options, years, inputs.seed)
    return DriverStep(bars, found)


@dataclass(frozen=True, eq=False)
class RunResult:
    """Figures of a run and what pictures are drawn from; `digest` is of all of it.

    `curves` of exceedance and `expected` losses by stage, `fans` of the present value's years and
    of each objective by stage and name, shape (levels, years).
    """

    inputs: str
    figures: tuple[Figure, ...]
    expected: dict[str, dict[str, Expected]]
    curves: dict[str, ExceedanceCurve]
    comparison: Comparison | None
    fans: dict[tuple[str, str], Array]
    drivers: DriverStep | None
    wide_ranges: tuple[WideRange, ...]
    digest: str

    def figure(self, key: str, stage: str = "before") -> Figure:
        """One figure by its key, like "loss.mean" or "objective.<id>.chance"."""
        for found in self.figures:
            if (found.key, found.stage) == (key, stage):
                return found
        known = sorted({f.key for f in self.figures})
        raise MismatchedRuns("key", (key, stage), "is no figure of the run", f"give one of {known}")


def run_register(inputs: RunInputs, chunks: int = 1) -> RunResult:
    """The whole run in one process; the same to the bit as its steps, however shared.

    See `riskreg.quant.run_steps` for the steps and `merge` for what is made of them.
    """
    losses = [loss_step(inputs, k, chunks) for k in range(chunks)]
    paths = [path_step(inputs, k, chunks) for k in range(chunks)]
    tails = tail_step(inputs, losses)
    contributions = [
        contribution_step(inputs, part.losses, tails, part.index, chunks) for part in losses
    ]
    return merge(inputs, losses, paths, contributions, driver_step(inputs))


def merge(
    inputs: RunInputs,
    losses: Sequence[LossPart],
    paths: Sequence[PathPart],
    contributions: Sequence[Mapping[str, BlockSums]],
    drivers: DriverStep | None,
) -> RunResult:
    """Figures of all parts of a run, given in any order.

    Raises `MismatchedRuns` when a part is missing, repeats, or is of other inputs.
    """
    portfolios = portfolios_by_stage(inputs)
    figures: list[Figure] = []
    expected: dict[str, dict[str, Expected]] = {}
    curves: dict[str, ExceedanceCurve] = {}
    tails: dict[str, tuple[float, float]] = {}
    thresholds: list[float] | None = None
    for stage, portfolio in portfolios.items():
        values = sorted_losses(inputs, losses, stage)
        chunks = [part.expected[stage] for part in losses]
        expected[stage] = combine_expected(portfolio, inputs.years, chunks)
        (first,) = [c.first for c in chunks if c.first is not None]
        figures += _loss_figures(inputs, stage, values, expected[stage][""], first)
        tails[stage] = (
            metrics.var_of_sorted(values, inputs.level),
            metrics.tvar_of_sorted(values, inputs.level),
        )
        if thresholds is None:
            top = max(metrics.var_of_sorted(values, 0.999), 0.0)
            thresholds = np.linspace(min(0.0, float(values[0])), top, CURVE_POINTS).tolist()
        curves[stage] = metrics.exceedance_curve_of_sorted(values, thresholds, 0.95)
        del values
        own = [part[stage] for part in contributions]
        figures += _contribution_figures(inputs, stage, own, portfolio.names)
    comparison = None
    if "after" in portfolios:
        change = expected_difference(
            portfolios["before"],
            portfolios["after"],
            inputs.years,
            [part.difference for part in losses],
        )
        figures.append(
            _figure_with_normal_error(
                "loss.mean", "difference", change.value, change.standard_error, change.method
            )
        )
        comparison = combine_comparisons(
            [part.change for part in losses],
            inputs.years,
            var=tails["after"][0] - tails["before"][0],
            tvar=tails["after"][1] - tails["before"][1],
            level=inputs.level,
        )
    results = {}
    for stage in portfolios:
        check_and_order_chunks(inputs, paths)
        results[stage] = combine_paths([part.paths[stage] for part in paths])
        figures += _path_figures(stage, results[stage])
    figures += _objective_differences(results)
    fans = {(stage, ""): r.fan() for stage, r in results.items()}
    for stage, r in results.items():
        fans |= {(stage, name): found.fan() for name, found in r.objectives.items()}
    return RunResult(
        inputs.digest,
        tuple(figures),
        expected,
        curves,
        comparison,
        fans,
        drivers,
        portfolios["before"].wide_ranges,
        _digest_of_draws_and_figures(inputs, losses, results, figures, drivers),
    )


def _figure_with_normal_error(
    key: str, stage: str, value: float, error: float, method: str
) -> Figure:
    return Figure(key, stage, value, value - Z * error, value + Z * error, method)


def _loss_figures(
    inputs: RunInputs, stage: str, values: Array, expected: Expected, first: Array
) -> list[Figure]:
    ends = np.quantile(first, [0.05, 0.95])
    error = Z * expected.standard_error
    figures = [
        Figure(
            "loss.mean",
            stage,
            expected.value,
            expected.value - error,
            expected.value + error,
            expected.method,
            float(ends[0]),
            float(ends[1]),
        )
    ]
    counted = f"order statistics of {inputs.years:,} simulated years"
    for level in LEVELS:
        band = metrics.var_interval_of_sorted(values, level, 0.95)
        key = f"loss.p{100 * level:g}"
        figures.append(Figure(key, stage, band.value, band.low, band.high, counted))
    figures.append(
        _figure_with_normal_error(
            "loss.tvar95",
            stage,
            metrics.tvar_of_sorted(values, 0.95),
            metrics.tvar_standard_error_of_sorted(values, 0.95),
            f"mean of the worst 5 % of {inputs.years:,} simulated years",
        )
    )
    return figures


def _contribution_figures(
    inputs: RunInputs, stage: str, parts: Sequence[BlockSums], names: Sequence[str]
) -> list[Figure]:
    sums = totals(parts)
    count = (1 - inputs.level) * inputs.years
    method = f"mean in the worst {100 * (1 - inputs.level):.3g} % of years (Euler)"
    figures = []
    for name in names:
        mean = sums[name]
        spread = max(0.0, sums[f"{name} square"] - mean * mean)
        error = math.sqrt(spread / max(1.0, count - 1))
        figures.append(
            _figure_with_normal_error(f"contribution.{name}", stage, mean, error, method)
        )
    return figures


def _path_figures(stage: str, result: PathResult) -> list[Figure]:
    values = np.sort(result.present_values)
    n = values.size
    spread = float(values.std(ddof=1)) if n > 1 else 0.0
    method = f"{n:,} simulated paths"
    figures = [
        _figure_with_normal_error(
            "value.mean", stage, float(values.mean()), spread / math.sqrt(n), method
        )
    ]
    for level in (0.05, 0.5, 0.95):
        band = metrics.var_interval_of_sorted(values, level, 0.95)
        figures.append(
            Figure(f"value.p{100 * level:g}", stage, band.value, band.low, band.high, method)
        )
    for name, found in sorted(result.objectives.items()):
        chance = found.chance()
        key = f"objective.{name}"
        figures.append(
            Figure(f"{key}.chance", stage, chance.value, chance.low, chance.high, method)
        )
        needed = found.model.required_growth
        figures.append(
            Figure(f"{key}.required_growth", stage, needed, needed, needed, "closed form")
        )
        for hit in found.model.hits:
            cost = found.chance_lost_to(hit.exposure)
            figures.append(
                _figure_with_normal_error(
                    f"{key}.cost.{hit.exposure}", stage, cost.value, cost.standard_error, method
                )
            )
    return figures


def _objective_differences(results: Mapping[str, PathResult]) -> list[Figure]:
    if "after" not in results:
        return []
    figures = []
    for name, before in sorted(results["before"].objectives.items()):
        change = paired_chance_difference(before.met, results["after"].objectives[name].met)
        figures.append(
            _figure_with_normal_error(
                f"objective.{name}.chance",
                "difference",
                change.value,
                change.standard_error,
                f"{before.met.size:,} simulated paths, paired",
            )
        )
    return figures


def _digest_of_draws_and_figures(
    inputs: RunInputs,
    losses: Sequence[LossPart],
    results: Mapping[str, PathResult],
    figures: Sequence[Figure],
    drivers: DriverStep | None,
) -> str:
    """Fingerprint of everything drawn and of every figure, whatever order the parts came in."""
    found = hashlib.sha256(inputs.digest.encode())
    for stage in results:
        for k in check_and_order_chunks(inputs, losses):
            found.update(np.ascontiguousarray(losses[k].losses[stage]).data)
        found.update(results[stage].digest.encode())
    plain = {"figures": [asdict(f) for f in figures], "drivers": drivers and asdict(drivers)}
    found.update(json.dumps(plain, sort_keys=True).encode())
    return found.hexdigest()
