"""The work and the controls that stand in the row of a risk."""

from collections.abc import Sequence
from typing import Any

from riskreg.exchange.mapping.cells import CellReader
from riskreg.exchange.mapping.levels import fold_value
from riskreg.exchange.mapping.outcome import RowPlan
from riskreg.exchange.mapping.values import as_progress, as_text, is_nothing, parse_amount
from riskreg.exchange.mapping.words import WORK
from riskreg.exchange.reading import Value, as_read_in_sheet
from riskreg.exchange.reading.table import CellsByTarget, SeparateMitigation
from riskreg.kernel.text import TITLE_MAX

_CONTROL_MAX = 300
_PREFIX = "mitigation."
# What measures name as their risk, and no row has as its id.
UnknownRiskIds = list[str]


def read_work(reader: CellReader, plan: RowPlan, given: CellsByTarget) -> None:
    """The measure in a row: planned work if it says by when, otherwise text that is kept.

    No day is made up: work without one would be due for nobody.
    """
    parts = {name: given[name] for name in given if name.startswith(_PREFIX)}
    due_on = reader.read_day(plan, given, "mitigation.due_on")
    text = _mitigation_text_or_empty(parts, "title")
    description = _mitigation_text_or_empty(parts, "description")
    status = reader.read_word(plan, given, "mitigation.status", WORK)
    if (not text and not description) or is_nothing(text or description):
        if due_on is not None:
            plan.kept.append((given["mitigation.due_on"][0], due_on.isoformat()))
        return
    if due_on is None or (plan.state == "closed" and status is None):
        plan.kept += [(header, as_text(value)) for header, value in parts.values()]
        plan.undated = due_on is None
        reader.undated += plan.undated
        return
    title = " ".join((text or description).split())
    if len(title) > TITLE_MAX:
        description = description if description and text != description else (text or description)
        if text and text not in description:
            description = f"{text}\n{description}".strip()
        title = title[: TITLE_MAX - 1].rstrip() + "…"
    work: dict[str, Any] = {"title": title, "due_on": due_on.isoformat()}
    if description and description != title:
        work["description"] = description[:20_000]
    effect = _mitigation_text_or_empty(parts, "expected_effect")
    if effect:
        work["expected_effect"] = effect[:20_000]
    if status:
        work["status"] = status
    _read_numbers_into(reader, plan, parts, work)
    _read_owner_into(reader, plan, parts, work)
    plan.mitigation = work


def add_separate_mitigations_to_rows(
    reader: CellReader, mitigations: Sequence[SeparateMitigation], rows: Sequence[RowPlan]
) -> UnknownRiskIds:
    """Give each mitigation that stands apart to the row of its risk."""
    if not mitigations:
        return []
    by_number = {row.number: row for row in rows}
    by_id: dict[str, RowPlan] = {}
    for row in rows:
        by_id.setdefault(fold_value(str(row.fields.get("external_id", ""))), row)
    strange: dict[str, None] = {}
    for mitigation in mitigations:
        found = by_number.get(mitigation.row or 0) or (
            by_id.get(fold_value(mitigation.of)) if mitigation.of else None
        )
        if found is None:
            strange[mitigation.of] = None
        elif found.outcome != "refused":
            alone = RowPlan(found.number, state=found.state, fields=dict(found.fields))
            read_work(reader, alone, mitigation.given)
            if alone.outcome == "refused":
                found.outcome = "refused"
            elif alone.mitigation is None:
                found.kept += alone.kept
            elif found.mitigation is None:
                found.mitigation = alone.mitigation
            else:
                found.more.append(alone.mitigation)
    return list(strange)


def read_controls(plan: RowPlan, given: CellsByTarget) -> None:
    """What is in place against the risk, in one control; how it works is said by the column."""
    for name, kind in (("control", "preventive"), ("control.corrective", "corrective")):
        if name not in given:
            continue
        header, value = given[name]
        text = " ".join(as_text(value).split())
        if is_nothing(text):
            continue
        if len(text) > _CONTROL_MAX:
            plan.kept.append((header, text))
            text = text[: _CONTROL_MAX - 1].rstrip() + "…"
        plan.controls.append((text, kind))


def _mitigation_text_or_empty(parts: CellsByTarget, name: str) -> str:
    found = parts.get(_PREFIX + name)
    return as_text(found[1]) if found else ""


def _read_numbers_into(
    reader: CellReader,
    plan: RowPlan,
    parts: CellsByTarget,
    work: dict[str, Any],
) -> None:
    if _PREFIX + "progress" in parts:
        header, value = parts[_PREFIX + "progress"]
        progress = as_progress(as_read_in_sheet(value))
        if progress is not None:
            work["progress"] = 100 if work.get("status") == "done" else progress
        elif not is_nothing(as_read_in_sheet(value)):
            plan.kept.append((header, as_text(value)))
    if work.get("status") == "done":
        work["progress"] = 100
    if _PREFIX + "cost" in parts:
        header, value = parts[_PREFIX + "cost"]
        cost = parse_amount_in_currency(header, value, reader.context.currency)
        if cost is not None:
            work["cost"] = cost
        elif not is_nothing(as_read_in_sheet(value)):
            plan.kept.append((header, as_text(value)))


def parse_amount_in_currency(header: str, value: Value, currency: str) -> str | None:
    """The amount in a cell, with two decimals; None for none, for one below 0, and for one in
    another currency, which is not converted: nobody said at which rate."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    found = parse_amount(
        f"{value:.2f}" if number else f"{as_read_in_sheet(value)} {_unit_in_header(header)}"
    )
    if found and found.number >= 0 and found.currency in ("", currency):
        return f"{found.number:.2f}"
    return None


def _unit_in_header(header: str) -> str:
    """What a header says of its amounts: ``Cost (k€)``."""
    start = header.find("(")
    return header[start + 1 :].rstrip(")") if start >= 0 else ""


def _read_owner_into(
    reader: CellReader,
    plan: RowPlan,
    parts: CellsByTarget,
    work: dict[str, Any],
) -> None:
    if _PREFIX + "owner" not in parts:
        if "owner" in plan.fields:
            work["owner"] = plan.fields["owner"]
        return
    header, value = parts[_PREFIX + "owner"]
    text = " ".join(as_text(value).split())
    person = None if is_nothing(text) else reader.find_person(text)
    if person is not None:
        work["owner"] = person.id
    elif not is_nothing(text):
        plan.kept.append((header, text))
