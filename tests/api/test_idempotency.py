"""A request repeated with the same Idempotency-Key acts once (I8)."""

import datetime as dt
import threading
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from config.celery import app
from riskreg.endpoints import services as endpoints
from riskreg.register.models import Membership
from riskreg.requests.models import DoneRequest
from riskreg.requests.services import purge_expired
from riskreg.risks.models import Risk
from tests import builders
from tests.api.conftest import Program, is_problem, version_in
from tests.builders import AT, World
from tests.dump import nothing_changes
from tests.endpoints.receiver import stub_names

BODY = {"title": "Overseas policy barriers", "event": "Vehicles become dearer there"}


@pytest.mark.django_db
def test_the_same_again(world: World) -> None:
    owner = Program(world.owner)
    first = owner.post("risks/", BODY, Idempotency_Key="k1")
    assert first.status_code == 201
    assert "Idempotent-Replayed" not in first
    with nothing_changes():
        again = owner.post("risks/", dict(reversed(BODY.items())), Idempotency_Key="k1")
    assert again.status_code == 201
    assert again["Idempotent-Replayed"] == "true"
    assert again.content == first.content
    assert (again["ETag"], again["Location"]) == (first["ETag"], first["Location"])
    assert owner.post("risks/", BODY, Idempotency_Key="k2").json()["ref"] == "R-002"
    assert owner.post("risks/", BODY).json()["ref"] == "R-003"


@pytest.mark.django_db
def test_an_act_on_a_version_is_answered_again(world: World) -> None:
    """The second finds the version gone by, and is told what became of the first."""
    builders.risk(world)
    owner = Program(world.owner)
    tag = owner.get("risks/R-001/")["ETag"]
    first = owner.post("risks/R-001/reviews/", {}, If_Match=tag, Idempotency_Key="k")
    assert first.status_code == 201
    with nothing_changes():
        again = owner.post("risks/R-001/reviews/", {}, If_Match=tag, Idempotency_Key="k")
        is_problem(owner.post("risks/R-001/reviews/", {}, If_Match=tag), 412)
    assert again.content == first.content
    assert len(owner.get("risks/R-001/reviews/").json()["results"]) == 1


@pytest.mark.django_db
def test_another_request_under_the_same_key(world: World) -> None:
    owner = Program(world.owner)
    owner.post("risks/", BODY, Idempotency_Key="k")
    with nothing_changes():
        body = is_problem(
            owner.post("risks/", {**BODY, "title": "Other"}, Idempotency_Key="k"), 422, "reused"
        )
        assert "new key" in body["detail"]
        is_problem(owner.post("risks/R-001/open/", Idempotency_Key="k", If_Match='"1"'), 422)


@pytest.mark.django_db
def test_a_failure_keeps_nothing(world: World) -> None:
    owner = Program(world.owner)
    with nothing_changes():
        is_problem(owner.post("risks/", {}, Idempotency_Key="k"), 400)
        is_problem(owner.post("risks/R-9/open/", Idempotency_Key="k", If_Match='"1"'), 404)
    assert owner.post("risks/", BODY, Idempotency_Key="k").status_code == 201


@pytest.mark.django_db
def test_keys_are_each_user_s_own(world: World) -> None:
    for person in (world.owner, world.partner_owner):
        response = Program(person).post("risks/", BODY, Idempotency_Key="k")
        assert response.status_code == 201
        assert "Idempotent-Replayed" not in response
    assert Risk.objects.count() == 2


@pytest.mark.django_db
def test_who_changes_sides_is_not_told_what_they_did_on_the_other(world: World) -> None:
    owner = Program(world.owner)
    secret = {**BODY, "visibility": "party"}
    assert owner.post("risks/", secret, Idempotency_Key="k").json()["ref"] == "F-001"
    Membership.objects.filter(user=world.owner).update(party=world.catl)
    is_problem(owner.post("risks/", secret, Idempotency_Key="k"), 422)


@pytest.mark.django_db
def test_bad_keys(world: World) -> None:
    owner = Program(world.owner)
    with nothing_changes():
        for key in ("", " ", "x" * 256, "ü"):
            body = is_problem(owner.post("risks/", BODY, Idempotency_Key=key), 400, "malformed")
            assert body["errors"][0]["pointer"] == "Idempotency-Key"


@pytest.mark.django_db
def test_kept_for_two_days(world: World) -> None:
    Program(world.owner).post("risks/", BODY, Idempotency_Key="k")
    assert purge_expired(AT) == (0, 0)
    call_command("purge_done_requests")
    assert DoneRequest.objects.count() == 1
    DoneRequest.objects.update(created_at=AT - dt.timedelta(hours=49))
    call_command("purge_done_requests")
    assert DoneRequest.objects.count() == 0


