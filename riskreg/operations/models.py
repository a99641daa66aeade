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
