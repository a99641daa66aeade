"""What the money buys, as the page of a run shows it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from riskreg.analysis import drawing
from riskreg.analysis.amounts import amount_text, chance_text, word_for_frequency_severity_or_driver
from riskreg.analysis.models import Driver
from riskreg.analysis.policy.estimates import round_significant
from riskreg.kernel.localised import number, percent_text
from riskreg.kernel.punctuation import in_brackets
from riskreg.register.models import Party
from riskreg.risks.models import Mitigation, Risk

# What is asked about first; the API has them all.
MOST = 10


class Bought:
    """The frontier, the choice and what knowing is worth of one run; what the viewer may not know
    of is without its name."""

    def __init__(
        self,
        results: Mapping[str, Any],
        works: Mapping[str, Mitigation],
        risks: Mapping[str, Risk],
        drivers: Mapping[str, Driver],
        parties: Sequence[Party],
        currency: str,
    ) -> None:
        self.results, self.mitigations_by_id, self.currency = results, works, currency
        self.risks, self.drivers = risks, drivers
        self.parties = {party.key: str(party) for party in parties}

    def context_or_none(self) -> dict[str, Any] | None:
        """Everything that the page needs; None where no effects of mitigations are known."""
        points = self.results.get("frontier")
        if not points:
            return None
        choice = self.results.get("choice")
        picture = drawing.frontier(
            [
                drawing.BudgetAndLoss(one["budgets"][0]["amount"], one["chosen"]["mean"][0])
                for one in points
            ]
        )
        return {
            "rows": [self._frontier_row(one) for one in points],
            "choice": choice
            and self._frontier_row(choice)
            | {"budgets": [self._budget_text(b) for b in choice["budgets"]]},
            "picture": picture,
            "amounts": [(x, amount_text(value)) for x, value in picture.amounts],
            "losses": [(y, amount_text(value)) for y, value in picture.losses],
            "information": self._worth_of_knowing_context(),
            "stops_at": self._least_best_budget_text(points),
        }

    def _budget_text(self, one: Mapping[str, Any]) -> str:
        amount = amount_text(one["amount"], self.currency)
        if one["party"] is None:
            return _("%(amount)s in all") % {"amount": amount}
        party = self.parties.get(one["party"], one["party"])
        return _("%(party)s: %(amount)s") % {"party": party, "amount": amount}

    def _least_best_budget_text(self, points: Sequence[Mapping[str, Any]]) -> str:
        """The least budget whose set more money does not better; empty if that is all of it."""
        last = points[-1]["chosen"]["mitigations"]
        first = next(one for one in points if one["chosen"]["mitigations"] == last)
        if first is points[-1]:
            return ""
        return amount_text(first["budgets"][0]["amount"], self.currency)

    def _frontier_row(self, one: Mapping[str, Any]) -> dict[str, Any]:
        chosen, other = one["chosen"], one["runner_up"]
        return {
            "budget": amount_text(one["budgets"][0]["amount"], self.currency),
            "works": self._refs_and_titles_or_placeholder(chosen["mitigations"]),
            "cost": amount_text(chosen["cost"], self.currency),
            "mean": amount_text(chosen["mean"][0], self.currency),
            "saved": amount_text(one["nothing"]["difference"][0], self.currency),
            "within": chance_text(chosen["within_budget"]),
            "other": self._refs_and_titles_or_placeholder(other["mitigations"]) if other else None,
            "difference": self._difference_text(other["difference"]) if other else "",
            "as_good": one["as_good_count"],
            "claim": _optimality_text(one),
        }

    def _difference_text(self, values: Sequence[float]) -> str:
        value, low, high = values
        if low == high:
            return amount_text(value, self.currency)
        return amount_text(value) + in_brackets(f"{amount_text(low)} … {amount_text(high)}")

    def _refs_and_titles_or_placeholder(
        self, mitigation_ids: Sequence[str]
    ) -> list[dict[str, str]]:
        named = []
        for one in mitigation_ids:
            row = self.mitigations_by_id.get(one)
            title = row.localized("title") if row else _("a mitigation that is not shown")
            named.append({"ref": row.ref if row else "", "title": title})
        return sorted(named, key=lambda work: work["ref"])

    def _worth_of_knowing_context(self) -> dict[str, Any]:
        found = self.results["information"]
        rows = []
        for one in found["values"][:MOST]:
            driver, risk = self.drivers.get(one["risk"]), self.risks.get(one["risk"])
            if one["on"] == "driver":
                ref, title = (driver.ref, driver.name) if driver else ("", _("a driver"))
            else:
                ref = risk.ref if risk else ""
                title = risk.localized("title") if risk else _("a risk that is not shown")
            value, low, high = one["value"]
            rows.append(
                {
                    "ref": ref,
                    "is_driver": one["on"] == "driver",
                    "title": title,
                    "on": word_for_frequency_severity_or_driver(one["on"]),
                    "value": amount_text(value, self.currency),
                    "band": f"{amount_text(low)} … {amount_text(high)}",
                }
            )
        return {
            "rows": rows,
            "horizon": number(found["horizon"]),
            "all": amount_text(found["all"][0], self.currency),
        }


def _optimality_text(one: Mapping[str, Any]) -> str:
    """How good the set is known to be; nothing is called proven but on the years that chose."""
    if one["is_exact"]:
        return _("no allowed set does better on the years that chose")
    if one["gap"] is None:
        return _("the best that was found")
    return _("within %(share)s of the best") % {
        "share": percent_text(round_significant(100 * one["gap"], 2))
    }
