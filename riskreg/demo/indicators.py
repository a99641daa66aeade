"""Loading the demo's indicators: each is set up when the last risk that it watches was found, or
on a day of its own.

What had been read by then is brought in on that day, and every later reading on its own day, so
that a red one calls for a review when it did. Readings of days to come are left out.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from riskreg.demo.content import Calendar, Content
from riskreg.indicators.models import Origin
from riskreg.indicators.services import create_indicator, record_readings
from riskreg.register.access import Viewer

# How often a reading is expected, and how many days later it counts as late (illustrative).
FREQUENCIES = {
    "daily": (1, 4), "weekly": (7, 7), "monthly": (30, 15), "quarterly": (91, 30),
    "yearly": (365, 90),
}  # fmt: skip
_DIRECTIONS = {"up_is_bad": "higher_is_worse", "down_is_bad": "lower_is_worse"}

Step = tuple[dt.date, Callable[[dt.datetime], None]]


@dataclass(frozen=True)
class Measuring:
    """The indicators' part of the story. ``risks`` and ``made`` map keys of the files to refs and
    fill up while it is told; ``recorded_at`` is the time of loading."""

    content: Content
    calendar: Calendar
    actors: Mapping[str, Viewer]
    risks: Mapping[str, str]
    made: dict[str, str]
    recorded_at: dt.datetime

    def steps(self) -> Iterator[Step]:
        """Each step with its day."""
        found = {r["key"]: self.calendar.as_day(r["timeline"][0]["at"]) for r in self.content.risks}
        for record in self.content.indicators:
            day = max(found[key] for key in record["risks"])
            if since := record.get("since"):
                day = max(day, self.calendar.as_day(since))
            yield day, partial(self._create_indicator, record, day)
            for reading in record["readings"]:
                on = self._day_of_reading(reading)
                if day < on <= self.calendar.load_day:
                    yield on, partial(self._record_readings, record, [reading])

    def _day_of_reading(self, reading: Mapping[str, Any]) -> dt.date:
        """The day of a reading. One that was published keeps its day, whenever it is told."""
        at = reading["at"]
        return dt.date.fromisoformat(at) if isinstance(at, str) else self.calendar.as_day(at)

    def _create_indicator(self, record: Mapping[str, Any], day: dt.date, at: dt.datetime) -> None:
        self.made[record["key"]] = create_indicator(
            actor=self.actors[record["owner"]],
            fields={
                **indicator_fields(record),
                "risks": [self.risks[key] for key in record["risks"]],
            },
            visibility=record["visibility"],
            at=at,
            recorded_at=self.recorded_at,
        ).ref
        known = [r for r in record["readings"] if self._day_of_reading(r) <= day]
        if known:
            self._record_readings(record, known, at)

    def _record_readings(
        self, record: Mapping[str, Any], readings: list[Mapping[str, Any]], at: dt.datetime
    ) -> None:
        record_readings(
            actor=self.actors[record["owner"]],
            ref=self.made[record["key"]],
            rows=[{**reading_row(r), "at": self._day_of_reading(r).isoformat()} for r in readings],
            origin=Origin.DEMO,
            at=at,
            recorded_at=self.recorded_at,
        )


def indicator_fields(record: Mapping[str, Any]) -> dict[str, Any]:
    """What ``create_indicator`` takes for a record of ``indicators.json``, but for its risks.

    The way back is a tenth of the distance between amber and red, as illustrative as they are.
    """
    frequency, grace = FREQUENCIES[record["frequency"]]
    fields = {
        "names": record["name"],
        "descriptions": record["description"],
        "unit": record["unit"],
        "kind": "fixed",
        "direction": _DIRECTIONS[record["direction"]],
        "amber": record["amber"],
        "red": record["red"],
        "hysteresis": str(round(abs(record["red"] - record["amber"]) / 10, 6)),
        "frequency_days": frequency,
        "grace_days": grace,
        "label": record["threshold_label"],
        "limit_notes": record["threshold_note"] or {},
        "owner": record["owner"],
    }
    if pace := record.get("pace"):
        fields |= {"kind": "pace", "objective": record["objective"], **pace}
    return fields


def reading_row(reading: Mapping[str, Any]) -> dict[str, Any]:
    """What ``record_readings`` takes for a reading; its note goes with its source."""
    source = {k: v for k, v in reading["source"].items() if v}
    if reading["note"]:
        source["note"] = reading["note"]
    return {
        "at": reading["at"],
        "value": reading["value"],
        "precision": reading["precision"],
        "label": reading["label"],
        "source": source,
    }
