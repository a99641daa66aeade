"""Saying what a mitigation does, and what others say of it beside each other."""

from typing import Any

import pytest

from riskreg.analysis.models import Effect
from riskreg.risks.models import Mitigation, Risk
from tests import builders
from tests.analysis import making
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
TYPED: dict[str, Any] = {
    "frequency_low": "30", "frequency_mode": "50", "frequency_high": "80", "unit": "1000000",
    "cost_low": "8", "cost_mode": "10", "cost_high": "15", "base_year": "2026",
    "label": "judgement", "rationale": "Like the pilot",
}  # fmt: skip


@pytest.fixture
def work(world: World) -> Mitigation:
    return builders.mitigation(world, builders.risk(world))


def give(world: World, work: Mitigation, **typed: Any) -> Any:
    address = f"/r/{world.register.slug}/mitigations/{work.ref}/effects/new/"
    return builders.web(world.owner).post(address, {**TYPED, "risk": "R-001", **typed})


def test_it_is_asked_back_before_it_is_kept(world: World, work: Mitigation) -> None:
    with nothing_changes():
        answer = give(world, work, action="save")
    assert answer.status_code == 200
    html = answer.content.decode()
    assert "51.7 % of a year" in html
    assert "10.5 m CNY" in html
    asked = html.split('name="asked" value="')[1].split('"')[0]
    kept = give(world, work, action="save", asked=asked)
    assert kept.status_code == 302
    row = Effect.objects.get()
    assert (str(row.frequency_low), str(row.cost_high)) == ("0.300000", "15000000.00")
    assert row.severity_low is None


def test_other_numbers_than_those_asked_about_are_asked_back_again(
    world: World, work: Mitigation
) -> None:
    first = give(world, work, action="show").content.decode()
    asked = first.split('name="asked" value="')[1].split('"')[0]
    with nothing_changes():
        again = give(world, work, action="save", asked=asked, cost_high="16")
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"frequency_high": "120"}, "More than all of it cannot remain"),
        ({"frequency_low": "nonsense"}, ""),
        ({"cost_mode": "20"}, "between the two ends"),
        ({"risk": "R-999"}, ""),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    world: World, work: Mitigation, typed: dict[str, str], said: str
) -> None:
    with nothing_changes():
        answer = give(world, work, action="save", **typed)
    assert answer.status_code == 400
    assert said in answer.content.decode()


def test_others_are_shown_once_ones_own_is_kept(world: World, work: Mitigation) -> None:
    risk = Risk.objects.get()
    making.effect(world, work, risk, by="manager", rationale="The manager thinks so")
    page = f"/r/{world.register.slug}/mitigations/{work.ref}/effects/"
    owner = builders.web(world.owner)
    html = owner.get(page).content.decode()
    assert "The manager thinks so" not in html
    assert "1 of somebody else is shown once" in html
    row = making.effect(world, work, risk)
    html = owner.get(page).content.decode()
    assert "The manager thinks so" in html
    assert "30 … 80 %" in html
    assert "Release to all" in html
    done = owner.post(f"/r/{world.register.slug}/effects/{row.uuid}/release/")
    assert done.status_code == 302
    other = builders.web(world.partner_leader).get(page).content.decode()
    assert "Like the pilot" in other
    assert "The manager thinks so" not in other


def test_a_run_shows_what_the_money_buys(world: World, work: Mitigation) -> None:
    risk = Risk.objects.get()
    making.estimate(world, risk, released=True)
    making.effect(world, work, risk, released=True)
    owner = builders.web(world.owner)
    address = f"/r/{world.register.slug}/simulations/"
    asked = owner.post(
        address,
        {"audience": "shared", "years": "10000", "budget": "12000000", "budget_catl": "0"},
    )
    assert asked.status_code == 302
    making.run(world, making.Simulation.objects.get())
    html = owner.get(asked["Location"]).content.decode()
    for text in ("What the money buys", "What to ask about first", "12 m CNY in all",
                 "CATL: 0 CNY", work.ref):  # fmt: skip
        assert text in html, text
    figures = owner.get(f"{asked['Location']}csv/").content.decode()
    assert "frontier.100.loss.mean" in figures
    assert "choice.cost" in figures


def test_a_risk_must_be_named_and_is_not_called_optional(world: World, work: Mitigation) -> None:
    address = f"/r/{world.register.slug}/mitigations/{work.ref}/effects/new/"
    html = builders.web(world.owner).get(address).content.decode()
    label = html.split('for="id_risk"')[1].split("</label>")[0]
    assert "Which risk" in label
    assert "optional" not in label
    assert "optional" in html.split('for="id_cost_year"')[1].split("</label>")[0]
