"""What a risk matrix gets wrong, after Cox (2008), "What's wrong with risk matrices?",
*Risk Analysis* 28(3), 497–512.

A cell holds the risks whose chance p and impact i lie in its two intervals; their size is p × i.
A matrix with ratings can only order risks correctly if its top rating means larger risks than its
lowest, if small steps don't jump from one to the other, and if equal risks get equal ratings.

Plain Python: pages and API show this of every matrix, and web processes have no NumPy.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple


class Cell(NamedTuple):
    """A place in the matrix, by the positions of its levels from 0."""

    likelihood: int
    impact: int


class ChanceAndImpact(NamedTuple):
    """A risk by its chance and its impact; their product is how large it is."""

    chance: float
    impact: float


Interval = Sequence[float]
_Rows = list[list[float]]
_Pairs = tuple[tuple[Cell, Cell], ...]


@dataclass(frozen=True)
class TopBelowLowest:
    """A risk in a top-rated cell that is smaller than one in a lowest-rated cell."""

    top: Cell
    lowest: Cell
    top_risk: ChanceAndImpact
    lowest_risk: ChanceAndImpact


@dataclass(frozen=True)
class MatrixAudit:
    """Findings.

    ``pairs`` (a, b) of cells where a is rated above b although every risk in a is smaller than
    every risk in b, in reading order; ``top_below_lowest`` a top-rated risk smaller than a
    lowest-rated one (Cox's weak consistency fails), or None; ``jumps`` neighbouring cells that go
    from lowest to top rating (betweenness fails); ``uneven`` intermediate cells whose colour no
    risk in them asks for (consistent colouring fails); ``same_rating_factor`` how many times larger
    one risk can be than another with the same rating (infinite when a rating reaches down to 0).
    """

    pairs: _Pairs
    top_below_lowest: TopBelowLowest | None
    jumps: _Pairs
    uneven: tuple[Cell, ...]
    same_rating_factor: float

    @property
    def weakly_consistent(self) -> bool:
        """Every risk with the top rating is larger than every risk with the lowest."""
        return self.top_below_lowest is None

    @property
    def sound(self) -> bool:
        """No reversed pair, no top-rated risk below a lowest-rated one, no jump, no uneven cell."""
        return not (self.pairs or self.top_below_lowest or self.jumps or self.uneven)


def audit_matrix(
    likelihood: Sequence[Interval], impact: Sequence[Interval], rating: Sequence[Sequence[int]]
) -> MatrixAudit:
    """Audit a rating matrix against p × impact.

    ``likelihood``: the interval of the chance of each level, rising; ``impact``: that of the impact
    of each level, rising, in one unit; ``rating``: a row for each likelihood, a whole number for
    each impact, higher is worse. Raises ``ValueError`` for anything else.

    >>> audit = audit_matrix([[0, 0.5], [0.5, 1]], [[0, 50], [50, 100]], [[0, 1], [1, 2]])
    >>> audit.pairs, audit.weakly_consistent, audit.jumps
    ((), True, ())
    """
    _check_levels("likelihood", likelihood)
    _check_levels("impact", impact)
    if likelihood[-1][1] > 1:
        raise ValueError("likelihood goes above 1; give chances up to 1")
    if [len(row) for row in rating] != [len(impact)] * len(likelihood) or any(
        value != int(value) for row in rating for value in row
    ):
        raise ValueError(
            f"rating is not {len(likelihood)} rows of {len(impact)} whole numbers; give these"
        )
    matrix = _Matrix(
        {Cell(r, c): value for r, row in enumerate(rating) for c, value in enumerate(row)},
        [[p[0] * i[0] for i in impact] for p in likelihood],
        [[p[1] * i[1] for i in impact] for p in likelihood],
    )
    return MatrixAudit(
        matrix.pairs_rated_the_wrong_way(),
        matrix.find_top_risk_below_lowest(likelihood, impact),
        matrix.neighbours_with_lowest_and_top_rating(),
        matrix.intermediate_cells_rated_unevenly(),
        matrix.most_times_larger_at_same_rating(),
    )


def _check_levels(name: str, levels: Sequence[Interval]) -> None:
    if not levels or any(len(level) != 2 for level in levels):
        raise ValueError(f"{name} is not a list of intervals; give (low, high) each")
    if not all(0 <= low < high < math.inf for low, high in levels):
        raise ValueError(f"{name} holds an interval without width, below 0 or without end; "
                         "give 0 ≤ low < high")  # fmt: skip
    if any(after[0] < before[1] for before, after in pairwise(levels)):
        raise ValueError(f"{name} has levels that overlap or fall; start each where the last ends")


class _Matrix:
    """``low`` and ``high``: the limits of what is in each cell, by likelihood and impact."""

    def __init__(self, rated: dict[Cell, int], low: _Rows, high: _Rows) -> None:
        self._rated = rated
        self._low = {cell: low[cell.likelihood][cell.impact] for cell in rated}
        self._high = {cell: high[cell.likelihood][cell.impact] for cell in rated}
        self._top, self._bottom = max(rated.values()), min(rated.values())
        self._reds = [cell for cell, value in rated.items() if value == self._top]
        self._greens = [cell for cell, value in rated.items() if value == self._bottom]

    def pairs_rated_the_wrong_way(self) -> _Pairs:
        return tuple(
            (a, b)
            for a, above in self._rated.items()
            for b, below in self._rated.items()
            if above > below and self._high[a] < self._low[b]
        )

    def find_top_risk_below_lowest(
        self, likelihood: Sequence[Interval], impact: Sequence[Interval]
    ) -> TopBelowLowest | None:
        """The smallest of the top-rated risks beside the largest of the lowest-rated ones, where
        it is smaller."""
        if self._top == self._bottom:
            return None
        red = min(self._reds, key=self._low.__getitem__)
        green = max(self._greens, key=self._high.__getitem__)
        if self._low[red] >= self._high[green]:
            return None
        # The corners are the limits of what the cells hold; risks near them are in the cells.
        return TopBelowLowest(
            red,
            green,
            ChanceAndImpact(likelihood[red.likelihood][0], impact[red.impact][0]),
            ChanceAndImpact(likelihood[green.likelihood][1], impact[green.impact][1]),
        )

    def neighbours_with_lowest_and_top_rating(self) -> _Pairs:
        """Neighbours (by side) of which one has the top and the other the lowest rating: Cox's
        lemma 1 says a consistent matrix with more than two ratings has none."""
        if len(set(self._rated.values())) < 3:
            return ()
        ends = {self._top, self._bottom}
        return tuple(
            (cell, other)
            for cell, value in self._rated.items()
            for other in (Cell(cell[0] + 1, cell[1]), Cell(cell[0], cell[1] + 1))
            if other in self._rated and {value, self._rated[other]} == ends
        )

    def intermediate_cells_rated_unevenly(self) -> tuple[Cell, ...]:
        """Intermediate cells that neither lie between a top and a lowest one (their risks apart
        from both) nor hold risks of both sizes: Cox's third axiom."""
        return tuple(
            cell
            for cell, value in self._rated.items()
            if value not in (self._top, self._bottom)
            and not (
                any(green[0] <= cell[0] and green[1] <= cell[1] for green in self._greens)
                and any(red[0] >= cell[0] and red[1] >= cell[1] for red in self._reds)
            )
            and not (
                any(self._high[cell] > self._low[red] for red in self._reds)
                and any(self._low[cell] < self._high[green] for green in self._greens)
            )
        )

    def most_times_larger_at_same_rating(self) -> float:
        factors = []
        for value in set(self._rated.values()):
            inside = [cell for cell, rated in self._rated.items() if rated == value]
            smallest = min(self._low[cell] for cell in inside)
            largest = max(self._high[cell] for cell in inside)
            factors.append(largest / smallest if smallest > 0 else math.inf)
        return max(factors)
