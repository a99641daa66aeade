"""The options of a decision, out of the steps of a run: pure functions of their results."""

from collections.abc import Mapping
from typing import Any


def weighing_of(done: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The part of the results that runs without options do not have."""
    return {"weighing": done["weighing"]} if "weighing" in done else {}


def weighing_figures(
    done: Mapping[str, Mapping[str, Any]], inputs: Mapping[str, Any], label: str
) -> list[dict[str, Any]]:
    """The figures of each option under stable keys: ``option.B.cost``."""
    found: list[dict[str, Any]] = []
    for one in done.get("weighing", {}).get("options", ()):
        for name, values, method in (
            # A range of experts is no band of sampling.
            ("cost", [one["cost"][0], None, None], "closed form"),
            ("loss.mean", one["mean"], "simulation"),
            ("loss.p95", one["bad"], "simulation"),
            ("difference", one["difference"], "simulation"),
            ("net", [one["net"], None, None], "simulation"),
            ("behind", one["behind"], "simulation"),
        ):
            value, low, high = values
            found.append(
                {"key": f"option.{one['key']}.{name}", "value": value, "low": low, "high": high,
                 "unit": inputs["currency"], "method": method, "label": label}
            )  # fmt: skip
    return found
