"""What was brought in: each import, and what became of each of its rows."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from riskreg.exchange.pack_choices import PackFormat as PackFormat
from riskreg.exchange.pack_choices import PackLanguage as PackLanguage
from riskreg.exchange.schedule_models import PackSchedule as PackSchedule
from riskreg.exchange.schedule_models import PackSending as PackSending
from riskreg.exchange.schedule_models import Repeats as Repeats
from riskreg.exchange.schedule_models import ScheduledFormat as ScheduledFormat
from riskreg.exchange.schedule_models import SendingState as SendingState
from riskreg.kernel.models import Base
from riskreg.register.visibility import PartyBound, Visibility


class Import(Base, PartyBound):
    """One file that was brought into a register, by somebody for their party; that party's own.

    ``answers`` is how its columns and scales were read; ``signature`` names its header, so that the
    next file of that shape is read the same way. ``report`` is what was said of it then.
    ``undone_at``: it was taken back, as far as a register takes anything back.
    """

    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    signature = models.CharField(max_length=64)
    answers = models.JSONField(default=dict, blank=True)
    report = models.JSONField(default=dict, blank=True)
    notes = models.JSONField(default=list, blank=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta(PartyBound.Meta):
        indexes = [
            models.Index(fields=["register", "party", "-created_at"], name="import_latest"),
            models.Index(fields=["register", "party", "signature"], name="import_signature"),
        ]

    def __str__(self) -> str:
        return self.file_name


class ImportDraft(Base, PartyBound):
    """A file that somebody is looking through before it is brought in; gone when it is, or after a
    day. ``answers`` null: nothing was answered yet."""

    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    file_name = models.CharField(max_length=200)
    sheet = models.CharField(max_length=200, blank=True)
    pasted = models.BooleanField(default=False)
    data = models.BinaryField()
    answers = models.JSONField(null=True, blank=True)

    class Meta(PartyBound.Meta):
        indexes = [models.Index(fields=["register", "made_by"], name="import_draft_of")]

    def __str__(self) -> str:
        return self.file_name


class BoardPack(Base, PartyBound):
    """A paper for a meeting that somebody asked for; their party's own, and gone after a month.

    ``audience``: whether it holds what every party sees, or what is the party's own as well.
    ``as_of`` is the day that it tells of, ``since`` that which it compares with. ``data`` is the
    file, once a worker has made it (``jobs.Job.subject``). Nothing is lost with it: the same day
    gives the same again. ``sending``: it was not asked for, but made before a meeting.
    """

    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    audience = models.CharField(max_length=6, choices=Visibility.choices)
    as_of = models.DateField()
    since = models.DateField()
    language = models.CharField(max_length=7, choices=PackLanguage.choices)
    format = models.CharField(max_length=4, choices=PackFormat.choices)
    data = models.BinaryField(null=True)
    sending = models.ForeignKey(
        PackSending, on_delete=models.PROTECT, null=True, related_name="packs"
    )

    class Meta(PartyBound.Meta):
        indexes = [
            models.Index(fields=["register", "party", "-created_at"], name="board_pack_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.as_of} {self.format}"


class ImportedRow(models.Model):
    """What became of one row: ``outcome`` new, updated, skipped or refused.

    ``version`` is the risk's afterwards, so that undoing sees whether it was changed since;
    ``before`` what an update replaced. ``owner_name``: whom the file named as owner and nobody here
    is called; the risk waits to be assigned while ``parked_with`` still owns it.
    """

    of_import = models.ForeignKey(Import, on_delete=models.PROTECT, related_name="rows")
    number = models.PositiveIntegerField()
    outcome = models.CharField(max_length=8)
    title = models.CharField(max_length=200, blank=True)
    column = models.CharField(max_length=200, blank=True)
    why = models.TextField(blank=True)
    risk = models.ForeignKey("risks.Risk", on_delete=models.PROTECT, null=True, related_name="+")
    version = models.PositiveIntegerField(null=True)
    before = models.JSONField(default=dict, blank=True)
    made = models.JSONField(default=dict, blank=True)
    owner_name = models.CharField(max_length=200, blank=True)
    parked_with = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["of_import", "number"], name="imported_row_number"),
            models.CheckConstraint(
                condition=Q(outcome__in=["new", "updated", "skipped", "refused"]),
                name="imported_row_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["risk"], condition=~Q(owner_name=""), name="imported_row_parked"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.outcome}"

    def to_json(self) -> dict[str, Any]:
        """As a report file has it."""
        return {
            "row": self.number,
            "outcome": self.outcome,
            "title": self.title,
            "column": self.column,
            "why": self.why,
        }
