"""The ways to reach somebody, by the name of the channel: what makes a sender for a batch.

Rooms above add theirs when they are ready (``endpoints.apps``). The inbox is not among them: what
is posted there has arrived.
"""

from collections.abc import Callable

from riskreg.notify.channels.base import Sender
from riskreg.notify.channels.mail import Mail

__all__ = ["CHANNELS", "Sender"]

CHANNELS: dict[str, Callable[[], Sender]] = {Mail.channel: Mail}
