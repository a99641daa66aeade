"""Controls: for one risk or many, tested, ended with a reason, never across the boundary."""

import datetime as dt
import json
from typing import Any

import pytest

from riskreg.duties.queries.agenda import Wanted, WantedList, duties_for, most_urgent_duties_for
from riskreg.events.models import Event
from riskreg.events.queries import history_of, visible_events
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.risks.models import Control
from riskreg.risks.queries.lists import controls_in_place_of
from riskreg.risks.services import add_control, edit_control, end_control, share_risk, transfer_risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


def edit(world: World, row: Control, who: str = "owner", **fields: Any) -> Control:
    version = fields.pop("version", None)
    return edit_control(
        actor=world.viewer(who), control=row.uuid, fields=fields, version=version, at=world.at
    )


def test_one_control_works_on_many_risks(world: World) -> None:
    first, second, third = (builders.risk(world) for _ in range(3))
    row = builders.control(world, first, other_risks=[second.ref])
    viewer = world.viewer("partner_owner")
    for risk in (first, second):
        assert controls_in_place_of(viewer, risk).get() == row
    edit(world, row, risks=[first.ref, third.ref])
    assert not controls_in_place_of(viewer, second).exists()
    assert controls_in_place_of(viewer, third).get() == row
    told = [
        (e.subject_ref, e.verb)
        for e in Event.objects.filter(verb__startswith="control.").order_by("pk")
    ]
    assert told == [
        ("R-001", "control.added"), ("R-002", "control.added"),
        ("R-003", "control.added"), ("R-002", "control.ended"),
    ]  # fmt: skip


def test_a_test_is_noted_with_who_and_sets_the_next_one(world: World) -> None:
    row = builders.control(world, builders.risk(world), test_every_days=90)
    assert row.next_test_on == world.today + dt.timedelta(days=90)
    day = world.today - dt.timedelta(days=10)
    tested = edit(world, row, tested_on=day.isoformat(), effectiveness="partly", version=1)
    assert (tested.tested_by, tested.next_test_on) == (
        world.owner, day + dt.timedelta(days=90),
    )  # fmt: skip
    change = json.loads(Event.objects.get(verb="control.edited").changes)
    assert change["effectiveness"] == ["", "partly"]
    with nothing_changes():
        assert edit(world, row, effectiveness="partly").version == 2
        with pytest.raises(Conflict):
            edit(world, row, effectiveness="effective", version=1)
    assert edit(world, row, test_every_days=None).next_test_on is None


@pytest.mark.parametrize(
    "fields, field, code",
    [
        ({"name": ""}, "name", "required"),
        ({"name": "x" * 301}, "name", "too_long"),
        ({"kind": "magic"}, "kind", "unknown"),
        ({"effectiveness": "great"}, "effectiveness", "unknown"),
        ({"tested_on": "2026-09-17"}, "tested_on", "in_the_future"),
        ({"tested_on": "soon"}, "tested_on", "not_a_date"),
        ({"test_every_days": 0}, "test_every_days", "out_of_range"),
        ({"test_every_days": "often"}, "test_every_days", "out_of_range"),
        ({"owner": "nobody@else.example"}, "owner", "unknown_member"),
        ({"risks": []}, "risks", "required"),
        ({"risks": ["R-999"]}, "risks", "unknown_risk"),
        ({"risks": ["C-001"]}, "risks", "unknown_risk"),
        ({"risks": ["F-001"]}, "risks", "narrower"),
        ({"label": "sourced"}, "label", "needs_source"),
        ({"colour": "red"}, "colour", "unknown_field"),
    ],
)
def test_a_bad_change_is_refused(
    world: World, fields: dict[str, Any], field: str, code: str
) -> None:
    row = builders.control(world, builders.risk(world))
    builders.risk(world, visibility="party")
    builders.risk(world, by=world.partner_owner, visibility="party")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        edit(world, row, **fields)
    assert code in [error.code for error in refused.value.fields[field]]


def test_it_ends_with_a_reason_and_for_good(world: World) -> None:
    first, second = builders.risk(world), builders.risk(world)
    row = builders.control(world, first, other_risks=[second.ref])
    act: dict[str, Any] = {"actor": world.viewer("owner"), "control": row.uuid, "at": world.at}
    with nothing_changes(), pytest.raises(Invalid) as refused:
        end_control(reason=" ", **act)
    assert set(refused.value.fields) == {"reason"}
    ended = end_control(reason="The contract has run out", **act)
    assert (ended.ended_at, ended.end_reason) == (world.at, "The contract has run out")
    assert Event.objects.filter(verb="control.ended").count() == 2
    with nothing_changes():
        for again in (lambda: end_control(reason="x", **act), lambda: edit(world, row, name="x")):
            with pytest.raises(Invalid):
                again()


