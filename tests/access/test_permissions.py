"""The permissions table, walked: every role tries every action, on every sort of thing."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils.translation import override

from riskreg.comments.services import write_comment
from riskreg.decisions.services import ask_about_risk
from riskreg.events.queries import visible_events
from riskreg.exchange.services import Brought, import_file_unless_answers_needed
from riskreg.kernel.errors import Forbidden, NotFound
from riskreg.register.access import Viewer, viewer_for
from riskreg.register.change_models import PartyAnswer
from riskreg.register.management.commands.permissions_table import PAGE, permissions_page
from riskreg.register.models import Membership, Role
from riskreg.register.permissions import PERMISSIONS, Reach, permits, require
from riskreg.register.services import (
    approve_change,
    archive_register,
    edit_objective,
    invite,
)
from riskreg.reminders.services import set_reminder_ladder
from riskreg.reviews.models import Meeting
from riskreg.reviews.services import (
    grant_extension,
    record_item,
    record_review,
    start_meeting,
)
from riskreg.risks import services
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import risk_for
from riskreg.risks.services import set_cadence
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes
from tools.chinese import half_width_in

Attempt = Callable[[World, Viewer, Risk], Any]
OTHER_ROOMS = (
    "indicator.",
    "decision.",
    "acceptance.",
    "estimate.",
    "evidence.",
    "simulation.",
    "driver.",
    "belief.",
    "absence.",
    "pack.",
    "handover.",
    "party.",
)


def _act(world: World, viewer: Viewer, row: Risk) -> dict[str, Any]:
    return {"actor": viewer, "ref": row.ref, "version": None, "at": world.at}


def _archive(world: World, viewer: Viewer) -> None:
    """Of the partner's people nobody can speak any more, so that one party alone may do it."""
    speakers = Membership.objects.filter(
        register=world.register, ended_at=None, role__in=["manager", "leader"]
    )
    if viewer.role == Role.MANAGER:
        speakers.exclude(party=viewer.party).update(ended_at=world.at)
    archive_register(actor=viewer, reason="x", version=None, at=world.at)


def _delivery_page(world: World, viewer: Viewer, row: Risk) -> None:
    response = builders.web(viewer.user).get(f"/r/{world.register.slug}/deliveries/")
    if response.status_code == 403:
        raise Forbidden("page")
    assert response.status_code == 200


def _coverage_page(world: World, viewer: Viewer, row: Risk) -> None:
    response = builders.web(viewer.user).get(f"/r/{world.register.slug}/coverage/")
    if response.status_code == 403:
        raise Forbidden("page")
    assert response.status_code == 200


def _endpoint_page(world: World, viewer: Viewer, row: Risk) -> None:
    response = builders.web(viewer.user).get(f"/r/{world.register.slug}/endpoints/")
    if response.status_code == 403:
        raise Forbidden("page")
    assert response.status_code == 200


def _mitigation(world: World, row: Risk) -> str:
    planned = builders.mitigation(world, row, by=builders.keeper(world, row), owner=row.owner.email)
    return planned.ref


def _own_owner(world: World, viewer: Viewer) -> Any:
    """Somebody of the viewer's party who can own a risk: nobody of the other takes it unasked."""
    return world.partner_owner if viewer.party == world.catl else world.owner


def _approve(world: World, viewer: Viewer, row: Risk) -> None:
    """Foton's yes; catl's own was given by asking."""
    require(viewer, "change.answer", PartyAnswer.objects.get(party=row.party))
    approve_change(actor=viewer, name="CR-001", version=None, at=world.at)


