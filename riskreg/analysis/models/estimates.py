"""What experts believe of risks in numbers."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from riskreg.analysis import ranges
from riskreg.analysis.models.given import Given
from riskreg.kernel.models import Base
from riskreg.register.visibility import PartyBound
from riskreg.risks.models import Risk


class EstimateStage(models.TextChoices):
    """What an estimate takes into account."""

    RESIDUAL = "residual", _("as it stands today")
    TARGET = "target", _("after the planned mitigations")


class FrequencyKind(models.TextChoices):
    """How often is meant how: several times a year can happen, or once at most."""

    RATE = "rate", _("events a year")
    PROBABILITY = "probability", _("chance in a year, once at most")


class SeverityFamily(models.TextChoices):
    """How the range of one event's impact was given."""

    LOGNORMAL = "lognormal", _("two ends that 1 in 20 passes each way")
    PERT = "pert", _("lowest, likely, highest")


class Estimate(Given):
    """One expert's ranges of how often a risk happens in a year, and what one event costs (or, of
    an opportunity, brings). Append-only: a new one takes the place of the expert's last of a stage.

    Its party's own until it is released, and then everybody's for good, as if it had been given at
    that moment: ``at`` starts anew, so that nobody learns since when its party had it. Of a
    lognormal severity
    ``severity_low`` and ``severity_high`` are its P5 and P95. Amounts are in ``currency`` of
    ``base_year``. ``included``: what the numbers reckon with already.
    """

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="estimates")
    stage = models.CharField(max_length=8, choices=EstimateStage.choices)
    frequency_kind = models.CharField(max_length=11, choices=FrequencyKind.choices)
    frequency_low = models.DecimalField(max_digits=21, decimal_places=6)
    frequency_mode = models.DecimalField(max_digits=21, decimal_places=6)
    frequency_high = models.DecimalField(max_digits=21, decimal_places=6)
    severity_family = models.CharField(max_length=9, choices=SeverityFamily.choices)
    severity_low = models.DecimalField(max_digits=18, decimal_places=2)
    severity_mode = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    severity_high = models.DecimalField(max_digits=18, decimal_places=2)
    severity_cap = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    included = models.TextField(blank=True)

    class Meta(Given.Meta):
        constraints = [
            *Given.Meta.constraints,
            models.CheckConstraint(
                condition=Q(frequency_low__gte=0)
                & Q(frequency_low__lte=F("frequency_mode"))
                & Q(frequency_mode__lte=F("frequency_high"))
                & Q(frequency_low__lt=F("frequency_high")),
                name="estimate_frequency",
            ),
            models.CheckConstraint(
                condition=Q(frequency_kind=FrequencyKind.RATE) | Q(frequency_high__lte=1),
                name="estimate_probability",
            ),
            models.CheckConstraint(
                condition=Q(severity_low__gte=0) & Q(severity_low__lt=F("severity_high")),
                name="estimate_severity",
            ),
            models.CheckConstraint(
                condition=Q(severity_family=SeverityFamily.LOGNORMAL, severity_mode=None)
                | Q(
                    severity_family=SeverityFamily.PERT,
                    severity_mode__isnull=False,
                    severity_cap=None,
                ),
                name="estimate_family",
            ),
        ]
        indexes = [models.Index(fields=["risk", "-at", "-id"], name="estimate_risk_at")]

    def __str__(self) -> str:
        return f"{self.stage} of {self.risk_id} by {self.expert_id}"

    @property
    def frequency(self) -> ranges.Pert:
        """How often, in a year."""
        low, mode, high = self.frequency_low, self.frequency_mode, self.frequency_high
        return ranges.Pert(float(low), float(mode), float(high))

    @property
    def severity(self) -> ranges.Range:
        """What one event costs."""
        low, high = float(self.severity_low), float(self.severity_high)
        if self.severity_mode is not None:
            return ranges.Pert(low, float(self.severity_mode), high)
        cap = None if self.severity_cap is None else float(self.severity_cap)
        return ranges.Lognormal(low, high, cap)


class Simulation(Base, PartyBound):
    """One run: what a year could cost, from the estimates of one audience, frozen with their hash.

    Append-only; how far it is stands in its job (``jobs.Job.subject``). A shared run has read what
    every party sees and nothing else; a party's run has read its own as well, and stays with it.
    ``inputs``: canonical JSON of everything that the figures are a function of. ``about``: public
    id of the decision whose options it weighs; None for a run of its own.
    """

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()
    years = models.PositiveIntegerField()
    seed = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    base_year = models.PositiveSmallIntegerField()
    engine = models.CharField(max_length=20)
    inputs = models.TextField()
    digest = models.CharField(max_length=64)
    about = models.UUIDField(null=True)

    class Meta(PartyBound.Meta):
        indexes = [
            models.Index(fields=["about", "-at", "-id"], name="simulation_about"),
            models.Index(fields=["register", "-at", "-id"], name="simulation_at"),
            models.Index(fields=["register", "digest"], name="simulation_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.years} years from {self.digest[:8]}"

    @property
    def owner_id(self) -> int:
        """Who answers for it: who asked for it (``permissions.permits``)."""
        return self.requested_by_id
