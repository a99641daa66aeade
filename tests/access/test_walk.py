"""I6: the canary walk over every route, as everybody who must not hear."""

import datetime as dt

import pytest
from django.test import Client

from riskreg.kernel import health
from tests.access import asked, canaries, walk
from tests.access.canaries import CANARY, CanaryWorld
from tests.access.routes import ROUTES

# Who may see what is decided by the same conditions on every database; two_worlds asks them all.
pytestmark = [
    pytest.mark.django_db, pytest.mark.once, pytest.mark.slow, pytest.mark.unmeasured,
]  # fmt: skip


@pytest.fixture
def canary_world(db: None, at: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> CanaryWorld:
    monkeypatch.setitem(health.CHECKS, "broker", lambda: None)
    return canaries.build(at)


def test_every_route_is_walked() -> None:
    assert walk.not_walked() == set(), "name each of these routes in tests/access/routes.py"
    assert walk.gone() == set(), "these routes are no more"


def test_every_page_that_reads_its_address_is_asked(canary_world: CanaryWorld) -> None:
    routes = walk.routes()
    asked_for = {route: routes[route] for route in asked.PAGES(canary_world)}
    assert asked.reading_pages(routes) == asked.reading_pages(asked_for)


@pytest.mark.parametrize("who", walk.VISITORS, ids=lambda who: who or "anonymous")
def test_nobody_else_hears_a_canary(canary_world: CanaryWorld, who: str) -> None:
    answered = asked.Answered()
    found = list(walk.leaks(canary_world, (who,), answered))
    assert not found, f"{len(found)} leaks:\n" + "\n".join(found[:40])
    if who == "partner_manager":
        missing = answered.missing(canary_world, list(ROUTES))
        assert not missing, "never answered with rows:\n" + "\n".join(missing + answered.refused)


def test_its_own_party_does_hear_them(canary_world: CanaryWorld) -> None:
    """The walk would prove nothing if the pages it visits did not show the canaries to foton."""
    page, api = "/r/{}/", "/api/v1/registers/{}/"
    nouns = ("risks/", "mitigations/", "indicators/", "risks/{}/", "mitigations/{}/")
    for route in (
        f"{page}heatmap/",
        f"{api}changes/",
        *(f + n for f in (page, api) for n in nouns),
    ):
        client = walk.client_for(canary_world, "manager", route)
        found = [
            line
            for visit in walk.visits(canary_world, route, thorough="heatmap" in route)
            for line in walk.leaks_of(canary_world, client, "manager", visit)
        ]
        assert any(CANARY in line for line in found), route


def test_admin_is_closed_to_members(canary_world: CanaryWorld) -> None:
    routes = [r for r in walk.routes() if r.startswith("/admin/")]
    assert routes
    for who in ("partner_manager", ""):
        client: Client = walk.client_for(canary_world, who, "/admin/")
        for route in routes:
            path = route.replace("{}", "1")
            response = client.get(path)
            allowed = (302, 403) if path == "/admin/login/" else (302, 404)
            assert response.status_code in allowed, path
            assert CANARY not in walk.text_of(response)
