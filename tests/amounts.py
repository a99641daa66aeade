"""How much a long test looks for: a share in each run, everything in a thorough one.

The long tests try every route as everybody, every value in every field, a hundred made-up lives. A
run of the suite looks for a share of that. Where several take turns (visitors, fields), they have
everything between them; where there is but one, the second database looks for another share, and a
test that is run on one alone leaves the rest to a thorough run. Everything is looked for with
THOROUGH=1 (``make thorough``), which is for changes to the boundary, to what takes input, and for
releases.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

THOROUGH = os.environ.get("THOROUGH", "") not in ("", "0")
# ``tools/test.py`` says which database came first.
IS_SECOND = os.environ.get("RISKREG_TESTS_BESIDE", "") != ""

Item = TypeVar("Item")


def examples(all_of_them: int) -> int:
    """How many lives to make up: all of them; half, or a quarter on the second database, where a
    share will do (3 at least)."""
    return all_of_them if THOROUGH else max(3, all_of_them // (4 if IS_SECOND else 2))


def sample(values: Sequence[Item], turn: int, *, every: int = 3) -> Sequence[Item]:
    """``values``, or one in ``every`` of them, beginning with another one at each ``turn`` and on
    each database, so that all together every value has its turns."""
    return values if THOROUGH else values[(turn + IS_SECOND) % every :: every]


def in_this_run(items: Iterable[Any]) -> list[bool]:
    """Which of the tests are run: on the second database every other test, one in three cases of a
    test with many, and all that are for PostgreSQL; else all."""
    tests: dict[tuple[str, str], int] = {}
    cases: Counter[tuple[str, str]] = Counter()
    kept = []
    for item in items:
        test = (str(item.path), getattr(item, "originalname", "") or item.name)
        number = tests.setdefault(test, len(tests))
        dealt = number % 2 == 0 and cases[test] % 3 == 0
        kept.append(
            not IS_SECOND or THOROUGH or dealt or item.get_closest_marker("postgres") is not None
        )
        cases[test] += 1
    return kept
