"""How a risk of a row ended: why it was closed, and what happened, when and at which cost."""

from riskreg.exchange.mapping.cells import CellReader
from riskreg.exchange.mapping.levels import fold_value
from riskreg.exchange.mapping.outcome import RowPlan
from riskreg.exchange.mapping.values import as_text, is_nothing
from riskreg.exchange.mapping.work import parse_amount_in_currency
from riskreg.exchange.reading import as_read_in_sheet
from riskreg.exchange.reading.table import CellsByTarget
from riskreg.register.labels import Label

REASON_MAX = 4000
NAMES = ("closing_reason", "happened_on", "happened_cost", "happened_cost_label")


def read_ending(reader: CellReader, plan: RowPlan, given: CellsByTarget) -> None:
    """What the row says of its end. What cannot be meant so is kept as it was said: the end of a
    risk that is not closed, a day to come, a cost without the day or in another currency."""
    cells = {name: given[name] for name in NAMES if name in given}
    filled = {name: cell for name, cell in cells.items() if not is_nothing(as_text(cell[1]))}
    if plan.state != "closed":
        plan.kept += [(header, as_text(value)) for header, value in filled.values()]
        return
    if "closing_reason" in filled:
        header, value = filled["closing_reason"]
        plan.closing_reason = as_text(value)[:REASON_MAX]
        if len(as_text(value)) > REASON_MAX:
            plan.kept.append((header, as_text(value)))
    day = reader.read_day(plan, given, "happened_on")
    if day is None or day > reader.context.today:
        rest = [cell for name, cell in filled.items() if name != "closing_reason"]
        plan.kept += [(header, as_text(value)) for header, value in rest]
        return
    plan.ending = {"closed_as": "happened", "happened_on": day.isoformat()}
    if "happened_cost" in filled:
        header, value = filled["happened_cost"]
        cost = parse_amount_in_currency(header, value, reader.context.currency)
        if cost is None:
            plan.kept.append((header, as_text(value)))
            return
        label = (
            fold_value(as_read_in_sheet(filled["happened_cost_label"][1]))
            if "happened_cost_label" in filled
            else ""
        )
        plan.ending["happened_cost"] = cost
        # Who brings in an amount without a word about it answers for it.
        plan.ending["happened_cost_label"] = label if label in Label.values else "judgement"
