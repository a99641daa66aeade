"""An archived register is read as before; no route writes in it, and nobody is reminded of it."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from riskreg.events.models import Event
from riskreg.indicators.services import create_indicator
from riskreg.kernel.errors import Conflict, Forbidden, Invalid
from riskreg.notify.models import Message
from riskreg.notify.services import deliver_due
from riskreg.register.access import Viewer
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Invitation, Membership, OwnAppetite, Register
from riskreg.register.people import invitation_token
from riskreg.register.permissions import IN_ARCHIVED, PERMISSIONS, permits
from riskreg.register.services import (
    accept_with_new_account,
    approve_change,
    archive_register,
    expire_and_reassign_requests,
    invite,
    refuse_change,
    restore_register,
    set_time_zone,
    withdraw_change,
)
from riskreg.reminders.models import Reminder
from riskreg.reminders.services import sweep
from riskreg.reviews.services import start_meeting
from riskreg.risks.models import Control
from tests import builders
from tests.access.routes import ROUTES, body_for
from tests.builders import World
from tests.dump import nothing_changes
from tests.indicators import making

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
WRITES = ("POST", "PUT", "PATCH", "DELETE")


def alone(world: World) -> None:
    """Nobody is left who could speak for the partner."""
    theirs = Membership.objects.filter(party=world.partner_manager.memberships.get().party)
    theirs.filter(role__in=["manager", "leader"]).update(ended_at=world.at)


def archive(world: World, who: str = "manager", **given: Any) -> Register | ChangeRequest:
    fields = {"reason": "The programme has ended", "version": None, "at": world.at}
    return archive_register(actor=world.viewer(who), **{**fields, **given})


@builders.shared_world
def full(world: World) -> World:
    """One of everything that a route of a register names."""
    first = builders.risk(world, deputy=world.deputy.email)
    builders.taxonomy(world)
    builders.objective(world)
    builders.own_appetite(world)
    builders.mitigation(world, first)
    builders.control(world, first, test_every_days=1)
    making.indicator(world, first)
    start_meeting(actor=world.viewer("manager"), title="All", recipe={}, at=world.at)
    act: dict[str, Any] = {"actor": world.viewer("manager"), "at": world.at}
    invite(email="new@example.com", role="viewer", party="foton", **act)
    set_time_zone(time_zone="UTC", seen=world.register.time_zone, **act)
    alone(world)
    archive(world)
    world.register.refresh_from_db()
    return world


def written_routes(world: World) -> Iterator[tuple[str, str]]:
    """(method, path) of every write inside the register, about something that is there."""
    named = {
        "risks": "R-001", "mitigations": "M-001", "indicators": "K-001", "items": "1",
        "controls": str(Control.objects.get().uuid), "taxonomies": "market", "terms": "market:eu",
        "objectives": "overseas-units-2030", "members": str(world.owner.uuid),
        "invitations": str(Invitation.objects.get().uuid), "setup": "people",
        "change-requests": "CR-001", "own-appetites": str(OwnAppetite.objects.get().uuid),
        "r": world.register.slug, "registers": world.register.slug,
    }  # fmt: skip
    for route, methods in ROUTES.items():
        if not route.startswith(("/r/{}/", "/api/v1/registers/{}/")):
            continue
        pieces = route.split("/")
        path = "/".join(
            named.get(pieces[n - 1], str(world.manager.uuid)) if piece == "{}" else piece
            for n, piece in enumerate(pieces)
        )
        for method in methods.split():
            if method in WRITES:
                yield method, path


def test_no_route_writes_in_an_archived_register(full: World) -> None:
    full.risk_refs, full.objective_keys = ["R-001", "R-001"], ["overseas-units-2030"]  # type: ignore[attr-defined]
    full.mitigation_refs = ["M-001"]  # type: ignore[attr-defined]
    clients: dict[bool, Client] = {
        True: builders.api(full.manager), False: builders.web(full.manager)
    }  # fmt: skip
    walked = list(written_routes(full))
    assert len(walked) > 100
    wrote = []
    for method, path in walked:
        if path.endswith("/restore/"):
            continue
        api = path.startswith("/api/")
        route = next(r for r in ROUTES if _fits(r, path))
        options: dict[str, Any] = {"data": body_for(full, route)}
        if api:
            options |= {"content_type": "application/json", "headers": {"If-Match": '"1"'}}
        with nothing_changes():
            response = getattr(clients[api], method.lower())(path, **options)
        if response.status_code != 403 or "archived" not in response.content.decode():
            wrote.append(f"{method} {path}: {response.status_code}")
    assert not wrote


def _fits(route: str, path: str) -> bool:
    pieces, named = route.split("/"), path.split("/")
    return len(pieces) == len(named) and all(
        p in ("{}", n) for p, n in zip(pieces, named, strict=True)
    )


def test_everything_is_read_as_before(full: World) -> None:
    client, api = builders.web(full.owner), builders.api(full.owner)
    page, root = f"/r/{full.register.slug}/", f"/api/v1/registers/{full.register.slug}/"
    for path in ("work/", "heatmap/", "risks/", "risks/R-001/", "controls/", "settings/"):
        html = client.get(page + path)
        assert (html.status_code, "is archived since" in html.content.decode()) == (200, True), path
    for path in ("", "risks/", "heatmap/", "duties/", "changes/"):
        assert api.get(root + path).status_code == 200, path
    assert api.get(root).json()["archived_at"] == "2026-09-16T08:00:00Z"
    for role in ("owner", "manager", "leader", "integration"):
        viewer = full.viewer(role)
        assert {a for a in PERMISSIONS if permits(viewer, a)} <= IN_ARCHIVED


def test_a_service_refuses_as_well_and_says_why(full: World) -> None:
    risk = {"risks": ["R-001"], **making.FIELDS}
    with nothing_changes(), pytest.raises(Forbidden) as refused:
        create_indicator(actor=full.viewer("owner"), fields=risk, at=full.at)
    assert "archived" in refused.value.detail
    row = Invitation.objects.get()
    with nothing_changes(), pytest.raises(Forbidden):
        accept_with_new_account(
            token=invitation_token(row), name="x", password="x" * 20, at=full.at
        )


def run(at: dt.datetime) -> list[str]:
    mail.outbox.clear()
    sweep(at)
    deliver_due(lambda: at, seconds=60, limit=1000)
    return sorted(m.to[0].split("@")[0] for m in mail.outbox if "new@" not in m.to[0])


def test_nobody_is_reminded_until_it_is_restored(world: World) -> None:
    alone(world)
    risk = builders.risk(world, rated=(1, 1))
    due = dt.datetime.combine(risk.next_review_on, world.at.time(), dt.UTC)
    archive(world, at=world.at)
    for day in (0, 7, 21):
        assert run(due + day * DAY) == []
    assert not Reminder.objects.exists(), "the sweep did nothing at all for it"
    restore_register(actor=world.viewer("manager"), version=None, at=due + 22 * DAY)
    assert "owner" in run(due + 23 * DAY), "what fell due meanwhile is told, and is late"
    (reminder,) = Reminder.objects.filter(kind="risk.review", state="sent")
    assert reminder.rung == 21


def test_what_waited_or_was_written_is_held_and_told_later(world: World) -> None:
    alone(world)
    risk = builders.risk(world, rated=(1, 1))
    due = dt.datetime.combine(risk.next_review_on, world.at.time(), dt.UTC)
    mail.outbox.clear()
    sweep(due)
    archive(world, at=due)
    deliver_due(lambda: due, seconds=60, limit=1000)
    assert not [m for m in mail.outbox if m.to == [world.owner.email]]
    assert run(due + DAY) == []
    restore_register(actor=world.viewer("manager"), version=None, at=due + 2 * DAY)
    assert "owner" in run(due + 3 * DAY)


def test_one_party_alone_cannot_archive_what_both_keep(world: World) -> None:
    with nothing_changes():
        for who in ("owner", "leader", "auditor", "onlooker", "integration"):
            with pytest.raises(Forbidden):
                archive(world, who)
        with pytest.raises(Invalid) as unsaid:
            archive(world, reason=" ")
        assert set(unsaid.value.fields) == {"reason"}
        with pytest.raises(Conflict):
            archive(world, version=7)
    asked = archive(world)
    assert isinstance(asked, ChangeRequest)
    assert asked.is_open
    assert not archived(world)
    assert [(line.after, line.effect.value) for line in asked.lines] == [
        ("read only, without reminders", "weakens"), ("The programme has ended", "moves"),
    ]  # fmt: skip
    with nothing_changes(), pytest.raises(Invalid) as twice:
        archive(world)
    assert "CR-001" in twice.value.detail
    answer(world, asked, approve_change)
    assert archived(world)
    verbs = list(Event.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs.index("change_request.applied") < verbs.index("register.archived")


def test_one_party_alone_does_not_restore_either(world: World) -> None:
    longer = set_time_zone(
        actor=world.viewer("manager"), time_zone="UTC", seen=world.register.time_zone, at=world.at
    )
    assert isinstance(longer, ChangeRequest)
    answer(world, archive(world), approve_change)
    with nothing_changes():
        for act in (approve_change, refuse_change):
            with pytest.raises(Forbidden) as refused:
                answer(world, longer, act)
            assert "archived" in refused.value.detail
        with pytest.raises(Forbidden):
            withdraw_change(actor=_again(world), name=longer.ref, version=None, at=world.at)
    asked = restore_register(actor=_again(world), version=None, at=world.at)
    assert isinstance(asked, ChangeRequest)
    assert archived(world)
    assert f"change:asked:{asked.uuid}" in mails_to(world.partner_manager)
    answer(world, asked, refuse_change)
    assert archived(world)
    again = restore_register(actor=_again(world), version=None, at=world.at)
    assert isinstance(again, ChangeRequest)
    withdraw_change(actor=_again(world), name=again.ref, version=None, at=world.at)
    last = restore_register(actor=_again(world), version=None, at=world.at)
    assert isinstance(last, ChangeRequest)
    expire_and_reassign_requests(world.at + 40 * DAY)
    last.refresh_from_db()
    longer.refresh_from_db()
    # Who asked for something else is not written to meanwhile; it ends once the register lives on.
    assert (last.state, longer.state) == ("expired", "open")
    once_more = restore_register(actor=_again(world), version=None, at=world.at)
    assert isinstance(once_more, ChangeRequest)
    answer(world, once_more, approve_change)
    assert not archived(world)
    expire_and_reassign_requests(world.at + 40 * DAY)
    longer.refresh_from_db()
    assert longer.state == "expired"


def test_whom_nobody_speaks_for_is_not_waited_for(world: World) -> None:
    alone(world)
    done = archive(world, version=1)
    assert isinstance(done, Register)
    assert (done.archived_at, done.version) == (world.at, 2)
    with nothing_changes(), pytest.raises(Invalid):
        archive(world)
    restore_register(actor=_again(world), version=2, at=world.at + DAY)
    with nothing_changes(), pytest.raises(Invalid):
        restore_register(actor=_again(world), version=None, at=world.at)
    verbs = Event.objects.filter(verb__in=["register.archived", "register.restored"])
    assert verbs.count() == 2


def answer(world: World, row: Any, act: Any) -> Any:
    """As the partner's manager."""
    words = {"words": "Not yet"} if act is refuse_change else {}
    actor = world.viewer("partner_manager")
    return act(actor=actor, name=row.ref, version=None, at=world.at, **words)


