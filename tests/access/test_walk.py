"""I6: the canary walk over every route, as everybody who must not hear."""

import datetime as dt

import pytest
from django.test import Client

from riskreg.kernel import health
from tests.access import canaries, walk
from tests.access.canaries import CANARY, CanaryWorld

# Who may see what is decided by the same conditions on every database; two_worlds asks them all.
pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.slow]


@pytest.fixture
def canary_world(db: None, at: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> CanaryWorld:
    monkeypatch.setitem(health.CHECKS, "broker", lambda: None)
    return canaries.build(at)


def test_every_route_is_walked() -> None:
    assert walk.not_walked() == set(), "name each of these routes in tests/access/routes.py"
    assert walk.gone() == set(), "these routes are no more"


@pytest.mark.parametrize("who", walk.VISITORS, ids=lambda who: who or "anonymous")
def test_nobody_else_hears_a_canary(canary_world: CanaryWorld, who: str) -> None:
    found = list(walk.leaks(canary_world, (who,)))
    assert not found, f"{len(found)} leaks:\n" + "\n".join(found[:40])


def test_its_own_party_does_hear_them(canary_world: CanaryWorld) -> None:
    """The walk would prove nothing if the pages it visits did not show the canaries to foton."""
    heard = [line for line in walk.leaks(canary_world, ("manager",)) if CANARY in line]
    pages = {line.split(": ")[1].split()[1].split("?")[0] for line in heard}
    for path in ("/", "/risks/", "/heatmap/", "/mitigations/", "/risks/F-002/"):
        assert any(p.endswith(path) for p in pages) or path == "/", path


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
