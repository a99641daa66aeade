"""What is to be told to somebody, and each attempt to get it through.

Knows no Risk and no User: whom it is for and who may read it are public identifiers, and the text
is ready to be sent.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from riskreg.kernel.models import Base


class Message(Base):
    """One rendered message to one person or endpoint.

    ``key`` makes it unique: a second message of the same key is refused (one digest per person and
    local day). ``message_id`` is its Message-ID and never changes, so that a mail which arrives
    twice after a crash is recognised. ``local_day`` is the recipient's day it was made for.
    ``recipient`` is the public id of a person or of an ``Endpoint``, ``address`` where it goes: a
    mail address, or the host of an endpoint, whose whole address may be a secret. ``urgent`` ones
    are sent before the others. ``payload`` is what a program is told, where it goes to one.
    ``read_at`` is when its recipient opened it in the inbox, ``emptied_at`` when what it said and
    where it went was deleted: that it was sent stays.
    """

    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=40)
    recipient = models.UUIDField()
    address = models.CharField(max_length=254)
    language = models.CharField(max_length=10)
    local_day = models.DateField()
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(blank=True)
    unsubscribe_url = models.CharField(max_length=500, blank=True)
    message_id = models.CharField(max_length=200, unique=True)
    urgent = models.BooleanField(default=False)
    payload = models.JSONField(null=True)
    read_at = models.DateTimeField(null=True)
    emptied_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["recipient", "kind"], name="message_recipient"),
            models.Index(fields=["recipient", "-id"], name="message_inbox"),
            models.Index(fields=["recipient"], condition=Q(read_at=None), name="message_unread"),
            models.Index(
                fields=["created_at"], condition=Q(emptied_at=None), name="message_not_emptied"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.local_day}"


class MessageAudience(models.Model):
    """A register and party that a message tells of: who of them may look after its delivery.

    ``whole`` says that the message tells of nothing else, so that its text may be read there.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="audiences")
    register = models.UUIDField()
    party = models.UUIDField(null=True)
    whole = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message", "register", "party"], name="messageaudience_once"
            )
        ]
        indexes = [
            models.Index(fields=["register", "party", "message"], name="messageaudience_party")
        ]

    def __str__(self) -> str:
        return f"{self.register}:{self.party}"


class DeliveryState(models.TextChoices):
    """How far a delivery is. ``dropped``: what it said was no longer true, so it was not sent."""

    PENDING = "pending", pgettext_lazy("delivery", "waiting")
    SENDING = "sending", pgettext_lazy("delivery", "being sent")
    SENT = "sent", pgettext_lazy("delivery", "sent")
    FAILED = "failed", pgettext_lazy("delivery", "failed")
    DROPPED = "dropped", pgettext_lazy("delivery", "not needed any more")


class Channel(models.TextChoices):
    """Ways to reach somebody. ``inbox`` is the page inside the system: nothing has to be sent."""

    MAIL = "mail", _("mail")
    INBOX = "inbox", _("inbox")
    WEBHOOK = "webhook", _("webhook")
    CHAT = "chat", _("chat")


class Delivery(Base):
    """Getting one message through one channel. The row is the work: a task only wakes it up.

    A sender claims a batch by a conditional update that sets ``claimed_by``, ``claimed_at`` and
    ``claimed_until``, and begins each of them by another that sets ``started_at`` and counts the
    attempt: what was claimed but not begun comes back as it was. ``destination`` is the server
    that is called, ``urgent`` its message's. ``allowed_attempts`` is how many there may be in all;
    asking to send again raises it.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    destination = models.CharField(max_length=300)
    urgent = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=DeliveryState.choices)
    attempts = models.PositiveSmallIntegerField(default=0)
    allowed_attempts = models.PositiveSmallIntegerField()
    next_attempt_at = models.DateTimeField()
    claimed_by = models.UUIDField(null=True)
    claimed_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "channel"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(state__in=DeliveryState.values), name="delivery_state"
            ),
            models.CheckConstraint(
                condition=Q(
                    state="sending",
                    claimed_by__isnull=False,
                    claimed_at__isnull=False,
                    claimed_until__isnull=False,
                )
                | (
                    ~Q(state="sending")
                    & Q(claimed_by=None, claimed_at=None, claimed_until=None, started_at=None)
                ),
                name="delivery_claim",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="delivery_sent_at"
            ),
        ]
        indexes = [
            models.Index(
                fields=["destination", "-urgent", "next_attempt_at", "id"],
                condition=Q(state="pending"),
                name="delivery_waiting",
            ),
            models.Index(
                fields=["claimed_until", "id"],
                condition=Q(state="sending"),
                name="delivery_claimed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.state}"


class AttemptOutcome(models.TextChoices):
    """How one attempt ended. ``lost``: its sender vanished, so nobody knows."""

    SENT = "sent", pgettext_lazy("attempt", "sent")
    PASSING = "passing", pgettext_lazy("attempt", "failed, will be tried again")
    PERMANENT = "permanent", pgettext_lazy("attempt", "refused for good")
    DROPPED = "dropped", pgettext_lazy("attempt", "not needed any more")
    LOST = "lost", pgettext_lazy("attempt", "interrupted")


class DeliveryAttempt(models.Model):
    """One try that is over; of one that runs, ``Delivery.started_at`` tells."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=AttemptOutcome.choices)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="deliveryattempt_number")
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"


class Circuit(models.Model):
    """How a destination has been doing, from its first failure on.

    ``failures`` counts passing failures in a row. While ``paused_until`` is set the circuit is
    open: nothing is sent there until that moment, then one delivery is tried, and how it goes
    decides. ``paused_at`` is when that pause began, ``pauses`` how many there were since
    ``opened_at``; ``probe`` is the claim of the one that is tried.
    """

    destination = models.CharField(max_length=300, unique=True)
    failures = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    pauses = models.PositiveIntegerField(default=0)
    probe = models.UUIDField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(opened_at=None, paused_at=None, paused_until=None, pauses=0, probe=None)
                | Q(opened_at__isnull=False, paused_at__isnull=False, paused_until__isnull=False),
                name="circuit_pause",
            )
        ]

    def __str__(self) -> str:
        return f"{self.destination}: {'open' if self.opened_at else 'closed'}"


class Rate(models.Model):
    """How fast a channel is used, over all workers; only for one that has a limit.

    ``free_at`` is the moment at which the next message would be in time if they came evenly;
    ``wake_at`` when somebody will look again, so that only one does.
    """

    channel = models.CharField(max_length=10, unique=True, choices=Channel.choices)
    free_at = models.DateTimeField()
    wake_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.channel