def archived(world: World) -> bool:
    return Register.objects.get(pk=world.register.pk).archived_at is not None


def mails_to(user: Any) -> str:
    return " ".join(Message.objects.filter(recipient=user.uuid).values_list("key", flat=True))


def _again(world: World) -> Viewer:
    return world.viewer("manager")


def test_by_page_and_over_rest(world: World) -> None:
    page = f"/r/{world.register.slug}/settings/"
    client = builders.web(world.manager)
    asked = {"version": "1", "reason": "Over"}
    with nothing_changes():
        assert "waits for a yes of CATL" in client.get(f"{page}archive/").content.decode()
        assert builders.web(world.owner).get(f"{page}archive/").status_code == 403
    alone(world)
    with nothing_changes():
        assert client.post(f"{page}archive/", {**asked, "reason": ""}).status_code == 400
        assert client.post(f"{page}archive/", {**asked, "version": "9"}).status_code == 409
    assert client.post(f"{page}archive/", asked).status_code == 302
    assert "Restore it" in client.get(f"{page}archive/").content.decode()
    assert client.post(f"{page}restore/").status_code == 302
    api, root = builders.api(world.manager), f"/api/v1/registers/{world.register.slug}/"

    def post(path: str, body: Any, tag: str) -> Any:
        return api.post(
            root + path, body, content_type="application/json", headers={"If-Match": tag}
        )

    tag = api.get(root)["ETag"]
    with nothing_changes():
        assert post("archive/", {}, tag).status_code == 400
        assert post("archive/", {"reason": "x"}, '"1"').status_code == 412
    done = post("archive/", {"reason": "Over"}, tag)
    assert done.json()["archived_at"] is not None
    assert post("restore/", {}, done["ETag"]).json()["archived_at"] is None


