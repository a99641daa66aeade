"""What a sender may do to an endpoint."""

import datetime as dt
import uuid

from django.db import transaction

from riskreg.endpoints.credentials import build_entry
from riskreg.endpoints.models import Endpoint
from riskreg.events.services import append


@transaction.atomic
def disable_endpoint(endpoint: uuid.UUID, why: str, at: dt.datetime) -> None:
    """Switch off an endpoint because its own server said that nobody listens there any more."""
    row = Endpoint.objects.select_for_update().filter(uuid=endpoint, disabled_at=None).first()
    if row is None:
        return
    row.disabled_at, row.disabled_why = at, why[:500]
    row.version += 1
    row.save(update_fields=["disabled_at", "disabled_why", "version"])
    append(build_entry(row, "endpoint.disabled", at, {"why": [None, row.disabled_why]}))
