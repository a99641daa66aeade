"""What becomes of each row of a file: new, updated, skipped or refused; and what must be asked.

Pure: the same table, answers and register give the same plan.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from riskreg.exchange.mapping.answers import Answers
from riskreg.exchange.mapping.columns import STAGES, fold_marks, propose_columns
from riskreg.exchange.mapping.context import Context
from riskreg.exchange.mapping.levels import folded
from riskreg.exchange.mapping.matching import Matcher
from riskreg.exchange.mapping.outcome import Asked, Refused, RowPlan
from riskreg.exchange.mapping.rows import RowReader
from riskreg.exchange.mapping.scaling import Scaling, scales_of
from riskreg.exchange.reading import NotARegister, Table


@dataclass(frozen=True)
class Plan:
    """A whole file laid against a register."""

    table: Table
    columns: Mapping[str, str | None]
    scaling: Scaling
    rows: Sequence[RowPlan]
    asked: Sequence[Asked]
    refused: Sequence[Refused]
    visibility: str
    notes: Sequence[str]

    def count(self, outcome: str) -> int:
        """How many rows come out so."""
        return sum(row.outcome == outcome for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """The report of an import."""
        return {
            "format": self.table.format,
            "sheet": self.table.sheet,
            "header_row": self.table.header_row,
            "columns": dict(self.columns),
            "scales": {column: dict(levels) for column, levels in self.scaling.shown.items()},
            "rows": len(self.rows),
            "new": self.count("new"),
            "updated": self.count("updated"),
            "skipped": self.count("skipped"),
            "asked": [question.to_json() for question in self.asked],
            "refused": [refusal.to_json() for refusal in self.refused],
        }


def plan_import(table: Table, answers: Answers, context: Context) -> Plan:
    """Lay ``table`` against the register of ``context``. Raises ``NotARegister``."""
    table = fold_marks(table)
    columns = propose_columns(
        table,
        taxonomies=context.taxonomies,
        terms={key: frozenset(names) for key, names in context.terms.items()},
        people=frozenset().union(*(person.called for person in context.people)),
    )
    columns |= {name: ours for name, ours in answers.columns.items() if name in columns}
    if not {"title", "event"} & set(columns.values()):
        raise NotARegister(_("No column says what may happen: name the one that does."))
    scaling = scales_of(table, columns, answers, context)
    visibility = answers.visibility or ("party" if context.parties > 1 else "shared")
    asked = [
        Asked(row, column, question)
        for column, questions in scaling.asked.items()
        for row, question in questions
    ]
    refused: list[Refused] = []
    rows: list[RowPlan] = []
    reader = RowReader(table, columns, scaling, answers, context, visibility, asked, refused)
    matcher = Matcher(context, answers, visibility, asked)
    seen: dict[str, int] = {}
    for row in table.rows:
        plan = RowPlan(row.number)
        reader.read(row, plan)
        if plan.outcome != "refused":
            _check_twice(plan, columns, seen, refused)
        if plan.outcome != "refused":
            matcher.match(plan)
        if plan.outcome == "refused" and plan.why and plan.ref:
            refused.append(Refused(plan.number, "", plan.why))
        rows.append(plan)
    notes = [*table.notes, *reader.notes(), *_left_out(table)]
    return Plan(table, columns, scaling, rows, asked, refused, visibility, notes)


def _check_twice(
    plan: RowPlan,
    columns: Mapping[str, str | None],
    seen: dict[str, int],
    refused: list[Refused],
) -> None:
    """Two rows of one id are not one risk, and which of them counts is not ours to say."""
    theirs = str(plan.fields.get("external_id") or plan.theirs.get("ref") or "")
    key = folded(theirs) if theirs else ""
    if not key:
        return
    if key in seen:
        plan.outcome = "refused"
        column = next((name for name, ours in columns.items()
                       if ours in ("external_id", "ref")), "")  # fmt: skip
        why = _("Row %(row)d has this id already: %(id)s. Give each risk its own.")
        refused.append(Refused(plan.number, column, why % {"row": seen[key], "id": theirs}))
    else:
        seen[key] = plan.number


def _left_out(table: Table) -> list[str]:
    return [
        _("Row %(row)d is no risk: %(why)s.") % {"row": row, "why": why}
        for row, why in table.left_out
    ]


__all__ = ["STAGES", "Asked", "Plan", "Refused", "RowPlan", "plan_import"]
