"""What every way to reach somebody has in common."""

import datetime as dt
from typing import ClassVar

from riskreg.notify.models import Message


class Sender:
    """Sends the messages of one batch, one after the other, in one thread.

    A connection may be opened by the first ``send`` and serve the batch; ``close`` comes after the
    last. After a failed ``send`` the next one must work again where it can, over a new connection
    if need be. ``channel`` is its name among the models'.
    """

    channel: ClassVar[str]

    def send(self, message: Message, at: dt.datetime) -> None:
        """Hand ``message`` over; when this returns, the other side has taken it.

        Raises ``PassingFailure`` or ``PermanentFailure``.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of whatever is held; raises nothing."""
