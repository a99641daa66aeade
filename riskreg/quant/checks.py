"""Input checks shared by the modules of `riskreg.quant`: everything is checked before any
mathematics, and each check answers with the value in the type that the mathematics wants."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from riskreg.quant.errors import (
    DuplicateName,
    InvalidChoice,
    InvalidNumber,
    InvalidProbability,
    InvalidRate,
    InvalidShape,
    QuantError,
)

Array = npt.NDArray[np.float64]

MAX_RATE = 1e6
"""Events a year that one exposure may have; beyond it the exposure is a cost, not a risk."""


def number(argument: str, value: Any, error: type[QuantError] = InvalidNumber) -> float:
    """`value` as a finite float, or `error`. Booleans and text are refused, not converted."""
    if isinstance(value, bool | str | bytes) or value is None:
        raise error(argument, value, "is not a number", "give a finite number")
    try:
        result = float(value)
    except (TypeError, ValueError) as exc:
        raise error(argument, value, "is not a number", "give a finite number") from exc
    if not math.isfinite(result):
        raise error(argument, value, "is not finite", "give a finite number")
    return result


def non_negative(argument: str, value: Any, error: type[QuantError] = InvalidNumber) -> float:
    """`value` as a finite float of 0 or more."""
    result = number(argument, value, error)
    if result < 0:
        raise error(argument, value, "is negative", "give 0 or more")
    return result


def positive(argument: str, value: Any, error: type[QuantError] = InvalidNumber) -> float:
    """`value` as a finite float above 0."""
    result = number(argument, value, error)
    if result <= 0:
        raise error(argument, value, "is not above 0", "give a number above 0")
    return result


def rate(argument: str, value: Any) -> float:
    """Events a year: finite, 0 … `MAX_RATE`."""
    result = number(argument, value, InvalidRate)
    if result < 0:
        raise InvalidRate(argument, value, "is negative", "give events a year, 0 or more")
    if result > MAX_RATE:
        raise InvalidRate(
            argument, value, f"is more than {MAX_RATE:g} events a year", "model it as a cost"
        )
    return result


def probability(argument: str, value: Any) -> float:
    """A probability, 0 … 1 inclusive."""
    result = number(argument, value, InvalidProbability)
    if not 0 <= result <= 1:
        raise InvalidProbability(
            argument, value, "is not a probability", "give a number from 0 to 1"
        )
    return result


def level(argument: str, value: Any) -> float:
    """A confidence level or quantile, strictly between 0 and 1."""
    result = number(argument, value, InvalidProbability)
    if not 0 < result < 1:
        raise InvalidProbability(
            argument, value, "is not a level", "give a number strictly between 0 and 1, like 0.95"
        )
    return result


def integer(
    argument: str, value: Any, low: int, high: int, error: type[QuantError] = InvalidNumber
) -> int:
    """A whole number from `low` to `high`."""
    try:
        if isinstance(value, bool):
            raise TypeError
        result = operator.index(value)
    except TypeError as exc:
        raise error(argument, value, "is not a whole number", "give a whole number") from exc
    if not low <= result <= high:
        raise error(argument, value, "is out of range", f"give a whole number from {low} to {high}")
    return result


def seed(argument: str, value: Any) -> int:
    """A seed: a whole number of 0 or more (at most 128 bits)."""
    return integer(argument, value, 0, 2**128 - 1)


def one_of(argument: str, value: Any, allowed: Sequence[str]) -> str:
    """`value` if it is one of the words allowed."""
    if value not in allowed:
        raise InvalidChoice(argument, value, "is not known", f"give one of {', '.join(allowed)}")
    return str(value)


def as_floats(values: Any) -> Array:
    """`values` as float64, unchecked: for results of SciPy, which carry no types."""
    return np.asarray(values, dtype=np.float64)


def dot(a: Array, b: Array) -> float:
    """Σ a b in an order that depends on nothing but the size: a BLAS product may share the sum
    among as many threads as the machine has, and give other last bits."""
    return float((a * b).sum())


def power(base: float, exponent: float) -> float:
    """base ** exponent, infinite where Python would raise."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf


def array(argument: str, values: Any, dimensions: int) -> Array:
    """`values` as an array of finite float64 with `dimensions` axes, none of them empty."""
    try:
        result = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as exc:
        raise InvalidShape(
            argument, values, "is not a regular array of numbers", "give numbers in equal rows"
        ) from exc
    if result.ndim != dimensions or result.size == 0:
        raise InvalidShape(
            argument,
            values,
            f"has shape {result.shape}",
            f"give a non-empty array with {dimensions} axes",
        )
    if not np.isfinite(result).all():
        raise InvalidNumber(
            argument, values, "holds a value that is not finite", "give finite numbers only"
        )
    return result


def weights(argument: str, values: Any, size: int) -> Array:
    """Probabilities that add up to 1 (to 1e-9), shape (size,)."""
    result = array(argument, values, 1)
    if result.size != size:
        raise InvalidShape(
            argument, values, f"has {result.size} entries", f"give {size}, one for each"
        )
    if (result < 0).any() or (result > 1).any():
        raise InvalidProbability(
            argument, values, "holds a value outside 0 … 1", "give numbers from 0 to 1"
        )
    total = math.fsum(result)
    if abs(total - 1) > 1e-9:
        raise InvalidProbability(
            argument, values, f"adds up to {total:.12g}", "make the probabilities add up to 1"
        )
    return result


def unique(argument: str, names: Sequence[str]) -> None:
    """Refuse a name that repeats."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DuplicateName(argument, name, "repeats", "give each a name of its own")
        seen.add(name)


def name(argument: str, value: Any) -> str:
    """A non-empty text."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidChoice(argument, value, "is not a name", "give a non-empty text")
    return value
