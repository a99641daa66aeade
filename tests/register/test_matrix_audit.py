"""What Cox (2008) proves, on matrices worked out by hand."""

from __future__ import annotations

import doctest
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskreg.register import matrix_audit
from riskreg.register.matrix_audit import MatrixAudit, audit_matrix

FIFTHS = [[k / 5, (k + 1) / 5] for k in range(5)]
HALVES = [[0, 0.5], [0.5, 1]]

# Levels of equal width. Green where a cell touches 0, up to p × i = 0.2; red where every risk is
# above 0.2 = (row/5)(column/5), so row × column ≥ 5; yellow between. No other colouring of the
# left column and the bottom row, nor of the corner, is consistent.
CONSISTENT = [
    [0, 0, 0, 0, 0],
    [0, 1, 1, 1, 1],
    [0, 1, 1, 2, 2],
    [0, 1, 2, 2, 2],
    [0, 1, 2, 2, 2],
]


def test_a_consistent_five_by_five() -> None:
    audit = audit_matrix(FIFTHS, FIFTHS, CONSISTENT)
    assert audit.sound
    assert audit.weakly_consistent
    assert audit.same_rating_factor == math.inf


def test_lemma_one_no_red_beside_green() -> None:
    spoiled = [list(row) for row in CONSISTENT]
    spoiled[1][4] = 2
    audit = audit_matrix(FIFTHS, FIFTHS, spoiled)
    assert ((0, 4), (1, 4)) in audit.jumps
    # Its smallest risk is 0.2 × 0.8 = 0.16, below 0.2, the largest green one: not consistent.
    assert audit.top_below_lowest is not None
    assert audit.top_below_lowest.top == (1, 4)
    assert math.prod(audit.top_below_lowest.top_risk) == pytest.approx(0.16)
    assert math.prod(audit.top_below_lowest.lowest_risk) == pytest.approx(0.2)


@pytest.mark.parametrize("cell", [(k, 0) for k in range(1, 5)] + [(0, k) for k in range(1, 5)])
def test_lemma_two_no_red_in_the_left_column_or_bottom_row(cell: tuple[int, int]) -> None:
    spoiled = [list(row) for row in CONSISTENT]
    spoiled[cell[0]][cell[1]] = 2
    audit = audit_matrix(FIFTHS, FIFTHS, spoiled)
    assert not audit.weakly_consistent
    assert audit.top_below_lowest is not None
    assert math.prod(audit.top_below_lowest.top_risk) == 0


def test_a_middle_rating_without_reason() -> None:
    spoiled = [list(row) for row in CONSISTENT]
    # The far corner holds only risks of 0.64 … 1, larger than in many red cells, and has no red
    # cell beyond it: a middle rating there is neither between nor of both kinds.
    spoiled[4][4] = 1
    audit = audit_matrix(FIFTHS, FIFTHS, spoiled)
    assert (4, 4) in audit.uneven
    assert len(audit.pairs) > 0


def test_two_by_two_by_hand() -> None:
    good = audit_matrix(HALVES, HALVES, [[0, 1], [1, 2]])
    assert good.sound
    # Only the upper right red: its smallest risk 0.25 is below the 0.5 of the "green" neighbours.
    bad = audit_matrix(HALVES, HALVES, [[0, 0], [0, 1]])
    assert not bad.weakly_consistent
    assert bad.jumps == ()
    assert bad.top_below_lowest is not None
    assert math.prod(bad.top_below_lowest.top_risk) == 0.25
    assert math.prod(bad.top_below_lowest.lowest_risk) == 0.5


def test_reversed_pairs_by_hand() -> None:
    audit = audit_matrix(
        [[0, 0.1], [0.1, 0.5], [0.5, 1]],
        [[0, 1], [1, 10], [10, 100]],
        [[0, 0, 0], [0, 0, 1], [2, 1, 2]],
    )
    # likely × minor (at most 1) is high; possible × severe (1 … 50) touches 1, so it isn't
    # reversed; nothing rated lower holds only larger risks.
    assert audit.pairs == ()
    worse = audit_matrix(
        [[0, 0.1], [0.2, 0.5], [0.5, 1]],
        [[0, 1], [1, 10], [10, 100]],
        [[0, 0, 0], [0, 0, 1], [2, 1, 2]],
    )
    assert worse.pairs == (((2, 0), (1, 2)),)


