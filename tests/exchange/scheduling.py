"""Schedules of board packs for tests, tended as the sweep and the workers do."""

import datetime as dt
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

from riskreg.exchange.models import BoardPack, PackSchedule, PackSending
from riskreg.exchange.services.schedules import create_schedule
from riskreg.exchange.services.sendings import begin_and_finish_sendings
from riskreg.jobs.models import Job
from riskreg.jobs.queries import steps_to_begin
from riskreg.jobs.services import run_step
from riskreg.kernel import clock
from riskreg.notify.models import Message
from tests.builders import World

DAY = dt.timedelta(days=1)


def schedule(world: World, by: str = "manager", **given: Any) -> PackSchedule:
    """Slides a week before a meeting in ten days, to the party's manager and leader."""
    prefix = "partner_" if by.startswith("partner_") else ""
    people = [getattr(world, f"{prefix}{role}").email for role in ("manager", "leader")]
    usual = {
        "title": "Steering committee", "first_on": world.today + 10 * DAY, "format": "pptx",
        "recipients": people,
    }  # fmt: skip
    return create_schedule(actor=world.viewer(by), given={**usual, **given}, at=world.at)


def tend(world: World, days: int, *, work: bool = True, hours: int = 0) -> dt.datetime:
    """What becomes of schedules ``days`` later; ``work``: workers are there as well."""
    at = world.at + days * DAY + dt.timedelta(hours=hours)
    with patch.object(clock, "now", lambda: at):
        begin_and_finish_sendings(at)
        if work:
            for job in _open_jobs():
                for step in steps_to_begin(job, at):
                    run_step(step.pk, lambda: at)
            begin_and_finish_sendings(at)
    return at


def _open_jobs() -> Iterator[Job]:
    """Each open job of a pack before a meeting, over again until none is left."""
    packs = BoardPack.objects.filter(sending__isnull=False).values("uuid")
    while rows := list(Job.objects.filter(subject__in=packs, state__in=("queued", "running"))):
        yield from rows


def states() -> list[tuple[str, str]]:
    """What was done for which meetings, in order."""
    rows = PackSending.objects.order_by("meeting_on")
    return [(row.meeting_on.isoformat(), str(row.state)) for row in rows]


def mails(why: str = "sent") -> list[Message]:
    """Messages about packs, of that reason."""
    return list(Message.objects.filter(key__startswith=f"pack:{why}:").order_by("pk"))
