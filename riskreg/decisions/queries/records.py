"""The frozen record of a decision as it is read: in the reader's language, names for keys."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language

from riskreg.analysis.amounts import chance_band_text, chance_text
from riskreg.analysis.policy.estimates import round_significant
from riskreg.decisions.models import Decision
from riskreg.decisions.queries.gates import gates_in_words
from riskreg.kernel.localised import number
from riskreg.kernel.punctuation import in_brackets
from riskreg.register.access import Viewer
from riskreg.register.policy import Matrix
from riskreg.register.queries import parties_for


def record_of_taken_decision_in_words(viewer: Viewer, row: Decision) -> dict[str, Any]:
    """The record of ``row``, read by ``decision_taken_for``: parties and ratings by name, amounts
    as decimals of the register's currency, days as days."""
    parties = {party.key: party.name for party in parties_for(viewer)}
    record: dict[str, Any] = json.loads(row.record)
    for each in (*record["votes"], *record["arguments"], *_flat_cost_rows_of_options(record)):
        each["party"] = parties.get(each["party"], each["party"])
    for cost in _flat_cost_rows_of_options(record):
        cost["amount"] = Decimal(cost["amount"])
    for condition in record["conditions"]:
        condition["due_on"] = dt.date.fromisoformat(condition["due_on"])
    if record["review_on"]:
        record["review_on"] = dt.date.fromisoformat(record["review_on"])
    # What it asks and offers was written in several languages, and froze in all of them.
    for each in (record, *record["options"], *record["conditions"]):
        each |= (each.get("translations") or {}).get(get_language() or "", {})
    assert row.criteria is not None  # noqa: S101 - it was put forward
    matrix = Matrix(row.criteria)
    for risk in record["risks"]:
        if risk["rating"] is None or risk["rating"] in matrix.rating_keys:
            risk["rating"] = matrix.rating_name(risk["rating"])
    record["question"] = record.get("title") or record["question"]
    titles = {option["key"]: option["title"] for option in record["options"]}
    record["weighing"] = _weighing_texts(record.get("weighing"), titles)
    record["gates"] = gates_in_words(record["options"], viewer.register.currency)
    return record


def _weighing_texts(
    kept: Mapping[str, Any] | None, titles: Mapping[str, str]
) -> dict[str, Any] | None:
    """What the options came to, in whole units to three digits, ranges as the figure with both
    ends."""
    if kept is None:
        return None
    rows = [
        {
            "key": one["key"],
            "title": titles.get(one["key"], ""),
            "best": one["key"] == kept["best"],
            "cost": _amount_with_range(one["cost"]),
            "mean": _amount_with_range(one["mean"]),
            "bad": _amount_with_range(one["bad"]),
            "difference": _amount_with_range(one["difference"]),
            "net": _amount_with_range([one["net"], None, None]),
            "lost": _chance_with_band(one.get("chance_of_loss")),
            "regret": _amount_with_range(one["regret"]) if one.get("regret") else "",
        }
        for one in kept["options"]
    ]
    at = dt.datetime.fromisoformat(kept["at"])
    known = kept.get("information")
    asked = known and {
        "all": _amount_with_range(known["all"]),
        "each": [f"{each['ref']}: {_amount_with_range(each['worth'])}" for each in known["each"]],
    }
    return {**kept, "at": at, "years": number(kept["years"]), "rows": rows, "information": asked}


def _amount_with_range(values: Sequence[float | None]) -> str:
    value, low, high = (None if one is None else number(round_significant(one)) for one in values)
    return f"{value}" if low in (None, high) else f"{value}" + in_brackets(f"{low} … {high}")


def _chance_with_band(values: Sequence[float] | None) -> str:
    if values is None:
        return ""
    return chance_text(values[0]) + in_brackets(chance_band_text(values))


def _flat_cost_rows_of_options(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [cost for option in record["options"] for cost in option.get("costs", [])]
