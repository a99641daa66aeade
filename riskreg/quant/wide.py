"""Ranges too wide to be simulated, or wide enough to be told.

The mean of a lognormal with sigma 4 (95 % point half a million times the 5 % point) hangs on values
that come once in 30,000 draws; a simulated mean is then far too low, and its standard error, taken
from the same draws, is too small as well. `spread` measures any distribution on that scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from riskreg.quant.distributions import Distribution
from riskreg.quant.errors import TooWide

WARN = 2.5
"""Spread from which a figure carries a warning: 95 % point 3,700 times the 5 % point."""

REFUSE = 4.0
"""Spread from which a range is refused: 95 % point 520,000 times the 5 % point."""

REMEDY = "name a cap (Truncated), the most that one event can cost"


def spread_of(distribution: Distribution) -> float:
    """√ln(1 + variance / mean²): the sigma of a lognormal, and of others the sigma of the lognormal
    with the same coefficient of variation. 0 for a constant.

    Johnson, Kotz, Balakrishnan, *Continuous Univariate Distributions* 1, (14.8b).

    >>> from riskreg.quant import Lognormal, Pert
    >>> round(spread_of(Lognormal(3, 2.5)), 9), round(spread_of(Pert(10, 14, 30)), 3)
    (2.5, 0.214)
    """
    mean = distribution.mean
    if mean == 0:
        return 0.0 if distribution.variance == 0 else math.inf
    # The quotient of standard deviation and mean stays finite where their squares would not.
    return math.sqrt(math.log1p((math.sqrt(distribution.variance) / mean) ** 2))


def refuse_wide(argument: str, distribution: Distribution) -> None:
    """Raise `TooWide` for a quantity of 0 or more whose spread is above `REFUSE`."""
    if distribution.support[0] < 0 or distribution.mean == 0:
        return
    found = spread_of(distribution)
    if found > REFUSE * (1 + 1e-9):
        raise TooWide(
            argument,
            distribution,
            f"is too wide: sigma {found:.3g} is above {REFUSE:g}, and its mean would hang on values"
            " that no simulation sees",
            REMEDY,
        )


@dataclass(frozen=True)
class WideRange:
    """A warning: the loss of one event of `exposure` has this spread, drivers included."""

    exposure: str
    spread: float

    @property
    def text(self) -> str:
        return (
            f"One event of {self.exposure} may cost almost anything (sigma {self.spread:.2g}, above"
            f" {WARN:g}): its tail figures hang on few simulated events. Name a cap."
        )
