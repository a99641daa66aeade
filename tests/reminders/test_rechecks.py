"""What was true when a sweep looked and is not any more when it writes: each is looked at again
under the lock, and nothing is told, skipped or overwritten on old knowledge."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.core import mail

from riskreg.accounts.models import User
from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict
from riskreg.notify.services import deliver_due
from riskreg.register.models import Membership
from riskreg.reminders.models import Addressee, Ladder, Reminder
from riskreg.reminders.policy import Rung
from riskreg.reminders.queries import LadderInForce, ladder_in_force_of
from riskreg.reminders.services import sweep
from riskreg.risks.models import Risk
from riskreg.risks.services import close_risk
from tests import builders
from tests.builders import World

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
climbing = import_module("riskreg.reminders.services.advance")
changing = import_module("riskreg.reminders.services.ladder")


def due(row: Risk, days: int) -> dt.datetime:
    assert row.next_review_on is not None
    return dt.datetime.combine(row.next_review_on + days * DAY, dt.time(4), tzinfo=dt.UTC)


def run(at: dt.datetime) -> list[str]:
    """A sweep and the worker that it wakes; the names of those who got mail by it."""
    already = len(mail.outbox)
    assert sweep(at).broken == 0
    deliver_due(lambda: at, seconds=60, limit=1000)
    return sorted(m.to[0].split("@")[0] for m in mail.outbox[already:])


def rungs(row: Risk) -> list[tuple[int, str, str]]:
    rows = Reminder.objects.filter(subject=row.uuid).order_by("rung")
    return list(rows.values_list("rung", "state", "reason"))


def meanwhile(patch: Any, module: Any, name: str, act: Callable[[], Any]) -> None:
    """``act`` happens once, when ``module``'s function ``name`` has given its first answer."""
    plain = getattr(module, name)
    done: list[Any] = []

    def instead(*args: Any, **given: Any) -> Iterator[Any]:
        for answer in plain(*args, **given):
            if not done:
                done.append(act())
            yield answer

    patch.setattr(module, name, instead)


def another_ladder(world: World, number: int = 1) -> None:
    Ladder.objects.create(
        register=world.register, number=number, created_at=world.at,
        rungs=[Rung(0, ("leaders",)).as_json()],
    )  # fmt: skip


def test_a_ladder_that_changes_during_a_sweep_is_not_climbed_by_the_old_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = builders.risk(world)
    with monkeypatch.context() as patch:
        meanwhile(patch, climbing, "rows_below_rung_in_batches", lambda: another_ladder(world))
        assert sweep(due(row, 0)).moved == 0
    assert rungs(row) == []
    # Those whose hour had come were looked after that day.
    assert run(due(row, 1)) == ["leader"]
    assert rungs(row) == [(0, "sent", "")]


def test_who_is_found_for_what_was_settled_meanwhile_is_not_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = builders.risk(world)
    members = Membership.objects.filter(party=world.foton)
    members.update(ended_at=world.at)
    sweep(due(row, 0))
    assert rungs(row)[-1] == (0, "due", "")
    members.update(ended_at=None)

    def settle() -> None:
        Reminder.objects.filter(state="due").update(state="skipped", reason="overtaken")

    with monkeypatch.context() as patch:
        meanwhile(patch, climbing, "unaddressed_in_batches", settle)
        assert run(due(row, 0) + HOUR) == []
    assert Addressee.objects.count() == 0
    assert run(due(row, 1)) == []


def test_what_nobody_could_be_told_of_is_skipped_when_it_was_done(world: World) -> None:
    row, other = builders.risk(world), builders.risk(world, title="Another")
    members = Membership.objects.filter(party=world.foton)
    members.update(ended_at=world.at)
    assert run(due(row, 0)) == ["partner-manager"]
    assert "2 duties" in mail.outbox[-1].subject
    members.filter(user=world.owner).update(ended_at=None)
    close_risk(
        actor=world.viewer("owner"), ref=row.ref, version=None, reason="over", at=due(row, 0) + HOUR
    )
    members.update(ended_at=world.at)
    assert run(due(row, 1)) == ["partner-manager"]
    assert "1 duty" in mail.outbox[-1].subject
    assert rungs(row)[-1] == (0, "skipped", "discharged")
    assert rungs(other)[-1] == (0, "due", "")
    skipped = Event.objects.filter(verb="reminder.skipped", subject_uuid=row.uuid)
    assert '"discharged"' in skipped.latest("pk").changes


