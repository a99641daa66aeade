"""Review meetings: a set of risks gone through together, and the minutes of it."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from riskreg.kernel.models import Base
from riskreg.kernel.search import Searchable
from riskreg.register.visibility import PartyBound
from riskreg.reviews.models.reviews import Review
from riskreg.risks.models import Risk


class ItemOutcome(models.TextChoices):
    """What became of an item of the agenda."""

    PENDING = "pending", _("not reached")
    REVIEWED = "reviewed", _("reviewed")
    DEFERRED = "deferred", _("deferred")


class Meeting(Searchable, Base, PartyBound):
    """People go through a set of risks and record what they find. Append-only once ended.

    Shared: members of every party may attend, and only shared risks are on the agenda. A party's
    own may hold its private risks, and only its members attend it or know of it. ``recipe`` is the
    filter that the set was picked by, as a query string's names and values. ``chair`` is who leads
    it now; ``party`` whose member started it.
    """

    title = models.CharField(max_length=200)
    recipe = models.JSONField(default=dict)
    chair = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")),
                name="meeting_forward",
            ),
        ]
        indexes = [models.Index(fields=["register", "-started_at"], name="meeting_newest")]

    def __str__(self) -> str:
        return self.title

    def texts_to_search(self) -> tuple[Any, ...]:
        """Its title."""
        return (self.title,)

    @property
    def running(self) -> bool:
        """Whether it can still be added to."""
        return self.ended_at is None


class MeetingItem(models.Model):
    """One risk on the agenda. ``number`` counts from 1.

    ``before`` and ``after`` are the residual cell with the number of its criteria, or null where
    the risk was unrated. A review is recorded as any other, and linked here. ``ended_at`` is the
    meeting's, kept here so that the database can refuse what comes after it.
    """

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="items")
    number = models.PositiveSmallIntegerField()
    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="+")
    outcome = models.CharField(
        max_length=8, choices=ItemOutcome.choices, default=ItemOutcome.PENDING
    )
    note = models.TextField(blank=True)
    review = models.OneToOneField(
        Review, on_delete=models.PROTECT, null=True, related_name="meeting_item"
    )
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    due_on = models.DateField(null=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    recorded_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["meeting_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "number"], name="meetingitem_number"),
            models.UniqueConstraint(fields=["meeting", "risk"], name="meetingitem_risk"),
            models.CheckConstraint(
                condition=Q(outcome="reviewed", review__isnull=False)
                | Q(outcome__in=["pending", "deferred"], review=None),
                name="meetingitem_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"

    @property
    def cell(self) -> dict[str, Any] | None:
        """Where the risk stood when the item was done with."""
        return self.after or self.before


class Attendance(models.Model):
    """Somebody was there from ``joined_at`` to ``left_at`` (None: still, or to the end)."""

    meeting = models.ForeignKey(Meeting, on_delete=models.PROTECT, related_name="attendances")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "user"], condition=Q(left_at=None), name="attendance_once"
            ),
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(left_at__gte=F("joined_at")),
                name="attendance_forward",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.meeting_id}"
