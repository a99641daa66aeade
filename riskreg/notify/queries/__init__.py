"""Reads of messages, deliveries and endpoints, always for an audience or a recipient."""

from riskreg.notify.queries.deliveries import (
    circuits_for,
    deliveries_for,
    has_arrived,
    may_have_arrived,
    message_exists,
    messages_readable_among,
    unsent_and_unopened,
    waiting_by_channel,
)
from riskreg.notify.queries.inbox import delivered_to_inbox, unread_count, unread_expression

__all__ = [
    "circuits_for",
    "delivered_to_inbox",
    "deliveries_for",
    "has_arrived",
    "may_have_arrived",
    "message_exists",
    "messages_readable_among",
    "unread_count",
    "unread_expression",
    "unsent_and_unopened",
    "waiting_by_channel",
]
