"""Two at once, on PostgreSQL: of two who publish one is told, a change is agreed on once."""

from typing import Any

import pytest

from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register import services
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Criteria, Register
from riskreg.register.policy import default_criteria
from riskreg.risks.services import publish_criteria, set_cadence
from tests import builders
from tests.builders import AT, World
from tests.register.test_people_at_once import together

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def in_force(world: World) -> Criteria:
    criteria = Register.objects.select_related("criteria").get(pk=world.register.pk).criteria
    assert criteria is not None
    return criteria


def asked(world: World, **cadence: int) -> ChangeRequest:
    made = set_cadence(
        actor=world.viewer("manager"),
        cadence=cadence,
        seen_number=in_force(world).number,
        at=AT,
    )
    assert isinstance(made, ChangeRequest)
    return made


def test_of_two_managers_who_publish_at_once_the_second_is_told() -> None:
    world = builders.build_world()
    wanted = {"manager": "low", "partner_manager": "very_low"}
    viewers = [(world.viewer(who), appetite) for who, appetite in wanted.items()]
    results = together(
        *(
            lambda actor=actor, appetite=appetite: publish_criteria(
                actor=actor,
                data={**default_criteria(), "appetite": appetite},
                seen_number=1,
                at=AT,
            )
            for actor, appetite in viewers
        )
    )
    refused = [result for result in results if isinstance(result, Conflict)]
    assert len(refused) == 1, results
    assert Criteria.objects.filter(register=world.register).count() == 2
    assert in_force(world).appetite in wanted.values()


def test_two_answers_at_once_make_the_change_once() -> None:
    world = builders.build_world()
    row = asked(world, critical=90)
    answering = [world.viewer("partner_manager"), world.viewer("partner_leader")]
    results = together(
        *(
            lambda actor=actor: services.approve_change(
                actor=actor, name=row.ref, version=None, at=AT
            )
            for actor in answering
        )
    )
    assert sorted(type(result).__name__ for result in results) == ["ChangeRequest", "Invalid"]
    assert isinstance(next(r for r in results if not isinstance(r, ChangeRequest)), Invalid)
    assert (in_force(world).number, in_force(world).ratings[-1]["cadence_days"]) == (2, 90)
    for verb in ("change_request.applied", "criteria.adopted"):
        assert Event.objects.filter(verb=verb).count() == 1


def test_a_yes_and_a_no_at_once_close_it_in_one_way() -> None:
    world = builders.build_world()
    row = asked(world, critical=90)
    given: dict[str, Any] = {"name": row.ref, "version": None, "at": AT}
    yes, no = world.viewer("partner_manager"), world.viewer("partner_leader")
    results = together(
        lambda: services.approve_change(actor=yes, **given),
        lambda: services.refuse_change(actor=no, words="No", **given),
    )
    assert sorted(type(result).__name__ for result in results) == ["ChangeRequest", "Invalid"]
    row.refresh_from_db()
    assert in_force(world).number == (2 if row.state == "applied" else 1)


def test_of_two_changes_of_one_thing_agreed_at_once_one_is_outdated() -> None:
    world = builders.build_world()
    rows = [asked(world, critical=90), asked(world, critical=120)]
    answering = [world.viewer("partner_manager"), world.viewer("partner_leader")]
    results = together(
        *(
            lambda actor=actor, ref=row.ref: services.approve_change(
                actor=actor, name=ref, version=None, at=AT
            )
            for actor, row in zip(answering, rows, strict=True)
        )
    )
    assert sorted(result.state for result in results) == ["applied", "outdated"], results
    assert in_force(world).number == 2
    agreed = next(result for result in results if result.state == "applied")
    days = agreed.after["ratings"][-1]["cadence_days"]
    assert in_force(world).ratings[-1]["cadence_days"] == days
