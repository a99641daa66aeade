"""Who was told of what, on which rung of the ladder."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from riskreg.kernel.models import Base


class ReminderState(models.TextChoices):
    """``due``: waits for the next digests; ``sent``: is in an outbox; ``skipped``: see reason."""

    DUE = "due"
    SENT = "sent"
    SKIPPED = "skipped"


class SkipReason(models.TextChoices):
    """Why a rung was not told: a later one overtook it, or its duty was done."""

    OVERTAKEN = "overtaken"
    DISCHARGED = "discharged"


class Reminder(Base):
    """One rung for one duty and one due date; there is never a second (I2).

    The duty is named by its ``kind`` and the public id of its ``subject``. It becomes ``sent`` in
    the transaction that puts the first message that tells of it into the outbox.
    """

    register = models.ForeignKey("register.Register", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    subject = models.UUIDField()
    due_on = models.DateField()
    rung = models.CharField(max_length=20)
    state = models.CharField(max_length=7, choices=ReminderState.choices)
    reason = models.CharField(max_length=10, choices=SkipReason.choices, blank=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "due_on", "rung", "kind"], name="reminder_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=ReminderState.values), name="reminder_state"
            ),
            models.CheckConstraint(
                condition=Q(state="skipped") ^ Q(reason=""), name="reminder_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["register", "id"], condition=Q(state="due"), name="reminder_due")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.due_on} {self.rung}: {self.state}"


class Part(models.TextChoices):
    """What somebody is to a duty. ``stand_in``: nobody who answers for it is there any more."""

    OWNER = "owner"
    DEPUTY = "deputy"
    MANAGER = "manager"
    STAND_IN = "stand_in"


class AddresseeState(models.TextChoices):
    """``waiting``: to be told by the next digest; ``told``: a message was written."""

    WAITING = "waiting"
    TOLD = "told"
    DROPPED = "dropped"


class Addressee(models.Model):
    """One person whom a reminder is for, and the message (public id) that tells them."""

    reminder = models.ForeignKey(Reminder, on_delete=models.CASCADE, related_name="addressees")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=8, choices=Part.choices)
    state = models.CharField(max_length=7, choices=AddresseeState.choices)
    message = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reminder", "user"], name="addressee_once"),
            models.CheckConstraint(
                condition=~Q(state="told") | Q(message__isnull=False), name="addressee_told"
            ),
        ]
        indexes = [
            models.Index(fields=["user"], condition=Q(state="waiting"), name="addressee_waiting"),
            models.Index(fields=["message"], name="addressee_message"),
        ]

    def __str__(self) -> str:
        return f"{self.part}: {self.state}"


class DigestRun(models.Model):
    """The writing of one local day's digests for everybody in one time zone.

    There is one round a day for all: when a digest is written does not depend on what else somebody
    was told that day, so that nobody can read from its time that something private exists.
    """

    zone = models.CharField(max_length=60)
    local_day = models.DateField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["zone", "local_day"], name="digestrun_once")]

    def __str__(self) -> str:
        return f"{self.zone} {self.local_day}"
