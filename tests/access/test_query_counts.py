"""How many queries each page and route makes, and that rows add none.

Every GET route that ``ROUTES`` names is measured with 5 risks and again with 25; the counts are in
tests/query_counts.json.
"""

import pytest
from django.test import Client

from riskreg.reviews.services import start_meeting
from tests import builders
from tests.access.routes import ROUTES
from tests.builders import World
from tests.indicators import making
from tests.querycounts import QueryCounts

# Pages whose reads do not depend on a register's rows, or that are not ours.
ELSEWHERE = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/accounts/",
    "/calendar/",
    "/api/docs/",
    "/api/schema/",
    "/api/{}",
)
# Measured where one is made: tests/web/test_deliveries.py and the like.
ONE_OF_THEM = ("deliveries/{}", "endpoints/{}", "webhooks/{}", "inbox/{}")
MEASURED = [r for r in ROUTES if "GET" in ROUTES[r] and not r.startswith(ELSEWHERE)]


def grow(world: World, size: int) -> None:
    """Bring the register up to ``size`` risks, each with everything that hangs on one."""
    from riskreg.risks.models import Risk

    for _ in range(Risk.objects.count(), size):
        row = builders.risk(
            world, terms=["market:eu"], objectives=["overseas-units-2030"], inherent=(5, 5),
            deputy=world.deputy.email,
        )  # fmt: skip
        builders.control(world, row)
        builders.mitigation(world, row, Risk.objects.earliest("pk"))
        builders.review(world, row, cell=(3, 4), comment="Better")
        read = making.indicator(world, row)
        making.read(world, read, "80000", "95000")


def path_of(world: World, route: str) -> str:
    """Where ``route`` is in a register that has grown: a meeting is of all its open risks."""
    path = route.replace("/r/{}/", f"/r/{world.register.slug}/")
    path = path.replace("/registers/{}/", f"/registers/{world.register.slug}/")
    path = path.replace("/risks/{}/", "/risks/R-001/").replace(
        "/mitigations/{}/", "/mitigations/M-001/"
    )
    if "/meetings/{}/" in path:
        manager = world.viewer("manager")
        meeting = start_meeting(actor=manager, title="All", recipe={}, at=world.at)
        path = path.replace("{}", str(meeting.uuid), 1).replace("/items/{}/", "/items/1/")
    if "share" in route:
        path = path.replace("R-001", builders.risk(world, visibility="party").ref)
    path = path.replace("/ladder/preview/", "/ladder/preview/?risk=R-001")
    return path.replace("/indicators/{}/", "/indicators/K-001/")


@pytest.mark.django_db
@pytest.mark.parametrize("route", [r for r in MEASURED if not any(p in r for p in ONE_OF_THEM)])
def test_rows_add_no_queries(world: World, query_counts: QueryCounts, route: str) -> None:
    builders.taxonomy(world)
    builders.objective(world)
    by_manager = ("deliveries", "endpoints", "webhooks", "share", "extend/", "meetings", "coverage")
    person = world.manager if any(part in route for part in by_manager) else world.owner
    api = route.startswith("/api/")
    client: Client = builders.api(person) if api else builders.web(person)
    path = ""
    allowed = (200, 301, 302)

    def grown(size: int) -> None:
        nonlocal path
        grow(world, size)
        path = path_of(world, route)

    def call() -> None:
        assert client.get(path).status_code in allowed, path

    name = f"{'api' if api else 'web'}:{route}"
    query_counts.check_growth(name, call, grown)
