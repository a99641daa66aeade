"""How many queries each page and route makes, and that rows add none.

Every GET route that ``ROUTES`` names is measured with 5 risks and again with 12 (25 in a thorough
run); the counts are in tests/query_counts.json. A register of either size is built once: each test
is given a copy.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from riskreg.accounts.models import User
from riskreg.analysis.models import Driver, Simulation
from riskreg.comments.models import Comment
from riskreg.decisions.models import Decision
from riskreg.decisions.services import grant_acceptance
from riskreg.duties.sources import LISTED
from riskreg.evidence.models import Evidence
from riskreg.exchange.models import PackSchedule
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import OwnAppetite, Register
from riskreg.register.policy import default_criteria
from riskreg.reviews.services import start_meeting
from riskreg.risks.models import Control, Risk, RiskRelation
from riskreg.risks.services import publish_criteria, set_cadence
from tests import builders
from tests.access.routes import ROUTES
from tests.analysis import making as estimating
from tests.builders import World
from tests.built_once import built_once
from tests.comments import making as talking
from tests.decisions import making as accepting
from tests.evidence import making as attaching
from tests.exchange import scheduling
from tests.indicators import making
from tests.querycounts import QueryCounts

# What is asked is written by the same code for either database.
pytestmark = [pytest.mark.once, pytest.mark.unmeasured]
# Pages whose reads do not depend on a register's rows, or that are not ours.
ELSEWHERE = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/accounts/",
    "/calendar/",
    "/first/",
    "/registers/new/",
    "/join/",
    "/api/docs/",
    "/api/schema/",
    "/api/{}",
)
# Measured where one is made: tests/web/test_deliveries.py and the like.
ONE_OF_THEM = (
    "deliveries/{}", "endpoints/{}", "webhooks/{}", "inbox/{}", "invitations/{}", "imports/{}",
    "drafts/{}",
    "board-packs/{}",
)  # fmt: skip
MEASURED = [r for r in ROUTES if "GET" in ROUTES[r] and r != "/api" and not r.startswith(ELSEWHERE)]


def grow(world: World, size: int) -> None:
    """Bring the register up to ``size`` risks, each with everything that hangs on one."""
    for n in range(Risk.objects.count(), size):
        row = builders.risk(
            world, terms=["market:eu"], objectives=["overseas-units-2030"], inherent=(5, 5),
            deputy=world.deputy.email,
        )  # fmt: skip
        builders.control(world, row, test_every_days=1)
        attaching.evidence(world, row)
        # Not of each: its history would be more than a page.
        if n % 3 == 1:
            builders.relation(world, row, "worsens", Risk.objects.earliest("pk"))
        else:
            accepting.question(world, row)
        work = builders.mitigation(world, row, Risk.objects.earliest("pk"))
        for by in ("owner", "manager"):
            estimating.effect(world, work, row, by=by, released=by == "manager")
        builders.review(world, row, cell=(3, 4), comment="Better")
        for by in ("owner", "manager"):
            estimating.estimate(world, row, by=by, released=by == "manager")
        if Driver.objects.count() < size:
            moving = estimating.driver(world, by="manager")
            for by in ("owner", "manager"):
                estimating.belief(world, moving, by=by)
        for moving in Driver.objects.all()[:1]:
            estimating.link(world, moving, row, by="manager")
        read = making.indicator(world, row)
        making.read(world, read, "80000", "95000")
        # Every other one stays above appetite with nothing but a request.
        accept = accepting.asked if n % 2 else accepting.accepted
        accept(world, row, conditions=[accepting.condition(world)])
        talk(world, row)
    if size > 5 and not OwnAppetite.objects.filter(term__isnull=False).exists():
        builders.own_appetite(world, "moderate", term="market:eu")
        scheduling.schedule(world)


def talk(world: World, row: Risk) -> None:
    """Somebody says something of everything there is, and mentions the others."""
    # Long ago, and not all within an hour: nobody may write that many.
    at = world.at + dt.timedelta(hours=Risk.objects.count() - 720)
    mentions = [world.owner.email, world.auditor.email]
    things = (row, *row.mitigations.all(), *row.controls.all(), *row.indicators.all())
    for thing in (*things, *row.acceptances.all(), Risk.objects.earliest("pk")):
        talking.comment(world, thing, mentions=mentions, at=at)


@built_once
def grown_world(at: dt.datetime, size: int) -> World:
    """The world with taxonomy, objective and ``size`` risks of everybody's."""
    world = builders.build_world(at)
    builders.taxonomy(world)
    builders.objective(world)
    builders.own_appetite(world, "low")
    scheduling.schedule(world, first_on=world.today)
    scheduling.tend(world, 0, work=False)
    grow(world, size)
    return world


