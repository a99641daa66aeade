"""Decisions as JSON for the one who asks."""

import datetime as dt
from typing import Any

from riskreg.api.core.base import RegisterApi
from riskreg.api.core.table import row_to_json
from riskreg.decisions.fields import DECISION
from riskreg.decisions.models import Decision
from riskreg.decisions.queries.as_json import decision_parts_to_json
from riskreg.decisions.queries.decisions import acts_open_to


def today_of(view: RegisterApi) -> dt.date:
    """The day that it is in the register."""
    return view.viewer.today(view.at)


def decision_to_json(view: RegisterApi, row: Decision) -> dict[str, Any]:
    """A decision, read by ``decisions_with_shown_fields_for``, as JSON."""
    viewer = view.viewer
    may = acts_open_to(viewer, row, today_of(view))
    return row_to_json(DECISION, row, viewer, may=may, **decision_parts_to_json(viewer, row))
