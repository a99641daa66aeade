"""How one's own forecasts did: for their forecaster alone."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from riskreg.analysis.amounts import amount_text, chance_text
from riskreg.analysis.policy.forecasts import (
    ENOUGH,
    ChanceScore,
    ChanceVerdict,
    RangeScore,
    RangeVerdict,
    Uncounted,
)
from riskreg.analysis.queries.forecasts import Forecast, own_forecasts_on_closed_risks
from riskreg.decisions.queries.acceptances import text_on_who_can
from riskreg.kernel.localised import number, percent_text
from riskreg.kernel.punctuation import join_sentences
from riskreg.register.policy import weakest_label
from riskreg.web.base import RegisterView


class OwnForecasts(RegisterView):
    """The viewer's own estimates of risks that are closed since, with what happened."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        found = own_forecasts_on_closed_risks(self.viewer)
        scored = [one for one in found.forecasts if one.uncounted is None]
        context = {
            "rows": [self._row(one) for one in found.forecasts],
            "chances": _verdict_on_chances(found.chances),
            "ranges": _verdict_on_ranges(found.ranges),
            "label": weakest_label(one.estimate.label for one in scored) if scored else "",
            "ranges_label": weakest_label(
                label
                for one in scored
                if one.inside is not None
                for label in _labels_of_forecast(one)
            )
            if found.ranges.n
            else "",
            "more": found.more,
            "enough": ENOUGH,
        }
        return self.render("estimates/forecasts.html", context)

    def _row(self, one: Forecast) -> dict[str, Any]:
        currency = one.estimate.currency
        risk = one.estimate.risk
        return {
            "ref": risk.ref,
            "title": risk.localized("title"),
            "private": risk.party if risk.visibility == "party" else None,
            "label": one.estimate.label,
            "given_on": one.given_on,
            "chance": chance_text(one.chance),
            "range": f"{amount_text(one.low)} … {amount_text(one.high, currency)}",
            "came": join_sentences([_what_happened_text(one), _cost_against_range_text(one)]),
            "cost_label": risk.labels.get("happened_cost", "") if one.cost is not None else "",
            "uncounted": _why_uncounted_text(one),
        }


def _what_happened_text(one: Forecast) -> str:
    day = {"day": date_format(one.ended_on, "DATE_FORMAT")}
    happened_on = one.estimate.risk.happened_on
    if happened_on is None:
        return _("It did not; the risk was over on %(day)s.") % day
    if one.happened or happened_on <= one.given_on:
        return _("It happened on %(day)s.") % day
    return _("Not in that year; it happened on %(day)s.") % day


def _cost_against_range_text(one: Forecast) -> str:
    if one.cost is None:
        return ""
    text = _("%(cost)s: inside your range") if one.inside else _("%(cost)s: outside your range")
    return text % {"cost": amount_text(float(one.cost), one.estimate.currency)}


def _labels_of_forecast(one: Forecast) -> list[str]:
    return [one.estimate.label, one.estimate.risk.labels.get("happened_cost", one.estimate.label)]


def _why_uncounted_text(one: Forecast) -> str:
    if one.uncounted is None:
        return ""
    if one.uncounted == Uncounted.KNOWN_BEFORE:
        return _("Given when it was known already.")
    if one.uncounted == Uncounted.SAME_YEAR:
        return _("Given within the year of an earlier one that counts.")
    text = _(
        "You closed the risk yourself, and nobody judges their own forecast. It counts once "
        "somebody else has reopened it and closed it."
    )
    return join_sentences([text, text_on_who_can(one.who_could)])


def _verdict_on_chances(score: ChanceScore) -> dict[str, Any]:
    verdicts = {
        ChanceVerdict.TOO_FEW: _("No verdict yet: it takes %(n)d forecasts with an outcome.")
        % {"n": ENOUGH},
        ChanceVerdict.SAME_EVERY_TIME: _("No verdict: the same happened every time."),
        ChanceVerdict.BETTER: _(
            "Better than saying each time how often such things happened on the whole."
        ),
        ChanceVerdict.NO_BETTER: _(
            "No better than saying each time how often such things happened on the whole."
        ),
    }
    return {
        "n": score.n,
        "brier": None if score.brier is None else number(round(score.brier, 3)),
        "base": None if score.base_rate is None else percent_text(round(100 * score.base_rate)),
        "verdict": verdicts[score.verdict],
    }


def _verdict_on_ranges(score: RangeScore) -> dict[str, Any]:
    verdicts = {
        RangeVerdict.TOO_FEW: _("No verdict yet: it takes %(n)d amounts that are known.")
        % {"n": ENOUGH},
        RangeVerdict.TOO_NARROW: _("Your ranges are too narrow: the truth lies outside too often."),
        RangeVerdict.TOO_WIDE: _("Your ranges are too wide: the truth never surprises them."),
        RangeVerdict.NOTHING_AGAINST: _("Nothing speaks against your ranges."),
    }
    return {"n": score.n, "hits": score.hits, "verdict": verdicts[score.verdict]}
