"""``python -m bench [--only NAME[,NAME]] [--sizes 1000,10000]``: run, print a table, write JSON.

Exit code 1 when a ratio is over its limit. What is not installed is said and left out.
"""

import argparse
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

MODULES = (
    "register",
    "home",
    "demo",
    "reminders",
    "idle_sweep",
    "upgrade",
    "exchange",
    "quant",
    "analysis",
)


def main() -> int:
    """Run the chosen benchmarks; 0 if every ratio is within its limit."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default="", help=f"of: {', '.join(MODULES)}")
    parser.add_argument("--sizes", default="", help="comma-separated numbers of rows")
    options = parser.parse_args()
    only = [n for n in options.only.replace(" ", "").split(",") if n] or list(MODULES)
    unknown = sorted(set(only) - set(MODULES))
    if unknown:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(MODULES)}")
    try:
        sizes = [int(s) for s in options.sizes.replace("_", "").split(",") if s] or None
    except ValueError:
        parser.error("--sizes takes whole numbers, as in 1000,10000")
    rows: list[dict[str, Any]] = []
    for name in only:
        for found in importlib.import_module(f"bench.{name}").run(sizes):
            print_row(found)
            rows.append(dict(found))
    target = Path(os.environ.get("VAR_DIR", "var")) / "bench.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(rows, indent=1) + "\n")
    over = [r for r in rows if not r["ok"]]
    print(f"{len(rows)} measured, {len(over)} over their limit; written to {target}")
    return 1 if over else 0


def print_row(found: Any) -> None:
    """One line of the table."""
    limit = "      " if found["limit"] is None else f"≤ {found['limit']:<4}"
    queries = "" if found.get("queries") is None else f"{found['queries']} queries"
    seconds = found.get("seconds")
    floor = found.get("floor_seconds")
    measured = seconds is not None and floor is not None
    times = f"{seconds * 1e3:9.2f} / {floor * 1e3:9.2f} ms" if measured else ""
    print(
        f"{found['name']:34} {found['size']:>22} {found['ratio']:8.2f} {limit} {times:26} "
        f"{queries:11} {'ok' if found['ok'] else 'OVER'} {found.get('note', '')}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
