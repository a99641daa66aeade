"""What hangs on a decision, as JSON: for the API, and for files that go out."""

from decimal import Decimal
from typing import Any

from riskreg.decisions.models import Argument, Decision, Obligation, Option
from riskreg.decisions.policy.gates import ALL_IN, GATE, STOP
from riskreg.decisions.queries.decisions import stale_because
from riskreg.decisions.queries.gates import NOTHING, evaluate_stored_gate
from riskreg.register.access import Viewer
from riskreg.register.row_json import day, person, time


def decision_parts_to_json(viewer: Viewer, row: Decision) -> dict[str, Any]:
    """Of a decision, read by ``decisions_with_shown_fields_for``, what is not kept in its own
    row."""
    it = _as_any(row)
    return {
        "stale": [each.value for each in stale_because(viewer, row)],
        "translations": row.translations or {},
        "risks": [risk.ref for risk in it.touched],
        "deciders": [{"person": person(one.user), "party": one.party.key} for one in it.asked],
        "options": [_option_to_json(one) for one in it.choices],
        "replaces": row.replaces.ref if row.replaces else None,
        "criteria_number": row.criteria.number if row.criteria else None,
        "conditions": [condition_to_json(one) | {"before": one.before} for one in it.conditions],
        "votes": [
            {
                "party": one.party.key,
                "member": person(one.member),
                "answer": "yes" if one.is_yes else "no",
                "words": one.words,
                "round": one.round,
                "at": time(one.at),
            }
            for one in it.cast
        ],
        "revisits": [
            {
                "happened": one.happened,
                "lessons": one.lessons,
                "by": person(one.by),
                "at": time(one.at),
            }
            for one in it.looked
        ],
    }


def argument_to_json(row: Argument) -> dict[str, Any]:
    """An argument as JSON."""
    return {
        "id": str(row.uuid),
        "option": row.option,
        "stance": row.stance,
        "text": row.text,
        "author": person(row.author),
        "party": row.party.key,
        "visibility": row.visibility,
        "at": time(row.at),
    }


def _as_any(row: Decision) -> Any:
    # What ``decisions_with_shown_fields_for`` reads along.
    return row


def _option_to_json(row: Option) -> dict[str, Any]:
    return {
        "key": row.key,
        "is_nothing": row.is_nothing,
        "title": row.localized("title"),
        "effects": row.localized("effects"),
        "mitigations": [work.ref for work in row.works],  # type: ignore[attr-defined]
        "costs": row.costs,
        "total": f"{sum((Decimal(cost['amount']) for cost in row.costs), Decimal(0)):.2f}",
        "gate": row.gate,
        "gate_worth": _gate_worth_to_json(row),
        "translations": row.translations or {},
    }


def _gate_worth_to_json(row: Option) -> dict[str, Any] | None:
    if row.gate is None:
        return None
    _it, found = evaluate_stored_gate({"gate": row.gate, "costs": row.costs})
    keys = {STOP: NOTHING, ALL_IN: row.gate["decides"], GATE: row.key}
    return {
        "best": keys[found.best],
        "options": [
            {"key": keys[way], "value": each.value, "chance_of_loss": each.lost,
             "regret": each.regret}
            for way, each in found.ways.items()
        ],
        "says_go": found.says_go,
        "after_go": found.after_go,
        "after_no_go": found.after_no_go,
        "perfect_information": found.perfect,
        "information": found.sample,
        "flips": [
            {"at": flip.at, "before": keys[flip.before], "after": keys[flip.after]}
            for flip in found.flips
        ],
    }  # fmt: skip


def condition_to_json(row: Obligation) -> dict[str, Any]:
    """A condition of a decision or an acceptance, and what became of it."""
    return {
        "id": str(row.uuid),
        "text": row.localized("text"),
        "owner": person(row.owner),
        "due_on": day(row.due_on),
        "state": row.state,
        "words": row.words,
        "closed_by": person(row.closed_by),
        "closed_at": time(row.closed_at),
    }
