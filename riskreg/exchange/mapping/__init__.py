"""Laying somebody else's table against the register: columns, scales, values, people, likeness."""

from riskreg.exchange.mapping.answers import Answers, clean_answers, parse_answers
from riskreg.exchange.mapping.context import Context, Existing, Person
from riskreg.exchange.mapping.outcome import Asked, Refused, RowPlan
from riskreg.exchange.mapping.plan import Plan, empty_report, plan_import

__all__ = [
    "Answers", "Asked", "Context", "Existing", "Person", "Plan", "Refused", "RowPlan",
    "clean_answers", "empty_report", "parse_answers", "plan_import",
]  # fmt: skip
