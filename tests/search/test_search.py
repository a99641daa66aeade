"""One search over every noun, on page and API alike, within the boundary."""

import pytest

from riskreg.indicators.services import create_indicator
from riskreg.reviews.services import start_meeting
from riskreg.search.queries import NOUNS
from tests import builders

WORD = "Zugspitze"


@pytest.fixture
def everything(world):
    """One of every noun, shared, that holds the word."""
    risk = builders.risk(world, title=f"Snow on the {WORD}")
    builders.assess(world, risk, (3, 3), rationale=f"Seen from the {WORD} station")
    builders.review(world, risk, outcome="unchanged", comment=f"{WORD}bahn still runs")
    builders.control(world, risk, name=f"{WORD} patrol")
    builders.mitigation(world, risk, title=f"Dig out the {WORD}")
    builders.objective(world, names={"en": f"{WORD} climbs"})
    create_indicator(actor=world.viewer("manager"), at=world.at, fields={
        "names": {"en": f"{WORD} depth"}, "unit": "cm", "kind": "fixed", "amber": "1", "red": "2",
        "direction": "higher_is_worse", "frequency_days": 7, "label": "judgement",
        "risks": [risk.ref],
    })  # fmt: skip
    start_meeting(actor=world.viewer("manager"), title=f"{WORD} review", recipe={}, at=world.at)
    world.deputy.name = f"Anna {WORD}"
    world.deputy.save(update_fields=["name"])
    return risk


def search(client, text):
    return client.get("/search/", {"q": text}).content.decode()


def api_search(client, world, text):
    return client.get(f"/api/v1/registers/{world.register.slug}/search/", {"q": text})


def test_every_noun_is_found_by_page_and_api(world, everything, web, api):
    answer = api_search(api(world.owner), world, WORD.lower()).json()
    assert answer["totals"] == dict.fromkeys(NOUNS, 1)
    html = search(web(world.owner), WORD.lower())
    for noun in NOUNS:
        assert f'id="{noun}"' in html


def test_what_is_a_partys_own_is_found_by_that_party_alone(world, web, api):
    own = builders.risk(world, visibility="party", title=f"Own {WORD}")
    builders.review(world, own, outcome="unchanged", comment=f"{WORD} again")
    builders.control(world, own, name=f"{WORD} fence")
    builders.mitigation(world, own, title=f"{WORD} work")
    mine = api_search(api(world.owner), world, WORD).json()
    assert mine["totals"] == {"risk": 1, "mitigation": 1, "control": 1, "review": 1}
    theirs = api_search(api(world.partner_manager), world, WORD)
    assert theirs.json() == {"q": WORD, "totals": {}, "results": []}
    assert own.ref not in search(web(world.partner_manager), WORD)
    assert f"risks/{own.ref}/" not in search(web(world.partner_manager), own.ref)
    assert f"risks/{own.ref}/" in web(world.owner).get("/search/", {"q": own.ref})["Location"]


@pytest.mark.parametrize("typed", ["k1", "K-001", "m 1", "r1"])
def test_a_ref_of_any_noun_leads_to_its_page(world, everything, web, typed):
    answer = web(world.owner).get("/search/", {"q": typed})
    assert answer.status_code == 302
    noun = {"k": "indicators", "m": "mitigations", "r": "risks"}[typed[0].lower()]
    assert f"/{noun}/{typed[0].upper()}-001/" in answer["Location"]


def test_more_than_a_page_says_the_true_total_and_shows_the_worst(world, web, api):
    for number in range(22):
        builders.risk(world, title=f"{WORD} {number}", rated=(2, 2))
    worst = builders.risk(world, title=f"{WORD} worst", rated=(5, 5))
    answer = api_search(api(world.owner), world, WORD).json()
    assert answer["totals"]["risk"] == 23
    assert answer["results"][0]["ref"] == worst.ref
    assert len(answer["results"]) == 20
    assert "20 of 23 are shown." in search(web(world.owner), WORD)


@pytest.mark.parametrize("params", [{}, {"q": ""}, {"q": "  "}, {"q": "x" * 201}, {"q": "a\0b"},
                                    {"q": "x", "zz": "1"}])  # fmt: skip
def test_a_search_that_cannot_be_meant_is_refused_by_name(world, api, params):
    url = f"/api/v1/registers/{world.register.slug}/search/"
    answer = api(world.owner).get(url, params)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] in ("?q", "?zz")