# What each action is when somebody does it.
ATTEMPTS: dict[str, Attempt] = {
    "register.view": lambda w, v, r: viewer_for(v.user, w.register.slug),
    "register.configure": lambda w, v, r: builders.taxonomy(w, "region", actor=v),
    "register.archive": lambda w, v, r: _archive(w, v),
    "member.manage": lambda w, v, r: invite(
        actor=v, email="x@example.com", role="viewer", party=v.party.key if v.party else None,
        at=w.at,
    ),
    "risk.view": lambda w, v, r: risk_for(v, r.ref),
    "risk.create": lambda w, v, r: services.create_risk(
        actor=v, fields={"title": "x", "owner": _own_owner(w, v).email}, at=w.at
    ),
    "risk.edit": lambda w, v, r: services.edit_risk(fields={"title": "x"}, **_act(w, v, r)),
    "risk.open": lambda w, v, r: services.open_risk(**_act(w, v, r)),
    "risk.close": lambda w, v, r: services.close_risk(reason="x", **_act(w, v, r)),
    "risk.reopen": lambda w, v, r: services.reopen_risk(reason="x", **_act(w, v, r)),
    "risk.transfer": lambda w, v, r: services.transfer_risk(
        owner=w.leader.email, **_act(w, v, r)
    ),
    "risk.share": lambda w, v, r: services.share_risk(**_act(w, v, r)),
    "risk.assess": lambda w, v, r: services.record_assessment(
        given={"likelihood": 1, "impact": 1, "rationale": "x"}, **_act(w, v, r)
    ),
    "risk.review": lambda w, v, r: record_review(**_act(w, v, r)),
    "comment.write": lambda w, v, r: write_comment(
        actor=v, kind="risk", ref_or_id=r.ref, text="x", at=w.at
    ),
    "risk.ask": lambda w, v, r: ask_about_risk(
        actor=v, ref=r.ref, text="x", due_on=v.today(w.at), at=w.at
    ),
    "risk.extend": lambda w, v, r: grant_extension(
        until=v.today(w.at) + dt.timedelta(days=25), reason="x", **_act(w, v, r)
    ),
    "meeting.hold": lambda w, v, r: start_meeting(
        actor=v, title="x", recipe={"state": "open"}, at=w.at
    ),
    "meeting.record": lambda w, v, r: record_item(
        actor=v, meeting=Meeting.objects.get().uuid, outcome="deferred", version=None, at=w.at,
        number=Meeting.objects.get().items.get(risk=r).number,
    ),
    "coverage.view": _coverage_page,
    "control.edit": lambda w, v, r: services.add_control(
        actor=v, ref=r.ref, name="x", kind="preventive", at=w.at
    ),
    "objective.edit": lambda w, v, r: edit_objective(
        actor=v, key="overseas-units-2030", fields={"unit": "trucks"}, version=1, at=w.at
    ),
    "own_appetite.edit": lambda w, v, r: builders.own_appetite(w, "low", by=v.user),
    "mitigation.create": lambda w, v, r: builders.mitigation(
        w, r, by=v.user, owner=w.owner.email
    ),
    "mitigation.edit": lambda w, v, r: services.edit_mitigation(
        actor=v, ref="M-001", version=None, fields={"progress": 5}, at=w.at
    ),
    "ladder.edit": lambda w, v, r: set_reminder_ladder(
        actor=v, rungs=[{"offset_days": 0, "tells": ["owner"]}], expected_number=None, at=w.at
    ),
    "change.answer": _approve,
    "import.make": lambda w, v, r: import_file_unless_answers_needed(
        actor=v, brought=Brought("x.csv", b"Risk,Likelihood,Impact\nIce,5,5\n"), at=w.at
    ),
    "delivery.view": _delivery_page,
    "endpoint.edit": _endpoint_page,
    "event.view": lambda w, v, r: visible_events(v.audience).first(),
}  # fmt: skip
# Actions that are not done to something that somebody answers for.
WITHOUT_THING = {
    "register.view", "register.configure", "risk.view", "risk.create", "mitigation.create",
    "ladder.edit", "delivery.view", "endpoint.edit", "event.view", "meeting.hold", "coverage.view",
    "member.manage", "register.archive", "import.make", "own_appetite.edit",
}  # fmt: skip


def things(world: World, action: str) -> list[Risk]:
    """Foton's risks in the state that the action needs: its owner's, and the partner's owner's."""
    given: dict[str, Any] = {"opened": action != "risk.open", "deputy": world.deputy.email}
    if action == "risk.extend":
        given["at"] = world.at - dt.timedelta(days=10)
    if action == "change.answer":
        set_cadence(
            actor=world.viewer("partner_manager"), cadence={"high": 99}, seen_number=1, at=world.at
        )
        return [builders.risk(world)]
    if action == "risk.share":
        return [builders.risk(world, visibility="party", **given)]
    rows = [builders.risk(world, **given)]
    rows.append(builders.risk(world, owner=world.partner_owner.email, **given))
    if action == "risk.reopen":
        for row in rows:
            services.close_risk(reason="x", **_act(world, world.viewer("manager"), row))
    if action == "meeting.record":
        start_meeting(actor=world.viewer("manager"), title="x", recipe={}, at=world.at)
    if action == "objective.edit":
        rows = rows[:1]
        builders.objective(world)
    if action == "mitigation.edit":
        rows = rows[:1]
        assert _mitigation(world, rows[0]) == "M-001"
    return rows


