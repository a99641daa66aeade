"""Celery's beat, which also shows that it lives, and goes on where it cannot write."""

import contextlib
import logging
import os
import pickle
from pathlib import Path
from typing import Any

from celery.beat import PersistentScheduler

log = logging.getLogger(__name__)


class Remembered(dict[str, Any]):
    """When beat did what, from one start to the next, in a file that is replaced whole.

    It spares what is done hourly an extra round. Where it cannot be written, on a disk that is
    full, beat does its work without; what cannot be read is as none.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        # A file of our own, as the one of Celery's that it stands for.
        with contextlib.suppress(Exception):
            self.update(pickle.loads(path.read_bytes()))  # noqa: S301

    def sync(self) -> None:
        """Write it, if that can be done."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        try:
            fresh.write_bytes(pickle.dumps(dict(self)))
            fresh.replace(self._path)
        except OSError as error:
            log.warning("beat_cannot_remember: %s", os.strerror(error.errno or 0))

    close = sync


class Scheduler(PersistentScheduler):
    """The usual scheduler; each round is a sign of life."""

    def _open_schedule(self) -> Remembered:
        return Remembered(Path(self.schedule_filename))  # type: ignore[attr-defined]

    def tick(self, *args: Any, **options: Any) -> float:
        """Send what is due."""
        from riskreg.operations.services.heartbeats import beat_heart

        beat_heart("beat")
        seconds: float = super().tick(*args, **options)
        # It sleeps no longer than between two signs.
        return min(seconds, 30.0)
