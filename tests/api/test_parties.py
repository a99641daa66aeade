"""Parties over REST."""

from collections.abc import Callable
from typing import Any

import pytest

from riskreg.register.models import Membership
from tests import builders
from tests.api.conftest import Program
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


def delete(client: Program, path: str, **headers: str) -> Any:
    return client.call("delete", path, **headers)


@builders.shared_world
def single(world: World) -> World:
    """Nobody is left who could speak for the partner."""
    Membership.objects.filter(party__key="catl", role__in=["manager", "leader"]).update(
        ended_at=world.at
    )
    return world


def test_a_party_is_added_renamed_and_removed(
    single: World, program: Callable[..., Program]
) -> None:
    manager, owner = program(single.manager), program(single.owner)
    assert [p["key"] for p in owner.get("parties/").json()["results"]] == ["foton", "catl"]
    with nothing_changes():
        assert owner.post("parties/", {"names": {"en": "x"}}).status_code == 403
        twice = manager.post("parties/", {"key": "foton", "names": {"en": "x"}})
        assert (twice.status_code, twice.json()["errors"][0]["pointer"]) == (400, "#/key")
    made = manager.post("parties/", {"names": {"en": "Third"}, "prefix": "TH"})
    assert made.status_code == 201
    body = made.json()
    assert manager.get("parties/third/").json() == body
    changed = manager.patch("parties/third/", {"prefix": "TX"}, If_Match=made["ETag"])
    assert (changed.status_code, changed.json()["prefix"]) == (200, "TX")
    with nothing_changes():
        assert delete(manager, "parties/third/").status_code == 428
        assert delete(manager, "parties/third/", If_Match=made["ETag"]).status_code == 412
        kept = delete(manager, "parties/catl/", If_Match='"1"')
        assert (kept.status_code, kept.json()["errors"][0]["code"]) == (400, "in_use")
    assert delete(manager, "parties/third/", If_Match=changed["ETag"]).status_code == 204
    assert manager.get("parties/third/").status_code == 404
