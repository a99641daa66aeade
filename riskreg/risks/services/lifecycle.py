"""The life of a risk: draft → open → closed → reopened, and nothing else."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.changes import set_changed_in_memory
from riskreg.register.models import Criteria
from riskreg.register.permissions import require
from riskreg.register.services import mark_criteria_used
from riskreg.register.translations import clean_translations
from riskreg.risks.fields import RISK
from riskreg.risks.models import Position, Risk, State
from riskreg.risks.policy import state_after_or_none
from riskreg.risks.queries.access import current_position_of, require_version, risk_for
from riskreg.risks.services.endings import clean_ending
from riskreg.risks.services.positions import (
    bring_review_forward_in_memory,
    save_next_version,
    set_position,
)


@transaction.atomic
def open_risk(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Risk:
    """Put a draft into force: from now on it is counted, and its reviews fall due."""
    return _change_state_and_log("open", actor, ref, version, at, recorded_at, None)


@transaction.atomic
def close_risk(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    reason: Any,
    ending: Mapping[str, Any] | None = None,
    translations: Mapping[str, Any] | None = None,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Risk:
    """End a risk, for a reason that is kept; ``ending`` says how it ended (``clean_ending``).

    Raises ``Invalid`` without a reason, and for an ending that does not hold together.
    """
    return _change_state_and_log(
        "close", actor, ref, version, at, recorded_at, reason, translations, ending
    )


@transaction.atomic
def reopen_risk(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    reason: Any,
    translations: Mapping[str, Any] | None = None,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Risk:
    """Bring a closed risk back, for a reason. A review that was late then is late again."""
    return _change_state_and_log(
        "reopen", actor, ref, version, at, recorded_at, reason, translations
    )


def _change_state_and_log(
    action: str,
    actor: Viewer,
    ref: str,
    version: int | None,
    at: dt.datetime,
    recorded_at: dt.datetime | None,
    reason: Any,
    translations: Mapping[str, Any] | None = None,
    ending: Mapping[str, Any] | None = None,
) -> Risk:
    risk = risk_for(actor, ref, lock=True)
    require(actor, f"risk.{action}", risk)
    require_version(risk, version)
    position = current_position_of(risk)
    columns, criteria, changes = change_state_in_memory(
        action, actor, risk, position, at, reason, translations, ending
    )
    if risk.state == State.OPEN:
        mark_criteria_used(criteria, recorded_at or at)
    save_next_version(risk, recorded_at or at, *columns)
    set_position(risk, at, criteria)
    append(actor.entry(VERBS[action], risk, at=at, recorded_at=recorded_at, changes=changes))
    return risk


VERBS = {"open": "risk.opened", "close": "risk.closed", "reopen": "risk.reopened"}


class StateChange(NamedTuple):
    """The columns of a risk that changed, the criteria that it stands by then, and what the log
    says."""

    columns: list[str]
    criteria: Criteria
    log_changes: dict[str, Any]


def change_state_in_memory(
    action: str,
    actor: Viewer,
    risk: Risk,
    position: Position,
    at: dt.datetime,
    reason: Any = None,
    translations: Mapping[str, Any] | None = None,
    ending: Mapping[str, Any] | None = None,
) -> StateChange:
    """Move ``risk``, which stands at ``position``, in memory only. Raises ``Invalid``."""
    before = risk.state
    state = state_after_or_none(before, action)
    if state is None:
        raise Invalid.one(
            "state",
            "wrong_state",
            _("This cannot be done to a risk that is %(state)s.") % {"state": State(before).label},
        )
    changes: dict[str, Any] = {"state": [before, state]}
    errors = Errors()
    if action != "open":
        reason = clean_text(errors, "reason", reason, required=True, limit=4000)
        changes["reason"] = [None, reason]
        if versions := clean_translations(errors, translations or {}, ("reason",)):
            changes["translations"] = [None, versions]
    if state == State.OPEN and not risk.event:
        errors.add("event", "required", _("Say what may happen before opening the risk."))
    ended = clean_ending(errors, ending or {}, actor.today(at))
    errors.raise_if_any()
    label = ended.pop("label")
    labels = {name: value for name, value in risk.labels.items() if name != "happened_cost"}
    ended["labels"] = labels | ({"happened_cost": label} if label else {})
    changes |= set_changed_in_memory(RISK, risk, ended)
    risk.state = state
    criteria = position.criteria if position.residual_rating else actor.criteria
    columns = ["state", *ended]
    if state == State.OPEN:
        was = risk.next_review_on
        bring_review_forward_in_memory(risk, actor.today(at), criteria, position.residual_rating)
        changes["next_review_on"] = [was, risk.next_review_on]
        columns.append("next_review_on")
    return StateChange(columns, criteria, changes)
