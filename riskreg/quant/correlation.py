"""Correlation of drivers: checks on the matrix, and normal scores that have it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.errors import InvalidCorrelation

TOLERANCE = 1e-9
"""How far a matrix may be from symmetric, unit-diagonal or positive semi-definite by rounding."""

Matrix = tuple[tuple[float, ...], ...]


def correlation_matrix(correlation: Sequence[Sequence[float]], size: int) -> Matrix:
    """A checked correlation matrix, as rows of plain numbers.

    Parameters
    ----------
    correlation : shape (size, size), symmetric, ones on the diagonal, positive semi-definite.
        A singular matrix is allowed: two drivers that move as one are a correlation of 1.

    Raises `InvalidCorrelation`. The nearest valid matrix is never put in its place: what an expert
    said can't be true together is for the expert to resolve.

    >>> correlation_matrix([[1, 0.5], [0.5, 1]], 2)
    ((1.0, 0.5), (0.5, 1.0))
    """
    matrix = checks.array("correlation", correlation, 2)
    if matrix.shape != (size, size):
        raise InvalidCorrelation(
            "correlation",
            correlation,
            f"has shape {matrix.shape}",
            f"give {size} × {size}, in the order of the drivers",
        )
    if np.abs(matrix - matrix.T).max() > TOLERANCE:
        i, j = np.unravel_index(np.abs(matrix - matrix.T).argmax(), matrix.shape)
        raise InvalidCorrelation(
            "correlation",
            correlation,
            f"is not symmetric at ({i}, {j})",
            "give the same number above and below the diagonal",
        )
    if np.abs(np.diag(matrix) - 1).max() > TOLERANCE:
        raise InvalidCorrelation(
            "correlation", correlation, "has a diagonal that is not 1", "put 1 on the diagonal"
        )
    if np.abs(matrix).max() > 1 + TOLERANCE:
        raise InvalidCorrelation(
            "correlation", correlation, "holds a value outside -1 … 1", "give values from -1 to 1"
        )
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest < -TOLERANCE * size:
        # Shrinking towards independence by this factor is the smallest uniform cure.
        factor = 1 / (1 - smallest)
        raise InvalidCorrelation(
            "correlation",
            correlation,
            f"is not positive semi-definite (smallest eigenvalue {smallest:.6g})",
            "these correlations can't hold together: ask the expert again"
            f" (multiplying all of them by {factor:.3f} or less would be possible)",
        )
    return tuple(tuple(row) for row in matrix.tolist())


def padded_with_independent(matrix: Matrix | None, size: int) -> Matrix | None:
    """`matrix` with drivers added at the end that are independent of all others, `size` in all.

    >>> padded_with_independent(((1.0, 0.5), (0.5, 1.0)), 3)
    ((1.0, 0.5, 0.0), (0.5, 1.0, 0.0), (0.0, 0.0, 1.0))
    """
    if matrix is None or len(matrix) == size:
        return matrix
    wider = np.eye(size)
    wider[: len(matrix), : len(matrix)] = matrix
    return tuple(tuple(row) for row in wider.tolist())


def lower_factor(matrix: Matrix) -> Array:
    """Lower triangular L with L Lᵀ = `matrix`, also for a singular matrix.

    Cholesky's recursion where a zero pivot leaves its column zero (Higham, *Accuracy and Stability
    of Numerical Algorithms*, 10.3). Being lower triangular, it leaves the scores of the first
    drivers as they were when another is added at the end.

    >>> lower_factor(((1.0, 1.0), (1.0, 1.0))).tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """
    a = np.array(matrix)
    size = len(a)
    factor = np.zeros((size, size))
    for j in range(size):
        done = factor[:, :j]
        pivot = a[j, j] - done[j] @ done[j]
        if pivot > TOLERANCE * size:
            factor[j, j] = np.sqrt(pivot)
            below = slice(j + 1, None)
            factor[below, j] = (a[below, j] - done[below] @ done[j]) / factor[j, j]
    # A skipped pivot may leave rows a rounding short of length 1, which would thin the tails.
    factor /= np.sqrt((factor**2).sum(axis=1, keepdims=True))
    return factor
