"""What of a control goes into the log, and into whose."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from riskreg.events.policy import Audience
from riskreg.events.services import append
from riskreg.register.access import Viewer
from riskreg.register.changes import all_values_as_changes
from riskreg.risks.fields import CONTROL
from riskreg.risks.models import Control, Risk
from riskreg.risks.services.positions import save_next_version


def log_control_and_bump_risk_version(
    actor: Viewer,
    verb: str,
    control: Control,
    risk: Risk,
    change: list[Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
    *,
    reason: str = "",
    more: Mapping[str, Any] | None = None,
) -> None:
    """Log it under the risk, which counts as changed for whoever sees the control."""
    changes: dict[str, Any] = {"control": change, **(more or {})}
    if reason:
        changes["reason"] = [None, reason]
    shown_with_risk = control.visibility == risk.visibility
    if shown_with_risk:
        # First, as the event tells the version that the risk has from now on.
        save_next_version(risk, recorded_at or at)
    entry = actor.entry(verb, risk, at=at, recorded_at=recorded_at, changes=changes)
    if not shown_with_risk:
        # It is its party's own, and nobody else has heard of it.
        entry = replace(entry, audience=Audience(risk.register.uuid, control.party.uuid))
    append(entry)


def control_for_log(control: Control) -> dict[str, Any]:
    """A control as the log keeps it: everything that is kept of it, in every language it has."""
    kept = {name: pair[1] for name, pair in all_values_as_changes(CONTROL, control, {}).items()}
    return {"id": str(control.uuid), **kept}
