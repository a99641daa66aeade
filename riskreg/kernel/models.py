"""What every stored thing has."""

import uuid
from typing import Any, ClassVar

from django.db import models


class Base(models.Model):
    """``uuid`` is the public identifier; the database id never leaves the system.

    ``created_at`` is when the row was recorded, handed in by the service that wrote it.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


class WithDerived(models.Model):
    """A row with columns that are made from its others whenever it is saved.

    Such a column's field has ``derived = True`` and makes its value in ``pre_save``.
    ``unused_by_derived``: columns that none of them is made from, so that saving these alone
    makes no other.
    """

    unused_by_derived: ClassVar[frozenset[str]] = frozenset()

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """As ever; whichever columns are named to be saved, the derived ones go along with them."""
        named = options.get("update_fields")
        if named and not self.unused_by_derived.issuperset(named):
            derived = [f.name for f in self._meta.concrete_fields if getattr(f, "derived", False)]
            options["update_fields"] = {*named, *derived}
        super().save(*args, **options)
