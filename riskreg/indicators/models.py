"""Indicators: measured series with thresholds, their readings, and what a crossing opened."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from riskreg.kernel.localised import in_language, localised
from riskreg.kernel.models import Base
from riskreg.kernel.search import Searchable
from riskreg.kernel.sorting import Sortable
from riskreg.register.source_words import texts_of_sources
from riskreg.register.visibility import PartyBound


class Direction(models.TextChoices):
    """Which way is bad; empty for a band, where both are."""

    HIGHER_IS_WORSE = "higher_is_worse", _("higher is worse")
    LOWER_IS_WORSE = "lower_is_worse", _("lower is worse")


class Kind(models.TextChoices):
    """What a value is held against."""

    FIXED = "fixed", _("fixed limits")
    BAND = "band", _("a band to stay in")
    PACE = "pace", _("pace toward an objective")


class Growth(models.TextChoices):
    """How a required path runs from its start to the objective."""

    LINEAR = "linear", _("the same amount every day")
    COMPOUND = "compound", _("the same rate every day")


class Status(models.TextChoices):
    """Where the newest value stands; empty while nothing was read."""

    GREEN = "green", _("green")
    AMBER = "amber", _("amber")
    RED = "red", _("red")


class BreachAt(models.TextChoices):
    """From which status on an indicator calls for a review."""

    RED = "red", _("red")
    AMBER = "amber", _("amber")


class Origin(models.TextChoices):
    """How a reading came in."""

    HAND = "hand", _("by hand")
    CSV = "csv", _("from a file")
    API = "api", _("by a program")
    DEMO = "demo", _("with the demo")


class Precision(models.TextChoices):
    """How exactly the time of a reading is known; a year's figure stands on its last day."""

    MOMENT = "moment", _("moment")
    DAY = "day", _("day")
    MONTH = "month", _("month")
    YEAR = "year", _("year")


