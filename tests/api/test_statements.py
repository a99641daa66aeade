"""What a write costs in statements: those that keep its guarantees, and no more."""

import json
from typing import Any

import pytest

from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db

# The token, the membership, the risk under its lock and the scale it is judged on; the write, its
# position, the head of the chain, the event and the head again; the answer, its terms and its
# objectives. Beside these the transaction of the request and of the service.
MOST = 16


def test_an_edit_of_a_risk(world: World, django_assert_max_num_queries: Any) -> None:
    row = builders.risk(world)
    client = builders.api(world.manager)
    address = f"/api/v1/registers/{world.register.slug}/risks/{row.ref}/"
    version = client.get(address)["ETag"]
    with django_assert_max_num_queries(MOST):
        answer = client.patch(
            address,
            json.dumps({"title": "Another"}),
            content_type="application/json",
            headers={"If-Match": version},
        )
    assert (answer.status_code, answer.json()["title"]) == (200, "Another")
