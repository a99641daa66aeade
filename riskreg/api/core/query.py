"""Reading query strings: what every address refuses, and values that several read."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.api.core.errors import InvalidQuery
from riskreg.indicators.fields import INDICATOR
from riskreg.kernel import keyset
from riskreg.kernel.days import parse_iso_day, parse_iso_moment
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.fields import Type
from riskreg.kernel.text import is_storable
from riskreg.register.fields import OBJECTIVE
from riskreg.register.filtering import parse_ordering
from riskreg.risks.fields import CONTROL, MITIGATION, RISK

# What may be given several times, wherever it is a parameter; of anything else the last would win.
REPEATABLE = frozenset({
    "rating", "likelihood", "impact", "term", "objective", "risk",
    *(f.name for table in (RISK, MITIGATION, INDICATOR, CONTROL, OBJECTIVE) for f in table.filters
      if f.type != Type.SWITCH),
})  # fmt: skip


def require_usual_parameters(request: Request) -> None:
    """Raise ``InvalidQuery`` for what no address takes.

    An empty value is one: a script whose variable is empty would be given every row, and take the
    first of them for the one that it meant.
    """
    errors = Errors()
    for name, values in request.query_params.lists():
        shown = name[:60]
        if not all(map(is_storable, values)):
            errors.add(shown, "bad_character", _("This holds a NUL character; remove it."))
        elif not all(value.strip() for value in values):
            errors.add(
                shown, "empty", _("This has no value: give one, or leave the parameter out.")
            )
        elif len(values) > 1 and name not in REPEATABLE:
            errors.add(shown, "repeated", _("This is given several times; give it once."))
    with_errors_in_query(errors.raise_if_any)


def with_errors_in_query(check: Callable[[], Any]) -> Any:
    """``check()``, whose errors are about the query string."""
    try:
        return check()
    except Invalid as invalid:
        raise InvalidQuery(invalid.fields, invalid.detail) from None


def parse_day(errors: Errors, name: str, text: str | None) -> dt.date | None:
    """The day that a parameter names; None if it is not given. Notes any other spelling."""
    if text is None:
        return None
    try:
        return parse_iso_day(text)
    except ValueError:
        errors.add(name, "not_a_date", _("This must be a date, as in 2027-03-31."))
        return None


def parse_moment(text: str) -> dt.datetime | None:
    """The time with its offset that ``text`` spells (a space stands for an unescaped plus)."""
    try:
        moment = parse_iso_moment(text.replace(" ", "+"))
        return moment.astimezone(dt.UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def parse_switch(errors: Errors, name: str, text: str | None) -> bool | None:
    """true or false; None if it is not given. Notes anything else."""
    if text not in (None, "true", "false"):
        errors.add(name, "not_a_boolean", _("This must be true or false."))
    return None if text is None else text == "true"


def check_choices(
    errors: Errors, name: str, values: list[str], allowed: Iterable[str]
) -> list[str]:
    """``values``, each of which is one of ``allowed``. Notes the first that is not, by itself."""
    known = list(allowed)
    if wrong := [value for value in values if value not in known]:
        errors.add(
            name,
            "unknown",
            _("“%(value)s” is unknown here; this must be one of: %(all)s.")
            % {"value": wrong[0][:60], "all": ", ".join(known)},
        )
    return values


def parse_row_order(
    value: str | None, orderings: Mapping[str, str], default: keyset.Order
) -> keyset.Order:
    """The order of a list of rows that ``ordering`` asks for; rows without a value come last."""
    if value is None:
        return default
    errors = Errors()
    column, descending = parse_ordering(errors, orderings, value)
    with_errors_in_query(errors.raise_if_any)
    return keyset.Order(
        column, tie="id", descending=descending, tie_descending=descending, nullable=True
    )


def column_value(row: Any, order: keyset.Order) -> Any:
    """The value by which ``row`` has its place in ``order``."""
    if order.column == order.tie:
        return None
    for part in order.column.split("__"):
        row = getattr(row, part, None)
    return row
