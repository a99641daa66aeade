"""A change was asked for, and what it was based on has moved before the last yes: of every kind, by
page and over REST, nothing changes and both sides read why."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest

from riskreg.handover.services import hand_over, reassign_risks
from riskreg.register import services
from riskreg.register.change_kinds import kind_keys
from riskreg.register.change_models import ChangeRequest
from riskreg.register.policy import default_criteria
from riskreg.reminders.services import set_reminder_ladder
from riskreg.risks.models import Risk
from riskreg.risks.services import edit_risk, merge_terms, publish_criteria, transfer_risk
from tests import builders
from tests.builders import SLUG, World

pytestmark = pytest.mark.django_db
PAGE, API = f"/r/{SLUG}/change-requests/", f"/api/v1/registers/{SLUG}/change-requests/"
ON_THE_DAY = {"offset_days": 0, "tells": ["owner"]}
PROGRAMME = {"starts_on": "2025-02-08", "ends_on": "2035-02-07", "label": "judgement"}


def by(world: World, who: str = "manager", **given: Any) -> dict[str, Any]:
    """The arguments that every service takes."""
    return {"actor": world.viewer(who), "at": world.at, **given}


def published(world: World, appetite: str, who: str, seen: int = 1) -> Any:
    data = {**default_criteria(), "appetite": appetite}
    return publish_criteria(**by(world, who), data=data, seen_number=seen)


def laddered(world: World, who: str, seen: int, *days: int) -> Any:
    rungs = [ON_THE_DAY, *({"offset_days": n, "tells": ["owner", "managers"]} for n in days)]
    return set_reminder_ladder(**by(world, who), rungs=rungs, expected_number=seen)


def risk_of(world: World) -> Risk:
    return Risk.objects.filter(register=world.register).first() or builders.risk(world)


def term(world: World, **fields: Any) -> Any:
    return services.edit_term(**by(world), ref="market:eu", fields=fields, version=None)


def merged(world: World, ref: str, into: str) -> Any:
    return merge_terms(**by(world), ref=ref, into=into, version=None)


def handed(world: World, to: Any) -> Any:
    given = {"from_user": world.owner, "to_user": to, "reason": "Moves on"}
    return hand_over(**by(world), **given)


def third(world: World, key: str = "third", prefix: str = "T") -> Any:
    return services.bring_in_party(**by(world), key=key, names={"en": key.title()}, prefix=prefix)


def framed(world: World, **given: Any) -> Any:
    return services.set_programme(**by(world), given={**PROGRAMME, **given}, version=None)


def agreed(world: World, made: Any) -> None:
    builders.agreed(world, made)


def ask_programme(world: World) -> Any:
    framed(world)
    return framed(world, ends_on="2036-02-07")


def archived(world: World) -> Any:
    return services.archive_register(**by(world), reason="Over", version=None)


def ask_restore(world: World) -> Any:
    agreed(world, archived(world))
    return services.restore_register(**by(world), version=None)


def left(world: World) -> None:
    services.end_membership(
        register=world.register, user=world.manager, at=world.at, by=world.founder
    )


# kind of change: who asks for what, what moves meanwhile, and what is read then
GROUNDS: dict[str, tuple[Callable[[World], Any], Callable[[World], Any], str]] = {
    "criteria": (
        lambda w: published(w, "high", "manager"),
        lambda w: published(w, "low", "partner_manager"),
        "Other criteria are in force by now: version 2.",
    ),
    "ladder": (
        lambda w: laddered(w, "manager", 0),
        lambda w: agreed(w, laddered(w, "partner_manager", 0, 5)),
        "The ladder was changed meanwhile.",
    ),
    "time_zone": (
        lambda w: services.set_time_zone(**by(w), time_zone="Asia/Tokyo", seen=builders.ZONE),
        lambda w: agreed(
            w, services.set_time_zone(**by(w), time_zone="Asia/Seoul", seen=builders.ZONE)
        ),
        "zone",
    ),
    "programme": (
        ask_programme,
        lambda w: agreed(w, framed(w, ends_on="2037-02-07")),
        "meanwhile",
    ),
    "party": (third, lambda w: agreed(w, third(w, "third", "X")), "Another party has joined since"),
    "archive": (archived, lambda w: agreed(w, third(w)), "Another party has joined since"),
    "restore": (
        ask_restore,
        left,
        "does not act for Foton any more",
    ),
    "term.retire": (
        lambda w: builders.taxonomy(w) and term(w, active=False),
        lambda w: term(w, names={"en": "Europe"}),
        "meanwhile",
    ),
    "term.merge": (
        lambda w: builders.taxonomy(w) and merged(w, "market:eu", "market:mideast"),
        lambda w: term(w, names={"en": "Europe"}),
        "meanwhile",
    ),
    "risk.transfer": (
        lambda w: transfer_risk(**by(w), ref=risk_of(w).ref, version=None, owner=w.partner_owner),
        lambda w: transfer_risk(**by(w), ref=risk_of(w).ref, version=None, owner=w.deputy),
        "meanwhile",
    ),
    "risk.reassign": (
        lambda w: reassign_risks(
            **by(w), risks={risk_of(w).ref: risk_of(w).version}, owner=w.partner_owner.email
        ),
        lambda w: edit_risk(**by(w), ref=risk_of(w).ref, version=None, fields={"title": "Another"}),
        "R-001: Somebody changed it meanwhile.",
    ),
    "handover": (
        lambda w: risk_of(w) and handed(w, w.partner_owner),
        lambda w: builders.risk(w, title="One more"),
        "answers for has changed since",
    ),
}


def test_every_kind_of_change_is_asked() -> None:
    assert sorted(GROUNDS) == kind_keys()


def read(text: str) -> str:
    """What a person reads of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text.partition("<main")[2])).split())


@pytest.mark.parametrize("face", ["page", "rest"])
@pytest.mark.parametrize("kind", sorted(GROUNDS))
def test_the_last_yes_changes_nothing_and_says_why(world: World, kind: str, face: str) -> None:
    ask, move, says = GROUNDS[kind]
    row = ask(world)
    assert isinstance(row, ChangeRequest)
    assert row.kind == kind
    move(world)
    row.refresh_from_db()
    assert row.is_open
    if face == "page":
        answer = builders.web(world.partner_manager).post(f"{PAGE}{row.ref}/approve/", {})
        assert answer.status_code == 302, answer.content
    else:
        caller = builders.api(world.partner_manager)
        tag = {"If-Match": caller.get(f"{API}{row.ref}/")["ETag"]}
        answer = caller.post(
            f"{API}{row.ref}/approve/", {}, content_type="application/json", headers=tag
        )
        assert (answer.status_code, answer.json()["state"]) == (200, "outdated")
        assert says in answer.json()["words"], answer.json()["words"]
    row.refresh_from_db()
    assert row.state == "outdated"
    assert set(row.closing_words) == {"en", "zh-hans"}
    # No blank between Chinese sentences.
    assert "。 " not in row.closing_words["zh-hans"]
    for who in (world.leader, world.partner_leader):
        shown = read(builders.web(who).get(f"{PAGE}{row.ref}/").content.decode())
        assert says in shown, shown
        assert "ask again by what holds now" in shown