USUAL = [[0, 0.05], [0.05, 0.25], [0.25, 0.5], [0.5, 0.75], [0.75, 1]]
GEOMETRIC = [[0, 1], [1, 10], [10, 50], [50, 200], [200, 1000]]
PRODUCT = [[0, 0, 0, 0, 1], [0, 0, 1, 1, 2], [0, 1, 1, 2, 3], [0, 1, 2, 3, 3]]


def test_the_usual_matrix_of_products_and_one_with_two_cells_spoiled() -> None:
    usual = audit_matrix(USUAL, GEOMETRIC, [*PRODUCT, [1, 2, 3, 3, 3]])
    assert (usual.pairs, usual.weakly_consistent) == ((), False)
    spoiled = audit_matrix(USUAL, GEOMETRIC, [*PRODUCT, [2, 2, 3, 3, 3]])
    assert len(spoiled.pairs) == 2
    assert spoiled.pairs[0] == ((4, 0), (1, 3))


@pytest.mark.parametrize(
    ("likelihood", "impact", "rating", "said"),
    [
        ([[0, 1]], [[0, 1]], [[1, 2]], "rating is not 1 rows of 1"),
        ([[0, 1]], [[0, 1]], [[0.5]], "rating is not 1 rows of 1"),
        ([[0, 2]], [[0, 1]], [[1]], "likelihood goes above 1"),
        ([[0, 1]], [[0, 2], [1, 3]], [[1, 1]], "impact has levels that overlap"),
        ([[0, 1]], [[2, 2]], [[1]], "impact holds an interval without width"),
        ([[0, 1]], [[0, math.inf]], [[1]], "impact holds an interval without width"),
        ([[0, math.nan]], [[0, 1]], [[1]], "likelihood holds an interval without width"),
        ([[-1, 1]], [[0, 1]], [[1]], "likelihood holds an interval without width, below 0"),
        ([[0, 1]], [[0, 1, 2]], [[1]], "impact is not a list of intervals"),
        ([], [[0, 1]], [[1]], "likelihood is not a list of intervals"),
    ],
)
def test_what_is_no_matrix_is_refused_by_name(
    likelihood: list, impact: list, rating: list, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        audit_matrix(likelihood, impact, rating)


def test_its_example_works() -> None:
    assert doctest.testmod(matrix_audit) == (0, 2)


def pairs_by_force(audit: MatrixAudit, p: list, i: list, rating: np.ndarray) -> int:
    cells = list(itertools.product(range(len(p)), range(len(i))))
    return sum(
        1
        for a, b in itertools.product(cells, cells)
        if rating[a] > rating[b] and p[a[0]][1] * i[a[1]][1] < p[b[0]][0] * i[b[1]][0]
    )


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 5))
def test_findings_hold_on_drawn_risks(seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    cuts_p = np.concatenate([[0], np.sort(rng.random(rows))])
    cuts_i = np.concatenate([[0], np.sort(rng.random(columns) * 100)])
    p = [[float(a), float(b)] for a, b in itertools.pairwise(cuts_p)]
    i = [[float(a), float(b)] for a, b in itertools.pairwise(cuts_i)]
    rating = rng.integers(0, 4, (rows, columns))
    audit = audit_matrix(p, i, rating.tolist())
    assert len(audit.pairs) == pairs_by_force(audit, p, i, rating)
    for a, b in audit.pairs:
        x = rng.uniform(*p[a[0]]) * rng.uniform(*i[a[1]])
        y = rng.uniform(*p[b[0]]) * rng.uniform(*i[b[1]])
        assert x < y
    if audit.weakly_consistent and rating.max() > rating.min():
        reds = np.argwhere(rating == rating.max())
        greens = np.argwhere(rating == rating.min())
        x = min(rng.uniform(*p[r]) * rng.uniform(*i[c]) for r, c in reds)
        y = max(rng.uniform(*p[r]) * rng.uniform(*i[c]) for r, c in greens)
        assert x >= y
