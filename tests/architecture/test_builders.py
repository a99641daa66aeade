"""The foundation itself: the world is as builders say, and what is committed is cleaned up."""

import pytest
from django.db import connection, transaction

from riskreg.events.models import Event
from riskreg.kernel import clock
from riskreg.kernel.after_commit import after_commit
from riskreg.risks.models import Position, Risk
from tests import builders
from tests.builders import World


def test_the_world_has_every_role_and_the_clock_stands(world: World) -> None:
    assert clock.now() == world.at
    assert {world.viewer(name).role for name in world.members} == {
        "viewer", "owner", "manager", "leader", "auditor", "integration",
    }  # fmt: skip
    assert world.viewer("partner_owner").party == world.catl
    assert world.viewer("auditor").party is None


def test_a_risk_is_open_and_rated(world: World) -> None:
    row = builders.risk(world)
    assert (row.ref, row.state, row.owner) == ("R-001", "open", world.owner)
    assert Position.objects.get(risk=row, valid_to=None).cell("residual") == {
        "likelihood": 4, "impact": 5, "score": 20, "rating": "critical",
    }  # fmt: skip
    private = builders.risk(world, by=world.partner_owner, visibility="party")
    assert private.ref == "C-001"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "again"])
def test_what_a_test_commits_is_gone_for_the_next(time: str, woken: list[object]) -> None:
    assert Risk.objects.count() == Event.objects.count() == 0
    builders.risk(builders.build_world())
    with transaction.atomic():
        after_commit("notify.deliver", 7)
        assert woken == []
    assert woken == [("notify.deliver", (7,))]
    assert Event.objects.count() > 0
    assert not connection.in_atomic_block
