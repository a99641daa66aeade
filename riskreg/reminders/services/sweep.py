"""The sweep: brings every ladder to where it should be, and writes what is to be written.

The engine on one page; each step is a function that is called here once. In each register in which
there is anything to do (``registers_behind``: a few statements for all of them),
``advance_and_readdress`` (1 to 3) and ``mail_managers_of_unassigned`` (4):

1. What waits for somebody who has left, or is away, goes to who is to be told instead.
2. Each open duty whose due date asks for a higher rung than is recorded gets that rung, with whom
   it is for; lower rungs that nobody was told of are recorded as skipped.
3. Reminders that nobody waits for are looked at again: somebody may have joined, or the duty may
   be done.
4. What nobody at all could be told of is told to managers, once a day.

Then for everybody, whatever their registers:

5. ``reassign_pending``: what stands in messages that are not sent yet, for people who are not the
   ones to tell any more, goes to who is. Before the messages are written, or it would come a day
   late.
6. ``interrupt_people``: what is not to wait goes out as a message of its own.
7. ``write_digests``: everything else, once a day, at each person's hour.
8. ``post_announcements_to_endpoints``: the same rungs to chats and webhooks.

Sending is not the sweep's: the outbox asks just before it sends what the message should say by now
(``services.refresh``).

It may run twice, at once, late, or after days of outage, for what a step needs from another stands
in rows, however long ago it was written:

- The ladder only ever reads due dates, never the day of the last sweep; what moves a due date is a
  review (I1). After an outage the highest rung that has come is told, and the lower ones are not.
- Two sweeps at once: step 2 locks the register and then looks again, so the second finds done what
  the first did. One rung of one due date is one row, by a unique key.
- Two sweeps at once write one message: a digest's key is its reader and day. In steps 5 to 8 the
  rows that say who is waiting are locked, and what somebody else has told meanwhile is left out.
- A review held, a risk handed over or a person leaving while a message is written: the message
  says what was so when it was looked at, and is looked at once more before it is sent.
- A fault in one register or in one person's message is logged, keeps no other waiting, and is tried
  again by the next sweep, for nothing was recorded.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from riskreg.register.models import Register
from riskreg.reminders.queries import LastLook, live_registers, registers_behind
from riskreg.reminders.services.advance import advance_and_readdress
from riskreg.reminders.services.alarms import UnassignedDuties, mail_managers_of_unassigned
from riskreg.reminders.services.announcements import post_announcements_to_endpoints
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


def _registers_to_look_at(at: dt.datetime, last: LastLook | None) -> Iterable[Register]:
    """The registers in which there is anything to do; where that cannot be said, all of them."""
    try:
        return registers_behind(at, last)
    except Exception:
        log.exception("looked_at_all_registers")
        return live_registers().order_by("pk").iterator()


def sweep(at: dt.datetime, last: LastLook | None = None) -> Swept:
    """Move all ladders to where they should be at ``at``, then write the messages that are to be.

    ``last``: what this process remembers of the sweep before; without it all is looked at.

    The numbers are those of the steps at the top of this module.
    """
    swept = Swept()
    for register in _registers_to_look_at(at, last):
        unheard = UnassignedDuties()
        try:
            swept.moved += advance_and_readdress(register, at, unheard)  # 1, 2, 3
            swept.alarms += mail_managers_of_unassigned(register, unheard, at)  # 4
        except Exception:
            swept.broken += 1
            log.exception("ladder_broke", register=register.slug)
    try:
        reassign_pending(at)  # 5
    except Exception:
        swept.broken += 1
        log.exception("handing_on_broke")
    swept.interrupts, broken = interrupt_people(at)  # 6
    swept.digests, faults = write_digests(at)  # 7
    swept.broken += broken + faults
    try:
        swept.announced = post_announcements_to_endpoints(at)  # 8
    except Exception:
        swept.broken += 1
        log.exception("announcing_broke")
    return swept
