"""What modifies a risk: controls that are in place, and planned work."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from riskreg.kernel.models import Base
from riskreg.kernel.search import Searchable
from riskreg.kernel.sorting import Sortable
from riskreg.register.source_words import texts_of_sources
from riskreg.register.visibility import PartyBound
from riskreg.risks.models.risks import Risk
from riskreg.risks.models.translated import Translated


class ControlKind(models.TextChoices):
    """When a control works: before the event or after it."""

    PREVENTIVE = "preventive", _("preventive")
    CORRECTIVE = "corrective", _("corrective")


class Effectiveness(models.TextChoices):
    """What a test, or whoever knows it, found of a control."""

    EFFECTIVE = "effective", _("effective")
    PARTLY = "partly", _("partly effective")
    INEFFECTIVE = "ineffective", _("not effective")


class Control(Translated, Searchable, Base, PartyBound):
    """Something in place that modifies risks; ``risk`` is the one it was first noted on.

    One that works on a risk of a party's own is that party's own. ``next_test_on``: the day by
    which it is to be tested again, ``test_every_days`` after the last test or its making.
    """

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="+")
    risks = models.ManyToManyField(Risk, related_name="controls")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="owned_controls",
    )
    effectiveness = models.CharField(max_length=12, choices=Effectiveness.choices, blank=True)
    tested_on = models.DateField(null=True)
    tested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    test_every_days = models.PositiveIntegerField(null=True)
    next_test_on = models.DateField(null=True)
    end_reason = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=10, choices=ControlKind.choices)
    label = models.CharField(max_length=12, default="judgement")
    source = models.JSONField(default=dict, blank=True)
    translations = models.JSONField(default=dict, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(
                condition=Q(test_every_days=None, next_test_on=None)
                | Q(test_every_days__isnull=False, next_test_on__isnull=False),
                name="control_next_test",
            ),
        ]
        indexes = [
            models.Index(
                fields=["register", "next_test_on"],
                condition=Q(ended_at=None),
                name="control_test_due",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def texts_to_search(self) -> tuple[Any, ...]:
        """Its name in every language, and its source."""
        return (self.name, self.translations, texts_of_sources(self.source))


class MitigationStatus(models.TextChoices):
    """How far planned work has come."""

    PLANNED = "planned", _("planned")
    IN_PROGRESS = "in_progress", _("in progress")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("cancelled")


class Mitigation(Translated, Searchable, Sortable, Base, PartyBound):
    """Planned work that should change risks (ISO 31073: risk treatment).

    ``cost`` is what it is planned to cost and ``spent`` what it has cost so far, in the register's
    currency or None (not known). ``progress_note`` is what was said with the newest ``progress``.
    One that serves a risk of a party's own is that party's own. ``next_update_on``: while it is in
    progress, the last day on which word of how it stands is in time
    (``policy.next_update_due_if_in_progress``); None otherwise. ``ended_with``: the risk with whose
    closing it was cancelled, because it served no other. ``external_id`` is what its party's other
    systems call it, for that party alone."""

    ref = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    expected_effect = models.TextField(blank=True)
    status = models.CharField(max_length=12, choices=MitigationStatus.choices)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_mitigations"
    )
    due_on = models.DateField()
    cost = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    spent = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    progress = models.PositiveSmallIntegerField(default=0)
    progress_note = models.TextField(blank=True, default="", db_default="")
    next_update_on = models.DateField(null=True)
    risks = models.ManyToManyField(Risk, related_name="mitigations")
    external_id = models.CharField(max_length=120, null=True, blank=True)  # noqa: DJ001
    ended_with = models.ForeignKey(Risk, on_delete=models.PROTECT, null=True, related_name="+")
    labels = models.JSONField(default=dict, blank=True)
    translations = models.JSONField(default=dict, blank=True)
    outdated_translations = models.JSONField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField()

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.UniqueConstraint(fields=["register", "ref"], name="mitigation_ref"),
            models.UniqueConstraint(
                fields=["register", "party", "external_id"],
                condition=Q(external_id__isnull=False),
                name="mitigation_external_id",
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="mitigation_progress"),
            models.CheckConstraint(condition=Q(cost=None) | Q(cost__gte=0), name="mitigation_cost"),
            models.CheckConstraint(
                condition=Q(status="in_progress", next_update_on__isnull=False)
                | ~Q(status="in_progress") & Q(next_update_on=None),
                name="mitigation_next_update",
            ),
        ]
        indexes = [
            models.Index(fields=["register", "due_on"], name="mitigation_due"),
            models.Index(
                fields=["register", "due_on"],
                condition=Q(status__in=["planned", "in_progress"]),
                name="mitigation_running_due",
            ),
            models.Index(
                fields=["register", "next_update_on"],
                condition=Q(status="in_progress"),
                name="mitigation_update_due",
            ),
            models.Index(fields=["owner", "status", "due_on"], name="mitigation_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def texts_to_search(self) -> tuple[Any, ...]:
        """Its texts in every language."""
        return (self.title, self.description, self.expected_effect, self.translations)

    def title_or_name_to_sort_by(self, language: str) -> str:
        """Its title."""
        return self.in_language("title", language)
