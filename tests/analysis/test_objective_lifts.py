"""What mitigations add to the level of an objective: frozen with the year from which they work, on
the side on which they hold. Chances are recomputed by SciPy alone; the numbers are illustrative."""

import datetime as dt
import json
from typing import Any

import pytest
from scipy import integrate, stats

from riskreg.analysis.models import ObjectiveModel
from riskreg.analysis.queries.simulations import results_of_done_run, stale_because
from riskreg.kernel.errors import Invalid
from riskreg.risks.models import Mitigation, Risk
from riskreg.risks.services import edit_mitigation
from tests import builders
from tests.analysis.making import effect, estimate, hit, lift, model, simulation
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
KEY = "overseas-units-2030"


@builders.shared_world
def aimed(world: World) -> World:
    """A risk that is estimated, and a plant that is to be ready in 2027."""
    builders.objective(world)
    risk = builders.risk(world)
    estimate(world, risk, released=True)
    builders.mitigation(world, risk, due_on=dt.date(2027, 6, 30))
    return world


def plant() -> Mitigation:
    return Mitigation.objects.earliest("pk")


def values(row: Any, side: str) -> dict[str, dict[str, Any]]:
    start, end = f"objective.{KEY}.", f".{side}"
    return {
        figure["key"].removeprefix(start).removesuffix(end): figure
        for figure in results_of_done_run(row)["figures"]
        if figure["key"].startswith(start) and figure["key"].endswith(end)
    }


