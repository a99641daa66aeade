"""Controls: what is in place."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.policy import Audience
from riskreg.events.services import append
from riskreg.kernel.errors import Errors, NotFound
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.changes import whole_row
from riskreg.register.permissions import require
from riskreg.register.policy import LABELS, check_sourced
from riskreg.register.sourcing import clean_sources
from riskreg.register.translations import clean_translations
from riskreg.risks.fields import CONTROL
from riskreg.risks.models import Control, ControlKind
from riskreg.risks.queries.access import risk_for
from riskreg.risks.services.positions import bump_version


@transaction.atomic
def add_control(
    *,
    actor: Viewer,
    ref: str,
    name: Any,
    kind: Any,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
    label: str = "judgement",
    source: Mapping[str, Any] | None = None,
    translations: Mapping[str, Any] | None = None,
) -> Control:
    """Note something that is in place against (or for) a risk; seen by whoever sees the risk."""
    risk = risk_for(actor, ref, lock=True)
    require(actor, "control.edit", risk)
    errors = Errors()
    name = clean_text(errors, "name", name, required=True, limit=300, one_line=True)
    if kind not in ControlKind.values:
        errors.add("kind", "unknown", _("A control is preventive or corrective."))
    if label not in LABELS:
        errors.add("label", "unknown", _("Unknown label; use one of: %s.") % ", ".join(LABELS))
    sources = clean_sources(errors, "source", [source]) if source else [{}]
    check_sourced(errors, "label", label, bool(source))
    versions = clean_translations(errors, translations or {}, ("name",))
    errors.raise_if_any()
    control = Control.objects.create(
        register=risk.register,
        party=risk.party,
        visibility=risk.visibility,
        risk=risk,
        name=name,
        kind=kind,
        label=label,
        source=sources[0],
        translations=versions,
        created_at=recorded_at or at,
    )
    bump_version(risk, recorded_at or at)
    append(
        actor.entry(
            "control.added",
            risk,
            at=at,
            recorded_at=recorded_at,
            changes={"control": [None, _logged(control)]},
        )
    )
    return control


@transaction.atomic
def end_control(*, actor: Viewer, ref: str, control: UUID, at: dt.datetime) -> None:
    """Note that a control is no longer in place."""
    risk = risk_for(actor, ref, lock=True)
    require(actor, "control.edit", risk)
    row = Control.objects.visible_to(actor).filter(risk=risk, uuid=control, ended_at=None).first()
    if row is None:
        raise NotFound(_("There is no such control."))
    row.ended_at = at
    row.save(update_fields=["ended_at"])
    if row.visibility == risk.visibility:
        bump_version(risk, at)
    entry = actor.entry(
        "control.ended",
        risk,
        at=at,
        changes={"control": [_logged(row), None]},
    )
    if row.visibility != risk.visibility:
        # It was noted while the risk was its party's own, and nobody else has heard of it since.
        entry = replace(entry, audience=Audience(risk.register.uuid, row.party.uuid))
    append(entry)


def _logged(control: Control) -> dict[str, Any]:
    """A control as the log keeps it: everything that is kept of it, in every language it has."""
    kept = {name: pair[1] for name, pair in whole_row(CONTROL, control, {}).items()}
    return {"id": str(control.uuid), **kept}
