"""A risk copied as a draft: what it says goes over, what happened to it stays."""

import re
from typing import Any

import pytest

from riskreg.kernel.errors import NotFound
from riskreg.risks.models import Position, Risk
from riskreg.risks.services import clone_risk
from tests import builders
from tests.builders import World


def copied(world: World, who: Any, risk: Risk) -> Risk:
    return clone_risk(actor=world.viewer(who), ref=risk.ref, at=world.at)


def test_a_copy_says_what_the_original_says_and_has_no_past(world: World) -> None:
    builders.taxonomy(world)
    risk = builders.risk(
        world, title="Ice", cause="Frost", terms=["market:eu"], external_id="A-1",
        deputy=world.leader.email, translations={"zh-hans": {"title": "结冰"}},
        sources=[{"title": "Report", "label": "illustrative"}], inherent=(5, 5),
    )  # fmt: skip
    builders.mitigation(world, risk, title="Grit it")
    made = copied(world, world.owner, risk)
    assert made.pk != risk.pk
    for name in ("title", "cause", "event", "consequence", "kind", "response", "translations"):
        assert getattr(made, name) == getattr(risk, name), name
    assert [source["title"] for source in made.sources] == ["Report"]
    assert [term.key for term in made.terms.all()] == ["eu"]
    assert (made.state, made.external_id, made.version) == ("draft", None, 1)
    assert (made.owner, made.deputy) == (world.owner, world.leader)
    assert made.mitigations.count() == 0
    assert Position.objects.get(risk=made).residual_score is None


def test_a_copy_is_seen_by_whoever_sees_the_original(world: World) -> None:
    quiet = builders.risk(world, title="Quiet", visibility="party")
    assert copied(world, world.owner, quiet).visibility == "party"
    with pytest.raises(NotFound):
        copied(world, world.partner_owner, quiet)


def test_a_copy_of_another_partys_risk_is_ones_own(world: World) -> None:
    theirs = builders.risk(world, by=world.partner_owner, title="Late", external_id="c-1")
    made = copied(world, world.owner, theirs)
    assert (made.party, made.owner, made.visibility) == (world.foton, world.owner, "shared")


def test_by_page_and_api_it_is_made_once(world: World) -> None:
    risk = builders.risk(world, title="Ice")
    slug = world.register.slug
    page = builders.web(world.owner)
    address = f"/r/{slug}/risks/{risk.ref}/clone/"
    shown = page.get(address).content.decode()
    assert "Make the copy" in shown
    key = re.search(r'name="form_key" value="([^"]+)"', shown)
    assert key
    for _n in range(2):
        answer = page.post(address, {"form_key": key[1]})
        assert answer.status_code == 302
        assert answer["Location"].endswith("/edit/")
    assert Risk.objects.filter(title="Ice").count() == 2
    api = builders.api(world.owner)
    address = f"/api/v1/registers/{slug}/risks/{risk.ref}/clone/"
    for _n in range(2):
        made = api.post(
            address, {}, content_type="application/json", headers={"Idempotency-Key": "once"}
        )
        assert made.status_code == 201
        assert made["Location"].endswith(f"/{made.json()['ref']}/")
    assert Risk.objects.filter(title="Ice").count() == 3
    refused = builders.api(world.auditor).post(address, {}, content_type="application/json")
    assert refused.status_code == 403
