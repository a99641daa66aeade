"""The columns of a register that goes out: what an import knows again, in either language.

``name`` is what an import calls it (``exchange.mapping.columns``); ``label`` stands above it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from riskreg.kernel.localised import localised
from riskreg.register.access import Viewer
from riskreg.register.labels import Label
from riskreg.register.queries import taxonomies_for
from riskreg.register.visibility import Visibility
from riskreg.risks.fields import RISK
from riskreg.risks.models import Kind, Response, Stage, State

# Of the table of a risk, in the order in which people read it.
_FIELDS = (
    "title", "event", "cause", "consequence", "kind", "state", "response", "owner", "deputy",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """``kind``: text, number, day or choice; ``choices``: what may stand in it; ``width`` in
    characters; ``fill``: whether somebody who makes a register fills it in."""

    name: str
    label: str
    help: str = ""
    kind: str = "text"
    choices: Sequence[str] = ()
    width: int = 18
    fill: bool = True


def export_columns_for(viewer: Viewer) -> list[Column]:
    """Every column that a register has for ``viewer``, with labels in the reader's language."""
    criteria = viewer.criteria
    levels = {axis: len(getattr(criteria, axis)) for axis in ("likelihood", "impact")}
    words = {"kind": Kind.values, "state": State.values, "response": Response.values}
    columns = [
        Column("ref", _("Ref in riskreg"), width=10, fill=False),
        Column(
            "external_id",
            _risk_field_label("external_id"),
            _risk_field_help("external_id"),
            width=14,
        ),
    ]
    for name in _FIELDS:
        choices = words.get(name, ())
        width = 14 if choices else 40 if name != "owner" else 24
        kind = "choice" if choices else "text"
        columns.append(
            Column(name, _risk_field_label(name), _risk_field_help(name), kind, choices, width)
        )
    for taxonomy in taxonomies_for(viewer):
        label = localised(taxonomy.names, taxonomy.key)
        columns.append(Column(f"terms.{taxonomy.key}", label, width=20))
    columns.append(Column("objectives", _risk_field_label("objectives"), width=20))
    for stage in Stage:
        axes = {"likelihood": _("likelihood"), "impact": _("impact")}
        for axis, word in axes.items():
            # With the scale: a few numbers do not show where theirs ends.
            called = {"name": capfirst(f"{stage.label} {word}"), "n": levels[axis]}
            columns.append(
                Column(
                    f"{stage.value}.{axis}",
                    _("%(name)s (1–%(n)d)") % called,
                    _("1 to %(n)d") % {"n": levels[axis]},
                    "number",
                    [str(n) for n in range(1, levels[axis] + 1)],
                    width=12,
                )
            )
        for part, word in (("score", _("score")), ("rating", _("rating"))):
            label = capfirst(f"{stage.label} {word}")
            columns.append(Column(f"{stage.value}.{part}", label, width=12, fill=False))
    kinds = [localised(item["names"], item["key"]) for item in criteria.dimensions]
    if kinds:
        columns.append(
            Column("dimension", _("Residual impact driven by"), "", "choice", kinds, width=18)
        )
    columns += [
        Column("identified_on", _("Found on"), _("As 2027-03-31."), "day", width=14),
        Column("next_review_on", _("Next review"), kind="day", width=14, fill=False),
        Column("last_reviewed_on", _("Last review"), kind="day", width=14, fill=False),
        Column("closed_on", _("Closed on"), kind="day", width=14),
        Column("closing_reason", _("Closed because"), width=40),
        Column("happened_on", _risk_field_label("happened_on"), _risk_field_help("happened_on"),
               "day", width=14),
        Column("happened_cost", _risk_field_label("happened_cost"), viewer.register.currency,
               "number", width=14),
        Column("happened_cost_label", _("Where the cost is known from"), "", "choice",
               Label.values, 14),
        Column("visibility", _("Who sees it"), "", "choice", Visibility.values, 12),
        Column("mitigation.title", _("Measure"), _("Needs a due date."), width=40),
        Column("mitigation.due_on", _("Measure due on"), _("As 2027-03-31."), "day", width=14),
        Column("mitigation.owner", _("Measure owner"), width=24),
        Column("mitigation.status", _("Measure status"), "", "choice",
               ("planned", "in_progress", "done", "cancelled"), 14),
        Column("mitigation.progress", _("Measure progress in %"), "", "number", width=12),
        Column("mitigation.cost", _("Measure cost"), viewer.register.currency, "number", width=14),
    ]  # fmt: skip
    return columns


def _risk_field_label(name: str) -> str:
    if name == "kind":
        # In some languages the bare word stands for the category as well.
        return _("Kind of risk")
    field = RISK[name]
    return capfirst(str(field.label or field.history))


def _risk_field_help(name: str) -> str:
    return str(RISK[name].help)