def expected(action: str, viewer: Viewer, row: Risk) -> bool:
    reach = PERMISSIONS[action][viewer.role]
    if action in WITHOUT_THING or reach in (Reach.NONE, Reach.ANY):
        return reach is not Reach.NONE
    answering = [row.owner_id] if action == "mitigation.edit" else [row.owner_id, row.deputy_id]
    mine = viewer.user.pk in answering
    return mine or (reach is Reach.PARTY and viewer.party == row.party)


def test_every_action_is_tried() -> None:
    ours = {a for a in PERMISSIONS if not a.startswith(OTHER_ROOMS)}
    assert set(ATTEMPTS) == ours
    assert all(set(row) == set(Role.values) for row in PERMISSIONS.values())


@pytest.mark.django_db
@pytest.mark.parametrize("action", ATTEMPTS)
def test_each_role_may_do_what_the_table_says_and_nothing_else(world: World, action: str) -> None:
    tried = {True: 0, False: 0}
    for row in things(world, action):
        for name in world.members:
            viewer = world.viewer(name)
            may = expected(action, viewer, row)
            with transaction.atomic():
                if may:
                    ATTEMPTS[action](world, viewer, row)
                    transaction.set_rollback(True)
                else:
                    hidden = row.visibility == "party" and viewer.party != row.party
                    with nothing_changes(), pytest.raises(NotFound if hidden else Forbidden) as no:
                        ATTEMPTS[action](world, viewer, row)
                    assert no.value.detail
            tried[may] += 1
    assert tried[True] > 0
    assert tried[False] > 0 or set(PERMISSIONS[action].values()) == {Reach.ANY}


@pytest.mark.parametrize(
    "action, who, may",
    [
        ("risk.edit", "owner", True), ("risk.edit", "deputy", True), ("risk.edit", "manager", True),
        ("risk.edit", "leader", False), ("risk.edit", "integration", True),
        ("risk.edit", "partner_owner", False), ("risk.edit", "partner_manager", False),
        ("risk.edit", "partner_integration", False), ("risk.edit", "auditor", False),
        ("risk.review", "owner", True), ("risk.review", "integration", False),
        ("risk.close", "integration", False), ("risk.transfer", "integration", False),
        ("risk.extend", "manager", True), ("risk.extend", "owner", False),
        ("risk.extend", "leader", False), ("meeting.hold", "leader", True),
        ("meeting.hold", "owner", False), ("meeting.record", "leader", True),
        ("meeting.record", "partner_leader", False), ("coverage.view", "auditor", True),
        ("coverage.view", "owner", False), ("coverage.view", "onlooker", False),
        ("risk.share", "owner", False), ("risk.share", "leader", True),
        ("member.manage", "manager", True), ("member.manage", "leader", False),
        ("import.make", "manager", True), ("import.make", "owner", False),
        ("import.make", "integration", False), ("register.archive", "manager", True),
        ("register.archive", "leader", False), ("register.archive", "auditor", False),
        ("register.configure", "leader", False), ("register.configure", "manager", True),
        ("delivery.view", "manager", True), ("delivery.view", "owner", False),
        ("endpoint.edit", "manager", True), ("endpoint.edit", "leader", False),
        ("endpoint.edit", "integration", False),
        ("risk.create", "leader", False), ("risk.create", "auditor", False),
    ],
)  # fmt: skip
@pytest.mark.django_db
def test_the_table_says_what_was_decided(world: World, action: str, who: str, may: bool) -> None:
    """Some of its cells, written out: a change of the table is a decision, not a slip."""
    row = builders.risk(world, deputy=world.deputy.email)
    thing = None if action in WITHOUT_THING else row
    assert permits(world.viewer(who), action, thing) is may


@pytest.mark.django_db
def test_every_refusal_is_written_as_its_reader_writes(world: World) -> None:
    theirs = builders.risk(world, by=world.partner_owner)
    refusals = []
    with override("zh-hans"):
        for action in PERMISSIONS:
            for thing in (None, theirs):
                try:
                    require(world.viewer("owner"), action, thing)
                except Forbidden as refusal:
                    refusals.append(refusal.detail)
    assert len(refusals) > 40
    assert [text for text in refusals if half_width_in(text)] == []


def test_nobody_outside_a_party_changes_anything(world: World) -> None:
    for name in ("auditor", "onlooker"):
        for action in PERMISSIONS:
            seeing = action.endswith(".view") and action != "delivery.view"
            if action == "coverage.view":
                seeing = name == "auditor"
            assert permits(world.viewer(name), action) is seeing, action


def test_the_page_of_the_docs_is_in_step() -> None:
    assert PAGE.read_text(encoding="utf-8") == permissions_page(), (
        "run: python manage.py permissions_table --write"
    )
