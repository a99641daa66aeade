"""How much is made up on the second database of a run.

Most of what a long test looks for is decided by the code that both databases share, and was looked
for in full on the first. On the second one the same test is a sample, of what that database might
do otherwise. Run by itself, on either database, a test does all it can: only ``tools/test.py`` says
that another one came first.
"""

import os
from collections.abc import Sequence
from typing import TypeVar

IS_SECOND = os.environ.get("RISKREG_TESTS_BESIDE", "") != ""

Item = TypeVar("Item")


def examples(all_of_them: int) -> int:
    """How many lives to make up: all, or a quarter (3 at least)."""
    return max(3, all_of_them // 4) if IS_SECOND else all_of_them


def sample(values: Sequence[Item], turn: int, *, every: int = 3) -> Sequence[Item]:
    """``values``, or one in ``every`` of them, beginning with another one at each ``turn``, so that
    all together every value has its turns."""
    return values[turn % every :: every] if IS_SECOND else values
