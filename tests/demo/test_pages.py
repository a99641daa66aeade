"""Pages and answers of the demo: what the source says is found on them, with its label."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import DjangoDbBlocker
from time_machine import travel

from riskreg.accounts.models import User
from riskreg.demo import content as files
from riskreg.demo.loader import load_demo
from riskreg.demo.queries import DEMO_SLUG
from tests.builders import api, web

pytestmark = pytest.mark.django_db
LOADED = dt.datetime(2026, 11, 24, 1, 10, tzinfo=dt.UTC)
PAGES, CALLS = f"/r/{DEMO_SLUG}/", f"/api/v1/registers/{DEMO_SLUG}/"


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The demo loaded once for this file."""
    with django_db_blocker.unblock(), travel(LOADED, tick=False), transaction.atomic():
        load_demo(at=LOADED)
        yield
        transaction.set_rollback(True)


def of(email: str) -> User:
    return User.objects.get(email=email)


def page(client: Client, path: str) -> str:
    answer = client.get(PAGES + path, follow=True)
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.mark.parametrize("path", ["risks/R-001/review/", "risks/R-001/assess/", "heatmap/"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_levels_are_explained_where_people_score(demo: None, path: str, language: str) -> None:
    """Every level's meaning, and every dimension's, in the reader's language."""
    User.objects.filter(email="owner@foton.example").update(language=language)
    shown = page(web(of("owner@foton.example")), path).replace("&#x27;", "'")
    criteria = files.read_content().criteria
    texts = [level["description"][language] for level in criteria["likelihood"]]
    for level in criteria["impact"]:
        texts += [each[language] for each in level["dimensions"].values()]
    assert len(texts) > 15
    assert [text for text in texts if text not in shown] == []


def test_an_objective_shows_where_it_stands_and_what_bears_on_it(demo: None) -> None:
    """Actual and gap by the indicator that measures it; risks, work and indicators below."""
    User.objects.filter(email="owner@foton.example").update(language="en")
    shown = page(web(of("owner@foton.example")), "objectives/overseas-units-2030/")
    for text in ("153,000", "164,500", "135,500", "R-001", "M-002", "K-006", "Sourced"):
        assert text in shown, text
    answer = api(of("integration@foton.example")).get(CALLS + "objectives/overseas-units-2030/")
    actual = answer.json()["actual"]
    assert (actual["value"], actual["gap"], actual["label"]) == ("164500", "135500", "sourced")
    assert answer.json()["baseline"] == "153000"


def test_each_party_has_an_aim_of_its_own_that_the_other_never_sees(demo: None) -> None:
    """A private objective is on the owner's list, and nowhere for the other party."""
    own = {"foton": "foton-second-source-2027", "catl": "catl-line-use-2027"}
    for party, key in own.items():
        seen = api(of(f"integration@{party}.example")).get(CALLS + "objectives/?limit=100").json()
        keys = {row["key"] for row in seen["results"]}
        other = next(k for p, k in own.items() if p != party)
        assert key in keys
        assert other not in keys
        client = web(of(f"owner@{party}.example"))
        assert client.get(f"{PAGES}objectives/{other}/").status_code == 404
        refused = client.get(f"{PAGES}mitigations/?objective={other}")
        assert key not in refused.content.decode()


@pytest.mark.parametrize("noun", ["risks", "mitigations", "indicators"])
def test_lists_are_narrowed_to_an_objective(demo: None, noun: str) -> None:
    """Fewer than all, some, the same by page and API; an unknown objective is refused."""
    client = api(of("integration@foton.example"))
    every = client.get(f"{CALLS}{noun}/?limit=200").json()["results"]
    some = client.get(f"{CALLS}{noun}/?limit=200&objective=local-service-2028").json()["results"]
    assert 0 < len(some) < len(every)
    shown = page(web(of("owner@foton.example")), f"{noun}/?objective=local-service-2028")
    assert all(row["ref"] in shown for row in some)
    assert client.get(f"{CALLS}{noun}/?objective=nowhere").status_code == 400
