"""The floor for mails: a Celery task that only talks SMTP, and its application.

It knows no database. What it sends is a finished mail of the real size, read once from the file
``FLOOR_MAIL``, with its number put in. Each task opens a connection, as a task does that is to be
independent of all others; ``floor.send_kept`` keeps one connection per process instead, which is
the least that SMTP can cost.
"""

import os
import smtplib
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from celery import Celery

app = Celery("floor", broker=os.environ["REDIS_URL"])
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
)
SENDER = "riskreg@localhost"


@cache
def _mail() -> bytes:
    return Path(os.environ["FLOOR_MAIL"]).read_bytes()


def _open() -> smtplib.SMTP:
    where = urlsplit(os.environ["EMAIL_URL"])
    return smtplib.SMTP(str(where.hostname), where.port or 25, timeout=20)


_kept = cache(_open)


def _filled(number: int) -> bytes:
    return _mail().replace(b"NUMBER", str(number).encode())


@app.task(name="floor.send")
def send(number: int) -> None:
    """Send one mail over a connection of its own."""
    with _open() as connection:
        connection.sendmail(SENDER, [f"person-{number}@bench.example"], _filled(number))


@app.task(name="floor.send_kept")
def send_kept(number: int) -> None:
    """Send one mail over the connection that this process keeps."""
    _kept().sendmail(SENDER, [f"person-{number}@bench.example"], _filled(number))
