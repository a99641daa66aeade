"""Members, invitations and programs over the API; registers made by it."""

import json
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from riskreg.accounts.models import User
from riskreg.register import people, services
from riskreg.register.models import Invitation, Membership, Register
from riskreg.register.services.invitation_sending import send_due_invitations
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
HERE = f"/api/v1/registers/{builders.SLUG}/"


def send(client: Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    return getattr(client, method)(
        path, json.dumps(body or {}), content_type="application/json", headers=headers
    )


def test_members_are_listed_with_what_each_may_be_known_by(world: World) -> None:
    builders.risk(world)
    builders.risk(world, visibility="party")
    User.objects.filter(pk=world.owner.pk).update(last_login=world.at)
    rows = builders.api(world.manager).get(HERE + "members/?limit=500&count=true").json()
    assert rows["count"] == len(builders.MEMBERS)
    by_name = {row["id"]: row for row in rows["results"]}
    own, other = by_name[str(world.owner.uuid)], by_name[str(world.partner_owner.uuid)]
    assert (own["email"], own["last_seen_at"], own["answers_for"]["owned"]) == (
        world.owner.email, "2026-09-16T08:00:00Z", 2,
    )  # fmt: skip
    assert (other["email"], other["last_seen_at"]) == (None, None)
    # The other side sees the person, and nothing of what is not theirs to know.
    seen = builders.api(world.partner_manager).get(HERE + f"members/{world.owner.uuid}/").json()
    assert (seen["email"], seen["last_seen_at"], seen["answers_for"]["owned"]) == (None, None, 1)


def test_the_list_of_members_goes_in_pages(world: World) -> None:
    client, path, found = builders.api(world.auditor), HERE + "members/?limit=5", []
    while path:
        page = client.get(path).json()
        found += [row["id"] for row in page["results"]]
        path = page["next"]
    assert len(found) == len(set(found)) == len(builders.MEMBERS)


def test_a_role_is_changed_by_the_version_that_was_seen(world: World) -> None:
    client, path = builders.api(world.manager), HERE + f"members/{world.owner.uuid}/"
    tag = client.get(path)["ETag"]
    with nothing_changes():
        assert send(client, "patch", path, {"role": "leader"}).status_code == 428
        assert send(client, "patch", path, {"role": "leader"}, If_Match='"9"').status_code == 412
    done = send(client, "patch", path, {"role": "leader"}, If_Match=tag)
    assert (done.status_code, done.json()["role"], done.json()["version"]) == (200, "leader", 2)
    with nothing_changes():
        assert send(client, "patch", path, {"role": "viewer"}, If_Match=tag).status_code == 412


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_leavers_every_door_is_shut_in_the_same_second(world: World, elsewhere: bool) -> None:
    """Pages, tokens, the inbox of the register and the calendar, with one request. Whoever is in
    another register keeps session and token, and finds nothing with either."""
    if elsewhere:
        other = builders.build_world(world.at, slug="elsewhere")
        services.add_member(
            register=other.register, user=world.deputy, role="viewer", party=other.foton,
            at=world.at, by=other.founder,
        )  # fmt: skip
    builders.risk(world, owner=world.deputy.email)
    web, token = builders.web(world.deputy), builders.api(world.deputy)
    doors = [(web, f"/r/{builders.SLUG}/work/"), (web, f"/r/{builders.SLUG}/risks/R-001/"),
             (token, HERE), (token, HERE + "risks/R-001/"), (token, HERE + "changes/")]  # fmt: skip
    assert [client.get(path).status_code for client, path in doors] == [200] * len(doors)
    path = HERE + f"members/{world.deputy.uuid}/end/"
    manager = builders.api(world.manager)
    with nothing_changes():
        refused = send(manager, "post", path, If_Match='"1"')
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "answers_for"
    done = send(manager, "post", path, {"to": world.owner.email}, If_Match='"1"')
    assert done.status_code == 200
    shut = [client.get(door).status_code for client, door in doors]
    assert shut == [404] * len(doors) if elsewhere else set(shut) <= {401, 404}
    if elsewhere:
        assert token.get("/api/v1/registers/elsewhere/").status_code == 200
    assert send(manager, "post", path, If_Match='"1"').status_code == 404


def test_somebody_is_invited_and_joins(world: World) -> None:
    client = builders.api(world.manager)
    body = {"email": "new@example.com", "role": "owner", "party": "foton", "language": "en"}
    made = send(client, "post", HERE + "invitations/", body, Idempotency_Key="k1")
    assert made.status_code == 201
    again = send(client, "post", HERE + "invitations/", body, Idempotency_Key="k1")
    assert (again.json(), again["Idempotent-Replayed"]) == (made.json(), "true")
    assert (made.json()["state"], made.json()["sent_at"]) == ("waiting", None)
    send_due_invitations(lambda: world.at)
    row = Invitation.objects.get()
    secret = people.invitation_token(row)
    assert secret in mail.outbox[0].body
    joiner = builders.user("new@example.com")
    accept = "/api/v1/invitations/accept/"
    other, own = builders.api(world.outsider), builders.api(joiner)
    with nothing_changes():
        assert send(other, "post", accept, {"token": secret}).status_code == 403
        assert send(own, "post", accept, {"token": "x"}).status_code == 404
    done = send(own, "post", accept, {"token": secret})
    assert (done.status_code, done.json()["role"], done.json()["party"]) == (200, "owner", "foton")
    assert client.get(made.json()["url"]).json()["state"] == "accepted"
    assert own.get(HERE).status_code == 200


def test_an_invitation_is_sent_again_and_taken_back(world: World) -> None:
    client = builders.api(world.manager)
    row = services.invite(
        actor=world.viewer("manager"), email="new@example.com", role="owner", party="foton",
        at=world.at,
    )  # fmt: skip
    path = HERE + f"invitations/{row.uuid}/"
    assert send(client, "post", path + "resend/").status_code == 428
    again = send(client, "post", path + "resend/", If_Match=client.get(path)["ETag"])
    assert (again.status_code, again.json()["version"]) == (200, 2)
    with nothing_changes():
        assert send(client, "post", path + "revoke/", If_Match='"1"').status_code == 412
    back = send(client, "post", path + "revoke/", If_Match=again["ETag"])
    assert (back.status_code, back.json()["state"]) == (200, "revoked")
    with nothing_changes():
        assert send(client, "post", path + "resend/", If_Match=back["ETag"]).status_code == 400
    for who in ("partner_manager", "owner"):
        other = builders.api(getattr(world, who))
        assert other.get(path).status_code in (403, 404)


def test_many_are_invited_or_none(world: World) -> None:
    client, path = builders.api(world.manager), HERE + "invitations/bulk/"
    rows = [{"email": f"p{n}@example.com", "role": "owner", "party": "foton"} for n in range(3)]
    # A row that lacks something is told as what it is: one wrong row of many.
    with nothing_changes():
        lacking = send(client, "post", path, {"rows": [{"email": "p@example.com"}]}).json()
    assert (lacking["made"], lacking["refused"][0]["row"]) == (0, 1)
    rows[1]["role"] = "king"
    with nothing_changes():
        refused = send(client, "post", path, {"rows": rows}).json()
    assert (refused["made"], [r["row"] for r in refused["refused"]]) == (0, [2])
    assert "use one of" in refused["refused"][0]["reasons"][0]
    taken = send(client, "post", path, {"rows": rows, "take_good": True}).json()
    assert taken["made"] == 2
    assert send(client, "post", path, {"rows": []}).status_code == 400


def test_a_program_is_made_and_calls_this_register_alone(world: World) -> None:
    client, path = builders.api(world.manager), HERE + "programs/"
    body = {"name": "Loader", "scope": "write", "days": 10}
    made = send(client, "post", path, body, Idempotency_Key="k2")
    assert made.status_code == 201
    secret = made.json()["secret"]
    again = send(client, "post", path, body, Idempotency_Key="k2").json()
    assert "secret" not in again
    assert again["id"] == made.json()["id"]
    program = Client(headers={"authorization": f"Bearer {secret}"})
    elsewhere = builders.build_world(world.at, slug="elsewhere")
    services.add_member(
        register=elsewhere.register, user=User.objects.get(uuid=again["id"]), role="integration",
        party=elsewhere.foton, at=world.at, by=elsewhere.founder,
    )  # fmt: skip
    assert program.get(HERE).status_code == 200
    assert program.get("/api/v1/registers/elsewhere/").status_code == 404
    assert [r["slug"] for r in program.get("/api/v1/registers/").json()["results"]] == [
        builders.SLUG
    ]
    assert [m["slug"] for m in program.get("/api/v1/me/").json()["memberships"]] == [builders.SLUG]
    listed = client.get(path).json()["results"]
    (token,) = listed[0]["tokens"]
    end = path + f"{again['id']}/tokens/{token['id']}/end/"
    assert send(client, "post", end).json()["revoked_at"] is not None
    assert program.get(HERE).status_code == 401
    assert builders.api(world.partner_manager).get(path).json()["results"] == []


@pytest.mark.parametrize("who", ["owner", "auditor", "integration"])
def test_invitations_and_programs_are_managers_affair(world: World, who: str) -> None:
    client = builders.api(getattr(world, who))
    for path in ("invitations/", "programs/"):
        assert client.get(HERE + path).status_code == 403


NEW = {
    "slug": "ours", "names": {"en": "Ours", "zh-hans": "我们的"}, "currency": "CNY",
    "time_zone": "Asia/Shanghai", "party": "foton", "scale": "4x4", "template": "industrial",
    "parties": [{"key": "foton", "names": {"en": "Foton"}},
                {"key": "catl", "names": {"en": "CATL"}, "prefix": "C"}],
}  # fmt: skip


def test_a_register_is_made_whole(world: World) -> None:
    boss = builders.user("boss@example.com")
    client = builders.api(boss)
    with nothing_changes():
        assert send(client, "post", "/api/v1/registers/", NEW).status_code == 403
    User.objects.filter(pk=boss.pk).update(is_superuser=True)
    with nothing_changes():
        for change, pointer in (
            ({"slug": builders.SLUG}, "#/slug"), ({"slug": "admin"}, "#/slug"),
            ({"party": "x"}, "#/party"), ({"currency": "y"}, "#/currency"),
            ({"parties": [NEW["parties"][0]] * 2}, "#/parties"),
        ):  # fmt: skip
            refused = send(client, "post", "/api/v1/registers/", {**NEW, **change})
            assert refused.status_code == 400, change
            assert [e["pointer"] for e in refused.json()["errors"]] == [pointer]
    made = send(client, "post", "/api/v1/registers/", NEW, Idempotency_Key="r1")
    assert made.status_code == 201
    assert made["Location"].endswith("/api/v1/registers/ours/")
    again = send(client, "post", "/api/v1/registers/", NEW, Idempotency_Key="r1")
    assert again["Idempotent-Replayed"] == "true"
    assert Register.objects.filter(slug="ours").count() == 1
    found = client.get("/api/v1/registers/ours/").json()
    assert [p["prefix"] for p in found["parties"]] == ["F", "C"]
    assert (found["role"], found["party"]) == ("manager", "foton")
    assert found["taxonomies"]
    assert Membership.objects.get(register__slug="ours").user == boss
