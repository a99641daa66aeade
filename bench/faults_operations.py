"""Faults of production, one by one: ``python -m bench.faults_operations [--only NAME] [--quick]``.

Two hosts with a web server, a worker and a beat each, nginx before them, PgBouncer before
PostgreSQL, Valkey and a mail server (``bench.hosts``) work, while programs write under keys and
duties fall due. Programs are killed with -9 or frozen, the broker is emptied, disks are filled,
the clock is stepped. Of each fault it is looked at: which gauge told of it within a minute and was
well again afterwards, how long answers took and with which status, and whether what was answered
with 2xx is there, once. In the end every mail is held against what had to be told.

Prints a table. Exit code 1 when a promise was broken, 2 when the run could not be done. Needs no
set-up: everything lives in a temporary folder and on loopback ports, and is ended. Full disks are
5 MB in memory, and names that are lost files of the hosts' own: only root can mount these; without
that they are left out, and it says so.
"""

import argparse
import contextlib
import functools
import json
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.faults import FAULTS, Fault
from bench.faults_check import check
from bench.gauges import Gauges, Samples
from bench.hosts import DEAD_SECONDS, REGISTER, SWEEP_SECONDS, Hosts, two_hosts
from bench.writers import NO_ANSWER, Caller, Writers, counted

# How soon a gauge tells of a fault, and how soon after it was mended all is well.
TURNED_WITHIN, BACK_WITHIN = 60.0, 120.0
COMES_UP = 240.0


@dataclass
class Outcome:
    """What became of one fault; seconds are None for what never came."""

    fault: Fault
    turned: float | None = None
    back: float | None = None
    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    broken: list[str] = field(default_factory=list)


@dataclass
class Report:
    """All of it: outcomes in their order, what was kept, and what was broken in words."""

    outcomes: list[Outcome] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    counts: dict[str, object] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


def is_well(samples: Samples, hosts: Hosts) -> bool:
    """Whether every host tells that all is as it should be."""
    return len(samples) == len(hosts.hosts) and all(one.is_well() for one in samples.values())


def try_fault(
    fault: Fault, hosts: Hosts, gauges: Gauges, writers: Writers, say: Callable[[str], None]
) -> Outcome:
    """Bring it about, wait for its gauge, mend it, and wait until all is well."""
    found = Outcome(fault)
    hosts.seed()
    fault.prepare(hosts)
    began = time.monotonic()
    broken = fault.strike(hosts, writers.caller)
    found.broken += broken or []
    found.turned = gauges.until(fault.seen, TURNED_WITHIN, began)
    # What is broken for a moment alone is hardly met by anybody.
    time.sleep(max(0.0, fault.lasts - (time.monotonic() - began)))
    mended = time.monotonic()
    fault.mend(hosts)
    found.back = gauges.until(lambda samples: is_well(samples, hosts), BACK_WITHIN, mended)
    tidied = time.monotonic()
    fault.tidy(hosts)
    if gauges.until(lambda samples: is_well(samples, hosts), BACK_WITHIN, tidied) is None:
        found.broken.append("not well again afterwards")
    # Answers to what was asked before come in for a while.
    time.sleep(2.0)
    answers = writers.between(began, time.monotonic())
    found.statuses = Counter(one.status for one in answers)
    found.slowest = max((one.seconds for one in answers), default=0.0)
    if found.turned is None:
        found.broken.append(f"{fault.gauge} did not tell of it within {TURNED_WITHIN:.0f} s")
    if found.back is None:
        newest = {name: dict(one.checks) for name, one in gauges.newest.items()}
        found.broken.append(f"not well {BACK_WITHIN:.0f} s after it was mended: {newest}")
    if found.slowest > fault.slowest:
        found.broken.append(f"an answer took {found.slowest:.0f} s, more than {fault.slowest:.0f}")
    if wrong := set(found.statuses) - {200, 201, 503, NO_ANSWER}:
        found.broken.append(f"answered with {', '.join(map(str, sorted(wrong)))}")
    if not any(one.status == 201 for one in answers):
        found.broken.append("nobody could write again")
    say(f"  {fault.name}: told after {_seconds(found.turned)}, well after {_seconds(found.back)}")
    return found