def test_another_partys_own_is_not_there(world: World) -> None:
    private = builders.risk(world, visibility="party")
    row = builders.control(world, private, name="Private control")
    shared = builders.risk(world)
    linked = edit(world, row, risks=[private.ref, shared.ref])
    assert linked.visibility == "party"
    partner = world.viewer("partner_manager")
    assert not controls_in_place_of(partner, shared).exists()
    told = history_of(partner.audience, [shared.uuid, private.uuid])
    assert not told.filter(verb__startswith="control.").exists()
    version = shared.version
    shared.refresh_from_db()
    assert shared.version == version
    with nothing_changes():
        with pytest.raises(NotFound):
            edit(world, row, "partner_manager", name="x")
        with pytest.raises(NotFound):
            end_control(actor=partner, control=row.uuid, reason="x", at=world.at)
        with pytest.raises(Invalid) as refused:
            edit(world, row, owner=world.partner_owner.email)
    assert refused.value.fields["owner"][0].code == "other_party"


def test_who_owns_it_may_change_it_and_others_may_not(world: World) -> None:
    risk = builders.risk(world)
    row = builders.control(world, risk, owner=world.partner_owner.email)
    assert edit(world, row, "partner_owner", effectiveness="effective").version == 2
    for who in ("partner_manager", "leader", "auditor", "onlooker"):
        with nothing_changes(), pytest.raises(Forbidden):
            edit(world, row, who, name="x")
    theirs = builders.risk(world, by=world.partner_owner)
    with nothing_changes(), pytest.raises(Forbidden):
        edit(world, row, risks=[risk.ref, theirs.ref])
    with nothing_changes(), pytest.raises(Forbidden):
        add_control(
            actor=world.viewer("owner"), ref=theirs.ref, name="x", kind="preventive", at=world.at
        )


def test_a_private_control_stays_its_partys_when_its_risk_is_shared(world: World) -> None:
    private = builders.risk(world, visibility="party")
    other = builders.risk(world, visibility="party")
    row = builders.control(world, private, name="Private control")
    share_risk(actor=world.viewer("manager"), ref=private.ref, version=None, at=world.at)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        edit(world, row, owner=world.partner_owner.email)
    assert refused.value.fields["owner"][0].code == "other_party"
    assert edit(world, row, risks=["R-001", other.ref]).risks.count() == 2


def crossed(world: World, **given: Any) -> Control:
    """A private control, due for its test, of a risk that was shared and went to the partner."""
    private = builders.risk(world, visibility="party")
    row = builders.control(world, private, test_every_days=1, **given)
    share_risk(actor=world.viewer("manager"), ref=private.ref, version=None, at=world.at)
    asked = transfer_risk(
        actor=world.viewer("manager"), ref="R-001", version=None, owner=world.partner_owner,
        at=world.at,
    )  # fmt: skip
    builders.agreed(world, asked)
    row.refresh_from_db()
    return row


@pytest.mark.parametrize("owner", ["", "deputy"])
def test_the_test_of_a_private_control_is_asked_of_its_own_party(world: World, owner: str) -> None:
    row = crossed(world, **({"owner": getattr(world, owner).email} if owner else {}))
    own = getattr(world, owner or "owner")
    wanted = Wanted(world.today, kinds=("control.test",), people=frozenset({own.pk}))
    asked = duties_for(world.viewer(own), wanted, 10).duties
    assert [(duty.subject, duty.owner_id) for duty in asked] == [(row.uuid, own.pk)]
    assert row.owner == own
    partner = world.viewer("partner_owner")
    theirs = Wanted(world.today, people=frozenset({world.partner_owner.pk}))
    assert "control.test" not in {duty.kind for duty in duties_for(partner, theirs, 10).duties}
    # Their history and the fold of their feed know nothing of it; the other's tells who has it now.
    seen = [e.changes for e in visible_events(partner.audience) if str(row.uuid) in e.changes]
    assert seen == []
    version = Event.objects.filter(changes__contains=str(row.uuid)).latest("pk")
    assert (version.verb == "control.edited") is (owner == "")


def test_a_private_control_is_not_left_to_who_cannot_see_it(world: World) -> None:
    row = crossed(world)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        edit(world, row, "manager", owner=None)
    assert refused.value.fields["owner"][0].code == "required"
    assert str(world.partner_owner) in refused.value.fields["owner"][0].detail
    assert edit(world, row, "manager", owner=world.deputy.email).owner == world.deputy


def test_nobody_answers_for_what_only_strangers_to_it_own(world: World) -> None:
    row = crossed(world)
    # As rows stand that were made before.
    Control.objects.filter(pk=row.pk).update(owner=None)
    wanted = Wanted(world.today, kinds=("control.test",))
    ((duty,),) = most_urgent_duties_for(world.viewer("manager"), [WantedList(wanted, 5)])
    assert duty.orphan
