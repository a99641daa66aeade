"""What operators must be able to trust, and how old its last proof is."""

from django.db import models


class RunKind(models.TextChoices):
    BACKUP = "backup"
    VERIFY = "verify"


class RunState(models.TextChoices):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class BackupRun(models.Model):
    """One backup made, or one verified. ``detail`` says why it failed; ``name`` is the file's."""

    kind = models.CharField(max_length=10, choices=RunKind.choices)
    state = models.CharField(max_length=10, choices=RunState.choices)
    started_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField(null=True)
    name = models.CharField(max_length=200, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    detail = models.TextField(blank=True)

    class Meta:
        constraints = [
            # Of two beats, or two hosts, one makes the backup.
            models.UniqueConstraint(
                fields=["kind"], condition=models.Q(state="running"), name="backuprun_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state} {self.started_at:%Y-%m-%d %H:%M}"


class Heartbeat(models.Model):
    """When a program last showed that it lives: ``program`` is beat or worker, on a ``host``."""

    program = models.CharField(max_length=10)
    host = models.CharField(max_length=255)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "host"], name="heartbeat_once")]

    def __str__(self) -> str:
        return f"{self.program} {self.host} {self.at:%H:%M:%S}"


class Outage(models.Model):
    """A time in which the engine stood still. There is one open at most, so the operator hears of
    it once; ``notified_at`` is when a mail about it was handed over."""

    began_at = models.DateTimeField()
    reasons = models.TextField()
    notified_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(ended_at=None),
                name="outage_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M} {self.reasons}"


class NeededMigration(models.Model):
    """A migration that a version must have to work on these tables: the last one of each room
    that the version before the one that made them had."""

    room = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.room}.{self.name}"
