"""A small register for the tests of pages: two parties, a risk of each sort, built by services."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import time_machine
from django.test import Client

from riskreg.accounts.models import User
from riskreg.accounts.services import create_user
from riskreg.register.access import Viewer, viewer_for
from riskreg.register.services import (
    add_member,
    add_objective,
    add_party,
    add_taxonomy,
    create_register,
)
from riskreg.risks.models import Risk
from riskreg.risks.services import (
    add_control,
    close_risk,
    create_mitigation,
    create_risk,
    open_risk,
    record_assessment,
)
from tests.built_once import built_once

NOW = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)
START = dt.datetime(2026, 2, 2, 4, 0, tzinfo=dt.UTC)
SLUG = "pilot"
PEOPLE = {
    "owner": ("owner", "north"),
    "manager": ("manager", "north"),
    "leader": ("leader", "north"),
    "viewer": ("viewer", "north"),
    "feed": ("integration", "north"),
    "other": ("owner", "south"),
    "auditor": ("auditor", None),
}


@dataclass
class World:
    """The register's people, what they see, and its risks by a short name."""

    users: dict[str, User]
    risks: dict[str, Risk] = field(default_factory=dict)

    def viewer(self, name: str) -> Viewer:
        """``name`` as a member."""
        return viewer_for(self.users[name], SLUG)

    def client(self, name: str) -> Client:
        """A signed-in browser of ``name`` that has been here before."""
        client = Client()
        client.force_login(self.users[name], backend="django.contrib.auth.backends.ModelBackend")
        client.cookies["last_register"] = SLUG
        return client

    def again(self, name: str) -> Risk:
        """The risk as it is in the database now."""
        return Risk.objects.get(pk=self.risks[name].pk)

    def make(self, who: str, key: str, at: dt.datetime, **given: object) -> Risk:
        """A draft, noted under ``key``."""
        visibility = str(given.pop("visibility", "shared"))
        fields = {"title": key, "cause": "rain", "event": "the bridge may close", **given}
        risk = create_risk(actor=self.viewer(who), fields=fields, visibility=visibility, at=at)
        self.risks[key] = risk
        return risk

    def judge(
        self, who: str, key: str, cell: tuple[int, int], at: dt.datetime, stage: str = "residual"
    ) -> None:
        """An assessment of ``key``."""
        record_assessment(
            actor=self.viewer(who),
            ref=self.risks[key].ref,
            version=None,
            given={
                "stage": stage,
                "likelihood": cell[0],
                "impact": cell[1],
                "rationale": f"because of {key}",
            },
            at=at,
        )

    def open(self, who: str, key: str, at: dt.datetime) -> None:
        """Put ``key`` into force."""
        open_risk(actor=self.viewer(who), ref=self.risks[key].ref, version=None, at=at)


def url(tail: str = "") -> str:
    """An address inside the register."""
    return f"/r/{SLUG}/{tail}"


@pytest.fixture
def address():
    """``url``, for tests that cannot import from a conftest."""
    return url


@pytest.fixture
def pilot(db) -> Iterator[World]:
    """bridge: north's, 4×4 then 3×4, overdue; tunnel: south's, unrated; draft; closed; and a
    private one of each party."""
    with time_machine.travel(NOW, tick=False):
        yield _build()


@built_once
def _build() -> World:
    users = {
        name: create_user(
            email=f"{name}@pilot.example", name=f"The {name}", password=None, at=START
        )
        for name in PEOPLE
    }
    by = users["manager"]
    register = create_register(
        slug=SLUG,
        names={"en": "Pilot", "zh-hans": "试点"},
        currency="EUR",
        time_zone="Asia/Shanghai",
        at=START,
        by=by,
    )
    parties = {
        key: add_party(register=register, key=key, names={"en": key.title()}, prefix=key[0].upper(),
                       at=START, by=by)
        for key in ("north", "south")
    }  # fmt: skip
    for name, (role, party) in PEOPLE.items():
        add_member(
            register=register,
            user=users[name],
            role=role,
            party=parties[party] if party else None,
            at=START,
            by=by,
        )
    world = World(users)
    manager = world.viewer("manager")
    add_taxonomy(
        actor=manager,
        key="market",
        names={"en": "Market"},
        terms=[{"key": "eu", "names": {"en": "Union"}}, {"key": "asia", "names": {"en": "Asia"}}],
        at=START,
    )
    add_objective(
        actor=manager,
        key="units",
        names={"en": "Many units"},
        unit="units",
        value=10,
        due_on=dt.date(2030, 12, 31),
        label="illustrative",
        party=parties["north"],
        at=START,
    )
    world.make(
        "owner",
        "bridge",
        START,
        title="Bridge closes",
        consequence="lorries would wait",
        deputy=str(users["manager"].uuid),
        terms=["market:eu"],
        objectives=["units"],
        labels={"owner": "illustrative", "cause": "judgement"},
        translations={"zh-hans": {"title": "桥梁关闭"}},
        sources=[
            {"title": "A report", "url": "https://report.example/a", "label": "sourced"},
            {"title": "A rumour", "url": "", "label": "judgement"},
        ],
    )
    world.judge("owner", "bridge", (5, 5), START, "inherent")
    world.judge("owner", "bridge", (4, 4), START)
    world.judge("owner", "bridge", (2, 4), START, "target")
    world.open("owner", "bridge", START)
    world.judge("owner", "bridge", (3, 4), dt.datetime(2026, 6, 10, 4, tzinfo=dt.UTC))
    world.make("other", "tunnel", START + dt.timedelta(days=120), title="Tunnel floods")
    world.open("other", "tunnel", START + dt.timedelta(days=120))
    world.make("owner", "draft", NOW, title="Still a draft")
    world.make("owner", "gone", START, title="Long gone")
    world.judge("owner", "gone", (2, 2), START)
    world.open("owner", "gone", START)
    close_risk(
        actor=world.viewer("owner"),
        ref=world.risks["gone"].ref,
        version=None,
        reason="over",
        at=START + dt.timedelta(days=90),
    )
    for who, key, title in (("owner", "own", "Only north"), ("other", "secret", "CANARY south")):
        world.make(who, key, START, title=title, visibility="party")
        world.judge(who, key, (3, 4), START)
        world.open(who, key, START)
    add_control(
        actor=world.viewer("owner"),
        ref=world.risks["bridge"].ref,
        name="Second lane",
        kind="preventive",
        at=START,
    )
    create_mitigation(
        actor=world.viewer("owner"),
        fields={
            "title": "Build a ferry",
            "due_on": dt.date(2027, 3, 1),
            "risks": [world.risks["bridge"].ref],
            "progress": 40,
        },
        at=START,
    )
    return world
