"""A meeting through the browser's forms: pick, go through, hand over, end, print."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from riskreg.reviews.models import Meeting, MeetingItem, Review
from riskreg.reviews.services import end_meeting, record_item, start_meeting
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def url(world: World, tail: str = "") -> str:
    return f"/r/{world.register.slug}/meetings/{tail}"


@pytest.fixture
def risks(world: World) -> list[Risk]:
    return [
        builders.risk(world, at=world.at - 40 * DAY, title="Tariffs"),
        builders.risk(world, at=world.at - 35 * DAY, title="Exports"),
        builders.risk(world, by=world.partner_owner, title="Hydrogen", at=world.at - 31 * DAY),
        builders.risk(world, title="Recycling"),
    ]


def start(
    world: World, client: Client, query: str = "?overdue=true", title: str = "Late"
) -> Meeting:
    answer = client.post(url(world, "new/") + query, {"title": title})
    assert answer.status_code == 302, answer.content.decode()
    return Meeting.objects.latest("id")


def verdict(row: Risk, verdict: str, cell: str = "4,5", **more: Any) -> dict[str, Any]:
    return {
        "version": Risk.objects.get(pk=row.pk).version,
        "verdict": verdict,
        "cell": cell,
        **more,
    }


def test_pick_and_go_through(world: World, risks: list[Risk]) -> None:
    client = builders.web(world.manager)
    assert client.get(url(world, "new/"))["Location"] == "?overdue=true"
    page = client.get(url(world, "new/?overdue=true")).content.decode()
    assert "Start with 3 risks" in page
    assert "Recycling" not in page
    assert 'value="Overdue reviews, 16 Sep 2026"' in page
    meeting = start(world, client)
    here = url(world, f"{meeting.uuid}/")
    first = client.get(here + "items/1/").content.decode()
    assert "Tariffs" in first
    assert "1 of 3" in first
    sent = verdict(risks[0], "rescore", "2,2", comment="Two markets gave way")
    assert client.post(here + "items/1/", sent)["Location"] == here + "items/2/"
    sent = verdict(risks[1], "defer", comment="The figures are missing")
    assert client.post(here + "items/2/", sent)["Location"] == here + "items/3/"
    text = client.get(here + "items/3/").content.decode()
    assert "What is decided here is recorded by" in text, "it is the other party's risk"
    with nothing_changes():
        assert client.post(here + "items/3/", verdict(risks[2], "unchanged")).status_code == 403
    partner = builders.web(world.partner_manager)
    assert partner.post(here + "items/3/", verdict(risks[2], "unchanged"))["Location"] == here
    assert [i.outcome for i in MeetingItem.objects.order_by("number")] == [
        "reviewed", "deferred", "reviewed",
    ]  # fmt: skip
    assert Review.objects.count() == 2
    assert "Reviewed in this meeting" in client.get(here + "items/1/").content.decode()
    assert "3 of 3" in client.get(here).content.decode()


def test_the_end_and_the_minutes(world: World, risks: list[Risk]) -> None:
    client = builders.web(world.manager)
    meeting = start(world, client)
    here = url(world, f"{meeting.uuid}/")
    people = [world.manager.uuid, world.owner.uuid, world.auditor.uuid]
    client.post(here + "attendance/", {"version": 1, "users": people})
    client.post(here + "items/1/", verdict(risks[0], "rescore", "2,2", comment="Markets gave way"))
    client.post(here + "items/2/", verdict(risks[1], "defer", comment="Figures are missing"))
    asked = client.get(here + "end/").content.decode()
    assert "1 item of 3 was not reached" in asked
    stale = client.post(here + "end/", {"version": 1}, follow=True)
    assert "Somebody changed this meeting" in stale.content.decode()
    assert client.post(here + "end/", {"version": 2})["Location"] == here
    text = builders.web(world.auditor).get(here).content.decode()
    for message in ("Minutes", "Markets gave way", "Figures are missing", "Critical", "Low",
                 "next due 15 Mar 2027", "Not reached", "Hydrogen", "2 of 2",
                 world.auditor.name, "3: 1 reviewed, 1 deferred, 1 not reached"):  # fmt: skip
        assert message in text, message
    assert client.get(here + "items/3/")["Location"] == here
    with nothing_changes():
        late = client.post(here + "items/3/", verdict(risks[2], "defer"), follow=True)
        assert "This meeting is over" in late.content.decode()


def test_another_chair_takes_over(world: World, risks: list[Risk]) -> None:
    meeting = start(world, builders.web(world.manager))
    here = url(world, f"{meeting.uuid}/")
    client = builders.web(world.partner_leader)
    page = client.get(here).content.decode()
    assert "Take the chair" in page
    assert "Note who is there" not in page
    with nothing_changes():
        assert client.post(here + "end/", {"version": 1}).status_code == 403
    taken = client.post(here + "chair/", {"version": 1}, follow=True).content.decode()
    assert "You lead this meeting now" in taken
    assert "Note who is there" in taken
    with nothing_changes():
        assert builders.web(world.owner).post(here + "chair/", {"version": 2}).status_code == 403


def test_what_was_written_survives_a_refusal(world: World, risks: list[Risk]) -> None:
    client = builders.web(world.manager)
    here = url(world, f"{start(world, client).uuid}/items/1/")
    sent = verdict(risks[0], "unchanged", "2,2", comment="Nothing much")
    with nothing_changes():
        answer = client.post(here, sent)
    assert answer.status_code == 400
    assert "Nothing much" in answer.content.decode()
    builders.review(world, risks[0])
    with nothing_changes():
        answer = client.post(here, {**sent, "cell": "4,5"})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Nothing much" in text
    assert "Somebody changed this risk" in text
    client.post(here, verdict(risks[0], "unchanged"))
    with nothing_changes():
        again = client.post(here, verdict(risks[0], "unchanged"))
    assert again.status_code == 409
    assert "has been reviewed already" in again.content.decode()


def test_a_partys_own_meeting(world: World, risks: list[Risk]) -> None:
    own = builders.risk(world, visibility="party", title="Quiet", at=world.at - 60 * DAY)
    client = builders.web(world.manager)
    assert "Quiet" not in client.get(url(world, "new/?overdue=true")).content.decode()
    assert "Quiet" in client.get(url(world, "new/?overdue=true&with=party")).content.decode()
    meeting = start(world, client, "?overdue=true&with=party", "Among ourselves")
    assert meeting.items.get(number=1).risk == own
    page = client.get(url(world, f"{meeting.uuid}/")).content.decode()
    assert world.partner_owner.name not in page, "the other party's people cannot attend"
    partner = builders.web(world.partner_manager)
    assert "Among ourselves" not in partner.get(url(world)).content.decode()
    for tail in ("", "items/1/", "end/"):
        assert partner.get(url(world, f"{meeting.uuid}/{tail}")).status_code == 404


def test_what_cannot_be_picked(world: World, risks: list[Risk]) -> None:
    client = builders.web(world.manager)
    bad = client.get(url(world, "new/?weather=bad"))
    assert bad.status_code == 400
    assert "There is no such filter" in bad.content.decode()
    with nothing_changes():
        none = client.post(url(world, "new/?q=nothing+like+it"), {"title": "x"})
        empty = client.post(url(world, "new/?overdue=true"), {"title": " "})
    assert "No open risk fits; choose another set." in none.content.decode()
    assert (none.status_code, empty.status_code) == (400, 400)
    assert builders.web(world.owner).get(url(world, "new/?overdue=true")).status_code == 403
    assert "New meeting" not in builders.web(world.owner).get(url(world)).content.decode()


def test_queries_do_not_grow_with_the_agenda(
    world: World, django_assert_max_num_queries: Any
) -> None:
    client = builders.web(world.manager)
    for _ in range(3):
        builders.risk(world)
    client.get(url(world))  # the first page of a session notes the register
    counts = []
    for more in (0, 6):
        for _ in range(more):
            builders.risk(world)
        viewer = world.viewer("manager")
        meeting = start_meeting(actor=viewer, title="x", recipe={}, at=world.at)
        for number in (1, 2):
            record_item(
                actor=viewer, meeting=meeting.uuid, number=number, version=None,
                outcome="reviewed",
                review={"assessment": {"likelihood": 3, "impact": 3}, "comment": "Calmer"},
                at=world.at,
            )  # fmt: skip
        for tail in ("", "items/3/"):
            with django_assert_max_num_queries(25) as asked:
                client.get(url(world, f"{meeting.uuid}/{tail}"))
            counts.append(len(asked))
        end_meeting(actor=viewer, meeting=meeting.uuid, version=None, at=world.at)
        with django_assert_max_num_queries(12) as asked:
            text = client.get(url(world, f"{meeting.uuid}/")).content.decode()
        counts.append(len(asked))
        assert len(re.findall("<li value=", text)) == 2
    assert counts[:3] == counts[3:]
