"""What the money buys, out of the steps of a run: pure functions of their results."""

from collections.abc import Mapping
from typing import Any


def frontier_choice_and_information(
    results_by_step: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """The parts of the results that runs without effects do not have."""
    points = sorted(
        (one for key, one in results_by_step.items() if key.startswith("frontier:")),
        key=lambda one: int(one["percent"]),
    )
    found: dict[str, Any] = {"frontier": points} if points else {}
    return found | {
        key: results_by_step[key] for key in ("choice", "information") if key in results_by_step
    }


def figures_of_buying(
    results_by_step: Mapping[str, Mapping[str, Any]], inputs: Mapping[str, Any], label: str
) -> list[dict[str, Any]]:
    """The figures of the frontier, of the choice and of what knowing is worth, under stable keys:
    ``frontier.50.cost`` for half of what everything costs."""
    found: list[dict[str, Any]] = []

    def note(key: str, values: Any, method: str) -> None:
        value, low, high = values if isinstance(values, list) else (values, None, None)
        found.append(
            {"key": key, "value": value, "low": low, "high": high, "unit": inputs["currency"],
             "method": method, "label": label}
        )  # fmt: skip

    parts = frontier_choice_and_information(results_by_step)
    points = [(f"frontier.{one['percent']}", one) for one in parts.get("frontier", ())]
    if choice := parts.get("choice"):
        points.append(("choice", choice))
    for name, point in points:
        if name != "choice":
            note(f"{name}.budget", point["budgets"][0]["amount"], "closed form")
        note(f"{name}.cost", point["chosen"]["cost"], "closed form")
        note(f"{name}.loss.mean", point["chosen"]["mean"], "simulation")
        if runner_up := point["runner_up"]:
            note(f"{name}.runner_up.difference", runner_up["difference"], "simulation")
    if information := parts.get("information"):
        for one in information["values"]:
            note(f"information.{one['risk']}.{one['on']}", one["value"], "simulation")
        note("information.all", information["all"], "simulation")
    return found
