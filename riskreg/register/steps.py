"""What is known to come of a quantity: on which day, by which factor, and why."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.days import clean_day
from riskreg.kernel.errors import Errors
from riskreg.kernel.text import PLAIN_NUMBER, clean_text

MOST = 20
LEAST_FACTOR, MOST_FACTOR = Decimal("0.001"), Decimal(1000)
_PARTS = ("on", "factor", "why")


def clean_steps(errors: Errors, field: str, value: Any) -> list[dict[str, str]]:
    """Steps: [{on, factor, why}], in the order of their days, each day once."""
    if not isinstance(value, list) or len(value) > MOST:
        errors.add(field, "not_a_list", _("This must be a list of at most %(n)d.") % {"n": MOST})
        return []
    steps = []
    for n, item in enumerate(value):
        name = f"{field}.{n}"
        if not isinstance(item, Mapping):
            text = _("A step has a day, a factor and what comes then.")
            errors.add(name, "not_an_object", text)
            continue
        for key in item:
            if key not in _PARTS:
                text = _("A step has no such part.")
                errors.add(f"{name}.{str(key)[:60]}", "unknown_field", text)
        day = clean_day(errors, f"{name}.on", item.get("on"))
        if day is None and not errors.has_any_on(f"{name}.on"):
            text = _("This must be a date, as in 2027-03-31.")
            errors.add(f"{name}.on", "not_a_date", text)
        factor = _clean_factor(errors, f"{name}.factor", item.get("factor"))
        why = clean_text(errors, f"{name}.why", item.get("why"), limit=300, one_line=True)
        if day is not None and factor is not None:
            steps.append({"on": day.isoformat(), "factor": f"{factor.normalize():f}", "why": why})
    days = [step["on"] for step in steps]
    if len(set(days)) < len(days):
        errors.add(field, "repeated", _("Name each day once."))
    return sorted(steps, key=lambda step: step["on"])


def _clean_factor(errors: Errors, name: str, value: Any) -> Decimal | None:
    """A factor: a number between a thousandth and a thousand, of at most six decimals."""
    text = str(value).strip() if isinstance(value, str | int | float) else ""
    if isinstance(value, bool) or not PLAIN_NUMBER.fullmatch(text):
        errors.add(name, "not_a_number", _("This must be a number, as in 1.1."))
        return None
    factor = Decimal(text)
    if not LEAST_FACTOR <= factor <= MOST_FACTOR:
        errors.add(name, "out_of_range", _("A factor lies between 0.001 and 1,000."))
        return None
    return round(factor, 6)
