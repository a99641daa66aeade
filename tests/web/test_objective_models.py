"""The form of an objective's model, without script: kept, refused beside its field, overtaken."""

import pytest

from riskreg.analysis.models import ObjectiveModel
from tests import builders
from tests.analysis.making import MODEL, belief, driver, model
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
FORM = {**MODEL, "direction": "at_least", "pace": "steady", "visibility": "shared",
        "follows_shared": "0", "follows_party": "0"}  # fmt: skip


@builders.shared_world
def aimed(world: World) -> World:
    builders.objective(world)
    builders.mitigation(world, builders.risk(world))
    belief(world, driver(world))
    return world


def page(world: World, rest: str = "model/") -> str:
    return f"/r/{world.register.slug}/objectives/overseas-units-2030/{rest}"


def test_a_model_is_given_and_shown(aimed: World) -> None:
    manager = builders.web(aimed.manager)
    assert "Nobody has said yet" in manager.get(page(aimed, "")).content.decode()
    terms = {"hit_1_risk": "r-001", "hit_1_mode": "-15", "hit_1_low": "-20", "hit_1_high": "-10",
             "hit_1_years": "2", "term_0_driver": "D-001", "term_0_elasticity": "-0.2",
             "lift_1_mitigation": "m-001", "lift_1_mode": "6", "lift_1_from_year": "2028",
             "source_title": "Annual report"}  # fmt: skip
    answer = manager.post(page(aimed), {**FORM, **terms})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    row = ObjectiveModel.objects.get()
    assert (row.hits[0]["years"], row.elasticities[0]["elasticity"]) == (2, "-0.2")
    assert [(each["mode"], each["from_year"]) for each in row.lifts] == [("6", 2028)]
    assert row.sources[0]["title"] == "Annual report"
    shown = manager.get(page(aimed, "")).content.decode()
    for text in ("R-001", "D-001", "0 … 7.27 … 18 % a year", "164,500 vehicles", "for 2 years",
                 "M-001", "adds 6 %", "from 2028 on",
                 "version 1"):  # fmt: skip
        assert text in shown, text
    # The next version starts from this one.
    again = manager.get(page(aimed)).content.decode()
    assert 'name="hit_0_risk" value="R-001"' in again
    assert 'name="lift_0_mitigation" value="M-001"' in again
    assert 'name="lift_0_from_year" value="2028"' in again
    assert 'name="follows_shared" value="1"' in again


def test_what_is_refused_stands_beside_its_field_and_nothing_typed_is_lost(aimed: World) -> None:
    manager = builders.web(aimed.manager)
    bad = {
        "lift_1_mitigation": "M-999",
        "lift_1_from_year": "next",
        "start": "0",
        "hit_2_risk": "R-999",
        "hit_2_mode": "-150",
        "start_year": "soon",
    }
    with nothing_changes():
        answer = manager.post(page(aimed), {**FORM, **bad})
    html = answer.content.decode()
    assert answer.status_code == 400
    for text in ("The level starts above 0", "There is no such risk.",
                 "There is no such mitigation.", 'value="M-999"',
                 'value="next"', "This is a whole number from 1990 to 2200.",
                 'value="R-999"', 'value="-150"', "This lies between -100 % and 1000 %",
                 'value="soon"'):  # fmt: skip
        assert text in html, text


def test_who_comes_second_is_told_and_keeps_what_they_typed(aimed: World) -> None:
    model(aimed)
    manager = builders.web(aimed.manager)
    with nothing_changes():
        answer = manager.post(page(aimed), {**FORM, "growth_high": "15.5"})
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "another version meanwhile" in html
    assert 'value="15.5"' in html
    assert 'name="follows_shared" value="1"' in html
    assert manager.post(page(aimed), {**FORM, "follows_shared": "1"}).status_code == 302


def test_the_form_offers_what_one_may(aimed: World) -> None:
    owner = builders.web(aimed.partner_owner).get(page(aimed)).content.decode()
    assert 'value="party"' in owner
    assert 'value="shared"' not in owner
    leader = builders.web(aimed.leader)
    assert leader.get(page(aimed)).status_code == 403
    assert "Say how it comes about" not in leader.get(page(aimed, "")).content.decode()
