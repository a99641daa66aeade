"""What a row of a file says of its risk: since when, by which judgement, from where."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from riskreg.exchange.mapping import Plan, RowPlan
from riskreg.exchange.models import Import
from riskreg.kernel import clock
from riskreg.register.access import Viewer

_QUOTE, _SOURCES = 1990, 20


def start_of_day_not_after(actor: Viewer, day: dt.date | None, at: dt.datetime) -> dt.datetime:
    """The start of ``day`` in the register, or now where none is named."""
    if day is None:
        return at
    return min(clock.start_of_day(day, actor.register.time_zone), at)


def judgement_of(stage: str, row: RowPlan, of_import: Import) -> dict[str, Any]:
    """What the row says of one stage, as ``record_assessment`` is given it."""
    likelihood, impact = row.levels[stage]
    return {
        "stage": stage,
        "likelihood": likelihood,
        "impact": impact,
        "dimension": row.dimension if stage == "residual" else None,
        "rationale": _rationale(row, of_import, stage),
    }


def _rationale(row: RowPlan, of_import: Import, stage: str) -> str:
    came = _("Brought in from %(file)s, row %(row)d, which says: %(theirs)s.") % {
        "file": of_import.file_name,
        "row": row.number,
        "theirs": row.theirs.get(stage, ""),
    }
    return f"{row.rationale}\n{came}".strip()


def sources_of(
    plan: Plan, row: RowPlan, of_import: Import, today: dt.date
) -> Sequence[dict[str, Any]]:
    """Where it came from, with everything of its row that has no field here."""
    sheet = f"{plan.table.sheet}, " if plan.table.sheet else ""
    text = "\n".join(f"{name}: {value}" for name, value in row.kept)
    pieces = [text[n : n + _QUOTE] for n in range(0, len(text), _QUOTE)] or [""]
    title = _("Brought in from %(file)s") % {"file": of_import.file_name}
    return [
        {
            "title": title[:300],
            "quote": piece,
            "label": "judgement",
            "locator": (sheet + _("row %(row)d") % {"row": row.number})[:300],
            "date": today.isoformat(),
        }
        for piece in pieces[:_SOURCES]
    ]
