"""Random lives of a register under a notifier that stops and starts, against one that never stops.

After every catch-up the ladder of each open risk stands where that of an engine that never stopped
stands (I2); nobody gets two digests on one day; review dates move by reviews alone (I1).
"""

import datetime as dt
from typing import Any, ClassVar

from django.core import mail
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from riskreg.kernel import clock
from riskreg.notify.models import Message
from riskreg.notify.services import deliver_due
from riskreg.register.models import Membership
from riskreg.reminders.models import DigestRun, Reminder
from riskreg.reminders.policy import LADDER
from riskreg.reminders.services import sweep
from riskreg.risks.models import Risk, State
from riskreg.risks.services import close_risk, reopen_risk, transfer_risk
from tests import builders
from tests.builders import ZONE, World

PICK = st.integers(0, 3)
PEOPLE = ("owner", "deputy", "leader")


class Engine(RuleBasedStateMachine):
    """Everything happens to the world of the test, inside a savepoint that is rolled back."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        mail.outbox.clear()
        self.at = self.world.at
        # (risk, due date) → the most days after it that a never-stopped engine has seen
        self.seen: dict[tuple[int, dt.date], int] = {}
        self.dates: dict[int, dt.date] = {}
        self.gone: set[str] = set()

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    @initialize()
    def begin(self) -> None:
        world = self.world
        self.rows = [
            builders.risk(world, title="One", deputy=world.deputy),
            builders.risk(world, title="Two", rated=(1, 1)),
            builders.risk(world, title="Three", by=world.deputy, visibility="party"),
            builders.risk(world, title="Four", rated=None, deputy=world.leader),
        ]
        self._watch()

    @property
    def today(self) -> dt.date:
        return clock.local_date(self.at, ZONE)

    def _risks(self) -> list[Risk]:
        return list(Risk.objects.filter(pk__in=[r.pk for r in self.rows]).order_by("pk"))

    def _watch(self) -> None:
        """What the engine that never stops sees at this moment."""
        for row in self._risks():
            if row.state == State.OPEN and row.next_review_on:
                key = (row.pk, row.next_review_on)
                days = (self.today - row.next_review_on).days
                self.seen[key] = max(self.seen.get(key, days), days)
                self.dates[row.pk] = row.next_review_on

    # What happens -------------------------------------------------------------------------------
    @rule(hours=st.integers(1, 30 * 24))
    def time_passes_and_nothing_runs(self, hours: int) -> None:
        self.at += dt.timedelta(hours=hours)
        self._watch()

    @rule(hours=st.integers(1, 30))
    def the_clock_jumps_back(self, hours: int) -> None:
        self.the_sweep_runs(1)
        self.at -= dt.timedelta(hours=hours)
        self._watch()

    @rule(times=st.integers(1, 3), days=st.integers(0, 3))
    def the_sweep_runs_daily(self, times: int, days: int) -> None:
        for _ in range(days):
            self.the_sweep_runs(times)
            self.time_passes_and_nothing_runs(24)
        self.the_sweep_runs(times)

    @rule(n=PICK)
    def a_review_is_held(self, n: int) -> None:
        row = self._risks()[n]
        if row.state == State.OPEN:
            review = builders.review(self.world, row, by=self.world.manager, at=self.at)
            assert review.next_review_on > self.today
            self._watch()

    @rule(n=PICK, cell=st.sampled_from([(1, 1), (3, 3), (5, 5)]))
    def a_rating_changes(self, n: int, cell: tuple[int, int]) -> None:
        row = self._risks()[n]
        before = row.next_review_on
        if row.state == State.OPEN and before:
            builders.assess(self.world, row, cell, by=self.world.manager, at=self.at)
            row.refresh_from_db()
            assert row.next_review_on <= before
            self._watch()

    @rule(n=PICK)
    def a_risk_is_closed_or_reopened(self, n: int) -> None:
        row, actor = self._risks()[n], self.world.viewer("manager")
        act = close_risk if row.state == State.OPEN else reopen_risk
        act(actor=actor, ref=row.ref, version=None, reason="as it happens", at=self.at)
        self._watch()

    @rule(n=PICK, name=st.sampled_from(PEOPLE))
    def a_risk_is_handed_over(self, n: int, name: str) -> None:
        row = self._risks()[n]
        if name not in self.gone:
            transfer_risk(
                actor=self.world.viewer("manager"), ref=row.ref, version=None,
                owner=getattr(self.world, name), at=self.at,
            )  # fmt: skip

    @rule(name=st.sampled_from(PEOPLE))
    def somebody_leaves_or_returns(self, name: str) -> None:
        leaves = name not in self.gone
        Membership.objects.filter(user=getattr(self.world, name)).update(
            ended_at=self.at if leaves else None
        )
        self.gone ^= {name}

    @rule(times=st.integers(1, 2))
    def the_sweep_runs(self, times: int) -> None:
        new_day = not DigestRun.objects.filter(
            zone=ZONE, local_day=self.today, finished_at__isnull=False
        ).exists()
        already = len(mail.outbox)
        for _ in range(times):
            assert sweep(self.at).broken == 0
            deliver_due(lambda: self.at, seconds=60, limit=100)
        for row in self._risks():
            if row.state == State.OPEN and row.next_review_on:
                self._check_ladder(row, new_day)
        self._check_mails(mail.outbox[already:])

    # What must hold -----------------------------------------------------------------------------
    def _check_ladder(self, row: Risk, new_day: bool) -> None:
        days = self.seen[(row.pk, row.next_review_on)]  # type: ignore[index]
        expected = [rung.key for rung in LADDER if rung.offset_days <= days]
        recorded = {
            r.rung: r for r in Reminder.objects.filter(subject=row.uuid, due_on=row.next_review_on)
        }
        assert set(recorded) == set(expected)
        if expected:
            highest = recorded[expected[-1]]
            assert highest.state in (("sent",) if new_day else ("sent", "due"))
            assert all(recorded[key].state != "due" for key in expected[:-1])

    def _check_mails(self, mails: list[Any]) -> None:
        on_ladder = {
            row.ref
            for row in self._risks()
            if row.state == State.OPEN
            and row.next_review_on
            and (self.today - row.next_review_on).days >= LADDER[0].offset_days
        }
        for sent in mails:
            listed = {row.ref for row in self._risks() if f"* {row.ref} " in sent.body}
            assert listed
            # A clock that jumped back makes a rung that was recorded look early; it stays told.
            assert listed <= on_ladder or self.today < max(
                DigestRun.objects.values_list("local_day", flat=True)
            )

    @precondition(lambda self: hasattr(self, "rows"))
    @invariant()
    def review_dates_are_moved_by_reviews_alone(self) -> None:
        for row in self._risks():
            if row.state == State.OPEN:
                assert self.dates[row.pk] == row.next_review_on

    @invariant()
    def nobody_gets_two_digests_on_one_day(self) -> None:
        pairs = list(Message.objects.values_list("recipient", "local_day"))
        assert len(pairs) == len(set(pairs))

    @invariant()
    def nothing_is_told_of_another_partys_own(self) -> None:
        partners = [m for m in mail.outbox if "partner" in m.to[0]]
        assert not any("Three" in m.body for m in partners)


def test_the_ladder_keeps_up_with_one_that_never_stopped(world: World) -> None:
    Engine.world = world
    run_state_machine_as_test(
        Engine, settings=settings(max_examples=20, stateful_step_count=14, deadline=None)
    )
