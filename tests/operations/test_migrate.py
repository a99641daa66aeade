"""Of two who migrate at once one waits for the other."""

import threading

import pytest
from django.db import connection

from riskreg.operations.management.commands.migrate import alone


@pytest.mark.django_db(transaction=True)
def test_one_at_a_time() -> None:
    begun, order = threading.Event(), []

    def other() -> None:
        begun.set()
        try:
            with alone("default"):
                order.append("second")
        finally:
            connection.close()

    with alone("default"):
        waiting = threading.Thread(target=other)
        waiting.start()
        assert begun.wait(60)
        waiting.join(0.5)
        order.append("first")
    waiting.join(60)
    assert order == ["first", "second"]
