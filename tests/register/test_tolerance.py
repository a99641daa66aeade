"""How much loss is tolerated: what is a curve, when one is looser, and that loosening it asks."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskreg.kernel.errors import Errors, Invalid
from riskreg.register.change_models import ChangeRequest
from riskreg.register.policy import default_criteria
from riskreg.register.tolerance import MAX_POINTS, chance_tolerated, clean_tolerance, is_looser
from riskreg.risks.services import publish_criteria
from tests import builders
from tests.analysis.making import estimate, simulation
from tests.builders import World
from tests.dump import nothing_changes

CURVE = [{"amount": 1e6, "chance": 0.5}, {"amount": 1e8, "chance": 0.05}]


@st.composite
def curves(draw: Any) -> list[dict[str, float]]:
    amounts = draw(st.lists(st.integers(0, 50), unique=True, max_size=MAX_POINTS))
    chance = st.floats(0.001, 0.999)
    chances = draw(st.lists(chance, min_size=len(amounts), max_size=len(amounts)))
    return [
        {"amount": float(amount), "chance": share}
        for amount, share in zip(sorted(amounts), sorted(chances, reverse=True), strict=True)
    ]


@pytest.mark.unit
@given(curves(), st.floats(-10, 100))
def test_it_is_a_straight_line_between_points(curve: list[dict[str, float]], at: float) -> None:
    amounts, chances = [p["amount"] for p in curve], [p["chance"] for p in curve]
    wanted = np.interp(at, amounts, chances, left=1.0) if curve else 1.0
    assert chance_tolerated(curve, at) == pytest.approx(float(wanted), abs=1e-12)
    errors = Errors()
    assert clean_tolerance(errors, curve[::-1]) == curve
    assert not errors.fields


@pytest.mark.unit
@given(curves(), curves())
def test_looser_is_more_often_at_any_amount(
    one: list[dict[str, float]], other: list[dict[str, float]]
) -> None:
    grid = np.linspace(-1, 60, 977)
    somewhere = any(
        chance_tolerated(other, float(x)) > chance_tolerated(one, float(x)) + 1e-12 for x in grid
    )
    # A grid can miss the least of differences, and never sees one that is none.
    assert is_looser(one, other) or not somewhere
    assert not is_looser(one, one)
    if curve := [*one]:
        assert is_looser(curve, [])
        assert not is_looser([], curve)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("none", "not_a_list"),
        ([{"amount": n, "chance": 0.5} for n in range(MAX_POINTS + 1)], "not_a_list"),
        ([7], "malformed"),
        ([{"amount": -1, "chance": 0.5}], "malformed"),
        ([{"amount": "1e6", "chance": 0.5}], "malformed"),
        ([{"amount": float("nan"), "chance": 0.5}], "malformed"),
        ([{"amount": 1, "chance": 0}], "malformed"),
        ([{"amount": 1, "chance": 1}], "malformed"),
        ([{"amount": 1, "chance": True}], "malformed"),
        ([{"amount": 1, "chance": 0.5}, {"amount": 1.0, "chance": 0.4}], "repeated"),
        ([{"amount": 1, "chance": 0.4}, {"amount": 2, "chance": 0.5}], "out_of_order"),
    ],
)
def test_what_is_none_is_said(value: Any, code: str) -> None:
    errors = Errors()
    clean_tolerance(errors, value)
    assert [error.code for error in errors.fields["tolerance"]] == [code]


@pytest.mark.django_db
def test_a_stricter_one_holds_at_once_and_a_looser_one_asks(world: World) -> None:
    def publish(**new: Any) -> Any:
        actor = world.viewer("manager")
        data = {**default_criteria(), **new}
        seen = actor.criteria.number
        return publish_criteria(actor=actor, data=data, seen_number=seen, at=world.at)

    publish(tolerance=CURVE)
    assert world.viewer("manager").criteria.tolerance == CURVE
    publish(unrated_cadence_days=20)
    assert world.viewer("manager").criteria.tolerance == CURVE
    asked = publish(unrated_cadence_days=20, tolerance=[CURVE[0]])
    assert isinstance(asked, ChangeRequest)
    (line,) = asked.lines
    assert line.label == "A year may cost more than"
    assert "1,000,000 with a chance of at most 50 %" in line.before
    assert "100,000,000 with a chance of at most 5 %" in line.before
    assert "100,000,000" not in line.after
    assert str(asked.title) == "How much loss is tolerated"
    assert world.viewer("manager").criteria.tolerance == CURVE
    with nothing_changes(), pytest.raises(Invalid) as refused:
        publish(tolerance=[{"amount": 1, "chance": 2}])
    assert set(refused.value.fields) == {"tolerance"}


@pytest.mark.django_db
def test_by_program_and_page(world: World) -> None:
    manager, web = builders.api(world.manager), builders.web(world.manager)
    address = f"/api/v1/registers/{world.register.slug}/criteria/"
    page = f"/r/{world.register.slug}/settings/criteria/"
    read = manager.get(address).json()
    assert read["tolerance"] == []
    body = {**read, "tolerance": CURVE}
    sent: dict[str, Any] = {"content_type": "application/json", "HTTP_IF_MATCH": '"1"'}
    with nothing_changes():
        wrong = manager.put(address, {**body, "tolerance": [{"amount": 1}]}, **sent)
    (error,) = wrong.json()["errors"]
    assert (wrong.status_code, error["pointer"]) == (400, "#/tolerance")
    assert manager.put(address, body, **sent).json()["tolerance"] == CURVE
    assert "A year may cost more than 1,000,000 with a chance of at most 50" in (
        web.get(page).content.decode()
    )
    html = web.get(page + "new/").content.decode()
    assert 'value="100000000"' in html
    assert 'value="0.05"' in html


@pytest.mark.django_db
def test_a_run_is_held_against_it(world: World) -> None:
    estimate(world, builders.risk(world), released=True)
    row = simulation(world)
    page = f"/r/{world.register.slug}/simulations/{row.uuid}/"
    web = builders.web(world.leader)
    assert "tolerated" not in web.get(page).content.decode()
    tight = [{"amount": 0, "chance": 0.0001}, {"amount": 1e15, "chance": 0.00005}]
    publish_criteria(
        actor=world.viewer("manager"), data={**default_criteria(), "tolerance": tight},
        seen_number=1, at=world.at,
    )  # fmt: skip
    html = web.get(page).content.decode()
    assert html.count("more often than tolerated") == 2
    assert 'class="tolerance"' in html
    picture = b"".join(web.get(page + "pictures/loss/?format=svg").streaming_content)
    assert "What is tolerated" in picture.decode()
