"""Drivers as pages: named, believed, measured and linked without a script."""

from typing import Any

import pytest

from riskreg.analysis.models import Belief, Driver, DriverLink
from riskreg.risks.models import Risk
from tests import builders
from tests.analysis.making import BELIEF, LINK, belief, driver, estimate, link, simulation
from tests.builders import World
from tests.indicators import making as measuring

pytestmark = pytest.mark.django_db


@builders.shared_world
def one(world: World) -> World:
    builders.risk(world, title="Prices of materials")
    return world


def page(world: World, who: str, rest: str) -> str:
    response = builders.web(getattr(world, who)).get(f"/r/{world.register.slug}/{rest}")
    assert response.status_code == 200
    return response.content.decode()


def send(world: World, who: str, rest: str, **given: Any) -> Any:
    client = builders.web(getattr(world, who))
    given = {name: value for name, value in given.items() if value is not None}
    return client.post(f"/r/{world.register.slug}/{rest}", given, follow=True)


def test_a_driver_is_named_believed_measured_and_linked(one: World) -> None:
    named = {"name": "Lithium price", "name_other": "锂价", "unit": "CNY/t"}
    made = send(one, "owner", "drivers/", visibility="shared", **named)
    assert "D-001" in made.content.decode()
    assert Driver.objects.get().names == {"en": "Lithium price", "zh-hans": "锂价"}
    said = send(
        one, "owner", "drivers/D-001/beliefs/", visibility="shared", step_on="2027-01-01",
        step_factor="1.1", step_why="Duty", **BELIEF,
    )  # fmt: skip
    text = said.content.decode()
    assert "times 1.1 from" in text
    assert Belief.objects.get().steps == [{"on": "2027-01-01", "factor": "1.1", "why": "Duty"}]
    row = measuring.indicator(one, builders.risk(one))
    send(one, "owner", "drivers/D-001/feed/", indicator=row.ref)
    measuring.read(one, row, "199000")
    assert "outside what it holds likely" in page(one, "partner_owner", "drivers/D-001/")
    linked = send(one, "owner", "drivers/D-001/link/", risk="r-001", **LINK)
    assert "Prices of materials" in linked.content.decode()
    ended = send(one, "owner", f"links/{DriverLink.objects.get().uuid}/end/")
    assert "is not moved by it any more" in ended.content.decode()
    gone = send(one, "owner", f"beliefs/{Belief.objects.get().uuid}/end/")
    assert "Nobody has said yet" in gone.content.decode()


def test_what_is_refused_stands_beside_its_field_with_what_was_typed(one: World) -> None:
    driver(one)
    answer = send(
        one, "owner", "drivers/D-001/beliefs/", visibility="shared", step_on="soon",
        **{**BELIEF, "low": "300000", "rationale": "Typed with care"},
    )  # fmt: skip
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "The low end must be below the high end" in text
    assert "Typed with care" in text
    assert 'value="300000"' in text
    linked = send(one, "owner", "drivers/D-001/link/", risk="R-999", **LINK)
    assert linked.status_code == 400
    assert LINK["rationale"] in linked.content.decode()
    named = send(one, "owner", "drivers/", name="", unit="CNY", visibility="shared")
    assert named.status_code == 400
    assert 'value="CNY"' in named.content.decode()


def test_who_says_nothing_is_offered_no_form(one: World) -> None:
    belief(one, driver(one))
    for who in ("leader", "auditor"):
        text = page(one, who, "drivers/D-001/")
        assert "Range of analysts" in text
        assert 'name="low"' not in text
        assert 'name="sensitivity"' not in text
        assert ("Withdraw it" in text) == (who == "leader")
        assert 'name="name"' not in page(one, who, "drivers/")


def test_the_results_of_a_run_name_the_drivers_that_move_it(one: World) -> None:
    risk = Risk.objects.get()
    estimate(one, risk, released=True)
    moving = driver(one)
    belief(one, moving)
    link(one, moving, risk)
    row = simulation(one)
    text = page(one, "leader", f"simulations/{row.uuid}/")
    assert "drivers/D-001/" in text
    belief(one, moving, high="300000")
    assert "of D-001 something else is believed now" in page(
        one, "leader", f"simulations/{row.uuid}/"
    )


def test_my_work_leads_to_a_belief_that_is_to_be_looked_at(one: World) -> None:
    belief(one, driver(one), review_on=str(one.today))
    # Due on a day that has passed by now.
    Belief.objects.get()
    text = page(one, "owner", "work/")
    assert "drivers/D-001/" in text
