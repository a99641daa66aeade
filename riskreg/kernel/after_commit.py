"""Wake a task by name once the transaction stands.

Rows are the truth and a sweep finds what was not woken, so a broker that is away costs a delay and
never a loss: the failure is logged, not raised.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.db import connection, transaction

log = structlog.get_logger(__name__)
_nobody_runs: ContextVar[bool] = ContextVar("nobody_runs", default=False)


@contextlib.contextmanager
def no_tasks_sent() -> Iterator[None]:
    """Nothing is sent in here: neither broker nor worker has been started, and the first sweep
    finds whatever waits."""
    token = _nobody_runs.set(True)
    try:
        yield
    finally:
        _nobody_runs.reset(token)


@dataclass(frozen=True)
class _Wake:
    """Sends one task when it is called; two that send the same are equal."""

    task: str
    args: tuple[Any, ...]
    needed: Callable[[], bool] | None = field(default=None, compare=False)

    def __call__(self) -> None:
        try:
            if self.needed is None or self.needed():
                send_task_or_log_failure(self.task, *self.args)
        except Exception as error:
            _log_task_not_sent(self.task, error)


def after_commit(task: str, *args: Any, needed: Callable[[], bool] | None = None) -> None:
    """Send the Celery task named ``task`` with ``args`` when the current transaction commits.

    A transaction sends the same task with the same arguments once, however often it is asked to.
    ``needed``, called after the commit, may say that somebody else was woken already; of several
    the first is asked.
    """
    sent = _Wake(task, args, needed)
    # What waits here is dropped with the savepoint it was asked for in. Savepoints nest, so an
    # equal one that is still here cannot be dropped without this one.
    if not any(waiting[1] == sent for waiting in connection.run_on_commit):
        transaction.on_commit(sent)


def send_task_or_log_failure(task: str, *args: Any, seconds: float = 0.0) -> None:
    """Send the task named ``task``, to run in ``seconds`` from now. A failure is only logged."""
    if _nobody_runs.get():
        return
    try:
        current_app.send_task(task, args=args, retry=False, countdown=seconds or None)
    except Exception as error:
        _log_task_not_sent(task, error)


def _log_task_not_sent(task: str, error: Exception) -> None:
    """Nobody need be told of a broker that nobody expects: nothing runs, and nothing waits long."""
    tell = log.warning if settings.BROKER_EXPECTED else log.debug
    tell("task_not_woken", task=task, error=type(error).__name__)
