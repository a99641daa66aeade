"""Recording readings: by hand, from a file, by a program; all of a call or nothing."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import Entry, append_all
from riskreg.indicators.models import Breach, Indicator, Origin, Precision, Reading
from riskreg.indicators.policy import triggers_review
from riskreg.indicators.queries.access import indicator_for
from riskreg.indicators.services.status import (
    ReviewCall,
    create_breaches_and_build_entries,
    recompute_status_in_memory,
    status_changes_for_log,
)
from riskreg.kernel import clock
from riskreg.kernel.days import parse_iso_day, parse_iso_moment
from riskreg.kernel.errors import Errors, FieldError, Invalid
from riskreg.register.access import Viewer
from riskreg.register.cleaning import clean_number
from riskreg.register.permissions import require
from riskreg.register.policy import LABELS, check_sourced
from riskreg.register.sourcing import clean_sources

MAX_READINGS = 10_000
MAX_ERRORS = 100
LOGGED_READINGS = 100
FIELDS = ("at", "value", "unit", "label", "source", "precision", "correction")
EARLIEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)


@dataclass
class Recorded:
    """What a call came to: rows written, those known already, and reviews called for."""

    indicator: Indicator
    readings: list[Reading] = field(default_factory=list)
    corrected: int = 0
    unchanged: int = 0
    before: str = ""
    breaches: list[Breach] = field(default_factory=list)


@dataclass(frozen=True)
class _Row:
    place: int
    at: dt.datetime
    value: Decimal
    precision: str
    label: str
    source: dict[str, Any]
    correction: bool


@transaction.atomic
def record_readings(
    *,
    actor: Viewer,
    ref: str,
    rows: Any,
    origin: str,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Recorded:
    """Record ``rows`` of {at, value, unit?, label?, source?, precision?, correction?}.

    ``at`` is an aware time, or a day, which counts from its start in the register's zone. The same
    value at the same time again changes nothing; another one is refused unless the row says that it
    is a ``correction``, which is kept beside what it corrects. When the status comes to call for a
    review, the review is called for in the same transaction.

    Raises ``Invalid`` with names such as ``readings.3.value``, ``Forbidden``, ``NotFound``.
    """
    indicator = indicator_for(actor, ref, lock=True)
    require(actor, "indicator.reading", indicator)
    if not indicator.active:
        raise Invalid.one(
            "readings", "retired", _("This indicator is retired; nothing is read any more.")
        )
    now = recorded_at or at
    clean = _clean_distinct_rows(indicator, rows, now)
    result = Recorded(indicator, before=indicator.status)
    _write_readings(actor, result, clean, origin, now)
    if not result.readings:
        return result
    due = indicator.next_reading_on
    turns = _recompute_status_in_memory_after(result)
    changes = status_changes_for_log(indicator, result.before, due)
    entries: list[Entry] = []
    for reading, status in turns[-1:]:
        result.breaches, entries = create_breaches_and_build_entries(
            actor, indicator, reading, status, at=at, recorded_at=recorded_at
        )
    indicator.updated_at = max(now, indicator.updated_at)
    indicator.save(
        update_fields=["status", "latest_at", "latest_value", "next_reading_on", "updated_at"]
    )
    read = [
        actor.entry("indicator.read", indicator, at=at, recorded_at=recorded_at, changes=rows)
        for rows in _changes_of_each_entry(result, changes)
    ]
    append_all([*read, *entries])
    return result


def _recompute_status_in_memory_after(result: Recorded) -> list[ReviewCall]:
    """Bring the status up to date; the reading at which a review came to be called for, if any.

    What is news counts: readings later than the latest before, each turn for the worse among them.
    History that is filled in or corrected counts only if the indicator now stands otherwise.
    """
    indicator, latest = result.indicator, result.indicator.latest_at
    appended = latest is not None and all(r.at > latest for r in result.readings)
    turns = recompute_status_in_memory(indicator, since=latest, older_unchanged=appended)
    if latest is None:
        # A first load is history up to its last value.
        turns = []
    if not turns and triggers_review(result.before, indicator.status, indicator.breach_at):
        newest = Reading.objects.filter(indicator=indicator, correction=None).order_by("-at")[0]
        turns = [ReviewCall(newest, indicator.status)]
    return turns


def _clean_distinct_rows(indicator: Indicator, rows: Any, now: dt.datetime) -> list[_Row]:
    if not isinstance(rows, list | tuple):
        raise Invalid.one("readings", "not_a_list", _("Readings are a list of {at, value}."))
    if not rows:
        raise Invalid.one("readings", "required", _("Send at least one reading."))
    if len(rows) > MAX_READINGS:
        raise Invalid.one(
            "readings",
            "too_many",
            _("At most %(limit)d readings at a time; this has %(size)d. Send them in parts.")
            % {"limit": MAX_READINGS, "size": len(rows)},
        )
    found: dict[str, list[FieldError]] = {}
    clean: list[_Row] = []
    seen: dict[dt.datetime, _Row] = {}
    zone = indicator.register.time_zone
    for n, row in enumerate(rows):
        errors = Errors()
        good = _clean_row(errors, indicator, n, row, now, zone)
        if errors.fields:
            good = None
        if good is not None and (twin := seen.get(good.at)):
            if twin.value != good.value:
                errors.add(
                    "at",
                    "twice",
                    _("Row %(n)d has another value for the same time.") % {"n": twin.place + 1},
                )
            good = None
        if good is not None:
            seen[good.at] = good
            clean.append(good)
        for name, each in errors.fields.items():
            key = f"readings.{n}.{name}" if name else f"readings.{n}"
            found[key] = list(each)
        if len(found) >= MAX_ERRORS:
            found["readings"] = [
                FieldError("more", _("There may be more; these are the first of them."))
            ]
            break
    if found:
        raise Invalid(found)
    return clean


def _clean_row(
    errors: Errors, indicator: Indicator, n: int, row: Any, now: dt.datetime, zone: str
) -> _Row | None:
    if not isinstance(row, Mapping):
        errors.add("", "not_an_object", _("A reading has a time and a value."))
        return None
    for name in row:
        if name not in FIELDS:
            errors.add(str(name)[:60], "unknown_field", _("A reading has no such field."))
    moment = clean_moment(errors, row.get("at"), now, zone)
    value = None
    if row.get("value") in (None, ""):
        errors.add("value", "required", _("This is needed."))
    else:
        value = clean_number(errors, "value", row["value"])
    if row.get("unit") not in (None, "") and row["unit"] != indicator.unit:
        errors.add(
            "unit",
            "wrong_unit",
            _("This indicator is read in %(unit)s.") % {"unit": indicator.unit},
        )
    label = row.get("label") or "judgement"
    if label not in LABELS:
        errors.add("label", "unknown", _("Unknown label; use one of: %s.") % ", ".join(LABELS))
    is_day = isinstance(row.get("at"), dt.date) and not isinstance(row.get("at"), dt.datetime)
    is_day = is_day or (isinstance(row.get("at"), str) and len(row["at"]) <= 10)
    precision = row.get("precision") or ("day" if is_day else "moment")
    if precision not in Precision.values:
        errors.add(
            "precision",
            "unknown",
            _("This must be one of: %(all)s.") % {"all": ", ".join(Precision.values)},
        )
    correction = row.get("correction") or False
    if not isinstance(correction, bool):
        errors.add("correction", "not_a_boolean", _("This must be true or false."))
    source = row.get("source") or {}
    if source:
        if isinstance(source, Mapping):
            source = {"label": label, **source}
        source = next(iter(clean_sources(errors, "source", [source])), {})
    check_sourced(errors, "label", label, bool(row.get("source")))
    if moment is None or value is None:
        return None
    return _Row(n, moment, value, str(precision), str(label), source, bool(correction))


def clean_moment(errors: Errors, value: Any, now: dt.datetime, zone: str) -> dt.datetime | None:
    """``value`` as a time that has come: an aware one, or the start of a day in ``zone``."""
    moment: dt.datetime | None = None
    try:
        if isinstance(value, dt.datetime):
            moment = value
        elif isinstance(value, dt.date):
            moment = clock.start_of_day(value, zone)
        elif isinstance(value, str) and len(value) <= 10:
            moment = clock.start_of_day(parse_iso_day(value), zone)
        elif isinstance(value, str):
            moment = parse_iso_moment(value)
        if moment is not None and moment.tzinfo is None:
            errors.add(
                "at", "no_zone", _("This time has no offset; send it as 2027-03-31T09:00:00+08:00.")
            )
            return None
        moment = moment.astimezone(dt.UTC) if moment is not None else None
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        errors.add(
            "at",
            "not_a_time",
            _("This must be a day, as in 2027-03-31, or a time with its offset."),
        )
        return None
    if moment > now:
        errors.add("at", "in_the_future", _("A reading cannot be of a time to come."))
        return None
    if moment < EARLIEST:
        errors.add("at", "out_of_range", _("Readings reach back to 1900."))
        return None
    return moment


def _write_readings(
    actor: Viewer, result: Recorded, rows: Sequence[_Row], origin: str, now: dt.datetime
) -> None:
    indicator = result.indicator
    known = {
        r.at: r
        for batch in _batches([row.at for row in rows])
        for r in Reading.objects.filter(indicator=indicator, correction=None, at__in=batch)
    }
    found: dict[str, list[FieldError]] = {}
    fresh: list[Reading] = []
    for row in rows:
        old = known.get(row.at)
        if old is not None and old.value == row.value:
            result.unchanged += 1
            continue
        if old is not None and not row.correction and len(found) < MAX_ERRORS:
            found[f"readings.{row.place}.value"] = [
                FieldError(
                    "other_value",
                    _("%(value)s was read at this time; say that this is a correction.")
                    % {"value": f"{old.value.normalize():f}"},
                )
            ]
        if old is None and row.correction and len(found) < MAX_ERRORS:
            found[f"readings.{row.place}.correction"] = [
                FieldError("nothing_to_correct", _("Nothing was read at this time yet."))
            ]
        fresh.append(
            Reading(
                indicator=indicator,
                at=row.at,
                value=row.value,
                precision=row.precision,
                label=row.label,
                source=row.source,
                origin=Origin(origin),
                recorded_by=actor.user,
                corrects=old,
                created_at=now,
            )
        )
    if found:
        raise Invalid(found)
    result.readings = Reading.objects.bulk_create(fresh, batch_size=500)
    result.corrected = sum(r.corrects is not None for r in fresh)


def _changes_of_each_entry(result: Recorded, last_changes: dict[str, Any]) -> list[dict[str, Any]]:
    """What the log tells of the readings: every one of them, with what it corrects, at most
    ``LOGGED_READINGS`` in an event so that no event grows with the call; ``last_changes``
    go into the last."""
    rows = sorted(result.readings, key=lambda r: r.at)
    parts = [rows[n : n + LOGGED_READINGS] for n in range(0, len(rows), LOGGED_READINGS)]
    entries: list[dict[str, Any]] = []
    for part in parts:
        old = [_reading_for_log(r.corrects) for r in part if r.corrects is not None]
        entries.append({"readings": [old or None, [_reading_for_log(r) for r in part]]})
    entries[-1] |= last_changes
    return entries


def _reading_for_log(reading: Reading) -> dict[str, Any]:
    at = reading.at.astimezone(dt.UTC).isoformat().removesuffix("+00:00") + "Z"
    logged: dict[str, Any] = {
        "id": str(reading.uuid),
        "at": at,
        "value": f"{reading.value.normalize():f}",
        "precision": reading.precision,
        "label": reading.label,
        "origin": reading.origin,
    }
    if reading.source:
        logged["source"] = reading.source
    if reading.corrects is not None:
        logged["corrects"] = str(reading.corrects.uuid)
    return logged


def _batches(times: list[dt.datetime], size: int = 500) -> list[list[dt.datetime]]:
    return [times[n : n + size] for n in range(0, len(times), size)]
