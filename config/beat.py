"""Celery's beat, which also shows that it lives."""

from celery.beat import PersistentScheduler


class Scheduler(PersistentScheduler):  # type: ignore[misc] # celery has no types
    """The usual scheduler; each round is a sign of life."""

    def tick(self, *args: object, **options: object) -> float:
        """Send what is due."""
        from riskreg.operations.services.heartbeats import beat_heart

        beat_heart("beat")
        seconds: float = super().tick(*args, **options)
        # It sleeps no longer than between two signs.
        return min(seconds, 30.0)
