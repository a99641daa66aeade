"""Reading the loss curve of a run, and holding it against what is tolerated. Pure functions.

A curve is [[amount, chance, low, high]] by rising amount: the chance of a year that costs more than
the amount, with the band of sampling. It ends at what one year in a thousand passes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Curve = Sequence[Sequence[float]]
# Where fewer years cost more (one in 250), a curve is shown no further.
LAST_CHANCE = 0.004


def index_of_last_shown_point(curve: Curve) -> int:
    """The place of the last point that is shown: the first that fewer than ``LAST_CHANCE`` pass, or
    the last there is."""
    return next((n for n, point in enumerate(curve) if point[1] < LAST_CHANCE), len(curve) - 1)


def chance_beyond(curve: Curve, amount: float) -> float:
    """The chance of more than ``amount``, in a straight line between two points; before the first
    that of the first, and beyond the last, where it is below one in a thousand, 0.

    >>> chance_beyond([(0, 0.5, 0, 0), (10, 0.1, 0, 0)], 5)
    0.3
    """
    for (x, p, *_low), (further, q, *_high) in pairwise(curve):
        if x <= amount <= further:
            return p + (q - p) * (amount - x) / ((further - x) or 1)
    return curve[0][1] if amount < curve[0][0] else 0.0


@dataclass(frozen=True)
class Tolerated:
    """A point of the tolerance beside a run: with which ``chance`` a year may cost more than
    ``amount``, and by side (before and after the mitigations) with which one it does."""

    amount: float
    chance: float
    found: Mapping[str, float]

    def is_exceeded(self, side: str) -> bool:
        """Whether more years cost more than are tolerated."""
        return self.found[side] > self.chance


def tolerance_beside_curves(
    curves: Mapping[str, Curve], points: Sequence[Mapping[str, float]]
) -> list[Tolerated]:
    """Each point of a tolerance ({amount, chance}) beside the ``curves`` of a run."""
    return [
        Tolerated(
            point["amount"],
            point["chance"],
            {side: chance_beyond(curve, point["amount"]) for side, curve in curves.items()},
        )
        for point in points
    ]
