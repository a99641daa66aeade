"""What a reading notes besides: it must never be what makes the reading fail."""

from collections.abc import Callable

import structlog
from django.db import DatabaseError, transaction

log = structlog.get_logger(__name__)


def write_or_log_failure(what: str, write: Callable[[], object]) -> None:
    """Do a small ``write`` of a request that only reads; that it cannot be done is only logged.

    Reading goes on while the disk is full, or the database for reading alone.
    """
    try:
        # Under a savepoint where there is a transaction: a failed write would spoil it.
        if transaction.get_connection().in_atomic_block:
            with transaction.atomic():
                write()
        else:
            write()
    except DatabaseError as error:
        log.warning("not_noted", what=what, error=type(error).__name__)
