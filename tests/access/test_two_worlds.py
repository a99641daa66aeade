"""I6, the strongest form: two worlds that differ only in foton's private things answer alike.

Both are built step by step at the same moments, private things in between in one of them only.
Random ids are drawn from one stream for what is shared and from another for what is private, so
that answers must be equal byte for byte but for the tokens of forms. ``Answers`` has every part of
what the other side can learn: pages and API as everybody, HEAD and OPTIONS, what writes are
answered, calendars, mails and what chats and webhooks are sent. Of each part a planted leak is
asked for too, which must be heard: a comparison that finds nothing proves something only then.
"""

import contextlib
import datetime as dt
import itertools
import json
import random
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.apps import apps
from django.db import transaction

from riskreg.accounts.services import replace_calendar_secret
from riskreg.analysis.models import Estimate
from riskreg.api import estimates
from riskreg.decisions.services import telling
from riskreg.endpoints.models import Endpoint
from riskreg.kernel import health
from riskreg.notify.models import Message
from riskreg.register.models import Membership, Party
from riskreg.register.visibility import PartyBoundQuerySet
from riskreg.reminders.policy.recipients import Roster
from riskreg.reminders.services import sweep
from riskreg.risks.models import Risk
from riskreg.risks.services import sharing
from tests import builders
from tests.access import canaries, past, walk, writes
from tests.access.canaries import CANARY, CanaryWorld
from tests.access.routes import ROUTES
from tests.amounts import IS_SECOND, THOROUGH, sample
from tests.written_anew import writing_anew

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.unmeasured]
# Everybody who must not hear, and those who were foton's and are not any more.
EVERYBODY = (*walk.VISITORS, *past.FORMER)
VISITORS = EVERYBODY
if IS_SECOND and not THOROUGH:
    VISITORS = ("partner_manager", "auditor", *past.FORMER[:1])
# For the operator on the machine itself: it counts the requests of the process.
NOT_COMPARED = {"/metrics"}
DAY = dt.timedelta(days=1)
Answers = dict[str, str]


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

    def anew(self, number: int) -> None:
        """Draw the same from here on in both worlds, whatever was drawn until now."""
        self.shared = random.Random(number)

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

    @contextlib.contextmanager
    def hidden(self) -> Iterator[None]:
        """Draw for what is foton's own."""
        self.private = True
        try:
            yield
        finally:
            self.private = False

    def by_place(self, text: str) -> str:
        """``text`` with each passing id replaced by its number in order of appearance."""
        seen: dict[str, str] = {}

        def number(match: re.Match[str]) -> str:
            found = match.group()
            return seen.setdefault(found, f"#{len(seen)}") if found in self.passing else found

        placed = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", number, text)
        # The digest of a body that shows random ids is as random as they are.
        return _without_digest(placed) if seen else placed


def _without_digest(text: str) -> str:
    return re.sub(r'(ETag: (?:W/)?"(?:\d+-)?)[0-9a-f]{12,24}"', r'\1#"', text)


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
    plain = telling._post_to_endpoint

    def post(actor: Any, row: Any, verb: str, endpoint: Endpoint, at: dt.datetime) -> None:
        # What foton's own webhook is told is foton's own, though both parties hear of the act.
        own = Party.objects.get(uuid=endpoint.party).key == "foton" and not streams.private
        with streams.hidden() if own else contextlib.nullcontext():
            plain(actor, row, verb, endpoint, at)

    monkeypatch.setattr(telling, "_post_to_endpoint", post)
    yield streams
    monkeypatch.undo()
    for model in apps.get_models():
        for field in model._meta.local_fields:
            field.__dict__.pop("_get_default", None)


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Whatever is done inside is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def build(at: dt.datetime, streams: Streams, private: bool) -> CanaryWorld:
    """One of the two worlds."""
    streams.__init__()  # type: ignore[misc]
    world = CanaryWorld(**vars(builders.build_world.plainly(at)))

    def between(step: str) -> None:
        if private:
            with streams.hidden():
                canaries.private_part(world, step)

    vars(world).update(canaries.shared_part(world, between))
    for number, step in enumerate((past.watch, past.change_sides, past.share), 10):
        streams.anew(number)
        step(world, streams.hidden, private)
    world.risk_refs, world.mitigation_refs = ["F-001", "F-002"], ["FM-001"]
    world.acceptances = ["FA-001", "FA-002"]
    world.decisions = ["FX-001", "FX-002"]
    world.objective_keys, world.indicator_refs = ["zzyzx-target"], ["FK-001"]
    world.drivers = ["FD-001"]
    world.once_private = Risk.objects.get(title="Shared at last").ref
    return world


