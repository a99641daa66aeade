"""Of a dry run: the rows that a service would refuse for their own values."""

from collections.abc import Mapping, Sequence
from typing import Any

from riskreg.exchange.mapping import Plan, RowPlan
from riskreg.exchange.services.committing import refusal_of, visibility_of
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.text import clean_text, storable
from riskreg.register.access import Viewer
from riskreg.register.common_fields import EXTERNAL_ID
from riskreg.register.permissions import require
from riskreg.risks.models import Risk
from riskreg.risks.services.cleaning import check_people, clean_fields

_AT_ONCE = 500


def check_rows(actor: Viewer, plan: Plan) -> Plan:
    """``plan`` with the rows refused that a service would refuse for their own values."""
    require(actor, "import.make")
    assert actor.party is not None  # noqa: S101 - who may import acts for a party
    refused = list(plan.refused)
    new = [row for row in plan.rows if row.outcome == "new"]
    checked = _LookedUp(actor, new)
    for row in new:
        errors = Errors()
        visibility = visibility_of(plan, row)
        people = checked.look_up(errors, row.fields, visibility)
        clean_fields(
            errors, actor, checked.rest_of(row.fields), party=actor.party, visibility=visibility
        )
        check_people(errors, people.get("owner") or actor.user, people.get("deputy"))
        try:
            errors.raise_if_any()
        except Invalid as invalid:
            refused.append(refusal_of(plan, row, invalid))
    return Plan(
        plan.table, plan.columns, plan.scaling, plan.rows, plan.asked, refused, plan.visibility,
        plan.notes,
    )  # fmt: skip


class _LookedUp:
    """What rows name of the register, checked once for each value and not in each row: a file of
    ten thousand rows names a few people and terms over and over. External ids that are free are
    known from one look at all of them."""

    names = ("owner", "deputy", "terms", "objectives")

    def __init__(self, actor: Viewer, rows: Sequence[RowPlan]) -> None:
        self.actor = actor
        self.known: dict[tuple[str, str, str], tuple[Any, Errors]] = {}
        ids = [str(row.fields["external_id"]) for row in rows if row.fields.get("external_id")]
        ours = Risk.objects.visible_to(actor).filter(party=actor.party)
        self.taken: set[str | None] = set()
        for n in range(0, len(ids), _AT_ONCE):
            found = ours.filter(external_id__in=[i for i in ids[n : n + _AT_ONCE] if storable(i)])
            self.taken.update(found.values_list("external_id", flat=True))

    def look_up(self, errors: Errors, given: Mapping[str, Any], visibility: str) -> dict[str, Any]:
        """What ``given`` names, as rows; what is wrong with it is noted as its service says it."""
        assert self.actor.party is not None  # noqa: S101 - who may import acts for a party
        clean: dict[str, Any] = {}
        for name in self.names:
            if name not in given:
                continue
            key = (name, repr(given[name]), visibility)
            if key not in self.known:
                own = Errors()
                found = clean_fields(
                    own, self.actor, {name: given[name]}, party=self.actor.party,
                    visibility=visibility,
                )  # fmt: skip
                self.known[key] = (found.get(name), own)
            clean[name], own = self.known[key]
            errors.merge(Invalid(own.fields))
        return clean

    def rest_of(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """``given`` without what was looked up."""
        rest = {name: value for name, value in given.items() if name not in self.names}
        text = clean_text(
            Errors(), "external_id", rest.get("external_id"), limit=EXTERNAL_ID.limit, one_line=True
        )
        # What cannot be kept as it stands is checked by the service, in its words.
        if text and text == rest["external_id"] and text not in self.taken:
            del rest["external_id"]
        return rest
