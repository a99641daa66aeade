"""Peak memory of one simulation in a process of its own: prints megabytes and seconds."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path


def main() -> None:
    from bench.quant import EVENTS, portfolio
    from riskreg.quant import simulate

    start = time.perf_counter()
    r = simulate(portfolio(50, EVENTS), int(sys.argv[1]), seed=1)
    # Everything one asks of a run, so that what the answers need is counted too.
    _ = (r.mean, r.sd, r.var(0.95), r.tvar(0.95), r.var_interval(0.99), r.exceedance(500.0))
    _ = (r.exceedance_curve(), r.contributions(0.95), r.digest)
    seconds = time.perf_counter() - start
    print(peak_mb(), seconds)


def peak_mb() -> float:
    """Highest resident memory of this process in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would report the parent's peak, which a forked child starts with.
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    # Not Linux: macOS counts bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


if __name__ == "__main__":
    main()
