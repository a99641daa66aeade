"""What is remembered of requests: which were done under a key, and what was typed and not saved."""

from django.conf import settings
from django.db import models


class DoneRequest(models.Model):
    """A write that was done under a key, and what was answered.

    Written in the transaction of the act itself, so that there is one exactly where the act stands.
    ``fingerprint`` is of method, address, party and body. Kept for 48 hours, then purged.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="donerequest_key")]

    def __str__(self) -> str:
        return f"{self.status} {self.created_at:%Y-%m-%d}"


class Draft(models.Model):
    """What somebody typed into a form that could not be taken: for them alone, for an hour.

    ``key`` is the form's, ``sealed`` is everything else, the page's address included: readable with
    the system's key only (``kernel.encryption``).
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=60)
    sealed = models.TextField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="draft_key")]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}"
