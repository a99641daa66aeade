"""Closing a risk, and ending what served it alone, in one step."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.indicators.models import Indicator
from riskreg.indicators.queries.closing import active_indicators_serving_no_other_open_risk
from riskreg.kernel.errors import Errors
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Mitigation, Risk
from riskreg.risks.queries.access import is_valid_ref, require_version, risk_for
from riskreg.risks.queries.serving import running_mitigations_serving_no_other_open_risk
from riskreg.risks.services import cancel_mitigation_as_risk_closes, clean_ending, close_risk


@transaction.atomic
def close_risk_and_end_dependents(
    *,
    actor: Viewer,
    ref: str,
    version: int | None,
    reason: Any,
    end: Any = (),
    ending: Mapping[str, Any] | None = None,
    translations: Mapping[str, Any] | None = None,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Risk:
    """Close a risk for a reason, and with it the mitigations and indicators whose refs are in
    ``end``: work is cancelled, indicators are retired. ``ending`` says how it ended, as for
    ``risks.services.close_risk``.

    Only what served no other open risk can be ended so
    (``queries.closing.dependents_serving_no_other_open_risk``). What is not named stays as it is,
    and nothing reminds of it until it serves an open risk. Each has its event where its own readers
    are. Raises ``Invalid`` naming what is wrong with ``reason`` and ``end``, ``Forbidden`` for what
    the actor may not end, ``Conflict``, ``NotFound``."""
    require(actor, "risk.close", risk_for(actor, ref))
    errors = Errors()
    refs = _clean_refs(errors, end)
    # Readings lock an indicator before its risks, so this does as well.
    indicators, works = (
        _locked_by_ref(Indicator, actor, refs),
        _locked_by_ref(Mitigation, actor, refs),
    )
    risk = risk_for(actor, ref, lock=True)
    require_version(risk, version)
    clean_text(errors, "reason", reason, required=True, limit=4000)
    clean_ending(errors, ending or {}, actor.today(at))
    alone = set(
        running_mitigations_serving_no_other_open_risk(actor, risk).values_list("ref", flat=True)
    )
    alone |= set(
        active_indicators_serving_no_other_open_risk(actor, risk).values_list("ref", flat=True)
    )
    for name in refs:
        if name not in works and name not in indicators:
            errors.add("end", "unknown", _("There is no mitigation or indicator %s.") % name[:20])
        elif name not in alone:
            errors.add(
                "end",
                "not_alone",
                _("%(name)s does not serve %(ref)s alone; end it on its own page.")
                % {"name": name, "ref": risk.ref},
            )
    errors.raise_if_any()
    # A party's own chain is locked before the shared one, as everywhere.
    dependents = [*works.values(), *indicators.values()]
    for row in sorted(dependents, key=lambda row: row.visibility != Visibility.PARTY):
        if isinstance(row, Mitigation):
            cancel_mitigation_as_risk_closes(actor, row, risk, at=at, recorded_at=recorded_at)
        else:
            _retire_indicator_with_risk(actor, row, risk, at, recorded_at)
    return close_risk(
        actor=actor,
        ref=ref,
        version=version,
        reason=reason,
        ending=ending,
        translations=translations,
        at=at,
        recorded_at=recorded_at,
    )


def _clean_refs(errors: Errors, end: Any) -> list[str]:
    if not isinstance(end, list | tuple) or len(end) > 200:
        errors.add("end", "not_a_list", _("This must be a list of at most 200 references."))
        return []
    if not all(isinstance(name, str) for name in end):
        errors.add("end", "not_a_reference", _("A reference is text, as in M-001 or K-001."))
        return []
    return list(dict.fromkeys(end))


def _locked_by_ref(model: Any, actor: Viewer, refs: list[str]) -> dict[str, Any]:
    rows = (
        model.objects.visible_to(actor)
        .filter(ref__in=[name for name in refs if is_valid_ref(name)])
        .select_related("party", "owner")
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    return {row.ref: row for row in rows}


def _retire_indicator_with_risk(
    actor: Viewer,
    indicator: Indicator,
    risk: Risk,
    at: dt.datetime,
    recorded_at: dt.datetime | None,
) -> None:
    require(actor, "indicator.edit", indicator)
    indicator.active, indicator.ended_with = False, risk
    indicator.version += 1
    indicator.updated_at = max(recorded_at or at, indicator.updated_at)
    indicator.save(update_fields=["active", "ended_with", "version", "updated_at"])
    changes = {"active": [True, False], "ended_with": [None, risk.ref]}
    append(
        actor.entry("indicator.edited", indicator, at=at, recorded_at=recorded_at, changes=changes)
    )
