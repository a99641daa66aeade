"""Joiner, mover, leaver as every role: rights begin, change and end in the same second (I15)."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from riskreg.accounts.models import User
from riskreg.accounts.services import replace_calendar_secret
from riskreg.handover.services import change_member_role, end_member
from riskreg.kernel import health
from riskreg.notify.services import deliver_due
from riskreg.register import services
from riskreg.register.access import viewer_for
from riskreg.register.people import FOR_PEOPLE, invitation_token
from riskreg.register.permissions import PERMISSIONS, permits
from riskreg.reminders.services import sweep
from tests import builders
from tests.access import canaries, walk
from tests.access.canaries import CanaryWorld
from tests.access.routes import ROUTES
from tests.amounts import sample
from tests.builders import PASSWORD, SLUG, World

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PAGE, API = f"/r/{SLUG}/", f"/api/v1/registers/{SLUG}/"
# What a page is opened by: the right of the table that it asks for.
OPENED_BY = {
    "risks/new/": "risk.create",
    "objectives/new/": "objective.edit",
    "indicators/new/": "indicator.create",
    "meetings/new/": "meeting.hold",
    "settings/criteria/new/": "register.configure",
    "settings/own-appetites/new/": "own_appetite.edit",
    "programs/": "member.manage",
    "deliveries/": "delivery.view",
    "coverage/": "coverage.view",
    "imports/": "import.make",
    "board-packs/": "pack.make",
    "board-packs/schedules/new/": "pack.make",
}


def opened(client: Client) -> dict[str, bool]:
    """Which pages open; a meeting about no risks leads back to the list of meetings."""
    answers = {page: client.get(PAGE + page).status_code for page in OPENED_BY}
    assert set(answers.values()) <= {200, 302, 403}, answers
    return {page: status != 403 for page, status in answers.items()}


def by_the_table(role: str) -> dict[str, bool]:
    return {page: bool(PERMISSIONS[a][role]) for page, a in OPENED_BY.items()}


def invited(world: World, role: str) -> tuple[User, Client]:
    """Somebody who joined as that role, with the session that they joined in."""
    row = services.invite(
        actor=world.viewer("manager"), email=f"{role}@new.example", role=role, party="foton",
        at=world.at,
    )  # fmt: skip
    client = Client()
    path = f"/join/{invitation_token(row)}/"
    form = {
        "name": f"New {role}", "password": PASSWORD, "again": PASSWORD, "language": "en",
        "time_zone": "Asia/Shanghai", "digest_hour": "8",
    }  # fmt: skip
    assert client.post(path, form).status_code == 302
    return User.objects.get(email=row.email), client


@pytest.mark.parametrize("role", FOR_PEOPLE)
def test_who_joins_may_at_once_what_the_table_says_and_a_mover_what_it_says_of_the_new_role(
    world: World, role: str
) -> None:
    person, session = invited(world, role)
    assert opened(session) == by_the_table(role)
    token = builders.api(person)
    for other in (*(r for r in FOR_PEOPLE if r != role), role):
        change_member_role(
            actor=world.viewer("manager"), user=person.uuid, role=other, version=None,
            nobody_yet=True, at=world.at,
        )  # fmt: skip
        # The session and the token of before, without signing in again.
        assert opened(session) == by_the_table(other), other
        viewer = viewer_for(person, SLUG)
        may = {action for action in PERMISSIONS if permits(viewer, action)}
        assert may == {action for action, row in PERMISSIONS.items() if row[other]}, other
        made = token.post(API + "risks/", {"title": "Mine"}, content_type="application/json")
        assert made.status_code == (201 if PERMISSIONS["risk.create"][other] else 403), other


WHO = ("owner", "deputy", "leader", "integration", "auditor", "onlooker", "partner_manager",
       "partner_owner", "partner_leader", "partner_integration")  # fmt: skip


@pytest.fixture
def left_world(db: None, at: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> CanaryWorld:
    monkeypatch.setitem(health.CHECKS, "broker", lambda: None)
    return canaries.build(at)


def doors_of(who: str) -> dict[str, str]:
    """The routes in a register that ``who`` is to try, with their methods: all of them as a manager
    and as a program, everybody else a share of them."""
    inside = {
        route: methods
        for route, methods in ROUTES.items()
        if route.startswith(("/r/{}/", "/api/v1/registers/{}/"))
    }
    if who in ("partner_manager", "integration"):
        return inside
    return dict(sample(list(inside.items()), WHO.index(who), every=6))


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.parametrize("who", WHO)
def test_a_leavers_every_door_is_shut_in_the_same_second(left_world: CanaryWorld, who: str) -> None:
    world, person = left_world, getattr(left_world, who)
    web, api = builders.web(person), builders.api(person)
    feed = f"/calendar/{replace_calendar_secret(user=person, at=world.at)}.ics"
    assert Client().get(feed).status_code == 200
    assert (web.get(PAGE + "work/").status_code, api.get(API).status_code) == (200, 200)
    sweep(world.at + dt.timedelta(days=40))
    leave(world, who)
    still = []
    for route, methods in doors_of(who).items():
        client = api if route.startswith("/api/") else web
        for path in world.shared_paths(route) or [walk.plain_path(world, route)]:
            for method in methods.split():
                answer = getattr(client, method.lower())(path, **sent(path, method))
                # A token that was bound to the register has ended, any other finds nothing.
                if answer.status_code not in (401, 404):
                    still.append(f"{method} {path}: {answer.status_code}")
    assert not still
    names = (f"/r/{SLUG}/", f'"{SLUG}"', world.register.name, "R-001")
    for client, path in (
        (web, "/registers/"), (web, "/work/"), (web, "/inbox/"), (api, "/api/v1/registers/"),
        (api, "/api/v1/me/"), (Client(), feed),
    ):  # fmt: skip
        answer = client.get(path, follow=True)
        told = [name for name in names if name in answer.content.decode()]
        assert (answer.status_code in (200, 401, 404), told) == (True, []), path
    # What waited to be sent is not sent, and nothing new is.
    mail.outbox.clear()
    late = world.at + dt.timedelta(days=41)
    sweep(late)
    deliver_due(lambda: late, seconds=120, limit=1000)
    assert not [m.body for m in mail.outbox if m.to == [person.email] and "R-001" in m.body]
    # The way in is shut as well: who signs in again is in no register.
    again = Client()
    again.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert again.get(PAGE + "work/").status_code == 404


def leave(world: CanaryWorld, who: str) -> None:
    """By a manager of theirs, who says that nobody answers yet for what was theirs."""
    party = world.viewer(who).party
    head = "manager" if party is None or party == world.foton else "partner_manager"
    if who == head:
        other = world.partner_deputy
        change_member_role(
            actor=world.viewer(head), user=other.uuid, role="manager", version=None, at=world.at
        )
    end_member(
        actor=world.viewer(head),
        user=getattr(world, who).uuid,
        version=None,
        nobody_yet=True,
        at=world.at,
    )


def sent(path: str, method: str) -> dict[str, Any]:
    if method == "GET":
        return {}
    if path.startswith("/api/"):
        return {"data": {}, "content_type": "application/json", "headers": {"If-Match": '"1"'}}
    return {"data": {}}
