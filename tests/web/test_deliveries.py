"""Deliveries: managers see those to their own party's people, and nothing of another's."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client

from riskreg.endpoints import services as endpoints
from riskreg.endpoints.url_guard import Address
from riskreg.notify.models import Circuit, Delivery
from riskreg.notify.services import deliver, deliver_due
from riskreg.register.services import add_member
from riskreg.reminders.models import DigestMark
from riskreg.reminders.services import sweep
from tests import builders
from tests.builders import World
from tests.querycounts import QueryCounts

Web = Callable[[Any], Client]


@pytest.fixture
def world(db: None) -> World:
    """A shared risk of foton's, with catl's deputy; the clock stands on its due date."""
    world = builders.build_world()
    row = builders.risk(world, title="Shared matter", deputy=world.partner_owner)
    world.at = dt.datetime.combine(row.next_review_on, dt.time(4), tzinfo=dt.UTC)
    with time_machine.travel(world.at, tick=False):
        yield world


def deliver_all(world: World) -> None:
    sweep(world.at)
    deliver_due(lambda: world.at, seconds=60, limit=100)


def to(user: Any) -> Delivery:
    return Delivery.objects.get(message__recipient=user.uuid, channel="mail")


def url(delivery: Delivery | None = None, tail: str = "") -> str:
    start = "/r/foton-catl/deliveries/"
    return f"{start}{delivery.uuid}/{tail}" if delivery else start


def without_chance(page: bytes) -> bytes:
    """The page without the token and key of its forms, which are random, and its own address."""
    page = re.sub(rb'name="form_key" value="[^"]+"', b"", page)
    return re.sub(rb"[A-Za-z0-9]{64}|[0-9a-f]{8}-[0-9a-f-]{27}", b"", page)


def test_a_manager_reads_what_was_sent(world: World, web: Web) -> None:
    deliver_all(world)
    row = to(world.owner)
    page = web(world.manager).get(url()).content.decode()
    assert "R-001 Shared matter: review due today" in page
    assert url(row) in page
    detail = web(world.manager).get(url(row)).content.decode()
    assert "/r/foton-catl/risks/R-001/review/" in detail
    assert row.message.message_id.strip("<>") in detail
    assert "owner@foton-catl.example" in detail


def test_the_mail_itself_is_shown_under_a_policy_that_lets_it_do_nothing(
    world: World, web: Web
) -> None:
    deliver_all(world)
    answer = web(world.manager).get(url(to(world.owner), "mail/"))
    assert "Shared matter" in answer.content.decode()
    policy = answer.headers["Content-Security-Policy"]
    for rule in ("default-src 'none'", "script-src 'none'", "img-src 'none'", "sandbox"):
        assert rule in policy
    assert "allow-scripts" not in policy


def test_the_other_partys_mails_do_not_exist(world: World, web: Web) -> None:
    builders.risk(
        world, visibility="party", by=world.partner_owner, title="CANARY",
        at=world.at - dt.timedelta(days=20),
    )  # fmt: skip
    deliver_all(world)
    theirs = to(world.partner_owner)
    manager = web(world.manager)
    page = manager.get(url()).content.decode()
    assert "CANARY" not in page
    assert str(theirs.uuid) not in page
    unknown = uuid.uuid4()
    for tail in ("", "mail/"):
        answer = manager.get(url(theirs, tail))
        stranger = manager.get(f"{url()}{unknown}/{tail}")
        assert answer.status_code == stranger.status_code == 404
        assert without_chance(answer.content) == without_chance(stranger.content)
    assert manager.post(url(theirs, "resend/")).status_code == 404
    assert Delivery.objects.get(pk=theirs.pk).attempts == 1
    assert "CANARY" in web(world.partner_manager).get(url(theirs)).content.decode()


@pytest.mark.parametrize("name", ["owner", "leader", "auditor", "onlooker", "integration"])
def test_only_managers_look_after_deliveries(world: World, web: Web, name: str) -> None:
    deliver_all(world)
    row = to(world.owner)
    client = web(getattr(world, name))
    for address in (url(), url(row), url(row, "mail/")):
        assert client.get(address).status_code == 403
    assert client.post(url(row, "resend/")).status_code == 403
    assert Delivery.objects.get(pk=row.pk).state == "sent"


def test_strangers_find_nothing_and_nobody_is_asked_to_sign_in(world: World, web: Web) -> None:
    deliver_all(world)
    row = to(world.owner)
    for address in (url(), url(row), url(row, "mail/"), url(row, "resend/")):
        assert web(world.outsider).get(address).status_code in (404, 405)
        assert web(None).get(address).status_code == 302


def test_a_failed_delivery_is_seen_with_its_reason_and_sent_again(
    world: World, web: Web, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "tests.notify.backends.Unknown"
    deliver_all(world)
    row = to(world.owner)
    manager = web(world.manager)
    page = manager.get(url() + "?show=failed").content.decode()
    assert "550 No such user here" in page
    assert "Failed" in page
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    answer = manager.post(url(row, "resend/"), follow=True)
    assert "on its way again" in answer.content.decode()
    assert deliver(row.uuid, world.at) == "sent"
    assert [m.to for m in mail.outbox] == [["owner@foton-catl.example"]]
    history = manager.get(url(row)).content.decode()
    assert "Refused for good" in history


def test_sending_again_needs_a_post(world: World, web: Web) -> None:
    deliver_all(world)
    row = to(world.owner)
    assert web(world.manager).get(url(row, "resend/")).status_code == 405
    assert Delivery.objects.get(pk=row.pk).state == "sent"


def test_sending_again_while_it_is_sent_says_so(world: World, web: Web) -> None:
    sweep(world.at)
    row = to(world.owner)
    Delivery.objects.filter(pk=row.pk).update(
        state="sending", claimed_by=uuid.uuid4(), claimed_at=world.at, claimed_until=world.at
    )
    answer = web(world.manager).post(url(row, "resend/"), follow=True)
    assert "being sent at this moment" in answer.content.decode()
    assert Delivery.objects.get(pk=row.pk).state == "sending"


def test_a_mail_over_two_registers_is_read_by_its_reader_alone(world: World, web: Web) -> None:
    other = builders.build_world(builders.AT, slug="second")
    add_member(
        register=other.register, user=world.owner, role="owner", party=other.foton,
        at=world.at, by=other.founder,
    )  # fmt: skip
    builders.risk(other, title="CANARY elsewhere", by=world.owner)
    deliver_all(world)
    row = to(world.owner)
    manager = web(world.manager)
    for address in (url(), url(row)):
        page = manager.get(address).content.decode()
        assert "CANARY" not in page
        assert "A digest over several registers" in page
    assert "only its reader can read it" in manager.get(url(row)).content.decode()
    assert manager.get(url(row, "mail/")).status_code == 404


@pytest.mark.parametrize("query", ["?show=sent", "?show=waiting", "?show=nonsense", "?page=99", ""])
def test_every_choice_of_the_list_answers(world: World, web: Web, query: str) -> None:
    assert web(world.manager).get(url() + query).status_code == 200
    deliver_all(world)
    assert web(world.manager).get(url() + query).status_code == 200


def test_the_list_costs_the_same_for_many_rows(
    world: World, web: Web, query_counts: QueryCounts
) -> None:
    client = web(world.manager)
    made = 0

    def grow(n: int) -> None:
        nonlocal made
        while made < n:
            made += 1
            person = builders.user(f"p{made}@foton.example", time_zone=builders.ZONE)
            add_member(
                register=world.register, user=person, role="owner", party=world.foton,
                at=world.at, by=world.founder,
            )  # fmt: skip
            builders.risk(world, by=person, title=f"Risk {made}", at=builders.AT)
            DigestMark.objects.all().delete()
            sweep(world.at)

    query_counts.check_growth("web:deliveries", lambda: client.get(url()), grow)
    row = to(world.owner)
    query_counts.check("web:delivery", lambda: client.get(url(row)))


# Channels ----------------------------------------------------------------------------------------
def hook(world: World, who: str = "manager", name: str = "Plant ERP") -> Delivery:
    """A test message to a webhook of the party of ``who``; its server is none that is called."""
    viewer = world.viewer(who)
    acting = {"audience": viewer.audience, "actor_for_log": viewer.user.uuid, "at": world.at}
    row, _secret = endpoints.add_endpoint(
        kind="webhook", name=name, language="en",
        address=Address("https", "hooks.factory.internal", 443, "/in?key=s3cret"), **acting,
    )  # fmt: skip
    return endpoints.queue_test_message(endpoint=row.uuid, local_day=world.today, **acting)


def test_messages_of_every_channel_are_listed_and_can_be_told_apart(world: World, web: Web) -> None:
    deliver_all(world)
    sent = hook(world)
    manager = web(world.manager)
    page = manager.get(url()).content.decode()
    assert "Plant ERP" in page
    for label in ("Mail", "Inbox", "Webhook", "Chat"):
        assert label in page
    only = manager.get(url() + "?channel=webhook&show=waiting").content.decode()
    assert "Plant ERP" in only
    assert "Shared matter" not in only
    assert "Plant ERP" not in manager.get(url() + "?channel=mail").content.decode()
    detail = manager.get(url(sent)).content.decode()
    assert "hooks.factory.internal" in detail
    assert "s3cret" not in detail + page
    assert "Message-ID" not in detail


def test_what_is_in_the_inbox_is_not_sent_again(world: World, web: Web) -> None:
    deliver_all(world)
    row = Delivery.objects.get(message__recipient=world.owner.uuid, channel="inbox")
    manager = web(world.manager)
    assert "Send again" not in manager.get(url(row)).content.decode()
    page = manager.post(url(row, "resend/"), follow=True).content.decode()
    assert "has arrived" in page
    assert Delivery.objects.get(pk=row.pk).state == "sent"


def test_a_server_that_is_left_alone_is_named_to_its_own_party(world: World, web: Web) -> None:
    ours = hook(world)
    hook(world, "partner_manager", "Theirs")
    Circuit.objects.create(
        destination=ours.destination, failures=5, opened_at=world.at, paused_at=world.at,
        paused_until=world.at + dt.timedelta(minutes=1), pauses=1, last_error="it did not answer",
    )  # fmt: skip
    page = web(world.manager).get(url()).content.decode()
    assert "Nothing gets through to hooks.factory.internal" in page
    assert "it did not answer" in page
    assert "Nothing gets through" not in web(world.partner_manager).get(url()).content.decode()


def test_a_delivery_that_runs_is_seen(world: World, web: Web) -> None:
    row = hook(world)
    Delivery.objects.filter(pk=row.pk).update(
        state="sending", attempts=1, claimed_by=uuid.uuid4(), claimed_at=world.at,
        claimed_until=world.at, started_at=world.at,
    )  # fmt: skip
    page = web(world.manager).get(url(row)).content.decode()
    assert "running" in page
    assert "Try now" not in page
