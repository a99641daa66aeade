"""How much a web process takes at once, from the environment; listed in docs/operators.md."""

import os
import sys


def workers() -> int:
    """Processes of the web server."""
    return _at_least(1, "WEB_WORKERS", os.environ.get("WEB_WORKERS", "") or "2")


def threads() -> int:
    """Requests that a web process works on at once."""
    return _at_least(1, "WEB_THREADS", os.environ.get("WEB_THREADS", "") or "4")


def places() -> int:
    """Requests that it holds at once, in work or waiting."""
    return _at_least(threads(), "WEB_PLACES", os.environ.get("WEB_PLACES", "") or "64")


def places_each() -> int:
    """How many of them one caller may have."""
    half = max(1, places() // 2)
    return _at_least(1, "WEB_PLACES_EACH", os.environ.get("WEB_PLACES_EACH", "") or str(half))


def _at_least(least: int, name: str, text: str) -> int:
    if not text.strip().isdecimal() or int(text) < least:
        sys.exit(f"{name} is a whole number of at least {least}, not {text!r}")
    return int(text)
