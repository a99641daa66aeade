"""Taking the visibility filter out of any one query makes the canary walk fail.

Each place in the source that asks for ``visible_to`` (or for the chains of an audience) is found in
its syntax tree and switched off by itself. A first walk notes which visits come by which place, so
that only those are made again with the filter off; one of them must give something away.
"""

import ast
import datetime as dt
import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

import riskreg
from riskreg.endpoints.models import Endpoint
from riskreg.events.models import Chain
from riskreg.events.policy import Audience
from riskreg.events.queries import chains_of
from riskreg.kernel import health
from riskreg.kernel.errors import Invalid, NotFound
from riskreg.notify.models import Delivery, Message
from riskreg.register.models import Objective
from riskreg.register.visibility import PartyBoundQuerySet
from riskreg.risks.models import Control
from riskreg.risks.services import end_control, transfer_risk
from tests import builders
from tests.access import canaries, walk
from tests.access.canaries import CanaryWorld
from tests.access.routes import ROUTES

pytestmark = [pytest.mark.once, pytest.mark.slow]
ROOT = Path(riskreg.__file__).parent
NOUNS = {"indicators", "decisions", "estimates", "simulations"}


@dataclass(frozen=True)
class Site:
    """One place where a query is told who asks."""

    file: str
    function: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.function}"


def sites(wanted: Callable[[ast.AST], int | None]) -> list[Site]:
    """Every place in the installed rooms for which ``wanted`` gives a line."""
    found = []
    rooms = {c.name.split(".")[1] for c in apps.get_app_configs() if c.name.startswith("riskreg.")}
    # A room whose things no route names yet has no faces to walk.
    faced = " ".join(walk.routes())
    rooms = {room for room in rooms if room not in NOUNS or f"/{room}/" in faced}
    for path in sorted(ROOT.rglob("*.py")):
        file = path.relative_to(ROOT)
        if file.parts[0] not in rooms or "migrations" in file.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for outer in ast.walk(tree):
            if isinstance(outer, ast.FunctionDef):
                for node in ast.walk(outer):
                    if (line := wanted(node)) is not None:
                        found.append(Site(str(file), outer.name, line))
    return found


def _visible_to(node: ast.AST) -> int | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.end_lineno if node.func.attr == "visible_to" else None
    return None


def _keys(node: ast.AST) -> int | None:
    if not isinstance(node, ast.Attribute) or node.attr != "keys":
        return None
    of_audience = isinstance(node.value, ast.Name) and node.value.id == "audience"
    return node.end_lineno if of_audience else None


# Places where the filter is a second line that nothing can get behind, and why.
REDUNDANT = {
    "risks/services/fields.py:_check_external_id": "narrowed to the asker's own party anyway",
    "risks/queries/lists.py:visible_mitigations": "the cursor read with it is its audience's",
    "indicators/queries/access.py:visible_indicators": "its cursor is its audience's",
    "indicators/queries/access.py:readings_of": "the indicator itself was found by the same rule",
}
# Places that no route reaches; each has its own probe below.
WITHOUT_ROUTE = {
    "register/services/frame.py:add_objective", "events/queries.py:chains_of",
    "risks/services/controls.py:end_control",
}  # fmt: skip


# Places that the canary world has no data for, or that only answers of writes would betray. Each is
# owed a probe of its own; none may be added without one.
NOT_PROBED = {
    "indicators/queries/closing.py:ended_with", "indicators/services/closing.py:_locked",
    "reminders/queries/agenda.py:counts_by_day", "reviews/services/meetings.py:_check_recipe",
    "risks/services/mitigations.py:_served",
}  # fmt: skip


