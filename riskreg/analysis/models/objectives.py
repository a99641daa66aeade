"""How the level of an objective comes about, version by version."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from riskreg.kernel.models import Base
from riskreg.register.models import Objective
from riskreg.register.visibility import PartyBound
from riskreg.risks.models.translated import Translated


class Direction(models.TextChoices):
    """When an objective is met."""

    AT_LEAST = "at_least", _("at its value or above")
    AT_MOST = "at_most", _("at its value or below")


class Pace(models.TextChoices):
    """What the range of growth is of."""

    STEADY = "steady", _("one pace for all years that nobody knows")
    YEARLY = "yearly", _("another pace each year")


class ObjectiveModel(Translated, Base, PartyBound):
    """What an objective is expected to come to if none of the named events happens, and what events
    and drivers make of that. Append-only: another version takes its place.

    ``number`` counts the versions that everybody sees, and those of each party by themselves.
    Growth is in per cent a year. ``hits``: [{risk, low, mode, high, years}], what an event of a
    risk (its public id) does to the level in per cent, and for how many years; low and high are
    null where it is one number, years where it lasts. ``lifts``: [{mitigation, low, mode, high,
    from_year}], what a mitigation (its public id) adds to the level in per cent, from the year on
    in which it works; null is the year after it is due. ``elasticities``: [{driver, elasticity}].
    """

    objective = models.ForeignKey(Objective, on_delete=models.PROTECT, related_name="models")
    number = models.PositiveIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    direction = models.CharField(max_length=8, choices=Direction.choices)
    start = models.DecimalField(max_digits=21, decimal_places=6)
    start_year = models.PositiveSmallIntegerField()
    growth_low = models.DecimalField(max_digits=21, decimal_places=6)
    growth_mode = models.DecimalField(max_digits=21, decimal_places=6)
    growth_high = models.DecimalField(max_digits=21, decimal_places=6)
    pace = models.CharField(max_length=6, choices=Pace.choices)
    hits = models.JSONField(default=list, blank=True)
    lifts = models.JSONField(default=list, db_default=[], blank=True)
    elasticities = models.JSONField(default=list, blank=True)
    rationale = models.TextField()
    translations = models.JSONField(null=True)
    label = models.CharField(max_length=12)
    sources = models.JSONField(default=list, blank=True)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(condition=Q(start__gt=0), name="objectivemodel_start"),
            models.CheckConstraint(
                condition=Q(growth_low__gte=-100)
                & Q(growth_low__lte=F("growth_mode"))
                & Q(growth_mode__lte=F("growth_high")),
                name="objectivemodel_growth",
            ),
            models.UniqueConstraint(
                fields=["objective", "number"],
                condition=Q(visibility="shared"),
                name="objectivemodel_number_shared",
            ),
            models.UniqueConstraint(
                fields=["objective", "party", "number"],
                condition=Q(visibility="party"),
                name="objectivemodel_number_party",
            ),
        ]
        indexes = [models.Index(fields=["objective", "-at", "-id"], name="objectivemodel_at")]

    def __str__(self) -> str:
        return f"{self.objective_id} version {self.number}"

    @property
    def owner_id(self) -> int:
        """Who answers for it: who gave it (``permissions.permits``)."""
        return self.author_id

    @property
    def ref(self) -> str:
        """It is known by its objective."""
        return self.objective.key
