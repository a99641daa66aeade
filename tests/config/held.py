"""The application, with addresses that are answered once a lock is let go; run by test_load.py."""

import fcntl
import os
from collections.abc import Callable, Iterable
from typing import Any

from config.wsgi import application as inner


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """``/held/``: waits for the lock on the file HELD_BY, which the test has."""
    if environ["PATH_INFO"] != "/held/":
        return inner(environ, start_response)
    with open(os.environ["HELD_BY"], "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
    start_response("200 OK", [("Content-Length", "4")])
    return [b"done"]
