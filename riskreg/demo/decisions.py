"""Loading the demo's decisions: one that was taken and is stale, one that waits for a condition,
one that is put forward, and a draft."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from riskreg.decisions.services import (
    add_argument,
    add_option,
    create_decision,
    decide,
    edit_decision,
    edit_option,
    propose_decision,
    release_argument,
    vote_on_decision,
)
from riskreg.demo.content import Calendar, Content, english_texts, translations_in
from riskreg.register.access import Viewer

Step = tuple[dt.date, Callable[[dt.datetime], None]]
_OPTION = ("title", "effects")


@dataclass(frozen=True)
class Deciding:
    """The decisions' part of the story; see ``estimates.Estimating``. ``works`` maps the keys of
    mitigations to refs, ``refs`` those of decisions."""

    content: Content
    calendar: Calendar
    actors: Mapping[str, Viewer]
    risks: Mapping[str, str]
    works: Mapping[str, str]
    recorded_at: dt.datetime
    refs: dict[str, str] = field(default_factory=dict)

    def steps(self) -> Iterator[Step]:
        """Each draft with its day, what is said for and against, and each answer."""
        day = self.calendar.as_day
        for record in self.content.decisions:
            yield day(record["drafted"]), partial(self._create_draft, record)
            if record["proposed"]:
                yield day(record["proposed"]), partial(self._propose, record)
            for argument in record["arguments"]:
                yield day(argument["at"]), partial(self._add_argument, record, argument)
            if record["decided"]:
                yield day(record["decided"]["at"]), partial(self._decide, record)
            for vote in record["votes"]:
                yield day(vote["at"]), partial(self._cast_vote, record, vote)

    def _create_draft(self, record: Mapping[str, Any], at: dt.datetime) -> None:
        texts = ("title", "context")
        row = create_decision(
            actor=self.actors[record["by"]],
            fields={
                **english_texts(record, texts),
                "translations": translations_in(record, texts),
                "risks": [self.risks[key] for key in record["risks"]],
                "due_on": self._as_due_day(record["due_on"]),
                "deciders": record["deciders"],
            },
            at=at,
            recorded_at=self.recorded_at,
        )
        self.refs[record["key"]] = row.ref
        nothing, *others = record["options"]
        act = self._fields_of_act(record["by"], record, at)
        edit_option(
            **act,
            key=nothing["key"],
            fields=self._option_fields(nothing, with_work_and_costs=False),
        )
        for option in others:
            add_option(**act, fields=self._option_fields(option))
        for option in others:
            if "gate" in option:
                edit_option(**act, key=option["key"], fields={"gate": option["gate"]})
        advice = ("advice",)
        edit_decision(
            **act,
            fields={
                **{name: record[name] for name in ("recommended", "strength", "certainty")},
                **english_texts(record, advice),
                # All versions of a row are one value.
                "translations": translations_in(record, (*texts, *advice)),
            },
        )

    def _option_fields(
        self, option: Mapping[str, Any], *, with_work_and_costs: bool = True
    ) -> dict[str, Any]:
        given = {**english_texts(option, _OPTION), "translations": translations_in(option, _OPTION)}
        if with_work_and_costs:
            given["mitigations"] = [self.works[key] for key in option["mitigations"]]
            given["costs"] = option["costs"]
        return given

    def _propose(self, record: Mapping[str, Any], at: dt.datetime) -> None:
        propose_decision(**self._fields_of_act(record["by"], record, at))

    def _add_argument(
        self, record: Mapping[str, Any], argument: Mapping[str, Any], at: dt.datetime
    ) -> None:
        given = {name: argument[name] for name in ("option", "stance", "text")}
        act = self._fields_of_act(argument["by"], record, at)
        del act["version"]
        row = add_argument(**act, given=given)
        if argument["released"]:
            release_argument(**act, argument=row.uuid)

    def _decide(self, record: Mapping[str, Any], at: dt.datetime) -> None:
        ruling = record["decided"]
        decide(
            **self._fields_of_act(ruling["by"], record, at),
            option=ruling["option"],
            rationale=ruling["words"],
            review_on=self.calendar.day_after_loading(ruling["review_in"]),
            conditions=[
                {
                    **english_texts(each, ("text",)),
                    "translations": translations_in(each, ("text",)),
                    "owner": each["owner"],
                    "due_on": self.calendar.day_after_loading(each["due_in"]),
                    "before": each["before"],
                }
                for each in ruling["conditions"]
            ],
        )

    def _cast_vote(
        self, record: Mapping[str, Any], vote: Mapping[str, Any], at: dt.datetime
    ) -> None:
        vote_on_decision(
            **self._fields_of_act(vote["by"], record, at),
            answer=vote["answer"],
            words=vote["words"],
        )

    def _fields_of_act(self, by: str, record: Mapping[str, Any], at: dt.datetime) -> dict[str, Any]:
        return {
            "actor": self.actors[by],
            "ref": self.refs[record["key"]],
            "version": None,
            "at": at,
            "recorded_at": self.recorded_at,
        }

    def _as_due_day(self, raw_day: Any) -> dt.date:
        """A day of the story, or so many days after loading."""
        if isinstance(raw_day, Mapping) and "due_in" in raw_day:
            return self.calendar.day_after_loading(raw_day["due_in"])
        return self.calendar.as_day(raw_day)
