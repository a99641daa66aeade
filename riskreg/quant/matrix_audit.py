"""What a risk matrix gets wrong, after Cox (2008), "What's wrong with risk matrices?",
*Risk Analysis* 28(3), 497–512.

A cell holds the risks whose chance p and impact i lie in its two intervals; their size is p × i.
A matrix with ratings can only order risks correctly if its top rating means larger risks than its
lowest, if small steps don't jump from one to the other, and if equal risks get equal ratings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.errors import InvalidProbability, InvalidRange, InvalidShape

Cell = tuple[int, int]


@dataclass(frozen=True)
class Overlap:
    """A risk in a top-rated cell that is smaller than one in a lowest-rated cell: (p, i) each."""

    top: Cell
    lowest: Cell
    top_risk: tuple[float, float]
    lowest_risk: tuple[float, float]


@dataclass(frozen=True)
class MatrixAudit:
    """Findings; cells are (likelihood position, impact position), from 0.

    `reversed_pairs` pairs (a, b) where a is rated above b although every risk in a is smaller than
    every risk in b; `first` such pair in reading order; `pairs` all of them.
    `overlap` a top-rated risk smaller than a lowest-rated one (Cox's weak consistency fails), or
    None; `jumps` neighbouring cells that go from lowest to top rating (betweenness fails);
    `uneven` intermediate cells whose colour no risk in them asks for (consistent colouring fails);
    `same_rating_factor` how many times larger one risk can be than another with the same rating
    (infinite when a rating reaches down to 0); `sentences` all of it in plain words.
    """

    reversed_pairs: int
    first: tuple[Cell, Cell] | None
    pairs: tuple[tuple[Cell, Cell], ...]
    overlap: Overlap | None
    jumps: tuple[tuple[Cell, Cell], ...]
    uneven: tuple[Cell, ...]
    same_rating_factor: float
    sentences: tuple[str, ...]

    @property
    def weakly_consistent(self) -> bool:
        """Every risk with the top rating is larger than every risk with the lowest."""
        return self.overlap is None

    @property
    def sound(self) -> bool:
        """No reversed pair, no overlap, no jump, no uneven cell."""
        return not (self.reversed_pairs or self.overlap or self.jumps or self.uneven)


def audit_matrix(
    likelihood: npt.ArrayLike,
    impact: npt.ArrayLike,
    rating: npt.ArrayLike,
    *,
    likelihood_names: Sequence[str] | None = None,
    impact_names: Sequence[str] | None = None,
    rating_names: Mapping[int, str] | None = None,
) -> MatrixAudit:
    """Audit a rating matrix against p × impact.

    Parameters
    ----------
    likelihood : shape (rows, 2), interval of the chance of each level, rising.
    impact : shape (columns, 2), interval of the impact of each level, rising, in one unit.
    rating : shape (rows, columns), whole numbers, higher is worse.
    likelihood_names, impact_names : of the levels, used in the sentences; numbers when left out.
    rating_names : name of each rating that occurs, used likewise.

    Raises `InvalidShape`, `InvalidRange`, `InvalidProbability`.

    >>> audit = audit_matrix([[0, 0.5], [0.5, 1]], [[0, 50], [50, 100]], [[0, 1], [1, 2]])
    >>> audit.reversed_pairs, audit.weakly_consistent, audit.jumps
    (0, True, ())
    """
    p = _levels("likelihood", likelihood)
    if p[-1, 1] > 1:
        raise InvalidProbability("likelihood", likelihood, "goes above 1", "give chances up to 1")
    i = _levels("impact", impact)
    raw = checks.array("rating", rating, 2)
    if raw.shape != (len(p), len(i)) or (raw != np.round(raw)).any():
        raise InvalidShape(
            "rating",
            rating,
            f"has shape {raw.shape} or is not whole",
            f"give {len(p)} rows of {len(i)} whole numbers",
        )
    rated = raw.astype(np.int64)
    words = _Words(
        _names("likelihood_names", likelihood_names, len(p)),
        _names("impact_names", impact_names, len(i)),
        _rating_names(rating_names, rated),
        rated,
    )
    low, high = np.outer(p[:, 0], i[:, 0]), np.outer(p[:, 1], i[:, 1])
    pairs = _reversed(rated, low, high)
    overlap = _overlap(rated, low, high, p, i)
    jumps = _jumps(rated)
    uneven = _uneven(rated, low, high)
    factor = _same_rating_factor(rated, low, high)
    sentences = words.sentences(pairs, low, high, overlap, jumps, uneven, factor)
    return MatrixAudit(
        len(pairs), pairs[0] if pairs else None, pairs, overlap, jumps, uneven, factor, sentences
    )


def _levels(argument: str, values: npt.ArrayLike) -> Array:
    table = checks.array(argument, values, 2)
    if table.shape[1] != 2:
        raise InvalidShape(argument, values, "is not a list of intervals", "give (low, high) each")
    if (table < 0).any() or (table[:, 0] >= table[:, 1]).any():
        raise InvalidRange(
            argument, values, "holds an interval below 0 or without width", "give 0 ≤ low < high"
        )
    if (table[1:, 0] < table[:-1, 1]).any():
        raise InvalidRange(
            argument, values, "has levels that overlap or fall", "start each where the last ends"
        )
    return table


def _names(argument: str, names: Sequence[str] | None, size: int) -> list[str]:
    if names is None:
        return [str(k + 1) for k in range(size)]
    if len(names) != size:
        raise InvalidShape(argument, names, f"has {len(names)} names", f"give {size}")
    return list(names)


def _rating_names(
    names: Mapping[int, str] | None, rated: npt.NDArray[np.int64]
) -> Mapping[int, str]:
    values = [int(value) for value in np.unique(rated)]
    if names is None:
        return {value: f"rating {value}" for value in values}
    for value in values:
        if value not in names:
            raise InvalidShape(
                "rating_names", names, f"has no name for {value}", "name each rating"
            )
    return {value: f"“{names[value]}”" for value in values}


def _cells(rated: npt.NDArray[np.int64]) -> list[Cell]:
    return [(r, c) for r in range(rated.shape[0]) for c in range(rated.shape[1])]


def _reversed(
    rated: npt.NDArray[np.int64], low: Array, high: Array
) -> tuple[tuple[Cell, Cell], ...]:
    cells = _cells(rated)
    return tuple((a, b) for a in cells for b in cells if rated[a] > rated[b] and high[a] < low[b])


def _overlap(
    rated: npt.NDArray[np.int64], low: Array, high: Array, p: Array, i: Array
) -> Overlap | None:
    top, bottom = rated.max(), rated.min()
    if top == bottom:
        return None
    cells = _cells(rated)
    red = min((c for c in cells if rated[c] == top), key=lambda c: low[c])
    green = max((c for c in cells if rated[c] == bottom), key=lambda c: high[c])
    if low[red] >= high[green]:
        return None
    # The corners are the limits of what the cells hold; risks near them are in the cells.
    return Overlap(
        red,
        green,
        (float(p[red[0], 0]), float(i[red[1], 0])),
        (float(p[green[0], 1]), float(i[green[1], 1])),
    )


def _jumps(rated: npt.NDArray[np.int64]) -> tuple[tuple[Cell, Cell], ...]:
    """Neighbours (by side) of which one has the top and the other the lowest rating: Cox's lemma 1
    says a consistent matrix with more than two ratings has none."""
    top, bottom = rated.max(), rated.min()
    found: list[tuple[Cell, Cell]] = []
    if np.unique(rated).size < 3:
        return ()
    for r, c in _cells(rated):
        for other in ((r + 1, c), (r, c + 1)):
            if other[0] < rated.shape[0] and other[1] < rated.shape[1]:
                pair = {int(rated[r, c]), int(rated[other])}
                if pair == {int(top), int(bottom)}:
                    found.append(((r, c), other))
    return tuple(found)


def _uneven(rated: npt.NDArray[np.int64], low: Array, high: Array) -> tuple[Cell, ...]:
    """Intermediate cells that neither lie between a top and a lowest one (their risks apart from
    both) nor hold risks of both sizes: Cox's third axiom."""
    top, bottom = rated.max(), rated.min()
    cells = _cells(rated)
    reds = [c for c in cells if rated[c] == top]
    greens = [c for c in cells if rated[c] == bottom]
    found = []
    for c in cells:
        if rated[c] in (top, bottom):
            continue
        between = any(g[0] <= c[0] and g[1] <= c[1] and g != c for g in greens) and any(
            r[0] >= c[0] and r[1] >= c[1] and r != c for r in reds
        )
        both = any(high[c] > low[r] for r in reds) and any(low[c] < high[g] for g in greens)
        if not between and not both:
            found.append(c)
    return tuple(found)


def _same_rating_factor(rated: npt.NDArray[np.int64], low: Array, high: Array) -> float:
    factors = []
    for value in np.unique(rated):
        inside = rated == value
        smallest = float(low[inside].min())
        factors.append(float(high[inside].max()) / smallest if smallest > 0 else np.inf)
    return float(max(factors))


@dataclass(frozen=True)
class _Words:
    likelihood: list[str]
    impact: list[str]
    ratings: Mapping[int, str]
    rated: npt.NDArray[np.int64]

    def cell(self, cell: Cell) -> str:
        return f"likelihood {self.likelihood[cell[0]]} × impact {self.impact[cell[1]]}"

    def rating(self, cell: Cell) -> str:
        return self.ratings[int(self.rated[cell])]

    def sentences(
        self,
        pairs: tuple[tuple[Cell, Cell], ...],
        low: Array,
        high: Array,
        overlap: Overlap | None,
        jumps: tuple[tuple[Cell, Cell], ...],
        uneven: tuple[Cell, ...],
        factor: float,
    ) -> tuple[str, ...]:
        sentences = []
        if pairs:
            a, b = pairs[0]
            sentences.append(
                f"{_count(len(pairs), 'pair')} of cells {'is' if len(pairs) == 1 else 'are'} the"
                f" wrong way round: {self.cell(a)} is {self.rating(a)} although"
                f" nothing in it can cost more than {high[a]:g} a year on average, while"
                f" {self.cell(b)} is only {self.rating(b)} and everything in it"
                f" costs at least {low[b]:g}."
            )
        if overlap is not None:
            sentences.append(
                f"The colours can mislead: a risk at the low corner of {self.cell(overlap.top)}"
                f" gets the top rating with an expected loss of"
                f" {overlap.top_risk[0] * overlap.top_risk[1]:g}, and one at the high corner of"
                f" {self.cell(overlap.lowest)} the lowest rating with"
                f" {overlap.lowest_risk[0] * overlap.lowest_risk[1]:g}."
            )
        if jumps:
            a, b = jumps[0]
            sentences.append(
                f"A small change of opinion turns the lowest rating into the top one: "
                f"{self.cell(a)} and {self.cell(b)} touch."
            )
        if uneven:
            sentences.append(
                f"{_count(len(uneven), 'cell')} {'has' if len(uneven) == 1 else 'have'} a middle"
                f" rating without reason, the first {self.cell(uneven[0])}: the risks in it are not"
                " between those with the lowest and those with the top rating."
            )
        if not sentences:
            sentences.append("No cell is rated above another that can only hold larger risks.")
        reach = "without limit" if np.isinf(factor) else f"{factor:,.0f} times"
        sentences.append(
            f"Two risks with the same rating can differ {reach} in expected loss: the matrix sorts"
            " risks into drawers, it does not measure them."
        )
        return tuple(sentences)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
