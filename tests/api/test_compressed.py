"""Compressed answers: smaller, of a length that tells nothing, with an ETag that still works."""

import gzip
import json
from collections.abc import Callable
from typing import Any

from django.test import Client

from riskreg.accounts.models import User
from tests.api.conftest import Program
from tests.builders import SLUG, World, risk


def test_pages_are_compressed_and_their_length_tells_nothing(
    world: World, web: Callable[[User], Client]
) -> None:
    risk(world)
    client, path = web(world.owner), f"/r/{SLUG}/risks/"
    plain = client.get(path)
    small = [client.get(path, headers={"accept-encoding": "gzip"}) for _n in range(12)]
    assert {answer["Content-Encoding"] for answer in small} == {"gzip"}
    assert all("Accept-Encoding" in answer["Vary"] for answer in small)
    assert max(len(answer.content) for answer in small) < len(plain.content) / 2
    # BREACH reads secrets off lengths: the same page is never of the same length for long.
    assert len({len(answer.content) for answer in small}) > 3
    assert b"</html>" in gzip.decompress(small[0].content)


def test_an_etag_from_a_compressed_answer_is_taken(
    world: World, program: Callable[..., Program]
) -> None:
    """Compressing weakens it (``W/"1"``), here or in a proxy; the version is the same."""
    caller: Any = program(world.owner)
    row = risk(world)
    seen = caller.get(f"risks/{row.ref}/", accept_encoding="gzip")
    assert seen["Content-Encoding"] == "gzip"
    version = json.loads(gzip.decompress(seen.content))["version"]
    assert seen["ETag"].startswith(f'W/"{version}-')
    again = caller.get(f"risks/{row.ref}/", if_none_match=seen["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    done = caller.patch(f"risks/{row.ref}/", {"title": "New"}, if_match=seen["ETag"])
    assert done.status_code == 200
    stale = caller.patch(f"risks/{row.ref}/", {"title": "Old"}, if_match=seen["ETag"])
    assert stale.status_code == 412
