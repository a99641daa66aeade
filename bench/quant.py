"""riskreg.quant beside its floor and beside other packages, in one run.

Fifty compound Poisson–lognormal risks with 27 events a year together (made by a seed,
illustrative).

- simulate : the plain NumPy floor draws a Poisson count for every risk and year and the lognormal
  severities, and adds them up by `bincount`. No drivers, no streams, no chunks.
- pyfair, aggregate : compared when installed (dependency group `bench`). pyfair draws a frequency
  and a magnitude for each year and multiplies them: no event counts, so it does less.
- memory : peak of a fresh process that simulates and reads every measure.
- linear : cost an event for 5 … 5,000 risks.

Contestants take turns, and medians are compared. Run alone with `python -m bench.quant [years …]`.
"""

from __future__ import annotations

import importlib.util
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from bench.rows import Row
from riskreg.quant import Exposure, Lognormal, Portfolio, exact, simulate

NAME = "quant"
ROOT = Path(__file__).resolve().parent.parent
YEARS = (100_000, 1_000_000)
MEMORY_YEARS = (1_000_000, 10_000_000)
RISKS = (5, 50, 500, 5_000)
EVENTS = 27.0
# Steps and width of the grid on which exact and aggregate are compared.
GRID, POINTS = 1 / 16, 2**17


def portfolio(count: int, events: float, seed: int = 7) -> Portfolio:
    """`count` risks with together `events` a year and ranges of various widths (illustrative)."""
    rng = np.random.default_rng(seed)
    rates = rng.gamma(1.0, 1.0, count)
    rates *= events / rates.sum()
    p5 = 10 ** rng.uniform(-1, 1, count)
    p95 = p5 * 10 ** rng.uniform(0.5, 1.5, count)
    return Portfolio(
        [
            Exposure(f"R-{k:04d}", Lognormal.from_interval(a, b), rate=float(r))
            for k, (r, a, b) in enumerate(zip(rates, p5, p95, strict=True))
        ]
    )


def parameters(p: Portfolio) -> list[tuple[float, float, float]]:
    """(rate, mu, sigma) of each exposure, for the contestants."""
    found = []
    for e in p.exposures:
        if not isinstance(e.severity, Lognormal):
            raise TypeError(e.severity)
        found.append((e.frequency.mean, e.severity.mu, e.severity.sigma))
    return found


def floor(inputs: list[tuple[float, float, float]], years: int, seed: int) -> np.ndarray:
    """The least that plain NumPy does for the same answer."""
    rng = np.random.default_rng(seed)
    total = np.zeros(years)
    every = np.arange(years)
    for rate, mu, sigma in inputs:
        counts = rng.poisson(rate, years)
        where = np.repeat(every, counts)
        total += np.bincount(where, rng.lognormal(mu, sigma, where.size), minlength=years)
    return total


def pyfair_run(inputs: list[tuple[float, float, float]], years: int, seed: int) -> np.ndarray:
    """The same fifty risks as far as pyfair knows them, entered as its guide does: low, most
    likely and high for frequency and for magnitude, which it draws anew for each year."""
    import pyfair

    total = np.zeros(years)
    for k, (rate, mu, sigma) in enumerate(inputs):
        model = pyfair.FairModel(name=f"R{k}", n_simulations=years, random_seed=seed)
        model.input_data("Loss Event Frequency", low=rate / 2, mode=rate, high=2 * rate)
        low, high = math.exp(mu - 1.645 * sigma), math.exp(mu + 1.645 * sigma)
        model.input_data("Loss Magnitude", low=low, mode=math.exp(mu), high=high)
        model.calculate_all()
        total += model.export_results()["Risk"].to_numpy()
    return total


def aggregate_run(inputs: list[tuple[float, float, float]]) -> tuple[float, float, float, float]:
    """P50, P95, P99, TVaR95 by aggregate on the same grid."""
    from aggregate import build

    lines = [
        f"\tagg R{k} {rate} claims sev {math.exp(mu)} * lognorm {sigma} poisson"
        for k, (rate, mu, sigma) in enumerate(inputs)
    ]
    made = build("port FIFTY\n" + "\n".join(lines), update=False)
    made.update(log2=int(math.log2(POINTS)), bs=GRID)
    return float(made.q(0.5)), float(made.q(0.95)), float(made.q(0.99)), float(made.tvar(0.95))


def exact_run(p: Portfolio) -> tuple[float, float, float, float]:
    d = exact(p, grid=GRID, points=POINTS)
    return d.var(0.5), d.var(0.95), d.var(0.99), d.tvar(0.95)


def in_turns(
    ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int, each: int = 1
) -> tuple[float, float, float]:
    """Median seconds of both and the median ratio of the pairs, taking turns so that a busy moment
    hits both alike. `each` calls of ours make a turn, to have turns of similar length."""
    pairs = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(each):
            ours()
        middle = time.perf_counter()
        theirs()
        pairs.append(((middle - start) / each, time.perf_counter() - middle))
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )


