"""Random lives of a register under an engine that stops and starts, against one that never stops.

The one that never stops is a few lines of arithmetic (``_watch``): of each duty and due date, the
highest rung it was ever on. After every sweep the engine's ladder stands there (I2), whatever
happened in between: people left or were away, ratings moved, more time was granted, the ladder
changed, days passed, two sweeps ran into each other, the clock stepped back. Review dates move by
reviews and by ratings that rise alone (I1).
"""

import datetime as dt
import zoneinfo
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django.core import mail
from django.db import transaction
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from riskreg.accounts.models import User
from riskreg.accounts.policy import works_on
from riskreg.duties.sources import SOURCES, Duty
from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid
from riskreg.notify.models import Message
from riskreg.notify.services import deliver_due
from riskreg.register.models import Absence, Membership, Register
from riskreg.register.queries import stand_ins_by_absent_user
from riskreg.register.services import end_absence, set_time_zone, start_absence
from riskreg.reminders.models import Addressee, DigestMark, Reminder
from riskreg.reminders.policy import DigestOfDay, Rung, digest_of_day, highest_rung_reached
from riskreg.reminders.queries import RegisterSnapshots, ladder_in_force_of
from riskreg.reminders.services import advance, sweep
from riskreg.reviews.services import grant_extension
from riskreg.risks.models import Risk, State
from riskreg.risks.services import close_risk, edit_mitigation, reopen_risk, transfer_risk
from tests import builders
from tests.amounts import examples
from tests.builders import ZONE, World
from tests.indicators import making

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
PICK = st.integers(0, 3)
PEOPLE = ("owner", "deputy", "leader", "manager")
ZONES = (ZONE, "Europe/Berlin", "America/Los_Angeles")
LADDERS = st.dictionaries(
    st.sampled_from([-30, -7, -1, 2, 5, 7, 21, 40]),
    st.tuples(st.sampled_from(["owner", "deputy", "managers", "leaders"]), st.booleans()),
    max_size=5,
).map(
    lambda chosen: [
        Rung(0, ("owner",)),
        *(Rung(days, (tells,), interrupts=now) for days, (tells, now) in chosen.items()),
    ]
)
WEEKS = st.sampled_from([(1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6, 7), (5,)])


def _only(refused: Invalid, *fields: str) -> None:
    """A refusal that may happen here: of nothing but ``fields``."""
    assert set(refused.fields) <= set(fields)


# Subjects of mails that list no duties: what has no owner, and what was changed in common.
NO_DUTIES = ("Nobody left", "The common rules were changed", "Your answer is needed")


