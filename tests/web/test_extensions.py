"""More time for a review on pages: who is offered it, what is asked, how it is said."""

import datetime as dt

import pytest

from riskreg.reviews.models import Extension
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def address(world: World, ref: str, page: str = "extend/") -> str:
    return f"/r/{world.register.slug}/risks/{ref}/{page}"


def test_granted_and_said(world: World) -> None:
    row = builders.risk(world, at=world.at - 40 * DAY)
    client = builders.web(world.manager)
    page = client.get(address(world, row.ref)).content.decode()
    assert f'min="{world.today + DAY}"' in page
    assert f'max="{world.today + 30 * DAY}"' in page
    until = (world.today + 7 * DAY).isoformat()
    sent = {"until": until, "reason": "The figures come on Friday", "version": row.version}
    answer = client.post(address(world, row.ref), sent, follow=True)
    assert answer.status_code == 200
    assert Extension.objects.get().until.isoformat() == until
    text = answer.content.decode()
    assert "may wait until" in text
    assert "late, extended until" in text
    assert "23 Sep 2026" in text
    assert "The figures come on Friday" in text
    assert address(world, row.ref) not in text, "it is not offered a second time"
    for person in (world.owner, world.partner_owner):
        assert (
            "late, extended until"
            in builders.web(person).get(address(world, row.ref, "")).content.decode()
        )
    review = builders.web(world.owner).get(address(world, row.ref, "review/")).content.decode()
    assert "10 days overdue" in review
    assert "late, extended until" in review


def test_it_is_offered_to_whom_it_belongs(world: World) -> None:
    row = builders.risk(world)
    offered = {
        name: address(world, row.ref)
        in builders.web(person).get(address(world, row.ref, "")).content.decode()
        for name, person in world.members.items()
    }
    assert {name for name, shown in offered.items() if shown} == {"manager"}
    with nothing_changes():
        assert builders.web(world.owner).get(address(world, row.ref)).status_code == 403


def test_what_is_refused_is_said_beside_the_field(world: World) -> None:
    row = builders.risk(world, at=world.at - 40 * DAY)
    sent = {"until": "2030-01-01", "reason": "", "version": row.version}
    with nothing_changes():
        answer = builders.web(world.manager).post(address(world, row.ref), sent)
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "At this rating a review can wait until" in text
    assert "This is needed." in text


def test_somebody_was_faster(world: World) -> None:
    row = builders.risk(world, at=world.at - 40 * DAY)
    builders.review(world, row, at=world.at - DAY)
    until = (world.today + 31 * DAY).isoformat()
    with nothing_changes():
        answer = builders.web(world.manager).post(
            address(world, row.ref), {"until": until, "reason": "x", "version": row.version}
        )
    assert answer.status_code == 409
