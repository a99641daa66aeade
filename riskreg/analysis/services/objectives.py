"""Saying how the level of an objective comes about."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.analysis.fields import MODEL
from riskreg.analysis.models import Driver, ObjectiveModel
from riskreg.analysis.policy import objectives as policy
from riskreg.analysis.queries.drivers import (
    beliefs_of,
    drivers_for,
    newest_beliefs_in_force_by_driver,
)
from riskreg.analysis.queries.objectives import newest_model_number
from riskreg.events.services import append
from riskreg.kernel.errors import Conflict, Errors, Invalid
from riskreg.kernel.fields import Type
from riskreg.register.access import Viewer
from riskreg.register.changes import values_as_first_changes
from riskreg.register.cleaning import clean_given, clean_number
from riskreg.register.models import Objective, Party
from riskreg.register.permissions import require
from riskreg.register.policy import check_sourced
from riskreg.register.queries import objective_for
from riskreg.register.visibility import PartyBound, Visibility
from riskreg.risks.models import Mitigation, MitigationStatus, Risk, State
from riskreg.risks.queries.access import is_valid_ref

_Row = TypeVar("_Row", bound=PartyBound)
_HIT = ("risk", "low", "mode", "high", "years")
_LIFT = ("mitigation", "low", "mode", "high", "from_year")
_TERM = ("driver", "elasticity")


@transaction.atomic
def model_objective(
    *,
    actor: Viewer,
    key: str,
    given: Mapping[str, Any],
    follows: int,
    visibility: str = Visibility.SHARED,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> ObjectiveModel:
    """Give another version of an objective's model. That of everybody is given by who edits the
    objective; one of the actor's own party by who says what drivers are.

    ``follows`` is the number of the version of that audience that the actor has seen, 0 for none.
    Raises ``Conflict`` when another has come since, ``Invalid``, ``Forbidden``, ``NotFound``.
    """
    # Whoever models the same objective at once waits here.
    objective = objective_for(actor, key, lock=True)
    errors = Errors()
    if visibility not in Visibility.values:
        raise Invalid.one("visibility", "unknown", _("This must be one of: shared, party."))
    party = _party_that_may_model(actor, objective, visibility)
    if objective.visibility == Visibility.PARTY and visibility == Visibility.SHARED:
        text = _("This objective is your party's own, and so is what is said of it.")
        errors.add("visibility", "narrower", text)
    clean = _clean_model_fields(errors, actor, given, party, visibility)
    policy.check_start_level(errors, clean, objective.due_on)
    policy.check_growth(errors, clean)
    check_sourced(errors, "label", clean.get("label"), bool(clean.get("sources")))
    errors.raise_if_any()
    number = newest_model_number(objective, visibility, party.pk)
    if follows > number:
        text = _("There is no version of this number: the newest is %(n)d.")
        raise Invalid.one("follows", "unknown", text % {"n": number})
    if follows != number:
        raise Conflict(_("Somebody has given another version of this model meanwhile."))
    row = ObjectiveModel.objects.create(
        register=actor.register,
        party=party,
        visibility=visibility,
        objective=objective,
        number=number + 1,
        author=actor.user,
        at=at,
        created_at=recorded_at or at,
        **clean,
    )
    names = [f.name for f in MODEL if f.type != Type.ID]
    changes = values_as_first_changes(MODEL, {name: getattr(row, name) for name in names})
    append(actor.entry("objective.modelled", row, at=at, recorded_at=recorded_at, changes=changes))
    return row


def _party_that_may_model(actor: Viewer, objective: Objective, visibility: str) -> Party:
    if visibility == Visibility.SHARED:
        require(actor, "objective.edit", objective)
        return objective.party
    require(actor, "driver.edit")
    if actor.party is None:
        raise Invalid.one("party", "needs_party", _("Only members who act for a party do this."))
    return actor.party


def _clean_model_fields(
    errors: Errors, actor: Viewer, given: Mapping[str, Any], party: Party, visibility: str
) -> dict[str, Any]:
    shared = visibility == Visibility.SHARED
    given = {
        "direction": "at_least", "pace": "steady", "label": "judgement", "hits": [],
        "lifts": [], "elasticities": [], "sources": [], "translations": {}, **given,
    }  # fmt: skip
    cleaners: dict[str, Callable[[Any], Any]] = {
        "hits": lambda value: _clean_hits(errors, actor, value, shared),
        "lifts": lambda value: _clean_lifts(errors, actor, value, shared),
        "elasticities": lambda value: _clean_elasticities(errors, actor, value, shared),
    }
    clean = clean_given(
        errors, actor, MODEL, given, party=party, visibility=visibility, special=cleaners
    )
    for field in MODEL.settable:
        empty = field.must_send and clean.get(field.name) in (None, "")
        if empty and not errors.has_any_on(field.name):
            errors.add(field.name, "required", _("This is needed."))
    return clean


def _clean_hits(errors: Errors, actor: Viewer, value: Any, shared: bool) -> list[dict[str, Any]]:
    found = []
    for name, item in _clean_rows(errors, "hits", value, _HIT):
        risk = _find_usable_risk(errors, actor, f"{name}.risk", item.get("risk"), shared)
        effect = _clean_effect(errors, name, item)
        years = _clean_whole_number(
            errors, f"{name}.years", item.get("years"), 1, policy.MOST_YEARS
        )
        if risk is not None:
            found.append({"risk": str(risk.uuid), **effect, "years": years})
    _check_each_named_once(errors, "hits", "risk", found)
    return sorted(found, key=lambda one: str(one["risk"]))


def _clean_lifts(errors: Errors, actor: Viewer, value: Any, shared: bool) -> list[dict[str, Any]]:
    found = []
    for name, item in _clean_rows(errors, "lifts", value, _LIFT):
        row = _find_usable_mitigation(
            errors, actor, f"{name}.mitigation", item.get("mitigation"), shared
        )
        effect = _clean_effect(errors, name, item, of_mitigation=True)
        year = _clean_whole_number(errors, f"{name}.from_year", item.get("from_year"), 1990, 2200)
        if row is not None:
            found.append({"mitigation": str(row.uuid), **effect, "from_year": year})
    _check_each_named_once(errors, "lifts", "mitigation", found)
    return sorted(found, key=lambda one: str(one["mitigation"]))


def _clean_effect(
    errors: Errors, prefix: str, item: Mapping[str, Any], *, of_mitigation: bool = False
) -> dict[str, str | None]:
    """What moves a level in per cent: a middle, and two ends or none."""
    parts = ("low", "mode", "high")
    values = {
        part: _clean_optional_number(errors, f"{prefix}.{part}", item.get(part)) for part in parts
    }
    if not any(errors.has_any_on(f"{prefix}.{part}") for part in parts):
        policy.check_effect_on_level(errors, prefix, *values.values(), of_mitigation=of_mitigation)
    return {part: _plain_text(value) for part, value in values.items()}


def _clean_elasticities(
    errors: Errors, actor: Viewer, value: Any, shared: bool
) -> list[dict[str, Any]]:
    found = []
    for name, item in _clean_rows(errors, "elasticities", value, _TERM):
        driver = _find_usable_driver(errors, actor, f"{name}.driver", item.get("driver"), shared)
        elasticity = _clean_optional_number(errors, f"{name}.elasticity", item.get("elasticity"))
        if driver is None or errors.has_any_on(f"{name}.elasticity"):
            continue
        beliefs = newest_beliefs_in_force_by_driver(beliefs_of(actor, [driver])).get(driver.pk, [])
        if shared:
            # What everybody reckons with stands on what everybody sees.
            beliefs = [row for row in beliefs if row.visibility == Visibility.SHARED]
        policy.check_elasticity(errors, name, [row.range for row in beliefs], elasticity)
        found.append({"driver": str(driver.uuid), "elasticity": _plain_text(elasticity)})
    _check_each_named_once(errors, "elasticities", "driver", found)
    return sorted(found, key=lambda one: str(one["driver"]))


def _clean_rows(
    errors: Errors, field: str, value: Any, parts: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each row with its name; what is none is noted."""
    if not isinstance(value, list) or len(value) > policy.MOST_TERMS:
        text = _("This must be a list of at most %(n)d.") % {"n": policy.MOST_TERMS}
        errors.add(field, "not_a_list", text)
        return
    for n, item in enumerate(value):
        name = f"{field}.{n}"
        if not isinstance(item, Mapping):
            text = _("This must be an object with these parts: %(parts)s.")
            errors.add(name, "not_an_object", text % {"parts": ", ".join(parts)})
            continue
        for key in item:
            if key not in parts:
                text = _("There is no such part.")
                errors.add(f"{name}.{str(key)[:60]}", "unknown_field", text)
        yield name, item


