"""Every read of the engine."""

from riskreg.reminders.queries.ladders import InForce, ladder_of, ladder_versions, ladders
from riskreg.reminders.queries.people import (
    circle_of,
    managers_of,
    marked_today,
    unmarked,
    users_interrupted,
    users_waiting,
    with_waiting,
    zones,
)
from riskreg.reminders.queries.plan import Planned, plan
from riskreg.reminders.queries.preview import Forecast, Reached, preview, preview_for
from riskreg.reminders.queries.scene import Place, Scene
from riskreg.reminders.queries.selection import (
    BATCH,
    Found,
    Step,
    addressees_waiting,
    behind,
    selection,
    steps,
    unaddressed,
    undelivered,
)

__all__ = [
    "BATCH",
    "Forecast",
    "Found",
    "InForce",
    "Place",
    "Planned",
    "Reached",
    "Scene",
    "Step",
    "addressees_waiting",
    "behind",
    "circle_of",
    "ladder_of",
    "ladder_versions",
    "ladders",
    "managers_of",
    "marked_today",
    "plan",
    "preview",
    "preview_for",
    "selection",
    "steps",
    "unaddressed",
    "undelivered",
    "unmarked",
    "users_interrupted",
    "users_waiting",
    "with_waiting",
    "zones",
]
