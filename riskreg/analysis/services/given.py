"""What giving an estimate and giving an effect have alike, and releasing either."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from riskreg.analysis.models.given import Given
from riskreg.analysis.queries.given import has_successor, ids_withheld_until_own_is_given
from riskreg.events.services import append
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.fields import Table, Type
from riskreg.register.access import Viewer
from riskreg.register.changes import values_as_first_changes
from riskreg.register.cleaning import clean_given
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Risk

_Row = TypeVar("_Row", bound=Given)


def clean_fields_of_given(
    errors: Errors, actor: Viewer, table: Table, given: Mapping[str, Any], needed_message: str
) -> dict[str, Any]:
    """``given`` checked field by field, in the register's currency. Notes what is wrong;
    ``needed_message`` says that something is missing."""
    assert actor.party is not None  # noqa: S101 - looked at by the caller
    given = {"label": "judgement", "currency": actor.register.currency, "translations": {}, **given}
    clean = clean_given(errors, actor, table, given, party=actor.party, visibility=Visibility.PARTY)
    for field in table.settable:
        if (
            field.must_send
            and clean.get(field.name) in (None, "")
            and not errors.has_any_on(field.name)
        ):
            errors.add(field.name, "required", needed_message)
    if clean.get("currency") not in ("", actor.register.currency):
        errors.add(
            "currency",
            "unknown",
            _("This register reckons in %(own)s: convert first, and say the rate in the rationale.")
            % {"own": actor.register.currency},
        )
    return clean


def require_newest_not_withheld_and_on_shared_risk(
    actor: Viewer, row: Given, withheld_message: str, superseded_message: str
) -> None:
    """Refuse to release one that the actor is not shown yet, that has a successor, or that is about
    a risk of its party's own. Raises ``Invalid``."""
    noun = row._meta.model_name or ""
    if ids_withheld_until_own_is_given(type(row), actor, [row.uuid]):
        raise Invalid.one(noun, "withheld", withheld_message)
    if row.visibility == Visibility.SHARED:
        return
    risk: Risk = getattr(row, "risk")  # noqa: B009 - of either kind
    _require_risk_shared(risk)
    if has_successor(actor, row):
        raise Invalid.one(noun, "newer_one", superseded_message)


def _require_risk_shared(risk: Risk) -> None:
    if risk.visibility != Visibility.SHARED:
        text = _("The risk itself is your party's own. Share the risk first, then the estimate.")
        raise Invalid.one("risk", "private_risk", text)


def release_permitted_row(
    actor: Viewer, row: _Row, table: Table, *, at: dt.datetime, recorded_at: dt.datetime | None
) -> _Row:
    """Let everybody see ``row``, as of now. Whoever reads the shared chain alone has the whole of
    it from this event."""
    row.visibility, row.at, row.released_at = Visibility.SHARED, at, at
    row.released_by = actor.user
    row.save(update_fields=["visibility", "at", "released_at", "released_by"])
    changes = values_as_first_changes(table, values_for_log(table, row))
    verb = f"{table.noun}.released"
    append(actor.entry(verb, row, at=at, recorded_at=recorded_at, changes=changes))
    return row


def values_for_log(table: Table, row: Given) -> dict[str, Any]:
    """What is kept of a row, by the names of its fields, for its events."""
    kept = [f.name for f in table if f.type not in (Type.COMPUTED, Type.ID)]
    return {name: getattr(row, name) for name in kept}
