"""A mail server in a process of its own: ``python -m bench.smtp_sink PORT RECORD [options]``.

Every mail it has wholly received is one JSON line in RECORD, written before the answer: the
Message-ID, to whom, the text, and its fate: ``heard`` (answered 250) or ``unheard`` (the connection
was dropped instead, so that its sender cannot know that it was taken). Until it gets SIGUSR1 it
misbehaves in the given share of cases, chosen by a seed; at the end it leaves its counts beside
RECORD.
From one SIGUSR2 to the next it is a tarpit: it takes connections and answers nothing. With
``--count`` it always behaves and writes one byte for each mail instead.
"""

import argparse
import asyncio
import email
import json
import os
import random
import signal
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP


class Sink:
    """Answers mails; see the module."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.chance = random.Random(options.seed)
        self.ill = True
        self.well = asyncio.Event()
        self.well.set()
        self.counts = dict.fromkeys(("heard", "unheard", "dropped", "refused", "delayed"), 0)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self.record = os.open(options.record, flags, 0o600)

    def strikes(self, share: float) -> bool:
        """Whether a fault of that share happens now."""
        return self.ill and self.chance.random() < share

    def change_tarpit(self) -> None:
        """Stop answering, or answer again; whoever waited meanwhile has gone."""
        if self.well.is_set():
            self.well.clear()
        else:
            self.well.set()

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Say hello, once that is to be answered."""
        await self.well.wait()
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or drop the connection, or refuse for now."""
        if self.strikes(self.options.drop / 2):
            return self._dropped(server)
        if self.strikes(self.options.refuse / 2):
            self.counts["refused"] += 1
            return "451 4.3.2 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a mail, perhaps late, perhaps without an answer; or refuse it for now."""
        if self.options.count:
            os.write(self.record, b".")
            return "250 OK"
        if self.strikes(self.options.delay):
            self.counts["delayed"] += 1
            await asyncio.sleep(self.chance.uniform(0.05, self.options.longest))
        if self.strikes(self.options.drop / 2):
            return self._dropped(server)
        if self.strikes(self.options.refuse / 2):
            self.counts["refused"] += 1
            return "451 4.3.0 try again later"
        fate = "unheard" if self.strikes(self.options.lose) else "heard"
        self.counts[fate] += 1
        self._keep(envelope, fate)
        if fate == "unheard":
            server.transport.abort()
        return "250 OK"

    def _dropped(self, server: Any) -> str:
        self.counts["dropped"] += 1
        server.transport.abort()
        return "421 4.3.2 gone"

    def _keep(self, envelope: Any, fate: str) -> None:
        mail = email.message_from_bytes(envelope.content, policy=default)
        body = mail.get_body(("plain",))
        line = {
            "id": str(mail["Message-ID"]),
            "to": envelope.rcpt_tos,
            "subject": str(mail["Subject"]),
            "text": body.get_content() if body is not None else "",
            "fate": fate,
        }
        os.write(self.record, (json.dumps(line) + "\n").encode())


async def serve(options: argparse.Namespace) -> None:
    """Serve until SIGTERM; leave the counts beside the record."""
    sink = Sink(options)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGUSR1, lambda: setattr(sink, "ill", False))
    loop.add_signal_handler(signal.SIGUSR2, sink.change_tarpit)
    server = await loop.create_server(
        lambda: SMTP(sink, enable_SMTPUTF8=True, hostname="sink"), "127.0.0.1", options.port
    )
    async with server:
        await ended.wait()
    Path(f"{options.record}.counts").write_text(json.dumps(sink.counts))


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m bench.smtp_sink", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("record")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", action="store_true", help="only count, and always behave")
    parser.add_argument("--drop", type=float, default=0.0, help="share of dropped connections")
    parser.add_argument("--refuse", type=float, default=0.0, help="share answered with 4xx")
    parser.add_argument("--lose", type=float, default=0.0, help="share taken without an answer")
    parser.add_argument("--delay", type=float, default=0.0, help="share answered late")
    parser.add_argument("--longest", type=float, default=1.0, help="longest delay in seconds")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