def answers(at: dt.datetime, streams: Streams, private: bool) -> tuple[Answers, Answers]:
    """What everybody but foton learns in one of the worlds, and what by planted leaks."""
    with undone():
        world = build(at, streams, private)
        day = at + DAY
        with time_machine.travel(day, tick=False):
            streams.sweeping = True
            sweep(day)
            streams.sweeping = False
            streams.anew(20)
            streams.tokens = 10_000
            # A client made at its first request would draw what another one drew after `anew`.
            for who, face in itertools.product(EVERYBODY, ("/", "/api/")):
                walk.client_for(world, who, face)

            def answers_to(asked: Iterator[tuple[str, Callable[[], str]]]) -> Answers:
                found = {}
                for name, look in asked:
                    streams.anew(3)
                    found[name] = streams.by_place(look())
                return found

            heard = answers_to(_asked(world, day))
            return heard, answers_to(_planted(world, day, streams))


def _asked(world: CanaryWorld, day: dt.datetime) -> Iterator[tuple[str, Callable[[], str]]]:
    for who in VISITORS:
        thorough = who == "partner_manager"
        every = sorted(set(ROUTES) - NOT_COMPARED)
        for route in sample(every, VISITORS.index(who), every=2 if thorough else 6):
            client = walk.client_for(world, who, route)
            for visit in walk.visits(world, route, thorough, most=1):
                # That the others find nothing private by its name is for the walk.
                if visit.method == "GET" and (thorough or visit.twin is None):
                    yield f"{who} {visit.path}", lambda c=client, v=visit: _get(c, v)
        if who:
            yield f"{who} calendar", lambda who=who: _calendar(world, who, day)
    for method in ("HEAD", "OPTIONS"):
        for route in sorted(route for route in ROUTES if route.startswith("/api/")):
            for path in world.shared_paths(route)[:1] or [walk.plain_path(world, route)]:
                yield f"{method} {path}", lambda m=method, r=route, p=path: _bare(world, m, r, p)
    for write in writes.all_of(world):
        yield f"write {write.name}", lambda w=write: writes.done(world, w)
    for write in writes.refused(world):
        yield f"refused {write.name}", lambda w=write: writes.done(world, w)
    yield "messages", lambda: _messages(world)


def _get(client: Any, visit: walk.Visit) -> str:
    """The answer, and those of the pages that it leads to."""
    texts: list[str] = []
    going: walk.Visit | None = visit
    while going is not None and len(texts) <= 4:
        response = walk.send(client, going, going.path)
        texts.append(walk.normal(walk.text_of(response)))
        going = walk.following(going, response)
    return "\n".join(texts)


def _bare(world: CanaryWorld, method: str, route: str, path: str) -> str:
    client = walk.client_for(world, "partner_manager", route)
    text = walk.normal(walk.text_of(walk.send(client, walk.Visit(method, path), path)))
    # Whether the body that it is a digest of holds random ids is not to be seen here.
    return _without_digest(text)


def _calendar(world: CanaryWorld, who: str, day: dt.datetime) -> str:
    with undone():
        secret = replace_calendar_secret(user=getattr(world, who), at=day)
        response = builders.web(None).get(f"/calendar/{secret}.ics")
        return walk.normal(walk.text_of(response))


def _messages(world: CanaryWorld) -> str:
    """All that was written to people and programs that are not foton's, as it would be sent."""
    members = Membership.objects.filter(party=world.foton, ended_at=None)
    listening = Endpoint.objects.filter(party=world.foton.uuid)
    own = {*members.values_list("user__uuid", flat=True), *listening.values_list("uuid", flat=True)}
    texts = [
        "\n".join((m.kind, m.address, m.subject, m.text, m.html, json.dumps(m.payload)))
        for m in Message.objects.exclude(recipient__in=own)
    ]
    return "\n".join(sorted(texts))


