"""Values that break programs, and what the API's schema says there is to throw them at."""

import copy
import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.test import Client

from riskreg.decisions.services import (
    add_argument,
    add_option,
    grant_acceptance,
    revisit_decision,
)
from riskreg.register.change_models import ChangeRequest
from riskreg.register.people import invitation_token
from riskreg.register.services import create_program, found_register, invite
from riskreg.risks.services import set_cadence
from tests import builders
from tests.access import canaries
from tests.access.canaries import CanaryWorld
from tests.access.routes import body_for
from tests.analysis import making
from tests.comments import making as talking
from tests.decisions import making as asking
from tests.exchange import packing, scheduling

Way = tuple[str | int, ...]

LONG = "x" * 30_000
DAYS = ("0001-01-01", "9999-12-31")
MOMENTS = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00")
# As they come in an address or a form; nothing that is UTF-8 can hold half of a character.
TEXTS = (
    "a\0b", "9" * 5000, "-1", "1e400", "NaN", "²", "[" * 5000, *DAYS, *MOMENTS,
    "😀 % \\ ' \" \u202e", LONG,
)  # fmt: skip
KEYS = ("a\0b", "9" * 19, "9" * 5000, "-1", "😀")
# As they come in JSON. A JSON text can hold half of a character, and numbers of any size.
UNSTORABLE = ("a\0b", "a\ud800b")
VALUES: tuple[Any, ...] = (
    LONG, "9" * 5000, "1e400", *DAYS, *MOMENTS, 2**31, 2**63, 10**400, 1e300, True, None,
    {"a": [1]}, [[]], ["x", None],
)  # fmt: skip
# The host of the schema's example of a webhook.
HOSTS = ("erp.foton.example",)
_WRITES = ("post", "put", "patch")


@dataclass
class HostileWorld(CanaryWorld):
    """With all that a manager can act on: ``program`` is the id of one of foton's programs and
    ``token`` of its token, ``invitation`` the secret of a mail that invites the manager to another
    register, ``change_request`` waits for foton's answer, ``simulation`` and ``pack`` are not over,
    ``unaccepted`` is a risk above appetite, and nobody but the manager is in the register
    ``alone``."""

    program: str = ""
    token: str = ""
    invitation: str = ""
    change_request: str = ""
    simulation: str = ""
    pack: str = ""
    pack_schedule: str = ""
    unaccepted: str = ""
    alone: str = ""


def build(at: dt.datetime) -> HostileWorld:
    """The canary world with a program, and with an invitation of foton's manager elsewhere."""
    world = HostileWorld(**vars(canaries.build(at)))
    row, token, _secret = create_program(
        actor=world.viewer("manager"), name="ERP", scope="read", at=at
    )
    world.program, world.token = str(row.user.uuid), str(token.uuid)
    elsewhere = found_register(
        by=builders.user("elsewhere@example.com", at), slug="elsewhere", names={"en": "Elsewhere"},
        currency="CNY", time_zone=builders.ZONE, parties=[{"key": "theirs", "names": {"en": "T"}}],
        acts_for="theirs", at=at,
    )  # fmt: skip
    row = invite(actor=elsewhere, email=world.manager.email, role="viewer", at=at)
    world.invitation = invitation_token(row)
    asked = set_cadence(
        actor=world.viewer("partner_manager"), cadence={"critical": 250},
        seen_number=world.viewer("manager").criteria.number, at=at,
    )  # fmt: skip
    assert isinstance(asked, ChangeRequest)
    world.change_request = asked.ref
    asking.asked(world, builders.risk(world, rated=(5, 5)), by="manager")
    # Of a rating that a manager may accept: one waits, one is granted.
    for granted in (False, True):
        put = {"acceptor": world.manager.email, "conditions": [asking.condition(world)]}
        row = asking.asked(world, builders.risk(world, rated=(3, 4)), **put)
        if granted:
            grant_acceptance(actor=world.viewer("manager"), ref=row.ref, version=None, at=at)
    world.unaccepted = builders.risk(world, rated=(5, 5)).ref
    talking.comment(world, builders.risk(world), by="manager")
    for text in ("answer", "review"):
        asking.question(world, builders.risk(world), by="manager", wants=text)
    decide_in_every_state(world)
    world.pack = str(packing.pack(world, done=False).uuid)
    world.pack_schedule = str(scheduling.schedule(world).uuid)
    world.simulation = str(making.simulation(world, by="manager", done=False, seed=3).uuid)
    world.alone = found_register(
        by=world.manager, slug="alone", names={"en": "Alone"}, currency="CNY",
        time_zone=builders.ZONE, parties=[{"key": "foton", "names": {"en": "Foton"}}],
        acts_for="foton", at=at, by_operator=True,
    ).register.slug  # fmt: skip
    return world


