"""Chats and webhooks: what falls due, told to the endpoints of the party whose matter it is.

Follows the ladder as digests do: a reminder whose rung names chats or webhooks is noted for each
endpoint once, a sweep puts all that an endpoint has not heard into one message, and just before it
is sent that message is written anew, without what was done meanwhile.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from riskreg.accounts.models import User
from riskreg.duties import links
from riskreg.duties.base import DutyKey
from riskreg.duties.sources import Duty, load_duties_of_reminders, urgency_sort_key
from riskreg.endpoints.channels.chat import disarm_markup
from riskreg.endpoints.models import Endpoint
from riskreg.endpoints.queries import enabled_endpoints_among, enabled_endpoints_of_parties
from riskreg.endpoints.services import host_of_endpoint
from riskreg.events.policy import Audience
from riskreg.kernel import clock
from riskreg.kernel.punctuation import colon, enumerate_texts
from riskreg.notify import queries as outbox
from riskreg.notify.models import Channel
from riskreg.notify.refresh import Content
from riskreg.notify.services import Draft, drop_waiting_messages, post
from riskreg.register.models import Register
from riskreg.reminders.digest.labels import count_texts, due_text
from riskreg.reminders.models import Announcement, AnnouncementState, Reminder
from riskreg.reminders.queries import RegisterSnapshots

log = structlog.get_logger(__name__)

KIND = "duties.due"
BATCH = 200
# How many duties a chat is shown, and how many a program is told of in one message.
SHOWN, TOLD = 10, 200


def post_announcements_to_endpoints(at: dt.datetime) -> int:
    """Tell endpoints what has come onto a rung that names them. Returns how many messages.

    Found by state: what an earlier sweep did not get to is done now. A fault with one endpoint is
    logged and does not keep the others waiting.
    """
    _create_waiting_announcements_of_all_reminders(at)
    waiting = Announcement.objects.filter(
        state=AnnouncementState.WAITING, reminder__register__archived_at=None
    )
    asked = set(waiting.values_list("endpoint", flat=True).distinct())
    endpoints = enabled_endpoints_among(asked)
    gone = asked - {endpoint.uuid for endpoint in endpoints}
    if gone:
        waiting.filter(endpoint__in=gone).update(state=AnnouncementState.DROPPED)
    written = 0
    for endpoint in endpoints:
        try:
            written += _put_waiting_announcements_in_one_message(endpoint, at)
        except Exception:
            log.exception("announcement_broke", endpoint=str(endpoint.uuid))
    return written


def _create_waiting_announcements_of_all_reminders(at: dt.datetime) -> None:
    snapshots = RegisterSnapshots(at, set())
    after = 0
    while keys := list(
        Reminder.objects.filter(to_announce=True, register__archived_at=None, pk__gt=after)
        .order_by("pk")
        .values_list("pk", flat=True)[:BATCH]
    ):
        _create_waiting_announcements(keys, snapshots)
        after = keys[-1]


@transaction.atomic
def _create_waiting_announcements(
    reminder_ids: Collection[int], snapshots: RegisterSnapshots
) -> None:
    """Note for each of these reminders the endpoints that are to be told."""
    reminders = list(
        Reminder.objects.select_for_update(of=("self",))
        .filter(pk__in=reminder_ids, to_announce=True)
        .select_related("register", "ladder")
        .order_by("pk")
    )
    duties = load_duties_of_reminders(reminders)
    there: dict[tuple[int, uuid.UUID], list[Endpoint]] = {}
    rows = []
    for reminder in reminders:
        duty = duties.get(reminder.duty_key)
        if duty is None or duty.due_on != reminder.due_on:
            continue
        home = (reminder.register_id, duty.party_uuid)
        if home not in there:
            there[home] = enabled_endpoints_of_parties(reminder.register.uuid, [duty.party_uuid])
        channels = snapshots.rung(reminder).channels
        rows += [
            Announcement(reminder=reminder, endpoint=endpoint.uuid, state=AnnouncementState.WAITING)
            for endpoint in there[home]
            if endpoint.channel in channels
        ]
    Announcement.objects.bulk_create(rows, ignore_conflicts=True)
    Reminder.objects.filter(pk__in=[r.pk for r in reminders]).update(to_announce=False)


@transaction.atomic
def _put_waiting_announcements_in_one_message(endpoint: Endpoint, at: dt.datetime) -> bool:
    """Put what ``endpoint`` has not heard into one message; False when there is nothing left."""
    waiting = _locked_announcements(endpoint.uuid, state=AnnouncementState.WAITING)
    seen = _sort_into_valid_and_gone(endpoint, waiting, at)
    _mark_dropped(seen.gone)
    if not seen.valid:
        return False
    with translation.override(endpoint.language):
        reason = _("A newer message says the same and more.")
    replaced = drop_waiting_messages(kind=KIND, recipient=endpoint.uuid, reason=reason)
    if replaced:
        older = _locked_announcements(
            endpoint.uuid, state=AnnouncementState.TOLD, message__in=replaced
        )
        seen = _sort_into_valid_and_gone(endpoint, [*seen.valid, *older], at)
        _mark_dropped(seen.gone)
    register = Register.objects.get(uuid=endpoint.register)
    content = _content(endpoint, register, seen, at)
    # The rows are locked, so that no other message tells of them: its key need only be its own.
    message = post(
        Draft(
            key=f"{KIND}:{endpoint.uuid}:{uuid.uuid4()}",
            kind=KIND,
            recipient=endpoint.uuid,
            address=host_of_endpoint(endpoint),
            language=endpoint.language,
            local_day=clock.local_date(at, register.time_zone),
            content=content,
            audiences=[Audience(endpoint.register, endpoint.party)],
            channels=(endpoint.channel,),
            urgent=any(seen.snapshots.rung(a.reminder).interrupts for a in seen.valid),
            payload=content.payload,
        ),
        at,
    )
    assert message is not None  # noqa: S101 - the key was made a line ago
    Announcement.objects.filter(pk__in=[a.pk for a in seen.valid]).update(
        state=AnnouncementState.TOLD, message=message.uuid
    )
    return True


@transaction.atomic
def settle_and_render_announcement(message: uuid.UUID, at: dt.datetime) -> Content | None:
    """What such a message should say now, just before it is sent; None when all of it is done."""
    notified = list(
        Announcement.objects.filter(message=message, state=AnnouncementState.TOLD)
        .select_related("reminder__register")
        .order_by("pk")
    )
    endpoint = next(iter(enabled_endpoints_among({a.endpoint for a in notified})), None)
    if endpoint is None:
        return None
    if notified[0].reminder.register.archived_at is not None:
        # Told when it is restored, unless it may have been heard already.
        if not outbox.may_have_arrived(message):
            Announcement.objects.filter(pk__in=[a.pk for a in notified]).update(
                state=AnnouncementState.WAITING, message=None
            )
        return None
    seen = _sort_into_valid_and_gone(endpoint, notified, at)
    if not outbox.may_have_arrived(message):
        _mark_dropped(seen.gone)
    if not seen.valid:
        return None
    return _content(endpoint, seen.valid[0].reminder.register, seen, at)


@dataclass
class _Seen:
    """Announcements to one endpoint: those that hold, and those that do not any more."""

    valid: list[Announcement]
    gone: list[Announcement]
    duties: dict[DutyKey, Duty]
    snapshots: RegisterSnapshots


def _sort_into_valid_and_gone(
    endpoint: Endpoint, rows: Sequence[Announcement], at: dt.datetime
) -> _Seen:
    duties = load_duties_of_reminders([row.reminder for row in rows])
    seen = _Seen([], [], duties, RegisterSnapshots(at, set()))
    for row in rows:
        duty = duties.get(row.reminder.duty_key)
        holds = (
            duty is not None
            and duty.due_on == row.reminder.due_on
            # What went over to the other party since is not this one's to be told any more.
            and duty.party_uuid == endpoint.party
        )
        (seen.valid if holds else seen.gone).append(row)
    return seen


def _locked_announcements(endpoint: uuid.UUID, **wanted: Any) -> list[Announcement]:
    return list(
        Announcement.objects.select_for_update(of=("self",))
        .filter(endpoint=endpoint, **wanted)
        .select_related("reminder__register")
        .order_by("pk")
    )


def _mark_dropped(rows: Iterable[Announcement]) -> None:
    Announcement.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=AnnouncementState.DROPPED, message=None
    )


# Words -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Line:
    duty: Duty
    rung: int
    days_late: int
    owner: User

    @property
    def urgency(self) -> tuple[Any, ...]:
        """As in every other list: what is cut off is less urgent or puts less at stake."""
        assert self.duty.due_on is not None  # noqa: S101 - only what is due becomes a line
        today = self.duty.due_on + dt.timedelta(days=self.days_late)
        return (*urgency_sort_key(self.duty, today), self.duty.ref)


def _content(endpoint: Endpoint, register: Register, seen: _Seen, at: dt.datetime) -> Content:
    """The message in the endpoint's language: for a chat in words, for a program as data."""
    highest: dict[DutyKey, int] = {}
    for row in seen.valid:
        thing = row.reminder.duty_key
        highest[thing] = max(row.reminder.rung, highest.get(thing, row.reminder.rung))
    owners = User.objects.in_bulk({seen.duties[key].owner_id for key in highest})
    today = clock.local_date(at, register.time_zone)
    lines = sorted(
        (
            _Line(duty, rung, (today - duty.due_on).days, owners[duty.owner_id])
            for key, rung in highest.items()
            if (duty := seen.duties[key]).due_on is not None
        ),
        key=lambda line: line.urgency,
    )
    with translation.override(endpoint.language):
        subject = f"{enumerate_texts(count_texts(_counts(lines)))} · {register.name}"
        payload = {
            "register": register.slug,
            "total": len(lines),
            "duties": [_duty_for_program(line, register) for line in lines[:TOLD]],
        }
        text = _text(lines, register, marked=False)
        if endpoint.channel == Channel.CHAT:
            payload = {"markdown": _text(lines, register, marked=True)}
        return Content(subject=disarm_markup(subject), text=text, payload=payload)


