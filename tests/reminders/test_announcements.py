"""Chats and webhooks on the ladder: who is told what, once, and nothing that is done already."""

import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine

from riskreg.endpoints import services as endpoints
from riskreg.endpoints.channels.chat import Chat
from riskreg.endpoints.channels.webhook import Webhook
from riskreg.endpoints.models import Endpoint
from riskreg.notify.models import Delivery, Message
from riskreg.notify.policy import PassingFailure
from riskreg.notify.services import deliver_due
from riskreg.reminders.models import Announcement, Reminder
from riskreg.reminders.services import announcements, sweep
from riskreg.reminders.services.announcements import KIND, post_announcements_to_endpoints
from riskreg.risks.models import Risk
from riskreg.risks.services import share_risk
from tests import builders
from tests.builders import World
from tests.endpoints import receiver
from tests.indicators import making

DAY = dt.timedelta(days=1)
ADDRESSES = {
    "webhook": "https://hooks.receiver.com/in",
    "slack": "https://hooks.slack.com/services/T0AB/B0CD/x7YzTok3n",
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/x7Yz-Tok3n",
}


class Sent(list[Message]):
    """The messages that left, as they were when they did."""

    fails: bool = False


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Stands where the senders are."""
    found = Sent()
    names = receiver.stub_names(monkeypatch)
    for host in ("hooks.receiver.com", "hooks.slack.com", "open.feishu.cn"):
        names[host] = ["93.184.215.14"]

    def send(self: Any, message: Message, at: dt.datetime) -> None:
        if found.fails:
            raise PassingFailure("away", of_server=False)
        found.append(message)

    monkeypatch.setattr(Chat, "send", send)
    monkeypatch.setattr(Webhook, "send", send)
    return found


def rung(offset: int, *channels: str, interrupts: bool = False) -> dict[str, Any]:
    return {
        "offset_days": offset, "tells": ["owner"], "channels": ["mail", *channels],
        "interrupts": interrupts,
    }  # fmt: skip


@pytest.fixture
def climbing(world: World, sent: Sent) -> World:
    """At the due date chats and webhooks are told, a week later webhooks once more, at once."""
    builders.ladder(
        world,
        [rung(-14), rung(0, "chat", "webhook"), rung(7, "webhook", interrupts=True)],
    )
    return world


def add(world: World, kind: str, who: str = "manager", language: str = "en") -> Endpoint:
    viewer = world.viewer(who)
    address = endpoints.check_address(kind, ADDRESSES[kind])
    row, _secret = endpoints.add_endpoint(
        audience=viewer.audience, kind=kind, name=f"{kind} {uuid.uuid4()}", address=address,
        language=language, actor_for_log=viewer.user.uuid, at=world.at,
    )  # fmt: skip
    return row


def due_at(row: Risk, days: int = 0) -> dt.datetime:
    assert row.next_review_on is not None
    return dt.datetime.combine(row.next_review_on + days * DAY, dt.time(4), tzinfo=dt.UTC)


def run(at: dt.datetime) -> None:
    with time_machine.travel(at, tick=False):
        sweep(at)
        deliver_due(lambda: at, seconds=60, limit=1000)


def test_a_program_is_told_as_data(climbing: World, sent: Sent) -> None:
    row = builders.risk(climbing, title="Port congestion")
    hook = add(climbing, "webhook")
    run(due_at(row))
    (message,) = sent
    assert (message.kind, message.recipient, message.address, message.urgent) == (
        KIND, hook.uuid, "hooks.receiver.com", False,
    )  # fmt: skip
    assert message.payload == {
        "register": "foton-catl",
        "total": 1,
        "duties": [
            {
                "kind": "risk.review",
                "ref": "R-001",
                "title": "Port congestion",
                "due_on": row.next_review_on.isoformat(),
                "days_late": 0,
                "extended_until": None,
                "rung": 0,
                "visibility": "shared",
                "owner": {"id": str(climbing.owner.uuid), "name": str(climbing.owner)},
                "url": "http://127.0.0.1:8000/r/foton-catl/risks/R-001/review/",
            }
        ],
    }


def test_a_chat_is_told_in_its_language_and_leads_to_the_page(climbing: World, sent: Sent) -> None:
    row = builders.risk(climbing, title="Port [x](https://evil.example) <!channel>")
    add(climbing, "feishu", language="zh-hans")
    add(climbing, "slack")
    run(due_at(row))
    english, chinese = sorted(sent, key=lambda message: message.language)
    assert (chinese.language, english.language) == ("zh-hans", "en")
    assert english.subject.startswith("1 due today · ")
    marked = english.payload["markdown"]
    assert "(http://127.0.0.1:8000/r/foton-catl/risks/R-001/review/): due today" in marked
    assert marked.endswith("[Open My work](http://127.0.0.1:8000/r/foton-catl/work/)")
    assert "\n\n[Open" in marked, "the way on is not a part of the list"
    for text in (marked, english.text, chinese.payload["markdown"]):
        assert "](https://evil" not in text
        assert "<!channel" not in text
    assert "今天" in chinese.payload["markdown"] + chinese.subject


def test_nothing_is_said_on_rungs_that_name_no_channel(climbing: World, sent: Sent) -> None:
    row = builders.risk(climbing)
    add(climbing, "webhook")
    add(climbing, "slack")
    run(due_at(row, -14))
    assert sent == []
    run(due_at(row, 0))
    assert len(sent) == 2
    run(due_at(row, 7))
    assert [m.payload["duties"][0]["rung"] for m in sent[2:]] == [7], "the webhook alone"
    assert sent[2].urgent
    for days in (7, 8, 30):
        run(due_at(row, days))
    assert len(sent) == 3


def test_all_of_a_sweep_is_one_message_ordered_by_urgency(climbing: World, sent: Sent) -> None:
    first = builders.risk(climbing, title="Later", at=climbing.at + 2 * DAY)
    late = builders.risk(climbing, title="Earlier", at=climbing.at)
    add(climbing, "webhook")
    run(due_at(first))
    (message,) = sent
    assert [d["ref"] for d in message.payload["duties"]] == [late.ref, first.ref]
    assert [d["days_late"] for d in message.payload["duties"]] == [2, 0]
    assert message.subject.startswith("1 overdue, 1 due today")


def test_a_sweep_that_runs_twice_tells_once(climbing: World, sent: Sent) -> None:
    row = builders.risk(climbing)
    add(climbing, "slack")
    for _ in range(3):
        run(due_at(row))
        assert post_announcements_to_endpoints(due_at(row)) == 0
    assert len(sent) == 1
    assert [a.state for a in Announcement.objects.all()] == ["told"]


def test_what_is_another_partys_is_not_told(climbing: World, sent: Sent) -> None:
    ours = builders.risk(climbing, title="Ours")
    own = builders.risk(climbing, title="CANARY", visibility="party")
    theirs = builders.risk(climbing, by=climbing.partner_owner, title="Theirs")
    hook = add(climbing, "webhook")
    partner = add(climbing, "webhook", who="partner_manager")
    run(due_at(ours))
    told = {m.recipient: [d["ref"] for d in m.payload["duties"]] for m in sent}
    assert told == {hook.uuid: [own.ref, ours.ref], partner.uuid: [theirs.ref]}
    heard = next(m for m in sent if m.recipient == hook.uuid)
    assert [d["visibility"] for d in heard.payload["duties"]] == ["party", "shared"]
    assert heard.text.count("only your party sees it") == 1
    message = next(m for m in sent if m.recipient == partner.uuid)
    assert "CANARY" not in message.text + str(message.payload)


def test_what_was_reviewed_before_it_left_is_left_out(climbing: World, sent: Sent) -> None:
    first, second = builders.risk(climbing), builders.risk(climbing)
    add(climbing, "webhook")
    at = due_at(first)
    sweep(at)
    builders.review(climbing, first, at=at)
    deliver_due(lambda: at, seconds=60, limit=100)
    (message,) = sent
    assert [d["ref"] for d in message.payload["duties"]] == [second.ref]
    stored = Message.objects.get(pk=message.pk)
    assert stored.payload == message.payload
    assert first.ref not in stored.text


def test_a_message_with_nothing_left_is_not_sent(climbing: World, sent: Sent) -> None:
    row = builders.risk(climbing)
    add(climbing, "slack")
    at = due_at(row)
    sweep(at)
    builders.review(climbing, row, at=at)
    deliver_due(lambda: at, seconds=60, limit=100)
    assert sent == []
    assert Delivery.objects.get(channel="chat").state == "dropped"
    assert [a.state for a in Announcement.objects.all()] == ["dropped"]


def test_what_went_over_to_nobody_or_was_done_before_the_sweep_is_not_noted(
    climbing: World, sent: Sent
) -> None:
    row = builders.risk(climbing)
    add(climbing, "slack")
    at = due_at(row)
    sweep(at)
    Announcement.objects.all().delete()
    Reminder.objects.update(to_announce=True)
    builders.review(climbing, row, at=at)
    Reminder.objects.update(to_announce=True)
    assert post_announcements_to_endpoints(at) == 0
    assert not Announcement.objects.exists()
    assert not Reminder.objects.filter(to_announce=True).exists()


def test_after_days_of_outage_only_the_highest_rung_is_told(climbing: World, sent: Sent) -> None:
    row = builders.risk(climbing)
    add(climbing, "webhook")
    add(climbing, "slack")
    run(due_at(row, 20))
    (message,) = sent
    assert (message.payload["duties"][0]["rung"], message.payload["duties"][0]["days_late"]) == (
        7,
        20,
    )


def test_while_a_server_is_away_the_newest_message_says_it_all(climbing: World, sent: Sent) -> None:
    first = builders.risk(climbing)
    second = builders.risk(climbing, at=climbing.at + 3 * DAY)
    add(climbing, "webhook")
    sent.fails = True
    run(due_at(first))
    assert Delivery.objects.filter(channel="webhook", state="pending").count() == 1
    sent.fails = False
    run(due_at(second))
    (message,) = sent
    assert [d["ref"] for d in message.payload["duties"]] == [first.ref, second.ref]
    assert sorted(Delivery.objects.filter(channel="webhook").values_list("state", flat=True)) == [
        "dropped", "sent",
    ]  # fmt: skip


def test_an_endpoint_that_is_switched_off_hears_nothing_and_nothing_later(
    climbing: World, sent: Sent
) -> None:
    row = builders.risk(climbing)
    hook = add(climbing, "webhook")
    at = due_at(row)
    sweep(at)
    who = {"audience": climbing.viewer("manager").audience, "actor_for_log": climbing.manager.uuid}
    endpoints.switch_on_or_off(endpoint=hook.uuid, version=None, on=False, at=at, **who)
    deliver_due(lambda: at, seconds=60, limit=100)
    Announcement.objects.update(state="waiting", message=None)
    run(at)
    endpoints.switch_on_or_off(endpoint=hook.uuid, version=None, on=True, at=at, **who)
    run(at)
    assert sent == []
    assert [a.state for a in Announcement.objects.all()] == ["dropped"]


def test_what_is_shared_between_writing_and_sending_stays_its_partys(
    climbing: World, sent: Sent
) -> None:
    row = builders.risk(climbing, visibility="party")
    add(climbing, "webhook")
    add(climbing, "webhook", who="partner_manager")
    at = due_at(row)
    sweep(at)
    share_risk(actor=climbing.viewer("manager"), ref=row.ref, version=None, at=at)
    deliver_due(lambda: at, seconds=60, limit=100)
    (message,) = sent
    assert [d["ref"] for d in message.payload["duties"]] == ["R-001"]


def test_one_endpoint_that_breaks_does_not_keep_the_others_waiting(
    climbing: World, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = builders.risk(climbing)
    add(climbing, "slack")
    add(climbing, "webhook")
    plain = announcements._content

    def broken(endpoint: Endpoint, *rest: Any) -> Any:
        if endpoint.kind == "slack":
            raise RuntimeError("a fault")
        return plain(endpoint, *rest)

    monkeypatch.setattr(announcements, "_content", broken)
    run(due_at(row))
    assert [m.address for m in sent] == ["hooks.receiver.com"]
    monkeypatch.undo()


def test_every_kind_of_duty_is_told_alike(climbing: World, sent: Sent) -> None:
    row = builders.risk(climbing)
    watched = making.indicator(climbing, row)
    making.read(climbing, watched, "155000")
    add(climbing, "webhook")
    run(due_at(row))
    kinds = {d["kind"] for m in sent for d in m.payload["duties"]}
    assert "risk.review" in kinds
    assert len(kinds) >= 2
    for message in sent:
        for duty in message.payload["duties"]:
            assert duty["url"].startswith("http://127.0.0.1:8000/r/foton-catl/")
            assert duty["title"]
            assert duty["owner"]["name"]


def test_many_duties_are_summed_up(climbing: World, sent: Sent) -> None:
    rows = [builders.risk(climbing, title=f"Risk {n}") for n in range(13)]
    add(climbing, "webhook")
    add(climbing, "slack")
    run(due_at(rows[0]))
    program = next(m for m in sent if m.address == "hooks.receiver.com")
    chat = next(m for m in sent if m.address == "hooks.slack.com")
    assert (program.payload["total"], len(program.payload["duties"])) == (13, 13)
    assert chat.payload["markdown"].count("- [R-") == 10
    assert "and 3 more" in chat.payload["markdown"]
