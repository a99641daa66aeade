"""Asking for a board pack, and ending the making of one."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.exchange.models import BoardPack, PackFormat, PackLanguage, PackSending
from riskreg.exchange.queries.board_packs import pack_of_own_party, packs_of_own_party
from riskreg.exchange.queries.packs import reader_for_audience
from riskreg.jobs.queries import newest_job_of, open_jobs_of, open_jobs_requested_by
from riskreg.jobs.services import NewStep, cancel_job, start_job
from riskreg.kernel import clock
from riskreg.kernel.after_commit import after_commit
from riskreg.kernel.errors import Errors, Invalid
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.visibility import Visibility
from riskreg.reviews.queries.meetings import last_meeting_before

KIND = "exchange.pack"
# Begins and sends what is made before meetings.
TEND = "exchange.tend_pack_schedules"
KEPT_FOR = dt.timedelta(days=30)
MOST_OPEN = 3
FIELDS = ("as_of", "since", "audience", "language", "format")
_CHOICES = {
    "audience": (Visibility.values, Visibility.SHARED.value),
    "language": (PackLanguage.values, PackLanguage.EN.value),
    "format": (PackFormat.values, PackFormat.PDF.value),
}


def languages_of(language: str) -> list[str]:
    """The languages that a pack is in."""
    every = [PackLanguage.EN.value, PackLanguage.ZH_HANS.value]
    return every if language == PackLanguage.BOTH else [language]


def default_since(viewer: Viewer, as_of: dt.date) -> dt.date:
    """The day that a pack compares with if nobody names another: that of the last meeting before
    its own, or a quarter of a year."""
    zone = viewer.register.time_zone
    before = clock.start_of_next_day(as_of - dt.timedelta(days=1), zone)
    meeting = last_meeting_before(viewer, before)
    if meeting is not None and meeting.ended_at is not None:
        return clock.local_date(meeting.ended_at, zone)
    return as_of - dt.timedelta(days=91)


@transaction.atomic
def request_pack(*, actor: Viewer, given: Mapping[str, Any], at: dt.datetime) -> BoardPack:
    """A pack, which a worker makes. ``given``: {as_of?, since?, audience?, language?, format?},
    days as dates or as 2027-03-31.

    Those of the party that are a month old are thrown away with it. Raises ``Invalid`` naming each
    field, ``Forbidden``.
    """
    require(actor, "pack.make")
    errors = Errors()
    for name in given:
        if name not in FIELDS:
            errors.add(str(name)[:60], "unknown_field", _("A board pack has no such setting."))
    chosen = {name: _clean_choice(errors, name, given.get(name)) for name in _CHOICES}
    today = actor.today(at)
    as_of = _clean_day(errors, "as_of", given.get("as_of")) or today
    if as_of > today:
        errors.add("as_of", "in_the_future", _("Choose today or a day that has passed."))
    since = _clean_day(errors, "since", given.get("since"))
    if since is None and as_of.year > 1:
        # As its readers know it: the day of a party's own meeting is that party's own.
        since = default_since(reader_for_audience(actor, chosen["audience"]), as_of)
    if since is None or since >= as_of:
        if given.get("since"):
            text = _("Choose a day before the one it is compared with.")
            errors.add("since", "not_earlier", text)
        else:
            text = _("There is no day before this one to compare with; choose a later one.")
            errors.add("as_of", "too_early", text)
    errors.raise_if_any()
    assert since is not None  # noqa: S101 - otherwise there is an error
    # Whoever asks twice at once waits here.
    User.objects.select_for_update().get(pk=actor.user.pk)
    if open_jobs_requested_by(actor.user.uuid, KIND).count() >= MOST_OPEN:
        text = _("%(n)d of your board packs are being made. Wait for one, or cancel it.")
        raise Invalid.one("as_of", "too_many", text % {"n": MOST_OPEN})
    delete_old_packs_of_own_party(actor, at)
    return create_permitted_pack_and_start_job(
        actor, {**chosen, "as_of": as_of, "since": since}, at
    )


def create_permitted_pack_and_start_job(
    actor: Viewer, checked: Mapping[str, Any], at: dt.datetime, sending: PackSending | None = None
) -> BoardPack:
    """The pack that was asked for (all of ``FIELDS``, ``checked``), for a worker to make in the
    name of ``actor``. That ``actor`` may make packs is for the caller to know."""
    assert actor.party is not None  # noqa: S101 - who may make packs acts for a party
    row = BoardPack.objects.create(
        register=actor.register,
        party=actor.party,
        visibility=Visibility.PARTY,
        made_by=actor.user,
        sending=sending,
        created_at=at,
        **checked,
    )
    _start_job_of_pack(actor, row, at)
    return row


def delete_old_packs_of_own_party(actor: Viewer, at: dt.datetime) -> None:
    """Throw away the packs of the actor's party that are a month old."""
    packs_of_own_party(actor).filter(created_at__lt=at - KEPT_FOR).order_by().delete()


@transaction.atomic
def delete_old_packs(at: dt.datetime) -> int:
    """Throw away the packs of every party that are a month old, unless one is made just now."""
    old = BoardPack.objects.filter(created_at__lt=at - KEPT_FOR)
    being_made = list(open_jobs_of(KIND).values_list("subject", flat=True))
    return old.exclude(uuid__in=being_made).delete()[0]


def _start_job_of_pack(actor: Viewer, row: BoardPack, at: dt.datetime) -> None:
    """One step for each language, and one that draws what they found."""
    steps = [
        NewStep(f"gather:{language}", "exchange.gather", 0, _step_digest(row, language))
        for language in languages_of(row.language)
    ]
    steps.append(NewStep("draw", "exchange.draw", 1, _step_digest(row, "draw")))
    start_job(
        kind=KIND,
        subject=row.uuid,
        audience=actor.audience.key,
        requested_by=actor.user.uuid,
        steps=steps,
        at=at,
    )


def _step_digest(row: BoardPack, part: str) -> str:
    return hashlib.sha256(f"{row.uuid}:{part}".encode()).hexdigest()


@transaction.atomic
def cancel_pack(*, actor: Viewer, name: uuid.UUID, at: dt.datetime) -> BoardPack:
    """End the making of a pack. Twice is as once. Raises ``Conflict`` for one that is done or has
    failed, ``NotFound``, ``Forbidden``."""
    row = pack_of_own_party(actor, name)
    require(actor, "pack.make", row)
    job = newest_job_of(row.uuid)
    assert job is not None  # noqa: S101 - they are made in one transaction
    cancel_job(job.uuid, at)
    return row


def store_file_and_wake_sender(row: BoardPack, data: bytes) -> None:
    """Keep what a worker has made of a pack; of one that is gone nothing. Who sends it is woken."""
    BoardPack.objects.filter(pk=row.pk).update(data=data)
    if row.sending_id is not None:
        after_commit(TEND)


def _clean_choice(errors: Errors, name: str, value: Any) -> str:
    values, usual = _CHOICES[name]
    if value is None or value == "":
        return usual
    if value not in values:
        text = _("This must be one of: %(all)s.")
        errors.add(name, "unknown", text % {"all": ", ".join(values)})
        return usual
    return str(value)


def _clean_day(errors: Errors, name: str, value: Any) -> dt.date | None:
    if value is None or value == "":
        return None
    try:
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    except ValueError:
        errors.add(name, "not_a_date", _("This must be a date, as in 2027-03-31."))
        return None
