"""Things for tests to be about. Everything is made by the services that make it in real life.

Every score, amount and person here is illustrative.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from riskreg.accounts.models import User
from riskreg.accounts.services import create_token, create_user
from riskreg.notify.models import Delivery, DeliveryAttempt, Message, MessageAudience
from riskreg.register import services as register_services
from riskreg.register.access import Viewer, viewer_for
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Membership, Objective, Party, Register
from riskreg.reminders.queries import LadderInForce, ladder_in_force_of
from riskreg.reminders.services import set_reminder_ladder
from riskreg.reviews.models import Review
from riskreg.reviews.services import record_review
from riskreg.risks import services
from riskreg.risks.models import Assessment, Control, Mitigation, Risk, RiskRelation
from tests.built_once import built_once
from tests.same_ids import same_ids

# A Wednesday, 16:00 in the register's zone.
AT = dt.datetime(2026, 9, 16, 8, 0, tzinfo=dt.UTC)
SLUG = "foton-catl"
PASSWORD = "illustrative-password"
ZONE = "Asia/Shanghai"

# attribute of World: (party key or None, role)
MEMBERS: dict[str, tuple[str | None, str]] = {
    "owner": ("foton", "owner"),
    "deputy": ("foton", "owner"),
    "manager": ("foton", "manager"),
    "leader": ("foton", "leader"),
    "integration": ("foton", "integration"),
    "partner_owner": ("catl", "owner"),
    "partner_deputy": ("catl", "owner"),
    "partner_manager": ("catl", "manager"),
    "partner_leader": ("catl", "leader"),
    "partner_integration": ("catl", "integration"),
    "auditor": (None, "auditor"),
    "onlooker": (None, "viewer"),
}


@dataclass
class World:
    """A register of two parties. Members are attributes by role; ``outsider`` is not a member."""

    at: dt.datetime
    register: Register
    foton: Party
    catl: Party
    founder: User
    outsider: User
    members: dict[str, User] = field(default_factory=dict)

    def __getattr__(self, name: str) -> User:
        try:
            return self.__dict__["members"][name]
        except KeyError:
            raise AttributeError(name) from None

    def viewer(self, user: User | str) -> Viewer:
        """``user`` (or the member of that name) as the one who asks."""
        user = getattr(self, user) if isinstance(user, str) else user
        return viewer_for(user, self.register.slug, request_id="test")

    @property
    def today(self) -> dt.date:
        """The day it is in the register at ``at``."""
        return self.viewer(self.owner).today(self.at)


def user(email: str, at: dt.datetime = AT, **fields: Any) -> User:
    """An account with the password ``PASSWORD`` and a role name, whose digests come at any hour of
    any day."""
    digest = {"digest_hour": 0, "working_days": [1, 2, 3, 4, 5, 6, 7]}
    digest = {name: fields.pop(name, usual) for name, usual in digest.items()}
    name = fields.pop("name", email.split("@")[0].replace("-", " ").capitalize())
    password = fields.pop("password", PASSWORD)
    row = create_user(email=email, name=name, password=password, at=at, **fields)
    User.objects.filter(pk=row.pk).update(**digest)
    row.refresh_from_db()
    return row


@built_once
def build_world(at: dt.datetime = AT, slug: str = SLUG, **register: Any) -> World:
    """The register with its parties foton (F) and catl (C) and one member of every role each."""
    founder = user(f"founder@{slug}.example", at)
    row = register_services.create_register(
        **{
            "slug": slug,
            "names": {"en": "Electrification programme", "zh-hans": "电动化合作项目"},
            "currency": "CNY",
            "time_zone": ZONE,
            "at": at,
            "by": founder,
            **register,
        }
    )
    parties = {
        key: register_services.add_party(
            register=row, key=key, names=names, prefix=prefix, at=at, by=founder
        )
        for key, names, prefix in (
            ("foton", {"en": "Foton", "zh-hans": "福田"}, "F"),
            ("catl", {"en": "CATL", "zh-hans": "宁德时代"}, "C"),
        )
    }
    world = World(
        at=at,
        register=row,
        foton=parties["foton"],
        catl=parties["catl"],
        founder=founder,
        outsider=user(f"outsider@{slug}.example", at),
    )
    for name, (key, role) in MEMBERS.items():
        person = user(
            f"{name.replace('_', '-')}@{slug}.example",
            at,
            time_zone=ZONE,
            name=f"{(key or 'programme').capitalize()} {role} ({name.replace('_', ' ')})",
        )
        register_services.add_member(
            register=row, user=person, role=role, party=parties.get(key or ""), at=at, by=founder
        )
        world.members[name] = person
    return world


def shared_world(build: Callable[[World], Any]) -> Any:
    """A fixture: what ``build(world)`` makes of the world and returns, built once in a process.

    For what many tests start from; use it instead of ``world``, not beside it.
    """

    def built(at: dt.datetime) -> Any:
        with same_ids(f"{build.__module__}.{build.__qualname__}"):
            return build(build_world(at))

    once = built_once(built)

    def given(db: None, at: dt.datetime) -> Any:
        return once(at)

    given.__doc__ = build.__doc__
    return pytest.fixture(name=build.__name__)(given)


def risk(
    world: World,
    *,
    by: User | None = None,
    visibility: str = "shared",
    rated: tuple[int, int] | None = (4, 5),
    inherent: tuple[int, int] | None = None,
    target: tuple[int, int] | None = None,
    opened: bool = True,
    at: dt.datetime | None = None,
    recorded_at: dt.datetime | None = None,
    **fields: Any,
) -> Risk:
    """A risk made by ``by`` (default: foton's owner), judged ``rated`` and opened.

    ``fields`` go to ``create_risk``; title, cause, event and consequence have defaults. Owner and
    deputy of another party take it over with that party's yes.
    """
    actor = world.viewer(by or world.owner)
    at = at or world.at
    given = {
        "title": "Overseas policy barriers",
        "cause": "A market decides on new duties",
        "event": "Vehicles become dearer there",
        "consequence": "Fewer are sold than planned",
        "response": "mitigate",
        **fields,
    }
    theirs = {
        name: given.pop(name)
        for name in ("owner", "deputy")
        if visibility == "shared" and of_another_party(actor, given.get(name))
    }
    row = services.create_risk(
        actor=actor, fields=given, visibility=visibility, at=at, recorded_at=recorded_at
    )
    if theirs:
        people = {"owner": row.owner, **theirs}
        made = services.transfer_risk(actor=actor, ref=row.ref, version=None, at=at, **people)
        agreed(world, made, at)
        row.refresh_from_db()
    for stage, cell in (("inherent", inherent), ("residual", rated), ("target", target)):
        if cell is not None:
            assess(world, row, cell, stage=stage, at=at, recorded_at=recorded_at)
    if opened:
        services.open_risk(
            actor=world.viewer(keeper(world, row)),
            ref=row.ref,
            version=None,
            at=at,
            recorded_at=recorded_at,
        )
    return Risk.objects.get(pk=row.pk)


def of_another_party(actor: Viewer, who: Any) -> bool:
    """Whether ``who`` (a user, or their address) is of another party than ``actor``."""
    address = getattr(who, "email", who)
    rows = Membership.objects.filter(register=actor.register, user__email=address, ended_at=None)
    return rows.exclude(party=actor.party).exclude(party=None).exists()


def keeper(world: World, row: Risk) -> User:
    """Who may do everything to ``row``: its owner, or the manager of its party for a leader's."""
    if world.viewer(row.owner).role in ("owner", "manager"):
        return row.owner
    return world.manager if row.party == world.foton else world.partner_manager


def assess(
    world: World,
    row: Risk,
    cell: tuple[int, int],
    *,
    stage: str = "residual",
    by: User | None = None,
    at: dt.datetime | None = None,
    recorded_at: dt.datetime | None = None,
    **given: Any,
) -> Assessment:
    """A judgement of ``row`` by its keeper (or ``by``)."""
    return services.record_assessment(
        actor=world.viewer(by or keeper(world, row)),
        ref=row.ref,
        version=None,
        given={
            "stage": stage,
            "likelihood": cell[0],
            "impact": cell[1],
            "rationale": reason(cell),
            **given,
        },
        at=at or world.at,
        recorded_at=recorded_at,
    )


def reason(cell: tuple[int, int]) -> str:
    """Why somebody judges a risk to stand in ``cell``; no score is taken without."""
    return f"Two markets point to {cell[0]} × {cell[1]} (illustrative)"


def review(
    world: World,
    row: Risk,
    *,
    by: User | None = None,
    cell: tuple[int, int] | None = None,
    at: dt.datetime | None = None,
    **given: Any,
) -> Review:
    """A review of ``row`` by its keeper (or ``by``), with a new score if ``cell`` is given."""
    if cell is not None:
        given["assessment"] = {
            "likelihood": cell[0],
            "impact": cell[1],
            "rationale": reason(cell),
        }
    return record_review(
        actor=world.viewer(by or keeper(world, row)),
        ref=row.ref,
        version=given.pop("version", None),
        at=at or world.at,
        **given,
    )


def control(world: World, row: Risk, *, by: User | None = None, **given: Any) -> Control:
    """A preventive control of ``row``."""
    given = {"name": "Two suppliers in two regions", "kind": "preventive", "at": world.at, **given}
    return services.add_control(actor=world.viewer(by or row.owner), ref=row.ref, **given)


def relation(
    world: World, row: Risk, kind: str, other: Risk, *, by: User | None = None, **given: Any
) -> RiskRelation:
    """``row`` causes, worsens, is part of or duplicates ``other``, noted by the keeper of one."""
    given = {"note": "They move together", "at": world.at, **given}
    actor = world.viewer(by or keeper(world, row))
    return services.relate_risks(actor=actor, risk=row.ref, kind=kind, other=other.ref, **given)


def mitigation(
    world: World,
    *rows: Risk,
    by: User | None = None,
    visibility: str = "shared",
    at: dt.datetime | None = None,
    **fields: Any,
) -> Mitigation:
    """Planned work that serves ``rows``, due in 90 days, at an illustrative cost."""
    at = at or world.at
    given = {
        "title": "Assemble locally",
        "description": "Ship kits and assemble them in the market",
        "expected_effect": "Likelihood falls by one level",
        "due_on": world.today + dt.timedelta(days=90),
        "cost": "1200000.00",
        "risks": [row.ref for row in rows],
        **fields,
    }
    return services.create_mitigation(
        actor=world.viewer(by or world.owner), fields=given, visibility=visibility, at=at
    )


def objective(
    world: World, *, by: User | None = None, party: Party | None = None, **given: Any
) -> Objective:
    """A target of foton's (or of ``party``), added by a manager."""
    return register_services.add_objective(
        **{
            "actor": world.viewer(by or world.manager),
            "key": "overseas-units-2030",
            "names": {"en": "Vehicles sold overseas", "zh-hans": "海外销量"},
            "unit": "vehicles",
            "value": 300_000,
            "due_on": dt.date(2030, 12, 31),
            "label": "illustrative",
            "party": party or world.foton,
            "at": world.at,
            **given,
        }
    )


def own_appetite(
    world: World, rating: str = "low", *, by: User | str = "manager", **given: Any
) -> Any:
    """Up to which rating the party of the member ``by`` itself is content."""
    why = {"en": "Our margins are thin", "zh-hans": "我方利润微薄"}
    return register_services.set_own_appetite(
        actor=world.viewer(by), **{"rating": rating, "reasons": why, "at": world.at, **given}
    )


def taxonomy(
    world: World, key: str = "market", terms: Mapping[str, str] | None = None, **given: Any
) -> Any:
    """A classification with ``terms`` {key: English name}."""
    terms = terms or {"eu": "European Union", "mideast": "Middle East"}
    return register_services.add_taxonomy(
        actor=given.pop("actor", None) or world.viewer(world.manager),
        key=key,
        names={"en": key.capitalize()},
        terms=[{"key": k, "names": {"en": name}} for k, name in terms.items()],
        at=world.at,
    )


def matrix(rows: int, columns: int, **changes: Any) -> dict[str, Any]:
    """Criteria of that size: score = likelihood × impact, three ratings over equal thirds."""
    top = rows * columns

    def rating(score: int) -> str:
        return "low" if score * 3 <= top else "medium" if score * 3 <= 2 * top else "high"

    return {
        "likelihood": [{"names": {"en": f"L{n}"}} for n in range(1, rows + 1)],
        "impact": [{"names": {"en": f"I{n}"}} for n in range(1, columns + 1)],
        "ratings": [
            {"key": "low", "names": {"en": "Low"}, "cadence_days": 120, "accept_role": "owner"},
            {"key": "medium", "names": {"en": "Medium"}, "cadence_days": 60},
            {"key": "high", "names": {"en": "High"}, "cadence_days": 20, "accept_role": "leader"},
        ],
        "cells": [
            [{"score": x * y, "rating": rating(x * y)} for y in range(1, columns + 1)]
            for x in range(1, rows + 1)
        ],
        "appetite": "low",
        "unrated_cadence_days": 30,
        **changes,
    }


def agreed(world: World, made: Any, at: dt.datetime | None = None) -> Any:
    """What a service returned that changes what is common; where it is a request that waits for
    the other parties, the request after a yes of each of their managers.

    What people are written about it is taken out of the outbox: whoever counts mails counts others.
    """
    if not isinstance(made, ChangeRequest) or not made.is_open:
        return made
    names = {world.foton.pk: "manager", world.catl.pk: "partner_manager"}
    row = made
    for answer in made.answers.filter(answer="waiting").order_by("pk"):
        actor = world.viewer(names[answer.party_id])
        row = register_services.approve_change(
            actor=actor, name=made.ref, version=None, at=at or made.created_at
        )
    assert row.state == "applied", (row.state, row.closing_text)
    for model in (DeliveryAttempt, Delivery, MessageAudience):
        way = "delivery__message__kind" if model is DeliveryAttempt else "message__kind"
        model.objects.filter(**{way: "change"}).delete()
    Message.objects.filter(kind="change").delete()
    return row


def agree(world: World, at: dt.datetime | None = None) -> None:
    """A yes of every party to every change request that waits."""
    for row in ChangeRequest.objects.filter(state="open").order_by("pk"):
        agreed(world, row, at)


def alone(world: World) -> World:
    """Nobody can speak for catl any more, so what is common changes by foton alone, at once."""
    for name in ("partner_manager", "partner_leader"):
        register_services.end_membership(
            register=world.register, user=world.members[name], at=world.at, by=world.founder
        )
    return world


def ladder(world: World, rungs: Any, **given: Any) -> LadderInForce:
    """A ladder that both parties have agreed on, by foton's manager unless an ``actor`` is given;
    what ``set_reminder_ladder`` raises."""
    given.setdefault("actor", None)
    given["actor"] = given["actor"] or world.viewer(world.manager)
    asked = {"at": world.at, "expected_number": None, **given}
    made = agreed(world, set_reminder_ladder(rungs=rungs, **asked))
    return made if isinstance(made, LadderInForce) else ladder_in_force_of(world.register)


def token(person: User, scope: str = "write", days: int = 90, at: dt.datetime = AT) -> str:
    """A bearer token of ``person``, usable while the clock stands at ``at``."""
    return create_token(user=person, scope=scope, days=days, at=at)[1]


def api(person: User | None, scope: str = "write", at: dt.datetime = AT) -> Client:
    """A program that calls as ``person`` (None: as nobody).

    ``api(user).post(url, data, content_type="application/json")`` sends ``data`` as JSON.
    """
    if person is None:
        return Client()
    return Client(headers={"Authorization": f"Bearer {token(person, scope, at=at)}"})


def web(person: User | None) -> Client:
    """A browser in which ``person`` has signed in (None: nobody has)."""
    client = Client()
    if person is not None:
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client