def _find_usable_risk(
    errors: Errors, actor: Viewer, name: str, value: Any, shared: bool
) -> Risk | None:
    row: Risk | None = _find_by_uuid_or_ref(Risk.objects.visible_to(actor), value)
    closed = row is not None and row.state == State.CLOSED
    ended = _("This risk is closed; reopen it to reckon with it.") if closed else ""
    return _find_usable_row(
        errors, name, row, shared, absent=_("There is no such risk."), ended=ended
    )


def _find_usable_mitigation(
    errors: Errors, actor: Viewer, name: str, value: Any, shared: bool
) -> Mitigation | None:
    row: Mitigation | None = _find_by_uuid_or_ref(Mitigation.objects.visible_to(actor), value)
    cancelled = row is not None and row.status == MitigationStatus.CANCELLED
    ended = _("This mitigation is cancelled and adds nothing.") if cancelled else ""
    absent = _("There is no such mitigation.")
    return _find_usable_row(errors, name, row, shared, absent=absent, ended=ended)


def _find_usable_driver(
    errors: Errors, actor: Viewer, name: str, value: Any, shared: bool
) -> Driver | None:
    row: Driver | None = _find_by_uuid_or_ref(drivers_for(actor), value)
    return _find_usable_row(errors, name, row, shared, absent=_("There is no such driver."))


