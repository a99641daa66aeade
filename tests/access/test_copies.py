"""I15: a right that ends, ends everywhere in the same second.

Everything that was copied or kept for a reader is looked at while they are a member, which must
show the private thing, and again in the very moment in which their membership ended or went over to
the other party, which must not.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from riskreg.accounts.models import ApiToken, CalendarFeed
from riskreg.accounts.services import replace_calendar_secret
from riskreg.events.models import Event
from riskreg.exchange.services import Brought, replace_own_draft
from riskreg.kernel.errors import NotFound
from riskreg.notify.models import Delivery, DeliveryState, Message
from riskreg.notify.services import deliver_due
from riskreg.register.access import inbox_of
from riskreg.register.models import Absence, Membership
from riskreg.register.services import add_member, create_register, end_membership, start_absence
from riskreg.reminders.services import sweep
from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
WORD = "KINGFISHER"


@dataclass
class Kept:
    """A manager of foton's, and all that was ever copied for them, on the day after."""

    world: World
    now: dt.datetime
    browser: Client = field(default_factory=Client)
    program: Client = field(default_factory=Client)
    feed: str = ""
    message: str = ""
    mail: str = ""
    next_page: str = ""
    draft: str = ""
    ref: str = ""
    tag: str = ""

    @property
    def base(self) -> str:
        return f"/api/v1/registers/{self.world.register.slug}"

    @property
    def slug(self) -> str:
        return f"/r/{self.world.register.slug}"

    def post(self) -> Any:
        """A request under a key that was used for a private risk before."""
        return self.program.post(
            f"{self.base}/risks/", {"title": f"{WORD} made once", "visibility": "party"},
            content_type="application/json", headers={"Idempotency-Key": "once"},
        )  # fmt: skip


def text(response: Any) -> str:
    return f"{response.status_code} {response.content.decode()}"


# What is kept for a reader, by name: what they are shown of it now.
COPIES: dict[str, Callable[[Kept], str]] = {
    "inbox": lambda k: text(k.browser.get("/inbox/")).replace(k.message, WORD),
    "message": lambda k: text(k.browser.get(f"/inbox/{k.message}/")),
    "opened message": lambda k: text(k.browser.post(f"/inbox/{k.message}/open/", follow=True)),
    "calendar": lambda k: text(k.browser.get(k.feed)),
    "token": lambda k: text(k.program.get(f"{k.base}/risks/")),
    "replayed answer": lambda k: text(k.post()),
    "cursor": lambda k: text(k.program.get(k.next_page)),
    "work of who is away": lambda k: text(k.browser.get(f"{k.slug}/work/")),
    "work everywhere by token": lambda k: text(k.program.get("/api/v1/me/work/")),
    "work everywhere": lambda k: text(k.browser.get("/work/")),
    "file looked through": lambda k: text(k.browser.get(f"{k.slug}/imports/drafts/{k.draft}/")),
    "duties by token": lambda k: text(k.program.get(f"{k.base}/duties/?mine=true")),
    "deliveries": lambda k: text(k.browser.get(f"{k.slug}/deliveries/")).replace(k.mail, WORD),
    "delivery": lambda k: text(k.browser.get(f"{k.slug}/deliveries/{k.mail}/")),
    "search": lambda k: text(k.browser.get("/search/?q=second")),
    "changes": lambda k: text(k.program.get(f"{k.base}/changes/")),
    "first page": lambda k: text(k.browser.get("/", follow=True)),
}


@pytest.fixture
def kept(world: World) -> Any:
    person = world.manager
    row = builders.risk(world, by=person, visibility="party", title=f"{WORD} overdue",
                        at=world.at - 40 * DAY)  # fmt: skip
    builders.risk(world, by=person, visibility="party", title=f"{WORD} second")
    builders.risk(world, by=world.deputy, visibility="party", title=f"{WORD} of the absent",
                  at=world.at - 40 * DAY)  # fmt: skip
    builders.risk(world, by=world.owner, visibility="party", title=f"{WORD} of a colleague",
                  at=world.at - 40 * DAY)  # fmt: skip
    act = {"actor": world.viewer(world.deputy), "at": world.at}
    start_absence(
        starts_on=world.today, until_on=world.today + 9 * DAY, stand_in=person.email, **act
    )
    start_absence(
        actor=world.viewer(person), starts_on=world.today + 20 * DAY, note=f"{WORD} note",
        until_on=world.today + 30 * DAY, stand_in=world.owner.email, at=world.at,
    )  # fmt: skip
    now = world.at + DAY
    with time_machine.travel(now, tick=False):
        kept = Kept(world, now, builders.web(person), builders.api(person), ref=row.ref)
        kept.feed = f"/calendar/{replace_calendar_secret(user=person, at=now)}.ics"
        assert sweep(now).broken == 0
        kept.message = str(inbox_of(person).latest("id").uuid)
        brought = Brought(f"{WORD}.csv", f"Risk,Likelihood,Impact\n{WORD} in a file,5,5\n".encode())
        kept.draft = str(
            replace_own_draft(actor=world.viewer(person), brought=brought, at=now).uuid
        )
        kept.mail = str(Delivery.objects.get(message__uuid=kept.message, channel="mail").uuid)
        assert kept.post().status_code == 201
        first = kept.program.get(f"{kept.base}/risks/?limit=1").json()
        kept.next_page = first["next"].split("testserver")[-1]
        one = kept.program.get(f"{kept.base}/risks/{row.ref}/")
        kept.tag = one.headers["ETag"]
        yield kept


