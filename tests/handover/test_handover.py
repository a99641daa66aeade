"""Handing over everything of a person, and many risks at once: all or nothing."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from riskreg.accounts.models import User
from riskreg.events.models import Event
from riskreg.handover.models import HandOver
from riskreg.handover.queries import (
    handovers_of_own_party,
    people_whose_things_may_be_handed_over,
    present_or_past_member,
    responsibilities,
)
from riskreg.handover.services import end_member, hand_over, reassign_risks
from riskreg.indicators.models import Indicator
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.notify.models import Message
from riskreg.register.models import Membership
from riskreg.risks import services
from riskreg.risks.models import Control, Mitigation, Position, Risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes
from tests.indicators import making

pytestmark = pytest.mark.django_db


@builders.shared_world
def full(world: World) -> World:
    """Foton's owner owns R-001 (open), F-001 (private), R-002 (draft) and R-003 (closed),
    deputises for R-004 and R-005, has M-001 to do, M-002 done, K-001 to read, K-002 retired, one
    control in place and one that has ended.
    R-006 is the partner's risk that they own: seen, and for the partner to hand on."""
    first = builders.risk(world, deputy=world.deputy.email)
    builders.risk(world, visibility="party")
    builders.risk(world, rated=None, opened=False)
    closed = builders.risk(world)
    act: dict[str, Any] = {"actor": world.viewer("manager"), "version": None, "at": world.at}
    services.close_risk(ref=closed.ref, reason="x", **act)
    builders.risk(world, owner=world.leader.email, deputy=world.owner.email)
    builders.risk(world, owner=world.deputy.email, deputy=world.owner.email)
    builders.risk(world, by=world.partner_owner, owner=world.owner.email)
    builders.mitigation(world, first)
    done = builders.mitigation(world, first)
    services.edit_mitigation(ref=done.ref, fields={"status": "done"}, **act)
    making.indicator(world, first)
    making.indicator(world, first, active=False)
    builders.control(world, first, owner=world.owner.email, name="Gate")
    gone = builders.control(world, first, owner=world.owner.email, name="Gone")
    services.end_control(actor=world.viewer("owner"), control=gone.uuid, reason="x", at=world.at)
    return world


def give(world: World, by: str = "manager", to: str = "deputy", **given: Any) -> HandOver:
    named = {"from_user": world.owner.email, "to_user": getattr(world, to).email}
    return hand_over(
        **{"actor": world.viewer(by), "reason": "a new post", "at": world.at, **named, **given}
    )


def owners() -> dict[str, tuple[str, str | None]]:
    """{ref: (owner, deputy)} by e-mail name."""

    def name(user: User | None) -> str | None:
        return user.email.split("@")[0] if user else None

    rows = {r.ref: (name(r.owner), name(r.deputy)) for r in Risk.objects.all()}
    rows |= {m.ref: (name(m.owner), None) for m in Mitigation.objects.all()}
    return rows | {i.ref: (name(i.owner), None) for i in Indicator.objects.all()}  # type: ignore[return-value]


def test_everything_of_a_person_goes_in_one_step_with_a_record(full: World) -> None:
    before = owners()
    row = give(full)
    assert row.counts == {
        "owned": 3,
        "deputised": 2,
        "mitigations": 1,
        "indicators": 1,
        "controls": 1,
    }
    assert {c.name: c.owner for c in Control.objects.all()} == {
        "Gate": full.deputy, "Gone": full.owner,
    }  # fmt: skip
    assert owners() == before | {
        "R-001": ("deputy", None),  # who was the deputy owns it now, and deputises no more
        "F-001": ("deputy", None), "R-002": ("deputy", None), "M-001": ("deputy", None),
        "R-004": ("leader", "deputy"), "K-001": ("deputy", None),
        "R-005": ("deputy", None),  # their own already: nobody is their own deputy
    }  # fmt: skip
    assert owners()["R-003"] == owners()["R-006"] == ("owner", None)
    assert (row.from_user, row.to_user, row.by) == (full.owner, full.deputy, full.manager)
    # Where it stands says so as well: today's position has the new owner.
    now = Position.objects.filter(valid_to=None, ref__in=["R-001", "F-001", "R-002"])
    assert {p.owner for p in now} == {full.deputy}


def test_each_thing_has_its_event_and_the_record_its_own(full: World) -> None:
    before = Event.objects.count()
    row = give(full)
    events = Event.objects.order_by("pk")[before:]
    assert sorted(e.verb for e in events) == sorted(
        ["risk.transferred"] * 3 + ["risk.edited"] * 2
        + ["mitigation.transferred", "indicator.edited", "control.edited", "handover.made"]
    )  # fmt: skip
    made = Event.objects.get(verb="handover.made")
    assert made.chain.key == full.viewer("manager").audience.readable_chain_keys[-1]
    assert json.loads(made.changes)["counts"] == [None, row.counts]
    assert made.subject_uuid == row.uuid


