"""A mail server that does as it is told."""

import asyncio
import contextlib
import email
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from riskreg.up.ports import free_port


class Sink:
    """An SMTP server that keeps what it gets, and answers from lists when they are not empty."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.to_mail: list[str] = []
        self.to_rcpt: list[str] = []
        self.to_data: list[str] = []
        self.drop_after_data = 0
        self.connections = 0
        self._open: list[tuple[asyncio.AbstractEventLoop, Any]] = []
        self.seconds = 0.0
        # While set, a sender waits before it has handed anything over; ``held`` counts those.
        self.hold = False
        self.held = 0

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str,
                          responses: list[str]) -> list[str]:  # fmt: skip
        self.connections += 1
        self._open.append((asyncio.get_running_loop(), server.transport))
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str,
                          options: Any) -> str:  # fmt: skip
        if self.to_mail:
            answer = self.to_mail.pop(0)
            if not answer.startswith("250"):
                return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str,
                          options: Any) -> str:  # fmt: skip
        self.held += self.hold
        while self.hold:
            await asyncio.sleep(0.05)
        if self.to_rcpt:
            return self.to_rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        await asyncio.sleep(self.seconds)
        if self.to_data:
            return self.to_data.pop(0)
        self.mails.append(email.message_from_bytes(envelope.content, policy=default))
        if self.drop_after_data:
            # Taken, but the answer gets lost on its way back.
            self.drop_after_data -= 1
            server.transport.abort()
            return "250 lost"
        return "250 OK"

    def hang_up(self) -> None:
        """End every connection without a word, as a server does that finds them idle."""
        for loop, transport in self._open:
            loop.call_soon_threadsafe(transport.close)
        self._open = []


@contextlib.contextmanager
def serving() -> Iterator[tuple[Sink, int]]:
    """A ``Sink`` that serves on a loopback port, and that port."""
    server = Sink()
    controller = Controller(server, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield server, controller.port
    finally:
        server.hold = False
        controller.stop()
