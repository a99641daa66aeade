"""What makes an effect sound: pure functions of its values."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors

SHARES = ("frequency", "severity")
# What is to be had can be made bigger; ten times is no effect but another opportunity.
MOST_OF_AN_OPPORTUNITY = Decimal(10)


def check_effect(errors: Errors, clean: Mapping[str, Any], *, is_threat: bool) -> None:
    """Note what is wrong with the shares that remain and with the cost."""
    for what in SHARES:
        _check_share(errors, clean, what, is_threat=is_threat)
    given = [name for name in clean if name.startswith(SHARES) and clean[name] is not None]
    if not given and not errors.has_any_on(
        *_names_of_parts("frequency"), *_names_of_parts("severity")
    ):
        text = _("Say what remains of how often, of what one event costs, or of both.")
        errors.add("frequency_low", "required", text)
    _check_middle(errors, "cost", [clean.get(name) for name in _names_of_parts("cost")])
    low = clean.get("cost_low")
    if low is not None and low < 0 and not errors.has_any_on("cost_low"):
        errors.add("cost_low", "out_of_range", _("A cost cannot be less than 0."))


def _names_of_parts(what: str) -> tuple[str, str, str]:
    return f"{what}_low", f"{what}_mode", f"{what}_high"


def _check_share(errors: Errors, clean: Mapping[str, Any], what: str, *, is_threat: bool) -> None:
    names = _names_of_parts(what)
    values = [clean.get(name) for name in names]
    most = Decimal(1) if is_threat else MOST_OF_AN_OPPORTUNITY
    if all(value is None for value in values):
        return
    for name, value in zip(names, values, strict=True):
        if errors.has_any_on(name):
            continue
        if value is None:
            text = _("Give all three, or leave all three empty: nothing is said of this then.")
            errors.add(name, "required", text)
        elif value < 0:
            errors.add(name, "out_of_range", _("Less than nothing cannot remain; give 0 or more."))
        elif value > most:
            errors.add(
                name,
                "out_of_range",
                _("More than all of it cannot remain of a threat: 1 (that is 100 %) is no effect.")
                if is_threat
                else _("At most ten times as much is taken."),
            )
    _check_middle(errors, what, values)


def _check_middle(errors: Errors, what: str, values: list[Any]) -> None:
    names = _names_of_parts(what)
    if errors.has_any_on(*names) or any(value is None for value in values):
        return
    low, mode, high = values
    if low > high:
        errors.add(names[0], "out_of_order", _("The low end must not be above the high end."))
    elif not low <= mode <= high:
        errors.add(names[1], "out_of_order", _("What is most likely lies between the two ends."))


class EffectAverages(NamedTuple):
    """On average: shares that remain of how often, of one event and of a year's loss; the cost."""

    frequency: float
    severity: float
    loss: float
    cost: float


def averages_of_effect(row: Any) -> EffectAverages:
    """What the ranges of an effect come to."""
    often, much = row.mean_of("frequency"), row.mean_of("severity")
    return EffectAverages(often, much, loss=often * much, cost=row.mean_of("cost"))
