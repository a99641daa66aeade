"""Acceptances as pages show them."""

import datetime as dt
from typing import Any, NamedTuple

from django.db.models import Case, When
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from riskreg.decisions.models import Acceptance, AcceptanceState, ObligationState
from riskreg.decisions.policy.acceptances import Stale, Status, current_status
from riskreg.decisions.queries.acceptances import acceptances_of, stale_because
from riskreg.register.access import Viewer
from riskreg.risks.models import Risk
from riskreg.web.presenters import Scale, name_of_person

# Of one risk: the one that counts, and so many others; all of them are one click away.
OTHERS_OF_RISK = 5
TONES = {
    Status.WAITING: "warn",
    Status.IN_FORCE: "ok",
    Status.STALE: "bad",
    Status.EXPIRED: "bad",
    Status.CLOSED: "",
}
CONDITION_TONES = {
    ObligationState.PROPOSED: "dashed",
    ObligationState.OPEN: "warn",
    ObligationState.MET: "ok",
    ObligationState.WAIVED: "",
    ObligationState.CANCELLED: "",
}


def status_label(row: Acceptance, found: Status) -> str:
    """How it stands, in one or two words."""
    if found == Status.CLOSED:
        return str(row.get_state_display())
    return {
        Status.WAITING: _("waits for an answer"),
        Status.IN_FORCE: pgettext("acceptance", "in force"),
        Status.STALE: _("stale"),
        Status.EXPIRED: _("run out"),
    }[found]


def stale_words(viewer: Viewer, row: Acceptance, why: list[Stale]) -> list[str]:
    """What moved since it was granted, each in a sentence."""
    scale = Scale(viewer.criteria)
    rating_now: str | None = row.rating_now  # type: ignore[attr-defined]
    words = {
        Stale.RATING: _("The risk stands at %(now)s now, and was accepted at %(then)s.")
        % {"now": scale.name(rating_now), "then": Scale(row.criteria).name(row.rating)},
        Stale.CRITERIA: _("The criteria ask for more since version %(n)d.")
        % {"n": viewer.criteria.number},
        Stale.CONDITION: _("A condition is past its day and not met."),
    }
    return [words[each] for each in why]


def acceptance_row(viewer: Viewer, row: Acceptance, today: dt.date) -> dict[str, Any]:
    """One acceptance, read by ``acceptances_with_shown_fields_for``."""
    why = stale_because(viewer, row)
    found = current_status(row.state, row.expires_on, today, why)
    scale = Scale(row.criteria)
    return {
        "row": row,
        "ref": row.ref,
        "risk": row.risk.ref,
        "title": row.risk.localized("title"),
        "status": found.value,
        "label": status_label(row, found),
        "tone": TONES[found],
        "why": stale_words(viewer, row, why) if found == Status.STALE else [],
        "chip": scale.chip(row.rating, row.score, "threat"),
        "place": scale.place_in_words({"likelihood": row.likelihood, "impact": row.impact}),
        "reason": row.localized("reason"),
        "requested_by": name_of_person(row.requested_by),
        "acceptor": name_of_person(row.acceptor),
        "granted_by": name_of_person(row.granted_by),
        "closed_by": name_of_person(row.closed_by),
        "words": _replaced_by_text(row) if row.state == AcceptanceState.SUPERSEDED else row.words,
        "private": row.visibility == "party",
        "conditions": [_condition_row(c, today) for c in getattr(row, "conditions", ())],
    }


class AcceptancesOfRisk(NamedTuple):
    """Rows of acceptances: the one that counts, the first others, and whether there are more."""

    counting: dict[str, Any] | None
    others: list[dict[str, Any]]
    has_more: bool


def acceptances_on_page_of_risk(viewer: Viewer, risk: Risk, today: dt.date) -> AcceptancesOfRisk:
    """What the page of ``risk`` shows of its acceptances: the one that counts (one in force or
    waiting before one that is over, the newest of each; of who sees the risk now) and the others in
    the same order."""
    first = Case(
        When(visibility=risk.visibility, state=AcceptanceState.GRANTED, then=0),
        When(visibility=risk.visibility, state=AcceptanceState.REQUESTED, then=1),
        When(visibility=risk.visibility, then=2),
        default=3,
    )
    # Its conditions stand on its own page.
    rows = acceptances_of(viewer, risk, today).prefetch_related(None).order_by(first, "-at", "-pk")
    found = list(rows[: OTHERS_OF_RISK + 2])
    shown = [acceptance_row(viewer, row, today) for row in found[: OTHERS_OF_RISK + 1]]
    counts = shown.pop(0) if shown and shown[0]["row"].visibility == risk.visibility else None
    others = shown[:OTHERS_OF_RISK]
    return AcceptancesOfRisk(counts, others, len(found) > len(others) + bool(counts))


def _replaced_by_text(row: Acceptance) -> str:
    return _("replaced by %(ref)s") % {"ref": row.words}


def _condition_row(row: Any, today: dt.date) -> dict[str, Any]:
    return {
        "row": row,
        "id": row.uuid,
        "text": row.localized("text"),
        "owner": name_of_person(row.owner),
        "state": row.get_state_display(),
        "tone": CONDITION_TONES[ObligationState(row.state)],
        "open": row.state == ObligationState.OPEN,
        "late": row.state == ObligationState.OPEN and row.due_on < today,
        "words": row.words,
        "closed_by": name_of_person(row.closed_by),
    }
