"""Short names that a register gives in several languages, and numbers as each writes them."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import formats
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors
from riskreg.kernel.text import clean_text


def localised(names: Mapping[str, str] | None, fallback: str = "") -> str:
    """The name in the active language, else in English, else in whichever there is."""
    return in_language(names, get_language() or settings.LANGUAGE_CODE, fallback)


def in_language(names: Mapping[str, str] | None, language: str, fallback: str = "") -> str:
    """The name that a reader of ``language`` is shown."""
    if not names:
        return fallback
    return names.get(language) or names.get("en") or next(iter(names.values()), fallback)


def text_of(value: Any) -> str:
    """A text that may have been written once for all, or as {language: text}; empty for none."""
    if isinstance(value, Mapping):
        return localised(value)
    return str(value or "")


def with_text_in_active_language(before: Any, text: str) -> Any:
    """``text`` in place of the reader's version of ``before``; the other languages' stay."""
    if not isinstance(before, Mapping):
        return text
    return {**before, get_language() or settings.LANGUAGE_CODE: text}


def number(value: Any) -> str:
    """A value as people write it in the active language, without empty decimals; None: empty.

    A negative one begins with a minus sign, not with a hyphen, at which a line could break.
    """
    if value is None:
        return ""
    exact = Decimal(str(value)).normalize()
    places = max(0, -int(exact.as_tuple().exponent))
    text = formats.number_format(exact, decimal_pos=places, use_l10n=True, force_grouping=True)
    return text.replace("-", "−")


def exact_amount(value: Decimal | int | None) -> str:
    """An amount to its last digit, as lists show what something costs; in Chinese in units of ten
    thousand where that needs no more than two decimals. None: empty.

    >>> exact_amount(Decimal("86000000.00"))
    '86,000,000'
    """
    if value is None:
        return ""
    amount = Decimal(value)
    if get_language() == "zh-hans" and abs(amount) >= 10_000 and amount % 100 == 0:
        return f"{number(amount / 10_000)}万"
    return number(amount)


def percent_text(value: float | str) -> str:
    """A share in per cent."""
    return _("%(share)s %%") % {"share": number(value)}


def plain_number(value: Decimal) -> str:
    """A number as text in any language's forms and logs, without empty decimals."""
    return f"{value.normalize():f}"


def day_text(day: str) -> str:
    """A day or month kept as in JSON, as the active language writes it; else it stays as it is."""
    wanted = {7: "YEAR_MONTH_FORMAT", 10: "DATE_FORMAT"}.get(len(day))
    try:
        return (
            formats.date_format(dt.date.fromisoformat(f"{day}-01"[:10]), wanted) if wanted else day
        )
    except ValueError:
        return day


def clean_names(errors: Errors, field: str, value: Any, limit: int = 120) -> dict[str, str]:
    """``value`` as {language: text}; a plain text counts as English. Notes errors in ``errors``."""
    if isinstance(value, str):
        value = {"en": value}
    if not isinstance(value, Mapping) or not value:
        errors.add(field, "required", _("A name is needed, as text or as {language: text}."))
        return {}
    known = dict(settings.LANGUAGES)
    names = {}
    for language, text in value.items():
        if language not in known:
            text = _("Unknown language; use one of: %(all)s.") % {"all": ", ".join(known)}
            errors.add(field, "unknown_language", text)
            continue
        names[language] = clean_text(errors, field, text, required=True, limit=limit)
    return names
