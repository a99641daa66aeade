"""What makes a belief and a link sound: pure functions of their values."""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from riskreg.analysis import ranges
from riskreg.kernel.errors import Errors


def check_belief(errors: Errors, clean: Mapping[str, Any]) -> None:
    """Note what is wrong with a range of a driver."""
    low, mode, high = (clean.get(part) for part in ("low", "mode", "high"))
    if errors.has_any_on("low", "mode", "high", "family") or low is None or high is None:
        return
    if low >= high:
        errors.add("low", "out_of_order", _("The low end must be below the high end."))
        return
    if clean["family"] == "pert":
        if mode is None:
            errors.add("mode", "required", _("Say what is most likely, between the ends."))
        elif not low <= mode <= high:
            errors.add("mode", "out_of_order", _("What is most likely lies between the two ends."))
    else:
        if mode is not None:
            text = _("Two ends say it all here; leave the middle empty.")
            errors.add("mode", "contradiction", text)
        if low <= 0:
            text = _("Two ends of this kind are above 0; give lowest, likely, highest instead.")
            errors.add("low", "out_of_range", text)
        elif ranges.Lognormal(float(low), float(high)).sigma > ranges.TOO_WIDE_SIGMA:
            text = _("These ends lie too far apart to reckon with; bring them closer.")
            errors.add("high", "too_far", text)


def check_review_and_step_days(errors: Errors, clean: Mapping[str, Any], today: dt.date) -> None:
    """Note what is wrong with the days of a belief: of what is known, and of the next look."""
    known, review = clean.get("as_of"), clean.get("review_on")
    if known and known > today:
        errors.add("as_of", "in_the_future", _("What is known is known today at the latest."))
    if review and known and review <= known:
        errors.add("review_on", "too_early", _("Look at it again after the day of what is known."))
    for n, step in enumerate(clean.get("steps") or ()):
        if known and step["on"] <= known.isoformat():
            text = _("A step lies after the day of what is known: the range has it otherwise.")
            errors.add(f"steps.{n}.on", "too_early", text)


def earliest_review_or_step_day(
    review_on: dt.date | None, steps: Iterable[Mapping[str, Any]]
) -> dt.date | None:
    """The day on which a belief is to be looked at again: its review date, or that of its first
    step, when what was known to come has come."""
    days = [dt.date.fromisoformat(step["on"]) for step in steps]
    return min([*days, *([review_on] if review_on else [])], default=None)


def p5_and_p95(it: ranges.Range) -> tuple[Decimal, Decimal]:
    """P5 and P95 of a range as they are kept, to six decimals."""
    low, high = (round(Decimal(repr(it.quantile(q))), 6) for q in (0.05, 0.95))
    return low, high


def check_driver_multiplier_not_negative(
    errors: Errors,
    beliefs: Iterable[ranges.Range],
    form: str,
    sensitivity: float,
    step_factors: Iterable[float] = (),
) -> None:
    """Note a link that would make a multiplier negative, or nothing, somewhere in what is believed
    of the driver; ``step_factors``: what steps to come make of its ends."""
    parts = list(beliefs)
    if not parts:
        text = _("Nobody has said yet what this driver may be: give a belief of it first.")
        errors.add("driver", "empty", text)
        return
    low = min(0.0 if isinstance(one, ranges.Lognormal) else one.low for one in parts)  # type: ignore[attr-defined]
    high = max(one.quantile(0.9999) for one in parts)
    if form == "power":
        touches_zero = any(isinstance(one, ranges.Pert) and one.low <= 0 for one in parts)
        if low < 0 or (sensitivity < 0 and touches_zero):
            text = _(
                "A power needs values above 0, and this driver goes down to %(low)s; choose steps."
            )
            errors.add("form", "out_of_range", text % {"low": f"{low:g}"})
        return
    middle = ranges.Pool.equal(parts).quantile(0.5)
    ends = [end * factor for factor in (1.0, *step_factors) for end in (low, high)]
    for end in sorted(ends):
        if 1 + sensitivity * (end - middle) < 0:
            text = _("At %(end)s the multiplier would be below 0; take a smaller strength.")
            errors.add("sensitivity", "out_of_range", text % {"end": f"{end:g}"})
            return
    if sensitivity < 0 and any(isinstance(one, ranges.Lognormal) for one in parts):
        text = _("This driver has no upper end, so steps downwards would pass 0; choose a power.")
        errors.add("sensitivity", "out_of_range", text)


def first_text_naming_driver(driver: Any, texts: Iterable[str]) -> str:
    """The sentence among ``texts`` (what estimates include already) that names the driver, by its
    ref or by one of its names; empty for none."""
    names = [name.casefold() for name in (driver.ref, *driver.names.values()) if name]
    for text in texts:
        if any(name in text.casefold() for name in names):
            return text
    return ""
