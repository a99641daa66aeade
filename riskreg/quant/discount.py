"""Money of other years in money of today."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.errors import InvalidRange, InvalidShape, InvalidYears


def discount_factors(rate: float, periods: int, first_at: int = 1) -> Array:
    """Value today of 1 paid in each of `periods` years: (1 + rate)^-first_at, …

    Parameters
    ----------
    rate : > -1, like 0.06.
    periods : ≥ 1. Returns shape (periods,).
    first_at : when the first is paid, in years from today: 1, at the end of the first year; or 0,
        today, and not discounted (HM Treasury, *The Green Book*, A6: the base year is year 0).

    >>> discount_factors(0.25, 2).tolist(), discount_factors(0.25, 2, first_at=0).tolist()
    ([0.8, 0.64], [1.0, 0.8])
    """
    r = checks.number("rate", rate)
    if r <= -1:
        raise InvalidRange("rate", rate, "is -100 % or less", "give a rate like 0.06")
    n = checks.integer("periods", periods, 1, 1000, InvalidYears)
    begin = checks.integer("first_at", first_at, 0, 1000, InvalidYears)
    return (1 + r) ** -np.arange(float(begin), begin + n)


def present_value(flows: npt.ArrayLike, rate: float, first_at: int = 1) -> Array:
    """Present value of yearly `flows`, shape (…, years); `first_at` as in `discount_factors`.

    What is paid today has `first_at=0`: an investment of today, discounted by a year, would look
    cheaper than it is.

    >>> float(present_value([100, 100], 0.25)), float(present_value([100, 100], 0.25, first_at=0))
    (144.0, 180.0)
    """
    table = np.asarray(flows, dtype=np.float64)
    if table.ndim < 1 or table.shape[-1] == 0:
        raise InvalidShape("flows", flows, "has no years", "give one amount a year or more")
    if not np.isfinite(table).all():
        raise InvalidRange("flows", flows, "holds a value that is not finite", "give finite flows")
    factors = discount_factors(rate, table.shape[-1], first_at)
    return checks.as_floats((table * factors).sum(axis=-1))
