"""Programs outside hear of decisions and acceptances, really delivered, and of no other party's."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from standardwebhooks import Webhook

from riskreg.api.core.vocabulary import VERBS
from riskreg.decisions.services import (
    close_acceptance_condition,
    close_decision_condition,
    decide,
    lapse_decision,
    reject_decision,
    retract_decision,
    revisit_decision,
    revoke_acceptance,
    vote_on_decision,
)
from riskreg.endpoints import services as endpoints
from riskreg.kernel.errors import Forbidden
from riskreg.notify.models import Message
from riskreg.notify.services import deliver_due
from riskreg.reminders.services import sweep
from tests import builders
from tests.builders import World
from tests.decisions.making import (
    DAY,
    accepted,
    asked,
    chosen,
    condition,
    drafted,
    proposed,
)
from tests.endpoints import receiver

Heard = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def hooks(world: World, settings: Any) -> Iterator[dict[str, Heard]]:
    """A webhook of each party, on loopback; what each was told, proven by its signature."""
    with receiver.serving() as server:
        settings.WEBHOOK_ALLOWED_HOSTS = [f"127.0.0.1:{server.port}"]
        secrets = {}
        for who, language in (("manager", "en"), ("partner_manager", "zh-hans")):
            viewer = world.viewer(who)
            address = endpoints.check_address("webhook", f"http://127.0.0.1:{server.port}/{who}")
            _row, secrets[who] = endpoints.add_endpoint(
                audience=viewer.audience, kind="webhook", name="ERP", address=address,
                language=language, actor_for_log=viewer.user.uuid, at=world.at,
            )  # fmt: skip

        def heard(who: str) -> list[dict[str, Any]]:
            came = [got for got in server.got if got.path == f"/{who}"]
            return [json.loads(_proven(secrets[who], got)) for got in came]

        yield {who: lambda who=who: heard(who) for who in secrets}


def _proven(secret: str, got: receiver.Got) -> bytes:
    with time_machine.travel(int(got.headers["webhook-timestamp"]), tick=False):
        Webhook(secret).verify(got.body, got.headers)
    return got.body


def send(at: dt.datetime) -> None:
    with time_machine.travel(at, tick=False):
        deliver_due(lambda: at, seconds=60, limit=1000)


def types(heard: Heard) -> list[str]:
    return [message["type"] for message in heard()]


@pytest.mark.django_db
def test_both_parties_hear_of_a_shared_decision(world: World, hooks: dict[str, Heard]) -> None:
    people = [world.leader.email, world.partner_leader.email]
    row = proposed(world, builders.risk(world), deciders=people)
    row = chosen(world, row, conditions=[condition(world) | {"before": True}])
    row = vote_on_decision(
        actor=world.viewer("partner_leader"), ref=row.ref, version=None, answer="yes", at=world.at
    )
    met = row.obligations.get(kind="decision.condition")
    close_decision_condition(
        actor=world.viewer("owner"), ref=row.ref, condition=met.uuid, state="met",
        words="Named", at=world.at,
    )  # fmt: skip
    revisit_decision(
        actor=world.viewer("leader"), ref=row.ref, version=None, happened="As expected",
        review_on=(world.today + 30 * DAY).isoformat(), at=world.at,
    )  # fmt: skip
    send(world.at)
    told = ["proposed", "chosen", "decided", "condition_met", "revisited"]
    for heard in hooks.values():
        assert types(heard) == [f"decision.{verb}" for verb in told]
        assert [each["data"]["state"] for each in heard()] == [
            "proposed", "proposed", "decided", "in_force", "revisited",
        ]  # fmt: skip
    data = hooks["manager"]()[2]["data"]
    assert data == {
        "register": "foton-catl",
        "ref": "X-001",
        "title": "Hydrogen: a gate, or stop? (illustrative)",
        "state": "decided",
        "version": data["version"],
        "visibility": "shared",
        "at": world.at.isoformat().replace("+00:00", "Z"),
        "by": {"id": str(world.partner_leader.uuid), "name": str(world.partner_leader)},
        "due_on": row.due_on.isoformat(),
        "chosen": "B",
        "review_on": (world.today + 90 * DAY).isoformat(),
        "url": "http://127.0.0.1:8000/r/foton-catl/decisions/X-001/",
    }
    send(world.at)
    assert len(hooks["manager"]()) == 5, "each is told once"


@pytest.mark.django_db
def test_every_way_that_a_decision_goes_is_told(world: World, hooks: dict[str, Heard]) -> None:
    people = [world.leader.email, world.partner_leader.email]
    row = proposed(world, builders.risk(world), deciders=people)
    retract_decision(actor=world.viewer("manager"), ref=row.ref, version=None, at=world.at)
    row = proposed(world, builders.risk(world), deciders=people)
    chosen(world, row)
    vote_on_decision(
        actor=world.viewer("partner_leader"), ref=row.ref, version=None, answer="no",
        words="Too dear", at=world.at,
    )  # fmt: skip
    row = proposed(world, builders.risk(world))
    reject_decision(
        actor=world.viewer("leader"), ref=row.ref, version=None, words="Not now", at=world.at
    )
    old = chosen(world, proposed(world, builders.risk(world)))
    chosen(world, proposed(world, builders.risk(world), replaces=old.ref))
    row = proposed(world, builders.risk(world))
    later = world.at + 11 * DAY
    lapse_decision(
        actor=world.viewer("manager"), ref=row.ref, version=None, words="Too late", at=later
    )
    send(later)
    found = types(hooks["partner_manager"])
    assert [verb.removeprefix("decision.") for verb in found] == [
        "proposed", "retracted",
        "proposed", "chosen", "objected",
        "proposed", "rejected",
        "proposed", "decided",
        "proposed", "superseded", "decided",
        "proposed", "lapsed",
    ]  # fmt: skip
    assert set(found) <= set(VERBS), "the types are the verbs of the feed"


@pytest.mark.django_db
def test_acceptances_are_told_from_the_request_to_their_end(
    world: World, hooks: dict[str, Heard]
) -> None:
    row = accepted(world, builders.risk(world), conditions=[condition(world)])
    one = row.obligations.get(kind="acceptance.condition")
    close_acceptance_condition(
        actor=world.viewer("owner"), ref=row.ref, condition=one.uuid, version=None, state="met",
        words="Named", at=world.at,
    )  # fmt: skip
    revoke_acceptance(
        actor=world.viewer("leader"), ref=row.ref, version=None, words="No more", at=world.at
    )
    send(world.at)
    told = ["requested", "granted", "condition_met", "revoked"]
    assert types(hooks["partner_manager"]) == [f"acceptance.{verb}" for verb in told]
    data = hooks["manager"]()[1]["data"]
    assert (data["ref"], data["risk"], data["rating"], data["state"]) == (
        "A-001", "R-001", row.rating, "granted",
    )  # fmt: skip
    assert data["expires_on"] == row.expires_on.isoformat()
    assert data["url"] == "http://127.0.0.1:8000/r/foton-catl/acceptances/A-001/"


@pytest.mark.django_db
def test_what_is_a_partys_own_is_told_to_its_own_programs_alone(
    world: World, hooks: dict[str, Heard]
) -> None:
    own = builders.risk(world, visibility="party")
    chosen(world, proposed(world, own))
    accepted(world, own)
    send(world.at)
    assert types(hooks["manager"]) == [
        "decision.proposed", "decision.decided", "acceptance.requested", "acceptance.granted",
    ]  # fmt: skip
    assert hooks["partner_manager"]() == []
    assert {a.party for m in Message.objects.all() for a in m.audiences.all()} == {world.foton.uuid}


@pytest.mark.django_db
def test_nothing_is_told_of_a_draft_or_of_what_was_refused(
    world: World, hooks: dict[str, Heard]
) -> None:
    drafted(world, builders.risk(world))
    row = proposed(world, builders.risk(world))
    send(world.at)
    with pytest.raises(Forbidden):
        decide(
            actor=world.viewer("manager"), ref=row.ref, version=None, option="B",
            rationale="I asked", review_on=(world.today + DAY).isoformat(), at=world.at,
        )  # fmt: skip
    send(world.at)
    assert types(hooks["manager"]) == ["decision.proposed"]


@pytest.mark.django_db
def test_what_is_owed_because_of_one_is_told_as_every_duty(
    world: World, hooks: dict[str, Heard]
) -> None:
    rung = {
        "offset_days": 0, "tells": ["owner"], "channels": ["mail", "webhook"], "interrupts": False,
    }  # fmt: skip
    builders.ladder(world, [rung])
    decision = proposed(world, builders.risk(world))
    request = asked(world, builders.risk(world, visibility="party"))
    on = max(decision.due_on, request.answer_by)
    at = dt.datetime.combine(on, dt.time(4), tzinfo=dt.UTC)
    with time_machine.travel(at, tick=False):
        sweep(at)
    send(at)
    due = [each["data"] for each in hooks["manager"]() if each["type"] == "duties.due"]
    told = {(duty["kind"], duty["ref"]) for data in due for duty in data["duties"]}
    assert {("decision.answer", "X-001"), ("acceptance.answer", request.ref)} <= told
    theirs = [each for each in hooks["partner_manager"]() if each["type"] == "duties.due"]
    assert request.ref not in json.dumps(theirs), "it is the other party's"
