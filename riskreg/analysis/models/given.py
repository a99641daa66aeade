"""What an expert gives, and gives again: its party's own until it is released to everybody."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from riskreg.kernel.models import Base
from riskreg.register.visibility import PartyBound, Visibility
from riskreg.risks.models.translated import Translated


class Given(Translated, Base, PartyBound):
    """Ranges of one expert, in money of ``base_year``. Append-only: a new one takes the place of
    the expert's last of the same thing.

    Its party's own until it is released, and then everybody's for good, as if it had been given at
    that moment: ``at`` starts anew, so that nobody learns since when its party had it.
    """

    expert = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    base_year = models.PositiveSmallIntegerField()
    rationale = models.TextField()
    translations = models.JSONField(null=True)
    label = models.CharField(max_length=12)
    sources = models.JSONField(default=list, blank=True)
    released_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta(PartyBound.Meta):
        abstract = True
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(
                condition=Q(visibility=Visibility.PARTY, released_at=None, released_by=None)
                | Q(
                    visibility=Visibility.SHARED,
                    released_at=F("at"),
                    released_by__isnull=False,
                ),
                name="%(class)s_released",
            ),
        ]

    @property
    def owner_id(self) -> int:
        """Who answers for it: its expert (``permissions.permits``)."""
        return self.expert_id
