"""Objectives: measurable targets, added and changed by the managers of their party."""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append_all
from riskreg.kernel.days import clean_day
from riskreg.kernel.errors import Errors
from riskreg.kernel.localised import clean_names
from riskreg.kernel.text import clean_text
from riskreg.kernel.versions import require_unchanged
from riskreg.register.access import Viewer
from riskreg.register.changes import (
    all_values_as_changes,
    set_changed_in_memory,
    split_entry_by_audience,
)
from riskreg.register.external_ids import clean_external_id, refusing_taken_external_id
from riskreg.register.fields import OBJECTIVE
from riskreg.register.models import Objective, Party, Register
from riskreg.register.permissions import require
from riskreg.register.policy import LABELS, check_sourced
from riskreg.register.queries import objective_for
from riskreg.register.services.named import key_from_name
from riskreg.register.sources import clean_source
from riskreg.register.visibility import Visibility

FIELDS = tuple(field.name for field in OBJECTIVE.settable)
_KEY = re.compile(r"^[a-z0-9][a-z0-9-]{0,59}\Z")
_MAX_VALUE = Decimal(10) ** 18


@transaction.atomic
def add_objective(
    *,
    actor: Viewer,
    key: Any = None,
    names: Any,
    unit: Any,
    value: Any,
    due_on: Any,
    label: Any,
    party: Party | None = None,
    at: dt.datetime,
    visibility: str = "shared",
    source: Mapping[str, Any] | None = None,
    baseline: Any = None,
    external_id: Any = None,
) -> Objective:
    """Add a measurable target of ``party`` (the actor's): ``value`` in ``unit`` by ``due_on``.

    ``baseline`` is where it started from; the key is made from the English name where none is given
    (None). Raises ``Invalid`` naming every wrong field, also for a day that has passed;
    ``Forbidden``.
    """
    require(actor, "objective.edit")
    party = party or actor.party
    errors = Errors()
    given = {
        "names": names, "unit": unit, "value": value, "baseline": baseline, "due_on": due_on,
        "label": label, "source": source,
    }  # fmt: skip
    clean = _clean_objective(errors, given)
    due = clean.get("due_on")
    if due is not None:
        _check_due_day_not_past(errors, due, actor.today(at))
    if visibility not in Visibility.values:
        errors.add("visibility", "unknown", _("This must be one of: shared, party."))
    elif party is None:
        errors.add("party", "required", _("Only somebody who acts for a party adds objectives."))
    else:
        mine = {"external_id": external_id}
        clean |= clean_external_id(errors, actor, mine, Objective, party)
    if party is not None and visibility == Visibility.PARTY and party.pk != actor.party_id:
        errors.add("party", "other_party", _("Only its own party adds what is its own."))
    # One at a time in a register, so that two of the same key cannot both find it free.
    Register.objects.select_for_update(no_key=True).get(pk=actor.register.pk)
    taken = set(Objective.objects.visible_to(actor).values_list("key", flat=True))
    if key is None:
        key = key_from_name(clean["names"].get("en", ""), taken, fallback="objective")
    elif not isinstance(key, str) or not _KEY.match(key):
        errors.add("key", "malformed", _("A key is lower-case letters, digits and hyphens."))
    elif key in taken:
        errors.add("key", "taken", _("There is an objective of that key already."))
    errors.raise_if_any()
    assert party is not None  # noqa: S101 - its absence has been noted as an error
    objective = Objective(
        register=actor.register,
        party=party,
        visibility=visibility,
        key=key,
        created_at=at,
        **clean,
    )
    with refusing_taken_external_id():
        objective.save(force_insert=True)
    changes = all_values_as_changes(OBJECTIVE, objective, {})
    made = actor.entry("objective.added", objective, at=at, changes=changes)
    append_all(split_entry_by_audience(OBJECTIVE, objective, made))
    return objective


@transaction.atomic
def edit_objective(
    *, actor: Viewer, key: str, fields: Mapping[str, Any], version: int | None, at: dt.datetime
) -> Objective:
    """Change what ``fields`` names of an objective of the actor's party; its key stays.

    A day that has passed can stay, but not be set. Raises ``NotFound``, ``Forbidden``, ``Invalid``;
    ``Conflict`` where somebody was faster. Nothing is logged where nothing differs.
    """
    objective = objective_for(actor, key, lock=True)
    require(actor, "objective.edit", objective)
    require_unchanged(objective, version)
    errors = Errors()
    for name in fields:
        if name not in FIELDS:
            errors.add(str(name)[:60], "unknown_field", OBJECTIVE.no_such_field)
    kept = {"label": objective.label, "source": objective.source}
    clean = _clean_objective(errors, {n: v for n, v in fields.items() if n in FIELDS}, kept)
    clean |= clean_external_id(errors, actor, fields, Objective, objective.party, objective)
    due = clean.get("due_on")
    if due is not None and due != objective.due_on:
        _check_due_day_not_past(errors, due, actor.today(at))
    errors.raise_if_any()
    changes = set_changed_in_memory(OBJECTIVE, objective, clean)
    if changes:
        objective.version += 1
        with refusing_taken_external_id(written="external_id" in changes):
            objective.save(update_fields=[*changes, "version"])
        edited = actor.entry("objective.edited", objective, at=at, changes=changes)
        append_all(split_entry_by_audience(OBJECTIVE, objective, edited))
    return objective


def _clean_objective(
    errors: Errors, given: Mapping[str, Any], kept: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What is given, checked; what is not given is judged as ``kept``."""
    clean: dict[str, Any] = {}
    if "names" in given:
        clean["names"] = clean_names(errors, "names", given["names"])
    if "unit" in given:
        clean["unit"] = clean_text(
            errors, "unit", given["unit"], required=True, limit=40, one_line=True
        )
    if "value" in given:
        clean["value"] = _clean_number(errors, "value", given["value"])
    if "baseline" in given:
        empty = given["baseline"] in (None, "")
        clean["baseline"] = None if empty else _clean_number(errors, "baseline", given["baseline"])
    if "due_on" in given:
        clean["due_on"] = clean_day(errors, "due_on", given["due_on"], required=True)
    if "source" in given:
        clean["source"] = clean_source(errors, "source", given["source"])
    if "label" in given:
        clean["label"] = given["label"]
        if given["label"] not in LABELS:
            text = _("Unknown label; use one of: %s.") % ", ".join(LABELS)
            errors.add("label", "unknown", text)
    now = {**(kept or {}), **clean}
    check_sourced(errors, "label", now.get("label"), bool((now.get("source") or {}).get("title")))
    return clean


def _clean_number(errors: Errors, field: str, value: Any) -> Decimal | None:
    try:
        if isinstance(value, bool):
            raise InvalidOperation
        number = Decimal(str(value))
        if not number.is_finite() or abs(number) >= _MAX_VALUE:
            raise InvalidOperation
        if number != number.quantize(Decimal("0.000001")):
            errors.add(field, "too_precise", _("At most six decimals are kept."))
    except InvalidOperation:
        errors.add(field, "not_a_number", _("The target must be a finite number."))
        return None
    return number


def _check_due_day_not_past(errors: Errors, day: dt.date, today: dt.date) -> None:
    if day < today:
        text = _("This day has passed; a target is due today or later.")
        errors.add("due_on", "in_the_past", text)
