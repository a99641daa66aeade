"""Names of the places whose public-holiday calendars can be chosen.

``data/countries.json`` has the English and Chinese names of Unicode's CLDR by ISO 3166 code.
"""

import json
from functools import cache
from pathlib import Path

import holidays
from django.utils.translation import get_language

from riskreg.accounts.policy import calendar_country_codes, subdivision_codes
from riskreg.kernel.localised import localised
from riskreg.kernel.punctuation import colon

_NAMES = Path(__file__).parent / "data" / "countries.json"


@cache
def _country_names_by_code() -> dict[str, dict[str, str]]:
    names: dict[str, dict[str, str]] = json.loads(_NAMES.read_text(encoding="utf-8"))
    return names


@cache
def _subdivision_names(country: str) -> dict[str, str]:
    """{code: name as the country itself writes it} of a country's subdivisions."""
    aliases = getattr(holidays.country_holidays(country), "subdivisions_aliases", {})
    names = {code: name for name, code in aliases.items()}
    return {code: names.get(code, code) for code in subdivision_codes(country)}


def _country_listed_first() -> str:
    """The country that readers of the language look for first; none in English."""
    return "CN" if (get_language() or "").startswith("zh") else ""


def calendar_choices(country: str = "") -> list[tuple[str, list[tuple[str, str]]]]:
    """Calendars as (group, [(code, name)]): every country, then the parts of ``country``.

    Parts of all countries would be hundreds of names that hardly anybody looks for.
    """
    names = {
        code: localised(_country_names_by_code().get(code), code)
        for code in calendar_country_codes()
    }
    in_order = sorted(names, key=lambda code: (code != _country_listed_first(), names[code]))
    groups = [("", [(code, names[code]) for code in in_order])]
    for code in (country,) if country in names else ():
        if parts := _subdivision_names(code):
            rows = [
                (f"{code}-{part}", f"{names[code]}{colon()}{name}") for part, name in parts.items()
            ]
            groups.append((names[code], rows))
    return groups
