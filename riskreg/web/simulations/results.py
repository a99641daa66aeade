"""What a run came to, as its page shows it: figures, curve, contributions, tornado."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from riskreg.analysis import drawing
from riskreg.analysis.amounts import (
    amount_text,
    chance_band_text,
    chance_text,
    word_for_frequency_severity_or_driver,
)
from riskreg.analysis.models import Driver
from riskreg.analysis.policy import contradictions as policy
from riskreg.analysis.policy.curves import (
    chance_beyond,
    index_of_last_shown_point,
    tolerance_beside_curves,
)
from riskreg.analysis.policy.estimates import round_significant
from riskreg.kernel.localised import number, percent_text
from riskreg.register.models import Criteria
from riskreg.risks.models import Risk
from riskreg.web.presenters import Scale

MOST = 60
# About so many rows has the loss curve as a table.
ROWS = 12


class Results:
    """The results of one run, with the risks that the viewer may know of by public id."""

    def __init__(
        self,
        results: Mapping[str, Any],
        risks: Mapping[str, Risk],
        drivers: Mapping[str, Driver],
        currency: str,
        criteria: Criteria,
    ) -> None:
        """``criteria``: those in force, whose tolerance the run is held against."""
        self.results, self.risks, self.currency = results, risks, currency
        self.criteria, self.tolerance = criteria, criteria.tolerance or []
        self.drivers = drivers
        self.figures = {figure["key"]: figure for figure in results["figures"]}

    def figures_context(self) -> dict[str, Any]:
        """Everything that the page needs."""
        curves = drawing.loss_curves(self.results["curves"])
        return {
            "label": self.results["label"],
            "figures": [
                self._figure_row(name, words) for name, words in _captions_of_figures().items()
            ],
            "same": all(
                figure["value"] == self.figures[key.removesuffix("before") + "after"]["value"]
                for key, figure in self.figures.items()
                if key.endswith(".before")
            ),
            "curves": curves,
            "chances": [(y, percent_text(share)) for y, share in curves.chances],
            "amounts": [(x, amount_text(value)) for x, value in curves.amounts],
            "points": self._curve_rows(),
            "tolerance": drawing.tolerance_path(self.results["curves"], self.tolerance),
            "tolerated": self._tolerance_rows(),
            "tolerance_label": self.criteria.label,
            "unit": self.currency,
            "contributions": self._contribution_rows()[:MOST],
            "tornado": self._tornado_rows()[:MOST],
            "base": self._amount_text(self.results["tornado"]["base"]),
        }

    def _tolerance_rows(self) -> list[dict[str, Any]]:
        """What is tolerated beside what the run came to, point by point."""
        return [
            {
                "amount": self._amount_text(point.amount),
                "most": chance_text(point.chance),
                "before": chance_text(point.found["before"]),
                "after": chance_text(point.found["after"]),
                "passed": point.is_exceeded("before"),
                "passed_after": point.is_exceeded("after"),
            }
            for point in tolerance_beside_curves(self.results["curves"], self.tolerance)
        ]

    def _curve_rows(self) -> list[dict[str, str]]:
        """The loss curve at some amounts, as far as it is drawn; both sides at those of before."""
        before, after = (self.results["curves"][side] for side in ("before", "after"))
        last = index_of_last_shown_point(before)
        return [
            {
                "amount": self._amount_text(amount),
                "before": chance_text(chance),
                "band": chance_band_text((chance, low, high)),
                "after": chance_text(chance_beyond(after, amount)),
            }
            for amount, chance, low, high in before[: last + 1 : max(1, last // ROWS)]
        ]

    def _figure_row(self, name: str, words: str) -> dict[str, Any]:
        before, after = (self.figures[f"loss.{name}.{side}"] for side in ("before", "after"))
        return {
            "name": words,
            "before": self._amount_text(before["value"]),
            "after": self._amount_text(after["value"]),
            "change": self._amount_text(after["value"] - before["value"]),
            "band": self._band_text(before),
            "band_after": self._band_text(after),
            "method": _("closed form") if before["method"] == "closed form" else _("simulated"),
        }

    def _band_text(self, figure: Mapping[str, Any]) -> str:
        if figure["low"] is None:
            return ""
        return f"{amount_text(figure['low'])} … {amount_text(figure['high'])}"

    def _contribution_rows(self) -> list[dict[str, Any]]:
        before, after = (self.results["contributions"][side] for side in ("before", "after"))
        order = sorted(before["tail"], key=lambda risk: -before["tail"][risk])
        lengths = drawing.percents_of_largest([before["tail"][risk] for risk in order])
        return [
            {
                **self._risk_or_driver_cell(risk),
                "tail": self._amount_text(before["tail"][risk]),
                "tail_after": self._amount_text(after["tail"][risk]),
                "mean": self._amount_text(before["mean"][risk]),
                "mean_after": self._amount_text(after["mean"][risk]),
                "length": length,
            }
            for risk, length in zip(order, lengths, strict=True)
        ]

    def _tornado_rows(self) -> list[dict[str, Any]]:
        bars = self.results["tornado"]["bars"]
        return [
            {
                **self._risk_or_driver_cell(bar["risk"]),
                "on": word_for_frequency_severity_or_driver(bar["on"]),
                "low": self._amount_text(bar["low"]),
                "high": self._amount_text(bar["high"]),
                "start": start,
                "length": length,
            }
            for bar, (start, length) in zip(bars, drawing.bars_in_percent(bars), strict=True)
        ]

    def _risk_or_driver_cell(self, risk: str) -> dict[str, Any]:
        if driver := self.drivers.get(risk):
            return {"driver": driver.ref, "ref": "", "title": driver.name}
        row = self.risks.get(risk)
        return {
            "ref": row.ref if row else "",
            "title": row.localized("title") if row else _("a risk that is not shown"),
        }

    def contradictions_context(
        self, found: Sequence[policy.Contradiction], scale: Scale
    ) -> dict[str, Any]:
        """Where matrix and money disagree, each with the sentence that says why."""
        return {
            "contradictions": [
                {
                    "under": self._ranked_row(pair.under, scale),
                    "over": self._ranked_row(pair.over, scale),
                    "why": self._why_contradicting(pair),
                    "reason": _reason_text(pair),
                }
                for pair in found[: policy.MOST]
            ],
            "contradictions_more": max(0, len(found) - policy.MOST),
        }

    def _ranked_row(self, row: policy.Ranked, scale: Scale) -> dict[str, Any]:
        place = scale.place_in_words({"likelihood": row.likelihood, "impact": row.impact})
        return {
            **self._risk_or_driver_cell(row.risk),
            "place": place,
            "score": row.score,
            "money": self._amount_text(row.money),
        }

    def _why_contradicting(self, pair: policy.Contradiction) -> str:
        under, over = (
            self._risk_or_driver_cell(pair.under.risk),
            self._risk_or_driver_cell(pair.over.risk),
        )
        values = {
            "under": under["ref"] or under["title"],
            "over": over["ref"] or over["title"],
            "times": number(round_significant(pair.times)),
            "score": pair.under.score,
            "over_score": pair.over.score,
        }
        if pair.has_same_score:
            text = _(
                "Both score %(score)s, so the matrix sees no difference; by the estimates "
                "%(under)s costs %(times)s times as much a year as %(over)s."
            )
        else:
            text = _(
                "%(under)s scores %(score)s and %(over)s scores %(over_score)s; by the estimates "
                "%(under)s costs %(times)s times as much a year."
            )
        return text % values

    def _amount_text(self, value: float) -> str:
        return amount_text(value, self.currency)


def _reason_text(pair: policy.Contradiction) -> str:
    """Which of the two axes hides it: where neither does, the levels were chosen otherwise than the
    estimates say."""
    under, over = pair.under, pair.over
    if under.impact > over.impact:
        return _(
            "A step up in impact can be ten times the money, and the score counts it like a step "
            "in likelihood."
        )
    if under.likelihood > over.likelihood:
        return _("It happens more often than a step in likelihood tells.")
    return _(
        "Its levels are no higher on either axis: look at the rating and at the estimates once "
        "more."
    )


def _captions_of_figures() -> dict[str, str]:
    return {
        "mean": _("Expected in a year"),
        "p50": _("Half of all years cost more"),
        "p95": _("One year in 20 costs more"),
        "p99": _("One year in 100 costs more"),
        "tvar95": _("Average of the worst year in 20"),
    }
