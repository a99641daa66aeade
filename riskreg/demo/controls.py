"""Controls of the demo: noted with their risk, and tested by whoever answers for them."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from riskreg.demo import content as files
from riskreg.register.access import Viewer
from riskreg.risks import services

Step = tuple[dt.date, Callable[[dt.datetime], None]]


class Controls:
    """Those of one load under way; ``at`` is the moment of loading."""

    def __init__(
        self, content: files.Content, calendar: files.Calendar, actors: Mapping[str, Viewer],
        at: dt.datetime,
    ) -> None:  # fmt: skip
        self.content, self.calendar, self.actors, self.at = content, calendar, actors, at
        self.noted: dict[tuple[str, str], UUID] = {}

    def add_controls_of(
        self, risk: Mapping[str, Any], ref: str, actor: Viewer, at: dt.datetime
    ) -> None:
        """Note the controls of ``risk``, called ``ref``, as it is found."""
        for control in risk["controls"]:
            answers = {name: control[name] for name in ("owner", "test_every_days")}
            made = services.add_control(
                actor=actor,
                ref=ref,
                name=control["name"]["en"],
                translations=files.translations_in(control, ("name",)),
                kind=control["kind"],
                label=control["label"],
                source=control["source"],
                at=at,
                recorded_at=self.at,
                **{name: value for name, value in answers.items() if value},
            )
            self.noted[risk["key"], control["name"]["en"]] = made.uuid

    def steps_of_tests(self) -> Iterator[Step]:
        """The tests, each on its day."""
        for risk in self.content.risks:
            for control in risk["controls"]:
                if control["test"]:
                    day = self.calendar.as_day(control["test"]["at"])
                    yield day, partial(self._record_test, risk["key"], control, day)

    def _record_test(
        self, risk: str, control: Mapping[str, Any], day: dt.date, at: dt.datetime
    ) -> None:
        noted = self.noted.get((risk, control["name"]["en"]))
        if noted is None:
            # Loaded by a clock so early that there was nothing to test yet.
            return
        services.record_test(
            actor=self.actors[control["owner"]],
            control=noted,
            effectiveness=control["test"]["effectiveness"],
            tested_on=day.isoformat(),
            version=None,
            at=at,
            recorded_at=self.at,
        )
