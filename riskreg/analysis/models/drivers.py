"""What several risks share: drivers, what experts believe of them, and how they act on risks."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from riskreg.analysis import ranges
from riskreg.indicators.models import Indicator
from riskreg.kernel.localised import localised
from riskreg.kernel.models import Base
from riskreg.register.visibility import PartyBound
from riskreg.risks.models import Risk


class Family(models.TextChoices):
    """How the range of a driver was given."""

    PERT = "pert", _("lowest, likely, highest")
    LOGNORMAL = "lognormal", _("two ends that 1 in 20 passes each way")


class LinkOn(models.TextChoices):
    """What of a risk a driver moves."""

    FREQUENCY = "frequency", _("how often")
    SEVERITY = "severity", _("what one event costs")


class Form(models.TextChoices):
    """How a driver moves it: in powers of its value, or in steps of its distance."""

    POWER = "power", _("in proportion (a power of its value)")
    LINEAR = "linear", _("in steps (so much per unit)")


class Driver(Base, PartyBound):
    """An uncertain quantity that several risks share: a price, a duty, a share. Append-only but for
    ``indicator``: whose readings say where it stands, in the same unit.

    What is said of it is in its beliefs. One of a party's own is that party's alone.
    """

    ref = models.CharField(max_length=20)
    names = models.JSONField()
    unit = models.CharField(max_length=40)
    indicator = models.ForeignKey(
        Indicator, on_delete=models.PROTECT, null=True, related_name="drivers"
    )

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.UniqueConstraint(fields=["register", "ref"], name="driver_ref"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.name}"

    @property
    def name(self) -> str:
        """Its name in the reader's language."""
        return localised(self.names, self.ref)


class Belief(Base, PartyBound):
    """One expert's range of a driver, with its source and when it is to be looked at again.

    Append-only but for its end: a newer one of the same expert and audience takes its place, or it
    is withdrawn. ``p5`` and ``p95`` are where the range has one in twenty below and above, to hold
    readings against. ``steps``: what is known to come, [{on, factor, why}]: from that day on the
    driver is ``factor`` times what the range says. ``look_on``: the review date, or the day of the
    first step where that is earlier.
    """

    driver = models.ForeignKey(Driver, on_delete=models.PROTECT, related_name="beliefs")
    expert = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    family = models.CharField(max_length=9, choices=Family.choices)
    low = models.DecimalField(max_digits=21, decimal_places=6)
    mode = models.DecimalField(max_digits=21, decimal_places=6, null=True)
    high = models.DecimalField(max_digits=21, decimal_places=6)
    p5 = models.DecimalField(max_digits=24, decimal_places=6)
    p95 = models.DecimalField(max_digits=24, decimal_places=6)
    steps = models.JSONField(default=list, blank=True)
    rationale = models.TextField()
    label = models.CharField(max_length=12)
    sources = models.JSONField(default=list, blank=True)
    as_of = models.DateField()
    review_on = models.DateField(null=True)
    look_on = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(condition=Q(low__lt=F("high")), name="belief_range"),
            models.CheckConstraint(
                condition=Q(family=Family.LOGNORMAL, mode=None, low__gt=0)
                | Q(family=Family.PERT, mode__gte=F("low"), mode__lte=F("high")),
                name="belief_family",
            ),
            models.UniqueConstraint(
                fields=["driver", "expert", "visibility"],
                condition=Q(ended_at=None),
                name="belief_in_force_once",
            ),
        ]
        indexes = [models.Index(fields=["driver", "-at", "-id"], name="belief_driver_at")]

    def __str__(self) -> str:
        return f"{self.driver_id} by {self.expert_id}"

    @property
    def owner_id(self) -> int:
        """Who answers for it: its expert (``permissions.permits``)."""
        return self.expert_id

    @property
    def ref(self) -> str:
        """It is known by its driver."""
        return self.driver.ref

    def localized(self, _field: str) -> str:
        """What it is about, in the reader's language."""
        return self.driver.name

    @property
    def range(self) -> ranges.Range:
        """What the driver may be, without the steps to come."""
        if self.mode is None:
            return ranges.Lognormal(float(self.low), float(self.high))
        return ranges.Pert(float(self.low), float(self.mode), float(self.high))

    def factor_on(self, day: dt.date) -> float:
        """What the steps up to that day have made of the range."""
        factor = 1.0
        for step in self.steps:
            if step["on"] <= day.isoformat():
                factor *= float(step["factor"])
        return factor


class DriverLink(Base, PartyBound):
    """That a driver moves a risk: on what, in which form, how strongly, and why.

    The multiplier is 1 at the driver's middle (the median of what is believed of it). One that
    names anything of a party's own is that party's own.
    """

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="driver_links")
    driver = models.ForeignKey(Driver, on_delete=models.PROTECT, related_name="links")
    on = models.CharField(max_length=9, choices=LinkOn.choices)
    form = models.CharField(max_length=6, choices=Form.choices)
    sensitivity = models.DecimalField(max_digits=21, decimal_places=6)
    rationale = models.TextField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.UniqueConstraint(
                fields=["risk", "driver", "on"],
                condition=Q(ended_at=None),
                name="driverlink_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.driver_id} on {self.on} of {self.risk_id}"