def _find_usable_row(
    errors: Errors, name: str, row: _Row | None, shared: bool, *, absent: str, ended: str = ""
) -> _Row | None:
    """``row``, if a model of that audience can name it. Notes that it is not there (``absent``),
    over (``ended``), or a party's own in a model of everybody."""
    if row is None:
        errors.add(name, "unknown", absent)
    elif ended:
        errors.add(name, "closed", ended)
    elif shared and row.visibility == Visibility.PARTY:
        text = _("This is your party's own: share it first, or keep the model to your party.")
        errors.add(name, "narrower", text)
    else:
        return row
    return None


def _find_by_uuid_or_ref(rows: Any, value: Any) -> Any:
    """The row that is called so, by public id or by ref."""
    if not isinstance(value, str):
        return None
    try:
        return rows.filter(uuid=UUID(value)).first()
    except ValueError:
        ref = value.strip().upper()
        return rows.filter(ref=ref).first() if is_valid_ref(ref) else None


def _clean_optional_number(errors: Errors, name: str, value: Any) -> Decimal | None:
    return None if value in (None, "") else clean_number(errors, name, value)


def _clean_whole_number(errors: Errors, name: str, value: Any, least: int, most: int) -> int | None:
    if value in (None, ""):
        return None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal():
        value = int(value.strip()[:9])
    fine = isinstance(value, int) and not isinstance(value, bool)
    if not fine or not least <= value <= most:
        text = _("This is a whole number from %(low)d to %(high)d.")
        errors.add(name, "out_of_range", text % {"low": least, "high": most})
        return None
    return int(value)


def _check_each_named_once(
    errors: Errors, field: str, part: str, rows: list[dict[str, Any]]
) -> None:
    names = [row[part] for row in rows]
    for n, name in enumerate(names):
        if name in names[:n]:
            errors.add(f"{field}.{n}.{part}", "repeated", _("Name each once."))


def _plain_text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"
