"""Signs of life of the programs that nobody calls: the worker and beat."""

import datetime as dt
import socket
import time

import structlog
from django.db import Error, connection

from riskreg.kernel import clock
from riskreg.operations.models import Heartbeat

log = structlog.get_logger(__name__)
EVERY_SECONDS = 30.0
# A host that is not there any more is forgotten.
_FORGOTTEN_AFTER = dt.timedelta(days=1)
_last: dict[str, float] = {}


def beat_heart(program: str) -> None:
    """Note that ``program`` lives on this machine, at most every half minute.

    Never raises: a database that is away must not end who only says that it lives. The connection
    is closed, for a worker forks processes that would share it.
    """
    now = time.monotonic()
    if now - _last.get(program, -EVERY_SECONDS) < EVERY_SECONDS:
        return
    _last[program] = now
    try:
        record_heartbeat(program, socket.gethostname(), clock.now())
    except Error as error:
        log.warning("no_heartbeat", program=program, error=type(error).__name__)
    finally:
        connection.close()


def record_heartbeat(program: str, host: str, at: dt.datetime) -> None:
    """Write that ``program`` lived on ``host`` at that moment."""
    Heartbeat.objects.update_or_create(program=program, host=host[:255], defaults={"at": at})
    Heartbeat.objects.filter(at__lt=at - _FORGOTTEN_AFTER).delete()