def test_the_purge_is_scheduled_and_known() -> None:
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert "requests.purge" in scheduled & set(app.tasks)


@pytest.mark.django_db(transaction=True)
def test_many_at_the_same_time_act_once(world: World) -> None:
    programs = [Program(world.owner) for _n in range(6)]
    barrier = threading.Barrier(len(programs))
    answers: list[Any] = []

    def call(program: Program) -> None:
        try:
            barrier.wait(timeout=20)
            answers.append(program.post("risks/", BODY, Idempotency_Key="k"))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call, args=[program]) for program in programs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert [a.status_code for a in answers] == [201] * len(programs)
    assert len({a.content for a in answers}) == 1
    assert sum("Idempotent-Replayed" in a for a in answers) == len(programs) - 1
    assert Risk.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_at_the_same_time_one_is_told(world: World) -> None:
    """I7: the second of two writers with the same ETag gets 412; nothing is overwritten."""
    builders.risk(world)
    tag = Program(world.owner).get("risks/R-001/")["ETag"]
    programs = [Program(world.owner), Program(world.manager)]
    barrier = threading.Barrier(len(programs))
    answers: list[Any] = []

    def call(n: int) -> None:
        try:
            barrier.wait(timeout=20)
            answers.append(programs[n].patch("risks/R-001/", {"title": f"By {n}"}, If_Match=tag))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call, args=[n]) for n in range(len(programs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(a.status_code for a in answers) == [200, 412]
    won = next(a for a in answers if a.status_code == 200)
    lost = next(a for a in answers if a.status_code == 412)
    assert version_in(lost) == version_in(won)
    assert Risk.objects.get().title == won.json()["title"]


# Other writes than POST ---------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_repeated_change_is_answered_again_whatever_the_method(world: World) -> None:
    """A retry after a lost answer is told what became of the first, not that it is stale."""
    builders.risk(world)
    # Nobody speaks for the other party, so that the ladder needs no answer and holds at once.
    speakers = Membership.objects.filter(party=world.catl, role__in=["manager", "leader"])
    speakers.update(ended_at=world.at)
    manager = Program(world.manager)
    tag = manager.get("risks/R-001/")["ETag"]
    rungs = [{"offset_days": 0, "tells": ["owner"]}]
    calls: list[tuple[str, str, Any, str]] = [
        ("patch", "risks/R-001/", {"title": "Changed"}, tag),
        ("put", "ladder/", {"rungs": rungs}, '"0"'),
    ]
    for n, (method, path, body, seen) in enumerate(calls):
        key = f"k{n}"
        first = manager.call(method, path, body, If_Match=seen, Idempotency_Key=key)
        assert first.status_code == 200, first.content
        assert "Idempotent-Replayed" not in first
        with nothing_changes():
            again = manager.call(method, path, body, If_Match=seen, Idempotency_Key=key)
            is_problem(manager.call(method, path, body, If_Match=seen), 412)
            other = {**body, "x": 1}
            is_problem(manager.call(method, path, other, If_Match=seen, Idempotency_Key=key), 422)
        assert again.status_code == 200
        assert again["Idempotent-Replayed"] == "true"
        assert (again.content, again["ETag"]) == (first.content, first["ETag"])


@pytest.mark.django_db
def test_a_repeated_removal_is_answered_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub_names(monkeypatch)["hooks.receiver.com"] = ["93.184.215.14"]
    viewer = world.viewer("manager")
    webhook, _secret = endpoints.add_endpoint(
        audience=viewer.audience, kind="webhook", name="ERP", language="en",
        actor_for_log=viewer.user.uuid, at=world.at, address=endpoints.check_address("webhook", "https://hooks.receiver.com/"),
    )  # fmt: skip
    manager = Program(world.manager)
    path = f"webhooks/{webhook.uuid}/"
    for replayed in (False, True):
        gone = manager.call("delete", path, If_Match='"1"', Idempotency_Key="k")
        assert (gone.status_code, gone.content) == (204, b"")
        assert ("Idempotent-Replayed" in gone) is replayed
    is_problem(manager.call("delete", path, If_Match='"1"'), 404)


@pytest.mark.django_db
def test_a_refused_change_keeps_no_key(world: World) -> None:
    builders.risk(world)
    owner = Program(world.owner)
    tag = owner.get("risks/R-001/")["ETag"]
    with nothing_changes():
        is_problem(
            owner.patch("risks/R-001/", {"title": ""}, If_Match=tag, Idempotency_Key="k"), 400
        )
        is_problem(
            owner.patch("risks/R-001/", {"title": "x"}, If_Match='"99"', Idempotency_Key="k"), 412
        )
    done = owner.patch("risks/R-001/", {"title": "x"}, If_Match=tag, Idempotency_Key="k")
    assert done.status_code == 200
