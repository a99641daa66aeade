"""Loading the demo's acceptances: two that were granted, and one that waits for its answer."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from riskreg.decisions.services import grant_acceptance, request_acceptance
from riskreg.demo.content import Calendar, Content, english_texts, translations_in
from riskreg.register.access import Viewer

Step = tuple[dt.date, Callable[[dt.datetime], None]]


@dataclass(frozen=True)
class Accepting:
    """The acceptances' part of the story; see ``estimates.Estimating``."""

    content: Content
    calendar: Calendar
    actors: Mapping[str, Viewer]
    risks: Mapping[str, str]
    recorded_at: dt.datetime
    refs: dict[str, str] = field(default_factory=dict)

    def steps(self) -> Iterator[Step]:
        """Each request with its day, and each yes."""
        for record in self.content.acceptances:
            yield (
                self.calendar.as_day(record["requested"]),
                partial(self._request_acceptance, record),
            )
            if record["granted"]:
                yield (
                    self.calendar.as_day(record["granted"]),
                    partial(self._grant_acceptance, record),
                )

    def _request_acceptance(self, record: Mapping[str, Any], at: dt.datetime) -> None:
        row = request_acceptance(
            actor=self.actors[record["by"]],
            ref=self.risks[record["risk"]],
            given={
                **english_texts(record, ("reason",)),
                "translations": translations_in(record, ("reason",)),
                "expires_on": self.calendar.day_after_loading(record["expires_in"]),
                "acceptor": record["acceptor"],
            },
            conditions=[
                {
                    **english_texts(each, ("text",)),
                    "translations": translations_in(each, ("text",)),
                    "owner": each["owner"],
                    "due_on": self.calendar.day_after_loading(each["due_in"]),
                }
                for each in record["conditions"]
            ],
            at=at,
            recorded_at=self.recorded_at,
        )
        self.refs[record["risk"]] = row.ref

    def _grant_acceptance(self, record: Mapping[str, Any], at: dt.datetime) -> None:
        grant_acceptance(
            actor=self.actors[record["acceptor"]],
            ref=self.refs[record["risk"]],
            version=None,
            words=record["words"],
            at=at,
            recorded_at=self.recorded_at,
        )