@built_once
def decided_world(at: dt.datetime, size: int) -> World:
    """``grown_world`` with a draft, a question put forward and a decision about each risk."""
    world = grown_world(at, size)
    for row in Risk.objects.order_by("pk"):
        accepting.drafted(world, row)
        accepting.proposed(world, row)
        accepting.chosen(world, accepting.proposed(world, row))
    return world


@built_once
def simulated_world(at: dt.datetime, size: int) -> World:
    """``grown_world`` with a run of what was estimated, done."""
    world = grown_world(at, size)
    estimating.simulation(world, by="manager")
    return world


def world_for(route: str, at: dt.datetime, size: int) -> World:
    """The smallest of the worlds that has what ``route`` shows."""
    if "/decisions/" in route:
        return decided_world(at, size)
    return simulated_world(at, size) if "/simulations/{}/" in route else grown_world(at, size)


def one_after_another(make: Callable[[int], None]) -> Callable[[int], None]:
    """``make`` for ``check_growth``: what was made before is undone, so each size starts empty."""
    before = transaction.savepoint()

    def grown(size: int) -> None:
        transaction.savepoint_rollback(before)
        make(size)

    return grown


def path_of(world: World, route: str) -> str:
    """Where ``route`` is in a register that has grown: a meeting is of all its open risks."""
    path = route.replace("/r/{}/", f"/r/{world.register.slug}/")
    path = path.replace("/registers/{}/", f"/registers/{world.register.slug}/")
    path = path.replace("/risks/{}/", "/risks/R-001/").replace(
        "/mitigations/{}/", "/mitigations/M-001/"
    )
    path = path.replace("/setup/{}/", "/setup/scale/").replace("/drivers/{}/", "/drivers/D-001/")
    if "/simulations/{}/" in path:
        run = Simulation.objects.earliest("pk")
        path = path.replace("/simulations/{}/", f"/simulations/{run.uuid}/")
        path = path.replace("/pictures/{}/", "/pictures/tornado/")
    path = path.replace("/members/{}/", f"/members/{world.owner.uuid}/")
    if "/meetings/{}/" in path:
        manager = world.viewer("manager")
        meeting = start_meeting(actor=manager, title="All", recipe={}, at=world.at)
        path = path.replace("{}", str(meeting.uuid), 1).replace("/items/{}/", "/items/1/")
    if "/change-requests/{}/" in path:
        if not ChangeRequest.objects.exists():
            set_cadence(
                actor=world.viewer("manager"), cadence={"high": 99}, seen_number=1, at=world.at
            )
        path = path.replace("/change-requests/{}/", "/change-requests/CR-001/")
    path = path.replace("/acceptances/{}/", "/acceptances/A-001/")
    if "/decisions/{}/" in path:
        path = path.replace("/options/{}/", "/options/B/")
        taken = "/record/" in path
        which = Decision.objects.filter(state="in_force" if taken else "draft").earliest("pk")
        path = path.replace("/decisions/{}/", f"/decisions/{which.ref}/")
    path = path.replace("/taxonomies/{}/", "/taxonomies/market/")
    path = path.replace("/parties/{}/", "/parties/foton/")
    path = path.replace("/terms/{}/", "/terms/market:eu/")
    if "/controls/{}/" in path:
        control = Control.objects.earliest("pk")
        path = path.replace("/controls/{}/", f"/controls/{control.uuid}/")
    if "/comments/{}/" in path:
        said = Comment.objects.earliest("pk")
        path = path.replace("/comments/{}/", f"/comments/{said.uuid}/")
    path = path.replace("/evidence/new/{}/{}/", "/evidence/new/risk/R-001/")
    if "/evidence/{}/" in path:
        evidence = Evidence.objects.earliest("pk")
        path = path.replace("/evidence/{}/", f"/evidence/{evidence.uuid}/")
    if "/relations/{}/" in path:
        relation = RiskRelation.objects.earliest("pk")
        path = path.replace("/relations/{}/", f"/relations/{relation.uuid}/")
    if "schedules/{}/" in path:
        path = path.replace(
            "schedules/{}/", f"schedules/{PackSchedule.objects.earliest('pk').uuid}/"
        )
    if "/own-appetites/{}/" in path:
        own = OwnAppetite.objects.earliest("pk")
        path = path.replace("/own-appetites/{}/", f"/own-appetites/{own.uuid}/")
    path = path.replace("/objectives/{}/", "/objectives/overseas-units-2030/")
    if "share" in route:
        path = path.replace("R-001", builders.risk(world, visibility="party").ref)
    path = path.replace("/ladder/preview/", "/ladder/preview/?risk=R-001")
    path = path.replace("/search/", "/search/?q=units") if path.endswith("/search/") else path
    return path.replace("/indicators/{}/", "/indicators/K-001/")