def run(
    faults: Sequence[Fault], say: Callable[[str], None] = print, logs: str | None = None
) -> Report:
    """Do the whole run. Raises ``RuntimeError`` or ``FileNotFoundError`` when it cannot be done."""
    report = Report()
    with two_hosts() as hosts:
        gauges = Gauges(hosts.hosts)
        caller = Caller(hosts.secure, hosts.authority.root, hosts.token(), REGISTER)
        writers = Writers(caller)
        gauges.start()
        say("two hosts are coming up")
        if gauges.until(lambda samples: is_well(samples, hosts), COMES_UP) is None:
            words = "\n".join(f"--- {p.name}\n{p.last_words()}" for p in hosts.programs[2:])
            raise RuntimeError(f"the hosts did not come up: {gauges.newest}\n{words}")
        writers.start()
        try:
            for fault in faults:
                if fault.needs_disks and not hosts.disks:
                    report.left_out.append(f"{fault.name}: no disk of 5 MB can be mounted here")
                    continue
                if fault.needs_names and not hosts.names.can_be_lost:
                    report.left_out.append(f"{fault.name}: hosts cannot have names of their own")
                    continue
                report.outcomes.append(try_fault(fault, hosts, gauges, writers, say))
        finally:
            writers.stop()
            gauges.stop()
        _hold_to_promises(report, hosts, writers)
        if report.broken or any(one.broken for one in report.outcomes):
            for program in hosts.programs[2:]:
                say(f"--- {program.name}\n{program.last_words(500)}")
        if logs:
            for file in hosts.folder.rglob("*.log"):
                shutil.copy(file, logs)
    return report


def _hold_to_promises(report: Report, hosts: Hosts, writers: Writers) -> None:
    """Every act, every mail, every chain."""
    if left := hosts.settle(3 * SWEEP_SECONDS, DEAD_SECONDS * 2):
        report.broken.append(f"it did not become quiet: {left}")
    rows = hosts.ask("SELECT title, ref FROM risks_risk WHERE title LIKE 'Act %'")
    lost, doubled = counted(writers.kept, rows)
    report.counts |= {
        "acts answered with 2xx": len(writers.kept),
        "of them lost": len(lost),
        "acts done twice": len(doubled),
        "acts given up": writers.given_up,
    }
    if lost or doubled:
        report.broken.append(f"lost {lost[:5]}, done twice {doubled[:5]}")
    record = hosts.record(hosts.expected, hosts.kills)
    verdict = check(record)
    report.counts |= verdict.counts
    report.broken += verdict.violations
    try:
        hosts.run("manage.py", "verify_events")
    except RuntimeError as error:
        report.broken.append(str(error))


def show(report: Report) -> None:
    """Print the table, the counts, and what was broken."""
    print(f"\n{'fault':24} {'gauge':46} {'told':>6} {'well':>6} {'slowest':>8}  answers")
    for one in report.outcomes:
        answers = ", ".join(
            f"{count} x {status or 'none'}" for status, count in sorted(one.statuses.items())
        )
        print(
            f"{one.fault.name:24} {one.fault.gauge:46} {_seconds(one.turned):>6} "
            f"{_seconds(one.back):>6} {one.slowest:>6.1f} s  {answers}"
        )
    print()
    for name, count in report.counts.items():
        print(f"  {name:44} {count}")
    for text in report.left_out:
        print(f"LEFT OUT  {text}")
    broken = [f"{one.fault.name}: {text}" for one in report.outcomes for text in one.broken]
    for text in [*broken, *report.broken]:
        print(f"BROKEN  {text}")
    total = len(broken) + len(report.broken)
    print(f"{total} broken" if total else "all promises held")


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.0f} s"


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults_operations")
    names = [fault.name for fault in FAULTS]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME",
                        help=f"these faults alone: {', '.join(names)}")  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="those that are told within seconds")
    parser.add_argument("--logs", metavar="FOLDER", help="keep the logs of all programs there")
    parser.add_argument("--json", metavar="FILE", help="write the counts to this file as well")
    options = parser.parse_args()
    chosen = [
        fault
        for fault in FAULTS
        if fault.name in (options.only or names) and (fault.quick or not options.quick)
    ]
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        report = run(chosen, functools.partial(print, flush=True), options.logs)
    except (RuntimeError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 2
    show(report)
    if options.json:
        with contextlib.suppress(OSError), open(options.json, "w") as out:
            json.dump(report.counts, out)
    return 1 if report.broken or any(one.broken for one in report.outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
