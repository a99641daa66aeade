"""Of a dry run: the rows that a service would refuse for their own values."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from riskreg.exchange.mapping import Plan, RowPlan
from riskreg.exchange.services.committing import refusal_of, visibility_of
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.fields import Type
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.cleaning import clean_value
from riskreg.register.common_fields import EXTERNAL_ID
from riskreg.register.permissions import require
from riskreg.risks.fields import RISK
from riskreg.risks.models import Risk
from riskreg.risks.services.cleaning import check_people, clean_fields

# How many different texts of a field are kept as fine: one that has more seldom has one twice.
_KEPT = 500


def check_rows(actor: Viewer, plan: Plan) -> Plan:
    """``plan`` with the rows refused that a service would refuse for their own values."""
    require(actor, "import.make")
    assert actor.party is not None  # noqa: S101 - who may import acts for a party
    refused = list(plan.refused)
    new = [row for row in plan.rows if row.outcome == "new"]
    checked = _LookedUp(actor, new)
    for row in new:
        visibility = visibility_of(plan, row)
        if checked.is_fine(row.fields, visibility):
            continue
        errors = Errors()
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
    # Texts are right or wrong by themselves; what is to be chosen is so only beside the kind.
    texts = {field.name: field for field in RISK if field.type in (Type.LINE, Type.TEXT)}
    choices = ("kind", "response")

    def __init__(self, actor: Viewer, rows: Sequence[RowPlan]) -> None:
        self.actor = actor
        self.known: dict[tuple[str, str, str], tuple[Any, Errors]] = {}
        self.taken: set[str | None] = set()
        if any("external_id" in row.fields for row in rows):
            # All of the party's: as many names would cost more to ask for one by one.
            ours = Risk.objects.visible_to(actor).filter(party=actor.party)
            named = ours.exclude(external_id=None)
            self.taken.update(named.values_list("external_id", flat=True))
        self._fine: dict[str, set[str]] = defaultdict(set)
        self._fine_choices: set[tuple[tuple[str, Any], ...]] = set()

    def is_fine(self, given: Mapping[str, Any], visibility: str) -> bool:
        """Whether nothing is wrong with ``given`` for sure; what is not sure is for the service to
        say. Each different value is cleaned once."""
        errors = Errors()
        for name, value in given.items():
            if name == "external_id":
                if not self._is_free(value):
                    return False
            elif name in self.texts:
                fine = self._fine[name]
                if value not in fine:
                    clean_value(errors, self.texts[name], value)
                    if not errors.fields and len(fine) < _KEPT:
                        fine.add(value)
            elif name in self.names:
                self.look_up(errors, {name: value}, visibility)
            elif name not in self.choices:
                return False
        if "deputy" in given:
            named = {name: given[name] for name in ("owner", "deputy") if name in given}
            people = self.look_up(errors, named, visibility)
            check_people(errors, people.get("owner") or self.actor.user, people["deputy"])
        chosen = {name: given[name] for name in self.choices if name in given}
        key = tuple(chosen.items())
        if chosen and key not in self._fine_choices:
            assert self.actor.party is not None  # noqa: S101 - who may import acts for a party
            clean_fields(errors, self.actor, chosen, party=self.actor.party, visibility=visibility)
            if not errors.fields:
                self._fine_choices.add(key)
        return not errors.fields

    def _is_free(self, external_id: Any) -> bool:
        """Whether an external id can be kept as it stands, and names nothing yet."""
        text = clean_text(
            Errors(), "external_id", external_id, limit=EXTERNAL_ID.limit, one_line=True
        )
        return bool(text) and text == external_id and text not in self.taken

    def look_up(self, errors: Errors, given: Mapping[str, Any], visibility: str) -> dict[str, Any]:
        """What ``given`` names, as rows; what is wrong with it is noted as its service says it."""
        assert self.actor.party is not None  # noqa: S101 - who may import acts for a party
        clean: dict[str, Any] = {}
        for name in self.names:
            if name not in given:
                continue
            value = given[name]
            key = (name, value if isinstance(value, str) else repr(value), visibility)
            if key not in self.known:
                own = Errors()
                found = clean_fields(
                    own, self.actor, {name: given[name]}, party=self.actor.party,
                    visibility=visibility,
                )  # fmt: skip
                self.known[key] = (found.get(name), own)
            clean[name], own = self.known[key]
            if own.fields:
                errors.merge(Invalid(own.fields))
        return clean

    def rest_of(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """``given`` without what was looked up."""
        rest = {name: value for name, value in given.items() if name not in self.names}
        # What cannot be kept as it stands is checked by the service, in its words.
        if self._is_free(rest.get("external_id")):
            del rest["external_id"]
        return rest