def leave(kept: Kept) -> None:
    end_membership(
        register=kept.world.register, user=kept.world.manager, at=kept.now, by=kept.world.founder
    )


def change_sides(kept: Kept) -> None:
    """In one register; as they stay a member of another, their tokens live on."""
    another = create_register(
        slug="another", names={"en": "Another"}, currency="CNY", time_zone=builders.ZONE,
        at=kept.now, by=kept.world.founder,
    )  # fmt: skip
    add_member(
        register=another, user=kept.world.manager, role="viewer", party=None, at=kept.now,
        by=kept.world.founder,
    )  # fmt: skip
    leave(kept)
    add_member(
        register=kept.world.register, user=kept.world.manager, role="manager",
        party=kept.world.catl, at=kept.now, by=kept.world.founder,
    )  # fmt: skip


def test_a_member_is_shown_what_is_kept(kept: Kept) -> None:
    """Or the tests below would prove nothing."""
    assert not [copy for copy, look in COPIES.items() if WORD not in look(kept)]


@pytest.mark.parametrize("end", [leave, change_sides])
def test_nothing_that_was_kept_outlives_the_right(kept: Kept, end: Callable[[Kept], None]) -> None:
    assert Delivery.objects.get(uuid=kept.mail).state == DeliveryState.PENDING
    end(kept)
    told = {copy: look(kept) for copy, look in COPIES.items()}
    assert not {copy: t[:3] for copy, t in told.items() if WORD in t}
    for copy in ("message", "opened message"):
        assert told[copy].startswith("404")
    if end is leave:
        # Their last membership took their tokens and calendar along.
        assert {told[c][:3] for c in ("token", "cursor", "changes", "replayed answer")} == {"401"}
        assert told["calendar"].startswith("404")
        assert {
            told[c][:3] for c in ("work of who is away", "deliveries", "file looked through")
        } == {"404"}
    else:
        assert told["cursor"].startswith("400")
        assert told["file looked through"].startswith("404")
        assert {told[c][:3] for c in ("token", "calendar", "inbox")} == {"200"}
    known = kept.program.get(f"{kept.base}/risks/{kept.ref}/", headers={"If-None-Match": kept.tag})
    assert known.status_code == (401 if end is leave else 404)
    assert Message.objects.get(uuid=kept.message).read_at is None
    kept.browser.post("/inbox/read/")
    assert Message.objects.get(uuid=kept.message).read_at is None
    # What waits to be sent is not, and the others are told still.
    mail.outbox.clear()
    deliver_due(lambda: kept.now, seconds=60, limit=1000)
    told_to = {to for m in mail.outbox if WORD in str(m.message()) for to in m.to}
    assert told_to == {kept.world.owner.email}
    assert Delivery.objects.get(uuid=kept.mail).state == DeliveryState.DROPPED


def test_the_number_at_the_inbox_counts_what_is_in_it(kept: Kept) -> None:
    assert inbox_of(kept.world.manager).count() > 0
    with CaptureQueriesContext(connection) as queries:
        assert kept.browser.get("/preferences/").context["unread_messages"] > 0
    assert len([q for q in queries if "notify_messageaudience" in q["sql"]]) == 1
    change_sides(kept)
    assert kept.browser.get("/preferences/").context["unread_messages"] == 0
    # Who comes back to the party may read what the party may.
    leave(kept)
    add_member(
        register=kept.world.register, user=kept.world.manager, role="owner",
        party=kept.world.foton, at=kept.now, by=kept.world.founder,
    )  # fmt: skip
    assert WORD in COPIES["message"](kept)


def test_what_runs_on_by_itself_is_ended_with_its_events(kept: Kept) -> None:
    world, person = kept.world, kept.world.manager
    leave(kept)
    assert Membership.objects.get(user=person).ended_at == kept.now
    assert Absence.objects.get(user=person).ended_at == kept.now
    assert Absence.objects.get(user=world.deputy).stand_in is None
    assert not ApiToken.objects.filter(user=person, revoked_at=None).exists()
    assert not CalendarFeed.objects.filter(user=person, revoked_at=None).exists()
    verbs = list(
        Event.objects.filter(actor=world.founder.uuid, at=kept.now)
        .order_by("id")
        .values_list("verb", flat=True)
    )
    assert verbs == [
        "member.ended", "absence.ended", "absence.changed", "token.revoked", "calendar.revoked",
    ]  # fmt: skip
    with pytest.raises(NotFound):
        leave(kept)


def test_the_note_of_an_absence_does_not_change_sides_with_the_person(kept: Kept) -> None:
    def note(who: str) -> bool:
        client = builders.web(getattr(kept.world, who))
        return f"{WORD} note" in client.get(f"{kept.slug}/away/").content.decode()

    assert (note("owner"), note("partner_manager")) == (True, False)
    change_sides(kept)
    assert (note("owner"), note("partner_manager")) == (False, False)
