"""What events say of a person stands beside them, and can be read while it is there."""

import hmac
import re
import uuid
from collections.abc import Mapping

from riskreg.events.models import PersonalValue
from riskreg.events.policy import PERSONAL, personal_digest

_NAMED = re.compile(rf"{PERSONAL}([0-9a-f]{{64}})")


def personal_values_in_changes(changes: str) -> Mapping[str, str]:
    """What ``changes`` of an event names and is still there: {what the event holds: value}.

    A value that is not the one that the event was written with is left out.
    """
    rows = PersonalValue.objects.filter(digest__in=_NAMED.findall(changes))
    return {
        f"{PERSONAL}{row.digest}": row.value
        for row in rows
        if hmac.compare_digest(personal_digest(row.salt, row.value), row.digest)
    }


def personal_values_of(person: uuid.UUID) -> list[str]:
    """All that stands beside events about ``person``, oldest first."""
    rows = PersonalValue.objects.filter(person=person).order_by("pk")
    return list(rows.values_list("value", flat=True))
