"""What risks have to do with each other."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from riskreg.kernel.models import Base
from riskreg.register.visibility import PartyBound
from riskreg.risks.models.risks import Risk
from riskreg.risks.models.translated import Translated


class RelationKind(models.TextChoices):
    """What a risk does to the other one, or is of it."""

    CAUSES = "causes", _("causes")
    WORSENS = "worsens", _("worsens")
    PART_OF = "part_of", _("is part of")
    DUPLICATES = "duplicates", _("duplicates")


class RiskRelation(Translated, Base, PartyBound):
    """``risk`` causes, worsens, is part of or duplicates ``other``, since a moment, until it ends.

    It is seen by whoever sees both risks: one with a party's own risk is that party's own. A risk
    and what it is part of are of one audience and one kind, so that nobody's map counts otherwise.
    """

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="relations")
    kind = models.CharField(max_length=10, choices=RelationKind.choices)
    other = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="relations_to_it")
    note = models.TextField(blank=True)
    label = models.CharField(max_length=12, default="judgement")
    translations = models.JSONField(default=dict, blank=True)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(
                condition=Q(kind__in=RelationKind.values), name="riskrelation_kind"
            ),
            models.CheckConstraint(condition=~Q(risk=F("other")), name="riskrelation_not_itself"),
            models.UniqueConstraint(
                fields=["risk"],
                condition=Q(kind="part_of", ended_at=None),
                name="riskrelation_one_parent",
            ),
            models.UniqueConstraint(
                fields=["risk", "other", "kind"],
                condition=Q(visibility="shared", ended_at=None),
                name="riskrelation_once_shared",
            ),
            models.UniqueConstraint(
                fields=["risk", "other", "kind", "party"],
                condition=Q(visibility="party", ended_at=None),
                name="riskrelation_once_own",
            ),
        ]
        indexes = [
            models.Index(fields=["register", "kind", "since"], name="riskrelation_kind_since"),
        ]

    def __str__(self) -> str:
        return f"{self.risk_id} {self.kind} {self.other_id}"