def test_the_other_party_is_asked_by_page_and_over_rest(world: World) -> None:
    page = f"/r/{world.register.slug}/"
    manager, partner = builders.web(world.manager), builders.web(world.partner_manager)
    sent = manager.post(f"{page}settings/archive/", {"version": "1", "reason": "Over"})
    assert sent["Location"] == f"{page}change-requests/CR-001/"
    assert "CR-001" in manager.get(f"{page}settings/archive/").content.decode()
    assert partner.post(f"{page}change-requests/CR-001/approve/", {}).status_code == 302
    assert archived(world)
    back = partner.post(f"{page}settings/restore/")
    assert back["Location"] == f"{page}change-requests/CR-002/"
    shown = manager.get(f"{page}change-requests/CR-002/").content.decode()
    assert f"{page}change-requests/CR-002/approve/" in shown
    assert manager.post(f"{page}change-requests/CR-002/approve/", {}).status_code == 302
    assert not archived(world)
    root = f"/api/v1/registers/{world.register.slug}/"
    ours, theirs = builders.api(world.manager), builders.api(world.partner_manager)

    def post(client: Client, path: str, body: Any, tag: str) -> Any:
        return client.post(
            root + path, body, content_type="application/json", headers={"If-Match": tag}
        )

    for step, body in (("archive/", {"reason": "Over"}), ("restore/", {})):
        asked = post(ours, step, body, ours.get(root)["ETag"])
        assert (asked.status_code, asked.json()["state"]) == (202, "open")
        place = f"change-requests/{asked.json()['ref']}/"
        with nothing_changes():
            assert post(ours, f"{place}approve/", {}, asked["ETag"]).status_code == 400
        done = post(theirs, f"{place}approve/", {}, asked["ETag"])
        assert (done.status_code, done.json()["state"]) == (200, "applied")
        assert archived(world) is (step == "archive/")