# Leaks on purpose, one for each part that is compared --------------------------------------------
def _planted(
    world: CanaryWorld, day: dt.datetime, streams: Streams
) -> Iterator[tuple[str, Callable[[], str]]]:
    def forgetting(look: Callable[[], Any]) -> Any:
        """``look()`` while every query forgets who asks."""

        def visible_to(self: Any, viewer: Any) -> Any:
            return self.filter(register_id=viewer.register.pk)

        with writing_anew(), mock.patch.object(PartyBoundQuerySet, "visible_to", visible_to):
            return look()

    api = f"/api/v1/registers/{world.register.slug}"

    def get(who: str, path: str) -> str:
        client = walk.client_for(world, who, "/api/")
        return _get(client, walk.Visit("GET", f"{api}{path}"))

    for path in ("/indicators/", "/duties/?overdue=true", "/risks/?ordering=-score&limit=1"):
        yield f"a list: {path}", lambda p=path: forgetting(lambda: get("auditor", p))
    yield "who left", lambda: forgetting(lambda: get("moved_away", "/duties/?mine=true"))
    yield (
        "HEAD",
        lambda: forgetting(
            lambda: _bare(world, "HEAD", "/api/v1/registers/{}/risks/", f"{api}/risks/")
        ),
    )
    yield "calendar", lambda: forgetting(lambda: _calendar(world, "moved_away", day))
    for write in [*writes.refused(world)][:3]:
        yield f"a write: {write.name}", lambda w=write: writes.done(world, w, forgetting)

    def shared() -> str:
        with undone(), mock.patch.object(sharing, "version_after_sharing", lambda v: v + 1):
            row = past.share_next(world)
            return get("auditor", f"/risks/{row.ref}/")

    yield "sharing", shared

    plain = estimates.to_json

    def dated(row: Estimate, viewer: Any, ref: str) -> dict[str, Any]:
        return plain(row, viewer, ref) | {"at": str(row.created_at)}

    def released() -> str:
        with mock.patch.object(estimates, "to_json", dated):
            return get("auditor", f"/risks/{world.once_private}/estimates/")

    yield "a release", released

    def mailed() -> str:
        def may_receive(self: Roster, user: int | None, *rest: Any) -> bool:
            return user in self.members

        with undone(), mock.patch.object(Roster, "may_receive", may_receive):
            streams.sweeping = True
            sweep(day + DAY)
            streams.sweeping = False
            return _messages(world)

    yield "a mail", mailed


def test_the_two_worlds_answer_alike_and_would_not_with_a_leak(
    at: dt.datetime, drawn: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(health.CHECKS, "broker", lambda: None)
    without, with_private = (answers(at, drawn, private) for private in (False, True))
    assert set(without[0]) == set(with_private[0])
    differing = [name for name, text in without[0].items() if text != with_private[0][name]]
    assert not differing, f"{len(differing)}:\n" + "\n".join(
        f"{name}\n{_difference(without[0][name], with_private[0][name])}" for name in differing[:10]
    )
    for found in (without[0], with_private[0]):
        assert len(found) > (500 if THOROUGH else 300)
        for kind, codes in (("write ", "23"), ("refused ", "4")):
            wrong = {n: found[n] for n in found if n.startswith(kind) and found[n][0] not in codes}
            assert not wrong
    unheard = [name for name, text in without[1].items() if text == with_private[1][name]]
    assert len(without[1]) == 12
    assert not unheard, "these leaks were planted and not heard"


def test_the_private_world_really_has_private_things(at: dt.datetime, drawn: Streams) -> None:
    world = build(at, drawn, private=True)
    response = builders.web(world.manager).get(f"/r/{world.register.slug}/risks/?state=all")
    assert CANARY in response.content.decode()


def _difference(a: str, b: str) -> str:
    # A digest says only that there is one.
    a, b = map(_without_digest, (a, b))
    at = next(
        (n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
    return f"  {a[max(0, at - 80) : at + 80]!r}\n  {b[max(0, at - 80) : at + 80]!r}"
