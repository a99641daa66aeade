"""A shared risk goes to somebody of another party only with that party's yes."""

from typing import Any

import pytest

from riskreg.handover.models import HandOver
from riskreg.handover.services import end_member, hand_over, reassign_risks
from riskreg.kernel.errors import Invalid
from riskreg.register.change_models import ChangeRequest
from riskreg.risks.models import Risk
from riskreg.risks.services import create_risk, edit_risk, transfer_risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes


def give(world: World, row: Risk, owner: Any, who: str = "manager", **more: Any) -> Any:
    return transfer_risk(
        actor=world.viewer(who), ref=row.ref, version=None, owner=owner, at=world.at, **more
    )


def owner_of(row: Risk) -> Any:
    return Risk.objects.get(pk=row.pk).owner


def test_it_waits_for_who_is_to_take_it(world: World) -> None:
    row = builders.risk(world)
    asked = give(world, row, world.partner_owner, "owner")
    assert isinstance(asked, ChangeRequest)
    assert owner_of(row) == world.owner
    assert asked.title == f"{row.ref} to {world.partner_owner}, CATL"
    (line,) = asked.lines
    assert (line.before, line.after) == (f"{world.owner}, Foton", f"{world.partner_owner}, CATL")
    builders.agreed(world, asked)
    assert owner_of(row) == world.partner_owner


def test_within_a_party_and_of_its_own_nothing_is_asked(world: World) -> None:
    shared, own = builders.risk(world), builders.risk(world, visibility="party")
    for row in (shared, own):
        assert isinstance(give(world, row, world.deputy), Risk)
    assert not ChangeRequest.objects.exists()


def test_given_back_asks_and_taken_back_does_not(world: World) -> None:
    row = builders.risk(world, owner=world.partner_owner)
    ChangeRequest.objects.get()
    assert isinstance(give(world, row, world.owner), Risk)
    second = builders.risk(world, owner=world.partner_owner)
    asked = give(world, second, world.owner, "partner_owner")
    assert {a.party.key: a.answer for a in asked.answers.all()} == {
        "foton": "waiting", "catl": "yes",
    }  # fmt: skip


def test_a_deputy_of_another_party_is_asked_for_too(world: World) -> None:
    row = builders.risk(world)
    asked = give(world, row, world.owner, deputy=world.partner_owner)
    assert isinstance(asked, ChangeRequest)
    builders.agreed(world, asked)
    assert Risk.objects.get(pk=row.pk).deputy == world.partner_owner


def test_a_risk_that_was_changed_meanwhile_stays_where_it_is(world: World) -> None:
    row = builders.risk(world)
    asked = give(world, row, world.partner_owner)
    give(world, row, world.deputy)
    with pytest.raises(AssertionError, match="OUTDATED"):
        builders.agreed(world, asked)
    assert owner_of(row) == world.deputy


@pytest.mark.parametrize("field", ["owner", "deputy"])
def test_writing_a_risk_gives_it_to_nobody_of_another_party(world: World, field: str) -> None:
    row = builders.risk(world)
    theirs = {field: world.partner_owner.email}
    with nothing_changes(), pytest.raises(Invalid) as refused:
        create_risk(actor=world.viewer("owner"), fields={"title": "x", **theirs}, at=world.at)
    assert refused.value.fields[field][0].code == "other_party_asked"
    with nothing_changes(), pytest.raises(Invalid) as refused:
        edit_risk(
            actor=world.viewer("owner"), ref=row.ref, version=None, fields=theirs, at=world.at
        )
    assert refused.value.fields[field][0].code == "other_party_asked"


def test_many_at_once_wait_together(world: World) -> None:
    rows = [builders.risk(world) for _ in range(3)]
    asked = reassign_risks(
        actor=world.viewer("manager"), risks={row.ref: row.version for row in rows},
        owner=world.partner_owner.email, at=world.at,
    )  # fmt: skip
    assert isinstance(asked, ChangeRequest)
    assert len(asked.lines) == 3
    builders.agreed(world, asked)
    assert {owner_of(row) for row in rows} == {world.partner_owner}


def test_a_hand_over_waits_whole_and_is_made_whole(world: World) -> None:
    owned, helped = builders.risk(world), builders.risk(world, by=world.deputy, deputy=world.owner)
    builders.mitigation(world, owned)
    given = {"from_user": world.owner, "to_user": world.partner_owner, "reason": "Moves on"}
    asked = hand_over(actor=world.viewer("manager"), at=world.at, **given)
    assert isinstance(asked, ChangeRequest)
    assert not HandOver.objects.exists()
    assert asked.title == f"2 risks to {world.partner_owner}, CATL"
    builders.agreed(world, asked)
    assert HandOver.objects.get().counts == {
        "owned": 1, "deputised": 1, "mitigations": 1, "indicators": 0, "controls": 0,
    }  # fmt: skip
    assert owner_of(owned) == world.partner_owner
    assert Risk.objects.get(pk=helped.pk).deputy == world.partner_owner


def test_a_hand_over_whose_ground_moved_moves_nothing(world: World) -> None:
    row = builders.risk(world)
    given = {"from_user": world.owner, "to_user": world.partner_owner, "reason": "Moves on"}
    asked = hand_over(actor=world.viewer("manager"), at=world.at, **given)
    builders.risk(world, title="One more")
    with pytest.raises(AssertionError, match="OUTDATED"):
        builders.agreed(world, asked)
    assert owner_of(row) == world.owner
    assert not HandOver.objects.exists()


def test_a_leaver_hands_over_to_the_other_party_by_itself_first(world: World) -> None:
    builders.risk(world)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        end_member(
            actor=world.viewer("manager"), user=world.owner.uuid, version=None, at=world.at,
            to_user=str(world.partner_owner.uuid),
        )  # fmt: skip
    assert refused.value.fields["to"][0].code == "other_party_asked"


def test_where_nobody_can_speak_it_goes_over_at_once_and_is_noted(world: World) -> None:
    row = builders.risk(world)
    builders.alone(world)
    assert isinstance(give(world, row, world.partner_owner), Risk)
    noted = ChangeRequest.objects.get()
    assert {a.party.key: a.answer for a in noted.answers.all()} == {
        "foton": "yes", "catl": "nobody",
    }  # fmt: skip
