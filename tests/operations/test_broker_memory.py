"""A broker that was emptied is seen as one: the figure of a mark that went with everything else."""

import contextlib
import datetime as dt
import os
from pathlib import Path
from typing import Any

import pytest
import redis

from bench import processes
from riskreg.operations.queries.engine import get_or_set_broker_memory_mark
from tests.builders import AT

pytestmark = [pytest.mark.process, pytest.mark.once]
LATER = AT + dt.timedelta(hours=1)


def test_it_remembers_since_it_was_last_empty(settings: Any, tmp_path: Path) -> None:
    valkey = processes.Valkey(tmp_path, dict(os.environ), keeps=False)
    settings.REDIS_URL = valkey.url
    assert get_or_set_broker_memory_mark(AT) is None
    with processes.ending([valkey]):
        valkey.start()
        assert processes.until(valkey.answers, 30)
        assert get_or_set_broker_memory_mark(AT) == AT
        assert get_or_set_broker_memory_mark(LATER) == AT
        with contextlib.closing(redis.Redis.from_url(valkey.url)) as client:
            client.flushall()
        assert get_or_set_broker_memory_mark(LATER) == LATER
        valkey.kill()
        assert get_or_set_broker_memory_mark(LATER) is None
