"""Work done by several threads at once, each with a connection of its own."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

PATIENCE = 60.0


def at_once(count: int, work: Callable[[], Any]) -> list[Any]:
    """``work`` in ``count`` threads that start together; their results, or what they raised.

    For tests that commit. Raises ``TimeoutError`` when one of them does not come to an end.
    """
    gate, results = threading.Barrier(count), []

    def run() -> None:
        gate.wait(PATIENCE)
        try:
            results.append(work())
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError(f"only {len(results)} of {count} threads came to an end")
    return results
