"""Of a dry run: the rows that a service would refuse for their own values."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from riskreg.exchange.mapping import Plan, RowPlan
from riskreg.exchange.services.committing import mark_row_refused, visibility_of
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.fields import Type
from riskreg.register.access import Viewer
from riskreg.register.cleaning import clean_value
from riskreg.register.permissions import require
from riskreg.risks.fields import RISK
from riskreg.risks.services.cleaning import check_deputy_is_not_owner, clean_fields
from riskreg.risks.services.lookups import Lookups

# How many different texts of a field are kept as fine: one that has more seldom has one twice.
_KEPT = 500


def refuse_rows_services_would_refuse(actor: Viewer, plan: Plan) -> Plan:
    """``plan`` with the rows refused that a service would refuse for their own values."""
    require(actor, "import.make")
    assert actor.party is not None  # noqa: S101 - who may import acts for a party
    refused = list(plan.refused)
    new = [row for row in plan.rows if row.outcome == "new"]
    checked = _SurelyValidRows(actor, new)
    for row in new:
        visibility = visibility_of(plan, row)
        if checked.is_surely_valid(row.fields, visibility):
            continue
        errors = Errors()
        found = checked.lookups.clean(
            errors, actor, row.fields, party=actor.party, visibility=visibility
        )
        check_deputy_is_not_owner(errors, found.get("owner") or actor.user, found.get("deputy"))
        try:
            errors.raise_if_any()
        except Invalid as invalid:
            refused.append(mark_row_refused(plan, row, invalid))
    return Plan(
        plan.table, plan.columns, plan.scaling, plan.rows, plan.asked, refused, plan.visibility,
        plan.notes,
    )  # fmt: skip


class _SurelyValidRows:
    """Values of rows that are fine for sure, each of them cleaned once."""

    # Texts are right or wrong by themselves; what is to be chosen is so only beside the kind.
    texts = {field.name: field for field in RISK if field.type in (Type.LINE, Type.TEXT)}
    choices = ("kind", "response")

    def __init__(self, actor: Viewer, rows: Sequence[RowPlan]) -> None:
        self.actor = actor
        ids = (row.fields.get("external_id") for row in rows)
        self.lookups = Lookups(actor, {str(one) for one in ids if one})
        self._fine: dict[str, set[str]] = defaultdict(set)
        self._fine_choices: set[tuple[tuple[str, Any], ...]] = set()

    def is_surely_valid(self, given: Mapping[str, Any], visibility: str) -> bool:
        """Whether nothing is wrong with ``given`` for sure; what is not sure is for the service to
        say."""
        errors = Errors()
        for name, value in given.items():
            if name == "external_id":
                if not self.lookups.is_valid_and_untaken_external_id(value):
                    return False
            elif name in self.texts:
                fine = self._fine[name]
                if value not in fine:
                    clean_value(errors, self.texts[name], value)
                    if not errors.fields and len(fine) < _KEPT:
                        fine.add(value)
            elif name in self.lookups.names:
                self.lookups.look_up(errors, {name: value}, visibility)
            elif name not in self.choices:
                return False
        if "deputy" in given:
            named = {name: given[name] for name in ("owner", "deputy") if name in given}
            people = self.lookups.look_up(errors, named, visibility)
            check_deputy_is_not_owner(
                errors, people.get("owner") or self.actor.user, people["deputy"]
            )
        chosen = {name: given[name] for name in self.choices if name in given}
        key = tuple(chosen.items())
        if chosen and key not in self._fine_choices:
            assert self.actor.party is not None  # noqa: S101 - who may import acts for a party
            clean_fields(errors, self.actor, chosen, party=self.actor.party, visibility=visibility)
            if not errors.fields:
                self._fine_choices.add(key)
        return not errors.fields
