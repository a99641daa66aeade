"""What becomes of each row of a file: new, updated, skipped or refused; and what must be asked.

Pure: the same table, answers and register give the same plan.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from riskreg.exchange.mapping.answers import Answers
from riskreg.exchange.mapping.columns import (
    STAGES,
    join_columns_of_crosses,
    propose_columns,
    questions_on_unclear_columns,
)
from riskreg.exchange.mapping.context import Context
from riskreg.exchange.mapping.levels import fold_value
from riskreg.exchange.mapping.matching import Matcher
from riskreg.exchange.mapping.outcome import Asked, Refused, RowPlan
from riskreg.exchange.mapping.rows import RowReader
from riskreg.exchange.mapping.scaling import Scaling, scales_of
from riskreg.exchange.mapping.work import add_separate_mitigations_to_rows
from riskreg.exchange.reading import NotARegister, Table
from riskreg.exchange.reading.table import OwnText
from riskreg.exchange.reading.words import TARGETS


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


def empty_report(why: str) -> dict[str, Any]:
    """The report of a file that is no register: nothing found, and the reason."""
    counts = dict.fromkeys(("rows", "new", "updated", "skipped"), 0)
    return {
        "format": "", "sheet": "", "header_row": None, "columns": {}, "scales": {}, **counts,
        "asked": [], "refused": [{"row": None, "column": "", "why": why}],
    }  # fmt: skip


def plan_import(table: Table, answers: Answers, context: Context) -> Plan:
    """Lay ``table`` against the register of ``context``. Raises ``NotARegister``."""
    table = _with_own_texts_marked(join_columns_of_crosses(table))
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
    for header, question in questions_on_unclear_columns(table, columns, answers.columns):
        asked.append(Asked(None, header, question, "column"))
    refused: list[Refused] = []
    rows: list[RowPlan] = []
    reader = RowReader(table, columns, scaling, answers, context, visibility, asked, refused)
    matcher = Matcher(context, answers, visibility, asked)
    seen: dict[str, RowPlan] = {}
    for row in table.rows:
        plan = RowPlan(row.number)
        reader.read(row, plan)
        if plan.outcome != "refused":
            if row.continues and rows:
                _add_mitigation_to_row_above(plan, rows, refused)
            else:
                _merge_or_refuse_repeated_row(plan, columns, seen, refused)
        rows.append(plan)
    strange = add_separate_mitigations_to_rows(reader, table.separate_mitigations, rows)
    for plan in rows:
        if plan.outcome == "new":
            matcher.match(plan)
        if plan.outcome == "refused" and plan.why and plan.ref:
            refused.append(Refused(plan.number, "", plan.why))
    notes = [*table.notes, *reader.notes(), *_texts_on_rows_that_are_no_risk(table)]
    if strange:
        text = _("Measures of risks that are not in the file are left out: %(ids)s.")
        notes.append(text % {"ids": ", ".join(strange[:20])})
    return Plan(table, columns, scaling, rows, asked, refused, visibility, notes)


def _with_own_texts_marked(table: Table) -> Table:
    """``table`` with its texts marked as our own, where we have written it: no file of another has
    a column of our refs, or says of itself what ours do."""
    names = TARGETS["ref"][1:]
    if not (table.levels or any(fold_value(header) in names for header in table.headers)):
        return table
    rows = tuple(
        row._replace(values=tuple(OwnText(v) if type(v) is str else v for v in row.values))
        for row in table.rows
    )
    return replace(table, rows=rows)


def _merge_or_refuse_repeated_row(
    plan: RowPlan,
    columns: Mapping[str, str | None],
    seen: dict[str, RowPlan],
    refused: list[Refused],
) -> None:
    """Two rows of one id are one risk if they differ in their measure alone; otherwise which of
    them counts is not ours to say."""
    theirs = str(plan.fields.get("external_id") or plan.theirs.get("ref") or "")
    text = theirs or f"{plan.fields.get('title')}\n{plan.fields.get('event')}"
    key = fold_value(text) if theirs else f"\n{fold_value(text)}"
    first = seen.get(key)
    if first is None:
        seen[key] = plan
    elif _same_risk(plan, first) and _same_work(plan, first):
        plan.outcome = "skipped"
        plan.why = _("Row %(row)d says the same.") % {"row": first.number}
    elif plan.mitigation and first.mitigation and _same_risk(plan, first):
        first.more.append(plan.mitigation)
        plan.outcome = "skipped"
        plan.why = _("Another measure of row %(row)d.") % {"row": first.number}
    elif theirs and plan.undated and _same_risk(plan, first):
        # A format without days for measures, such as NIST's, has them as text alone.
        first.kept += [part for part in plan.kept if part not in first.kept]
        plan.outcome = "skipped"
        plan.why = _("Another measure of row %(row)d.") % {"row": first.number}
    elif theirs:
        plan.outcome = "refused"
        column = next((name for name, ours in columns.items()
                       if ours in ("external_id", "ref")), "")  # fmt: skip
        why = _("Row %(row)d has this id already: %(id)s. Give each risk its own.")
        refused.append(Refused(plan.number, column, why % {"row": first.number, "id": theirs}))


def _add_mitigation_to_row_above(
    plan: RowPlan, before: Sequence[RowPlan], refused: list[Refused]
) -> None:
    """One more measure against the risk above it; kept with it as text, where it has no day."""
    first = next(row for row in reversed(before) if not row.continues)
    plan.continues = True
    if first.outcome == "refused":
        plan.outcome = "refused"
        why = _("Row %(row)d, to which this belongs, is not taken.") % {"row": first.number}
        refused.append(Refused(plan.number, "", why))
        return
    if plan.mitigation:
        first.more.append(plan.mitigation)
    else:
        first.kept += [part for part in plan.kept if part not in first.kept]
    plan.outcome = "skipped"
    plan.why = _("Another measure of row %(row)d.") % {"row": first.number}


def _same_risk(one: RowPlan, other: RowPlan) -> bool:
    return (one.fields, one.levels, one.state) == (other.fields, other.levels, other.state)


def _same_work(one: RowPlan, other: RowPlan) -> bool:
    return (one.mitigation, one.controls, one.kept) == (
        other.mitigation,
        other.controls,
        other.kept,
    )


def _texts_on_rows_that_are_no_risk(table: Table) -> list[str]:
    return [
        _("Row %(row)d is no risk: %(why)s.") % {"row": row.number, "why": row.why}
        for row in table.skipped_rows
    ]


__all__ = ["STAGES", "Asked", "Plan", "Refused", "RowPlan", "empty_report", "plan_import"]
