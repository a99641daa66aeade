"""What the engine knows of each register at one moment, read once however often it is asked."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from riskreg.duties.sources import SOURCES, Duty
from riskreg.kernel import clock
from riskreg.register.models import Register
from riskreg.register.queries import stand_ins_by_register_and_absent_user
from riskreg.reminders.models import Reminder
from riskreg.reminders.policy import (
    DEFAULT_LADDER,
    DEPUTY,
    OWNER,
    Recipient,
    Roster,
    Rung,
    recipients_or_fallback,
    rung_of,
    rungs_from,
)
from riskreg.reminders.queries.ladders import DEFAULT, LadderInForce, own_ladders_by_register
from riskreg.reminders.queries.people import rosters_of, users_named_on


@dataclass
class RegisterSnapshot:
    """One register at one moment: its day, its ladder and its people."""

    register: Register
    today: dt.date
    ladder: LadderInForce
    roster: Roster

    def recipients_or_fallback(self, duty: Duty, rung: Rung) -> list[Recipient]:
        """Who is to be told of ``duty`` on ``rung`` here and now."""
        return recipients_or_fallback(rung, duty.scope, self.roster)


class RegisterSnapshots:
    """Registers at the moment ``at``.

    With ``users`` (database ids) only these are looked for among the members, beside managers and
    leaders: enough for what they answer for. Without, whole registers are read, and kept.
    """

    def __init__(self, at: dt.datetime, users: Collection[int | None] | None = None) -> None:
        self.at = at
        self.users = users
        self._asked: dict[int, Register] = {}
        self._places: dict[int, RegisterSnapshot] = {}
        self._away: dict[int, dict[int, int | None]] = {}
        self._ladders: dict[int, LadderInForce] | None = None
        self._versions: dict[int | None, tuple[Rung, ...]] = {None: DEFAULT_LADDER}

    def ladder(self, register_id: int) -> LadderInForce:
        """The ladder of that register."""
        if self._ladders is None:
            self._ladders = own_ladders_by_register()
        return self._ladders.get(register_id, DEFAULT)

    def set_registers_read_together(self, registers: Iterable[Register]) -> None:
        """Let what is read next of any register be read of all ``registers`` at once."""
        self._asked = {register.pk: register for register in registers}

    def snapshot(self, register: Register) -> RegisterSnapshot:
        """``register`` as it is at this moment."""
        if register.pk not in self._places:
            new = self._registers_still_to_read(register, self._places)
            rosters = rosters_of(
                {r.pk: self.stand_ins_by_absent_user(r) for r in new},
                users=self.users,
                named={r.pk: users_named_on(self._rungs_of_known_versions(r)) for r in new},
            )
            for r in new:
                snapshot = RegisterSnapshot(r, self.today(r), self.ladder(r.pk), rosters[r.pk])
                self._places[r.pk] = snapshot
        return self._places[register.pk]

    def today(self, register: Register) -> dt.date:
        """The day it is in ``register``."""
        return clock.local_date(self.at, register.time_zone)

    def stand_ins_by_absent_user(self, register: Register) -> dict[int, int | None]:
        """Who is away in ``register`` today, and who stands in for them."""
        if register.pk not in self._away:
            new = self._registers_still_to_read(register, self._away)
            self._away.update(
                stand_ins_by_register_and_absent_user({r.pk: self.today(r) for r in new})
            )
        return self._away[register.pk]

    def _registers_still_to_read(
        self, register: Register, known: Collection[int]
    ) -> list[Register]:
        """``register``, and whatever else will be asked for, that is not among ``known``."""
        return [r for r in {**self._asked, register.pk: register}.values() if r.pk not in known]

    def _rungs_of_known_versions(self, register: Register) -> list[Rung]:
        known = [rung for rungs in self._versions.values() for rung in rungs]
        return [*self.ladder(register.pk).rungs, *known]

    def rung(self, reminder: Reminder) -> Rung:
        """The rung of ``reminder`` in the version of the ladder under which it was recorded, as it
        is for its kind of duty."""
        version = reminder.ladder_id
        own = self.ladder(reminder.register_id)
        if version not in self._versions and version == own.ladder_id:
            self._versions[version] = own.rungs
        elif version not in self._versions:
            ladder = reminder.ladder
            self._versions[version] = rungs_from(ladder.rungs) if ladder else DEFAULT_LADDER
            self._places.pop(reminder.register_id, None)
        found = rung_of(self._versions[version], reminder.rung)
        return SOURCES[reminder.kind].adapt_rung(found or Rung(reminder.rung, (OWNER, DEPUTY)))
