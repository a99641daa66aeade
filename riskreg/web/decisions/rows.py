"""Decisions as pages show them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from riskreg.decisions.models import Argument, Decision, DecisionState, Obligation, Option
from riskreg.decisions.policy.decisions import (
    Stale,
    highest_rating_or_worst_if_unrated,
    is_overdue,
    moved_ratings_by_risk,
)
from riskreg.decisions.queries.decisions import decisions_about, ratings_now_by_risk, stale_because
from riskreg.decisions.queries.gates import gates_in_words
from riskreg.register.access import Viewer
from riskreg.register.queries import parties_for
from riskreg.risks.models import Risk
from riskreg.web.acceptances.rows import CONDITION_TONES
from riskreg.web.presenters import Scale, name_of_person

TONES = {
    DecisionState.DRAFT: "dashed",
    DecisionState.PROPOSED: "warn",
    DecisionState.DECIDED: "warn",
    DecisionState.IN_FORCE: "ok",
    DecisionState.REVISITED: "ok",
    DecisionState.LAPSED: "bad",
}


def decision_row(viewer: Viewer, row: Decision, today: dt.date) -> dict[str, Any]:
    """One decision, read by ``decisions_with_shown_fields_for``, as a list shows it."""
    scale, it = Scale(viewer.criteria), _as_any(row)
    why = stale_because(viewer, row)
    now = ratings_now_by_risk(row)
    worst = highest_rating_or_worst_if_unrated(list(now.values()), scale.matrix) if now else None
    return {
        "row": row,
        "ref": row.ref,
        "title": row.localized("title"),
        "label": row.get_state_display(),
        "tone": TONES.get(DecisionState(row.state), ""),
        "late": is_overdue(row.state, row.due_on, today),
        "stale": bool(why),
        "why": stale_words(viewer, row, why),
        "rating": scale.name(worst) if worst else "",
        "requested_by": name_of_person(row.requested_by),
        "private": row.visibility == "party",
        "deciders": [name_of_person(one.user) for one in it.asked],
        "chosen": next((o.localized("title") for o in it.choices if o.key == row.chosen), ""),
    }


# On the page of a risk; more are in the list of decisions.
MOST_OF_RISK = 10


def newest_decisions_of_risk(viewer: Viewer, risk: Risk) -> list[dict[str, Any]]:
    """The decisions that touch ``risk``, as its page names them."""
    return [
        {
            "ref": row.ref,
            "title": row.localized("title"),
            "label": row.get_state_display(),
            "tone": TONES.get(DecisionState(row.state), ""),
        }
        for row in decisions_about(viewer, risk)[:MOST_OF_RISK]
    ]


def decision_detail(viewer: Viewer, row: Decision, today: dt.date) -> dict[str, Any]:
    """One decision as its own page shows it."""
    scale, it = Scale(viewer.criteria), _as_any(row)
    names = {party.key: party.name for party in parties_for(viewer)}
    voted = {one.party_id: one for one in it.cast if one.round == row.round}
    return decision_row(viewer, row, today) | {
        "context": row.localized("context"),
        "advice": row.localized("advice"),
        "proposed_by": name_of_person(row.proposed_by),
        "ruled_by": name_of_person(row.ruled_by),
        "closed_by": name_of_person(row.closed_by),
        "risks": [
            {
                "ref": risk.ref,
                "title": risk.localized("title"),
                "then": _rating_name_when_proposed(row, risk),
                "now": scale.name(risk.rating_now) if risk.rating_now else _("unrated"),
            }
            for risk in it.touched
        ],
        "asked": [
            {
                "name": name_of_person(one.user),
                "party": one.party.name,
                "answer": _answer_text(voted.get(one.party_id), one.user_id),
            }
            for one in it.asked
        ],
        "options": [option_row(row, one, names) for one in it.choices],
        "gates": gates_in_words(
            [
                {"key": o.key, "title": o.localized("title"), "gate": o.gate, "costs": o.costs}
                for o in it.choices
            ],
            viewer.register.currency,
        ),
        "arguments": [_argument_row(viewer, one) for one in it.argued],
        "votes": [
            {
                "party": one.party.name,
                "name": name_of_person(one.member),
                "answer": _("yes") if one.is_yes else _("no"),
                "tone": "ok" if one.is_yes else "bad",
                "words": one.words,
                "at": one.at,
            }
            for one in it.cast
        ],
        "revisits": [
            {"happened": o.happened, "lessons": o.lessons, "by": name_of_person(o.by), "at": o.at}
            for o in it.looked
        ],
        "conditions": [_condition_row(one, today) for one in it.conditions],
    }


def stale_words(viewer: Viewer, row: Decision, why: Sequence[Stale]) -> list[str]:
    """What it stood on and that moved, each in a sentence."""
    scale, found = Scale(viewer.criteria), []
    if Stale.RATING in why:
        names = {str(risk.uuid): risk.ref for risk in _as_any(row).touched}
        for uuid, (then, now) in moved_ratings_by_risk(row.basis, ratings_now_by_risk(row)).items():
            if uuid in names:
                text = _("%(ref)s stands at %(now)s now; it was put forward at %(then)s.")
                shown = {
                    "ref": names[uuid],
                    "now": _rating_name_or_unrated(scale, now),
                    "then": _rating_name_or_unrated(scale, then),
                }
                found.append(text % shown)
        if not found:
            found.append(_("A risk that it touches is not there any more as it was."))
    if Stale.CRITERIA in why:
        text = _("The criteria ask for more since version %(n)d.")
        found.append(text % {"n": viewer.criteria.number})
    if Stale.CONDITION in why:
        found.append(_("A condition is past its day and not met."))
    return found


def option_row(row: Decision, option: Option, names: Mapping[str, str]) -> dict[str, Any]:
    """An option as a page shows it; ``names`` of parties by key."""
    works: list[Any] = option.works  # type: ignore[attr-defined]
    return {
        "key": option.key,
        "title": option.localized("title"),
        "effects": option.localized("effects"),
        "is_nothing": option.is_nothing,
        "works": [{"ref": work.ref, "title": work.localized("title")} for work in works],
        "costs": [
            {
                **cost,
                "amount": Decimal(cost["amount"]),
                "party": names.get(cost["party"], cost["party"]),
            }
            for cost in option.costs
        ],
        "total": total_cost_of(option.costs),
        "recommended": row.recommended == option.key,
        "chosen": row.chosen == option.key,
    }


def total_cost_of(costs: Sequence[Mapping[str, Any]]) -> Decimal:
    """All costs together, as they are paid."""
    return sum((Decimal(cost["amount"]) for cost in costs), Decimal(0))


def _as_any(row: Decision) -> Any:
    # What ``decisions_with_shown_fields_for`` reads along.
    return row


def _rating_name_or_unrated(scale: Scale, rating: str | None) -> str:
    known = rating in scale.matrix.rating_keys
    return scale.name(rating) if known else _("unrated")


def _rating_name_when_proposed(row: Decision, risk: Any) -> str:
    then = row.basis.get(str(risk.uuid))
    return Scale(row.criteria).name(then) if then and row.criteria else ""


def _answer_text(vote: Any, user: int) -> str:
    if vote is None:
        return ""
    if vote.member_id == user:
        return _("said yes") if vote.is_yes else _("said no")
    return _("somebody else of the party answered")


def _argument_row(viewer: Viewer, row: Argument) -> dict[str, Any]:
    return {
        "id": row.uuid,
        "row": row,
        "option": row.option,
        "stance": row.get_stance_display(),
        "tone": "ok" if row.stance == "for" else "bad",
        "text": row.text,
        "author": name_of_person(row.author),
        "party": row.party.name,
        "own": row.visibility == "party",
        "at": row.at,
    }


def _condition_row(row: Obligation, today: dt.date) -> dict[str, Any]:
    return {
        "row": row,
        "id": row.uuid,
        "text": row.localized("text"),
        "owner": name_of_person(row.owner),
        "before": row.before,
        "state": row.get_state_display(),
        "tone": CONDITION_TONES[row.state],  # type: ignore[index]
        "open": row.state == "open",
        "late": row.state == "open" and row.due_on < today,
        "words": row.words,
        "closed_by": name_of_person(row.closed_by),
    }
