"""Files that hang on things of a register, as records; their bytes are in ``storage``."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from riskreg.kernel.models import Base
from riskreg.register.labels import Label
from riskreg.register.visibility import PartyBound


class Evidence(Base, PartyBound):
    """A file that hangs on a ``thing`` (a kind of ``targets.TARGETS``) of the public id
    ``thing_id``; its own public id is the name under which its bytes are stored.

    It is of the audience that the thing had when it was added, until it is released. What is
    withdrawn has no bytes any more; the record stays. ``at`` is when its readers came to have it,
    ``created_at`` when it was added.
    """

    thing = models.CharField(max_length=20)
    thing_id = models.UUIDField()
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    label = models.CharField(max_length=12, choices=Label.choices)
    source = models.CharField(max_length=500, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    withdrawal_reason = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(condition=Q(label__in=Label.values), name="evidence_label"),
            models.CheckConstraint(condition=Q(size__gt=0), name="evidence_not_empty"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None, withdrawal_reason="")
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False)
                & ~Q(withdrawal_reason=""),
                name="evidence_withdrawn",
            ),
            models.UniqueConstraint(
                fields=["thing_id", "sha256"],
                condition=Q(visibility="shared", withdrawn_at=None),
                name="evidence_once_shared",
            ),
            models.UniqueConstraint(
                fields=["thing_id", "sha256", "party"],
                condition=Q(visibility="party", withdrawn_at=None),
                name="evidence_once_own",
            ),
        ]
        indexes = [
            models.Index(fields=["thing_id", "at"], name="evidence_of_thing"),
            models.Index(fields=["register", "at"], name="evidence_at"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def owner_id(self) -> Any:
        """Whoever added it answers for it."""
        return self.added_by_id

    @property
    def deputy_id(self) -> None:
        """Nobody stands beside them."""
        return


class Upload(Base):
    """A file that is being stored under this public id, or was when its process died: noted before
    the first byte is written, and gone once the file is evidence or its bytes are away."""

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="upload_created_at")]

    def __str__(self) -> str:
        return str(self.uuid)