def decide_in_every_state(world: CanaryWorld) -> None:
    """Questions that foton's owner asks of its manager: for each act one that takes it."""
    day = dt.timedelta(days=1)
    small, ago = builders.risk(world, rated=(1, 1)), world.at - 30 * day
    put: dict[str, Any] = {"by": "owner", "deciders": [world.manager.email]}
    draft = asking.drafted(world, small, **put)
    # With an option of which it is known what it does, so that it can be weighed.
    estimated = builders.risk(world)
    making.estimate(world, estimated, by="manager", released=True)
    work = builders.mitigation(world, estimated)
    making.effect(world, work, estimated, by="manager", released=True)
    option = {"title": "A pilot", "effects": "As estimated", "mitigations": [work.ref]}
    add_option(actor=world.viewer("owner"), ref=draft.ref, version=None, fields=option, at=world.at)
    said = {"option": "B", "stance": "for", "text": "It tells most"}
    add_argument(actor=world.viewer("owner"), ref=draft.ref, given=said, at=world.at)
    late = str((ago + 10 * day).date())
    asking.proposed(world, small, **put, at=ago, due_on=late)
    asking.proposed(world, small, **put)
    both = [world.manager.email, world.partner_manager.email]
    ruled = asking.proposed(world, small, **put | {"deciders": both})
    asking.chosen(world, ruled, by="partner_manager")
    far = str(world.today + 90 * day)
    for _number in range(2):
        taken = asking.proposed(world, small, **put)
        asking.chosen(world, taken, by="manager", conditions=[asking.condition(world)])
    revisit_decision(
        actor=world.viewer("manager"), ref=taken.ref, version=None, happened="Less than hoped",
        review_on=far, at=world.at,
    )  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """One method of one address, as the schema has it.

    ``fields`` are the ways to everything in the body: names, and 0 for the first of several;
    ``texts`` are those that any text may stand in.
    """

    method: str
    path: str
    queries: tuple[str, ...]
    fields: tuple[Way, ...]
    texts: frozenset[Way]
    example: Any
    conditional: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path.partition('{slug}')[2] or self.path}"

    @property
    def writes(self) -> bool:
        """Whether it takes a body."""
        return self.method in _WRITES


def operations() -> list[Operation]:
    """Every operation of the schema."""
    document = json.loads(Client().get("/api/schema/").content)
    shapes = document["components"]["schemas"]

    texts: set[Way] = set()

    def ways(shape: dict[str, Any], at: Way = ()) -> Iterator[Way]:
        if "$ref" in shape:
            shape = shapes[shape["$ref"].rsplit("/", 1)[1]]
        if at:
            yield at
        if shape.get("type") in ("string", ["string", "null"]) and "format" not in shape:
            texts.add(at)
        for name, each in shape.get("properties", {}).items():
            yield from ways(each, (*at, name))
        if shape.get("items"):
            yield from ways(shape["items"], (*at, 0))
        for each in (*shape.get("allOf", ()), *shape.get("oneOf", ()), *shape.get("anyOf", ())):
            yield from (way for way in ways(each, at) if way != at)

    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts = [(p["in"], p["name"]) for p in operation["parameters"]]
            media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            examples = [e["value"] for e in media.get("examples", {}).values()]
            texts.clear()
            found.append(
                Operation(
                    method=method,
                    path=path,
                    queries=tuple(name for where, name in parts if where == "query"),
                    fields=tuple(dict.fromkeys(ways(media["schema"]))) if media else (),
                    texts=frozenset(texts),
                    example=examples[0] if examples else {},
                    conditional=("header", "If-Match") in parts,
                )
            )
    return found


