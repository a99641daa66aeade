"""Taking an import back, as far as a register takes anything back: one recorded act."""

import datetime as dt
import uuid
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.exchange.models import Import, ImportedRow
from riskreg.exchange.queries import import_of_own_party
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.access import Viewer
from riskreg.register.changes import time_text
from riskreg.register.permissions import require
from riskreg.risks import services as risks
from riskreg.risks.fields import RISK
from riskreg.risks.models import MitigationStatus, Stage, State
from riskreg.risks.queries.access import control_for, mitigation_for, risk_for


@transaction.atomic
def undo_import(*, actor: Viewer, name: uuid.UUID, at: dt.datetime) -> Import:
    """Close what came in, cancel its work, and set back what it changed.

    Nothing is deleted: refs show no gap and the log stays whole. A first score stays, because a
    register knows no way of not having judged. Raises ``Conflict`` naming what somebody changed
    since, ``Invalid`` where it was undone already.
    """
    require(actor, "import.make")
    row = import_of_own_party(actor, name, lock=True)
    if row.undone_at is not None:
        raise Invalid.one("state", "wrong_state", _("This import was undone already."))
    taken = list(row.rows.filter(outcome__in=("new", "updated")).select_related("risk"))
    changed = [ref for each in taken for ref in _refs_changed_since(actor, each)]
    if changed:
        raise Conflict(
            _("Changed since then, so nothing is undone: %(refs)s.")
            % {"refs": ", ".join(changed[:20]) + (" …" if changed[20:] else "")}
        )
    for each in reversed(taken):
        _set_back_or_close_risk(actor, row, each, at)
    row.undone_at, row.undone_by = at, actor.user
    row.save(update_fields=["undone_at", "undone_by"])
    changes = {"undone_at": [None, time_text(at)], "set_back": [None, len(taken)]}
    append(actor.entry("import.undone", row, at=at, changes=changes))
    return row


def _refs_changed_since(actor: Viewer, each: ImportedRow) -> list[str]:
    assert each.risk is not None  # noqa: S101 - rows that were taken have one
    found = [each.risk.ref] if each.risk.version != each.version else []
    for ref, version in each.made.get("mitigations", {}).items():
        if mitigation_for(actor, ref).version != version:
            found.append(ref)
    return found


def _set_back_or_close_risk(actor: Viewer, row: Import, each: ImportedRow, at: dt.datetime) -> None:
    assert each.risk is not None  # noqa: S101 - rows that were taken have one
    ref = each.risk.ref
    reason = _("The import of %(file)s was undone.") % {"file": row.file_name}
    act: dict[str, Any] = {"actor": actor, "ref": ref, "version": None, "at": at}
    for control in each.made.get("controls", []):
        kept = control_for(actor, uuid.UUID(control))
        if kept.ended_at is None:
            risks.end_control(actor=actor, control=kept.uuid, reason=reason, at=at)
    _set_back_or_cancel_mitigations(actor, each, at)
    if each.outcome == "new":
        if each.risk.state != State.CLOSED:
            risks.close_risk(**act, reason=reason)
        return
    before = each.before
    if before.get("state") == State.OPEN:
        risks.reopen_risk(**act, reason=reason)
    fields = {name: before[name] for name in before if name in RISK and RISK[name].set_by}
    if fields:
        risks.edit_risk(**act, fields=fields)
    for stage in Stage.values:
        if before.get(stage):
            likelihood, impact = (int(part) for part in before[stage].split("x"))
            judged = {"stage": stage, "likelihood": likelihood, "impact": impact}
            risks.record_assessment(**act, given={**judged, "rationale": reason})
    if before.get("state") == State.CLOSED and risk_for(actor, ref).state != State.CLOSED:
        risks.close_risk(**act, reason=reason)


def _set_back_or_cancel_mitigations(actor: Viewer, each: ImportedRow, at: dt.datetime) -> None:
    start = "mitigation."
    fields = {
        name.removeprefix(start): value
        for name, value in each.before.items()
        if name.startswith(start)
    }
    for n, ref in enumerate(each.made.get("mitigations", {})):
        # What was there before the file is the first; the others came with it.
        back = fields if fields and n == 0 else {"status": MitigationStatus.CANCELLED.value}
        risks.edit_mitigation(actor=actor, ref=ref, version=None, fields=back, at=at)
