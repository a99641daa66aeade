"""Units in the reader's language, as far as they are words that many registers use.

A unit is one text for programs and people. These are known in other languages; any other stays as
it was written.
"""

from django.utils.translation import pgettext_lazy

_KNOWN = {
    "vehicles": pgettext_lazy("unit", "vehicles"),
    "vehicles/year": pgettext_lazy("unit", "vehicles/year"),
    "stations": pgettext_lazy("unit", "stations"),
    "packs": pgettext_lazy("unit", "packs"),
    "plants": pgettext_lazy("unit", "plants"),
    "people": pgettext_lazy("unit", "people"),
    "days": pgettext_lazy("unit", "days"),
    "weeks": pgettext_lazy("unit", "weeks"),
    "months": pgettext_lazy("unit", "months"),
    "years": pgettext_lazy("unit", "years"),
    "cases": pgettext_lazy("unit", "cases"),
    "points": pgettext_lazy("unit", "points"),
    "markets": pgettext_lazy("unit", "markets"),
    "technologies": pgettext_lazy("unit", "technologies"),
    "kinds": pgettext_lazy("unit", "kinds"),
    "t": pgettext_lazy("unit", "t"),
    "t/year": pgettext_lazy("unit", "t/year"),
    "CNY": pgettext_lazy("unit", "CNY"),
    "CNY/t": pgettext_lazy("unit", "CNY/t"),
    "CNY/kg": pgettext_lazy("unit", "CNY/kg"),
    "CNY/kWh": pgettext_lazy("unit", "CNY/kWh"),
    "USD/kWh": pgettext_lazy("unit", "USD/kWh"),
    "EUR/tCO2": pgettext_lazy("unit", "EUR/tCO2"),
}


def unit_text(unit: str) -> str:
    """``unit`` as the reader writes it."""
    return str(_KNOWN.get(unit, unit))


def with_unit(number: str, unit: str) -> str:
    """A number, written already, and its unit: no blank where Chinese follows, or a percent sign
    follows in Chinese."""
    text = unit_text(unit)
    chinese = "\u4e00" <= text[:1] <= "\u9fff"
    return f"{number}{text}" if chinese or (text == "%" and _is_chinese()) else f"{number} {text}"


def _is_chinese() -> bool:
    from django.utils.translation import get_language

    return (get_language() or "").startswith("zh")