class Indicator(Searchable, Sortable, Base, PartyBound):
    """A measured series in ``unit`` and the limits it is held against, linked to risks.

    ``fixed``: ``amber`` and ``red`` are values. ``band``: the same, with ``amber_low`` and
    ``red_low`` below. ``pace``: ``amber`` and ``red`` are percent behind the path that leads from
    ``start_value`` on ``start_on`` to the objective. ``hysteresis`` is how far a value must come
    back over a limit before the status improves, in the measure of the limits. A status of
    ``breach_at`` or worse calls for reviews of the linked risks. A reading is expected every
    ``frequency_days``, and late ``grace_days`` after; ``next_reading_on`` is the last day in time.
    ``label`` and ``limit_notes`` say where the limits come from, ``source`` where the series does.
    ``status``, ``latest_at`` and ``latest_value`` say how the newest reading stands. ``version``
    goes up when the indicator is edited, ``updated_at`` also moves with readings. ``ended_with``:
    the risk with whose closing it was retired, because it watched no other.
    ``outdated_translations`` ({language: [field]}, None for none): names and notes whose original,
    the English text or else the first, has changed since.
    ``external_id`` is what its party's other systems call it, for that party alone.
    """

    ref = models.CharField(max_length=20)
    names = models.JSONField()
    descriptions = models.JSONField(default=dict, blank=True)
    unit = models.CharField(max_length=40)
    kind = models.CharField(max_length=5, choices=Kind.choices)
    direction = models.CharField(max_length=15, choices=Direction.choices, blank=True)
    amber = models.DecimalField(max_digits=24, decimal_places=6)
    red = models.DecimalField(max_digits=24, decimal_places=6)
    amber_low = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    red_low = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    objective = models.ForeignKey(
        "register.Objective", on_delete=models.PROTECT, null=True, related_name="indicators"
    )
    growth = models.CharField(max_length=8, choices=Growth.choices, blank=True)
    start_on = models.DateField(null=True)
    start_value = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    hysteresis = models.DecimalField(max_digits=24, decimal_places=6, default=0)
    breach_at = models.CharField(max_length=5, choices=Status.choices, default=Status.RED)
    frequency_days = models.PositiveIntegerField()
    grace_days = models.PositiveIntegerField(default=0)
    label = models.CharField(max_length=12)
    limit_notes = models.JSONField(default=dict, blank=True)
    source = models.JSONField(default=dict, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_indicators"
    )
    risks = models.ManyToManyField("risks.Risk", related_name="indicators")
    external_id = models.CharField(max_length=120, null=True, blank=True)  # noqa: DJ001
    outdated_translations = models.JSONField(null=True, blank=True)
    ended_with = models.ForeignKey(
        "risks.Risk", on_delete=models.PROTECT, null=True, related_name="+"
    )
    active = models.BooleanField(default=True)
    status = models.CharField(max_length=5, choices=Status.choices, blank=True)
    latest_at = models.DateTimeField(null=True)
    latest_value = models.DecimalField(max_digits=24, decimal_places=6, null=True)
    next_reading_on = models.DateField()
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.UniqueConstraint(fields=["register", "ref"], name="indicator_ref"),
            models.UniqueConstraint(
                fields=["register", "party", "external_id"],
                condition=Q(external_id__isnull=False),
                name="indicator_external_id",
            ),
            models.CheckConstraint(
                condition=Q(kind="fixed", direction="higher_is_worse", amber__lt=F("red"))
                | Q(kind="fixed", direction="lower_is_worse", amber__gt=F("red"))
                | Q(
                    kind="band",
                    direction="",
                    red_low__lt=F("amber_low"),
                    amber_low__lt=F("amber"),
                    amber__lt=F("red"),
                )
                | Q(
                    kind="pace",
                    direction__in=Direction.values,
                    amber__gt=0,
                    amber__lt=F("red"),
                    objective__isnull=False,
                    growth__in=Growth.values,
                    start_on__isnull=False,
                    start_value__gt=0,
                ),
                name="indicator_limits",
            ),
            models.CheckConstraint(condition=Q(hysteresis__gte=0), name="indicator_hysteresis"),
            models.CheckConstraint(
                condition=Q(breach_at__in=[Status.AMBER, Status.RED]), name="indicator_breach_at"
            ),
            models.CheckConstraint(
                condition=Q(status="", latest_at=None, latest_value=None)
                | Q(latest_at__isnull=False, latest_value__isnull=False),
                name="indicator_latest",
            ),
        ]
        indexes = [
            models.Index(
                fields=["register", "next_reading_on"],
                condition=Q(active=True),
                name="indicator_expected",
            ),
            models.Index(fields=["owner", "next_reading_on"], name="indicator_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.name}"

    def texts_to_search(self) -> tuple[Any, ...]:
        """Its names and texts in every language, and its source."""
        return (self.names, self.descriptions, self.limit_notes, texts_of_sources(self.source))

    def title_or_name_to_sort_by(self, language: str) -> str:
        """Its name."""
        return in_language(self.names, language)

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return localised(self.names, self.ref)

    def outdated_fields(self, *fields: str) -> list[str]:
        """Those of ``fields`` that the reader is shown in a version older than the original."""
        stale = (self.outdated_translations or {}).get(get_language() or "", ())
        return [field for field in fields if field in stale]

    def localized(self, field: str) -> str:
        """``title`` is the name in the reader's language; other fields are as they are."""
        return self.name if field == "title" else str(getattr(self, field))


class Reading(Base):
    """One value of an indicator at one time. Append-only.

    A correction is a row of its own that names the one it ``corrects``; of the rows of one time the
    newest counts. ``created_at`` is when it was recorded.
    """

    indicator = models.ForeignKey(Indicator, on_delete=models.PROTECT, related_name="readings")
    at = models.DateTimeField()
    value = models.DecimalField(max_digits=24, decimal_places=6)
    precision = models.CharField(max_length=6, choices=Precision.choices)
    label = models.CharField(max_length=12)
    source = models.JSONField(default=dict, blank=True)
    origin = models.CharField(max_length=4, choices=Origin.choices)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    corrects = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="correction"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "at"], condition=Q(corrects=None), name="reading_once"
            ),
            models.CheckConstraint(condition=Q(origin__in=Origin.values), name="reading_origin"),
        ]
        indexes = [models.Index(fields=["indicator", "-at", "-id"], name="reading_indicator_at")]

    def __str__(self) -> str:
        return f"{self.value} at {self.at:%Y-%m-%d}"


class Breach(Base, PartyBound):
    """An indicator came to stand where it calls for a review of one of its risks.

    It is over when a review of that risk is recorded after it: one newer than ``reviewed_before``,
    the newest there was when it opened (both are written under a lock on the risk). It is its own
    audience's: that of the indicator or of the risk, whichever is narrower. Append-only.
    """

    indicator = models.ForeignKey(Indicator, on_delete=models.PROTECT, related_name="breaches")
    risk = models.ForeignKey("risks.Risk", on_delete=models.PROTECT, related_name="breaches")
    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=5, choices=Status.choices)
    opened_at = models.DateTimeField()
    due_on = models.DateField()
    reviewed_before = models.ForeignKey(
        "reviews.Review", on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(
                condition=Q(status__in=[Status.AMBER, Status.RED]), name="breach_status"
            ),
        ]
        indexes = [
            models.Index(fields=["risk", "-id"], name="breach_risk"),
            models.Index(fields=["register", "due_on"], name="breach_due"),
        ]

    def __str__(self) -> str:
        return f"{self.indicator_id} {self.status}"

    def localized(self, field: str) -> str:
        """``title``: that of the risk whose review it calls for, in the reader's language."""
        return str(self.risk.localized(field)) if field == "title" else str(getattr(self, field))
