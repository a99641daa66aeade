"""What indicators ask of people is told by the ladder: breaches at once, readings when late."""

import datetime as dt

from django.core import mail

from riskreg.duties.sources import SOURCES
from riskreg.indicators.services import edit_indicator
from riskreg.notify.services import deliver_due
from riskreg.reminders.models import Reminder
from riskreg.reminders.services import sweep
from tests import builders
from tests.builders import World
from tests.indicators import making

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


def run(at: dt.datetime) -> list[str]:
    """A sweep and the worker that it wakes; the names of those who got mail by it."""
    mail.outbox.clear()
    sweep(at)
    deliver_due(lambda: at, seconds=60, limit=1000)
    return sorted(m.to[0].split("@")[0] for m in mail.outbox)


def rungs(kind: str) -> list[tuple[int, str]]:
    rows = Reminder.objects.filter(kind=kind).order_by("due_on", "id")
    return list(rows.values_list("rung", "state"))


def test_a_breach_is_told_at_once_then_to_managers_and_ends_with_the_review(world: World) -> None:
    risk = builders.risk(world, deputy=world.deputy.email, rated=(1, 1))
    row = making.indicator(world, risk, frequency_days=3000)
    making.read(world, row, 160000)
    assert run(world.at + HOUR) == ["deputy", "owner"]
    message = mail.outbox[0].body
    assert f"/risks/{risk.ref}/review/" in str(message)
    assert "called for by K-001 Lithium carbonate: 160,000 CNY/t, red" in str(message)
    assert rungs("risk.breach") == [(-14, "skipped"), (-3, "skipped"), (0, "sent")]
    assert run(world.at + 7 * DAY) == ["deputy", "manager", "owner"]
    builders.review(world, risk, at=world.at + 8 * DAY)
    assert run(world.at + 20 * DAY) == []
    assert all(d.due_on is None for d in SOURCES["risk.breach"].load(
        [b.uuid for b in row.breaches.all()]
    ).values())  # fmt: skip


def test_one_review_answers_what_several_indicators_called_for(world: World) -> None:
    risk = builders.risk(world, rated=(1, 1))
    for _n in range(2):
        making.read(world, making.indicator(world, risk, frequency_days=3000), 160000)
    source = SOURCES["risk.breach"]
    assert source.open_rows().count() == 2
    builders.review(world, risk, at=world.at + HOUR)
    assert source.open_rows().count() == 0
    assert run(world.at + 2 * HOUR) == []


def test_a_missing_reading_is_told_from_its_last_day_on(world: World) -> None:
    row = making.indicator(world, frequency_days=7, grace_days=2)
    assert run(world.at + 8 * DAY) == []
    assert run(world.at + 9 * DAY) == ["owner"]
    assert f"/indicators/{row.ref}/readings/" in str(mail.outbox[0].body)
    assert rungs("indicator.reading") == [(0, "sent")]
    assert run(world.at + 16 * DAY) == ["manager", "owner"]
    making.read(world, row, 1, at=world.at + 17 * DAY)
    assert run(world.at + 17 * DAY + HOUR) == []
    assert run(world.at + 25 * DAY) == []
    assert run(world.at + 26 * DAY) == ["owner"]
    edit_indicator(
        actor=world.viewer("owner"), ref=row.ref, version=None, fields={"active": False},
        at=world.at + 27 * DAY,
    )  # fmt: skip
    assert run(world.at + 60 * DAY) == []


def test_what_is_private_is_told_to_its_party_alone(world: World) -> None:
    # A shared risk of foton's whose owner is of the other party: foton's manager stands in.
    risk = builders.risk(world, owner=world.partner_owner.email, rated=(1, 1))
    row = making.indicator(
        world, risk, by=world.manager, visibility="party", names="CANARY", frequency_days=3000
    )
    making.read(world, row, 160000, by=world.manager)
    assert run(world.at + HOUR) == ["manager"]
    assert "CANARY" in str(mail.outbox[0].body)
