"""The distribution of a year's loss without sampling error, for independent exposures.

A cross-check on `simulate` with the same methods; see `riskreg.quant.fft` for how it is made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft

from riskreg.quant import checks
from riskreg.quant.atoms import (
    are_on_grid,
    are_severities_on_grid,
    mid_cumulative_chances,
    single_value_chances,
)
from riskreg.quant.checks import Array
from riskreg.quant.errors import GridTooCoarse, GridTooShort
from riskreg.quant.fft import Compound, chance_of_no_loss, discretise, upper_end
from riskreg.quant.metrics import ExceedanceCurve
from riskreg.quant.portfolio import Exposure, Portfolio

Places = npt.NDArray[np.int64]
_Sides = Mapping[int, Sequence[Exposure]]

MAX_POINTS = 2**24
"""Steps of the longest grid."""

DEFAULT_POINTS = 2**17
"""Steps when neither grid nor points are given."""

COARSE_ZERO = 1e-3
"""How much of a year's chance of no loss a grid may add by rounding small losses to nothing."""

COARSE_STEP = 0.02
"""Widest step, as a share of the standard deviation of the loss."""


NO_GRID = (
    f"no grid of {MAX_POINTS:,} steps is fine and long enough: use simulate, or allow more lost"
)


def exact(
    portfolio: Portfolio,
    grid: float | None = None,
    *,
    points: int | None = None,
    lost: float = 1e-6,
) -> ExactLoss:
    """Distribution of the loss of a year on multiples of `grid`, by FFT.

    Parameters
    ----------
    portfolio : exposures not moved by drivers.
    grid : step, in the unit of money; chosen from the tail when left out.
    points : steps from 0 to the end of the grid (for threats and for opportunities each), at most
        2^24; as many as the tail needs when left out.
    lost : largest chance of a loss beyond the grid.

    A severity that takes multiples of `grid` only is exact on any grid that holds it. Chances of
    exceeding an amount are corrected by half a step where severities are continuous, which leaves
    an error of the square of the step. Raises `NotIndependent`; `GridTooCoarse` or `GridTooShort`
    with the grid that would do.

    >>> from riskreg.quant import Exposure, Lognormal
    >>> p = Portfolio([Exposure("R-001", rate=0.4, severity=Lognormal.from_interval(1, 20))])
    >>> d = exact(p, grid=0.002)
    >>> round(d.mean, 4), round(d.var(0.95), 3), round(d.tvar(0.95), 3), round(d.exceedance(10), 4)
    (2.708, 14.276, 24.469, 0.0859)
    """
    portfolio.require_independent()
    checks.level("lost", lost)
    if grid is not None:
        checks.positive("grid", grid)
    if points is not None:
        checks.integer("points", points, 2, MAX_POINTS)
    live = [e for e in portfolio.exposures if e.frequency.mean > 0 and e.severity.mean > 0]
    sides = {sign: [e for e in live if e.sign == sign] for sign in {e.sign for e in live}}
    if not live:
        return ExactLoss(portfolio, grid or 1.0, np.ones(1), 0, {})
    if grid is None or points is None:
        end = max(upper_end(side, lost) for side in sides.values())
        if grid is None:
            grid = end / (points or DEFAULT_POINTS)
            if points is None:
                grid = min(grid, _halved_until_fine_enough(portfolio, sides, grid))
        if points is None:
            points = _grid_point_count(portfolio, sides, end, grid)
    _refuse_coarse(portfolio, sides, grid, lost)
    compounds = {sign: Compound(side, grid, points) for sign, side in sides.items()}
    for sign, compound in compounds.items():
        if compound.chance_beyond_grid > lost:
            end = upper_end(sides[sign], lost)
            _raise_grid_too_short(portfolio, sides, grid, points, compound.chance_beyond_grid, end)
    chances, origin = _chances_and_place_of_zero({sign: c.chances for sign, c in compounds.items()})
    return ExactLoss(portfolio, grid, chances, origin, compounds)


