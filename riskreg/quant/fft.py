"""Compound distributions on a grid, by the fast Fourier transform.

A severity X becomes chances f(0), f(h), f(2h) … that keep its mean (local moment matching). With
φ the transform of f, the loss of a year has transform exp(rate (φ - 1)) for a Poisson exposure and
1 - p + p φ for one with a probability; independent exposures multiply.

A circular transform folds what lies beyond the grid back onto it. Tilting every chance by
exp(-θ j) beforehand and back afterwards (Grübel and Hermesmeier 1999, *ASTIN Bulletin* 29(2))
shrinks what is folded by exp(-`TILT`), so the mass that the grid misses shows as a sum below 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import fft

from riskreg.quant import checks
from riskreg.quant.atoms import chances_on_grid, single_value_chances
from riskreg.quant.checks import Array
from riskreg.quant.discrete import Poisson
from riskreg.quant.distributions import Distribution
from riskreg.quant.portfolio import Exposure

TILT = 10.0
"""θ × points: folding shrinks by e^-10 = 4.5e-5, rounding grows by e^10 to about 1e-11."""

NEGLIGIBLE = 1e-14
"""Chance beyond which a severity's own tail is not put on the grid."""

Transform = npt.NDArray[np.complex128]


def discretise(severity: Distribution, grid: float, points: int) -> Array:
    """Chances of 0, grid, 2 grid …, at most `points` of them, with the mean of `severity`.

    f(0) = 1 - L(h)/h and f(jh) = (2 L(jh) - L((j-1)h) - L((j+1)h)) / h with L(d) = E[min(X, d)],
    h = grid. Klugman, Panjer, Willmot, *Loss Models*, "The method of local moment matching".

    >>> from riskreg.quant import Constant
    >>> discretise(Constant(2.5), 1.0, 8).tolist()
    [0.0, 0.0, 0.5, 0.5]
    """
    end = float(severity.quantile(1 - NEGLIGIBLE))
    if not math.isfinite(end):
        end = math.inf
    size = points if end / grid + 2 >= points else int(end / grid) + 2
    limited = severity.limited_mean(grid * np.arange(size + 1))
    steps = np.diff(limited)
    steps /= grid
    chances = np.empty(size)
    chances[0] = 1 - steps[0]
    np.subtract(steps[:-1], steps[1:], out=chances[1:])
    return chances


def single_value_chances_on_grid(severity: Distribution, grid: float, points: int) -> Array:
    """Chances of 0, grid, 2 grid … from the single values of `severity`, which lie on the grid."""
    return chances_on_grid(single_value_chances(severity), grid, points)


def chance_of_no_loss(exposures: Sequence[Exposure], grid: float | None = None) -> float:
    """Chance of a year without loss or gain, in closed form; with `grid`, as it is on that grid."""
    result = 1.0
    for exposure in exposures:
        severity = exposure.severity
        if grid is None:
            nothing = float(severity.cdf(0.0))
        else:
            nothing = 1 - float(severity.limited_mean(grid)) / grid
        frequency = exposure.frequency
        if isinstance(frequency, Poisson):
            result *= math.exp(-frequency.rate * (1 - nothing))
        else:
            result *= 1 - frequency.probability * (1 - nothing)
    return result


class Compound:
    """Loss of a year from independent exposures of one sign, on `points` steps of `grid` from 0.

    `atoms_only` leaves out what is continuous: the chance that a year has only events whose cost is
    a single value on the grid, by its total.
    """

    def __init__(
        self, exposures: Sequence[Exposure], grid: float, points: int, *, atoms_only: bool = False
    ) -> None:
        self._cut = single_value_chances_on_grid if atoms_only else discretise
        self.grid = grid
        self.points = points
        self._tilt = np.exp(-TILT / points * np.arange(points))
        # Poisson exposures together are one Poisson exposure with a mixed severity: one transform.
        rate, mixed = 0.0, np.zeros(points)
        transform = np.ones(points // 2 + 1, dtype=np.complex128)
        for exposure in exposures:
            chances = self._cut(exposure.severity, grid, points)
            if isinstance(exposure.frequency, Poisson):
                rate += exposure.frequency.rate
                mixed[: chances.size] += exposure.frequency.rate * chances
            else:
                transform *= self._transform_of_at_most_one_event(exposure, chances)
        if rate > 0:
            transform *= np.exp(self._fft_of_tilted(mixed) - rate)
        self._total = transform
        self.chances = self._inverse_fft_untilted(transform)

    @property
    def chance_beyond_grid(self) -> float:
        """Chance of a loss beyond the grid."""
        return max(0.0, 1 - float(self.chances.sum()))

    def chances_without(self, exposure: Exposure, others: Sequence[Exposure]) -> Array:
        """Chances of the loss from all but `exposure`, one with a probability; `others` are all
        but it, needed when dividing it out would lose precision."""
        term = self._transform_of_at_most_one_event(
            exposure, self._cut(exposure.severity, self.grid, self.points)
        )
        if float(np.abs(term).min()) > 1e-6:
            return self._inverse_fft_untilted(self._total / term)
        return Compound(others, self.grid, self.points).chances

    def _transform_of_at_most_one_event(self, exposure: Exposure, chances: Array) -> Transform:
        p = exposure.frequency.mean
        return 1 - p + p * self._fft_of_tilted(chances)

    def _fft_of_tilted(self, chances: Array) -> Transform:
        tilted = chances * self._tilt[: chances.size]
        return np.asarray(fft.rfft(tilted, self.points), dtype=np.complex128)

    def _inverse_fft_untilted(self, transform: Transform) -> Array:
        return checks.as_floats(fft.irfft(transform, self.points) / self._tilt)


def upper_end(exposures: Sequence[Exposure], lost: float) -> float:
    """An amount that a year's loss from exposures of one sign exceeds with chance below `lost`.

    Found by steps of a half more or a third less, each try on a coarse grid.
    """
    highest = sum(e.severity.support[1] for e in exposures)
    if all(e.probability is not None for e in exposures) and math.isfinite(highest):
        return highest * (1 + 1e-9)
    points = 2**13

    def enough(end: float) -> bool:
        return Compound(exposures, end / points, points).chance_beyond_grid <= lost / 2

    mean = sum(e.frequency.mean * e.severity.mean for e in exposures)
    end = mean + 4 * math.sqrt(sum(e.variance for e in exposures))
    if enough(end):
        while enough(end / 1.5):
            end /= 1.5
    else:
        while not enough(end):
            end *= 1.5
    return end
