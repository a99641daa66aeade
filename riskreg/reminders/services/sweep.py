"""The sweep: brings every ladder to where it should be, and writes what is to be written.

May run twice, at once, late, or after days of outage. The ladder only ever reads due dates; what
moves them is a review (I1).
"""

import datetime as dt
from dataclasses import dataclass

import structlog

from riskreg.register.models import Register
from riskreg.reminders.services.advance import move_ladders
from riskreg.reminders.services.alarms import UnassignedDuties, raise_alarms
from riskreg.reminders.services.announcements import announce
from riskreg.reminders.services.digests import write_digests
from riskreg.reminders.services.interrupts import interrupt_people
from riskreg.reminders.services.reassignment import reassign_pending

log = structlog.get_logger(__name__)


@dataclass
class Swept:
    """What a sweep did: ladders moved, digests, interrupting messages, alarms and messages to chats
    and webhooks written, and how many registers or people broke."""

    moved: int = 0
    digests: int = 0
    interrupts: int = 0
    alarms: int = 0
    announced: int = 0
    broken: int = 0


def sweep(at: dt.datetime) -> Swept:
    """Move all ladders to where they should be at ``at``, then write the messages that are to be.

    A fault in one register or one person's message is logged and does not keep the others waiting;
    the next sweep tries it again.
    """
    swept = Swept()
    for register in Register.objects.order_by("pk").iterator():
        unheard = UnassignedDuties()
        try:
            swept.moved += move_ladders(register, at, unheard)
            swept.alarms += raise_alarms(register, unheard, at)
        except Exception:
            swept.broken += 1
            log.exception("ladder_broke", register=register.slug)
    try:
        reassign_pending(at)
    except Exception:
        swept.broken += 1
        log.exception("handing_on_broke")
    swept.interrupts, broken = interrupt_people(at)
    swept.digests, faults = write_digests(at)
    swept.broken += broken + faults
    try:
        swept.announced = announce(at)
    except Exception:
        swept.broken += 1
        log.exception("announcing_broke")
    return swept
