"""How values look in JSON."""

import datetime as dt
import uuid
from collections.abc import Mapping

from django.utils.translation import get_language

from riskreg.accounts.models import User


def time(at: dt.datetime | None) -> str | None:
    """A moment in UTC, as in 2026-09-16T08:00:00Z."""
    if at is None:
        return None
    text = at.astimezone(dt.UTC).isoformat()
    return text.removesuffix("+00:00") + "Z"


def day(on: dt.date | None) -> str | None:
    """A date, as in 2026-09-16."""
    return on.isoformat() if on else None


def named(public_id: uuid.UUID, name: str, names: Mapping[str, str] | None) -> dict[str, str]:
    """A person by public id and name, the name in the reader's language where there is one."""
    if names:
        name = names.get(get_language() or "") or names.get("en") or name
    return {"id": str(public_id), "name": name}


def person(user: User | None) -> dict[str, str] | None:
    """A user as ``named``."""
    return named(user.uuid, user.name, user.names) if user else None
