"""Before it is sent, a message is looked at once more: many together, and cheaply."""

import datetime as dt
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from riskreg.accounts.models import User
from riskreg.duties.sources import SOURCES
from riskreg.notify.models import Message
from riskreg.register.models import Register
from riskreg.register.services import add_member, start_absence
from riskreg.reminders.models import Addressee
from riskreg.reminders.services import (
    settle_and_render_digest,
    settle_and_render_interrupt,
    sweep,
    unchanged_digests_among,
    unchanged_interrupts_among,
)
from riskreg.risks.models import Risk
from riskreg.risks.services import edit_risk, transfer_risk
from tests import builders
from tests.builders import World

DAY, MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)


def swept(world: World, days: int = 0) -> tuple[Risk, dt.datetime]:
    row = builders.risk(world, deputy=world.deputy)
    assert row.next_review_on is not None
    at = dt.datetime.combine(row.next_review_on + days * DAY, dt.time(4), tzinfo=dt.UTC)
    assert sweep(at).broken == 0
    return row, at + MINUTE


def messages(kind: str = "digest") -> list[Any]:
    return list(Message.objects.filter(kind=kind).order_by("pk").values_list("uuid", flat=True))


def test_what_did_not_change_is_not_written_again(world: World) -> None:
    _row, at = swept(world)
    assert len(messages()) == 2
    assert unchanged_digests_among(messages(), at) == set(messages())
    for message in Message.objects.all():
        content = settle_and_render_digest(message.uuid, at)
        assert content is not None
        assert (content.subject, content.text, content.html) == (
            message.subject, message.text, message.html,
        )  # fmt: skip
    assert unchanged_digests_among(messages(), at) == set(messages())


CHANGES: dict[str, Callable[[World, Risk, dt.datetime], Any]] = {
    "reviewed": lambda world, row, at: builders.review(world, row, at=at),
    "rated": lambda world, row, at: builders.assess(world, row, (5, 5), at=at),
    "titled": lambda world, row, at: edit_risk(
        actor=world.viewer("owner"), ref=row.ref, version=None, fields={"title": "New"}, at=at
    ),
    "handed over": lambda world, row, at: transfer_risk(
        actor=world.viewer("owner"), ref=row.ref, version=None, owner=world.leader, at=at
    ),
    "away": lambda world, row, at: start_absence(
        actor=world.viewer("owner"), starts_on=at.date(), until_on=at.date(),
        stand_in=world.leader.email, at=at,
    ),
    "language": lambda world, row, at: User.objects.update(language="zh-hans"),
    "notice": lambda world, row, at: Register.objects.update(notices={"en": "Look!"}),
    "left": lambda world, row, at: world.owner.memberships.update(ended_at=at),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_a_reader_would_see_makes_a_difference(world: World, change: str) -> None:
    row, at = swept(world)
    CHANGES[change](world, row, at)
    mine = Message.objects.get(kind="digest", recipient=world.owner.uuid)
    assert mine.uuid not in unchanged_digests_among(messages(), at + MINUTE)


def test_the_next_day_makes_a_difference(world: World) -> None:
    _row, at = swept(world)
    assert unchanged_digests_among(messages(), at + DAY) == set()


def test_a_digest_that_nobody_is_told_by_any_more_is_not_unchanged(world: World) -> None:
    _row, at = swept(world)
    Addressee.objects.update(state="dropped", message=None)
    assert unchanged_digests_among(messages(), at) == set()


def test_interruptions_are_looked_at_alike(world: World) -> None:
    row, at = swept(world, days=21)
    told = messages("interrupt")
    assert len(told) == 4
    assert unchanged_interrupts_among(told, at) == set(told)
    builders.review(world, row, at=at)
    assert unchanged_interrupts_among(told, at) == set()
    assert [settle_and_render_interrupt(message, at) for message in told] == [None] * 4


def _people(world: World, count: int) -> list[User]:
    people = []
    for n in range(count):
        person = builders.user(f"person-{n}@foton-catl.example", world.at)
        add_member(
            register=world.register, user=person, role="owner", party=world.foton, at=world.at,
            by=world.founder,
        )  # fmt: skip
        people.append(person)
    return people


def test_many_are_looked_at_in_as_many_queries_as_few(world: World) -> None:
    counts = []
    rows = [builders.risk(world, by=person) for person in _people(world, 12)]
    assert rows[0].next_review_on is not None
    at = dt.datetime.combine(rows[0].next_review_on, dt.time(4), tzinfo=dt.UTC)
    sweep(at)
    for some in (messages()[:2], messages()):
        with CaptureQueriesContext(connection) as queries:
            assert unchanged_digests_among(some, at) == set(some)
        counts.append(len(queries))
    # Once for each kind of duty, and for whom and what they name.
    assert counts[0] == counts[1] < 10 + len(SOURCES)


def test_the_digests_of_many_are_looked_at_together(world: World) -> None:
    people = _people(world, 12)

    def queries(count: int) -> int:
        with transaction.atomic():
            rows = [builders.risk(world, by=person) for person in people[:count]]
            assert rows[0].next_review_on is not None
            at = dt.datetime.combine(rows[0].next_review_on, dt.time(4), tzinfo=dt.UTC)
            with CaptureQueriesContext(connection) as captured:
                assert sweep(at).digests == count
            transaction.set_rollback(True)
        return len(captured)

    few, many = queries(2), queries(12)
    # What is left for each is to write: message, deliveries, addressees, reminders, entries.
    assert (many - few) / 10 < 32


def test_one_duty_that_breaks_costs_nobody_else_their_digest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from riskreg.reminders.services import digests

    plain = digests.collect_digests

    def fragile(asked: Any, *rest: Any, **more: Any) -> Any:
        if any(user == world.owner for user, _theirs in asked):
            raise RuntimeError("cannot be looked at")
        return plain(asked, *rest, **more)

    monkeypatch.setattr(digests, "collect_digests", fragile)
    row = builders.risk(world, deputy=world.deputy)
    assert row.next_review_on is not None
    at = dt.datetime.combine(row.next_review_on, dt.time(4), tzinfo=dt.UTC)
    found = sweep(at)
    assert (found.digests, found.broken) == (1, 1)
    assert [m.recipient for m in Message.objects.all()] == [world.deputy.uuid]
    monkeypatch.undo()
    assert sweep(at).digests == 1


def test_one_person_with_very_much_due_costs_nobody_else_theirs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("riskreg.reminders.digest.contents"), "OWN_LIMIT", 2)
    for n in range(5):
        builders.risk(world, title=f"Risk {n}")
    mine = builders.risk(world, title="Mine", by=world.deputy)
    assert mine.next_review_on is not None
    at = dt.datetime.combine(mine.next_review_on, dt.time(4), tzinfo=dt.UTC)
    assert sweep(at).digests == 2
    text = Message.objects.get(recipient=world.deputy.uuid).text
    assert "Mine" in text
    assert "Risk 0" not in text
