"""The options of a decision beside each other, as its page shows them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from riskreg.analysis.amounts import (
    amount_text,
    chance_band_text,
    chance_text,
    word_for_frequency_severity_or_driver,
)
from riskreg.decisions.models import Decision
from riskreg.decisions.queries.weighing import Weighing, may_weigh, newest_weighing_by_audience
from riskreg.jobs.models import OPEN, JobState
from riskreg.kernel.localised import number, percent_text
from riskreg.register.access import Viewer
from riskreg.register.visibility import Visibility
from riskreg.web.simulations.run_form import RunForm
from riskreg.web.simulations.words import changed_input_text, state_text


def weighing_panel(
    viewer: Viewer,
    row: Decision,
    today: dt.date,
    refused: "tuple[str, forms.Form] | None",
) -> dict[str, Any] | None:
    """What the options come to for each audience, and a form to have them weighed; None where
    there is neither."""
    found = newest_weighing_by_audience(viewer, row, today)
    shown = [weighing_row(row, one) for one in found.values() if one is not None]
    form = None
    if may_weigh(viewer, row):
        sent = refused[1] if refused and refused[0] == "weigh" else None
        form = {
            "form": sent or RunForm(str(viewer.party or ""), row.visibility),
            "open": sent is not None,
        }
    if not shown and form is None:
        return None
    return {"shown": shown, "form": form, "going_on": any(one["going_on"] for one in shown)}


def weighing_row(row: Decision, one: Weighing) -> dict[str, Any]:
    """A weighing as a page shows it."""
    results, state = one.results, one.progress.state
    choices: list[Any] = row.choices  # type: ignore[attr-defined]
    titles = {option.key: option.localized("title") for option in choices}
    return {
        "run": one.run,
        "private": one.run.visibility == Visibility.PARTY,
        "party": one.run.party.name,
        "state_text": state_text(state),
        "percent": one.progress.percent,
        "going_on": state in OPEN,
        "failed": state == JobState.FAILED,
        "failure": one.progress.failure.get("detail", ""),
        "stale": [changed_input_text(each) for each in one.stale],
        "label": one.label,
        "years": number(one.run.years),
        "horizon": number(results["horizon"]) if results else "",
        "left_out": [
            {
                "key": key,
                "title": titles.get(key, ""),
                "works": sorted(one.works[m].ref for m in of if m in one.works),
            }
            for key, of in sorted(one.left_out.items())
        ],
        "objectives": _chances_of_objectives(one, results["options"]) if results else [],
        "rows": [_option_row(one, each, titles) for each in results["options"]] if results else [],
        "close": _keys_of_options_close_to_best(results) if results else [],
        "information": _worth_of_knowing_context(one) if results else None,
    }


def _worth_of_knowing_context(one: Weighing) -> dict[str, Any] | None:
    """What to ask first, and what an answer is worth at most; None in a run of before it was known,
    or where nothing uncertain bears on it."""
    known = (one.results or {}).get("information")
    if not known:
        return None
    return {
        "all": amount_text(known["all"][0], one.run.currency),
        "band": _band_text(known["all"]),
        "nothing": known["all"][0] <= 0,
        "each": [
            {
                **each,
                "on": word_for_frequency_severity_or_driver(each["on"]),
                "is_driver": each["on"] == "driver",
                "worth": amount_text(each["worth"][0], one.run.currency),
                "band": _band_text(each["worth"]),
            }
            for each in one.most_worth_knowing
        ],
    }


def _option_row(
    one: Weighing, found: Mapping[str, Any], titles: Mapping[str, str]
) -> dict[str, Any]:
    assert one.results is not None  # noqa: S101 - asked by the caller
    currency = one.run.currency
    best = found["key"] == one.results["best"]
    return {
        "key": found["key"],
        "title": titles.get(found["key"], ""),
        "best": best,
        "cost": amount_text(found["cost"][0]),
        "cost_band": _band_text(found["cost"]),
        "mean": amount_text(found["mean"][0]),
        "mean_band": _band_text(found["mean"]),
        "bad": amount_text(found["bad"][0]),
        "bad_band": _band_text(found["bad"]),
        "difference": amount_text(found["difference"][0]),
        "difference_band": _band_text(found["difference"]),
        "net": amount_text(found["net"]),
        "behind": "" if best else amount_text(found["behind"][0]),
        "behind_band": "" if best else _band_text(found["behind"]),
        "best_key": one.results["best"],
        **_loss_and_regret_texts(found),
        "switch": what_would_flip_choice_text(found, is_best=best, currency=currency),
    }


def _loss_and_regret_texts(found: Mapping[str, Any]) -> dict[str, str]:
    """The chance of loss and the regret, with their bands; empty where the run has none."""
    chance, regret = found.get("chance_of_loss"), found.get("regret")
    return {
        "lost": chance_text(chance[0]) if chance else "",
        "lost_band": chance_band_text(chance) if chance else "",
        "regret": amount_text(regret[0]) if regret else "",
        "regret_band": _band_text(regret) if regret else "",
    }


def _chances_of_objectives(
    one: Weighing, options: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The chance of meeting each objective that the viewer knows of, by option."""
    by_key = {
        option["key"]: {of["objective"]: of["chance"] for of in option["objectives"]}
        for option in options
    }
    return [
        {
            "name": objective.name,
            "chances": [(key, chance_text(of[name][0])) for key, of in by_key.items()],
        }
        for name, objective in sorted(one.objectives.items(), key=lambda pair: pair[1].key)
    ]


def _band_text(values: Sequence[float | None]) -> str:
    _value, low, high = values
    if low is None or high is None:
        return ""
    ends = amount_text(low), amount_text(high)
    # Narrower than what is shown of it: the figure itself says as much.
    return "" if ends[0] == ends[1] else " … ".join(ends)


def _keys_of_options_close_to_best(results: Mapping[str, Any]) -> list[str]:
    """The options that the draws do not tell from the best."""
    return [
        one["key"]
        for one in results["options"]
        if one["key"] != results["best"] and one["behind"][1] <= 0
    ]


def what_would_flip_choice_text(found: Mapping[str, Any], *, is_best: bool, currency: str) -> str:
    """What would have to change before the choice flips, in words; empty where doing nothing is
    behind: what the others say tells it."""
    switch = found["switch"]
    if switch is None:
        return ""
    cost = None if switch["cost"] is None else amount_text(switch["cost"], currency)
    saving = switch["saving"]
    if is_best:
        if found["is_nothing"]:
            return _("best until another costs less or saves more: see there")
        words = {"cost": cost or "", "key": switch["against"]}
        if saving is None:
            return _("best until it costs %(cost)s; then %(key)s") % words
        text = _(
            "best until it costs %(cost)s, or saves only %(share)s of what is expected; then "
            "%(key)s"
        )
        return text % {**words, "share": percent_text(round(100 * saving, 1) or 0.0)}
    if found["is_nothing"]:
        return ""
    if saving is None:
        if cost is None:
            return _("not best even if it costs nothing")
        return _("best if it costs less than %(cost)s") % {"cost": cost}
    words = {"cost": cost or "", "times": number(round(saving, 2))}
    if cost is None:
        text = _("not best even if it costs nothing; only if it saves %(times)s times as much")
        return text % words
    return _("best if it costs less than %(cost)s, or saves %(times)s times as much") % words