def _grid_point_count(portfolio: Portfolio, sides: _Sides, end: float, grid: float) -> int:
    needed = int(end / grid) + 2
    if needed > MAX_POINTS:
        _raise_grid_too_short(portfolio, sides, grid, MAX_POINTS, math.nan, end)
    length = fft.next_fast_len(needed, real=True)
    return int(length + length % 2)


def _raise_grid_too_short(
    portfolio: Portfolio, sides: _Sides, grid: float, points: int, lost: float, end: float
) -> None:
    needed = int(end / grid) + 2
    wider = _rounded_up_to_1_2_5(end / (MAX_POINTS // 4))
    share = "" if math.isnan(lost) else f", leaving a chance of {lost:.2g} beyond it"
    if needed <= MAX_POINTS:
        remedy = f"give points={needed} or more at this grid"
    elif not _is_too_coarse(portfolio, sides, wider):
        remedy = f"give grid={wider:g} or wider"
    else:
        remedy = NO_GRID
    raise GridTooShort("points", points, f"ends the grid at {grid * points:.6g}{share}", remedy)


def _is_too_coarse(portfolio: Portfolio, sides: _Sides, grid: float) -> bool:
    if all(are_severities_on_grid(side, grid) for side in sides.values()):
        return False
    if portfolio.sd > 0 and grid > COARSE_STEP * portfolio.sd:
        return True
    return any(
        chance_of_no_loss(side, grid) - chance_of_no_loss(side) > COARSE_ZERO
        for side in sides.values()
    )


def _halved_until_fine_enough(portfolio: Portfolio, sides: _Sides, grid: float) -> float:
    while _is_too_coarse(portfolio, sides, grid):
        grid /= 2
    return grid


def _refuse_coarse(portfolio: Portfolio, sides: _Sides, grid: float, lost: float) -> None:
    if not _is_too_coarse(portfolio, sides, grid):
        return
    added = max(chance_of_no_loss(side, grid) - chance_of_no_loss(side) for side in sides.values())
    better = _rounded_down_to_1_2_5(_halved_until_fine_enough(portfolio, sides, grid))
    end = max(upper_end(side, lost) for side in sides.values())
    raise GridTooCoarse(
        "grid",
        grid,
        f"rounds small losses to nothing (chance of no loss {added:+.2g}) or blurs the rest"
        f" (standard deviation {portfolio.sd:.4g})",
        NO_GRID if end / better + 2 > MAX_POINTS else f"give grid={better:g} or finer",
    )


def _rounded_down_to_1_2_5(x: float) -> float:
    unit = 10.0 ** math.floor(math.log10(x))
    return max(m for m in (1, 2, 5) if m * unit <= x * (1 + 1e-12)) * unit


def _rounded_up_to_1_2_5(x: float) -> float:
    unit = 10.0 ** math.floor(math.log10(x))
    return min(m for m in (1, 2, 5, 10) if m * unit >= x * (1 - 1e-12)) * unit


def _chances_and_place_of_zero(sides: Mapping[int, Array]) -> tuple[Array, int]:
    """Chances of threats (+1) minus opportunities (-1), and the position of 0 among them."""
    threats, gains = sides.get(1, np.ones(1)), sides.get(-1, np.ones(1))
    if gains.size == 1:
        return threats, 0
    size = threats.size + gains.size - 1
    length = fft.next_fast_len(size, real=True)
    both = fft.rfft(threats, length) * fft.rfft(gains[::-1], length)
    return checks.as_floats(fft.irfft(both, length)[:size]), gains.size - 1


class _GridChances(NamedTuple):
    """Chances on a grid, the position of 0 among them, and the chance of a gain beyond the grid."""

    chances: Array
    origin: int
    below: float


@dataclass(frozen=True, eq=False)
class ExactLoss:
    """Distribution of a year's loss: `chances[k]` of the loss (k - origin) × grid."""

    portfolio: Portfolio
    grid: float
    chances: Array
    origin: int
    _sides: dict[int, Compound]

    @property
    def mean(self) -> float:
        """Mean loss of a year (closed form)."""
        return self.portfolio.mean

    @property
    def sd(self) -> float:
        """Standard deviation of the loss of a year (closed form)."""
        return self.portfolio.sd

    @property
    def chance_beyond_grid(self) -> float:
        """Chance of a loss beyond the grid."""
        return max(0.0, 1 - float(self._cumulative[-1])) + self._chance_of_gain_beyond_grid

    @cached_property
    def losses(self) -> Array:
        """The amounts that `chances` belong to."""
        return checks.as_floats(
            self.grid * np.arange(-self.origin, self.chances.size - self.origin)
        )

    @property
    def _chance_of_gain_beyond_grid(self) -> float:
        """Chance of a gain beyond the grid, which lies below all its losses."""
        return self._sides[-1].chance_beyond_grid if -1 in self._sides else 0.0

    @cached_property
    def _cumulative(self) -> Array:
        # Rounding leaves chances of about ±1e-16, which must not make the curve fall.
        return np.maximum.accumulate(self._chance_of_gain_beyond_grid + np.cumsum(self.chances))

    @cached_property
    def _mean_beyond_grid(self) -> float:
        """E[loss; above the grid]: known, because the mean is, and what gains miss below it."""
        missing = self.mean - checks.dot(self.losses, self.chances)
        if -1 not in self._sides:
            return missing
        expected = {1: 0.0, -1: 0.0}
        for exposure in self.portfolio.exposures:
            expected[exposure.sign] += exposure.mean
        gains = self._sides[-1].chances
        amounts = checks.as_floats(self.grid * np.arange(gains.size))
        return (
            missing
            - (expected[-1] + checks.dot(amounts, gains))
            - self._chance_of_gain_beyond_grid * expected[1]
        )

    @cached_property
    def _cdf_of_atoms_and_of_rest(self) -> tuple[Array, Array] | None:
        """P(loss ≤ x) at the grid points from single values and from the continuous rest, the
        second with the half step; None when a single value lies off the grid."""
        sides = {
            sign: [e for e in self.portfolio.exposures if e.sign == sign and e.mean != 0]
            for sign in self._sides
        }
        severities = [e.severity for side in sides.values() for e in side]
        if not severities or not all(
            are_on_grid(single_value_chances(s), self.grid) for s in severities
        ):
            return None
        steps = {
            sign: Compound(side, self.grid, self._sides[sign].points, atoms_only=True).chances
            for sign, side in sides.items()
        }
        jumps = np.maximum(_chances_and_place_of_zero(steps)[0], 0.0)
        rest = mid_cumulative_chances(self.chances - jumps)
        if -1 not in self._sides:
            # Losses of less than half a step stand at 0, and all of them lie above it.
            rest[0] = 0.0
        return np.cumsum(jumps), np.maximum.accumulate(rest)

    def cdf(self, loss: float) -> float:
        """P(loss of a year ≤ `loss`)."""
        # 1e-9 of a step forgives an amount that is a grid point but for rounding.
        place = checks.number("loss", loss) / self.grid + self.origin
        k = math.floor(place + 1e-9)
        if k < 0:
            return 0.0
        if self._cdf_of_atoms_and_of_rest is None or k >= self.chances.size - 1:
            return min(1.0, float(self._cumulative[min(k, self.chances.size - 1)]))
        jumps, rest = self._cdf_of_atoms_and_of_rest
        smooth = float(rest[k] + max(0.0, place - k) * (rest[k + 1] - rest[k]))
        return min(1.0, self._chance_of_gain_beyond_grid + float(jumps[k]) + smooth)

    def exceedance(self, threshold: float) -> float:
        """P(loss of a year > `threshold`)."""
        return max(0.0, 1 - self.cdf(threshold))

    def exceedance_curve(self, thresholds: Sequence[float] | None = None) -> ExceedanceCurve:
        """Chance of exceeding each threshold; the band has no width, for nothing is sampled."""
        if thresholds is None:
            cuts = np.linspace(min(0.0, self.var(1e-4)), self.var(1 - 1e-4), 101)
        else:
            cuts = checks.array("thresholds", thresholds, 1)
        chance = np.array([self.exceedance(float(cut)) for cut in cuts])
        return ExceedanceCurve(cuts, chance, chance, chance, 0.0, 1.0)

    def _index_at_level(self, level: float) -> int:
        checks.level("level", level)
        found = int(np.searchsorted(self._cumulative, level - 1e-12))
        if found >= self.chances.size:
            raise GridTooShort(
                "level",
                level,
                f"lies beyond the grid (lost {self.chance_beyond_grid:.2g})",
                "give more points",
            )
        return found

    def var(self, level: float) -> float:
        """Value at risk: smallest grid point x with P(loss ≤ x) ≥ `level`."""
        return float(self.grid * (self._index_at_level(level) - self.origin))

    def tvar(self, level: float) -> float:
        """Tail value at risk: mean of the worst 1 - `level`, the part beyond the grid included."""
        at = self._index_at_level(level)
        v = self.grid * (at - self.origin)
        tail = checks.dot(self.losses[at + 1 :], self.chances[at + 1 :]) + self._mean_beyond_grid
        return (tail + v * max(0.0, float(self._cumulative[at]) - level)) / (1 - level)

    def contributions(self, level: float) -> dict[str, float]:
        """What each exposure adds to `tvar(level)`: E[its loss | worst years]; sums to the total.

        For a Poisson exposure E[Xᵢ; S = s] = rate Σ x fᵢ(x) P(S = s - x): one event of it is added
        to an independent year (Mecke's formula). For one with a probability p it is
        p Σ x fᵢ(x) P(S without i = s - x).
        """
        at = self._index_at_level(level)
        step = float(self.chances[at])
        over = float(self._cumulative[at]) - level
        share = min(1.0, max(0.0, over / step)) if step > 0 else 0.0
        result = {}
        for exposure in self.portfolio.exposures:
            if exposure.mean == 0:
                result[exposure.name] = 0.0
                continue
            chances, origin, below = self.chances, self.origin, self._chance_of_gain_beyond_grid
            if exposure.probability is not None:
                chances, origin, below = self._distribution_without(exposure)
            points = self._sides[exposure.sign].points
            severity = discretise(exposure.severity, self.grid, points)
            amounts = checks.as_floats(self.grid * np.arange(severity.size))
            # Weight of a year that already holds v - x (or v + x, for a gain) before the event.
            before = (at - self.origin) + origin - exposure.sign * np.arange(severity.size)
            weight = _tail_chances(chances, below, before, share)
            inside = checks.dot(amounts * severity, weight)
            # Severities beyond the grid surely lead into the tail, or for a gain out of it.
            beyond = exposure.severity.mean - checks.dot(amounts, severity)
            inside += beyond if exposure.sign > 0 else 0.0
            result[exposure.name] = exposure.sign * exposure.frequency.mean * inside / (1 - level)
        return result

    def _distribution_without(self, exposure: Exposure) -> _GridChances:
        others = [
            e
            for e in self.portfolio.exposures
            if e.mean != 0 and e.sign == exposure.sign and e.name != exposure.name
        ]
        parts = {sign: compound.chances for sign, compound in self._sides.items()}
        parts[exposure.sign] = self._sides[exposure.sign].chances_without(exposure, others)
        below = max(0.0, 1 - float(parts[-1].sum())) if -1 in parts else 0.0
        return _GridChances(*_chances_and_place_of_zero(parts), below)


def _tail_chances(chances: Array, below: float, positions: Places, share: float) -> Array:
    """P(S > position) + `share` × P(S = position), for positions that may lie off the grid."""
    cumulative = below + np.cumsum(chances)
    inside = np.clip(positions, 0, chances.size - 1)
    weight = 1 - cumulative[inside] + share * chances[inside]
    return np.where(positions < 0, 1 - below, np.where(positions >= chances.size, 0.0, weight))
