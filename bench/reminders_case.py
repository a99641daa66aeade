"""One size on one database (``DATABASE_URL``), in a process of its own, as JSON on the last line.

``python -m bench.reminders_case seed SIZE``: fill the database. ``… select``: what has come to a
new rung is found by the engine and by hand, in turns. ``… sweep``: a whole sweep in a fresh
process: its peak of memory before and after, what it did and how long it took. ``… told REGISTERS``
fills it with what was told, ``… idle`` is a sweep in which nothing has moved.
"""

import json
import os
import sys
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
IDLE_SWEEPS = 5


def select() -> dict[str, Any]:
    """Seconds of both, the ratio, and how many rows both found."""
    from bench.reminders_seed import found_by_hand
    from bench.rows import beside
    from riskreg.duties.sources import SOURCES
    from riskreg.kernel import clock
    from riskreg.register.models import Register
    from riskreg.reminders.policy import DEFAULT_LADDER
    from riskreg.reminders.queries import rows_below_rung_in_batches

    now = clock.now()
    registers = list(Register.objects.order_by("pk"))
    source = SOURCES["risk.review"]

    def ours() -> list[Any]:
        found = []
        for register in registers:
            today = clock.local_date(now, register.time_zone)
            for batch in rows_below_rung_in_batches(source, register, today, DEFAULT_LADDER):
                found += [row.pk for row in batch]
        return found

    def floor() -> list[Any]:
        return [row[0] for register in registers for row in found_by_hand(register, now)]

    mine, theirs = ours(), floor()
    assert mine == theirs, f"the engine found {len(mine)} rows, by hand {len(theirs)}"
    return {"timing": beside(ours, floor, runs=15, budget=25), "found": len(mine)}


def sweep() -> dict[str, Any]:
    """Peak megabytes before and after one sweep, seconds, and what it did.

    SQLite's page cache is kept at two megabytes and maps nothing: how much of the file it holds is
    a setting, and would hide what the engine itself holds.
    """
    from django.db import connection

    from bench.quant_memory import peak_mb
    from riskreg.kernel import clock
    from riskreg.reminders.services import sweep as run

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size = -2000")
            cursor.execute("PRAGMA mmap_size = 0")
    before, started = peak_mb(), time.perf_counter()
    swept = run(clock.now())
    seconds = time.perf_counter() - started
    assert not swept.broken, f"{swept.broken} faults"
    return {
        "before": before,
        "peak": peak_mb(),
        "seconds": seconds,
        "moved": swept.moved,
        "digests": swept.digests,
    }


def idle() -> dict[str, Any]:
    """Statements, CPU here, wall time and peak of the sweep after one that left nothing to do."""
    from bench.counting import counting
    from bench.quant_memory import peak_mb
    from riskreg.kernel import clock
    from riskreg.reminders.models import Reminder
    from riskreg.reminders.services.recorded import sweep_and_record

    sweep_and_record(clock.now)
    costs, walls = [], []
    for _n in range(IDLE_SWEEPS):
        begun = time.perf_counter()
        with counting() as cost:
            swept = sweep_and_record(clock.now)
        walls.append(time.perf_counter() - begun)
        costs.append(cost)
        assert swept.moved == swept.digests == swept.broken == 0, swept
    return {
        "statements": max(cost.queries for cost in costs),
        "rows": max(cost.rows for cost in costs),
        "cpu": min(cost.cpu for cost in costs),
        "wall": min(walls),
        "peak": peak_mb(),
        "told": Reminder.objects.count(),
    }


def main() -> None:
    """Do what the command line says."""
    django.setup()
    what, *rest = sys.argv[1:]
    if what in ("seed", "told"):
        from django.core.management import call_command

        from bench.reminders_seed import seed, seed_told

        call_command("migrate", verbosity=0)
        {"seed": seed, "told": seed_told}[what](int(rest[0]))
        return
    print(json.dumps({"select": select, "sweep": sweep, "idle": idle}[what]()))


if __name__ == "__main__":
    main()
