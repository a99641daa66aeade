"""What a write costs in statements: those that keep its guarantees, and no more."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from riskreg.risks.models import Position
from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db

# The token with its person's membership; the key, and whether the log was restored since it may
# have been used; the risk under its lock and the scale that is in force under it; the write; the
# head of the chain, the event and the head again; the answer, its terms and objectives; the answer
# once more, under its key.
MOST = 12
NO_WORK = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")


@pytest.fixture
def patched(world: World) -> Callable[[dict[str, Any]], int]:
    """How many statements a PATCH of a risk under a key sends, without those of transactions."""
    row = builders.risk(world, owner=world.owner)
    client = builders.api(world.manager)
    address = f"/api/v1/registers/{world.register.slug}/risks/{row.ref}/"

    def patch(fields: dict[str, Any]) -> int:
        headers = {"If-Match": client.get(address)["ETag"], "Idempotency-Key": "once"}
        with CaptureQueriesContext(connection) as sent:
            answer = client.patch(
                address, json.dumps(fields), content_type="application/json", headers=headers
            )
        assert answer.status_code == 200, answer.content
        return sum(not query["sql"].startswith(NO_WORK) for query in sent)

    return patch


def test_an_edit_of_a_risk(patched: Callable[[dict[str, Any]], int]) -> None:
    assert patched({"title": "Another"}) == MOST


def test_another_owner_is_owner_where_it_stands_too(
    patched: Callable[[dict[str, Any]], int], world: World
) -> None:
    """What a position repeats of its risk, it goes on repeating."""
    assert patched({"owner": str(world.manager.uuid)}) > MOST
    [position] = Position.objects.filter(register=world.register, valid_to=None)
    assert position.owner == position.risk.owner == world.manager
