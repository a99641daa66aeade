"""Every read of the engine."""

from riskreg.reminders.queries.behind import LastLook, live_registers, registers_behind
from riskreg.reminders.queries.ladders import (
    LadderInForce,
    ladder_in_force_of,
    ladder_versions,
    own_ladders_by_register,
)
from riskreg.reminders.queries.people import (
    ids_of_users_with_digest_mark_today,
    ids_of_users_with_waiting_reminders,
    ids_with_waiting_reminders_among,
    managers_present_or_all,
    member_zones,
    members_whose_digest_may_be_due,
    roster_of,
    users_to_interrupt,
)
from riskreg.reminders.queries.plan import Planned, plan
from riskreg.reminders.queries.preview import (
    Forecast,
    Reached,
    forecast_for_risk,
    preview_reminders_of_risk,
)
from riskreg.reminders.queries.selection import (
    BATCH,
    Found,
    Step,
    ids_and_due_dates_below_rung,
    pending_steps,
    rows_below_rung_in_batches,
    unaddressed_in_batches,
    undelivered_in_batches,
    waiting_addressees_of,
)
from riskreg.reminders.queries.snapshots import RegisterSnapshot, RegisterSnapshots

__all__ = [
    "BATCH",
    "Forecast",
    "Found",
    "LadderInForce",
    "LastLook",
    "Planned",
    "Reached",
    "RegisterSnapshot",
    "RegisterSnapshots",
    "Step",
    "forecast_for_risk",
    "ids_and_due_dates_below_rung",
    "ids_of_users_with_digest_mark_today",
    "ids_of_users_with_waiting_reminders",
    "ids_with_waiting_reminders_among",
    "ladder_in_force_of",
    "ladder_versions",
    "live_registers",
    "managers_present_or_all",
    "member_zones",
    "members_whose_digest_may_be_due",
    "own_ladders_by_register",
    "pending_steps",
    "plan",
    "preview_reminders_of_risk",
    "registers_behind",
    "roster_of",
    "rows_below_rung_in_batches",
    "unaddressed_in_batches",
    "undelivered_in_batches",
    "users_to_interrupt",
    "waiting_addressees_of",
]
