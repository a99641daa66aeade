"""I12: what binds both parties is weakened or moved by no one party alone, on no route."""

import datetime as dt
import importlib
from typing import Any

import pytest

from riskreg.kernel import health
from riskreg.register.change_kinds import kind_keys
from tests.access import common_frame as walked
from tests.access.canaries import CanaryWorld
from tests.access.routes import ROUTES
from tests.amounts import sample

pytestmark = [
    pytest.mark.django_db, pytest.mark.once, pytest.mark.slow, pytest.mark.unmeasured,
]  # fmt: skip


@pytest.fixture
def frame_world(db: None, at: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> CanaryWorld:
    monkeypatch.setitem(health.CHECKS, "broker", lambda: None)
    return walked.world_of(at)


def starts(world: CanaryWorld, who: str) -> list[str]:
    """Pages from which the others are reached, and those that only a question leads to."""
    here, mine = f"/r/{world.register.slug}/", "owner" if who == "manager" else "partner_owner"
    risks = ["R-001"] if who == "manager" else ["R-002"]
    return [
        f"{here}work/", f"{here}settings/", f"{here}settings/criteria/new/",
        f"{here}settings/ladder/", f"{here}settings/terms/market:eu/", f"{here}change-requests/",
        f"{here}handover/?from={getattr(world, mine).uuid}",
        f"{here}handover/risks/?risk={risks[0]}",
        *(f"{here}risks/{ref}/transfer/" for ref in risks),
        *(f"{here}meetings/{uuid}/" for uuid in world.shared_meetings),
    ]  # fmt: skip


# Gates that this world does not lead to: everybody here has private things, which cannot be handed
# over, no register is being set up, none is archived, and none told of a programme that could be
# changed. tests/risks/test_crossing.py, tests/register/test_change_requests.py,
# tests/register/test_archive.py and tests/register/test_programme.py stand before them.
ELSEWHERE = {"handover", "party", "programme", "restore"}


@pytest.mark.parametrize("who", ["manager", "partner_manager"])
def test_no_route_weakens_what_is_common_for_one_party_alone(
    frame_world: CanaryWorld, who: str
) -> None:
    found, done = [], 0
    asked: set[str] = set()
    # One manager sends everything; what the other one may is decided by the same rules.
    every = [*walked.writes_of(frame_world, who, starts(frame_world, who))]
    sent = every if who == "manager" else sample(every, 0, every=6)
    manager = walked.Manager(frame_world, who)
    for write in sent:
        status, weakened, kinds = manager.sends(write)
        assert status < 500, write
        done += status in (200, 201, 202, 204, 302)
        asked |= kinds
        if write.path.endswith("/approve/"):
            # The other party asked for it: here the second yes is given, and nothing by one alone.
            continue
        found += [f"{write} ({status}): {what}" for what in weakened]
    assert not found, "weakened by one party alone:\n" + "\n".join(found)
    # The walk would prove nothing if it were refused everywhere, or never came to a gate.
    assert done > len(sent) / 4
    if sent is every:
        assert asked >= set(kind_keys()) - ELSEWHERE
    routes = {(write.method, write.route) for write in every}
    wanted = {
        (method, route)
        for route, methods in ROUTES.items()
        for method in methods.split()
        if route.startswith(walked.IN_A_REGISTER) and method in walked.WRITES
    }
    assert wanted <= routes


# Where each gate stands, and a page that leads to it: take it away, and the walk must say so.
GATES = {
    "riskreg.risks.services.criteria": "settings/",
    "riskreg.register.services.settings": "settings/",
    "riskreg.register.services.archiving": "settings/archive/",
    "riskreg.reminders.services.ladder": "settings/ladder/",
    "riskreg.risks.services.terms": "settings/terms/market:eu/",
    "riskreg.register.services.terms": "settings/terms/market:eu/",
    "riskreg.risks.services.crossing": "handover/risks/?risk=R-001",
}


def test_without_a_gate_the_walk_would_fail(
    frame_world: CanaryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = f"/r/{frame_world.register.slug}/"
    manager = walked.Manager(frame_world, "manager")

    def found(page: str) -> list[str]:
        writes = walked.writes_on(frame_world, "manager", here + page)
        return [what for w in writes for what in manager.sends(w)[1]]

    for module, page in GATES.items():
        assert found(page) == []
        room = importlib.import_module(module)
        real = room.ask_others_or_note_agreed

        def open_gate(*args: Any, real: Any = real, **given: Any) -> Any:
            row = real(*args, **given)
            row.state = "applied"
            return row

        with monkeypatch.context() as patched:
            patched.setattr(room, "ask_others_or_note_agreed", open_gate)
            assert found(page), module
