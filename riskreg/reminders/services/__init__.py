"""Every write of the engine: moving ladders, writing messages, changing a ladder."""

from riskreg.reminders.services.advance import advance_and_readdress
from riskreg.reminders.services.alarms import mail_managers_of_unassigned, refresh_alarm
from riskreg.reminders.services.digests import write_digest, write_digests
from riskreg.reminders.services.interrupts import interrupt_people
from riskreg.reminders.services.ladder import set_ladder
from riskreg.reminders.services.refresh import (
    current_digests,
    current_interrupts,
    refresh_digest,
    refresh_interrupt,
)
from riskreg.reminders.services.sweep import Swept, sweep

__all__ = [
    "Swept",
    "advance_and_readdress",
    "current_digests",
    "current_interrupts",
    "interrupt_people",
    "mail_managers_of_unassigned",
    "refresh_alarm",
    "refresh_digest",
    "refresh_interrupt",
    "set_ladder",
    "sweep",
    "write_digest",
    "write_digests",
]