@pytest.mark.parametrize("expected", [0, None])
def test_of_two_that_change_a_ladder_at_once_the_second_is_told_or_comes_after(
    world: World, monkeypatch: pytest.MonkeyPatch, expected: int | None
) -> None:
    wanted = [Rung(0, ("owner",))]
    builders.alone(world)

    def rival(*args: Any) -> int:
        another_ladder(world)
        return 0

    monkeypatch.setattr(changing, "advance_and_readdress", rival)

    def change() -> LadderInForce:
        return builders.ladder(world, wanted, expected_number=expected)

    if expected is None:
        assert change().number == 2
    else:
        with pytest.raises(Conflict):
            change()
        assert ladder_in_force_of(world.register).rungs == (Rung(0, ("leaders",)),)
        assert not Event.objects.filter(verb="ladder.changed").exists()


def test_the_very_ladder_that_another_made_meanwhile_is_not_made_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    builders.alone(world)
    monkeypatch.setattr(changing, "advance_and_readdress", lambda *args: another_ladder(world))
    made = builders.ladder(world, [Rung(0, ("leaders",))])
    assert made.number == Ladder.objects.count() == 1


def test_what_waited_for_one_who_left_and_was_done_goes_to_nobody(world: World) -> None:
    row = builders.risk(world, deputy=world.deputy)
    User.objects.update(digest_hour=20)
    assert run(due(row, -14)) == []
    assert list(Addressee.objects.values_list("user", "state")) == [(world.owner.pk, "waiting")]
    builders.review(world, row, at=due(row, -14))
    Membership.objects.filter(user=world.owner).update(ended_at=world.at)
    sweep(due(row, -14) + HOUR)
    assert rungs(row)[0] == (-14, "skipped", "discharged")
    assert list(Addressee.objects.values_list("user", "state")) == [(world.owner.pk, "dropped")]


def test_who_waited_for_a_rung_that_was_overtaken_is_not_told_of_it(world: World) -> None:
    ladder = [Rung(0, ("owner",)), Rung(1, ("managers",))]
    builders.ladder(world, ladder)
    row = builders.risk(world)
    User.objects.filter(pk=world.owner.pk).update(digest_hour=20)
    assert run(due(row, 0)) == []
    # Nothing ran at the owner's hour; the next rung is for the managers.
    assert run(due(row, 1)) == ["manager"]
    assert run(due(row, 1) + 9 * HOUR) == []
    assert rungs(row) == [(0, "skipped", "overtaken"), (1, "sent", "")]
    told = Addressee.objects.order_by("reminder__rung").values_list("user", "state")
    assert list(told) == [(world.owner.pk, "dropped"), (world.manager.pk, "told")]


def test_the_log_says_who_was_told_and_not_who_would_have_been(world: World) -> None:
    row = builders.risk(world, deputy=world.deputy)
    User.objects.update(digest_hour=20)
    assert run(due(row, -14)) == []
    Membership.objects.filter(user=world.owner).update(ended_at=world.at)
    assert run(due(row, -13)) == ["deputy"]
    sent = Event.objects.get(verb="reminder.sent", subject_uuid=row.uuid)
    assert json.loads(sent.changes)["to"] == [None, ["deputy"]]


def test_a_rung_that_one_was_told_stays_told_when_it_is_done_before_the_other_is(
    world: World,
) -> None:
    row = builders.risk(world, deputy=world.deputy)
    User.objects.filter(pk=world.deputy.pk).update(digest_hour=20)
    assert run(due(row, 0)) == ["owner"]
    builders.review(world, row, at=due(row, 0) + HOUR)
    assert run(due(row, 0) + 9 * HOUR) == []
    assert rungs(row)[-1] == (0, "sent", "")
    told = dict(Addressee.objects.filter(reminder__rung=0).values_list("user", "state"))
    assert told == {world.owner.pk: "told", world.deputy.pk: "dropped"}


def test_who_is_not_told_after_all_is_not_named_with_a_message(world: World) -> None:
    row = builders.risk(world)
    sweep(due(row, 0))
    assert Addressee.objects.get().message is not None
    builders.review(world, row, at=due(row, 0))
    deliver_due(lambda: due(row, 0), seconds=60, limit=10)
    assert mail.outbox == []
    assert Addressee.objects.values_list("state", "message").get() == ("dropped", None)


def test_what_was_written_to_one_who_left_before_it_went_out_waits_for_somebody(
    world: World,
) -> None:
    row = builders.risk(world)
    sweep(due(row, 0))
    assert rungs(row)[-1] == (0, "sent", "")
    members = Membership.objects.filter(party=world.foton)
    members.update(ended_at=world.at)
    deliver_due(lambda: due(row, 0) + HOUR, seconds=60, limit=10)
    assert mail.outbox == []
    assert rungs(row)[-1] == (0, "due", "")
    assert run(due(row, 0) + 2 * HOUR) == ["partner-manager"]
    assert "Nobody left to tell" in mail.outbox[-1].subject
    members.filter(user=world.owner).update(ended_at=None)
    assert run(due(row, 1)) == ["owner"]
    assert rungs(row)[-1] == (0, "sent", "")
