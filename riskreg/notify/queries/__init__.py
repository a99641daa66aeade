"""Reads of messages, deliveries and endpoints, always for an audience or a recipient."""

from riskreg.notify.queries.deliveries import (
    deliveries_looked_after_by,
    has_arrived,
    may_have_arrived,
    message_exists,
    messages_readable_among,
    open_circuits_holding_up,
    unsent_and_unopened,
    waiting_by_channel,
)
from riskreg.notify.queries.inbox import unemptied_inbox_messages, unread_count, unread_expression

__all__ = [
    "deliveries_looked_after_by",
    "has_arrived",
    "may_have_arrived",
    "message_exists",
    "messages_readable_among",
    "open_circuits_holding_up",
    "unemptied_inbox_messages",
    "unread_count",
    "unread_expression",
    "unsent_and_unopened",
    "waiting_by_channel",
]
