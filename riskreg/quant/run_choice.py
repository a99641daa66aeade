"""The step of a run that chooses mitigations, and tells what the chosen set does.

The scenarios that choose have a seed of their own; the figures come from the run's own years, which
chose nothing, and so stand beside the run's other figures without contradicting them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from riskreg.quant.choice_report import ChoiceReport, report_choice
from riskreg.quant.choose_mitigations import MitigationChoice, choose_mitigations
from riskreg.quant.errors import InvalidShape
from riskreg.quant.mitigations import Budget
from riskreg.quant.run_inputs import RunInputs

REPORT_YEARS = 10**5
"""Most years of the run that each set is measured on."""


@dataclass(frozen=True)
class FrontierPoint:
    """The best set for one amount of the first budget, on the run's years."""

    budget: float
    choice: MitigationChoice
    report: ChoiceReport


@dataclass(frozen=True)
class ChoiceStep:
    """What was chosen, what it does, and the best sets for other amounts."""

    choice: MitigationChoice
    report: ChoiceReport
    frontier: tuple[FrontierPoint, ...]


def choice_step(inputs: RunInputs) -> ChoiceStep:
    """Choose among all mitigations of a run; `InvalidShape` when it has nothing to choose."""
    wanted = inputs.choice
    if wanted is None:
        raise InvalidShape("choice", None, "is not asked for", "give budgets to choose within")
    budgets = [
        Budget(math.inf if b.amount is None else b.amount, b.party, b.year) for b in wanted.budgets
    ]
    points = [
        FrontierPoint(amount, *_choose(inputs, [replace(budgets[0], amount=amount), *budgets[1:]]))
        for amount in wanted.frontier
    ]
    return ChoiceStep(*_choose(inputs, budgets), tuple(points))


def _choose(inputs: RunInputs, budgets: Sequence[Budget]) -> tuple[MitigationChoice, ChoiceReport]:
    wanted = inputs.choice
    if wanted is None or not budgets:
        raise InvalidShape("budgets", budgets, "is empty", "give one budget or more")
    portfolio = inputs.bare_portfolio()
    mitigations = [inputs.mitigation(m.id) for m in inputs.mitigations]
    choice = choose_mitigations(
        portfolio,
        mitigations,
        budgets,
        choosing_seed(inputs),
        objective=wanted.objective,
        level=wanted.level,
        limit=wanted.limit,
        scenarios=wanted.scenarios,
        exclusive=wanted.exclusive,
        requires=wanted.requires,
        cost_level=wanted.cost_level,
    )
    report = report_choice(
        portfolio,
        mitigations,
        budgets,
        choice,
        inputs.seed,
        years=max(2, min(inputs.years, REPORT_YEARS)),
        exclusive=wanted.exclusive,
        requires=wanted.requires,
        cost_level=wanted.cost_level,
    )
    return choice, report


def choosing_seed(inputs: RunInputs) -> int:
    """The seed of the scenarios that choose: another than the run's, and settled by it."""
    return (inputs.seed + 1) % 2**128
