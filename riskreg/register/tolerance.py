"""How much may be lost with which chance: the tolerance curve of criteria. Pure.

Points [{amount, chance}]: a year may cost more than the amount with at most that chance. Between
two points the chance goes in a straight line; below the first nothing is said, and beyond the last
its chance holds.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors

MAX_POINTS = 10
MAX_AMOUNT = 10**15
Points = Sequence[Mapping[str, float]]


def clean_tolerance(errors: Errors, value: Any) -> list[dict[str, float]]:
    """The points by rising amount. Notes what is no point, an amount twice, a chance that rises."""
    field = "tolerance"
    if not isinstance(value, list) or len(value) > MAX_POINTS:
        text = _("A tolerance is a list of at most %(n)d points.") % {"n": MAX_POINTS}
        errors.add(field, "not_a_list", text)
        return []
    found: list[dict[str, float]] = []
    for row in value:
        point: Mapping[str, Any] = row if isinstance(row, Mapping) else {}
        amount, chance = _finite_or_none(point.get("amount")), _finite_or_none(point.get("chance"))
        if amount is None or not 0 <= amount <= MAX_AMOUNT:
            text = _("Name the amount that a year may cost more than, 0 or more.")
            errors.add(field, "malformed", text)
        elif chance is None or not 0 < chance < 1:
            text = _("Name a chance within a year between 0 and 1, as 0.05 for one year in 20.")
            errors.add(field, "malformed", text)
        else:
            found.append({"amount": amount, "chance": chance})
    found.sort(key=lambda point: point["amount"])
    for one, other in pairwise(found):
        if one["amount"] == other["amount"]:
            text = _("The amount %(amount)s is named twice; give it one chance.")
            errors.add(field, "repeated", text % {"amount": f"{one['amount']:g}"})
        elif other["chance"] > one["chance"]:
            text = _("More than %(amount)s cannot be tolerated more often than less than that.")
            errors.add(field, "out_of_order", text % {"amount": f"{other['amount']:g}"})
    return found


def _finite_or_none(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None


def chance_tolerated(points: Points, amount: float) -> float:
    """With which chance a year may cost more than ``amount``; 1 where nothing is said.

    >>> curve = [{"amount": 100, "chance": 0.2}, {"amount": 300, "chance": 0.1}]
    >>> [round(chance_tolerated(curve, x), 3) for x in (99, 100, 200, 400)]
    [1.0, 0.2, 0.15, 0.1]
    """
    if not points or amount < points[0]["amount"]:
        return 1.0
    for one, other in pairwise(points):
        if amount <= other["amount"]:
            share = (amount - one["amount"]) / (other["amount"] - one["amount"])
            return one["chance"] + share * (other["chance"] - one["chance"])
    return points[-1]["chance"]


def is_looser(before: Points, after: Points) -> bool:
    """Whether ``after`` tolerates any loss more often than ``before``."""
    amounts = sorted({point["amount"] for point in (*before, *after)})
    return any(chance_tolerated(after, x) > chance_tolerated(before, x) for x in amounts)