class Engine(RuleBasedStateMachine):
    """Everything happens to the world of the test, inside a savepoint that is rolled back."""

    world: ClassVar[World]
    patch: ClassVar[pytest.MonkeyPatch]

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        mail.outbox.clear()
        self.at = self.world.at
        # (kind, subject, due date) → the highest rung an engine that never stopped has seen
        self.high: dict[tuple[str, Any, dt.date], int] = {}
        self.dates: dict[int, dt.date | None] = {}
        self.gone: set[str] = set()
        self.told = 0

    def teardown(self) -> None:
        try:
            if hasattr(self, "rows"):
                self._everybody_hears_in_the_end()
        finally:
            transaction.savepoint_rollback(self.savepoint)

    @initialize()
    def begin(self) -> None:
        world = self.world
        User.objects.update(digest_hour=7)
        self.rows = [
            builders.risk(world, title="One", deputy=world.deputy),
            builders.risk(world, title="Two", rated=(1, 1)),
            builders.risk(world, title="Three", by=world.deputy, visibility="party"),
            builders.risk(world, title="Four", rated=None, deputy=world.leader),
        ]
        self.indicator = making.indicator(
            world, self.rows[1], by=world.manager, frequency_days=20, at=self.at
        )
        self.work = builders.mitigation(
            world, self.rows[0], by=world.deputy, status="in_progress", at=self.at
        )
        self._dated(*self.rows)
        self._watch()

    # What is so ---------------------------------------------------------------------------------
    @property
    def register(self) -> Register:
        return Register.objects.get(pk=self.world.register.pk)

    @property
    def today(self) -> dt.date:
        return clock.local_date(self.at, self.register.time_zone)

    def _risks(self) -> list[Risk]:
        return list(Risk.objects.filter(pk__in=[r.pk for r in self.rows]).order_by("pk"))

    def _dated(self, *rows: Risk) -> None:
        """These dates were moved by what may move them."""
        for row in Risk.objects.filter(pk__in=[r.pk for r in rows]):
            self.dates[row.pk] = row.next_review_on

    def _duties(self) -> Iterator[Duty]:
        for source in SOURCES.values():
            for row in source.open_rows().filter(register=self.world.register):
                yield source.duty(row)

    def _watch(self) -> None:
        """What the engine that never stops sees at this moment."""
        register, today = self.register, self.today
        ladder = ladder_in_force_of(register).rungs
        for duty in self._duties():
            assert duty.due_on is not None
            rungs = SOURCES[duty.kind].rungs_of_duty(duty, ladder, register.time_zone)
            rung = highest_rung_reached(
                rungs, duty.due_on, today, duty.extension(register.time_zone)
            )
            if rung is not None:
                key = (duty.kind, duty.subject, duty.due_on)
                self.high[key] = max(rung.offset_days, self.high.get(key, rung.offset_days))

    # What happens to the register ---------------------------------------------------------------
    @rule(hours=st.integers(1, 30 * 24))
    def time_passes_and_nothing_runs(self, hours: int) -> None:
        self.at += hours * HOUR
        self._watch()

    @rule(hours=st.integers(1, 30))
    def the_clock_steps_back(self, hours: int) -> None:
        self.the_sweep_runs(1, None, None)
        self.at -= hours * HOUR
        self._watch()

    @rule(zone=st.sampled_from(ZONES))
    def the_register_moves_to_another_zone(self, zone: str) -> None:
        """Which may make yesterday of today, as a clock that steps back does."""
        self.the_sweep_runs(1, None, None)
        actor = self.world.viewer(self.doer)
        seen = self.register.time_zone
        made = set_time_zone(actor=actor, time_zone=zone, seen=seen, at=self.at)
        builders.agreed(self.world, made, self.at)
        self._watch()

    @rule(n=PICK)
    def a_review_is_held(self, n: int) -> None:
        row = self._risks()[n]
        if row.state == State.OPEN:
            review = builders.review(self.world, row, by=self.doer, at=self.at)
            assert review.next_review_on > self.today
            self._dated(row)
            self._watch()

    @rule(n=PICK, cell=st.sampled_from([(1, 1), (3, 3), (5, 5)]))
    def a_rating_changes(self, n: int, cell: tuple[int, int]) -> None:
        row = self._risks()[n]
        before = row.next_review_on
        if row.state == State.OPEN and before:
            builders.assess(self.world, row, cell, by=self.doer, at=self.at)
            row.refresh_from_db()
            assert row.next_review_on <= before
            self._dated(row)
            self._watch()

    @rule(n=PICK)
    def a_risk_is_closed_or_reopened(self, n: int) -> None:
        row = self._risks()[n]
        act = close_risk if row.state == State.OPEN else reopen_risk
        act(
            actor=self.world.viewer(self.doer), ref=row.ref, version=None, reason="it happens",
            at=self.at,
        )  # fmt: skip
        self._dated(row)
        self._watch()

    @rule(n=PICK, later=st.integers(1, 60), down=st.integers(0, 20))
    def more_time_is_granted(self, n: int, later: int, down: int) -> None:
        """Perhaps after ``down`` days on which nothing ran."""
        self.time_passes_and_nothing_runs(24 * down)
        row = self._risks()[n]
        actor = self.world.viewer(self.doer)
        if row.owner_id == actor.user.pk or row.state != State.OPEN or not row.next_review_on:
            return
        until = max(self.today, row.next_review_on) + later * DAY
        try:
            grant_extension(
                actor=actor, ref=row.ref, version=None, until=until, reason="A trip", at=self.at
            )
        except Invalid as refused:
            _only(refused, "until")
        self._watch()

    @rule(rungs=LADDERS, down=st.integers(0, 20))
    def the_ladder_is_changed(self, rungs: list[Rung], down: int) -> None:
        """Perhaps after ``down`` days on which nothing ran."""
        self.time_passes_and_nothing_runs(24 * down)
        now = ladder_in_force_of(self.world.register).number
        actor = self.world.viewer(self.doer)
        builders.ladder(self.world, rungs, actor=actor, expected_number=now, at=self.at)
        self._watch()

    @rule(value=st.sampled_from([1, 160_000]))
    def a_reading_comes_in(self, value: int) -> None:
        self.at += dt.timedelta(minutes=1)  # two at one moment are one
        making.read(self.world, self.indicator, value, by=self.doer, at=self.at)
        self._watch()

    @rule()
    def progress_is_reported(self) -> None:
        edit_mitigation(
            actor=self.world.viewer(self.doer), ref=self.work.ref, version=None,
            fields={"progress": 10}, at=self.at,
        )  # fmt: skip
        self._watch()

    # What happens to people -----------------------------------------------------------------------
    @property
    def doer(self) -> User:
        """Who does things here: a manager of foton who is never away."""
        return self.world.members["steward"]

    @rule(n=PICK, name=st.sampled_from(PEOPLE))
    def a_risk_is_handed_over(self, n: int, name: str) -> None:
        row = self._risks()[n]
        if name not in self.gone and row.owner != getattr(self.world, name):
            transfer_risk(
                actor=self.world.viewer(self.doer), ref=row.ref, version=None,
                owner=getattr(self.world, name), at=self.at,
            )  # fmt: skip

    @rule(name=st.sampled_from(PEOPLE))
    def somebody_leaves_or_returns(self, name: str) -> None:
        leaves = name not in self.gone
        Membership.objects.filter(user=getattr(self.world, name)).update(
            ended_at=self.at if leaves else None
        )
        self.gone ^= {name}

    @rule(
        name=st.sampled_from(PEOPLE),
        other=st.sampled_from([*PEOPLE, None]),
        days=st.integers(0, 20),
    )
    def somebody_goes_away(self, name: str, other: str | None, days: int) -> None:
        if {name, other} & self.gone:
            return
        actor = self.world.viewer(self.doer)
        stand_in = getattr(self.world, other).email if other else None
        try:
            start_absence(
                actor=actor, user=getattr(self.world, name).email, starts_on=self.today,
                until_on=self.today + days * DAY, stand_in=stand_in, at=self.at,
            )  # fmt: skip
        except Invalid as refused:
            _only(refused, "stand_in", "starts_on")

    @rule()
    def everybody_comes_back(self) -> None:
        rows = Absence.objects.filter(ended_at=None, until_on__gte=self.today)
        for absence in rows.exclude(user__email__in=[f"{n}@foton-catl.example" for n in self.gone]):
            end_absence(actor=self.world.viewer(self.doer), absence=absence.uuid, at=self.at)

    @rule(
        name=st.sampled_from(PEOPLE),
        hour=st.integers(0, 23),
        week=WEEKS,
        calendar=st.sampled_from(["", "CN", "DE-BY"]),
        zone=st.sampled_from(ZONES),
        mails=st.booleans(),
    )
    def somebody_chooses_their_days(
        self, name: str, hour: int, week: tuple[int, ...], calendar: str, zone: str, mails: bool
    ) -> None:
        User.objects.filter(pk=getattr(self.world, name).pk).update(
            digest_hour=hour, working_days=list(week), holiday_calendar=calendar, time_zone=zone,
            digest_by_mail=mails,
        )  # fmt: skip

    # The engine -----------------------------------------------------------------------------------
    @rule(times=st.integers(1, 3), days=st.integers(1, 4))
    def the_sweep_runs_daily(self, times: int, days: int) -> None:
        for _ in range(days):
            self.the_sweep_runs(times, None, None)
            self.time_passes_and_nothing_runs(24)
        self.the_sweep_runs(times, None, None)

    @rule(later=st.integers(0, 30), rungs=st.none() | LADDERS)
    def two_sweeps_run_into_each_other(self, later: int, rungs: list[Rung] | None) -> None:
        """Between what one has found and what it does about it, another does everything, by a
        clock that is ``later`` hours ahead, perhaps after the ladder was changed."""
        plain, inside = advance._record_steps, []

        def interrupted(*given: Any) -> int:
            if not inside:
                inside.append(True)
                if rungs is not None:
                    self.the_ladder_is_changed(rungs, 0)
                self.at += later * HOUR
                self._watch()
                sweep(self.at)
            return plain(*given)

        began = self.at
        with self.patch.context() as patch:
            patch.setattr(advance, "_record_steps", interrupted)
            assert sweep(began).broken == 0
        self.the_sweep_runs(1, None, None)

    @rule(times=st.integers(1, 2), between=st.none() | PICK, hidden=st.none() | PICK)
    def the_sweep_runs(self, times: int, between: int | None, hidden: int | None) -> None:
        """Sweeps, and after each the worker; a risk may be reviewed, or its owner leave, between
        the two."""
        before = self._standing()
        recorded = Reminder.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        newest = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        already = len(mail.outbox)
        assert sweep(self.at).broken == 0
        self._check_ladders()
        for row in Reminder.objects.filter(pk__gt=recorded).exclude(state="skipped"):
            assert row.rung == self.high[row.kind, row.subject, row.due_on]
        self._check_told(before)
        self._check_messages(newest)
        if between is not None:
            self.a_review_is_held(between)
        if hidden is not None:
            Membership.objects.filter(user=self._risks()[hidden].owner).update(ended_at=self.at)
        deliver_due(lambda: self.at, seconds=60, limit=100)
        self._check_mails(mail.outbox[already:])
        if hidden is not None:
            Membership.objects.filter(user=self._risks()[hidden].owner).update(ended_at=None)
            self.gone -= {
                name
                for name in PEOPLE
                if getattr(self.world, name).pk == self._risks()[hidden].owner_id
            }
        for _ in range(times - 1):
            settled = list(Reminder.objects.filter(state="sent").values_list("pk", flat=True))
            sweep(self.at)
            deliver_due(lambda: self.at, seconds=60, limit=100)
            self._check_ladders()
            assert Reminder.objects.filter(pk__in=settled, state="due").count() == 0

    # What must hold -------------------------------------------------------------------------------
    def _check_ladders(self) -> None:
        """I2: the ladder of every open duty stands where the other engine's does."""
        recorded: dict[Any, dict[int, str]] = {}
        for kind, subject, due_on, rung, state in Reminder.objects.values_list(
            "kind", "subject", "due_on", "rung", "state"
        ):
            rungs = recorded.setdefault((kind, subject, due_on), {})
            assert rung not in rungs
            rungs[rung] = state
        for duty in self._duties():
            rungs = recorded.get((duty.kind, duty.subject, duty.due_on), {})
            expected = self.high.get((duty.kind, duty.subject, duty.due_on))
            assert max(rungs, default=None) == expected
            assert all(state != "due" for rung, state in rungs.items() if rung != expected)
            assert expected is None or rungs[expected] in ("due", "sent")

    def _standing(self) -> dict[int, tuple[User, dt.date, bool]]:
        """Of each member, their day, and whether it has come to the hour of their digest and there
        is none of that day yet."""
        marks = dict(DigestMark.objects.values_list("user_id", "local_day"))
        standing = {}
        for user in User.objects.filter(memberships__ended_at=None).distinct():
            local = self.at.astimezone(zoneinfo.ZoneInfo(user.time_zone))
            day, mark = local.date(), marks.get(user.pk)
            comes = False
            if mark is None or mark < day or mark > day + DAY:
                last = mark if mark is not None and mark < day else None
                digest = digest_of_day(day, local.hour, user.digest_hour, last, self._works(user))
                comes = digest is DigestOfDay.DUE
            written = Message.objects.filter(key=f"digest:{user.uuid}:{day}").exists()
            standing[user.pk] = (user, day, comes and not written)
        return standing

    @staticmethod
    def _works(user: User) -> Any:
        return lambda day: works_on(day, user.working_days, user.holiday_calendar)

    def _check_told(self, before: dict[int, tuple[User, dt.date, bool]]) -> None:
        """Nobody whose hour has come is left waiting, and nobody at all for what interrupts."""
        waiting = Addressee.objects.filter(state="waiting")
        assert not waiting.filter(urgent=True).exists()
        come = [pk for pk, (_user, _day, comes) in before.items() if comes]
        assert not waiting.filter(user__in=come).exists()
        # What waits with nobody to wait for it is only what there is nobody for.
        snapshots = RegisterSnapshots(self.at)
        for reminder in Reminder.objects.filter(state="due").exclude(addressees__state="waiting"):
            duty = SOURCES[reminder.kind].load([reminder.subject])[reminder.subject]
            told = snapshots.snapshot(self.register).recipients_or_fallback(
                duty, snapshots.rung(reminder)
            )
            assert told == []

    def _check_messages(self, newest: int) -> None:
        """Digests come on working days, and nothing to whoever is away or has left."""
        away = stand_ins_by_absent_user(self.world.register.pk, self.today)
        for message in Message.objects.filter(pk__gt=newest).exclude(kind="alarm"):
            user = User.objects.get(uuid=message.recipient)
            assert user.pk not in away
            assert Membership.objects.filter(user=user, ended_at=None).exists()
            assert message.urgent is (message.kind == "interrupt")
            if message.kind == "digest":
                assert message.local_day == clock.local_date(self.at, user.time_zone)
                assert self._works(user)(message.local_day)

    def _check_mails(self, mails: list[Any]) -> None:
        """What is told is due, told before or now: nothing that was done is in a mail."""
        due = set(self.high)
        now = {duty.ref for duty in self._duties() if (duty.kind, duty.subject, duty.due_on) in due}
        for sent in mails:
            if any(text in sent.subject for text in NO_DUTIES):
                continue
            listed = {
                line.split()[1] for line in str(sent.body).splitlines() if line.startswith("* ")
            }
            assert listed
            assert listed <= now

    def _everybody_hears_in_the_end(self) -> None:
        """With the engine up and everybody at work, each highest rung is told on the next day."""
        User.objects.update(digest_hour=0, working_days=[1, 2, 3, 4, 5, 6, 7], holiday_calendar="")
        for _ in range(3):
            self.at += 26 * HOUR
            self._watch()
            assert sweep(self.at).broken == 0
        self._check_ladders()
        snapshots = RegisterSnapshots(self.at)
        for duty in self._duties():
            key = (duty.kind, duty.subject, duty.due_on)
            if key not in self.high:
                continue
            reminder = Reminder.objects.get(
                kind=duty.kind, subject=duty.subject, due_on=duty.due_on, rung=self.high[key]
            )
            told = snapshots.snapshot(self.register).recipients_or_fallback(
                duty, snapshots.rung(reminder)
            )
            assert reminder.state == "sent" or not told

    @precondition(lambda self: hasattr(self, "rows"))
    @invariant()
    def review_dates_are_moved_by_reviews_alone(self) -> None:
        for row in self._risks():
            assert self.dates[row.pk] == row.next_review_on

    @invariant()
    def nobody_gets_two_digests_on_one_day(self) -> None:
        pairs = list(Message.objects.filter(kind="digest").values_list("recipient", "local_day"))
        assert len(pairs) == len(set(pairs))

    @invariant()
    def nothing_is_told_of_another_partys_own(self) -> None:
        partners = [m for m in mail.outbox if "partner" in m.to[0]]
        assert not any("Three" in m.body for m in partners)


@pytest.mark.unmeasured
def test_the_ladder_keeps_up_with_one_that_never_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from riskreg.register.services import add_member

    world.members["steward"] = builders.user("steward@foton-catl.example", world.at, time_zone=ZONE)
    add_member(
        register=world.register, user=world.steward, role="manager", party=world.foton,
        at=world.at, by=world.founder,
    )  # fmt: skip
    Engine.world, Engine.patch = world, monkeypatch
    run_state_machine_as_test(
        Engine,
        # A life that fails is short enough to be read as it is.
        settings=settings(
            max_examples=examples(12),
            stateful_step_count=14,
            deadline=None,
            phases=[Phase.generate],
        ),
    )
