"""Written permission to be late."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language

from riskreg.kernel.models import Base
from riskreg.register.visibility import PartyBound
from riskreg.reviews.models.reviews import Review
from riskreg.risks.models import Risk


class Extension(Base, PartyBound):
    """A manager's written word that the review due on ``due_on`` may wait until ``until``.

    Append-only. It defers the reminders that are still to come and never the due date itself (I1):
    the review shows as late, extended, and counts as late. It is for one occasion, and once: the
    next review after ``reviewed_before``, the last one recorded when it was granted (None: none
    had been). A review set later for the very same day is another occasion. ``at`` is when it was
    granted, ``created_at`` when it was recorded.
    """

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="extensions")
    reviewed_before = models.ForeignKey(
        Review, on_delete=models.PROTECT, null=True, related_name="+"
    )
    due_on = models.DateField()
    until = models.DateField()
    reason = models.TextField()
    translations = models.JSONField(null=True, blank=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()
    brought_in = models.BooleanField(default=False)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.UniqueConstraint(
                fields=["risk", "due_on", "reviewed_before"], name="extension_once"
            ),
            # NULL is equal to no NULL: those of risks that nobody had reviewed need a rule of
            # their own.
            models.UniqueConstraint(
                fields=["risk", "due_on"],
                condition=Q(reviewed_before=None),
                name="extension_once_first",
            ),
            models.CheckConstraint(condition=Q(until__gt=F("due_on")), name="extension_later"),
        ]
        indexes = [models.Index(fields=["register", "due_on"], name="extension_due")]

    def __str__(self) -> str:
        return f"{self.due_on} → {self.until}"

    def localized(self, field: str) -> str:
        """A text in the reader's language; ``title``: that of its risk."""
        if field == "title":
            return str(self.risk.localized(field))
        version = (self.translations or {}).get(get_language() or "", {})
        return str(version.get(field) or getattr(self, field))
