"""Every write of the engine: moving ladders, writing messages, changing a ladder."""

from riskreg.reminders.services.alarms import raise_alarms, renew_alarm
from riskreg.reminders.services.climbing import move_ladders
from riskreg.reminders.services.digests import write_digest, write_digests
from riskreg.reminders.services.interrupts import interrupt_people
from riskreg.reminders.services.ladder import set_ladder
from riskreg.reminders.services.renewing import (
    renew_digest,
    renew_interrupt,
    unchanged_digests,
    unchanged_interrupts,
)
from riskreg.reminders.services.sweep import Swept, sweep

__all__ = [
    "Swept",
    "interrupt_people",
    "move_ladders",
    "raise_alarms",
    "renew_alarm",
    "renew_digest",
    "renew_interrupt",
    "set_ladder",
    "sweep",
    "unchanged_digests",
    "unchanged_interrupts",
    "write_digest",
    "write_digests",
]
