"""Objective models: what is refused in words, whose they are, and that none is ever changed."""

import datetime as dt
import json
from typing import Any

import pytest
from django.db import Error, transaction

from riskreg.analysis.models import ObjectiveModel
from riskreg.analysis.queries.objectives import models_of, newest_model_of
from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.risks.services import close_risk
from tests import builders
from tests.analysis.making import belief, driver, model
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


@builders.shared_world
def aimed(world: World) -> World:
    builders.objective(world)
    builders.risk(world)
    builders.risk(world, visibility="party")
    moving = driver(world)
    belief(world, moving)
    return world


def codes(world: World, **given: Any) -> dict[str, str]:
    with nothing_changes(), pytest.raises(Invalid) as caught:
        model(world, **given)
    return {name: errors[0].code for name, errors in caught.value.fields.items()}


def test_versions_follow_each_other_and_none_is_changed(aimed: World) -> None:
    first = model(aimed, hits=[{"risk": "R-001", "low": "-25", "mode": "-15", "high": "-5",
                               "years": 2}])  # fmt: skip
    second = model(aimed, follows=1, growth_high="15")
    assert (first.number, second.number) == (1, 2)
    assert first.hits[0] | {"risk": ""} == {
        "risk": "", "low": "-25", "mode": "-15", "high": "-5", "years": 2,
    }  # fmt: skip
    assert newest_model_of(aimed.viewer("partner_owner"), first.objective) == second
    for act in (lambda: first.delete(), lambda: first.save()):
        with pytest.raises(Error), transaction.atomic():
            act()
    with nothing_changes(), pytest.raises(Conflict):
        model(aimed, follows=1)
    told = Event.objects.filter(verb="objective.modelled").latest("id")
    assert json.loads(told.changes)["growth_high"] == [None, "15"]


def test_each_bad_line_is_refused_in_words(aimed: World) -> None:
    assert codes(aimed, start="0") == {"start": "out_of_range"}
    assert codes(aimed, start="") == {"start": "required"}
    assert codes(aimed, start_year=2030) == {"start_year": "out_of_order"}
    far = builders.objective(aimed, key="far", due_on=dt.date(2066, 1, 1))
    assert codes(aimed, key=far.key, growth_low="") == {
        "start_year": "too_far", "growth_low": "required",
    }  # fmt: skip
    assert codes(aimed, start_year=10**9) == {"start_year": "out_of_range"}
    assert codes(aimed, growth_mode="19") == {"growth_mode": "out_of_order"}
    assert codes(aimed, growth_low="-101") == {"growth_low": "out_of_range"}
    assert codes(aimed, growth_high="1001") == {"growth_high": "out_of_range"}
    assert codes(aimed, label="sourced") == {"label": "needs_source"}
    assert codes(aimed, direction="up", pace="") == {"direction": "unknown", "pace": "unknown"}
    assert codes(aimed, wind="x") == {"wind": "unknown_field"}
    assert codes(aimed, visibility="all") == {"visibility": "unknown"}


def test_each_bad_event_is_refused_in_words(aimed: World) -> None:
    def of(**given: Any) -> dict[str, str]:
        return codes(aimed, hits=[{"risk": "R-001", "mode": "-15", **given}])

    assert of(risk="R-999") == of(risk=3) == of(risk="\x00") == {"hits.0.risk": "unknown"}
    assert of(mode="") == {"hits.0.mode": "required"}
    assert of(mode="-101") == {"hits.0.mode": "out_of_range"}
    assert of(mode="NaN") == {"hits.0.mode": "not_finite"}
    assert of(mode="a lot") == {"hits.0.mode": "not_a_number"}
    assert of(low="-20") == {"hits.0.high": "required"}
    assert of(low="-10", high="-5") == {"hits.0.mode": "out_of_order"}
    assert of(years=0) == of(years=41) == of(years=True) == {"hits.0.years": "out_of_range"}
    assert of(wind=1) == {"hits.0.wind": "unknown_field"}
    assert codes(aimed, hits={}) == {"hits": "not_a_list"}
    assert codes(aimed, hits=[3]) == {"hits.0": "not_an_object"}
    twice = [{"risk": "R-001", "mode": "-15"}, {"risk": "r-001", "mode": "-5"}]
    assert codes(aimed, hits=twice) == {"hits.1.risk": "repeated"}
    close_risk(actor=aimed.viewer("owner"), ref="R-001", version=None, reason="Past", at=aimed.at)
    assert of() == {"hits.0.risk": "closed"}


def test_each_bad_driver_is_refused_in_words(aimed: World) -> None:
    def of(**given: Any) -> dict[str, str]:
        return codes(aimed, elasticities=[{"driver": "D-001", "elasticity": "-0.2", **given}])

    assert of(driver="D-999") == {"elasticities.0.driver": "unknown"}
    assert of(elasticity="") == {"elasticities.0.elasticity": "required"}
    assert (
        of(elasticity="0") == of(elasticity="21") == {"elasticities.0.elasticity": "out_of_range"}
    )
    silent = driver(aimed)
    assert of(driver=silent.ref) == {"elasticities.0.driver": "out_of_range"}
    margin = driver(aimed, unit="%")
    belief(aimed, margin, low="-6", mode="0", high="6")
    assert of(driver=margin.ref) == {"elasticities.0.driver": "out_of_range"}


def test_what_everybody_reckons_with_names_nothing_of_one_party(aimed: World) -> None:
    own_driver = driver(aimed, visibility="party")
    belief(aimed, own_driver)
    own = {"hits": [{"risk": "F-001", "mode": "-15"}],
           "elasticities": [{"driver": own_driver.ref, "elasticity": "1"}]}  # fmt: skip
    assert codes(aimed, **own) == {
        "hits.0.risk": "narrower", "elasticities.0.driver": "narrower",
    }  # fmt: skip
    kept = model(aimed, visibility="party", by="owner", **own)
    shared = model(aimed)
    # Each audience counts by itself, so that a gap tells nothing.
    assert (kept.number, shared.number) == (1, 1)
    theirs = aimed.viewer("partner_manager")
    assert list(models_of(theirs, kept.objective)) == [shared]
    assert set(models_of(aimed.viewer("owner"), kept.objective)) == {kept, shared}
    # A private risk of the partner's is not there for the other.
    assert codes(aimed, visibility="party", by="partner_owner", hits=own["hits"]) == {
        "hits.0.risk": "unknown"
    }


def test_who_may_give_one(aimed: World) -> None:
    for who in ("owner", "leader", "auditor", "partner_manager", "partner_owner"):
        with nothing_changes(), pytest.raises(Forbidden):
            model(aimed, by=who)
    for who in ("leader", "auditor"):
        with nothing_changes(), pytest.raises(Forbidden):
            model(aimed, by=who, visibility="party")
    assert model(aimed, by="partner_owner", visibility="party").party == aimed.catl
    with pytest.raises(NotFound):
        model(aimed, key="no-such-objective")
    mine = builders.objective(aimed, key="ours", visibility="party")
    assert codes(aimed, key=mine.key) == {"visibility": "narrower"}
    assert ObjectiveModel.objects.count() == 1
