"""The inbox: one's own messages, what is new first, marked by a POST and by nothing else."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from riskreg.accounts.models import User
from riskreg.events.policy import Audience
from riskreg.notify.models import Delivery, Message
from riskreg.notify.refresh import Content
from riskreg.notify.services import Draft, post
from tests.builders import World
from tests.dump import nothing_changes
from tests.querycounts import QueryCounts

Web = Callable[[Any], Client]
URL = "/inbox/"


def write(world: World, user: User, n: int = 0, **given: Any) -> Message:
    """A message to ``user`` in mail and inbox."""
    message = post(
        Draft(
            **{
                "key": f"digest:{user.uuid}:{n}", "kind": "digest", "recipient": user.uuid,
                "address": user.email, "language": user.language, "local_day": world.today,
                "content": Content(
                    f"Message {n}", f"See http://127.0.0.1:8000/r/foton-catl/risks/R-00{n}/\n"
                ),
                "audiences": [Audience(world.register.uuid, world.foton.uuid)],
                **given,
            }
        ),
        world.at + n * dt.timedelta(minutes=1),
    )  # fmt: skip
    assert message is not None
    return message


def test_what_is_new_comes_first_and_is_counted_on_every_page(world: World, web: Web) -> None:
    first, second = write(world, world.owner, 1), write(world, world.owner, 2)
    client = web(world.owner)
    page = client.get(URL).content.decode()
    assert page.index("Message 2") < page.index("Message 1")
    client.post(f"{URL}{second.uuid}/open/")
    page = client.get(URL).content.decode()
    assert page.index("Message 1") < page.index("Message 2")
    assert "1 unread" in page
    assert "1 unread" in client.get("/r/foton-catl/work/").content.decode()
    client.post(f"{URL}{first.uuid}/open/")
    assert "unread</span>" not in client.get("/r/foton-catl/work/").content.decode()


def test_a_page_is_of_thirty_whatever_there_is(world: World, web: Web) -> None:
    for n in range(62):
        write(world, world.owner, n)
    client = web(world.owner)
    shown = []
    for number in (1, 2, 3):
        page = client.get(f"{URL}?page={number}").content.decode()
        shown.append(sorted(set(map(int, re.findall(r"Message (\d+)", page)))))
        assert "62 unread" in page
    assert shown == [list(range(32, 62)), list(range(2, 32)), [0, 1]]


def test_opening_marks_it_and_shows_it_with_its_links(world: World, web: Web) -> None:
    row = write(world, world.owner, 1)
    client = web(world.owner)
    answer = client.post(f"{URL}{row.uuid}/open/", follow=True)
    page = answer.content.decode()
    assert 'href="http://127.0.0.1:8000/r/foton-catl/risks/R-001/"' in page
    row.refresh_from_db()
    assert row.read_at == world.at
    assert "Mark as read" not in page


def test_looking_changes_nothing(world: World, web: Web) -> None:
    row = write(world, world.owner, 1)
    client = web(world.owner)
    client.get(URL)
    with nothing_changes():
        for path in (URL, f"{URL}?show=unread", f"{URL}{row.uuid}/"):
            assert client.get(path).status_code == 200
        assert client.get(f"{URL}{row.uuid}/open/").status_code == 405
        assert client.get(f"{URL}read/").status_code == 405


def test_all_can_be_marked_at_once(world: World, web: Web) -> None:
    for n in range(3):
        write(world, world.owner, n)
    theirs = write(world, world.manager, 9)
    client = web(world.owner)
    page = client.post(f"{URL}read/", follow=True).content.decode()
    assert "3 messages are marked as read" in page
    assert "Nothing new" in client.get(f"{URL}?show=unread").content.decode()
    theirs.refresh_from_db()
    assert theirs.read_at is None
    assert client.post(f"{URL}read/").status_code == 302


def test_nobody_reads_anothers(world: World, web: Web) -> None:
    row = write(world, world.owner, 1, content=Content("CANARY", "CANARY"))
    for name in ("manager", "partner_owner", "outsider", "auditor"):
        client = web(getattr(world, name))
        assert "CANARY" not in client.get(URL).content.decode()
        with nothing_changes():
            for act in (client.get(f"{URL}{row.uuid}/"), client.post(f"{URL}{row.uuid}/open/")):
                assert act.status_code == 404
                assert "CANARY" not in act.content.decode()
    assert web(None).get(URL).status_code == 302
    assert web(None).post(f"{URL}{row.uuid}/open/").status_code == 302


def test_what_came_by_another_channel_or_was_withdrawn_is_not_there(world: World, web: Web) -> None:
    write(world, world.owner, 1, channels=("mail",))
    gone = write(world, world.owner, 2)
    Delivery.objects.filter(message=gone, channel="inbox").update(state="dropped", sent_at=None)
    client = web(world.owner)
    assert "No messages yet" in client.get(URL).content.decode()
    assert client.get(f"{URL}{gone.uuid}/").status_code == 404
    assert client.get(f"{URL}{uuid.uuid4()}/").status_code == 404


def test_markup_in_a_message_stays_text(world: World, web: Web) -> None:
    row = write(world, world.owner, 1, content=Content("<b>x</b>", "<script>alert(1)</script>"))
    page = web(world.owner).get(f"{URL}{row.uuid}/").content.decode()
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page


def test_somebody_without_a_register_reads_what_tells_of_none(world: World, web: Web) -> None:
    write(world, world.outsider, 1, audiences=[])
    write(world, world.outsider, 2)
    page = web(world.outsider).get(URL).content.decode()
    assert ("Message 1" in page, "Message 2" in page) == (True, False)


@pytest.mark.parametrize("query", ["?page=99", "?show=nonsense", "?page=x"])
def test_every_choice_of_the_list_answers(world: World, web: Web, query: str) -> None:
    write(world, world.owner, 1)
    assert web(world.owner).get(URL + query).status_code == 200


def test_the_list_costs_the_same_for_many_rows(
    world: World, web: Web, query_counts: QueryCounts
) -> None:
    client, made = web(world.owner), 0

    def grow(n: int) -> None:
        nonlocal made
        while made < n:
            made += 1
            write(world, world.owner, made)

    query_counts.check_growth("web:inbox", lambda: client.get(URL), grow)
    row = Message.objects.earliest("id")
    query_counts.check("web:inbox_message", lambda: client.get(f"{URL}{row.uuid}/"))
