"""What every stored thing has."""

import uuid

from django.db import models


class Base(models.Model):
    """``uuid`` is the public identifier; the database id never leaves the system.

    ``created_at`` is when the row was recorded, handed in by the service that wrote it.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True