def paths(world: HostileWorld, operation: Operation) -> Iterator[str]:
    """The address with things of the register for its keys: each that may take the operation."""
    # One party alone cannot archive what others are in.
    slug = world.alone if operation.path.endswith("/archive/") else world.register.slug
    path = operation.path.replace("{slug}", slug).replace("{token}", world.token)
    risks = apps.get_model("risks", "Risk").objects.exclude(party=world.catl).order_by("pk")
    things: dict[str, Iterable[Any]] = {
        "risks": [world.shared_risk, *risks.values_list("ref", flat=True)],
        "mitigations": [world.shared_mitigation],
        "indicators": ["K-001"],
        "absences": apps.get_model("register", "Absence").objects.values_list("uuid", flat=True),
        "meetings": world.shared_meetings,
        "webhooks": world.endpoints,
        "controls": apps.get_model("risks", "Control")
        .objects.filter(risk__party=world.foton, visibility="shared", ended_at=None)
        .values_list("uuid", flat=True),
        "relations": apps.get_model("risks", "RiskRelation")
        .objects.filter(visibility="shared", ended_at=None)
        .values_list("uuid", flat=True),
        "own-appetites": apps.get_model("register", "OwnAppetite")
        .objects.filter(party=world.foton, ended_at=None)
        .values_list("uuid", flat=True),
        "evidence": apps.get_model("evidence", "Evidence")
        .objects.filter(visibility="shared", withdrawn_at=None)
        .values_list("uuid", flat=True),
        "objectives": apps.get_model("register", "Objective")
        .objects.filter(party=world.foton)
        .values_list("key", flat=True),
        "taxonomies": ["market"],
        "terms": ["market:eu", "market:mideast"],
        "members": [world.owner.uuid],
        "programs": [world.program],
        "change-requests": [world.change_request, "CR-002"],
        "parties": ["foton"],
        "imports": world.imports,
        "board-packs": [world.pack],
        "pack-schedules": [world.pack_schedule],
        "schedules": [world.pack_schedule],
        "acceptances": apps.get_model("decisions", "Acceptance")
        .objects.exclude(party=world.catl)
        .values_list("ref", flat=True),
        "comments": apps.get_model("comments", "Comment").objects.values_list("uuid", flat=True),
        "decisions": apps.get_model("decisions", "Decision")
        .objects.exclude(party=world.catl)
        .values_list("ref", flat=True),
        "estimates": world.estimates,
        "effects": world.effects,
        "drivers": ["D-001", *world.drivers],
        "beliefs": world.beliefs,
        "links": world.links,
        "simulations": [world.shared_simulation, world.simulation],
        "invitations": apps.get_model("register", "Invitation")
        .objects.filter(party=world.foton)
        .values_list("uuid", flat=True),
    }
    for noun, names in things.items():
        before, found, after = path.partition(f"/{noun}/{{")
        if found:
            rest = after.partition("}")[2]
            for name in names:
                for within in _within(world, rest):
                    yield f"{before}/{noun}/{name}{within}"
            return
    yield path


def _within(world: HostileWorld, rest: str) -> Iterator[str]:
    """The rest of an address, with each thing that may be the part of another."""
    decisions = apps.get_app_config("decisions")
    inner: dict[str, Iterable[Any]] = {
        # Of the items of a meeting some are another party's.
        "{number}": range(1, 5),
        "{name}": ["loss", "tornado"],
        "{key}": "BC",
        "{condition}": decisions.get_model("Obligation")
        .objects.filter(kind__endswith=".condition", state="open")
        .exclude(party=world.catl)
        .values_list("uuid", flat=True),
        "{question}": decisions.get_model("Obligation")
        .objects.filter(kind__startswith="risk.", risk__party=world.foton)
        .values_list("uuid", flat=True),
        "{argument}": decisions.get_model("Argument")
        .objects.filter(visibility="party", party=world.foton)
        .values_list("uuid", flat=True),
    }
    named = [(key, things) for key, things in inner.items() if key in rest]
    for key, things in named:
        for thing in things:
            yield rest.replace(key, str(thing))
    if not named:
        yield rest


