"""Wake a task by name once the transaction stands.

Rows are the truth and a sweep finds what was not woken, so a broker that is away costs a delay and
never a loss: the failure is logged, not raised.
"""

from typing import Any

import structlog
from celery import current_app
from django.db import transaction

log = structlog.get_logger(__name__)


def after_commit(task: str, *args: Any) -> None:
    """Send the Celery task named ``task`` with ``args`` when the current transaction commits."""

    def send() -> None:
        try:
            current_app.send_task(task, args=args, retry=False)
        except Exception as error:
            log.warning("task_not_woken", task=task, error=type(error).__name__)

    transaction.on_commit(send)
