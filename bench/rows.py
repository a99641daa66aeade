"""What a benchmark reports, and how two callables are timed beside each other."""

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any, TypedDict


class Row(TypedDict, total=False):
    """One measured line. ``ratio`` is to the floor; ``ok`` says whether it is within ``limit``."""

    name: str
    size: str
    ratio: float
    limit: float | None
    queries: int | None
    ok: bool
    seconds: float
    floor_seconds: float
    best_seconds: float
    peak_mb: float
    note: str


def beside(
    measured: Callable[[], Any], floor: Callable[[], Any], *, runs: int = 15, budget: float = 8.0
) -> tuple[float, float, float]:
    """Median seconds of both, run in turn, and the median of the pairwise ratios.

    One warm-up of each; stops early, with at least five pairs, when ``budget`` seconds are used.
    """
    measured()
    floor()
    ours, theirs = [], []
    started = time.perf_counter()
    gc.collect()
    gc.disable()
    try:
        for n in range(runs):
            for call, into in ((measured, ours), (floor, theirs)):
                begin = time.perf_counter()
                call()
                into.append(time.perf_counter() - begin)
            if n >= 4 and time.perf_counter() - started > budget:
                break
    finally:
        gc.enable()
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    return statistics.median(ours), statistics.median(theirs), ratio


def best(call: Callable[[], Any], runs: int = 25) -> float:
    """The quickest of ``runs`` in seconds: what a noisy neighbour can only add to."""
    times = []
    for _n in range(runs):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times)


def row(
    name: str, size: str, timing: tuple[float, float, float], limit: float | None, **more: Any
) -> Row:
    """A row from ``beside``'s answer."""
    seconds, floor_seconds, ratio = timing
    return Row(
        name=name,
        size=size,
        ratio=round(ratio, 3),
        limit=limit,
        ok=limit is None or ratio <= limit,
        seconds=round(seconds, 5),
        floor_seconds=round(floor_seconds, 5),
        **{"queries": None, **more},
    )
