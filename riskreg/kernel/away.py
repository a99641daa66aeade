"""The database is away, or too busy: a state of the surroundings and no fault of the code.

Whoever asks is told to try again (503), and the log has one line. Whether what was sent was kept
cannot be known where the answer to a COMMIT was lost, so nobody says that it was not.
"""

import sqlite3
from typing import Any

import structlog
from django.db import Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

log = structlog.get_logger(__name__)
RETRY_AFTER_SECONDS = 10
# Of SQLSTATE: connections, resources, the operator's hand, and limits that were reached.
_CLASSES = ("08", "53", "57")
_STATES = ("55P03", "40001", "40P01", "25P03", "25P04", "25006")
_SQLITE = ("locked", "unable to open", "disk is full", "readonly", "disk i/o")

_NO_TABLES = ("42P01", "42703")
_SQLITE_NO_TABLES = ("no such table", "no such column")


def is_database_away_error(error: BaseException | None) -> bool:
    """Whether ``error`` says that the database cannot serve at the moment."""
    if not isinstance(error, OperationalError | InterfaceError | Error):
        return False
    cause: Any = error.__cause__
    if isinstance(cause, sqlite3.Error):
        return any(words in str(cause).lower() for words in _SQLITE)
    state = getattr(cause, "sqlstate", None)
    if state:
        return state.startswith(_CLASSES) or state in _STATES
    # Without a state there was no server to give one.
    return isinstance(error, OperationalError | InterfaceError)


def sentence_for_operators_or_none(error: Error) -> str | None:
    """What a command ends with whose database is away, or is not of this version; None where
    ``error`` is a fault of the code."""
    line = " ".join(str(error).split())
    cause: Any = error.__cause__
    if getattr(cause, "sqlstate", None) in _NO_TABLES or line.startswith(_SQLITE_NO_TABLES):
        return (
            f"The database that DATABASE_URL names does not have the tables of this version "
            f"({line}). Run manage.py migrate first."
        )
    if is_database_away_error(error):
        return f"The database that DATABASE_URL names cannot serve: {line}"
    return None


def log_database_away_once(request: HttpRequest, error: BaseException | None) -> None:
    """One line in the log for each request that met it."""
    if not getattr(request, "database_away", False):
        request.database_away = True  # type: ignore[attr-defined]
        cause = getattr(error, "__cause__", None) or error
        state = getattr(cause, "sqlstate", None) or ""
        log.error("database_away", error=type(cause).__name__, state=state, path=request.path)


def mark_as_database_away(response: HttpResponse) -> HttpResponse:
    """``response`` as Django's own log leaves it alone, with when to try again."""
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response["Cache-Control"] = "no-store"
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def database_away_sentence() -> str:
    """What anybody is told."""
    return _(
        "The database does not answer at the moment. If you were saving something, look whether "
        "it is there before you send it again."
    )
