"""Ids that are the same in every run of a test.

A simulation draws each risk's years from a stream that is named by the risk's id, so that results
stay when another risk is added. Ids that were new each time would make a test of a drawn figure
another test each time, with a seed that is fixed in name only.
"""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

import pytest


@contextmanager
def same_ids(name: str) -> Iterator[None]:
    """Every ``uuid4`` of this process follows from ``name`` and how many there were before."""
    drawn = random.Random(name)
    with mock.patch.object(uuid, "os", SimpleNamespace(urandom=drawn.randbytes)):
        yield


@pytest.fixture(autouse=True)
def ids_by_test(request: pytest.FixtureRequest) -> Iterator[None]:
    """Imported by the ``conftest`` of each room that tests figures that are drawn."""
    with same_ids(request.node.nodeid):
        yield
