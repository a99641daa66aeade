"""The days on which something moved on a map, for going from one to the next."""

import datetime as dt

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from riskreg.kernel import clock
from riskreg.register.access import Viewer
from riskreg.register.written import written_once
from riskreg.risks.models import Position, State

# So many of the newest moves are looked at, for at most so many days.
_LOOKED_AT = 400
MOST_DAYS = 60


def newest_days_of_movement(viewer: Viewer, *, stage: str, kind: str) -> list[dt.date]:
    """The last days on which a risk of ``kind`` went to another cell of ``stage``, came onto the
    map or was closed, oldest first; at most ``MOST_DAYS``, by the register's calendar.

    Where much moves at once these are fewer: only the newest moves are looked at.
    """
    zone = viewer.register.time_zone
    moves = _newest_moments_of_movement(viewer, stage=stage, kind=kind)
    return sorted({clock.local_date(moment, zone) for moment in moves})[-MOST_DAYS:]


@written_once()
def _newest_moments_of_movement(
    viewer: Viewer, *, stage: str, kind: str
) -> QuerySet[Position, dt.datetime]:
    seen = Position.objects.visible_to(viewer)
    # Where it stood until then, as far as the viewer knew: in the same place, it did not move.
    before: QuerySet[Position] = seen.filter(
        risk=OuterRef("risk"),
        valid_to=OuterRef("valid_from"),
        state=OuterRef("state"),
        kind=OuterRef("kind"),
    )
    for axis in ("likelihood", "impact"):
        place = f"{stage}_{axis}"
        before = before.alias(**{f"was_{axis}": Coalesce(place, 0)}).filter(
            **{f"was_{axis}": Coalesce(OuterRef(place), 0)}
        )
    return (
        seen.filter(kind=kind, state__in=[State.OPEN, State.CLOSED])
        .filter(~Exists(before))
        .order_by("-valid_from")
        .values_list("valid_from", flat=True)[:_LOOKED_AT]
    )
