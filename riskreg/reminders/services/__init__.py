"""Every write of the engine: moving ladders, writing messages, changing a ladder."""

from riskreg.reminders.services.advance import advance_and_readdress
from riskreg.reminders.services.alarms import current_content_of_alarm, mail_managers_of_unassigned
from riskreg.reminders.services.digests import write_digest_unless_there_or_empty, write_digests
from riskreg.reminders.services.interrupts import interrupt_people
from riskreg.reminders.services.ladder import set_reminder_ladder
from riskreg.reminders.services.refresh import (
    settle_and_render_digest,
    settle_and_render_interrupt,
    unchanged_digests_among,
    unchanged_interrupts_among,
)
from riskreg.reminders.services.sweep import Swept, sweep

__all__ = [
    "Swept",
    "advance_and_readdress",
    "current_content_of_alarm",
    "interrupt_people",
    "mail_managers_of_unassigned",
    "set_reminder_ladder",
    "settle_and_render_digest",
    "settle_and_render_interrupt",
    "sweep",
    "unchanged_digests_among",
    "unchanged_interrupts_among",
    "write_digest_unless_there_or_empty",
    "write_digests",
]
