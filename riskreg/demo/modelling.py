"""Loading the demo's drivers and models of objectives: what is believed, what it moves, and how the
levels of the targets come about."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypedDict

from riskreg.analysis.fields import BELIEF, LINK, MODEL
from riskreg.analysis.services import (
    add_driver,
    link_driver,
    model_objective,
    record_belief,
    request_simulation,
    set_indicator_of_driver,
)
from riskreg.decisions.services import weigh_decision
from riskreg.demo.content import SECOND_LANGUAGE, Calendar, Content, english_texts, translations_in
from riskreg.register.access import Viewer

Step = tuple[dt.date, Callable[[dt.datetime], None]]
# Enough to show a chance to a tenth of a per cent or two; a worker has it in seconds.
_YEARS = 50_000
# The decision that waits for an answer.
_TO_BE_DECIDED = "brazil"


class _When(TypedDict):
    at: dt.datetime
    recorded_at: dt.datetime


@dataclass(frozen=True)
class Modelling:
    """The part of drivers and objectives in the story; see ``estimates.Estimating``."""

    content: Content
    calendar: Calendar
    actors: Mapping[str, Viewer]
    risks: Mapping[str, str]
    indicators: Mapping[str, str]
    works: Mapping[str, str]
    recorded_at: dt.datetime
    refs: dict[str, str] = field(default_factory=dict)

    def steps(self) -> Iterator[Step]:
        """Each driver and each model with its day."""
        for driver in self.content.drivers:
            yield self.calendar.as_day(driver), partial(self._add_driver_with_belief, driver)
        for model in self.content.objective_models:
            yield self.calendar.as_day(model), partial(self._model_objective, model)

    def _add_driver_with_belief(self, record: Mapping[str, Any], at: dt.datetime) -> None:
        actor, when = self.actors[record["by"]], _When(at=at, recorded_at=self.recorded_at)
        given = {"names": record["name"], "unit": record["unit"]}
        ref = self.refs[record["key"]] = add_driver(actor=actor, given=given, **when).ref
        belief = {f.name: record[f.name] for f in BELIEF.settable if f.name in record} | {
            "family": "pert",
            "rationale": _rationale_in_language_of(actor, record),
            "as_of": self.calendar.as_day(record["as_of"]).isoformat(),
            "review_on": self.calendar.day_after_loading(record["review_in"]).isoformat(),
        }
        record_belief(actor=actor, ref=ref, given=belief, **when)
        if record["indicator"]:
            indicator = self.indicators[record["indicator"]]
            set_indicator_of_driver(actor=actor, ref=ref, indicator=indicator, **when)
        for link in record["links"]:
            by = self.actors[link["by"]]
            given = {f.name: link[f.name] for f in LINK.settable}
            given["rationale"] = _rationale_in_language_of(by, link)
            link_driver(actor=by, ref=self.risks[link["risk"]], driver=ref, given=given, **when)

    def _model_objective(self, record: Mapping[str, Any], at: dt.datetime) -> None:
        given = {f.name: record[f.name] for f in MODEL.settable if f.name in record}
        given |= english_texts(record, ("rationale",))
        given["translations"] = translations_in(record, ("rationale",))
        given["hits"] = [{**hit, "risk": self.risks[hit["risk"]]} for hit in record["hits"]]
        given["lifts"] = [
            {**lift, "mitigation": self.works[lift["mitigation"]]}
            for lift in record.get("lifts", ())
        ]
        given["elasticities"] = [
            {**term, "driver": self.refs[term["driver"]]} for term in record["elasticities"]
        ]
        model_objective(
            actor=self.actors[record["by"]],
            key=record["objective"],
            given=given,
            follows=0,
            at=at,
            recorded_at=self.recorded_at,
        )


def request_runs(
    content: Content,
    actors: Mapping[str, Viewer],
    decisions: Mapping[str, str],
    at: dt.datetime,
) -> None:
    """Ask for a simulation of it all, and to weigh what is to be decided; a worker does them.
    ``decisions`` maps keys of the files to refs."""
    actor, given = actors[content.objective_models[0]["by"]], {"years": _YEARS}
    request_simulation(actor=actor, given=given, at=at)
    weigh_decision(actor=actor, ref=decisions[_TO_BE_DECIDED], given=given, at=at)


def _rationale_in_language_of(expert: Viewer, record: Mapping[str, Any]) -> str:
    """Why, in the language of who says it: a belief has no versions in others."""
    second = expert.user.language == SECOND_LANGUAGE
    return str(record["rationale"][SECOND_LANGUAGE if second else "en"])
