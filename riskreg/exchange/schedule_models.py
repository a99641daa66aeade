"""Board packs that are made and sent before a meeting, without anybody asking each time."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from riskreg.exchange.pack_choices import PackLanguage
from riskreg.kernel.models import Base
from riskreg.register.visibility import PartyBound, Visibility


class ScheduledFormat(models.TextChoices):
    """What is made before each meeting."""

    PDF = "pdf", "PDF"
    PPTX = "pptx", "PowerPoint"
    BOTH = "both", _("PDF and PowerPoint")


class Repeats(models.TextChoices):
    """What the meetings of a schedule have in common with the first one."""

    DAY = "day", _("on the same day of the month")
    WEEKDAY = "weekday", _("on the same weekday of the same week of the month")


class PackSchedule(Base, PartyBound):
    """Before each meeting called ``title`` a pack is made, ``days_before`` it, and whoever
    ``recipients`` names (public ids) is written to. A party's own: no other learns of it.

    The first meeting is on ``first_on``; ``every_months`` null: it is the only one, otherwise the
    next is that many months later, on the day that ``repeats`` says. ``counts_from``: the day on
    which the meetings were last said, since when they are waited for. ``next_on`` is the first
    meeting that nothing was done for yet, ``make_on`` the day for it; null: there is none, or the
    schedule has ended.
    """

    title = models.CharField(max_length=200)
    first_on = models.DateField()
    every_months = models.PositiveSmallIntegerField(null=True)
    repeats = models.CharField(max_length=7, choices=Repeats.choices)
    days_before = models.PositiveSmallIntegerField()
    audience = models.CharField(max_length=6, choices=Visibility.choices)
    language = models.CharField(max_length=7, choices=PackLanguage.choices)
    format = models.CharField(max_length=4, choices=ScheduledFormat.choices)
    recipients = models.JSONField()
    counts_from = models.DateField()
    next_on = models.DateField(null=True)
    make_on = models.DateField(null=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(
                condition=Q(visibility=Visibility.PARTY), name="packschedule_private"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(make_on=None), name="packschedule_ended"
            ),
        ]
        indexes = [
            models.Index(
                fields=["make_on"], condition=Q(make_on__isnull=False), name="packschedule_due"
            ),
            models.Index(fields=["register", "party", "created_at"], name="packschedule_of"),
        ]

    def __str__(self) -> str:
        return self.title


class SendingState(models.TextChoices):
    """What became of the pack for one meeting. ``skipped``: the meeting was over, and a later one
    due as well, before anything could be made."""

    MAKING = "making", pgettext_lazy("pack", "being made")
    SENT = "sent", pgettext_lazy("pack", "sent")
    FAILED = "failed", pgettext_lazy("pack", "failed")
    SKIPPED = "skipped", pgettext_lazy("pack", "left out")


class PackSending(Base):
    """What was done for one meeting of a schedule: once, whoever comes by how often.

    ``due_on``: the day on which it was to be made; ``created_at`` later than that day is late.
    ``maker``: in whose name; whoever said the schedule, or another of the party who may make packs.
    ``figures``: what the mail names, ``notified`` who was written to (public ids), ``left_out`` who
    was not and why ({user, why}), ``failure`` what could not be made, in the maker's language.
    """

    schedule = models.ForeignKey(PackSchedule, on_delete=models.PROTECT, related_name="sendings")
    meeting_on = models.DateField()
    due_on = models.DateField()
    state = models.CharField(max_length=7, choices=SendingState.choices)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    figures = models.JSONField(default=dict, blank=True)
    notified = models.JSONField(default=list, blank=True)
    left_out = models.JSONField(default=list, blank=True)
    failure = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["schedule", "meeting_on"], name="packsending_once"),
            models.CheckConstraint(
                condition=Q(state="making", ended_at=None)
                | (~Q(state="making") & Q(ended_at__isnull=False)),
                name="packsending_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state="making"), name="packsending_making")
        ]

    def __str__(self) -> str:
        return f"{self.meeting_on}: {self.state}"
