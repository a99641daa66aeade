"""Deliveries under everything at once: kills, dead servers, jumping clocks, slow senders.

Whatever happens, in whatever order: nobody sends what another is sending within its lease, every
attempt was a real one, nothing is lost, and what arrives twice was sent by somebody who could not
know that it had arrived.
"""

import datetime as dt
from collections import Counter
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from riskreg.notify import policy
from riskreg.notify.channels import CHANNELS
from riskreg.notify.models import Circuit, Delivery, Message
from riskreg.notify.policy import PassingFailure, PermanentFailure
from riskreg.notify.services import deliver_due, post, resend
from riskreg.notify.services.claims import claim_due
from tests.amounts import examples
from tests.builders import AT
from tests.notify.conftest import Killed, Told, draft
from tests.notify.test_services import OURS

LEASE = dt.timedelta(seconds=120)
# What a server does with a message, and what becomes of its sender.
FATES = ["takes", "takes", "down", "full", "refuses", "dies before", "dies after", "slow", "drops"]


class World:
    """A mail server that follows a list of fates, and senders with a clock."""

    def __init__(self, fates: list[str]) -> None:
        self.now = AT
        self.fates = fates
        self.calls: Counter[str] = Counter()
        self.taken: Counter[str] = Counter()
        self.excused: Counter[str] = Counter()
        self.under_way: dict[str, list[dt.datetime]] = {}
        self.posted = 0

    def send(self, message: Message) -> None:
        key, begun = message.key, self.now
        for since in self.under_way.get(key, []):
            within = since - policy.CLOCK_SLACK <= begun <= since + LEASE
            assert not within, f"two send {key} at once"
        self.calls[key] += 1
        fate = self.fates.pop() if self.fates else "takes"
        if fate == "dies before":
            raise Killed
        if fate == "refuses":
            raise PermanentFailure("no such user")
        if fate in ("down", "full"):
            raise PassingFailure(fate, of_server=fate == "down")
        self.taken[key] += 1
        if fate == "drops":
            self.excused[key] += 1
            raise PassingFailure("the answer got lost")
        if fate == "dies after":
            self.excused[key] += 1
            raise Killed
        if fate == "slow":
            # Others go on meanwhile, for longer than this one's claim lasts.
            self.under_way.setdefault(key, []).append(begun)
            self.excused[key] += 1
            for seconds in (60, 70, 200):
                self.now += dt.timedelta(seconds=seconds)
                self.drain()
            self.under_way[key].remove(begun)

    def drain(self) -> None:
        # A worker that is killed takes nobody with it.
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(CHANNELS, "mail", lambda: Told(self.send))
            try:
                deliver_due(lambda: self.now, seconds=3600, limit=100)
            except Killed:
                return

    def do(self, step: tuple[str, int]) -> None:
        what, n = step
        if what == "post":
            for _each in range(n % 4 + 1):
                self.posted += 1
                post(draft(self.posted, urgent=n % 5 == 0), self.now)
        elif what == "wait":
            self.now += dt.timedelta(seconds=n)
        elif what == "clock back":
            self.now -= dt.timedelta(seconds=n * 5)
        elif what == "claim and vanish":
            claim_due("mail", "mail", self.now, n % 5 + 1)
        elif what == "again":
            row = Delivery.objects.exclude(state="sending").order_by("pk").first()
            if row is not None:
                self.excused[row.message.key] += 1
                resend(delivery=row.uuid, audience=OURS, actor=row.uuid, at=self.now)
        else:
            self.drain_unless_paused()
        self.check()

    def drain_unless_paused(self) -> None:
        circuit = Circuit.objects.filter(destination="mail").first()
        before = self.calls.total()
        paused = circuit and policy.has_pause_whose_end_is_ahead(
            circuit.paused_at, circuit.paused_until, self.now
        )
        self.drain()
        if paused:
            assert self.calls.total() == before, "a paused server was called"

    def check(self) -> None:
        for row in Delivery.objects.select_related("message"):
            key = row.message.key
            assert row.attempts == self.calls[key], "an attempt is not a real one"
            assert row.tries.count() == row.attempts - (row.started_at is not None)
            if row.state == "sent":
                assert self.taken[key], "it counts as sent and was not"
            assert self.taken[key] <= 1 + self.excused[key], "sent twice without need"

    def settle(self) -> None:
        self.fates = []
        for _round in range(20):
            self.now += dt.timedelta(hours=5)
            self.drain()
        self.check()
        assert Delivery.objects.count() == self.posted
        for row in Delivery.objects.all():
            if row.state != "sent":
                last = row.tries.order_by("number").last()
                assert last is not None
                assert row.state == "failed", f"lost: {row.state}"
                assert last.outcome == "permanent" or row.attempts >= row.allowed_attempts


steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["post", "post", "drain", "drain", "drain", "wait", "wait", "clock back",
             "claim and vanish", "again"]
        ),
        st.integers(1, 2000),
    ),
    min_size=4,
    max_size=25,
)  # fmt: skip


@pytest.mark.django_db
@pytest.mark.unmeasured
@settings(max_examples=examples(20))
@given(steps, st.lists(st.sampled_from(FATES), max_size=30))
def test_nothing_is_lost_and_nothing_is_sent_twice_without_need(
    steps: list[tuple[str, int]], fates: list[str]
) -> None:
    with transaction.atomic():
        world = World(fates)
        world.do(("post", 3))
        for step in steps:
            world.do(step)
        world.settle()
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.unmeasured
@settings(max_examples=examples(8))
@given(steps, st.lists(st.sampled_from(FATES), max_size=10), st.integers(1, 30))
def test_neither_is_it_under_a_rate_limit(
    steps: list[tuple[str, int]], fates: list[str], limit: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr("django.conf.settings.DELIVERY_PER_MINUTE", {"mail": limit})
        world = World(fates)
        for step in steps:
            world.do(step)
        world.fates = []
        for _round in range(15 + world.posted):
            world.now += dt.timedelta(hours=5)
            world.drain()
        world.check()
        assert not Delivery.objects.filter(state__in=["pending", "sending"]).exists()
        transaction.set_rollback(True)


def test_the_fates_reach_every_outcome(db: Any) -> None:
    world = World(["takes", "slow", "dies after", "dies before", "drops", "full", "down"][::-1])
    world.do(("post", 3))
    for _round in range(12):
        world.do(("drain", 1))
        world.do(("wait", 1500))
    world.settle()
    outcomes = set(Delivery.objects.values_list("tries__outcome", flat=True))
    assert {"sent", "lost", "passing"} <= outcomes
