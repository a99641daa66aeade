"""That somebody's things were handed over, kept for whoever asks later."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from riskreg.kernel.models import Base
from riskreg.register.visibility import PartyBound


class ItemKind(models.TextChoices):
    """Which of a person's things."""

    ALL = "all", _("everything")
    RISKS = "risks", _("risks")
    MITIGATIONS = "mitigations", _("mitigations")
    INDICATORS = "indicators", _("indicators")
    CONTROLS = "controls", _("controls")


class HandOver(Base, PartyBound):
    """What one person answered for went to another, in one step. Append-only.

    ``counts`` says how many of each went: ``owned``, ``deputised``, ``mitigations``,
    ``indicators``, ``controls``. They count private things as well, so that the record is its
    party's own.
    """

    from_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    to_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    part = models.CharField(max_length=12, choices=ItemKind.choices, default=ItemKind.ALL)
    reason = models.TextField()
    at = models.DateTimeField()
    counts = models.JSONField()

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(from_user=F("to_user")), name="handover_somebody_else"
            ),
        ]
        indexes = [models.Index(fields=["register", "party", "-at"], name="handover_at")]

    def __str__(self) -> str:
        return f"{self.from_user_id} to {self.to_user_id} at {self.at:%Y-%m-%d}"
