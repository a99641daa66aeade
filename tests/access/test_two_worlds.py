"""I6, the strongest form: two worlds that differ only in foton's private things answer alike.

Both are built step by step at the same moments, private things in between in one of them only.
Random ids are drawn from one stream for what is shared and from another for what is private, so
that answers must be equal byte for byte but for the tokens of forms.
"""

import datetime as dt
import random
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import transaction

from riskreg.kernel import health
from riskreg.reminders.services import sweep
from tests import builders
from tests.access import canaries, walk
from tests.access.canaries import CANARY, CanaryWorld
from tests.access.routes import ROUTES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
VISITORS = ("partner_manager", "partner_owner", "auditor", "outsider")
# For the operator on the machine itself: it counts the requests of the process.
NOT_COMPARED = {"/metrics"}


class Streams:
    """Streams of random ids; ``private`` says which one is drawn from.

    A sweep writes for both parties in one go, so that what it draws (``passing``) can only be told
    apart by its place in an answer.
    """

    def __init__(self) -> None:
        self.shared, self.own = random.Random(1), random.Random(2)
        self.private = self.sweeping = False
        self.passing: set[str] = set()
        self.tokens = 0

    def token(self, size: int) -> str:
        """What takes the place of a random token of the API."""
        self.tokens += 1
        return f"{self.tokens:043d}"

    def __call__(self) -> uuid.UUID:
        source = self.own if self.private else self.shared
        drawn = uuid.UUID(int=source.getrandbits(128), version=4)
        if self.sweeping:
            self.passing.add(str(drawn))
        return drawn

    def by_place(self, text: str) -> str:
        """``text`` with each passing id replaced by its number in order of appearance."""
        seen: dict[str, str] = {}

        def number(match: re.Match[str]) -> str:
            found = match.group()
            return seen.setdefault(found, f"#{len(seen)}") if found in self.passing else found

        placed = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", number, text)
        # The digest of a body that shows random ids is as random as they are.
        return re.sub(r'(ETag: (?:W/)?")[0-9a-f]{24}"', r'\1#"', placed) if seen else placed


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[Streams]:
    """Every public id comes from ``Streams`` for the time of the test."""
    streams = Streams()
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if field.default is uuid.uuid4:
                monkeypatch.setattr(field, "default", lambda: streams())
                field.__dict__.pop("_get_default", None)
    monkeypatch.setattr("riskreg.accounts.services.accounts.secrets.token_urlsafe", streams.token)
    yield streams
    monkeypatch.undo()
    for model in apps.get_models():
        for field in model._meta.local_fields:
            field.__dict__.pop("_get_default", None)


def answers(at: dt.datetime, streams: Streams, private: bool) -> dict[str, str]:
    """What everybody but foton is answered on every GET route, in one of the two worlds."""
    streams.__init__()  # type: ignore[misc]
    with transaction.atomic():
        world = CanaryWorld(**vars(builders.build_world.plainly(at)))

        def between(step: str) -> None:
            if private:
                streams.private = True
                canaries.private_part(world, step)
                streams.private = False

        vars(world).update(canaries.shared_part(world, between))
        world.risk_refs, world.mitigation_refs = ["F-001", "F-002"], ["FM-001"]
        world.objective_keys = ["zzyzx-target"]
        day = at + dt.timedelta(days=1)
        with time_machine.travel(day, tick=False):
            streams.sweeping = True
            sweep(day)
            # What is drawn from here on, for tokens, is drawn in the same order in both worlds.
            streams.sweeping = False
            streams.shared = random.Random(3)
            values = {name: streams.by_place(text) for name, text in _asked(world)}
        transaction.set_rollback(True)
    return values


def _asked(world: CanaryWorld) -> Iterator[tuple[str, str]]:
    for who in VISITORS:
        for route in sorted(set(ROUTES) - NOT_COMPARED):
            client = walk.client_for(world, who, route)
            for visit in walk.visits(world, route, thorough=who == "partner_manager"):
                if visit.method == "GET":
                    text = walk.text_of(walk.send(client, visit, visit.path))
                    yield f"{who} {visit.path}", walk.normal(text)


def test_the_two_worlds_answer_alike(
    at: dt.datetime, drawn: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(health.CHECKS, "broker", lambda: None)
    without, with_private = (answers(at, drawn, private) for private in (False, True))
    assert set(without) == set(with_private)
    assert len(without) > 200
    differing = [name for name in without if without[name] != with_private[name]]
    assert not differing, "\n".join(
        f"{name}\n{_difference(without[name], with_private[name])}" for name in differing[:10]
    )


def test_the_private_world_really_has_private_things(at: dt.datetime, drawn: Streams) -> None:
    world: Any = CanaryWorld(**vars(builders.build_world.plainly(at)))
    canaries.shared_part(world, lambda step: canaries.private_part(world, step))
    response = builders.web(world.manager).get(f"/r/{world.register.slug}/risks/?state=all")
    assert CANARY in response.content.decode()


def _difference(a: str, b: str) -> str:
    at = next(
        (n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
    return f"  {a[max(0, at - 80) : at + 80]!r}\n  {b[max(0, at - 80) : at + 80]!r}"
