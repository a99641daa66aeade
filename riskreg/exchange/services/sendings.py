"""Making board packs before meetings, and sending them: what the sweep does.

A schedule waits for its next meeting (``next_on``, ``make_on``). The sweep takes what is due:

1. ``_begin_sending_if_due``: the schedule's row is locked and looked at again, the meeting gets its
row (unique for schedule and day), packs are laid out as for whoever asks for one, and the schedule
waits for its next meeting: all of it or nothing. Of two sweeps the second finds it done. 2.
``_finish_sending_if_made``: once the workers are done with every pack of a meeting its row is
locked, who is to be told is looked up as of now, and their messages go into the outbox with it,
under a key of meeting and reader: no message is written twice.

What a dead worker, a dead sweep or days of outage leave behind stands in rows, and the next sweep
takes it up. A fault with one schedule keeps no other waiting.
"""

import datetime as dt
import uuid
from typing import Any

import structlog
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.accounts.queries import users_by_uuid
from riskreg.events.policy import Audience
from riskreg.events.services import Entry, append
from riskreg.exchange.models import (
    BoardPack,
    PackFormat,
    PackSchedule,
    PackSending,
    ScheduledFormat,
    SendingState,
)
from riskreg.exchange.policy import HOUR, day_to_make_pack, meeting_served_and_left_out
from riskreg.exchange.queries.packs import reader_for_audience
from riskreg.exchange.queries.schedules import (
    ids_of_schedules_maybe_due,
    ids_of_sendings_under_way,
    meeting_recurrence_of,
    present_pack_makers,
)
from riskreg.exchange.services.pack_mail import FAILED, PARTLY, SENT, post_message_about_sending
from riskreg.exchange.services.packs import (
    create_permitted_pack_and_start_job,
    default_since,
    delete_old_packs_of_own_party,
)
from riskreg.exchange.services.schedules import set_next_meeting_in_memory
from riskreg.jobs.models import OPEN, JobState
from riskreg.jobs.queries import (
    progress_of_newest_job_of_each,
    step_result_part_by_subject_and_step,
)
from riskreg.kernel import clock
from riskreg.register.access import as_viewer
from riskreg.register.models import Membership
from riskreg.register.queries import stand_ins_by_absent_user

log = structlog.get_logger(__name__)
DAY = dt.timedelta(days=1)


def begin_and_finish_sendings(at: dt.datetime) -> None:
    """Have made what is due at ``at``, and send what is made."""
    for step, rows in (
        (_begin_sending_if_due, ids_of_schedules_maybe_due(at)),
        (_finish_sending_if_made, ids_of_sendings_under_way()),
    ):
        for key in rows:
            try:
                step(key, at)
            except Exception:
                log.exception("pack_schedule_broke", step=step.__name__, key=key)


@transaction.atomic
def _begin_sending_if_due(schedule: int, at: dt.datetime) -> None:
    rows = PackSchedule.objects.select_related("register", "party", "set_by")
    row = rows.select_for_update(of=("self",)).get(pk=schedule)
    # The register's day begins at ``HOUR``.
    today = clock.local_date(at - dt.timedelta(hours=HOUR), row.register.time_zone)
    if row.next_on is None or row.make_on is None or row.make_on > today:
        return
    found = meeting_served_and_left_out(
        meeting_recurrence_of(row), row.next_on, row.days_before, today
    )
    for meeting in found.skip:
        skipped = _create_sending(row, meeting, SendingState.SKIPPED, at)
        _log_sending(row, "pack_schedule.skipped", skipped, at)
    if found.make is not None:
        _request_packs_or_record_failed(row, found.make, at)
    set_next_meeting_in_memory(row, (found.make or row.next_on) + DAY)
    row.save(update_fields=["next_on", "make_on"])


def _create_sending(
    row: PackSchedule, meeting: dt.date, state: SendingState, at: dt.datetime
) -> PackSending:
    return PackSending.objects.create(
        schedule=row,
        meeting_on=meeting,
        due_on=day_to_make_pack(meeting, row.days_before, row.counts_from),
        state=state,
        created_at=at,
        ended_at=None if state == SendingState.MAKING else at,
    )


def _request_packs_or_record_failed(row: PackSchedule, meeting: dt.date, at: dt.datetime) -> None:
    """The packs for ``meeting``, as of the day it is, in the name of who set the schedule; where
    they may not any more, of who may."""
    makers = list(present_pack_makers(row.register_id, row.party_id))
    maker = next((m for m in makers if m.user_id == row.set_by_id), makers[0] if makers else None)
    one = _create_sending(row, meeting, SendingState.MAKING, at)
    if maker is None:
        # Nobody is left to be told either; the log says it.
        _save_ended_and_log(row, one, SendingState.FAILED, at)
        return
    viewer = as_viewer(maker.user, maker)
    as_of = viewer.today(at)
    chosen = {
        "as_of": as_of,
        "since": default_since(reader_for_audience(viewer, row.audience), as_of),
        "audience": row.audience,
        "language": row.language,
    }
    one.maker = maker.user
    one.save(update_fields=["maker"])
    every = row.format == ScheduledFormat.BOTH
    delete_old_packs_of_own_party(viewer, at)
    for made in PackFormat.values if every else [row.format]:
        create_permitted_pack_and_start_job(viewer, {**chosen, "format": made}, at, one)
    _log_sending(row, "pack_schedule.begun", one, at)


