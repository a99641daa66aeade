"""What makes an estimate sound, and what it comes to: pure functions of its values."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from riskreg.analysis import ranges
from riskreg.kernel.errors import Errors

# More events a year than this are no risk but a cost.
MOST_A_YEAR = Decimal(1000)


def check_frequency(errors: Errors, clean: Mapping[str, Any]) -> None:
    """Note what is wrong with how often: the ends, the middle between them, and their bounds."""
    low, mode, high = (clean.get(f"frequency_{part}") for part in ("low", "mode", "high"))
    chance = clean.get("frequency_kind") == "probability"
    most = Decimal(1) if chance else MOST_A_YEAR
    for part, value in (("low", low), ("mode", mode), ("high", high)):
        name = f"frequency_{part}"
        if value is None or errors.has_any_on(name):
            continue
        if value < 0:
            errors.add(name, "out_of_range", _("How often cannot be less than 0; give 0 or more."))
        elif value > most:
            errors.add(
                name,
                "out_of_range",
                _(
                    "A chance is at most 1 (that is 100 %). Give events a year if it can happen "
                    "more often."
                )
                if chance
                else _("At most 1,000 events a year are taken; what happens daily is a cost."),
            )
    check_range_order(errors, "frequency", low, mode, high)


def check_severity(errors: Errors, clean: Mapping[str, Any]) -> None:
    """Note what is wrong with what one event costs."""
    low, mode, high, cap = (clean.get(f"severity_{p}") for p in ("low", "mode", "high", "cap"))
    family = clean.get("severity_family")
    if family == "pert":
        if mode is None and not errors.has_any_on("severity_mode"):
            errors.add("severity_mode", "required", _("Say what is most likely, between the ends."))
        if cap is not None:
            text = _("The highest value is the cap already; leave this empty.")
            errors.add("severity_cap", "contradiction", text)
        check_range_order(errors, "severity", low, mode, high)
        return
    if family != "lognormal":
        return
    if mode is not None:
        text = _(
            "Two ends say it all here; leave the middle empty, or give lowest, likely, highest."
        )
        errors.add("severity_mode", "contradiction", text)
    if low is not None and low <= 0 and not errors.has_any_on("severity_low"):
        text = _("Give a low end above 0: one event in twenty costs less.")
        errors.add("severity_low", "out_of_range", text)
    check_range_order(errors, "severity", low, None, high)
    if errors.has_any_on("severity_low", "severity_high") or low is None or high is None:
        return
    if cap is not None and cap < high:
        text = _(
            "A cap below the high end contradicts it; one event in twenty passes the high end."
        )
        errors.add("severity_cap", "contradiction", text)
    elif cap is None and ranges.Lognormal(float(low), float(high)).sigma > ranges.TOO_WIDE_SIGMA:
        text = _(
            "These ends lie so far apart that the mean would be a guess about the far end. Name an "
            "amount that one event cannot exceed, or bring the ends closer."
        )
        errors.add("severity_high", "too_far", text)


def check_range_order(errors: Errors, prefix: str, low: Any, mode: Any, high: Any) -> None:
    """Note ends that are none, and a middle that is not between them."""
    names = [f"{prefix}_{part}" for part in ("low", "mode", "high")]
    if errors.has_any_on(*names) or low is None or high is None:
        return
    if low >= high:
        errors.add(
            names[0],
            "out_of_order",
            _(
                "The low end must be below the high end; a range that is a single number is "
                "no range."
            ),
        )
    elif mode is not None and not low <= mode <= high:
        errors.add(names[1], "out_of_order", _("What is most likely lies between the two ends."))


def is_wide(severity: ranges.Range) -> bool:
    """Whether the mean of that range hangs on its far end, so that it is to be said."""
    if not isinstance(severity, ranges.Lognormal) or severity.cap is not None:
        return False
    return severity.sigma > ranges.WIDE_SIGMA


class ImpliedFigures(NamedTuple):
    """What ranges come to: quantiles and mean of one event, events and amount in a year."""

    p5: float
    p50: float
    p90: float
    p95: float
    mean: float
    events: float
    yearly: float


def implied_figures(frequency: ranges.Range, severity: ranges.Range) -> ImpliedFigures:
    """What those two ranges come to."""
    mean, often = severity.mean, frequency.mean
    return ImpliedFigures(
        p5=severity.quantile(0.05),
        p50=severity.quantile(0.5),
        p90=severity.quantile(0.9),
        p95=severity.quantile(0.95),
        mean=mean,
        events=often,
        yearly=often * mean,
    )


def round_significant(value: float, digits: int = 3) -> float:
    """``value`` to so many significant digits: more would claim what nobody knows."""
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))
