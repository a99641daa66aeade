"""What mitigations do and cost: one expert's ranges, their party's own until released."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from riskreg.analysis.models import Effect
from riskreg.analysis.policy.effects import averages_of_effect
from riskreg.analysis.queries.effects import (
    effect_for,
    effects_not_withheld_of,
    newest_of_each_expert_mitigation_risk,
    withheld_effect_count,
)
from riskreg.analysis.services import record_effect, release_effect
from riskreg.kernel.errors import Forbidden, Invalid, NotFound
from riskreg.risks.models import Mitigation, Risk
from riskreg.risks.services import close_risk
from tests import builders
from tests.analysis.making import EFFECT, effect
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def planned(world: World) -> tuple[Mitigation, Risk]:
    risk = builders.risk(world)
    return builders.mitigation(world, risk), risk


def test_it_is_kept_with_what_its_ranges_come_to(
    world: World, planned: tuple[Mitigation, Risk]
) -> None:
    row = effect(world, *planned)
    assert (row.visibility, row.currency, row.label) == ("party", "CNY", "judgement")
    found = averages_of_effect(row)
    often, cost = (0.3 + 4 * 0.5 + 0.8) / 6, (8e6 + 4 * 10e6 + 15e6) / 6
    assert found.frequency == pytest.approx(often)
    assert (found.severity, found.loss) == (1.0, pytest.approx(often))
    assert found.cost == pytest.approx(cost)


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"frequency_high": "1.01"}, "frequency_high", "out_of_range"),
        ({"frequency_low": "-0.1"}, "frequency_low", "out_of_range"),
        ({"frequency_low": "0.9"}, "frequency_low", "out_of_order"),
        ({"frequency_mode": "0.9"}, "frequency_mode", "out_of_order"),
        ({"frequency_mode": None}, "frequency_mode", "required"),
        ({"severity_low": "0.1"}, "severity_mode", "required"),
        (dict.fromkeys(("frequency_low", "frequency_mode", "frequency_high")), "frequency_low",
         "required"),
        ({"cost_low": None}, "cost_low", "required"),
        ({"cost_low": "-1"}, "cost_low", "out_of_range"),
        ({"cost_low": "16000000"}, "cost_low", "out_of_order"),
        ({"cost_mode": "16000000"}, "cost_mode", "out_of_order"),
        ({"currency": "EUR"}, "currency", "unknown"),
        ({"label": "sourced"}, "label", "needs_source"),
        ({"rationale": ""}, "rationale", "required"),
        ({"nothing": 1}, "nothing", "unknown_field"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(
    world: World, planned: tuple[Mitigation, Risk], wrong: dict[str, Any], field: str, code: str
) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        effect(world, *planned, **wrong)
    assert [error.code for error in refused.value.fields[field]] == [code]


def test_an_opportunity_can_be_made_bigger(world: World) -> None:
    risk = builders.risk(world, kind="opportunity", response="")
    work = builders.mitigation(world, risk)
    row = effect(world, work, risk, frequency_mode="1", frequency_high="2")
    assert row.frequency_high == 2
    with pytest.raises(Invalid):
        effect(world, work, risk, frequency_high="11")


def test_it_is_of_an_open_risk_that_the_mitigation_serves(
    world: World, planned: tuple[Mitigation, Risk]
) -> None:
    work, risk = planned
    other = builders.risk(world)
    for ref in (other.ref, "R-999", None, 7):
        with nothing_changes(), pytest.raises(Invalid) as refused:
            record_effect(
                actor=world.viewer("owner"), ref=work.ref, risk=ref, given=EFFECT, at=world.at
            )
        assert "risk" in refused.value.fields
    close_risk(actor=world.viewer("owner"), ref=risk.ref, version=None, reason="x", at=world.at)
    with pytest.raises(Invalid):
        effect(world, work, risk)


def test_what_is_done_has_no_effect_any_more(
    world: World, planned: tuple[Mitigation, Risk]
) -> None:
    Mitigation.objects.update(status="done")
    with pytest.raises(Invalid) as refused:
        effect(world, *planned)
    assert list(refused.value.fields) == ["state"]


def test_others_are_withheld_until_one_has_said_it_oneself(
    world: World, planned: tuple[Mitigation, Risk]
) -> None:
    work, risk = planned
    effect(world, work, risk, by="manager")
    owner = world.viewer("owner")
    assert (list(effects_not_withheld_of(owner, work)), withheld_effect_count(owner, work)) == (
        [],
        1,
    )
    effect(world, work, risk)
    assert (effects_not_withheld_of(owner, work).count(), withheld_effect_count(owner, work)) == (
        2,
        0,
    )


def test_it_is_its_partys_own_until_it_is_released(
    world: World, planned: tuple[Mitigation, Risk]
) -> None:
    row = effect(world, *planned)
    other = world.viewer("partner_owner")
    with pytest.raises(NotFound):
        effect_for(other, row.uuid)
    with pytest.raises(NotFound):
        release_effect(actor=other, effect=row.uuid, at=world.at)
    release_effect(actor=world.viewer("owner"), effect=row.uuid, at=world.at)
    assert effect_for(other, row.uuid).released_at == world.at
    with nothing_changes():
        release_effect(actor=world.viewer("owner"), effect=row.uuid, at=world.at)


def test_what_is_private_cannot_be_released(world: World) -> None:
    risk = builders.risk(world)
    work = builders.mitigation(world, risk, visibility="party")
    row = effect(world, work, risk)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        release_effect(actor=world.viewer("owner"), effect=row.uuid, at=world.at)
    assert list(refused.value.fields) == ["mitigation"]


def test_a_newer_one_takes_its_place(world: World, planned: tuple[Mitigation, Risk]) -> None:
    old, new = effect(world, *planned), effect(world, *planned, frequency_mode="0.6")
    rows = effects_not_withheld_of(world.viewer("owner"), planned[0])
    assert newest_of_each_expert_mitigation_risk(rows) == [new]
    with pytest.raises(Invalid):
        release_effect(actor=world.viewer("owner"), effect=old.uuid, at=world.at)


def test_who_may_not_estimate_may_not_say_this(
    world: World, planned: tuple[Mitigation, Risk]
) -> None:
    with nothing_changes(), pytest.raises(Forbidden):
        effect(world, *planned, by="leader")
    with nothing_changes(), pytest.raises(NotFound):
        release_effect(actor=world.viewer("owner"), effect=uuid4(), at=world.at)


@pytest.mark.parametrize(
    "wrong",
    [{"frequency_low": None}, {"cost_high": 0}, {"visibility": "shared"}, {"severity_low": 1}],
)
def test_the_database_refuses_what_no_service_writes(
    world: World, planned: tuple[Mitigation, Risk], wrong: dict[str, Any]
) -> None:
    row = effect(world, *planned)
    values = {f.attname: getattr(row, f.attname) for f in Effect._meta.concrete_fields}
    values |= {"id": None, "uuid": uuid4(), **wrong}
    with pytest.raises(IntegrityError), transaction.atomic():
        Effect.objects.create(**values)
