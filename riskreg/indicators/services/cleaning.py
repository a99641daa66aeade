"""Checking what an indicator is given: shared by creating and editing."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from riskreg.indicators.fields import INDICATOR
from riskreg.indicators.models import Direction, Indicator, Kind
from riskreg.kernel.errors import Errors
from riskreg.kernel.fields import Type
from riskreg.register.access import Viewer
from riskreg.register.cleaning import clean_given, clean_list
from riskreg.register.external_ids import clean_external_id
from riskreg.register.models import Party
from riskreg.register.queries import find_objectives
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import risks_called

TEXTS = INDICATOR.names_of_type(Type.NAMES)
NUMBERS = INDICATOR.names_of_type(Type.NUMBER)
# What says which values are bad; which of it is needed depends on the kind.
LIMITS = ("kind", "direction", *NUMBERS, "objective", "growth", "start_on")


def clean_fields(
    errors: Errors,
    viewer: Viewer,
    given: Mapping[str, Any],
    *,
    party: Party,
    visibility: str,
    current: Indicator | None = None,
) -> dict[str, Any]:
    """``given`` checked one by one, people and objective as rows. Notes everything wrong."""
    clean = clean_given(
        errors,
        viewer,
        INDICATOR,
        given,
        party=party,
        visibility=visibility,
        special={
            "objective": lambda value: _find_measurable_objective(errors, viewer, value, visibility)
        },
        besides=("risks", "external_id"),
    )
    clean |= clean_external_id(errors, viewer, given, Indicator, party, current)
    if "hysteresis" in clean and clean["hysteresis"] is None:
        clean["hysteresis"] = Decimal(0)
    return clean


def find_risks_and_check_watchable(
    errors: Errors, viewer: Viewer, given: Mapping[str, Any], *, party: Party, visibility: str
) -> list[Risk]:
    """The risks whose refs are in ``given``; notes those that this indicator cannot watch.

    A shared indicator watches shared risks. One that is its party's own watches risks of that
    party, private or not: nobody else could be told what it calls for.
    """
    refs = [str(r) for r in clean_list(errors, "risks", given)]
    found = {r.ref: r for r in risks_called(viewer, refs)}
    unknown = sorted(set(refs) - set(found))
    if unknown:
        errors.add("risks", "unknown_risk", _("Unknown risk: %s.") % ", ".join(unknown)[:200])
    risks = [found[r] for r in dict.fromkeys(refs) if r in found]
    if visibility == Visibility.SHARED and any(r.visibility == Visibility.PARTY for r in risks):
        errors.add(
            "risks",
            "narrower",
            _("This indicator is shared; it cannot name a risk that is one party's own."),
        )
    if visibility == Visibility.PARTY and any(r.party_id != party.pk for r in risks):
        errors.add(
            "risks",
            "other_party",
            _("This indicator is its party's own; it can only watch risks of that party."),
        )
    return risks


def check_limits(errors: Errors, it: Mapping[str, Any]) -> None:
    """Note limits that do not fit together; ``it`` has every field of ``LIMITS`` and the unit.

    Leaves a field alone that is wrong by itself already.
    """
    kind, direction = it["kind"], it["direction"]
    if kind not in Kind.values or errors.has_any_on(*LIMITS):
        return
    needed = {
        Kind.FIXED: ("direction", "amber", "red"),
        Kind.BAND: ("red_low", "amber_low", "amber", "red"),
        Kind.PACE: ("direction", "amber", "red", "objective", "growth", "start_on", "start_value"),
    }[Kind(kind)]
    missing = [name for name in needed if it[name] in (None, "")]
    for name in missing:
        errors.add(name, "required", _("This is needed."))
    for name in LIMITS[1:]:
        if name not in (*needed, "hysteresis") and it[name] not in (None, ""):
            errors.add(name, "not_used", _("Limits of this kind have no such part."))
    if missing or errors.has_any_on(*LIMITS):
        return
    amber, red, gap = it["amber"], it["red"], None
    if kind == Kind.FIXED:
        gap = amber - red if direction == Direction.LOWER_IS_WORSE else red - amber
    elif kind == Kind.BAND:
        if not it["red_low"] < it["amber_low"]:
            errors.add(
                "amber_low", "beyond_red", _("Lower amber must lie above lower red, inside it.")
            )
        elif not it["amber_low"] < amber:
            errors.add("amber", "no_band", _("Upper amber must lie above lower amber."))
        gap = min(red - amber, it["amber_low"] - it["red_low"])
    else:
        if amber <= 0:
            errors.add("amber", "out_of_range", _("Percent behind the path must be above 0."))
        _check_path_to_objective(errors, it)
        gap = red - amber
    if errors.has_any_on("amber_low"):
        return
    if gap <= 0:
        errors.add(
            "amber",
            "beyond_red",
            _("Amber must be reached before red: a value would turn red without being amber."),
        )
    elif it["hysteresis"] < 0 or it["hysteresis"] > gap:
        errors.add(
            "hysteresis",
            "out_of_range",
            _("The way back must be from 0 to the distance between amber and red."),
        )


def _check_path_to_objective(errors: Errors, it: Mapping[str, Any]) -> None:
    objective = it["objective"]
    if it["start_value"] <= 0:
        errors.add("start_value", "out_of_range", _("A path starts from a value above 0."))
    if objective.value <= 0:
        errors.add("objective", "out_of_range", _("A path leads to an objective above 0."))
    if it["start_on"] >= objective.due_on:
        errors.add("start_on", "after_due", _("The path must start before the objective is due."))
    if objective.unit != it["unit"]:
        errors.add(
            "unit",
            "other_unit",
            _("The objective is measured in %(unit)s; so must the indicator be.")
            % {"unit": objective.unit},
        )


def _find_measurable_objective(errors: Errors, viewer: Viewer, value: Any, visibility: str) -> Any:
    if value in (None, ""):
        return None
    found = find_objectives(viewer, errors, "objective", [value])
    if found and visibility == Visibility.SHARED and found[0].visibility == Visibility.PARTY:
        errors.add(
            "objective",
            "private_objective",
            _("A shared indicator cannot name an objective that is one party's own."),
        )
    return next(iter(found), None)


def keep_other_languages_in_memory(
    before: Any, given: Mapping[str, Any], clean: dict[str, Any]
) -> None:
    """A plain text is the English one and takes no other language away."""
    for name in TEXTS:
        if name in clean and isinstance(given[name], str) and given[name]:
            clean[name] = {**getattr(before, name), **clean[name]}


def outdated_fields_by_language(
    before: Any, clean: Mapping[str, Any], confirmed: Mapping[str, Collection[str]]
) -> dict[str, list[str]] | None:
    """Which versions of its texts are older than the original once ``clean`` is in force."""
    stale: dict[str, set[str]] = {}
    for name in TEXTS:
        was, now = getattr(before, name), clean.get(name, getattr(before, name))
        first = original_language(now)
        moved = was.get(first) != now.get(first)
        for language, text in now.items():
            old = name in (before.outdated_translations or {}).get(language, ())
            same = language != first and was.get(language) == text
            if same and (moved or old) and name not in confirmed.get(language, ()):
                stale.setdefault(language, set()).add(name)
    return {language: sorted(names) for language, names in stale.items()} or None


def texts_by_language_after(before: Any, clean: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Its texts once ``clean`` is in force, by language and field."""
    versions: dict[str, dict[str, str]] = {}
    for name in TEXTS:
        for language, text in clean.get(name, getattr(before, name)).items():
            versions.setdefault(language, {})[name] = text
    return versions


def original_language(texts: Mapping[str, str]) -> str:
    """The language that the others are versions of."""
    return "en" if "en" in texts else next(iter(texts), "en")
