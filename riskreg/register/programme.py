"""The frame of the programme that a register is about: when and where it runs, how far ahead it
looks, and what must be reached or passed on the way. Pure functions; kept whole in the register."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.days import clean_day
from riskreg.kernel.errors import Errors
from riskreg.kernel.localised import clean_names, localised
from riskreg.register.policy import LABELS, check_sourced
from riskreg.register.sourcing import clean_sources

# What a level of likelihood is meant over: a year, or the time until the horizon.
OVER = ("year", "horizon")
KINDS = ("milestone", "gate")
MAX_MILESTONES = 40
TEXT_LIMIT = 500
DAYS = ("starts_on", "ends_on", "horizon_on")
FIELDS = (*DAYS, "places", "exits", "likelihood_over", "label", "source", "milestones")
_MILESTONE = ("names", "kind", "due_on", "reached_on", "label")
_EMPTY: dict[str, Any] = {
    **dict.fromkeys(DAYS),
    "places": {},
    "exits": {},
    "likelihood_over": "year",
    "label": "judgement",
    "source": {},
    "milestones": [],
}


@dataclass(frozen=True)
class Milestone:
    """Something to reach by a day; a gate is one where it is decided whether to go on."""

    names: Mapping[str, str]
    kind: str
    due_on: dt.date
    reached_on: dt.date | None
    label: str

    @property
    def name(self) -> str:
        """In the reader's language."""
        return localised(self.names)


@dataclass(frozen=True)
class Programme:
    """``places``: where it was agreed or runs, ``exits``: what ends it, by language. In force until
    ``ends_on``; ``horizon_on`` is how far ahead it looks."""

    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    horizon_on: dt.date | None = None
    places: Mapping[str, str] = field(default_factory=dict)
    exits: Mapping[str, str] = field(default_factory=dict)
    likelihood_over: str = "year"
    label: str = "judgement"
    source: Mapping[str, Any] = field(default_factory=dict)
    milestones: Sequence[Milestone] = ()

    @property
    def is_set(self) -> bool:
        """Whether anything is known of it."""
        return bool(self.starts_on or self.ends_on or self.horizon_on or self.milestones)

    def first_unreached_milestone(self) -> Milestone | None:
        """The first that is still to be reached, overdue or not."""
        return next((m for m in self.milestones if m.reached_on is None), None)


def programme_of(register: Any) -> Programme:
    """The frame that ``register`` keeps."""
    return from_json(register.programme)


def from_json(kept: Mapping[str, Any] | None) -> Programme:
    """A frame as ``as_json`` has it; nothing is an empty one."""
    kept = {**_EMPTY, **(kept or {})}
    days: dict[str, Any] = {name: _parse_kept_day(kept[name]) for name in DAYS}
    others = {name: kept[name] for name in FIELDS if name not in (*DAYS, "milestones")}
    milestones = tuple(
        Milestone(
            names=row["names"],
            kind=row["kind"],
            due_on=dt.date.fromisoformat(row["due_on"]),
            reached_on=_parse_kept_day(row["reached_on"]),
            label=row["label"],
        )
        for row in kept["milestones"]
    )
    return Programme(**days, **others, milestones=milestones)


def as_json(frame: Programme) -> dict[str, Any]:
    """As it is kept, told by events and answered."""
    return {
        **{name: _iso_day_or_none(getattr(frame, name)) for name in DAYS},
        "places": dict(frame.places),
        "exits": dict(frame.exits),
        "likelihood_over": frame.likelihood_over,
        "label": frame.label,
        "source": dict(frame.source),
        "milestones": [
            {
                "names": dict(row.names),
                "kind": row.kind,
                "due_on": row.due_on.isoformat(),
                "reached_on": _iso_day_or_none(row.reached_on),
                "label": row.label,
            }
            for row in frame.milestones
        ],
    }


