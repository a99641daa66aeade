"""Who gets what when: the ladder foretold for one risk that is picked by ref or by words."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from riskreg.kernel.errors import Invalid, NotFound
from riskreg.register.access import Viewer
from riskreg.reminders.labels import channel_labels, offset_text
from riskreg.reminders.policy import Rung
from riskreg.reminders.queries import Forecast, forecast_for_risk
from riskreg.risks.filters import parse
from riskreg.risks.models import Risk, State
from riskreg.risks.queries.access import risk_for, visible_risks
from riskreg.risks.queries.lists import risk_list, worst_first
from riskreg.web.reminder_ladder.labels import recipient_part_labels

CHOICES, OFFERED = 8, 100
_TONES = {
    "sent": ("ok", "check"),
    "skipped": ("dashed", "minus"),
    "due": ("warn", "bell"),
    "to_come": ("", "clock"),
    "deferred": ("dashed", "clock"),
}


@dataclass
class Preview:
    """What is shown: ``lines`` for ``risk``, or ``choices`` to pick from, or a ``problem``:
    ``missing``: there is no such risk; ``wrong``: the ladder is none."""

    asked: str = ""
    risk: Risk | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)
    problem: str = ""
    missing: bool = False
    wrong: bool = False


def preview_reminders_of_named_risk(
    viewer: Viewer,
    asked: str,
    rungs: Sequence[Rung],
    urgent: Sequence[Risk],
    at: dt.datetime,
) -> Preview:
    """The preview of the ladder ``rungs`` for the risk that ``asked`` names.

    With nothing asked, for the first of ``urgent``, see ``risks_to_preview``.
    """
    asked = asked.replace("\0", "").strip()[:200]
    found = _preview_with_risk_or_choices(viewer, asked, urgent, at)
    if found.risk is None:
        return found
    try:
        forecast = forecast_for_risk(viewer, found.risk, rungs, at)
    except Invalid as invalid:
        found.problem = invalid.detail
    else:
        found.lines = [_forecast_row(f) for f in forecast]
    return found


def _preview_with_risk_or_choices(
    viewer: Viewer, asked: str, urgent: Sequence[Risk], at: dt.datetime
) -> Preview:
    if not asked:
        first = next(iter(urgent), None)
        return Preview(risk=first, asked=first.ref if first else "")
    try:
        risk = risk_for(viewer, asked.upper())
        return Preview(risk=risk, asked=risk.ref)
    except NotFound:
        pass
    chosen = parse(viewer, {"q": asked}, at)
    hits = list(worst_first(risk_list(viewer, chosen))[:CHOICES])
    if len(hits) == 1:
        return Preview(risk=hits[0].risk, asked=hits[0].ref)
    if hits:
        return Preview(asked, choices=[(p.ref, str(p.risk.localized("title"))) for p in hits])
    return Preview(asked, problem=_("No risk has that reference or these words."), missing=True)


def risks_to_preview(viewer: Viewer) -> list[Risk]:
    """Open risks to pick from, the one that is due first, of one day the most severe; of a great
    many the first hundred."""
    rows = visible_risks(viewer).filter(state=State.OPEN)
    return list(rows.order_by("next_review_on", "-priority", "ref_order")[:OFFERED])


def _forecast_row(forecast: Forecast) -> dict[str, Any]:
    tone, icon = _TONES[forecast.state]
    parts, channels = recipient_part_labels(), channel_labels()
    return {
        "when": offset_text(forecast.rung.offset_days),
        "on": forecast.on,
        "state": _state_labels()[forecast.state],
        "tone": tone,
        "icon": icon,
        "interrupts": forecast.interrupts,
        "nobody": forecast.nobody,
        "told": [
            {
                "name": reached.name,
                "part": parts.get(reached.part, reached.part),
                "on": reached.digest_on,
                "inbox_only": "mail" not in reached.channels,
            }
            for reached in forecast.recipients
        ],
        "endpoints": [(name, channels.get(c, c)) for name, c in forecast.endpoints],
    }


def _state_labels() -> dict[str, str]:
    return {
        "sent": pgettext("rung", "Told"),
        "skipped": pgettext("rung", "Skipped"),
        "due": pgettext("rung", "Due now"),
        "to_come": pgettext("rung", "To come"),
        "deferred": pgettext("rung", "Put off by an extension"),
    }
