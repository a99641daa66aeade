"""Amounts and chances to three digits, in the words of each language."""

from collections.abc import Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from riskreg.analysis.policy.estimates import round_significant
from riskreg.kernel.localised import number, percent_text

# A run tells chances to a tenth of a per cent.
_LEAST_CHANCE = 0.001
_UNITS = {
    "en": ((1e9, "bn"), (1e6, "m"), (1e3, "k")),
    "zh-hans": ((1e8, "亿"), (1e4, "万")),
}


def amount_text(value: float, currency: str = "", digits: int = 3) -> str:
    """An amount as people say it: 91.2 m CNY, 9,120万 CNY; to so many significant digits."""
    units = _UNITS.get(get_language() or "", _UNITS["en"])
    rounded = round_significant(value, digits)
    for size, word in units:
        if abs(rounded) >= size:
            # Chinese sets no blank between a figure and its unit.
            blank = "" if word in "亿万" else " "
            text = f"{number(round_significant(rounded / size, digits))}{blank}{word}"
            break
    else:
        text = number(rounded)
    return f"{text} {currency}".strip()


def chance_text(value: float) -> str:
    """A simulated chance in per cent, to a tenth; nothing is certain, neither way."""
    if value < _LEAST_CHANCE:
        return _("below %(share)s %%") % {"share": number(100 * _LEAST_CHANCE)}
    if value > 1 - _LEAST_CHANCE:
        return _("above %(share)s %%") % {"share": number(100 - 100 * _LEAST_CHANCE)}
    return percent_text(_round_to_tenth(100 * value))


def chance_band_text(chance_low_high: Sequence[float]) -> str:
    """What sampling leaves open of a simulated chance: the two ends of its band."""
    return " … ".join(map(chance_text, chance_low_high[1:]))


def percent_points_text(value: float) -> str:
    """A difference of two chances in points, to a tenth."""
    if value and abs(value) < _LEAST_CHANCE / 2:
        return _("below %(share)s points") % {"share": number(100 * _LEAST_CHANCE)}
    return _("%(share)s points") % {"share": number(_round_to_tenth(100 * value))}


def _round_to_tenth(value: float) -> float:
    return round(value, 1) or 0.0


def frequency_text(kind: str, value: float) -> str:
    """How often: events a year, or a chance in per cent."""
    if kind == "probability":
        return _("%(share)s %% a year") % {"share": number(round_significant(100 * value))}
    return _("%(n)s a year") % {"n": number(round_significant(value))}


def word_for_frequency_severity_or_driver(kind: str) -> str:
    """Which number of a run something is about: of a risk how often or how much, or a driver."""
    if kind == "frequency":
        return _("how often")
    if kind == "severity":
        return _("one event")
    if kind == "driver":
        return _("driver")
    raise KeyError(kind)
