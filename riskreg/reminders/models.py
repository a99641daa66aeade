"""Who was told of what, on which rung of the ladder."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from riskreg.duties.base import DutyKey
from riskreg.kernel.models import Base


class Ladder(Base):
    """A version of a register's ladder; append-only, the highest ``number`` is in force.

    A register without one climbs ``policy.DEFAULT_LADDER``. ``rungs``: see ``Rung.as_json``, lowest
    first.
    """

    register = models.ForeignKey("register.Register", on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    rungs = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["register", "number"], name="ladder_number")]

    def __str__(self) -> str:
        return f"ladder {self.number}"


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

    The duty is named by its ``kind`` and the public id of its ``subject``, the rung by its offset
    in days in the version of the ladder under which it was recorded (``ladder`` None: the default).
    It becomes ``sent`` in the transaction that puts the first message that tells of it into the
    outbox. ``to_announce``: chats and webhooks are still to be looked up for it.
    """

    register = models.ForeignKey("register.Register", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    subject = models.UUIDField()
    due_on = models.DateField()
    rung = models.SmallIntegerField()
    ladder = models.ForeignKey(Ladder, on_delete=models.PROTECT, null=True, related_name="+")
    to_announce = models.BooleanField(default=False)
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
            models.Index(fields=["register", "id"], condition=Q(state="due"), name="reminder_due"),
            models.Index(fields=["id"], condition=Q(to_announce=True), name="reminder_to_announce"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.due_on} {self.rung}: {self.state}"

    @property
    def duty_key(self) -> DutyKey:
        """Which duty it is for, as ``Duty.key``."""
        return DutyKey(self.kind, self.subject)


class SweepRun(models.Model):
    """One sweep that came to its end; ``broken``: registers and people that broke in it.

    A sweep with none is whole: the promise that nothing is forgotten was kept at that moment.
    """

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(db_index=True)
    moved = models.PositiveIntegerField()
    messages = models.PositiveIntegerField()
    broken = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.finished_at:%Y-%m-%d %H:%M} {self.broken}"


class RecipientReason(models.TextChoices):
    """What somebody is to a duty. ``named``: by the ladder; ``for_away``: for one who is away;
    ``stand_in``: nobody who answers for it is a member any more."""

    OWNER = "owner"
    DEPUTY = "deputy"
    MANAGER = "manager"
    LEADER = "leader"
    NAMED = "named"
    FOR_AWAY = "for_away"
    STAND_IN = "stand_in"


class AddresseeState(models.TextChoices):
    """``waiting``: to be told by the next digest; ``told``: a message was written."""

    WAITING = "waiting"
    TOLD = "told"
    DROPPED = "dropped"


class Addressee(models.Model):
    """One person whom a reminder is for, and the message (public id) that tells them.

    ``urgent``: at once and in a message of its own, not with the next digest.
    """

    reminder = models.ForeignKey(Reminder, on_delete=models.CASCADE, related_name="addressees")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=8, choices=RecipientReason.choices)
    state = models.CharField(max_length=7, choices=AddresseeState.choices)
    urgent = models.BooleanField(default=False)
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
            models.Index(
                fields=["user"],
                condition=Q(state="waiting", urgent=True),
                name="addressee_waiting_urgent",
            ),
            models.Index(fields=["message"], name="addressee_message"),
        ]

    def __str__(self) -> str:
        return f"{self.part}: {self.state}"


class AnnouncementState(models.TextChoices):
    """``waiting``: no message says it yet; ``dropped``: its duty was done before one did."""

    WAITING = "waiting"
    TOLD = "told"
    DROPPED = "dropped"


class Announcement(models.Model):
    """One chat or webhook (public id of its endpoint) that a reminder is told to, and the message
    (public id) that does."""

    reminder = models.ForeignKey(Reminder, on_delete=models.CASCADE, related_name="announcements")
    endpoint = models.UUIDField()
    state = models.CharField(max_length=7, choices=AnnouncementState.choices)
    message = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reminder", "endpoint"], name="announcement_once"),
            models.CheckConstraint(
                condition=~Q(state="told") | Q(message__isnull=False), name="announcement_told"
            ),
        ]
        indexes = [
            models.Index(
                fields=["endpoint"], condition=Q(state="waiting"), name="announcement_waiting"
            ),
            models.Index(fields=["message"], name="announcement_message"),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint}: {self.state}"


class DigestMark(models.Model):
    """The last local day whose digest was looked after for a person, written or not.

    Everybody whose hour has come gets the mark, whatever they were told: the time of a digest must
    not depend on what else somebody was told that day, or the other party could read from it that
    something private exists. A person who moves to a zone where it is still yesterday, or a clock
    that jumped back, does not make the day begin again.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    local_day = models.DateField()

    def __str__(self) -> str:
        return f"{self.user_id} {self.local_day}"


class Imprint(models.Model):
    """What a message (public id) was made of, as a hash: whether it would come out the same now can
    be told without writing it."""

    message = models.UUIDField(primary_key=True)
    made_of = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.message}"
