"""Checking what a noun is given, field by field, as its table says; shared by every service.

``clean_given`` does the whole of it for plain fields. A service hands in a function of its own for
a field that depends on others, and checks afterwards what only holds for all of them together.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.days import clean_day
from riskreg.kernel.errors import Errors
from riskreg.kernel.fields import Field, Table, Text, Type
from riskreg.kernel.localised import clean_names
from riskreg.kernel.text import PLAIN_NUMBER, clean_text
from riskreg.register.access import Viewer
from riskreg.register.models import Party
from riskreg.register.queries import find_answerable_member, find_objectives, party_id_of
from riskreg.register.sourcing import clean_labels, clean_sources
from riskreg.register.steps import clean_steps
from riskreg.register.terms import find_usable_terms
from riskreg.register.translations import CONFIRMED, clean_translations
from riskreg.register.visibility import Visibility

MAX_VALUE = MAX_COST = Decimal(10) ** 15
PLACES = 6
# What every database gives back as it was: SQLite keeps numbers as doubles.
DIGITS = 15


def clean_given(
    errors: Errors,
    viewer: Viewer,
    table: Table,
    given: Mapping[str, Any],
    *,
    party: Party,
    visibility: str,
    current: Any = None,
    special: Mapping[str, Callable[[Any], Any]] | None = None,
    besides: Collection[str] = (),
) -> dict[str, Any]:
    """``given`` checked: texts cleaned, people and links as rows. Notes everything wrong.

    People are named by public id or e-mail address, terms as ``taxonomy:term``, objectives by key.
    Unknown field names are errors, so that a misspelling never passes for done. ``special`` cleans
    fields that need more than their type; ``besides`` are names that the caller reads itself.
    ``current`` is the row that changes, if there is one.
    """
    settable = {field.name: field for field in table.settable}
    for name in given:
        confirms = name == CONFIRMED and current is not None and table.has_translations
        if name not in settable and name not in besides and not confirms:
            errors.add(str(name)[:60], "unknown_field", table.no_such_field)
    clean: dict[str, Any] = {}
    for name, field in settable.items():
        if name not in given or name in besides:
            continue
        if special and name in special:
            clean[name] = special[name](given[name])
        elif field.type == Type.PERSON:
            person = _clean_person(errors, viewer, table, field, given[name])
            if (
                person
                and visibility == Visibility.PARTY
                and party_id_of(viewer, person) != party.pk
            ):
                errors.add(name, "other_party", table.other_party)
            clean[name] = person
        elif field.type == Type.TERMS:
            clean[name] = find_usable_terms(
                viewer,
                errors,
                name,
                _clean_term_list(errors, given),
                held=lambda: _term_ids_held(current),
            )
        elif field.type == Type.OBJECTIVES:
            keys = clean_list(errors, name, given)
            clean[name] = find_objectives(viewer, errors, name, keys)
        elif field.type == Type.LABELS:
            clean[name] = clean_labels(errors, given[name], table.labellable_names)
        elif field.type == Type.TRANSLATIONS:
            clean[name] = clean_translations(errors, given[name], table.translated)
        else:
            clean[name] = clean_value(errors, field, given[name])
    return clean


def clean_value(errors: Errors, field: Field, value: Any) -> Any:
    """``value`` as a field of that type keeps it. Notes what is wrong with it."""
    cleaner = _CLEANERS[field.type]
    return cleaner(errors, field, value)


def _clean_line(errors: Errors, field: Field, value: Any) -> str | None:
    text = clean_text(
        errors, field.name, value, required=field.required, limit=field.limit, one_line=True
    )
    return (text or None) if field.null else text


def _clean_text(errors: Errors, field: Field, value: Any) -> str:
    return clean_text(errors, field.name, value, required=field.required, limit=field.limit)


def _clean_names(errors: Errors, field: Field, value: Any) -> dict[str, str]:
    if not value and not field.required:
        return {}
    return clean_names(errors, field.name, value, field.limit)


def _clean_choice(errors: Errors, field: Field, value: Any) -> str:
    allowed = field.choices.values
    return clean_choice(errors, field.name, value, allowed, field.required, field.refusal)


def clean_choice(
    errors: Errors,
    name: str,
    value: Any,
    allowed: Collection[str],
    required: bool,
    refusal: Text = "",
) -> str:
    """``value`` if it is one of ``allowed``; nothing where nothing may be chosen."""
    if not required and value in (None, ""):
        return ""
    if not isinstance(value, str) or value not in allowed:
        text = str(refusal or _("This must be one of: %(all)s."))
        errors.add(name, "unknown", text % {"all": ", ".join(allowed)})
        return ""
    return value


def _clean_whole(errors: Errors, field: Field, value: Any) -> int | None:
    if field.null and value in (None, ""):
        return None
    fine = isinstance(value, int) and not isinstance(value, bool)
    if not fine or not field.least <= value <= field.most:
        refusal = field.refusal or _("This is a whole number from %(low)d to %(high)d.")
        bounds = {"low": field.least, "high": field.most}
        errors.add(field.name, "out_of_range", str(refusal) % bounds)
        return field.least
    return int(value)


def _clean_number(errors: Errors, field: Field, value: Any) -> Decimal | None:
    return None if value in (None, "") else clean_number(errors, field.name, value)


def _clean_money(errors: Errors, field: Field, value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        cost = Decimal(str(value))
        fine = cost.is_finite() and 0 <= cost < MAX_COST and not isinstance(value, bool)
        fine = fine and (not isinstance(value, str) or bool(PLAIN_NUMBER.fullmatch(value)))
    except InvalidOperation:
        fine = False
    if not fine:
        errors.add(field.name, "out_of_range", _("A cost is an amount of zero or more."))
        return None
    return round(cost, 2)


def _clean_day(errors: Errors, field: Field, value: Any) -> dt.date | None:
    day = clean_day(errors, field.name, value)
    if day is None and field.required and not errors.has_any_on(field.name):
        errors.add(field.name, "not_a_date", _("This must be a date, as in 2027-03-31."))
    return day


def _clean_switch(errors: Errors, field: Field, value: Any) -> Any:
    if not isinstance(value, bool):
        errors.add(field.name, "not_a_boolean", _("This must be true or false."))
    return value


def _clean_source(errors: Errors, field: Field, value: Any) -> dict[str, Any]:
    return next(iter(clean_sources(errors, field.name, [value] if value else [])), {})


_CLEANERS: dict[Type, Callable[[Errors, Field, Any], Any]] = {
    Type.LINE: _clean_line,
    Type.TEXT: _clean_text,
    Type.NAMES: _clean_names,
    Type.CHOICE: _clean_choice,
    Type.WHOLE: _clean_whole,
    Type.NUMBER: _clean_number,
    Type.MONEY: _clean_money,
    Type.DAY: _clean_day,
    Type.SWITCH: _clean_switch,
    Type.SOURCE: _clean_source,
    Type.SOURCES: lambda errors, field, value: clean_sources(errors, field.name, value),
    Type.STEPS: lambda errors, field, value: clean_steps(errors, field.name, value),
}


def _clean_person(errors: Errors, viewer: Viewer, table: Table, field: Field, value: Any) -> Any:
    if not value and not field.required:
        return None
    return find_answerable_member(viewer, errors, field.name, value)


def clean_list(errors: Errors, field: str, given: Mapping[str, Any]) -> list[Any]:
    """``given[field]`` as a list of at most 100. An object is none, not even an empty one."""
    value = given[field]
    if not isinstance(value, list | tuple) or len(value) > 100:
        errors.add(field, "not_a_list", _("This must be a list of at most 100."))
        return []
    return list(value)


def _term_ids_held(current: Any) -> list[int]:
    """What it is filed under already: it may keep a term that is out of use by now."""
    return [] if current is None else list(current.terms.values_list("pk", flat=True))


def _clean_term_list(errors: Errors, given: Mapping[str, Any]) -> list[Any]:
    """The terms that were given, as a list or as {taxonomy: [term]}."""
    value = given["terms"]
    if not isinstance(value, Mapping):
        return clean_list(errors, "terms", given)
    names = []
    for taxonomy, terms in value.items():
        if isinstance(terms, list | tuple):
            names += [f"{taxonomy}:{term}" for term in terms]
        else:
            # A text would be read letter by letter.
            where = f"terms.{str(taxonomy)[:60]}"
            errors.add(where, "not_a_list", _("This must be a list of at most 100."))
    return clean_list(errors, "terms", {"terms": names})


def clean_number(errors: Errors, field: str, value: Any) -> Decimal | None:
    """``value`` as a finite number of at most six decimals; notes an error otherwise."""
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise InvalidOperation
        number = Decimal(str(value))
    except InvalidOperation:
        errors.add(field, "not_a_number", _("This must be a number, as in 75.36."))
        return None
    if not number.is_finite():
        errors.add(field, "not_finite", _("This must be a finite number."))
        return None
    if abs(number) >= MAX_VALUE:
        errors.add(field, "out_of_range", _("This number is too large."))
        return None
    if isinstance(value, str) and not PLAIN_NUMBER.fullmatch(value):
        errors.add(field, "not_a_number", _("This must be a number, as in 75.36."))
        return None
    rounded = round(number, PLACES)
    if rounded != number or len(number.normalize().as_tuple().digits) > DIGITS:
        errors.add(
            field, "too_precise", _("At most six decimals and 15 digits are kept; round it.")
        )
        return None
    return rounded


def already_owner_text(owner: Any) -> str:
    """What is said to who hands something over to the one who has it."""
    return _("%(name)s answers for it already. Choose somebody else.") % {"name": owner}
