"""What others did: the news of somebody's work."""

import datetime as dt
import uuid
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from django.db.models import F, QuerySet

from riskreg.events.models import Event
from riskreg.events.queries import visible_events
from riskreg.indicators.queries.breaches import with_mitigation_and_reading_labels
from riskreg.register.access import Viewer
from riskreg.register.written import written_once

# How far back, in events of each chain, those who own nothing are told of.
LOOKED_THROUGH = 80


def changes_by_others_since(
    viewer: Viewer, subjects: Sequence[uuid.UUID], since: dt.datetime, most: int
) -> list[Event]:
    """The last ``most`` things that others did since, newest first: to ``subjects``, or to any risk
    and mitigation where there are none.

    What was brought in with a date before ``since`` is history, not news. With the labels of its
    figures (``with_mitigation_and_reading_labels``).
    """
    return _changes_by_others_since(
        viewer, viewer.audience.readable_chain_keys, subjects, since, viewer.user.uuid, most=most
    )


@written_once()
def _changes_by_others_since(
    viewer: Viewer,
    chains: Sequence[str],
    subjects: Sequence[uuid.UUID],
    since: dt.datetime,
    reader: uuid.UUID,
    *,
    most: int,
) -> QuerySet[Event]:
    audience: Any = SimpleNamespace(readable_chain_keys=chains)
    visible = visible_events(audience)
    if subjects:
        visible = visible.filter(subject_uuid__in=subjects)
    else:
        visible = visible.filter(
            seq__gt=F("chain__seq") - LOOKED_THROUGH, subject_type__in=("risk", "mitigation")
        )
    news = visible.filter(recorded_at__gt=since).exclude(brought_in=True, at__lte=since)
    # What people did; that the system sent a reminder is no news about the risk.
    news = news.filter(actor__isnull=False).exclude(actor=reader)
    return with_mitigation_and_reading_labels(viewer, news).order_by("-id")[:most]