def _counts(lines: Collection[_Line]) -> dict[str, int]:
    return {
        "late": sum(1 for line in lines if line.days_late > 0),
        "today": sum(1 for line in lines if line.days_late == 0),
        "coming": sum(1 for line in lines if line.days_late < 0),
    }


def _duty_for_program(line: _Line, register: Register) -> dict[str, Any]:
    """One duty as a program is told of it."""
    duty = line.duty
    until = duty.extended_until
    return {
        "kind": duty.kind,
        "ref": duty.ref,
        "title": duty.subject_title,
        "due_on": duty.due_on.isoformat() if duty.due_on else None,
        "days_late": max(0, line.days_late),
        "extended_until": until.isoformat() if until else None,
        "rung": line.rung,
        "visibility": "party" if duty.private else "shared",
        "owner": {"id": str(line.owner.uuid), "name": str(line.owner)},
        "url": duty.absolute_url(register.slug),
    }


def _text(lines: Sequence[_Line], register: Register, *, marked: bool) -> str:
    """The first of the duties, each with its link, and the way to all of them."""
    sentences = []
    for line in lines[:SHOWN]:
        duty = line.duty
        what = disarm_markup(f"{duty.ref} {duty.subject_title}")
        notes = [due_text(-line.days_late, duty.extended_until), disarm_markup(str(line.owner))]
        if duty.private:
            notes.append(_("only your party sees it"))
        when = " · ".join(notes)
        url = duty.absolute_url(register.slug)
        sentences.append(
            f"- [{what}]({url}){colon()}{when}" if marked else f"{what}{colon()}{when}\n{url}"
        )
    if marked:
        sentences.append("")  # what follows is not a part of the list
    more = len(lines) - SHOWN
    if more > 0:
        sentences.append(ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more})
    if register.notice:
        sentences.append(disarm_markup(register.notice))
    work = links.my_work_url(register.slug)
    label = _("Open My work")
    sentences.append(f"[{label}]({work})" if marked else f"{label}{colon()}{work}")
    return "\n".join(sentences)
