"""Sweeps and senders at the same time, on whatever database the suite runs on."""

import datetime as dt
import itertools
from typing import Any

import pytest
from django.core import mail

from riskreg.events.models import Event
from riskreg.notify.models import Delivery, Message
from riskreg.notify.services import deliver
from riskreg.reminders.models import Addressee, Reminder
from riskreg.reminders.services import sweep
from tests import builders
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_four_sweeps_at_once_do_the_work_of_one() -> None:
    world = builders.build_world()
    rows = [builders.risk(world, title=f"Risk {n}", deputy=world.deputy) for n in range(12)]
    at = dt.datetime.combine(
        rows[0].next_review_on + dt.timedelta(days=8), dt.time(4), tzinfo=dt.UTC
    )
    results = at_once(4, lambda: sweep(at).broken)
    assert results == [0, 0, 0, 0]
    assert Reminder.objects.filter(state="sent").count() == 12
    assert Reminder.objects.filter(state="skipped").count() == 36
    assert Reminder.objects.filter(state="due").count() == 0
    assert Addressee.objects.filter(state="told").count() == 36
    assert Message.objects.count() == Delivery.objects.filter(channel="mail").count() == 3
    verbs = Event.objects.filter(verb__startswith="reminder").values_list("verb", flat=True)
    assert sorted(verbs) == ["reminder.sent"] * 12 + ["reminder.skipped"] * 36


def test_many_senders_of_one_delivery_send_it_once() -> None:
    world = builders.build_world()
    row = builders.risk(world)
    at = dt.datetime.combine(row.next_review_on, dt.time(4), tzinfo=dt.UTC)
    sweep(at)
    name = Delivery.objects.get(channel="mail").uuid
    results = at_once(6, lambda: deliver(name, at))
    assert sorted(results) == ["", "", "", "", "", "sent"]
    assert len(mail.outbox) == 1
    assert Delivery.objects.get(channel="mail").attempts == 1


def test_reviews_during_a_sweep_lose_nothing() -> None:
    world = builders.build_world()
    rows = [builders.risk(world, title=f"Risk {n}") for n in range(6)]
    at = dt.datetime.combine(rows[0].next_review_on, dt.time(4), tzinfo=dt.UTC)
    waiting = list(rows)

    turns = itertools.count()

    def work() -> Any:
        if next(turns) % 2 and waiting:
            return builders.review(world, waiting.pop(), at=at).outcome
        return sweep(at).broken

    results = at_once(6, work)
    assert not [r for r in results if isinstance(r, Exception)]
    reviewed = len(rows) - len(waiting)
    assert reviewed == 3
    assert sum(1 for r in results if r == "unchanged") == reviewed
    sweep(at)
    for delivery in Delivery.objects.values_list("uuid", flat=True):
        deliver(delivery, at)
    still = {row.ref for row in waiting}
    text = "".join(m.body for m in mail.outbox)
    assert {row.ref for row in rows if f"* {row.ref} " in text} <= still
