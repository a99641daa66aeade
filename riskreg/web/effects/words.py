"""Shares that remain and costs, in words."""

from typing import Any

from django.utils.translation import gettext as _

from riskreg.analysis.amounts import amount_text
from riskreg.analysis.models import Effect
from riskreg.analysis.policy.effects import averages_of_effect
from riskreg.analysis.policy.estimates import round_significant
from riskreg.kernel.localised import number, percent_text


def share_text(value: float) -> str:
    """A share that remains, in per cent, to three digits."""
    return percent_text(round_significant(100 * value))


def effect_texts(row: Effect) -> dict[str, Any]:
    """An effect in words: what remains of how often, of one event and of a year's loss, the cost;
    empty for a share that nothing is said of."""
    means = averages_of_effect(row)
    shares = {
        what: _range_text(row, what) if getattr(row, f"{what}_low") is not None else ""
        for what in ("frequency", "severity")
    }
    low, high = (amount_text(float(x), row.currency) for x in (row.cost_low, row.cost_high))
    return {
        **shares,
        "loss": share_text(means.loss),
        "cost": low if low == high else f"{low} … {high}",
        "cost_mean": amount_text(means.cost, row.currency),
    }


def _range_text(row: Effect, what: str) -> str:
    low, high = (float(getattr(row, f"{what}_{part}")) for part in ("low", "high"))
    if low == high:
        return share_text(low)
    return f"{number(round_significant(100 * low))} … {share_text(high)}"


def question_asked_back(row: Effect) -> str:
    """What somebody is asked back about an effect before it is kept."""
    texts = effect_texts(row)
    return _(
        "So on average %(loss)s of a year's loss from this risk remain, and it costs %(cost)s?"
    ) % {"loss": texts["loss"], "cost": texts["cost_mean"]}
