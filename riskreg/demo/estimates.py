"""Loading the demo's estimates: what experts of both parties believe of the named risks, and what
mitigations would leave of them."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from riskreg.analysis.fields import EFFECT, ESTIMATE
from riskreg.analysis.services import (
    record_effect,
    record_estimate,
    release_effect,
    release_estimate,
)
from riskreg.demo.content import Calendar, Content, english_texts, translations_in
from riskreg.register.access import Viewer

Step = tuple[dt.date, Callable[[dt.datetime], None]]


@dataclass(frozen=True)
class Estimating:
    """The estimates' part of the story. ``risks`` and ``works`` map keys of the files to refs and
    fill up while it is told; ``recorded_at`` is the time of loading."""

    content: Content
    calendar: Calendar
    actors: Mapping[str, Viewer]
    risks: Mapping[str, str]
    works: Mapping[str, str]
    recorded_at: dt.datetime

    def steps(self) -> Iterator[Step]:
        """Each estimate and each effect with its day."""
        for record in self.content.estimates:
            yield self.calendar.as_day(record), partial(self._record_estimate, record)
        for record in self.content.effects:
            yield self.calendar.as_day(record), partial(self._record_effect, record)

    def _record_estimate(self, record: Mapping[str, Any], at: dt.datetime) -> None:
        actor = self.actors[record["by"]]
        texts = ("rationale", "included")
        given = {f.name: record[f.name] for f in ESTIMATE.settable if f.name in record}
        given |= {**english_texts(record, texts), "translations": translations_in(record, texts)}
        row = record_estimate(
            actor=actor,
            ref=self.risks[record["risk"]],
            given=given,
            at=at,
            recorded_at=self.recorded_at,
        )
        if record["released"]:
            release_estimate(actor=actor, estimate=row.uuid, at=at, recorded_at=self.recorded_at)

    def _record_effect(self, record: Mapping[str, Any], at: dt.datetime) -> None:
        actor = self.actors[record["by"]]
        named = [f.name for f in EFFECT.settable if f.name in record and f.name != "risk"]
        texts = ("rationale",)
        given = {name: record[name] for name in named}
        given |= {**english_texts(record, texts), "translations": translations_in(record, texts)}
        row = record_effect(
            actor=actor,
            ref=self.works[record["mitigation"]],
            risk=self.risks[record["risk"]],
            given=given,
            at=at,
            recorded_at=self.recorded_at,
        )
        if record["released"]:
            release_effect(actor=actor, effect=row.uuid, at=at, recorded_at=self.recorded_at)
