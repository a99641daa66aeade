"""Messages to people with an account: whose they are, and where they go."""

import datetime as dt
from collections.abc import Collection
from typing import Any

from riskreg.accounts.models import User
from riskreg.events.policy import Audience
from riskreg.kernel import clock
from riskreg.notify.refresh import Content
from riskreg.notify.services import Draft


def build_draft_to(
    user: User,
    at: dt.datetime,
    *,
    key: str,
    kind: str,
    content: Content,
    audiences: Collection[Audience],
    **further: Any,
) -> Draft:
    """A message to ``user`` at their address, in their language, of the day that it is for them.

    ``further`` are those fields of ``Draft`` that differ from what is usual.
    """
    fields: dict[str, Any] = {
        "recipient": user.uuid,
        "address": user.email,
        "language": user.language,
        "local_day": clock.local_date(at, user.time_zone),
        **further,
    }
    return Draft(key=key, kind=kind, content=content, audiences=audiences, **fields)
