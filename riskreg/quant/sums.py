"""Sums over blocks that come out the same however the blocks were shared among workers.

A worker hands over one partial sum for each block instead of their sum; `math.fsum` of all of them
is rounded once, so that neither their order nor the cut into chunks changes a bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

BlockSums = dict[str, tuple[float, ...]]


def totals(parts: Sequence[BlockSums]) -> dict[str, float]:
    """The sum for each name over all chunks, given in any order.

    >>> totals([{"a": (1e16, 1.0)}, {"a": (-1e16,)}])
    {'a': 1.0}
    """
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: math.fsum(x for part in parts for x in part.get(name, ())) for name in names}