@pytest.fixture
def canary_world(db: None, at: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> CanaryWorld:
    monkeypatch.setitem(health.CHECKS, "broker", lambda: None)
    return canaries.build(at)


class Switch:
    """Knows who came by since it was reset, and can switch one place off."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.passed: set[tuple[str, int]] = set()
        self.off: set[tuple[str, int]] = set()
        plain = PartyBoundQuerySet.visible_to
        plain_keys = Audience.keys.fget
        switch = self

        def visible_to(self: Any, viewer: Any) -> Any:
            if switch.is_off(sys._getframe(1)):
                return self.filter(register_id=viewer.register.pk)
            return plain(self, viewer)

        def keys(self: Audience) -> list[str]:
            if switch.is_off(sys._getframe(1)):
                every = Chain.objects.filter(key__startswith=str(self.register))
                return list(every.values_list("key", flat=True))
            assert plain_keys is not None
            return plain_keys(self)

        monkeypatch.setattr(PartyBoundQuerySet, "visible_to", visible_to)
        monkeypatch.setattr(Audience, "keys", property(keys))

    def is_off(self, frame: Any) -> bool:
        if frame.f_code.co_filename.endswith("manager.py"):
            # A manager hands its query set's methods on.
            frame = frame.f_back
        place = (frame.f_code.co_filename, frame.f_lineno)
        self.passed.add(place)
        return place in self.off


def digest(response: Any) -> bytes:
    return hashlib.sha256(walk.normal(walk.text_of(response)).encode()).digest()


def place(site: Site) -> tuple[str, int]:
    return str(ROOT / site.file), site.line


@pytest.mark.django_db
def test_any_one_query_that_forgets_who_asks_is_heard(
    canary_world: CanaryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = "partner_manager"
    switch = Switch(monkeypatch)
    plain: dict[walk.Visit, bytes] = {}
    coming_by: dict[tuple[str, int], list[tuple[Any, walk.Visit]]] = {}
    for route in ROUTES:
        client = walk.client_for(canary_world, who, route)
        for visit in walk.visits(canary_world, route):
            switch.passed = set()
            plain[visit] = digest(walk.send(client, visit, visit.path))
            for passed in switch.passed:
                coming_by.setdefault(passed, []).append((client, visit))
    every = sites(_visible_to) + sites(_keys)
    aside = {*REDUNDANT, *WITHOUT_ROUTE, *NOT_PROBED}
    assert aside <= {str(s) for s in every}
    walked = [s for s in every if str(s) not in aside]
    assert len(walked) >= 20

    def heard(off: set[tuple[str, int]]) -> bool:
        """Whether some answer holds a canary, or is another than with the filter on."""
        switch.off = off
        visits = {visit: client for p in off for client, visit in coming_by.get(p, [])}
        return any(
            next(walk.leaks_of(canary_world, client, who, visit), None) is not None
            or digest(walk.send(client, visit, visit.path)) != plain[visit]
            for visit, client in visits.items()
        )

    unheard = []
    for site in walked:
        # Where one function asks twice, each time is enough by itself: then both are switched off.
        both = {place(s) for s in walked if str(s) == str(site)}
        if not heard({place(site)}) and not (len(both) > 1 and heard(both)):
            unheard.append(f"{site} line {site.line}, {len(coming_by.get(place(site), []))} visits")
    assert not unheard, "\n".join(unheard)


@pytest.mark.django_db
def test_the_probes_of_what_no_route_reaches(
    canary_world: CanaryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose key is taken in private, and whose chains there are, is heard only with it off."""
    key = canary_world.objective_keys[0]
    by = {"by": canary_world.partner_manager, "party": canary_world.catl}
    audience = canary_world.viewer("partner_manager").audience
    switch = Switch(monkeypatch)
    found = {str(s): place(s) for s in sites(_visible_to) + sites(_keys)}
    switch.off = {found["register/services/frame.py:add_objective"]}
    with pytest.raises(Invalid, match="already"):
        builders.objective(canary_world, key=key, **by)
    switch.off = set()
    builders.objective(canary_world, key=key, **by)
    assert Objective.objects.filter(key=key).count() == 2
    assert len(chains_of(audience)) == 2
    switch.off = {found["events/queries.py:chains_of"]}
    assert len(chains_of(audience)) == 3


@pytest.mark.django_db
def test_the_probe_of_ending_a_control(
    canary_world: CanaryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who owns a shared risk for the other party does not reach what was private beside it."""
    world = canary_world
    transfer_risk(
        actor=world.viewer("manager"), ref=world.once_private, version=None,
        owner=world.partner_owner.email, at=world.at,
    )  # fmt: skip
    control = Control.objects.get(risk__ref=world.once_private, visibility="party")
    act = {
        "actor": world.viewer("partner_owner"), "ref": world.once_private,
        "control": control.uuid, "at": world.at,
    }  # fmt: skip
    with pytest.raises(NotFound):
        end_control(**act)
    switch = Switch(monkeypatch)
    found = {str(s): place(s) for s in sites(_visible_to)}
    switch.off = {found["risks/services/controls.py:end_control"]}
    end_control(**act)
    control.refresh_from_db()
    assert control.ended_at == world.at


def _all_deliveries(audience: Audience) -> Any:
    return Delivery.objects.select_related("message").order_by("-id")


def _all_readable(audience: Audience, messages: Any) -> set[int]:
    return set(Message.objects.values_list("pk", flat=True))


def _all_endpoints(audience: Audience) -> Any:
    return Endpoint.objects.order_by("id")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "module, routes",
    [
        ("riskreg.web.endpoints", ["/r/{}/endpoints/", "/r/{}/endpoints/{}/"]),
        ("riskreg.api.webhooks", ["/api/v1/registers/{}/webhooks/"]),
        ("riskreg.endpoints.services.endpoints", ["/r/{}/endpoints/{}/rename/"]),
    ],
)
def test_chats_and_webhooks_of_the_other_party_are_heard(
    canary_world: CanaryWorld, monkeypatch: pytest.MonkeyPatch, module: str, routes: list[str]
) -> None:
    monkeypatch.setattr(f"{module}.endpoints_for", _all_endpoints)
    if module.endswith("services.endpoints"):
        # The page asks first; with both forgetting, the act is done.
        monkeypatch.setattr("riskreg.web.endpoints.endpoints_for", _all_endpoints)
    for route in routes:
        client = walk.client_for(canary_world, "partner_manager", route)
        heard = [
            leak
            for visit in walk.visits(canary_world, route, thorough=False)
            for leak in walk.leaks_of(canary_world, client, "partner_manager", visit)
        ]
        assert heard, route


def _every_inbox(user: Any) -> Any:
    return Message.objects.order_by("-id")


@pytest.mark.django_db
def test_the_inbox_of_another_is_heard(
    canary_world: CanaryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("riskreg.web.inbox.inbox_of", _every_inbox)
    for route in ("/inbox/", "/inbox/{}/"):
        client = walk.client_for(canary_world, "partner_manager", route)
        heard = [
            leak
            for visit in walk.visits(canary_world, route, thorough=False)
            for leak in walk.leaks_of(canary_world, client, "partner_manager", visit)
        ]
        assert heard, route


@pytest.mark.django_db
def test_mail_of_the_other_party_is_heard(
    canary_world: CanaryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("riskreg.web.deliveries.deliveries_for", _all_deliveries)
    monkeypatch.setattr("riskreg.web.deliveries.readable_among", _all_readable)
    route = "/r/{}/deliveries/"
    client = walk.client_for(canary_world, "partner_manager", route)
    heard = [
        leak
        for visit in walk.visits(canary_world, route, thorough=False)
        for leak in walk.leaks_of(canary_world, client, "partner_manager", visit)
    ]
    assert heard