@pytest.mark.django_db
@pytest.mark.parametrize("route", [r for r in MEASURED if not any(p in r for p in ONE_OF_THEM)])
def test_rows_add_no_queries(
    at: dt.datetime, query_counts: QueryCounts, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Events go out in pieces, each of which asks for the names in it; here they are all one.
    monkeypatch.setattr("riskreg.exchange.queries.sheets.PIECE", 10_000)
    by_manager = (
        "taxonomies",
        "criteria/new",
        "own-appetites",
        "objectives/new",
        "objectives/{}/edit",
        "deliveries",
        "endpoints",
        "webhooks",
        "share",
        "extend/",
        "meetings",
        "coverage",
        "invitations",
        "imports",
        "board-packs",
        "pack-schedules",
        "programs",
        "setup",
        "archive",
        "exports",
        "decisions/",
    )
    who = "manager" if any(part in route for part in by_manager) else "owner"
    face = "api" if route.startswith("/api/") else "web"
    client, path = Client(), ""
    allowed = (200, 301, 302)

    def grown(size: int) -> None:
        nonlocal client, path
        world = world_for(route, at, size)
        if "setup" in route:
            Register.objects.filter(pk=world.register.pk).update(made_by=world.manager)
        client = getattr(builders, face)(getattr(world, who))
        path = path_of(world, route)

    def call() -> None:
        answer = client.get(path)
        assert answer.status_code in allowed, path
        if answer.streaming:
            # What is read while it is sent counts as well.
            for _piece in answer:
                pass

    query_counts.check_growth(f"{face}:{route}", call, one_after_another(grown))


@pytest.mark.django_db
def test_a_home_whose_criteria_changed(at: dt.datetime, query_counts: QueryCounts) -> None:
    """Appetite over time and acceptances go by every version: read once, however many there are."""
    client = Client()

    def changed(times: int) -> None:
        nonlocal client
        world = grown_world(at, 5)
        for n in range(times):
            criteria = default_criteria()
            criteria["ratings"][0]["names"]["en"] = f"Low by version {n}"
            actor = world.viewer("manager")
            row = publish_criteria(
                actor=actor, data=criteria, seen_number=actor.criteria.number, at=world.at
            )
            if isinstance(row, ChangeRequest):
                builders.agreed(world, row, world.at)
        client = builders.web(world.leader)

    def call() -> None:
        assert client.get(f"/r/{builders.SLUG}/home/").status_code == 200

    name = "web:/r/{}/home/ after other criteria"
    query_counts.check_growth(name, call, one_after_another(changed))


ROLES = ("owner", "deputy", "manager", "leader", "integration", "auditor", "onlooker")
ANSWERING = ("owner", "manager", "leader")
LATER = builders.AT + dt.timedelta(days=6)


def grow_for(world: World, person: User, size: int) -> None:
    """``person`` answers for ``size`` risks, every other one private, and as many drafts: each with
    a review that is late at ``LATER``, work under way, an indicator that is red and was not read
    since, and a control to be tested."""
    by = world.integration
    month_ago = world.at - dt.timedelta(days=29)
    for n in range(Risk.objects.filter(owner=person).count(), size):
        own = {"by": by, "visibility": "party" if n % 2 else "shared", "owner": person.email}
        row = builders.risk(world, at=month_ago, deputy=world.deputy.email, **own)
        builders.risk(world, at=month_ago, opened=False, **own)
        builders.mitigation(world, row, **own)
        due = {"due_on": world.today + dt.timedelta(days=10), "status": "in_progress"}
        builders.mitigation(world, row, at=month_ago, **due, **own)
        read = making.indicator(world, row, at=month_ago, frequency_days=1, grace_days=0, **own)
        making.read(world, read, "200000", by=by)
        builders.control(world, row, by=by, owner=person.email, test_every_days=7)
        builders.review(world, builders.risk(world), by=world.manager)
        if n % 5 == 0:
            # Not for each: with their reviews, more would be due than the page reads of one kind,
            # and it counts them then.
            accept_for(world, person)
        if person != world.leader:
            moving = estimating.driver(world, by="manager")
            look = str(world.today + dt.timedelta(days=1))
            estimating.belief(world, moving, by=person, review_on=look)
    if person == world.manager:
        # The other side asks for a longer cadence; whoever manages this one is to answer.
        asker = world.viewer("partner_manager")
        set_cadence(
            actor=asker, cadence={"critical": 90}, seen_number=asker.criteria.number, at=month_ago
        )


def accept_for(world: World, person: User) -> None:
    """A risk of ``person``'s is accepted, on a condition that they owe, and they are asked about
    another one where their role can answer."""
    own = builders.risk(world, by=world.integration, rated=(3, 4), owner=person.email)
    acceptor = world.manager if person == world.leader else world.leader
    term = {**accepting.condition(world, 3), "owner": person.email}
    ends = str(world.today + dt.timedelta(days=12))
    asked = {"by": person, "acceptor": acceptor.email, "conditions": [term]}
    row = accepting.asked(world, own, expires_on=ends, **asked)
    grant_acceptance(actor=world.viewer(acceptor), ref=row.ref, version=None, at=world.at)
    if person != world.owner:
        accepting.asked(world, builders.risk(world, rated=(3, 4)), acceptor=person.email)
    for wants in ("answer", "review"):
        accepting.question(world, own, by="manager", wants=wants)
    decide_for(world, person)


def decide_for(world: World, person: User) -> None:
    """``person`` is asked to decide a question, has decided another, and owes a condition of it."""
    small = builders.risk(world, by=world.integration, rated=(1, 1), owner=world.deputy.email)
    asker = "manager" if person == world.owner else "owner"
    soon = str(world.today + dt.timedelta(days=12))
    put: dict[str, Any] = {"by": asker, "deciders": [person.email], "due_on": soon}
    accepting.proposed(world, small, **put)
    term = {**accepting.condition(world, 3), "owner": person.email}
    row = accepting.proposed(world, small, **put)
    accepting.chosen(world, row, by=person, review_on=soon, conditions=[term])


@built_once
def grown_for(at: dt.datetime, who: str, size: int) -> World:
    """The world in which ``who`` answers for ``size`` risks."""
    world = builders.build_world(at)
    grow_for(world, getattr(world, who), size)
    return world


@pytest.mark.django_db
@pytest.mark.parametrize("who", ROLES)
def test_my_work_of_every_role(at: dt.datetime, query_counts: QueryCounts, who: str) -> None:
    """Who owns nothing sees what waits and what others changed."""
    client = Client()

    def grown(size: int) -> None:
        nonlocal client
        client = builders.web(getattr(grown_world(at, size), who))

    def call() -> None:
        with time_machine.travel(LATER, tick=False):
            assert client.get(f"/r/{builders.SLUG}/work/").status_code == 200

    query_counts.check_growth(f"web:/r/{{}}/work/ as {who}", call, one_after_another(grown))


@pytest.mark.django_db
@pytest.mark.parametrize("who", ANSWERING)
def test_my_work_with_duties_of_every_kind(
    at: dt.datetime, query_counts: QueryCounts, who: str
) -> None:
    """The most that it can ask for, of somebody for whom there is something of everything."""
    client = Client()

    def grown(size: int) -> None:
        nonlocal client
        client = builders.web(getattr(grown_for(at, who, size), who))

    def call() -> None:
        with time_machine.travel(LATER, tick=False):
            response = client.get(f"/r/{builders.SLUG}/work/")
        context = response.context
        # Owners and leaders are not asked for their party while a manager can be.
        never = {"risk.breach"} if who == "manager" else {"risk.breach", "change.answer"}
        if who == "owner":
            never.add("acceptance.answer")
        # A leader says nothing of what drivers may be.
        never |= {"belief.look"} if who == "leader" else set()
        assert {row["kind"] for row in context["duties"]} == set(LISTED) - never
        assert all(context[part] for part in ("called", "changed", "weeks", "mitigations"))
        assert (who == "owner") is (context["waiting"] is None)

    name = f"web:/r/{{}}/work/ as {who}, full"
    query_counts.check_growth(name, call, one_after_another(grown))


@pytest.mark.django_db
@pytest.mark.parametrize("who", ROLES)
def test_filtered_and_counted_duties_of_every_role(
    at: dt.datetime, query_counts: QueryCounts, who: str
) -> None:
    """All that can be asked of the list at once."""
    program = Client()
    asked = "mine=true&overdue=true&due_before=2027-01-01&count=true&limit=2"

    def call() -> None:
        with time_machine.travel(LATER, tick=False):
            path = f"/api/v1/registers/{builders.SLUG}/duties/?{asked}"
            found = program.get(path).json()
        assert found["count"] >= len(found["results"])
        assert (who in (*ANSWERING, "deputy")) is bool(found["count"])

    def grown(size: int) -> None:
        nonlocal program
        world = grown_for(at, who if who in ANSWERING else "owner", size)
        program = builders.api(getattr(world, who))

    name = f"api:/api/v1/registers/{{}}/duties/ filtered as {who}"
    query_counts.check_growth(name, call, one_after_another(grown))
