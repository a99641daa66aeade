"""Every write of messages and deliveries."""

from riskreg.notify.services.inbox import mark_all_read, mark_read
from riskreg.notify.services.outbox import Draft, drop_waiting_messages, post, resend
from riskreg.notify.services.sending import deliver, deliver_due, make_waiting_due_and_wake_workers

__all__ = [
    "Draft",
    "deliver",
    "deliver_due",
    "drop_waiting_messages",
    "make_waiting_due_and_wake_workers",
    "mark_all_read",
    "mark_read",
    "post",
    "resend",
]
