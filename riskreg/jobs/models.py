"""The record of long work: a job and its steps. Celery does the work; these rows are the truth."""

from django.db import models
from django.db.models import Q

from riskreg.kernel.models import Base


class JobState(models.TextChoices):
    """Where a job is. The last three are final."""

    QUEUED = "queued", "queued"
    RUNNING = "running", "running"
    DONE = "done", "done"
    CANCELLED = "cancelled", "cancelled"
    FAILED = "failed", "failed"


OPEN = (JobState.QUEUED, JobState.RUNNING)


class StepState(models.TextChoices):
    """Where a step is. A running one whose claim ran out counts as waiting."""

    WAITING = "waiting", "waiting"
    RUNNING = "running", "running"
    DONE = "done", "done"


class Job(Base):
    """Long work. ``subject`` is what it is for, by public id, and ``audience`` the key of whose it
    is; ``requested_by`` is a person's public id. ``failure``: {code, detail} of why it failed.
    """

    kind = models.CharField(max_length=40)
    subject = models.UUIDField(db_index=True)
    audience = models.CharField(max_length=100)
    requested_by = models.UUIDField()
    state = models.CharField(max_length=9, choices=JobState.choices, default=JobState.QUEUED)
    failure = models.JSONField(default=dict)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state"),
            models.CheckConstraint(
                condition=Q(state__in=OPEN, ended_at=None)
                | ~Q(state__in=OPEN) & Q(ended_at__isnull=False),
                name="job_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["requested_by", "kind"], condition=Q(state__in=OPEN), name="job_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"


class Step(models.Model):
    """A piece of a job that is done at once or not at all.

    Steps of one ``stage`` may be done side by side, and wait for all of the stages before.
    ``inputs_hash`` says what it works on: what it finished is kept by (job, key, inputs_hash), so
    that finishing twice changes nothing. ``weight``: its part of the whole, for the progress.
    ``blob`` is for the steps after it, and dropped when the job has ended.
    """

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="steps")
    key = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    stage = models.PositiveSmallIntegerField()
    weight = models.PositiveIntegerField(default=1)
    inputs_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=7, choices=StepState.choices, default=StepState.WAITING)
    attempt = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    result = models.JSONField(null=True)
    blob = models.BinaryField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "key"], name="step_key"),
            models.CheckConstraint(condition=Q(state__in=StepState.values), name="step_state"),
        ]
        indexes = [
            models.Index(fields=["job", "stage"], condition=~Q(state="done"), name="step_to_do")
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.job_id}"
