"""Where the matrix and the money put two risks in different orders. Pure functions."""

from collections.abc import Iterable
from dataclasses import dataclass

# Below this many times as much, sampling and taste can turn the order round.
LEAST_TIMES = 2.0
# Between two risks of one score a difference is only told where it is larger than this.
LEAST_TIMES_ALIKE = 5.0
MOST = 20


@dataclass(frozen=True)
class Ranked:
    """A risk as the matrix has it (levels from 1, and the score of its cell), and the expected cost
    of a year."""

    risk: str
    likelihood: int
    impact: int
    score: int
    money: float


@dataclass(frozen=True)
class Contradiction:
    """``under`` costs ``times`` as much as ``over``, and the matrix does not put it above."""

    under: Ranked
    over: Ranked
    times: float

    @property
    def has_same_score(self) -> bool:
        """Both have the same score: the matrix sees no difference."""
        return self.under.score == self.over.score


def contradictions(rows: Iterable[Ranked]) -> list[Contradiction]:
    """The risks that cost much more than another one that the matrix puts above them or beside
    them, most striking first; of each the pair with the widest gap in money.

    A pair that the matrix has the wrong way round counts from ``LEAST_TIMES`` on, one of the same
    score from ``LEAST_TIMES_ALIKE`` on. Risks that cost nothing are compared with none: every
    amount is infinitely more.

    >>> a, b = Ranked("a", 1, 5, 5, 25.0), Ranked("b", 3, 2, 6, 5.0)
    >>> [(found.under.risk, found.over.risk, found.times) for found in contradictions([a, b])]
    [('a', 'b', 5.0)]
    """
    ranked = sorted((row for row in rows if row.money > 0), key=lambda row: (row.money, row.risk))
    found = []
    # The cheapest of each score so far, and so the pair with the widest gap.
    cheapest: dict[int, Ranked] = {}
    for row in ranked:
        pairs = [
            Contradiction(row, other, row.money / other.money)
            for score, other in cheapest.items()
            if score >= row.score
        ]
        telling = [
            pair
            for pair in pairs
            if pair.times >= (LEAST_TIMES_ALIKE if pair.has_same_score else LEAST_TIMES)
        ]
        if telling:
            # Where it is as far from two, the one that the matrix puts higher.
            found.append(max(telling, key=lambda pair: (pair.times, pair.over.score)))
        cheapest.setdefault(row.score, row)
    return sorted(found, key=lambda pair: (-pair.times, pair.under.risk))
