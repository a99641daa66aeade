"""The ways to reach somebody, by the name of the channel: what makes a sender for a batch.

The inbox is not among them: what is posted there has arrived.
"""

from collections.abc import Callable

from riskreg.notify.channels.base import Sender
from riskreg.notify.channels.chat import Chat
from riskreg.notify.channels.mail import Mail
from riskreg.notify.channels.webhook import Webhook

__all__ = ["CHANNELS", "Sender"]

CHANNELS: dict[str, Callable[[], Sender]] = {
    sender.channel: sender for sender in (Mail, Webhook, Chat)
}