@transaction.atomic
def _finish_sending_if_made(sending: int, at: dt.datetime) -> None:
    one = PackSending.objects.select_for_update(of=("self",)).get(pk=sending)
    if one.state != SendingState.MAKING:
        return
    rows = PackSchedule.objects.select_related("register", "party", "set_by")
    row = rows.get(pk=one.schedule_id)
    packs = list(one.packs.defer("data").order_by("pk"))
    progress = progress_of_newest_job_of_each([pack.uuid for pack in packs])
    if any(progress[pack.uuid].state in OPEN for pack in packs):
        return
    made = [pack for pack in packs if progress[pack.uuid].state == JobState.DONE]
    lost = [progress[pack.uuid] for pack in packs if pack not in made]
    with translation.override(one.maker.language if one.maker else None):
        gone = [] if packs else [_("The packs were thrown away before they were sent.")]
        words = [p.failure.get("detail") or _("It was cancelled.") for p in lost] + gone
    one.failure = "\n".join(dict.fromkeys(words))
    readers = _note_left_out_and_list_readers(row, one, at) if made else []
    one.figures = _headline_figures_of(made)
    one.notified = [str(user.uuid) for user in readers]
    _save_ended_and_log(row, one, SendingState.SENT if readers else SendingState.FAILED, at)
    for user in readers:
        post_message_about_sending(user, row, one, SENT, at)
    if one.maker is not None and (not readers or one.left_out or one.failure):
        post_message_about_sending(one.maker, row, one, PARTLY if readers else FAILED, at)


def _note_left_out_and_list_readers(
    row: PackSchedule, one: PackSending, at: dt.datetime
) -> list[User]:
    """Who of the recipients is written to, as of now; the others are noted in ``one.left_out``.

    Whoever is away is told through who stands in for them, if that one may see packs too; otherwise
    it waits for them. Whoever has left, or may not see packs any more, is left out.
    """
    makers = {m.user_id: m.user for m in present_pack_makers(row.register_id, row.party_id)}
    users = users_by_uuid([uuid.UUID(name) for name in row.recipients])
    away = stand_ins_by_absent_user(row.register_id, clock.local_date(at, row.register.time_zone))
    here = Membership.objects.filter(
        register=row.register_id, party=row.party_id, ended_at=None, user__is_active=True
    )
    members = set(here.values_list("user_id", flat=True))
    readers: dict[int, User] = {}
    for name in row.recipients:
        user = users[uuid.UUID(name)]
        if user.pk not in makers:
            why = "may_not_see" if user.pk in members else "left"
            one.left_out.append({"user": name, "why": why})
            continue
        other = away.get(user.pk)
        stands_in = makers.get(other) if other is not None and other not in away else None
        reader = stands_in or user
        readers[reader.pk] = reader
    return list(readers.values())


def _headline_figures_of(packs: list[BoardPack]) -> dict[str, Any]:
    """The headline figures of a meeting's packs, which tell the same of one day in any language."""
    keys = [f"gather:{language}" for language in ("en", "zh-hans")]
    found = step_result_part_by_subject_and_step([pack.uuid for pack in packs], keys, "figures")
    return dict(next(iter(found.values()), None) or {})


def _save_ended_and_log(
    row: PackSchedule, one: PackSending, state: SendingState, at: dt.datetime
) -> None:
    one.state, one.ended_at = state, at
    one.save(update_fields=["state", "ended_at", "figures", "notified", "left_out", "failure"])
    _log_sending(row, f"pack_schedule.{state}", one, at)


def _log_sending(row: PackSchedule, verb: str, one: PackSending, at: dt.datetime) -> None:
    """What riskreg did by itself, in the party's own log."""
    logged: dict[str, Any] = {
        "meeting_on": one.meeting_on.isoformat(),
        "due_on": one.due_on.isoformat(),
        "state": str(one.state),
        "notified": one.notified,
        "left_out": one.left_out,
        "failure": one.failure,
    }
    append(
        Entry(
            audience=Audience(row.register.uuid, row.party.uuid),
            verb=verb,
            subject_type="packschedule",
            subject_uuid=row.uuid,
            subject_ref=str(row.uuid),
            subject_version=row.version,
            at=at,
            changes={"sending": [None, {name: v for name, v in logged.items() if v}]},
        )
    )
