"""The options of a decision, out of the steps of a run: pure functions of their results."""

from collections.abc import Mapping
from typing import Any


def weighing_if_done(results_by_step: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The part of the results that runs without options do not have."""
    return {"weighing": results_by_step["weighing"]} if "weighing" in results_by_step else {}


def figures_of_weighing(
    results_by_step: Mapping[str, Mapping[str, Any]], inputs: Mapping[str, Any], label: str
) -> list[dict[str, Any]]:
    """The figures of each option under stable keys: ``option.B.cost``."""
    found: list[dict[str, Any]] = []
    currency = inputs["currency"]
    for one in results_by_step.get("weighing", {}).get("options", ()):
        for name, values, method, unit in (
            # A range of experts is no band of sampling.
            ("cost", [one["cost"][0], None, None], "closed form", currency),
            ("loss.mean", one["mean"], "simulation", currency),
            ("loss.p95", one["bad"], "simulation", currency),
            ("difference", one["difference"], "simulation", currency),
            ("net", [one["net"], None, None], "simulation", currency),
            ("behind", one["behind"], "simulation", currency),
            ("chance_of_loss", one["chance_of_loss"], "simulation", "chance"),
            ("regret.p95", one["regret"], "simulation", currency),
        ):
            # Doing nothing does not come to more than itself.
            if values is None:
                continue
            value, low, high = values
            found.append(
                {"key": f"option.{one['key']}.{name}", "value": value, "low": low, "high": high,
                 "unit": unit, "method": method, "label": label}
            )  # fmt: skip
    known = results_by_step.get("weighing", {}).get("information")
    if known:
        value, low, high = known["all"]
        found.append(
            {"key": "option.information", "value": value, "low": low, "high": high,
             "unit": currency, "method": "simulation", "label": label}
        )  # fmt: skip
    return found
