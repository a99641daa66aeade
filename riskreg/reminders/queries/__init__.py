"""Every read of the engine."""

from riskreg.reminders.queries.behind import registers_behind
from riskreg.reminders.queries.ladders import InForce, ladder_of, ladder_versions, ladders
from riskreg.reminders.queries.people import (
    managers_of,
    marked_today,
    roster_of,
    unmarked,
    users_interrupted,
    users_waiting,
    with_waiting,
    zones,
)
from riskreg.reminders.queries.plan import Planned, plan
from riskreg.reminders.queries.preview import Forecast, Reached, preview, preview_for
from riskreg.reminders.queries.selection import (
    BATCH,
    Found,
    Step,
    addressees_waiting,
    due_steps,
    pending_steps,
    selection,
    unaddressed,
    undelivered,
)
from riskreg.reminders.queries.snapshots import RegisterSnapshot, RegisterSnapshots

__all__ = [
    "BATCH",
    "Forecast",
    "Found",
    "InForce",
    "Planned",
    "Reached",
    "RegisterSnapshot",
    "RegisterSnapshots",
    "Step",
    "addressees_waiting",
    "due_steps",
    "ladder_of",
    "ladder_versions",
    "ladders",
    "managers_of",
    "marked_today",
    "pending_steps",
    "plan",
    "preview",
    "preview_for",
    "registers_behind",
    "roster_of",
    "selection",
    "unaddressed",
    "undelivered",
    "unmarked",
    "users_interrupted",
    "users_waiting",
    "with_waiting",
    "zones",
]
