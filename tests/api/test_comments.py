"""Comments over the API."""

from typing import Any

import pytest

from tests import builders
from tests.builders import World
from tests.comments.making import comment

pytestmark = pytest.mark.django_db
SEND: dict[str, Any] = {"content_type": "application/json"}


def test_a_comment_is_written_read_edited_and_withdrawn(world: World) -> None:
    row = builders.risk(world)
    here = f"/api/v1/registers/{world.register.slug}/comments/"
    leader, owner = builders.api(world.leader), builders.api(world.owner)
    body = {
        "about": {"type": "risk", "ref": row.ref},
        "text": "What of March?",
        "mentions": [world.owner.email],
    }
    made = leader.post(here, body, **SEND)
    assert made.status_code == 201, made.content
    shown = made.json()
    assert shown["about"] == {"type": "risk", "id": str(row.uuid), "ref": row.ref}
    assert [m["id"] for m in shown["mentions"]] == [str(world.owner.uuid)]
    one = f"{here}{shown['id']}/"
    assert made["Location"].endswith(one)
    assert leader.patch(one, {"text": "x"}, **SEND).status_code == 428
    sent = {"headers": {"If-Match": made["ETag"]}, **SEND}
    assert owner.patch(one, {"text": "x"}, **sent).status_code == 403
    changed = leader.patch(one, {"text": "What of April?"}, **sent)
    assert changed.status_code == 200, changed.content
    assert [e["text"] for e in changed.json()["earlier"]] == ["What of March?"]
    assert [m["id"] for m in changed.json()["mentions"]] == [str(world.owner.uuid)]
    assert leader.patch(one, {"text": "x"}, **sent).status_code == 412
    again = {"headers": {"If-Match": changed["ETag"]}, **SEND}
    assert leader.post(f"{one}withdraw/", {}, **again).json()["withdrawn_at"]
    read = owner.get(one)
    assert read.json()["text"] == "What of April?"
    assert read.json()["version"] == 3
    found = owner.get(f"{here}?about=risk:{row.ref}").json()["results"]
    assert [c["id"] for c in found] == [shown["id"]]
    assert "earlier" not in found[0]


@pytest.mark.parametrize(
    "change, pointer, code",
    [
        ({"text": "x" * 200_000}, "#/text", "too_long"),
        ({"text": None}, "#/text", "null"),
        ({"about": {"type": "risk", "ref": "R-999"}}, "#/about", "unknown"),
        ({"about": {"type": "party", "ref": "foton"}}, None, None),
        ({"about": "R-001"}, None, None),
        ({"mentions": ["nobody@example.org"]}, "#/mentions", "unknown_member"),
        ({"colour": "red"}, "#/colour", "unknown_field"),
    ],
)
def test_what_is_wrong_is_pointed_at(
    world: World, change: dict[str, Any], pointer: str | None, code: str | None
) -> None:
    row = builders.risk(world)
    here = f"/api/v1/registers/{world.register.slug}/comments/"
    body = {"about": {"type": "risk", "ref": row.ref}, "text": "x", **change}
    answer = builders.api(world.leader).post(here, body, **SEND)
    assert answer.status_code == 400, answer.content
    if pointer:
        errors = [(e["pointer"], e["code"]) for e in answer.json()["errors"]]
        assert (pointer, code) in errors


def test_the_other_partys_own_is_not_there(world: World) -> None:
    row = builders.risk(world, visibility="party")
    said = comment(world, row, text="Quietly")
    here = f"/api/v1/registers/{world.register.slug}/comments/"
    for person in (world.partner_leader, world.auditor):
        client = builders.api(person, "read" if person == world.auditor else "write")
        assert client.get(here).json()["results"] == []
        assert client.get(f"{here}{said.uuid}/").status_code == 404
        there = client.get(f"{here}?about=risk:{row.ref}")
        nowhere = client.get(f"{here}?about=risk:R-999")
        assert there.status_code == nowhere.status_code == 400
        assert there.json()["errors"] == nowhere.json()["errors"]
    body = {"about": {"type": "risk", "ref": row.ref}, "text": "x"}
    assert builders.api(world.partner_leader).post(here, body, **SEND).status_code == 400