def test_the_record_is_its_partys_own(full: World) -> None:
    row = give(full)
    assert list(handovers_of_own_party(full.viewer("owner"))) == [row]
    for name in ("partner_manager", "partner_leader", "auditor", "onlooker"):
        assert not handovers_of_own_party(full.viewer(name)).exists()


@pytest.mark.parametrize(
    "part, moved",
    [
        ("risks", (3, 2, 0, 0, 0)),
        ("mitigations", (0, 0, 1, 0, 0)),
        ("indicators", (0, 0, 0, 1, 0)),
        ("controls", (0, 0, 0, 0, 1)),
    ],
)
def test_a_part_goes_alone(full: World, part: str, moved: tuple[int, ...]) -> None:
    row = give(full, part=part)
    assert tuple(row.counts.values()) == moved
    assert responsibilities(full.viewer("manager"), full.owner).moving_total == 8 - sum(moved)


def test_the_person_themself_may_and_keeps_nothing_they_can_give(full: World) -> None:
    row = give(full, by="owner", to="leader")
    # As owner they hand on the partner's risk too.
    assert row.counts == {
        "owned": 4,
        "deputised": 2,
        "mitigations": 1,
        "indicators": 1,
        "controls": 1,
    }
    assert owners()["R-004"] == ("leader", None)
    assert owners()["R-006"] == ("leader", None)


def test_what_the_actor_may_not_hand_on_stays_and_is_named(full: World) -> None:
    found = responsibilities(full.viewer("manager"), full.owner)
    assert [r.ref for r in found.staying["owned"]] == ["R-006"]
    assert [r.ref for r in found.moving["owned"]] == ["F-001", "R-001", "R-002"]


@pytest.mark.parametrize("ended", ["membership", "account", "both"])
def test_who_has_left_can_be_handed_over_too(full: World, ended: str) -> None:
    if ended != "account":
        Membership.objects.filter(user=full.owner).update(ended_at=full.at)
    if ended != "membership":
        User.objects.filter(pk=full.owner.pk).update(is_active=False)
    manager = full.viewer("manager")
    assert present_or_past_member(manager, full.owner.email)[0] == full.owner
    assert (full.owner, True) in people_whose_things_may_be_handed_over(manager)
    assert give(full).counts["owned"] == 3
    # What is left is the partner's, and theirs to hand on.
    pick(full, "R-006", by="partner_manager", to="partner_leader")
    assert full.owner not in [
        user for user, _gone in people_whose_things_may_be_handed_over(manager)
    ]


def test_whose_things_are_offered(full: World) -> None:
    def names(who: str) -> set[str]:
        return {
            user.email.split("@")[0]
            for user, _g in people_whose_things_may_be_handed_over(full.viewer(who))
        }

    assert names("manager") == {"owner", "deputy", "manager", "leader"}
    assert names("owner") == {"owner"}
    assert names("partner_manager") == {
        "partner-owner", "partner-deputy", "partner-manager", "partner-leader"
    }  # fmt: skip
    assert names("auditor") == names("integration") == set()


@pytest.mark.parametrize(
    "by", ["deputy", "leader", "partner_manager", "partner_owner", "auditor", "integration"]
)
def test_nobody_else_may(full: World, by: str) -> None:
    with nothing_changes(), pytest.raises(Forbidden):
        give(full, by=by)


def test_the_partners_manager_learns_nothing_by_trying(full: World) -> None:
    """The refusal is the same whether or not the person answers for anything private."""
    message = set()
    for name in ("owner", "deputy"):
        with pytest.raises(Forbidden) as refused:
            give(full, by="partner_manager", from_user=getattr(full, name).email, seen="x")
        message.add(refused.value.detail)
    assert len(message) == 1


@pytest.mark.parametrize(
    "given, field, code",
    [
        ({"to": "owner"}, "to", "same_person"),
        ({"to": "auditor"}, "to", "cannot_own"),
        ({"to": "outsider"}, "to", "unknown_member"),
        ({"to": "partner_owner"}, "to", "other_party"),
        ({"reason": " "}, "reason", "required"),
        ({"reason": "a\0"}, "reason", "bad_character"),
        ({"part": "some"}, "part", "unknown"),
    ],
)
def test_bad_input_moves_nothing(full: World, given: dict[str, Any], field: str, code: str) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        give(full, **given)
    assert {f: [e.code for e in errors] for f, errors in refused.value.fields.items()} == {
        field: [code]
    }


def test_private_things_never_go_to_the_other_party(full: World) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        give(full, to="partner_owner")
    assert "F-001" in refused.value.fields["to"][0].detail
    assert "R-001" not in refused.value.fields["to"][0].detail
    services.close_risk(
        actor=full.viewer("owner"), ref="F-001", version=None, reason="x", at=full.at
    )
    builders.agreed(full, give(full, to="partner_owner", part="risks"))
    assert owners()["R-001"] == ("partner-owner", "deputy")


def test_a_stranger_to_the_register_is_not_found(full: World) -> None:
    for name in ("nobody@foton.example", full.outsider.email, "", "a\0b", str(full.outsider.uuid)):
        with nothing_changes(), pytest.raises(NotFound):
            give(full, from_user=name)


