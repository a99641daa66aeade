"""Peak memory of one simulation in a process of its own: prints megabytes and seconds.

`python -m bench.quant_memory YEARS` simulates; with `run` after it, a whole run of a register.
"""

from __future__ import annotations

import resource
import sys
import time
import uuid
from pathlib import Path


def run_of_a_register(years: int, chunks: int) -> None:
    """Every step of a run of four risks with a plan, in this process."""
    from riskreg.quant import (
        EffectInput,
        ExposureInput,
        MitigationInput,
        Quantity,
        RunInputs,
        run_register,
    )

    names = [str(uuid.uuid5(uuid.NAMESPACE_URL, f"risk {k}")) for k in range(4)]
    often = Quantity("pert", low=0.1, likely=0.2, high=0.6)
    works = Quantity("pert", low=0.3, likely=0.5, high=0.9)
    plan = MitigationInput(
        str(uuid.uuid5(uuid.NAMESPACE_URL, "plan")), (EffectInput(names[0], "severity", works),)
    )
    inputs = RunInputs(
        exposures=tuple(
            ExposureInput(name, Quantity("lognormal", low=1, high=20), rate=often) for name in names
        ),
        mitigations=(plan,),
        planned=(plan.id,),
        seed=1,
        years=years,
        paths=100_000,
        start=2026,
        end=2035,
    )
    _ = run_register(inputs, chunks).digest


def main() -> None:
    from bench.quant import EVENTS, portfolio
    from riskreg.quant import simulate

    if sys.argv[2:] == ["run"]:
        begun = time.perf_counter()
        run_of_a_register(int(sys.argv[1]), chunks=16)
        print(peak_mb(), time.perf_counter() - begun)
        return
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
