"""The demo register's content: reading the files in ``data/``, and laying their days.

A day is an ISO date or ``{"days_before_load": n}``. Everything here is a pure function of the files
and the day of loading.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
SECOND_LANGUAGE = "zh-hans"
_WEEK = 7


@dataclass(frozen=True)
class Content:
    """What ``data/`` holds, file by file."""

    register: dict[str, Any]
    taxonomies: list[dict[str, Any]]
    objectives: list[dict[str, Any]]
    criteria: dict[str, Any]
    risks: list[dict[str, Any]]
    relations: list[dict[str, Any]]
    mitigations: list[dict[str, Any]]
    indicators: list[dict[str, Any]]
    estimates: list[dict[str, Any]]
    effects: list[dict[str, Any]]
    acceptances: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    comments: list[dict[str, Any]]
    drivers: list[dict[str, Any]]
    objective_models: list[dict[str, Any]]
    own_appetites: list[dict[str, Any]]

    @cached_property
    def earliest_load_day(self) -> dt.date:
        """The first day of loading on which every story is in order.

        Steps counted back from the day of loading must come after the dated ones before them, and
        no dated step may lie in the future.
        """
        latest = dt.date.min
        for steps in self._raw_days_of_each_story():
            dated = dt.date.min
            for day in steps:
                if isinstance(day, Mapping):
                    latest = max(latest, dated + dt.timedelta(days=day["days_before_load"] + 1))
                else:
                    dated = dt.date.fromisoformat(day)
                    latest = max(latest, dated + dt.timedelta(days=1))
        return latest

    def _raw_days_of_each_story(self) -> Iterator[list[Any]]:
        for risk in self.risks:
            yield [step["at"] for step in risk["timeline"]]
        for work in self.mitigations:
            yield [work["created_on"], *(step["at"] for step in work["steps"])]
        for decision in self.decisions:
            yield [decision["drafted"], *(vote["at"] for vote in decision["votes"])]


@dataclass(frozen=True)
class Calendar:
    """Days of the story for one day of loading.

    ``moved_back`` is 0 unless the clock is earlier than the story's end; then every dated step is
    moved back by whole weeks, so that the register can still be looked at.
    """

    load_day: dt.date
    moved_back: int = 0

    def as_day(self, raw_day: Any) -> dt.date:
        """The day that a file names: an ISO date, or so many days before loading."""
        if isinstance(raw_day, Mapping):
            return self.load_day - dt.timedelta(days=raw_day["days_before_load"])
        return dt.date.fromisoformat(raw_day) - dt.timedelta(days=self.moved_back)

    def day_after_loading(self, days: int) -> dt.date:
        """The day ``days`` after loading (before it when negative)."""
        return self.load_day + dt.timedelta(days=days)


def read_content() -> Content:
    """Read the files. Raises ``OSError`` or ``ValueError`` if the package is damaged."""
    names = (
        "register", "taxonomies", "objectives", "criteria", "risks", "relations", "mitigations",
        "indicators", "estimates", "effects", "acceptances", "decisions", "comments", "drivers",
        "objective_models", "own_appetites",
    )  # fmt: skip
    return Content(**{name: _read_json_file(name) for name in names})


def calendar_shifted_to_fit(content: Content, load_day: dt.date) -> Calendar:
    """The calendar of a load on ``load_day`` (a day in the register's time zone)."""
    short = (content.earliest_load_day - load_day).days
    weeks = -(-short // _WEEK) if short > 0 else 0
    return Calendar(load_day, weeks * _WEEK)


def criteria_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """``criteria.json`` in the form that ``register.services`` takes."""
    rows, columns = len(data["likelihood"]), len(data["impact"])
    cells = {(c["likelihood"], c["impact"]): c for c in data["cells"]}
    return {
        "likelihood": [_level_fields(level) for level in data["likelihood"]],
        "impact": [_level_fields(level) for level in data["impact"]],
        "dimensions": [
            {
                "key": dimension["key"],
                "names": dimension["name"],
                "descriptions": [level["dimensions"][dimension["key"]] for level in data["impact"]],
            }
            for dimension in data["dimensions"]
        ],
        "ratings": [
            {
                "key": rating["key"],
                "names": rating["name"],
                "cadence_days": rating["cadence_days"],
                "accept_role": data["accept_authority"][rating["key"]],
                "accept_days": data["accept_days"][rating["key"]],
                "accept_total_days": data["accept_total_days"][rating["key"]],
            }
            for rating in sorted(data["ratings"], key=lambda rating: rating["rank"])
        ],
        "cells": [
            [
                {key: cells[row, column][key] for key in ("score", "rating")}
                for column in range(1, columns + 1)
            ]
            for row in range(1, rows + 1)
        ],
        "appetite": data["appetite"],
        "tolerance": data["tolerance"],
        "unrated_cadence_days": data["cadence_days"]["unrated"],
        "label": data["label"],
    }


ORIGIN = {"en": "Origin of this entry", SECOND_LANGUAGE: "条目来源"}


def risk_fields(risk: Mapping[str, Any]) -> dict[str, Any]:
    """What ``create_risk`` takes for a record of ``risks.json``.

    Only the title of a risk that the article names is the article's; how it is spelled out is this
    project's judgement. Where the entry comes from is told by a last source record.
    """
    wording = "judgement" if risk["label"] == "sourced" else risk["label"]
    texts = ("title", "cause", "event", "consequence")
    people = {"owner": risk["owner_label"]}
    if risk["deputy"]:
        people["deputy"] = risk["owner_label"]
    return {
        **english_texts(risk, texts),
        "translations": translations_in(risk, texts),
        "kind": risk["kind"],
        "response": risk["response"],
        "owner": risk["owner"],
        "deputy": risk["deputy"],
        "terms": risk["terms"],
        "objectives": risk["objectives"],
        "sources": [
            *risk["sources"],
            {"title": ORIGIN, "label": wording, "note": risk["origin"]},
        ],
        "labels": {
            **dict.fromkeys(texts, wording),
            "title": risk["label"],
            "response": "illustrative",
            **people,
        },
    }


def mitigation_fields(work: Mapping[str, Any], due_on: dt.date) -> dict[str, Any]:
    """What ``create_mitigation`` takes for a record of ``mitigations.json``, but for its risks.

    Its sources are found on the risks it serves.
    """
    texts = ("title", "description", "expected_effect")
    labelled = (*texts, "owner", "due_on", "progress", "spent")
    return {
        **english_texts(work, texts),
        "translations": translations_in(work, texts),
        "owner": work["owner"],
        "due_on": due_on,
        "cost": work["cost"]["amount"],
        "labels": {**dict.fromkeys(labelled, work["label"]), "cost": work["cost"]["label"]},
    }


def english_texts(record: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, str]:
    """The English texts of ``fields``; empty where the record has none."""
    return {field: (record[field] or {}).get("en", "") for field in fields}


def translations_in(
    record: Mapping[str, Any], fields: tuple[str, ...]
) -> dict[str, dict[str, str]]:
    """The Chinese texts of ``fields`` as the translations of a row."""
    texts = {field: record[field][SECOND_LANGUAGE] for field in fields if record[field]}
    return {SECOND_LANGUAGE: texts} if texts else {}


def _level_fields(level: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "value": level["level"],
        "names": level["name"],
        "descriptions": level.get("description") or {},
    }


def _read_json_file(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