def become(world: World, row: Mitigation, status: str, **given: Any) -> None:
    edit_mitigation(
        actor=world.viewer("owner"), ref=row.ref, version=None, at=world.at,
        fields={"status": status, **given},
    )  # fmt: skip


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two figures are the same but for their keys."""
    return {**one, "key": ""} == {**other, "key": ""}


def tail(factor: float) -> float:
    """P(164,500 × factor × (1 + growth)^5 ≥ 300,000) of a beta-PERT 0 … 7.27 … 18 %."""
    needed = (300_000 / (164_500 * factor)) ** (1 / 5) - 1
    a, b = 1 + 4 * 7.27 / 18, 1 + 4 * (18 - 7.27) / 18
    return float(stats.beta(a, b, 0, 0.18).sf(needed))


def frozen(row: Any) -> dict[str, Any]:
    (one,) = json.loads(row.inputs)["objectives"]
    found: dict[str, Any] = one
    return found


def test_the_chance_after_has_what_the_mitigation_adds(aimed: World) -> None:
    model(aimed, lifts=[lift(plant(), "6")])
    row = simulation(aimed, years=200_000)
    before, after = values(row, "before"), values(row, "after")
    gain = after[f"gain.{plant().uuid}"]
    for figure, wanted in ((before["chance"], tail(1)), (after["chance"], tail(1.06)),
                           (gain, tail(1.06) - tail(1))):  # fmt: skip
        half = figure["high"] - figure["low"]
        assert 0 < half < 0.004
        assert abs(figure["value"] - wanted) < half
    assert after["chance"]["value"] - before["chance"]["value"] == pytest.approx(gain["value"])
    assert f"gain.{plant().uuid}" not in before
    # It is ready in 2027, and works from the year after.
    assert frozen(row)["lifts"] == [{"mitigation": str(plant().uuid), "low": None, "mode": "6",
                                     "high": None, "from_year": 2028, "done": False}]  # fmt: skip
    fan = {side: results_of_done_run(row)["objectives"][0]["sides"][side]["fan"]
           for side in ("before", "after")}  # fmt: skip
    assert [a[2] / b[2] for a, b in zip(fan["after"], fan["before"], strict=True)] == (
        pytest.approx([1, 1, 1.06, 1.06, 1.06])
    )


def test_a_range_is_one_number_that_nobody_knows(aimed: World) -> None:
    model(aimed, lifts=[lift(plant(), "6", low="0", high="12")])
    after = values(simulation(aimed, years=200_000), "after")["chance"]
    spread = stats.beta(3, 3, 1.0, 0.12)
    wanted, _error = integrate.quad(lambda x: spread.pdf(x) * tail(x), 1.0, 1.12)
    assert abs(after["value"] - wanted) < after["high"] - after["low"]


@pytest.mark.parametrize("year", [2031, 2200])
def test_what_works_after_the_day_changes_nothing(aimed: World, year: int) -> None:
    model(aimed, lifts=[lift(plant(), "50", from_year=year)])
    row = simulation(aimed)
    before, after = values(row, "before"), values(row, "after")
    assert after[f"gain.{plant().uuid}"]["value"] == 0
    assert same(after["chance"], before["chance"])


def test_one_that_is_done_holds_on_both_sides_and_a_cancelled_one_on_none(aimed: World) -> None:
    model(aimed, lifts=[lift(plant(), "6")])
    planned = simulation(aimed)
    today = aimed.viewer("owner").today(aimed.at)
    become(aimed, plant(), "in_progress")
    assert stale_because(aimed.viewer("auditor"), planned, today) == []
    become(aimed, plant(), "done", progress=100)
    assert stale_because(aimed.viewer("auditor"), planned, today) == [
        {"ref": KEY, "what": "objective"}
    ]
    row = simulation(aimed)
    assert same(values(row, "before")["chance"], values(row, "after")["chance"])
    assert same(values(row, "before")["chance"], values(planned, "after")["chance"])
    assert f"gain.{plant().uuid}" in values(row, "before")
    become(aimed, plant(), "planned", progress=0)
    become(aimed, plant(), "cancelled")
    ended = simulation(aimed)
    (one,) = results_of_done_run(ended)["objectives"]
    assert one["left_out"] == [str(plant().uuid)]
    assert same(values(ended, "after")["chance"], values(planned, "before")["chance"])
    page = builders.web(aimed.owner).get(f"/r/{aimed.register.slug}/simulations/{ended.uuid}/")
    assert f"{plant().ref}" in page.content.decode()


def test_a_model_without_lifts_freezes_what_it_did(aimed: World) -> None:
    model(aimed)
    assert "lifts" not in frozen(simulation(aimed))
    assert ObjectiveModel.objects.get().lifts == []


def test_a_run_of_everybody_knows_no_mitigation_of_one_party(aimed: World) -> None:
    own = builders.risk(aimed, visibility="party")
    secret = builders.mitigation(aimed, own)
    assert secret.visibility == "party"
    model(aimed, lifts=[lift(plant(), "6")])
    shared = simulation(aimed)
    model(aimed, by="owner", visibility="party", lifts=[lift(secret, "40", from_year=2027)])
    assert simulation(aimed) == shared
    mine = simulation(aimed, audience="party")
    assert f"gain.{secret.uuid}" in values(mine, "after")
    for shown in ("partner_owner", "partner_manager"):
        page = builders.web(getattr(aimed, shown))
        html = page.get(f"/r/{aimed.register.slug}/objectives/{KEY}/").content.decode()
        assert plant().ref in html
        assert secret.ref not in html
    theirs = simulation(aimed, by="partner_owner", audience="party")
    assert set(values(theirs, "after")) & {f"gain.{secret.uuid}", f"gain.{plant().uuid}"} == {
        f"gain.{plant().uuid}"
    }


def test_what_is_wrong_with_a_lift_is_said(aimed: World) -> None:
    own = builders.mitigation(aimed, builders.risk(aimed, visibility="party"))
    gone = builders.mitigation(aimed, Risk.objects.earliest("pk"))
    become(aimed, gone, "cancelled")
    rows = [
        lift(plant(), "6"), lift(plant(), "7"), lift(own), lift(gone),
        {"mitigation": "M-999", "mode": "6"}, {"mitigation": plant().ref},
        lift(plant(), "-150"), lift(plant(), "6", low="1"), lift(plant(), "6", low="7", high="9"),
        lift(plant(), "6", from_year=1800), lift(plant(), "6", delay=2), "M-001",
    ]  # fmt: skip
    with nothing_changes(), pytest.raises(Invalid) as refused:
        model(aimed, lifts=rows)
    found = {
        (name, error.code) for name, errors in refused.value.fields.items() for error in errors
    }
    assert {
        ("lifts.1.mitigation", "repeated"), ("lifts.2.mitigation", "narrower"),
        ("lifts.3.mitigation", "closed"), ("lifts.4.mitigation", "unknown"),
        ("lifts.5.mode", "required"), ("lifts.6.mode", "out_of_range"),
        ("lifts.7.high", "required"), ("lifts.8.mode", "out_of_order"),
        ("lifts.9.from_year", "out_of_range"), ("lifts.10.delay", "unknown_field"),
        ("lifts.11", "not_an_object"),
    } <= found  # fmt: skip
    with nothing_changes(), pytest.raises(Invalid) as refused:
        model(aimed, by="partner_manager", key=KEY, visibility="party", lifts=[lift(own)])
    assert [error.code for error in refused.value.fields["lifts.0.mitigation"]] == ["unknown"]


def test_events_and_lifts_together(aimed: World) -> None:
    risk = Risk.objects.earliest("pk")
    effect(aimed, plant(), risk, released=True)
    model(aimed, hits=[hit(risk, "-15", years=1)], lifts=[lift(plant(), "6")])
    row = simulation(aimed)
    before, after = values(row, "before"), values(row, "after")
    assert after["chance"]["value"] > before["chance"]["value"]
    assert after["undisturbed"]["value"] > before["undisturbed"]["value"]
    assert f"cost.{risk.uuid}" in after
