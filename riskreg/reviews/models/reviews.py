"""The review ledger."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from riskreg.kernel.models import Base
from riskreg.kernel.search import Searchable
from riskreg.register.visibility import PartyBound
from riskreg.risks.models import Assessment, Risk, Translated


class Outcome(models.TextChoices):
    """What looking at the risk came to."""

    UNCHANGED = "unchanged", _("unchanged")
    RESCORED = "rescored", _("rescored")
    MITIGATION_CHANGED = "mitigation_changed", _("mitigation changed")
    ESCALATED = "escalated", _("escalated")
    PROPOSE_CLOSING = "propose_closing", _("proposed for closing")


class Review(Translated, Searchable, Base, PartyBound):
    """The recorded act of looking at a risk. Append-only; the only thing that lets the next review
    date move later.

    ``due_on`` is the date it discharged, ``next_review_on`` the one it set. ``at`` is when it was
    held, ``created_at`` when it was recorded.
    """

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="reviews")
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    comment = models.TextField(blank=True)
    translations = models.JSONField(default=dict, blank=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    assessment = models.OneToOneField(
        Assessment, on_delete=models.PROTECT, null=True, related_name="review"
    )
    due_on = models.DateField()
    next_review_on = models.DateField()
    at = models.DateTimeField()
    brought_in = models.BooleanField(default=False)
    label = models.CharField(max_length=12, default="judgement")

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="review_outcome"),
        ]
        indexes = [models.Index(fields=["risk", "-at", "-id"], name="review_risk_at")]

    def __str__(self) -> str:
        return f"{self.outcome} {self.at:%Y-%m-%d}"

    def texts_to_search(self) -> tuple[Any, ...]:
        """What the reviewer said."""
        return (self.comment, self.translations)
