"""What was written and could not be sent at once: over it nobody is forgotten, and nobody told what
is not for them."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail

from riskreg.accounts.models import User
from riskreg.events.policy import Audience
from riskreg.notify.models import Delivery, DeliveryState, Message
from riskreg.notify.queries import deliveries_looked_after_by, messages_readable_among
from riskreg.notify.services import deliver_due, resend
from riskreg.register.services import add_member
from riskreg.reminders.models import Reminder
from riskreg.reminders.policy import Rung
from riskreg.reminders.queries import preview_reminders_of_risk
from riskreg.reminders.services import sweep
from riskreg.reviews.services import grant_extension
from riskreg.risks.models import Risk
from riskreg.risks.services import share_risk, transfer_risk
from tests import builders
from tests.builders import World

DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)


def due(row: Risk, days: int) -> dt.datetime:
    assert row.next_review_on is not None
    return dt.datetime.combine(row.next_review_on + days * DAY, dt.time(4), tzinfo=dt.UTC)


def run(at: dt.datetime) -> list[str]:
    """A sweep and the worker that it wakes; the names of those who got mail by it."""
    already = len(mail.outbox)
    assert sweep(at).broken == 0
    deliver_due(lambda: at, seconds=60, limit=1000)
    return sorted(m.to[0].split("@")[0] for m in mail.outbox[already:])


def hand_over(world: World, row: Risk, at: dt.datetime) -> None:
    transfer_risk(actor=world.viewer("owner"), ref=row.ref, version=None, owner=world.leader, at=at)


def state(row: Risk, rung: int) -> tuple[str, str]:
    found: tuple[str, str] = Reminder.objects.values_list("state", "reason").get(
        subject=row.uuid, rung=rung
    )
    return found


def test_who_takes_over_while_the_mail_server_is_away_is_told(world: World, settings: Any) -> None:
    """An attempt failed, so nobody knows for sure what arrived; the new owner must not pay."""
    row = builders.risk(world)
    at = due(row, 0)
    settings.EMAIL_BACKEND = "tests.notify.backends.Away"
    run(at)
    hand_over(world, row, at + HOUR)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert run(at + 2 * HOUR) == []  # the one before is not told any more
    assert [run(at + n * DAY) for n in (1, 2, 3)] == [["leader"], [], []]


def test_a_mail_goes_to_the_address_of_the_day_on_which_it_is_sent(
    world: World, settings: Any
) -> None:
    """A wrong address is put right, and "Send again" must not go to the wrong one again."""
    row = builders.risk(world)
    at = due(row, 0)
    settings.EMAIL_BACKEND = "tests.notify.backends.Unknown"
    assert run(at) == []
    assert Delivery.objects.get(channel="mail").state == DeliveryState.FAILED
    User.objects.filter(pk=world.owner.pk).update(email="right@foton.example")
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    failed = Delivery.objects.get(channel="mail")
    home = world.viewer("manager")
    assert home.party is not None
    audience = Audience(world.register.uuid, home.party.uuid)
    resend(delivery=failed.uuid, audience=audience, actor=world.manager.uuid, at=at + HOUR)
    deliver_due(lambda: at + HOUR, seconds=60, limit=10)
    assert [m.to for m in mail.outbox] == [["right@foton.example"]]


@pytest.mark.parametrize("hour", [20, 8], ids=["the same hour", "an earlier hour"])
@pytest.mark.parametrize("written", [False, True], ids=["waiting", "in a mail not sent yet"])
def test_who_takes_over_before_the_hour_is_told_at_their_own(
    world: World, hour: int, written: bool
) -> None:
    """Their turn in the round may come before that of the one from whom they took over."""
    row = builders.risk(world)
    at = due(row, 0)
    User.objects.update(time_zone="UTC", digest_hour=hour)
    User.objects.filter(pk=world.owner.pk).update(digest_hour=4 if written else 20)
    assert sweep(at).digests == written
    transfer_risk(
        actor=world.viewer("owner"), ref=row.ref, version=None, owner=world.manager, at=at + HOUR
    )
    assert run(at.replace(hour=hour)) == ["manager"]
    assert run(at + DAY) == []


def test_who_took_over_what_a_mail_had_told_is_not_told_again(world: World) -> None:
    row = builders.risk(world)
    at = due(row, 0)
    assert run(at) == ["owner"]
    hand_over(world, row, at + HOUR)
    assert [run(at + n * DAY) for n in (1, 2, 3)] == [[], [], []]


@pytest.mark.parametrize("rung", [0, 21], ids=["digest", "interruption"])
def test_who_takes_over_before_a_newer_message_replaces_the_old_is_told(
    world: World, rung: int
) -> None:
    row = builders.risk(world)
    builders.risk(world, title="A day later", at=world.at + DAY)
    at = due(row, rung)
    sweep(at)  # written, and no worker runs
    hand_over(world, row, at + HOUR)
    told = [name for n in range(1, 4) for name in run(at + n * DAY)]
    assert [str(m.body).count(row.title) for m in mail.outbox if "leader" in m.to[0]]
    assert "leader" in told
    assert all(row.ref not in str(m.body) for m in mail.outbox if m.to == [world.owner.email])


@pytest.mark.parametrize("rung", [0, 21], ids=["digest", "interruption"])
def test_what_is_done_before_a_newer_message_replaces_the_old_was_never_told(
    world: World, rung: int
) -> None:
    row = builders.risk(world)
    builders.risk(world, title="A day later", at=world.at + DAY)
    at = due(row, rung)
    sweep(at)
    assert state(row, rung) == ("sent", "")
    builders.review(world, row, at=at + HOUR)
    run(at + DAY)
    assert mail.outbox
    assert all(row.ref not in str(m.body) for m in mail.outbox)
    assert state(row, rung) == ("skipped", "discharged")


def test_a_rung_of_a_date_that_was_reviewed_is_not_said_to_be_overtaken(world: World) -> None:
    row = builders.risk(world)
    at = due(row, 0)
    User.objects.update(digest_hour=20)
    sweep(at)
    builders.review(world, row, at=at, next_review_on=at.date() + 2 * DAY)
    sweep(at + HOUR)
    reasons = Reminder.objects.filter(subject=row.uuid).order_by("due_on", "rung")
    assert list(reasons.values_list("due_on", "rung", "reason")) == [
        (at.date(), -14, "overtaken"),
        (at.date(), -3, "overtaken"),
        (at.date(), 0, "discharged"),
        (at.date() + 2 * DAY, -14, "overtaken"),
        (at.date() + 2 * DAY, -3, ""),
    ]


def test_what_a_digest_tells_of_when_it_is_sent_decides_who_may_read_it(world: World) -> None:
    """Between writing and sending its reader was given something private of another register."""
    other = builders.build_world(world.at, slug="second-programme")
    add_member(
        register=other.register, user=world.owner, role="owner", party=other.catl, at=world.at,
        by=other.founder,
    )  # fmt: skip
    row = builders.risk(world)
    secret = builders.risk(other, title="CANARY", visibility="party", by=other.partner_owner)
    at = due(row, 0)
    sweep(at)
    transfer_risk(
        actor=other.viewer("partner_owner"), ref=secret.ref, version=None, owner=world.owner, at=at
    )
    deliver_due(lambda: at, seconds=60, limit=100)
    mine = Message.objects.get(recipient=world.owner.uuid)
    assert "CANARY" in mine.text
    for register, party in ((world.register, world.foton), (other.register, other.catl)):
        audience = Audience(register.uuid, party.uuid)
        assert mine in [d.message for d in deliveries_looked_after_by(audience)]
        assert messages_readable_among(audience, [mine.pk]) == set()


def test_more_time_that_was_granted_privately_is_not_told_to_the_other_party(
    world: World,
) -> None:
    rungs = [
        Rung(0, ("owner",)),
        Rung(7, ("owner",), (world.partner_owner.uuid,)),
        Rung(14, ("owner",)),
    ]
    builders.ladder(world, rungs)
    row = builders.risk(world, visibility="party")
    run(due(row, 0))
    at = due(row, 8)
    assert row.next_review_on is not None
    grant_extension(
        actor=world.viewer("manager"), ref=row.ref, version=None,
        until=row.next_review_on + 20 * DAY, reason="Audit", at=at,
    )  # fmt: skip
    share_risk(actor=world.viewer("manager"), ref=row.ref, version=None, at=at)
    assert run(due(row, 9)) == ["owner", "partner-owner"]
    told = {m.to[0].split("@")[0]: str(m.body) for m in mail.outbox}
    assert "9 days overdue, extended until" in told["owner"]
    assert "9 days overdue" in told["partner-owner"]
    assert "extended" not in told["partner-owner"]
    row.refresh_from_db()
    foretold = {
        who: [
            f.state
            for f in preview_reminders_of_risk(world.viewer(who), row.ref, None, due(row, 9))
        ]
        for who in ("owner", "partner_owner")
    }
    assert foretold == {
        "owner": ["sent", "sent", "deferred"],
        "partner_owner": ["sent", "sent", "to_come"],
    }


def test_a_zone_that_is_not_known_any_more_costs_nobody_else_their_digest(world: World) -> None:
    row = builders.risk(world, deputy=world.deputy)
    User.objects.filter(pk=world.owner.pk).update(time_zone="Antarctica/Nowhere")
    swept = sweep(due(row, 0))
    assert (swept.digests, swept.broken) == (1, 1)
    assert [m.recipient for m in Message.objects.all()] == [world.deputy.uuid]
    User.objects.filter(pk=world.owner.pk).update(time_zone="UTC")
    swept = sweep(due(row, 0) + HOUR)
    assert (swept.digests, swept.broken) == (1, 0)
