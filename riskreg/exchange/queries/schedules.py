"""Schedules of board packs as their party may see them, and what is due of them."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable

from django.db.models import Prefetch, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.accounts.queries import users_by_uuid
from riskreg.exchange.models import BoardPack, PackSchedule, PackSending, SendingState
from riskreg.exchange.policy import MeetingRecurrence
from riskreg.kernel import clock
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.register.models import Membership
from riskreg.register.permissions import PERMISSIONS, Reach

# Of what was done for past meetings a schedule shows so many.
SHOWN = 20


def running_schedules_of_own_party(viewer: Viewer) -> QuerySet[PackSchedule]:
    """Those of the viewer's party that have not ended, in the order in which they were set; none
    for who acts for no party."""
    rows = PackSchedule.objects.visible_to(viewer).filter(ended_at=None)
    return rows.select_related("party", "set_by").order_by("created_at", "id")


def running_schedule_of_own_party(
    viewer: Viewer, name: uuid.UUID, *, lock: bool = False
) -> PackSchedule:
    """The one of that id. Raises ``NotFound`` also for another party's, and for one that ended."""
    rows = running_schedules_of_own_party(viewer)
    rows = rows.select_for_update(of=("self",), no_key=True) if lock else rows
    row = rows.filter(uuid=name).first()
    if row is None:
        raise NotFound(_("There is no such schedule."))
    return row


def last_sendings_of(rows: Collection[PackSchedule]) -> dict[int, list[PackSending]]:
    """What was done for the last meetings of each of ``rows`` (by database id), newest first, with
    the packs that are still there: two queries for all of them."""
    packs = BoardPack.objects.only("uuid", "sending").order_by("pk")
    last = Window(RowNumber(), partition_by="schedule", order_by="-meeting_on")
    found: dict[int, list[PackSending]] = {row.pk: [] for row in rows}
    for one in (
        PackSending.objects.filter(schedule__in=[row.pk for row in rows])
        .annotate(place=last)
        .filter(place__lte=SHOWN)
        .prefetch_related(Prefetch("packs", queryset=packs))
        .order_by("-meeting_on")
    ):
        found[one.schedule_id].append(one)
    return found


def people_named_by(
    rows: Iterable[PackSchedule], sendings: Iterable[PackSending]
) -> dict[str, User]:
    """Everybody whom these name, by public id as text; no query for nobody."""
    names = {name for row in rows for name in row.recipients}
    for one in sendings:
        names |= {*one.notified, *(left["user"] for left in one.left_out)}
    found = users_by_uuid([uuid.UUID(name) for name in names]) if names else {}
    return {str(key): user for key, user in found.items()}


def present_pack_makers(register_id: int, party_id: int | None) -> QuerySet[Membership]:
    """The people of a party who may make and see board packs, oldest membership first."""
    table = PERMISSIONS["pack.make"]
    return (
        Membership.objects.select_related("user", "register", "party")
        .filter(
            register=register_id,
            party=party_id,
            party__isnull=False,
            role__in=[role for role, reach in table.items() if reach is not Reach.NONE],
            ended_at=None,
            user__is_active=True,
            user__is_program=False,
        )
        .order_by("pk")
    )


def meeting_recurrence_of(row: PackSchedule) -> MeetingRecurrence:
    """On which days its meetings are."""
    return MeetingRecurrence(row.first_on, row.every_months, row.repeats == "weekday")


def was_begun_late(one: PackSending, zone: str) -> bool:
    """Whether it was begun after the day on which it was to be made, in the register's ``zone``."""
    return clock.local_date(one.created_at, zone) > one.due_on


def ids_of_schedules_maybe_due(at: dt.datetime) -> list[int]:
    """Database ids of schedules that may be due, by the latest day anywhere on Earth."""
    rows = PackSchedule.objects.filter(
        make_on__lte=at.date() + dt.timedelta(days=1), register__archived_at=None
    )
    return list(rows.order_by("make_on", "pk").values_list("pk", flat=True))


def ids_of_sendings_under_way() -> list[int]:
    """Database ids of what is being made."""
    rows = PackSending.objects.filter(state=SendingState.MAKING)
    return list(rows.order_by("pk").values_list("pk", flat=True))
