"""Every write of messages and deliveries."""

from riskreg.notify.services.inbox import mark_all_read, mark_read
from riskreg.notify.services.outbox import Draft, drop_waiting_messages, post, resend
from riskreg.notify.services.sending import deliver, deliver_due, try_waiting_now

__all__ = [
    "Draft",
    "deliver",
    "deliver_due",
    "drop_waiting_messages",
    "mark_all_read",
    "mark_read",
    "post",
    "resend",
    "try_waiting_now",
]
