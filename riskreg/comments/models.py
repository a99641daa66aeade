"""Comments, and how they read before they were edited."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from riskreg.kernel.models import Base
from riskreg.register.visibility import PartyBound


class Comment(Base, PartyBound):
    """What somebody said about a thing, named by type and public id.

    ``visibility`` and ``party`` are those that the thing had when it was written: what was said of
    a party's own thing stays that party's when the thing is shared. ``reading``: which reading of
    an indicator it is about, if one. ``text`` and ``mentions`` (public ids of people) are the
    newest; what they replaced is in ``EarlierWording``. One that is withdrawn keeps its text.
    """

    about_type = models.CharField(max_length=20)
    about = models.UUIDField()
    reading = models.UUIDField(null=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="comments"
    )
    text = models.TextField()
    mentions = models.JSONField(default=list, blank=True)
    edits = models.PositiveSmallIntegerField(default=0)
    edited_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta(PartyBound.Meta):
        constraints = [
            *PartyBound.Meta.constraints,
            models.CheckConstraint(
                condition=Q(edits=0, edited_at=None) | Q(edits__gt=0, edited_at__isnull=False),
                name="comment_edited",
            ),
        ]
        indexes = [
            models.Index(fields=["about", "-created_at", "-id"], name="comment_about"),
            models.Index(fields=["register", "-created_at", "-id"], name="comment_newest"),
            models.Index(fields=["author", "created_at"], name="comment_author"),
        ]

    def __str__(self) -> str:
        return f"{self.author} on {self.about_type} {self.about}"


class EarlierWording(models.Model):
    """How a comment read from ``written_at`` until it was edited. Append-only."""

    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, related_name="earlier")
    number = models.PositiveSmallIntegerField()
    text = models.TextField()
    mentions = models.JSONField(default=list, blank=True)
    written_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["comment", "number"], name="earlierwording_number")
        ]

    def __str__(self) -> str:
        return f"{self.comment_id}/{self.number}"
