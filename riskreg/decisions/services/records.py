"""The frozen record of a decision: everything that was known when it was taken."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from riskreg.decisions.models import Argument, Decision, Obligation, Vote
from riskreg.decisions.services.conditions import condition_for_log
from riskreg.decisions.services.drafts import deciders_for_log, option_for_log
from riskreg.events.policy import canonical_json
from riskreg.register.changes import time_text
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Risk

FORMAT = 1


def record_as_canonical_json(
    row: Decision,
    conditions: Sequence[Obligation],
    weighing: Mapping[str, Any] | None,
    at: dt.datetime,
) -> str:
    """A decision, read by ``decision_for``, as canonical JSON: one spelling, so that its hash is of
    what it says. Of what parties said it has what everybody may read who sees the decision;
    ``weighing``: what its options came to (``queries.weighing.weighing_for_record``), if asked.
    """
    touched: list[Risk] = row.touched  # type: ignore[attr-defined]
    names = {str(risk.uuid): risk for risk in touched}
    options = row.options.order_by("key").prefetch_related("mitigations")
    votes = Vote.objects.filter(decision=row, round=row.round).select_related("member", "party")
    arguments = Argument.objects.filter(decision=row).select_related("author", "party")
    if row.visibility == Visibility.SHARED:
        arguments = arguments.filter(visibility=Visibility.SHARED)
    people = row.deciders.select_related("user", "party")
    assert row.criteria is not None  # noqa: S101 - it was put forward
    content: dict[str, Any] = {
        "format": FORMAT,
        "ref": row.ref,
        "question": row.title,
        "context": row.context,
        "translations": row.translations or {},
        "asked_by": _person(row.requested_by),
        "proposed_by": _person(row.proposed_by),
        "due_on": row.due_on.isoformat(),
        "risks": [
            {
                "id": uuid,
                "ref": names[uuid].ref,
                "title": names[uuid].title,
                "rating": rating,
            }
            for uuid, rating in sorted(row.basis.items())
            if uuid in names
        ],
        "criteria": row.criteria.number,
        "deciders": deciders_for_log([(one.user, one.party) for one in people]),
        "options": [option_for_log(option) for option in options],
        "arguments": [
            {
                "option": one.option,
                "stance": one.stance,
                "text": one.text,
                "party": one.party.key,
                "by": _person(one.author),
                "at": time_text(one.at),
            }
            for one in arguments.order_by("at", "pk")
        ],
        "recommended": row.recommended,
        "strength": row.strength,
        "certainty": row.certainty,
        "advice": row.advice,
        "chosen": row.chosen,
        "rationale": row.rationale,
        "despite": row.despite,
        "chosen_by": _person(row.ruled_by),
        "votes": [
            {
                "party": one.party.key,
                "by": _person(one.member),
                "answer": "yes" if one.is_yes else "no",
                "words": one.words,
                "at": time_text(one.at),
            }
            for one in votes.order_by("at", "pk")
        ],
        "conditions": [
            {name: value for name, value in condition_for_log(one).items() if name != "state"}
            for one in conditions
        ],
        "review_on": row.review_on.isoformat() if row.review_on else None,
        "replaces": row.replaces.ref if row.replaces else None,
        "decided_at": time_text(at),
    }
    if weighing is not None:
        content["weighing"] = {**weighing, "at": time_text(weighing["at"])}
    return canonical_json(content)


def _person(user: Any) -> dict[str, str] | None:
    return {"id": str(user.uuid), "name": user.name} if user else None
