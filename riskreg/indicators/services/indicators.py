"""Setting up indicators and changing them."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import Entry, append_all
from riskreg.indicators.fields import INDICATOR
from riskreg.indicators.models import Indicator, Reading
from riskreg.indicators.policy import expected_by, is_at_least_as_bad, triggers_review
from riskreg.indicators.queries.access import indicator_for
from riskreg.indicators.services.cleaning import (
    LIMITS,
    check_limits,
    clean_fields,
    find_risks_and_check_watchable,
    keep_other_languages_in_memory,
    outdated_fields_by_language,
    texts_by_language_after,
)
from riskreg.indicators.services.status import (
    create_breaches_and_build_entries,
    recompute_status_in_memory,
    status_changes_for_log,
)
from riskreg.kernel.errors import Errors, Invalid
from riskreg.register.access import Viewer
from riskreg.register.changes import (
    all_values_as_changes,
    save_changed_links,
    set_changed_in_memory,
    split_entry_by_audience,
)
from riskreg.register.external_ids import refusing_taken_external_id
from riskreg.register.permissions import require
from riskreg.register.policy import check_sourced
from riskreg.register.services import take_next_ref
from riskreg.register.translations import CONFIRMED, clean_confirmed
from riskreg.register.visibility import Visibility
from riskreg.risks.queries.access import require_version

_EMPTY: dict[str, Any] = {
    "direction": "", "amber": None, "red": None, "amber_low": None, "red_low": None,
    "start_value": None, "hysteresis": Decimal(0), "objective": None, "growth": "",
    "start_on": None,
}  # fmt: skip


def _names_source(fields: Mapping[str, Any]) -> bool:
    """Whether it says where its limits come from: a source, or words about them."""
    return bool(fields.get("source") or fields.get("limit_notes"))


@transaction.atomic
def create_indicator(
    *,
    actor: Viewer,
    fields: Mapping[str, Any],
    visibility: str = Visibility.SHARED,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Indicator:
    """Set up an indicator of the actor's party. ``fields``: those of ``INDICATOR`` that can be set.

    Unlike work on a risk it does not turn private by itself: a shared one that names a private risk
    is refused. Raises ``Invalid`` naming each wrong field, ``Forbidden``.
    """
    require(actor, "indicator.create")
    errors = Errors()
    party = actor.party
    if party is None:
        raise Invalid.one(
            "party", "required", _("Only members who act for a party set up indicators.")
        )
    if visibility not in Visibility.values:
        errors.add("visibility", "unknown", _("This must be one of: shared, party."))
    given = {
        "names": None, "unit": "", "kind": "fixed", "frequency_days": None, "label": "judgement",
        "risks": [], "owner": actor.user, **fields,
    }  # fmt: skip
    given["owner"] = given["owner"] or actor.user
    clean = clean_fields(errors, actor, given, party=party, visibility=visibility)
    risks = find_risks_and_check_watchable(errors, actor, given, party=party, visibility=visibility)
    check_limits(errors, {**_EMPTY, **clean})
    check_sourced(errors, "label", clean["label"], _names_source(clean))
    errors.raise_if_any()
    private_to = party if visibility == Visibility.PARTY else None
    recorded_at = recorded_at or at
    indicator = Indicator(
        register=actor.register,
        party=party,
        visibility=visibility,
        ref=take_next_ref(actor.register, "indicator", private_to),
        next_reading_on=expected_by(
            actor.today(at), clean["frequency_days"], clean.get("grace_days", 0)
        ),
        created_at=recorded_at,
        updated_at=recorded_at,
        **clean,
    )
    with refusing_taken_external_id():
        indicator.save(force_insert=True)
    indicator.risks.set(risks)
    changes = all_values_as_changes(INDICATOR, indicator, {"risks": risks})
    made = actor.entry(
        "indicator.created", indicator, at=at, recorded_at=recorded_at, changes=changes
    )
    append_all(split_entry_by_audience(INDICATOR, indicator, made))
    return indicator


@transaction.atomic
def edit_indicator(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    fields: Mapping[str, Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Indicator:
    """Change what ``fields`` name. Other limits are held against the readings there are, at once.

    A text of which the original changes keeps its versions in other languages; those that do not
    change with it are noted as outdated, unless ``confirmed_translations`` says that they fit.
    Where it then calls for a review and did not before, or watches a risk it did not, that review
    is called for. Raises as ``create_indicator``, and ``Conflict``, ``NotFound``.
    """
    indicator = indicator_for(actor, ref, lock=True)
    require(actor, "indicator.edit", indicator)
    require_version(indicator, version)
    errors = Errors()
    where: dict[str, Any] = {"party": indicator.party, "visibility": indicator.visibility}
    given = {name: value for name, value in fields.items() if name != CONFIRMED}
    clean = clean_fields(errors, actor, given, current=indicator, **where)
    keep_other_languages_in_memory(indicator, given, clean)
    confirmed = {}
    if CONFIRMED in fields:
        confirmed = clean_confirmed(
            errors, fields[CONFIRMED], texts_by_language_after(indicator, clean)
        )
    before_risks = {r.ref: r for r in indicator.risks.all()}
    risks = None
    if "risks" in fields:
        risks = find_risks_and_check_watchable(errors, actor, fields, **where)
    merged = {n: clean.get(n, getattr(indicator, n)) for n in (*LIMITS, "unit")}
    check_limits(errors, merged)
    if {"label", "source", "limit_notes"} & set(fields):
        claims = {
            n: clean.get(n, getattr(indicator, n)) for n in ("label", "source", "limit_notes")
        }
        check_sourced(errors, "label", claims["label"], _names_source(claims))
    if (
        clean.get("unit", indicator.unit) != indicator.unit
        and Reading.objects.filter(indicator=indicator).exists()
    ):
        errors.add(
            "unit",
            "has_readings",
            _("Its readings are in %(unit)s; set up another indicator for another unit.")
            % {"unit": indicator.unit},
        )
    errors.raise_if_any()
    status = indicator.status
    called_before = indicator.active and is_at_least_as_bad(status, indicator.breach_at)
    clean["outdated_translations"] = outdated_fields_by_language(indicator, clean, confirmed)
    changes = set_changed_in_memory(INDICATOR, indicator, clean)
    came = []
    if risks is not None:
        changes |= save_changed_links(indicator, {"risks": risks})
        came = [r for r in risks if r.ref not in before_risks]
    if not changes:
        return indicator
    if indicator.ended_with is not None and indicator.active:
        changes["ended_with"] = [indicator.ended_with.ref, None]
        indicator.ended_with = None
    due = indicator.next_reading_on
    recompute_status_in_memory(indicator)
    changes |= status_changes_for_log(indicator, status, due)
    entries: list[Entry] = []
    calls = indicator.active and is_at_least_as_bad(indicator.status, indicator.breach_at)
    again = not called_before or triggers_review(status, indicator.status, indicator.breach_at)
    if calls and (came or again):
        latest = (
            Reading.objects.filter(indicator=indicator, correction=None).order_by("-at").first()
        )
        assert latest is not None  # noqa: S101 - without readings there is no status
        _opened, entries = create_breaches_and_build_entries(
            actor,
            indicator,
            latest,
            indicator.status,
            at=at,
            recorded_at=recorded_at,
            only=None if again else came,
        )
    indicator.version += 1
    indicator.updated_at = max(recorded_at or at, indicator.updated_at)
    with refusing_taken_external_id(written="external_id" in changes):
        indicator.save()
    edited = actor.entry(
        "indicator.edited", indicator, at=at, recorded_at=recorded_at, changes=changes
    )
    append_all([*split_entry_by_audience(INDICATOR, indicator, edited), *entries])
    return indicator