# What these take as it is, where neither the walk nor the schema's example fits the world.
OWN_BODIES: dict[str, Any] = {
    "/api/v1/registers/": {
        "slug": "of-ones-own",
        "names": {"en": "Of one's own"},
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "party": "foton",
        "parties": [{"key": "foton", "names": {"en": "Foton"}}],
    },
    "/comments/": {"about": {"type": "risk", "ref": "R-001"}, "text": "Said"},
    "/decisions/{ref}/options/": {"title": "Probe", "effects": "Probe"},
    "/decisions/{ref}/options/{key}/": {"title": "Probe", "effects": "Probe"},
    "/decisions/{ref}/arguments/": {"option": "B", "stance": "for", "text": "Probe"},
    "/objectives/{key}/models/": {
        "visibility": "party",
        "follows": 1,
        "start": "164500",
        "start_year": 2025,
        "growth_low": "0",
        "growth_mode": "7.27",
        "growth_high": "18",
        "rationale": "Probe",
        "label": "illustrative",
    },
    "/relations/": {"risk": "R-001", "kind": "causes", "other": "R-003"},
    "/pack-schedules/": {
        "title": "Steering committee",
        "first_on": "2027-03-31",
        "recipients": ["manager@programme.example"],
    },
    "/own-appetites/": {
        "term": "market:mideast",
        "rating": "low",
        "reasons": {"en": "Our margins are thin"},
    },
    "/controls/": {"name": "Second source", "kind": "preventive", "risks": ["R-001"]},
    "/taxonomies/": {"names": {"en": "Origin"}},
    "/terms/": {"taxonomy": "market", "names": {"en": "Elsewhere"}},
    "/terms/{ref}/merge/": {"into": "market:mideast"},
    "/members/{member}/": {"role": "manager", "nobody_yet": True},
}


def bodies(world: HostileWorld, operation: Operation) -> Iterator[Any]:
    """Bodies that the operation may well take as they are."""
    if not operation.writes:
        yield None
        return
    ours = copy.copy(world)
    vars(ours)["members"] = {
        **world.members, "partner_owner": world.owner, "partner_deputy": world.manager
    }  # fmt: skip
    usual = body_for(ours, re.sub(r"{\w+}", "{}", operation.path))
    yield usual
    soon = (world.today + dt.timedelta(days=20)).isoformat()
    own = {
        **OWN_BODIES,
        "/decisions/": {"title": "Probe", "due_on": soon, "risks": ["R-001"]},
        "/comments/": {"on": "risk", "ref": "R-001", "text": "Probe"},
        "/api/v1/invitations/accept/": {"token": world.invitation},
        "/imports/copy/": {"register": world.alone},
        "/acceptances/": {
            "risk": world.unaccepted,
            "reason": "Nothing more pays before spring",
            "expires_on": soon,
            "acceptor": str(world.leader.uuid),
        },
    }
    for path in (operation.path, operation.path.partition("/{slug}")[2]):
        if path in own:
            yield own[path]
    if "until" in usual:
        # After the due date of the first risk, and no later than its rating allows.
        yield usual | {"until": (world.today + dt.timedelta(days=57)).isoformat()}
    if operation.path.endswith("/effects/"):
        # Of a risk that the mitigation serves.
        yield operation.example | {"risk": "R-001"}
    yield operation.example
    yield {}


def put(body: Any, example: Any, way: Way, value: Any) -> Any:
    """``body`` with ``value`` at ``way``; what lies between is taken from ``example``."""
    body = copy.deepcopy(body)
    here, shown = body, example
    for n, step in enumerate(way):
        shown = _step(shown, step)
        there = value
        if n < len(way) - 1:
            kind: type = list if way[n + 1] == 0 else dict
            there = _step(here, step)
            if not isinstance(there, kind):
                there = copy.deepcopy(shown) if isinstance(shown, kind) else kind()
        if isinstance(step, int):
            here[:] = [there, *here[1:]]
        else:
            here[step] = there
        here = there
    return body


def _step(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def shown(value: Any) -> str:
    """``value`` as one short line of ASCII."""
    return ascii(value)[:60]
