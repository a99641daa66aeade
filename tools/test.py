"""Run the whole suite on SQLite and again on PostgreSQL, and say plainly what was left out.

PostgreSQL is DATABASE_URL_POSTGRES, or a private cluster where a server is installed. With
REQUIRE_ALL=1 anything that was left out is a failure. Arguments go to pytest; ``ON=sqlite`` or
``ON=postgresql`` in the environment keeps to one database; SECOND names the folders of tests that
are run on the second one (none: all); SHUFFLE is the seed of another order. With COVERAGE=1 the run
on SQLite is traced, line by line and branch by branch, with COVERAGE=probes it is probed, and held
against the floor in pyproject.toml (``tools/measure.py``).
"""

import contextlib
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import measure
import postgres

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "var" / "tests"
NO_TESTS = 5


def run(
    name: str, database_url: str, marks: str, arguments: list[str], *, beside: str
) -> tuple[int, Counter[str]]:
    """One run on one database, ``beside`` an earlier one: pytest's exit code, and how many tests
    were skipped per reason."""
    report = RESULTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    environment = {**os.environ, "DATABASE_URL": database_url}
    if not database_url:
        environment.pop("DATABASE_URL")
    # Tests choose their own broker; one from outside would receive the tests' tasks.
    environment.pop("REDIS_URL", None)
    # What both databases do alike was looked for in full on the first (tests/amounts.py).
    environment["RISKREG_TESTS_BESIDE"] = beside
    # The tests of one group share a server or a browser, so that is the unit of distribution.
    command = [
        sys.executable,
        *(measure.PREFIX if measure.wanted(name) else []),
        "-m",
        "pytest",
        f"--junitxml={report}",
        "-n",
        str(os.cpu_count() or 2),
        "--dist=loadgroup",
        *(measure.PROBES if measure.probes_wanted(name) else []),
    ]
    if marks:
        command += ["-m", marks]
    if seed := os.environ.get("SHUFFLE", ""):
        command += ["--shuffle", seed]
    print(f"\n== tests on {name} ==", flush=True)
    code = subprocess.run([*command, *arguments], cwd=ROOT, env=environment, check=False).returncode
    skipped: Counter[str] = Counter()
    if report.exists():
        for case in ElementTree.parse(report).iter("skipped"):
            skipped[(case.get("message") or "no reason given")[:200]] += 1
    return code, skipped


def main() -> int:
    """Run what can be run; 0 when all of it passed (and, with REQUIRE_ALL, nothing was missing)."""
    postgres.end_on_sigterm()
    arguments = sys.argv[1:]
    only = os.environ.get("ON", "")
    RESULTS.mkdir(parents=True, exist_ok=True)
    left_out: list[str] = []
    codes: dict[str, int] = {}
    under = False
    with contextlib.ExitStack() as stack:
        url = os.environ.get("DATABASE_URL_POSTGRES", "")
        if not url and only != "sqlite":
            try:
                url = stack.enter_context(postgres.cluster())
            except (FileNotFoundError, RuntimeError) as error:
                left_out.append(f"every test on PostgreSQL: {error}")
        if url:
            os.environ["DATABASE_URL_POSTGRES"] = url
        targets = [("sqlite", "")] + ([("postgresql", url)] if url else [])
        for name, database_url in targets:
            if only and only != name:
                left_out.append(f"every test on {name}: ON={only}")
                continue
            # What brings its own database, or needs none, is run in the first of the two alone.
            marks = "not postgres" if name == "sqlite" else "not once" if "sqlite" in codes else ""
            if measure.wanted(name) or measure.probes_wanted(name):
                measure.erase()
            beside = next(iter(codes), "")
            asked = arguments or (os.environ.get("SECOND", "").split() if beside else [])
            code, skipped = run(name, database_url, marks, asked, beside=beside)
            codes[name] = code
            if measure.wanted(name) and code != NO_TESTS:
                under = not measure.reaches_floor(part=bool(arguments))
            if measure.probes_wanted(name) and code != NO_TESTS:
                under = not measure.probes_reach_floor(part=bool(arguments))
            left_out += [f"{count} on {name}: {why}" for why, count in skipped.items()]
    failed = [name for name, code in codes.items() if code not in (0, NO_TESTS)]
    failed += ["coverage"] if under else []
    if all(code == NO_TESTS for code in codes.values()):
        failed = list(codes) or ["everything"]
    print("\nLeft out: " + ("nothing" if not left_out else ""))
    for line in left_out:
        print(f"  {line}")
    if failed:
        print(f"Failed on: {', '.join(failed)}")
        return 1
    if left_out and os.environ.get("REQUIRE_ALL"):
        print("REQUIRE_ALL is set: what was left out counts as a failure")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