def test_the_second_of_two_is_told(full: World) -> None:
    seen = responsibilities(full.viewer("manager"), full.owner).fingerprint_of_moving
    give(full, seen=seen)
    with nothing_changes(), pytest.raises(Conflict):
        give(full, to="leader", seen=seen)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        give(full, to="leader")
    assert [e.code for e in refused.value.fields["from"]] == ["nothing"]


def test_what_changed_since_the_preview_is_told(full: World) -> None:
    seen = responsibilities(full.viewer("manager"), full.owner).fingerprint_of_moving
    builders.risk(full)
    with nothing_changes(), pytest.raises(Conflict):
        give(full, seen=seen)


def test_records_only_grow(full: World) -> None:
    row = give(full)
    for change in (lambda: HandOver.objects.update(reason="y"), row.delete):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_when_one_thing_fails_nothing_has_moved(
    full: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_given: Any) -> None:
        raise Invalid.one("owner", "x", "x")

    monkeypatch.setattr("riskreg.handover.services.edit_indicator", broken)
    with nothing_changes(), pytest.raises(Invalid):
        give(full)


# Many risks at once -------------------------------------------------------------------------------
def pick(world: World, *refs: str, by: str = "manager", to: str = "leader", **given: Any) -> Any:
    risks = dict.fromkeys(refs) | given.pop("risks", {})
    owner = getattr(world, to).email
    return reassign_risks(actor=world.viewer(by), risks=risks, owner=owner, at=world.at, **given)


def test_many_risks_get_another_owner_at_once(full: World) -> None:
    before = Event.objects.filter(verb="risk.transferred").count()
    moved = pick(full, "R-001", "R-004", "F-001", "R-005", risks={"R-002": 1})
    assert {r.ref for r in moved} == {"R-001", "R-002", "R-004", "R-005", "F-001"}
    after = owners()
    assert {after[r.ref][0] for r in moved} == {"leader"}
    # Those whose owner it is already had nothing to change.
    assert Event.objects.filter(verb="risk.transferred").count() == before + 4


@pytest.mark.parametrize(
    "refs, given, field, code",
    [
        (["R-001", "R-006"], {}, "R-006", "forbidden"),
        (["R-001", "R-099"], {}, "R-099", "unknown_risk"),
        (["R-001", "R-099\0"], {}, "R-099\0", "unknown_risk"),
        (["R-001"], {"risks": {"R-002": 7}}, "R-002", "changed"),
        (["R-001", "F-001"], {"to": "partner_owner"}, "F-001", "other_party"),
        ([], {}, "risks", "required"),
        ([f"R-{n:03d}" for n in range(201)], {}, "risks", "too_many"),
        (["R-001"], {"to": "auditor"}, "owner", "cannot_own"),
        (["R-001"], {"to": "owner"}, "owner", "unchanged"),
    ],
)
def test_all_or_none(
    full: World, refs: list[str], given: dict[str, Any], field: str, code: str
) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        pick(full, *refs, **given)
    assert {f: [e.code for e in errors] for f, errors in refused.value.fields.items()} == {
        field: [code]
    }
    assert refused.value.detail


def test_the_other_partys_private_risk_is_unknown_like_one_that_is_not_there(full: World) -> None:
    sentences = []
    for ref in ("F-001", "F-077"):
        with nothing_changes(), pytest.raises(Invalid) as refused:
            pick(full, ref, by="partner_manager", to="partner_leader")
        (error,) = refused.value.fields[ref]
        sentences.append((error, refused.value.detail))
    assert sentences[0] == sentences[1]


@pytest.mark.parametrize("by", ["auditor", "onlooker", "integration"])
def test_who_may_not_transfer_may_not_reassign(full: World, by: str) -> None:
    with nothing_changes(), pytest.raises(Forbidden):
        pick(full, "R-001", by=by)


def test_who_leaves_with_nobody_yet_is_told_to_the_managers_at_once(full: World) -> None:
    end_member(
        actor=full.viewer("manager"), user=full.owner.uuid, version=None, at=full.at,
        nobody_yet=True,
    )  # fmt: skip
    found = {m.recipient: m for m in Message.objects.filter(kind="unowned")}
    assert set(found) == {full.manager.uuid, full.partner_manager.uuid}
    own, theirs = found[full.manager.uuid], found[full.partner_manager.uuid]
    for name in ("R-001", "F-001", "M-001", "K-001", "Gate"):
        assert name in own.text, name
        assert name not in theirs.text, name
    assert "R-006" in theirs.text, "what is the partner's own to hand on"
    assert f"/handover/?from={full.owner.uuid}" in own.text


def test_who_leaves_with_everything_handed_over_is_no_alarm(full: World) -> None:
    end_member(
        actor=full.viewer("manager"), user=full.leader.uuid, version=None, at=full.at,
        to_user=full.deputy.email,
    )  # fmt: skip
    assert not Message.objects.filter(kind="unowned").exists()
