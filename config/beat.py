"""Celery's beat, which also shows that it lives."""

from typing import Any

from celery.beat import PersistentScheduler


class Scheduler(PersistentScheduler):
    """The usual scheduler; each round is a sign of life."""

    def tick(self, *args: Any, **options: Any) -> float:
        """Send what is due."""
        from riskreg.operations.services.heartbeats import beat_heart

        beat_heart("beat")
        seconds: float = super().tick(*args, **options)
        # It sleeps no longer than between two signs.
        return min(seconds, 30.0)
