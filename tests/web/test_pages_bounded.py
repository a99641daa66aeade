"""Pages whose rows grow with what people do, and not with the register (``test_bounds``): each
shows as many as its bound says, and the rest on further pages."""

import datetime as dt
import re
from collections.abc import Callable
from importlib import import_module

import pytest

from riskreg.events.policy import Audience
from riskreg.notify.models import Message
from riskreg.notify.refresh import Content
from riskreg.notify.services import Draft, deliver_due, post
from riskreg.reviews.services import end_meeting, start_meeting
from tests import builders
from tests.builders import World
from tests.decisions.making import asked, drafted
from tests.indicators import making

pytestmark = pytest.mark.django_db
# So many are made, and so many are shown where a page is made that small.
MADE, SMALL = 3, 2


def risks(world: World) -> str:
    for n in range(MADE):
        builders.risk(world, title=f"Thing {n}")
    return "risks/"


def decisions(world: World) -> str:
    row = builders.risk(world)
    for n in range(MADE):
        drafted(world, row, title=f"Thing {n}")
    return "decisions/?show=drafts"


def acceptances(world: World) -> str:
    for n in range(MADE):
        asked(world, builders.risk(world, title=f"Thing {n}"))
    return "acceptances/"


def meetings(world: World) -> str:
    builders.risk(world)
    leader = world.viewer("leader")
    for n in range(MADE):
        one = start_meeting(actor=leader, title=f"Thing {n}", recipe={}, at=world.at)
        end_meeting(actor=leader, meeting=one.uuid, version=None, at=world.at)
    return "meetings/"


def readings(world: World) -> str:
    row = making.indicator(world, builders.risk(world))
    hour = dt.timedelta(hours=1)
    for n in range(MADE):
        at = (world.at - n * hour).isoformat()
        source = {"title": f"Thing {n}", "url": "https://example.org/", "label": "illustrative"}
        making.read(world, row, {"at": at, "value": 700 + n, "source": source})
    return f"indicators/{row.ref}/"


def reviews(world: World) -> str:
    row = builders.risk(world)
    for n in range(MADE):
        builders.review(world, row, comment=f"Thing {n}")
    return f"risks/{row.ref}/"


def assessments(world: World) -> str:
    row = builders.risk(world)
    for n in range(MADE):
        builders.assess(world, row, (2, 2), rationale=f"Thing {n}")
    return f"risks/{row.ref}/"


def deliveries(world: World) -> str:
    for n in range(MADE):
        draft = Draft(
            key=f"thing:{n}", kind="digest", recipient=world.owner.uuid,
            address=f"thing{n}@example.org", language="en", local_day=world.today,
            content=Content(f"Thing {n}", "See\n"),
            audiences=[Audience(world.register.uuid, world.foton.uuid)],
        )  # fmt: skip
        assert isinstance(post(draft, world.at + n * dt.timedelta(minutes=1)), Message)
    deliver_due(lambda: world.at + dt.timedelta(hours=1), seconds=60, limit=100)
    return "deliveries/"


PAGES: list[tuple[str, Callable[[World], str], int]] = [
    ("list_page.PER_PAGE", risks, 50),
    ("decisions.pages.PER_PAGE", decisions, 50),
    ("acceptances.pages.PER_PAGE", acceptances, 50),
    ("meetings.picking.PER_PAGE", meetings, 50),
    ("indicators.detail.PER_PAGE", readings, 50),
    ("risks.detail.SHOWN_REVIEWS", reviews, 20),
    ("risks.detail.SHOWN_ASSESSMENTS", assessments, 20),
    ("messages.deliveries.PER_PAGE", deliveries, 50),
]


@pytest.mark.parametrize(("bound", "make", "most"), PAGES, ids=[page[0] for page in PAGES])
def test_a_page_shows_as_many_as_its_bound_says(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    bound: str,
    make: Callable[[World], str],
    most: int,
) -> None:
    module, _dot, name = f"riskreg.web.{bound}".rpartition(".")
    assert getattr(import_module(module), name) <= most
    url = f"/r/{world.register.slug}/{make(world)}"
    client = builders.web(world.manager)

    def things() -> set[str]:
        response = client.get(url)
        assert response.status_code == 200, url
        return set(re.findall(r"Thing (\d)", response.content.decode()))

    assert things() == {str(n) for n in range(MADE)}
    monkeypatch.setattr(f"{module}.{name}", SMALL)
    # A message is a row for each way to its reader.
    assert 0 < len(things()) <= SMALL