def clean_programme(errors: Errors, given: Mapping[str, Any], today: dt.date) -> Programme:
    """``given`` checked, milestones in the order of their days. Notes everything that is wrong: an
    end before the start, a milestone outside them, one reached on a day to come."""
    for name in given:
        if name not in FIELDS:
            text = _("A programme has no such field to set.")
            errors.add(str(name)[:60], "unknown_field", text)
    days: dict[str, Any] = {name: clean_day(errors, name, given.get(name)) for name in DAYS}
    texts: dict[str, Any] = {
        name: clean_names(errors, name, given[name], TEXT_LIMIT) if given.get(name) else {}
        for name in ("places", "exits")
    }
    over = given.get("likelihood_over") or "year"
    if over not in OVER:
        text = _("This must be one of: %(all)s.") % {"all": ", ".join(OVER)}
        errors.add("likelihood_over", "unknown", text)
    source = clean_sources(errors, "source", [given["source"]]) if given.get("source") else []
    label = _clean_label(errors, "label", given.get("label"))
    check_sourced(errors, "label", label, bool(source))
    start, end, horizon = (days[name] for name in DAYS)
    if start and end and end < start:
        errors.add("ends_on", "before_start", _("It ends before it starts; check both days."))
    if start and horizon and horizon < start:
        text = _("The horizon lies before the start; check both days.")
        errors.add("horizon_on", "before_start", text)
    if over == "horizon" and horizon is None:
        text = _("Likelihood over the horizon needs a horizon; name its day.")
        errors.add("horizon_on", "required", text)
    rows = given.get("milestones") or []
    if not isinstance(rows, list) or len(rows) > MAX_MILESTONES:
        text = _("Milestones are a list of at most %(n)d.") % {"n": MAX_MILESTONES}
        errors.add("milestones", "not_a_list", text)
        rows = []
    milestones = [
        row
        for n, each in enumerate(rows)
        if (
            row := _clean_milestone(
                errors, f"milestones.{n}", each, start, end, today, bool(source)
            )
        )
    ]
    milestones.sort(key=lambda row: row.due_on)
    return Programme(
        **days,
        **texts,
        likelihood_over=over,
        label=label,
        source=source[0] if source else {},
        milestones=tuple(milestones),
    )


def only_adds(before: Programme, after: Programme) -> bool:
    """Whether ``after`` says what was not said before and changes nothing that was; a milestone
    that is noted as reached is as it was."""
    for name in (*DAYS, "places", "exits", "source"):
        was = getattr(before, name)
        if was and was != getattr(after, name):
            return False
    if before.is_set and before.likelihood_over != after.likelihood_over:
        return False
    kept = [(dict(m.names), m.kind, m.due_on) for m in after.milestones]
    return all((dict(m.names), m.kind, m.due_on) in kept for m in before.milestones)


def _clean_milestone(
    errors: Errors,
    path: str,
    given: Any,
    start: dt.date | None,
    end: dt.date | None,
    today: dt.date,
    has_source: bool,
) -> Milestone | None:
    if not isinstance(given, Mapping):
        errors.add(path, "not_an_object", _("A milestone has a name, a kind and a day."))
        return None
    for name in given:
        if name not in _MILESTONE:
            text = _("A milestone has no such field to set.")
            errors.add(f"{path}.{str(name)[:60]}", "unknown_field", text)
    names = clean_names(errors, f"{path}.names", given.get("names"), 200)
    kind = given.get("kind") or "milestone"
    if kind not in KINDS:
        text = _("This must be one of: %(all)s.") % {"all": ", ".join(KINDS)}
        errors.add(f"{path}.kind", "unknown", text)
    due_on = clean_day(errors, f"{path}.due_on", given.get("due_on"), required=True)
    reached_on = clean_day(errors, f"{path}.reached_on", given.get("reached_on"))
    label = _clean_label(errors, f"{path}.label", given.get("label"))
    check_sourced(errors, f"{path}.label", label, has_source)
    if due_on and end and due_on > end:
        text = _("This lies after the programme's end, %(day)s; choose an earlier day.")
        errors.add(f"{path}.due_on", "after_end", text % {"day": end.isoformat()})
    if due_on and start and due_on < start:
        text = _("This lies before the programme's start, %(day)s; choose a later day.")
        errors.add(f"{path}.due_on", "before_start", text % {"day": start.isoformat()})
    if reached_on and reached_on > today:
        text = _("A milestone is reached today or before.")
        errors.add(f"{path}.reached_on", "in_the_future", text)
    if due_on is None:
        return None
    return Milestone(names, kind, due_on, reached_on, label)


def _clean_label(errors: Errors, path: str, given: Any) -> str:
    label = given or "judgement"
    if label not in LABELS:
        text = _("Unknown label; use one of: %s.") % ", ".join(LABELS)
        errors.add(path, "unknown", text)
        return "judgement"
    return str(label)


def _parse_kept_day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _iso_day_or_none(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
