"""Reading writes nothing that can fail it, and what was read is kept by nobody."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from riskreg.accounts.models import ApiToken, CalendarFeed
from riskreg.accounts.services import replace_calendar_secret
from riskreg.kernel import health
from tests import builders
from tests.access import canaries, walk
from tests.access.canaries import CanaryWorld
from tests.access.routes import ROUTES
from tests.amounts import sample
from tests.builders import World

pytestmark = pytest.mark.django_db


def _no_write(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
    if sql.split(None, 1)[0].upper() in ("INSERT", "UPDATE", "DELETE", "REPLACE"):
        raise OperationalError("database or disk is full")
    return execute(sql, *rest)


@pytest.fixture
def canary_world(db: None, at: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> CanaryWorld:
    monkeypatch.setitem(health.CHECKS, "broker", lambda: None)
    return canaries.build(at)


@pytest.mark.once
def test_every_route_reads_alike_while_nothing_can_be_written(canary_world: CanaryWorld) -> None:
    seen = 0
    reading = [route for route, methods in ROUTES.items() if "GET" in methods.split()]
    shared_out = sample(reading, 0)
    for route in shared_out:
        paths = {v.path for v in walk.visits(canary_world, route, False) if v.method == "GET"}
        for path in sorted(paths):
            # Whoever comes anew has nothing noted of them yet: that is when most is written.
            client = walk.client_for(canary_world, "manager", route)
            client.cookies.pop("last_register", None)
            ApiToken.objects.update(last_used_on=None)
            usual = client.get(path).status_code
            client.cookies.pop("last_register", None)
            ApiToken.objects.update(last_used_on=None)
            with connection.execute_wrapper(_no_write):
                full = client.get(path).status_code
            assert full == usual, path
            seen += usual == 200
    assert seen > len(shared_out) / 2


def test_a_calendar_is_read_while_nothing_can_be_written(world: World) -> None:
    secret = replace_calendar_secret(user=world.manager, at=world.at)
    with connection.execute_wrapper(_no_write):
        assert Client().get(f"/calendar/{secret}.ics").status_code == 200
    assert CalendarFeed.objects.get().last_used_on is None
    assert Client().get(f"/calendar/{secret}.ics").status_code == 200
    assert CalendarFeed.objects.get().last_used_on == world.at.date()


@pytest.mark.once
def test_pages_are_kept_by_nobody(canary_world: CanaryWorld) -> None:
    for route in ROUTES:
        if "GET" not in ROUTES[route].split() or route.startswith(("/api/", "/calendar/")):
            continue
        path = next(v.path for v in walk.visits(canary_world, route, False) if v.method == "GET")
        answer = walk.client_for(canary_world, "manager", route).get(path)
        assert "no-store" in answer["Cache-Control"], path
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in answer["Permissions-Policy"]


def test_signing_out_clears_what_the_browser_has_kept(world: World) -> None:
    client = builders.web(world.owner)
    client.get(f"/r/{world.register.slug}/risks/")
    assert client.cookies["last_register"].value == world.register.slug
    assert "Clear-Site-Data" not in client.get("/accounts/logout/")
    answer = client.post("/accounts/logout/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert client.cookies["last_register"].value == ""
    # Whoever was not signed in has left nothing behind.
    assert "Clear-Site-Data" not in Client().post("/accounts/logout/")


def test_a_remembered_register_opens_nothing(world: World) -> None:
    client = builders.web(world.outsider)
    client.cookies["last_register"] = world.register.slug
    page = client.get("/", follow=True)
    assert world.register.slug not in page.content.decode()
