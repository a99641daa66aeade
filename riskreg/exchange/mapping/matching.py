"""Whether a row is a risk that is there already: by its id, by its name, or by likeness (asked)."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rapidfuzz import fuzz, process

from riskreg.exchange.mapping.answers import Answers
from riskreg.exchange.mapping.context import Context, Existing
from riskreg.exchange.mapping.levels import fold_value
from riskreg.exchange.mapping.outcome import Asked, RowPlan
from riskreg.risks.policy import state_after_or_none

ALIKE = 90
# Comparing every row with every risk beyond this would take longer than it helps.
MOST_COMPARED = 4_000_000
_MOVES = {"draft": {"open": "open", "closed": "close"}, "open": {"closed": "close"},
          "closed": {"open": "reopen"}}  # fmt: skip


class Matcher:
    """Finds what is there for each row, and what the row would change of it."""

    def __init__(
        self, context: Context, answers: Answers, visibility: str, asked: list[Asked]
    ) -> None:
        self.context, self.answers, self.asked = context, answers, asked
        self.visibility = visibility
        self._by_ref = {row.ref: row for row in context.existing}
        self._by_id = {
            fold_value(str(row.values["external_id"])): row
            for row in context.existing
            if row.values.get("external_id")
        }
        self._by_title: dict[str, list[Existing]] = {}
        for row in context.existing:
            self._by_title.setdefault(fold_value(str(row.values["title"])), []).append(row)
        self._taken: dict[str, int] = {}
        self._compared = 0

    def match(self, plan: RowPlan) -> None:
        """Set the outcome of ``plan``: new, updated (with its changes) or skipped."""
        found = self._find_existing_or_ask(plan)
        if found is None:
            return
        plan.ref = found.ref
        if found.ref in self._taken:
            plan.outcome = "refused"
            plan.why = _("Row %(row)d is %(ref)s already.") % {
                "row": self._taken[found.ref],
                "ref": found.ref,
            }
            return
        self._taken[found.ref] = plan.number
        if not found.editable:
            plan.outcome = "refused"
            plan.why = _("%(ref)s is there, and you may not change it.") % {"ref": found.ref}
            return
        plan.changes = changes_of(plan, found)
        plan.outcome = "updated" if plan.changes else "skipped"
        if not plan.changes:
            plan.why = _("%(ref)s says the same.") % {"ref": found.ref}

    def _find_existing_or_ask(self, plan: RowPlan) -> Existing | None:
        if not self._by_ref:
            return None
        row = str(plan.number)
        if row in self.answers.matches:
            ref = self.answers.matches[row]
            return self._by_ref.get(ref) if ref else None
        title = fold_value(str(plan.fields["title"]))
        named = self._by_id.get(fold_value(str(plan.fields.get("external_id", ""))))
        if named is not None:
            return named
        by_ref = self._by_ref.get(str(plan.fields.get("external_id", "")))
        if by_ref is not None and _says_much_the_same(plan, by_ref):
            # Our own ref comes back as an id from where no other column holds it.
            del plan.fields["external_id"]
            return by_ref
        own = self._by_ref.get(plan.theirs.get("ref", ""))
        if own is not None:
            if fuzz.token_sort_ratio(title, fold_value(str(own.values["title"]))) >= 60:
                return own
            self._ask(plan, own)
            return None
        same = [
            other
            for other in self._by_title.get(title, [])
            if not (other.values.get("external_id") and plan.fields.get("external_id"))
        ]
        if len(same) == 1:
            return same[0]
        if same:
            self._ask(plan, same[0])
            return None
        self._ask_if_alike(plan, title)
        return None

    def _ask_if_alike(self, plan: RowPlan, title: str) -> None:
        self._compared += len(self._by_title)
        if not self._by_title or self._compared > MOST_COMPARED or len(title) < 8:
            return
        found = process.extractOne(
            title, self._by_title.keys(), scorer=fuzz.token_sort_ratio, score_cutoff=ALIKE
        )
        if found is None:
            return
        others = [
            other
            for other in self._by_title[found[0]]
            if not (other.values.get("external_id") and plan.fields.get("external_id"))
        ]
        if others:
            self._ask(plan, others[0])

    def _ask(self, plan: RowPlan, other: Existing) -> None:
        self.asked.append(
            Asked(
                plan.number,
                "",
                _("“%(title)s” is much like %(ref)s, “%(other)s”. The same?")
                % {
                    "title": plan.fields["title"][:80],
                    "ref": other.ref,
                    "other": str(other.values["title"])[:80],
                },
                "match",
                other.ref,
            )
        )


def _says_much_the_same(plan: RowPlan, other: Existing) -> bool:
    """Whether a row says much the same as a risk that is there."""
    return any(
        fuzz.token_sort_ratio(fold_value(str(plan.fields.get(name, ""))),
                              fold_value(str(other.values.get(name, "")))) >= ALIKE
        for name in ("title", "event")
    )  # fmt: skip


def changes_of(plan: RowPlan, there: Existing) -> dict[str, list[Any]]:
    """{what: [before, after]} of everything that the row says otherwise; what it leaves empty, or
    does not have a column for, is no difference."""
    changes: dict[str, list[Any]] = {}
    for name, value in plan.fields.items():
        if plan.theirs.get(name) == "derived":
            continue
        before = there.values.get(name)
        if _comparable(before) != _comparable(value):
            changes[name] = [before, value]
    for stage, cell in plan.levels.items():
        if there.levels.get(stage) != cell:
            changes[stage] = [_cell_text_or_none(there.levels.get(stage)), _cell_text_or_none(cell)]
    if plan.theirs.get("state") != "derived":
        before = str(there.values["state"])
        action = _MOVES.get(before, {}).get(plan.state)
        if action and state_after_or_none(before, action):
            changes["state"] = [before, plan.state]
    if plan.mitigation is not None:
        _add_changes_of_mitigation(plan.mitigation, there.mitigations, changes)
    for work in plan.more:
        if fold_value(str(work["title"])) not in there.mitigations:
            changes.setdefault("mitigations", [None, []])[1].append(work["title"])
    for name, _kind in plan.controls:
        if fold_value(name) not in there.controls:
            changes.setdefault("controls", [None, []])[1].append(name)
    return changes


def _add_changes_of_mitigation(
    work: Mapping[str, Any],
    there: Mapping[str, Mapping[str, Any]],
    changes: dict[str, list[Any]],
) -> None:
    same = there.get(fold_value(str(work["title"])))
    if same is None:
        changes["mitigation"] = [None, work["title"]]
        return
    for name, value in work.items():
        if _comparable(same.get(name)) != _comparable(value):
            changes[f"mitigation.{name}"] = [same.get(name), value]


def _comparable(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(value.split())
    return value if value not in (None, []) else ""


def _cell_text_or_none(cell: tuple[int, int] | None) -> str | None:
    return f"{cell[0]}x{cell[1]}" if cell else None