def installed(package: str) -> bool:
    """Whether a contestant is here; says so when not."""
    found = importlib.util.find_spec(package) is not None
    if not found:
        print(f"{package}: not installed")
    return found


def row(name: str, size: str, ratio: float, limit: float, **extra: Any) -> Row:
    """A row whose ratio must not pass its limit."""
    found: dict[str, Any] = {
        "name": name,
        "size": size,
        "ratio": float(f"{ratio:.3g}"),
        "limit": float(f"{limit:.3g}"),
        "queries": None,
        "ok": ratio <= limit,
        **extra,
    }
    return cast(Row, found)


def simulate_rows(sizes: tuple[int, ...], with_pyfair: bool) -> list[Row]:
    p = portfolio(50, EVENTS)
    inputs = parameters(p)
    rows = []
    for years in sizes:
        ours = partial(simulate, p, years, 1)
        seconds, theirs, ratio = in_turns(ours, partial(floor, inputs, years, 1), 5, each=3)
        rows.append(
            row(
                "simulate / NumPy floor",
                f"{years:,} years",
                ratio,
                1.3,
                seconds=seconds,
                floor_seconds=theirs,
            )
        )
        if with_pyfair:
            rounds = 5 if years <= 200_000 else 1
            contestant = partial(pyfair_run, inputs, years, 1)
            seconds, theirs, ratio = in_turns(ours, contestant, rounds, each=10)
            rows.append(
                row(
                    "simulate / pyfair",
                    f"{years:,} years",
                    ratio,
                    1 / 15,
                    seconds=seconds,
                    floor_seconds=theirs,
                    note=f"{1 / ratio:.0f} × faster",
                )
            )
    return rows


def exact_rows() -> list[Row]:
    p = portfolio(50, EVENTS)
    inputs = parameters(p)
    ours, theirs, ratio = in_turns(partial(exact_run, p), partial(aggregate_run, inputs), 3, each=5)
    answers = zip(exact_run(p), aggregate_run(inputs), strict=True)
    off = max(abs(a / b - 1) for a, b in answers)
    size = f"{POINTS:,} points"
    return [
        row(
            "exact / aggregate, seconds",
            size,
            ratio,
            1 / 5,
            seconds=ours,
            floor_seconds=theirs,
            note=f"{1 / ratio:.0f} × faster",
        ),
        row(
            "exact - aggregate, relative",
            size,
            off,
            1e-3,
            note=f"{off:.1e}, largest of P50, P95, P99, TVaR95",
        ),
    ]


def memory_rows() -> list[Row]:
    rows = []
    for years in MEMORY_YEARS:
        done = subprocess.run(
            [sys.executable, "-m", "bench.quant_memory", str(years)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        peak, seconds = (float(x) for x in done.stdout.split())
        rows.append(
            row(
                "peak memory / 300 MB",
                f"{years:,} years",
                peak / 300,
                1.0,
                peak_mb=round(peak),
                seconds=seconds,
                note=f"{peak:.0f} MB, {seconds:.1f} s with every measure read",
            )
        )
    return rows


def run_rows() -> list[Row]:
    """A whole run of a register, every step in one process."""
    years = MEMORY_YEARS[-1]
    done = subprocess.run(
        [sys.executable, "-m", "bench.quant_memory", str(years), "run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    peak, seconds = (float(x) for x in done.stdout.split())
    return [
        row(
            "peak memory of a run / 400 MB",
            f"{years:,} years",
            peak / 400,
            1.0,
            peak_mb=round(peak),
            seconds=seconds,
            note=f"{peak:.0f} MB, {seconds:.1f} s, four risks before and after",
        )
    ]


def linear_rows() -> list[Row]:
    years, base = YEARS[0], portfolio(50, EVENTS)
    per_risk = EVENTS / 50
    reference = partial(simulate, base, years, 1)
    rows = []
    for count in RISKS:
        p = base if count == 50 else portfolio(count, per_risk * count)
        rounds = 5 if count < 1000 else 1
        seconds, _, ratio = in_turns(partial(simulate, p, years, 1), reference, rounds)
        events = per_risk * count * years
        rows.append(
            row(
                "cost an event / that of 50 risks",
                f"{count:,} risks",
                ratio * 50 / count,
                2.0,
                seconds=seconds,
                note=f"{seconds / events * 1e9:.1f} ns an event, {events:,.0f} events",
            )
        )
    return rows


def run(sizes: list[int] | None = None) -> list[Row]:
    """Rows of the benchmark; `sizes` are years of simulation."""
    rows = simulate_rows(tuple(sizes or YEARS), installed("pyfair"))
    if installed("aggregate"):
        rows += exact_rows()
    return rows + memory_rows() + run_rows() + linear_rows()


def main() -> int:
    from bench.__main__ import print_row

    rows = run([int(x) for x in sys.argv[1:]] or None)
    for found in rows:
        print_row(found)
    return 0 if all(found["ok"] for found in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
