"""A fault run over the reminder engine: ``python -m bench.faults_reminders [options]``.

Two thousand duties fall due while Celery workers, beats, Valkey and PostgreSQL are killed with -9
at random and started again, and the mail server drops connections, delays, refuses and takes mails
without answering. Then everything is mended, and when it has become quiet, every promise is held
against what the mail server took and what the rows say: everybody got their digest, it names
everything, nothing is told twice but for at most one mail per kill, under the same Message-ID.

Prints the counts; exit code 1 when a promise was broken, 2 when the run itself could not be done.
Needs no set-up: everything lives in a temporary folder and on loopback ports, and is ended.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import processes
from bench.faults_check import Record, Verdict, check
from bench.outbox import Outbox, sink_counts
from riskreg.up.ports import free_port

APP = "bench.celery_app"
# How often what is killed; a child is one process of a worker, which the worker then replaces.
TARGETS = {"worker": 8, "worker child": 3, "beat": 4, "valkey": 4, "postgresql": 5}
# Seconds between two kills at least, and when nothing at all gets done.
BETWEEN_KILLS, AT_MOST = (0.3, 3.0), 30.0
DOWN = (0.1, 2.5)
FAULTS = {"drop": 0.05, "refuse": 0.05, "lose": 0.03, "delay": 0.5, "longest": 0.6}


@dataclass(frozen=True)
class Plan:
    """What to do: how much falls due, what is killed how often, how long it may take at most.

    ``lease``, ``sweep`` and ``round`` are seconds: of one sender's claim, between two sweeps, and
    between two rounds of deliveries.
    """

    duties: int = 2000
    people: int = 500
    kills: int = 40
    minutes: float = 10.0
    seed: int = 1
    database: str = "postgres"
    persistence: bool = False
    workers: int = 2
    processes: int = 2
    lease: int = 25
    sweep: int = 5
    round: int = 2
    say: Callable[[str], None] = print


class Stage(Outbox):
    """Everything that runs, and a look into its rows."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        super().__init__(folder / "mails.jsonl")
        self.plan = plan
        self.folder = folder
        self.chance = random.Random(plan.seed)
        self.kills: Counter[str] = Counter()
        self.programs: list[processes.Program] = []
        self.restart_at: list[tuple[float, processes.Program]] = []
        self.fallen: Counter[str] = Counter()
        self.postgres: processes.Postgres | None = None

    # Setting up --------------------------------------------------------------------------------

    def start(self) -> dict[str, Any]:
        """Start the servers, fill the database, then start workers and beats.

        Returns what is expected.
        """
        plan = self.plan
        if plan.database == "postgres":
            self.postgres = processes.Postgres()
            self.programs.append(self.postgres)
            self.postgres.cluster.start()
            self.postgres.cluster.create_database()
            address = self.postgres.cluster.url
        else:
            address = f"sqlite:///{self.folder / 'faults.sqlite3'}"
        self.address, self.duties = address, plan.duties
        port = free_port()
        valkey = processes.Valkey(self.folder, dict(os.environ), keeps=plan.persistence)
        self.env = {
            **os.environ,
            "VAR_DIR": str(self.folder),
            "DATABASE_URL": address,
            "REDIS_URL": valkey.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
            "SWEEP_SECONDS": str(plan.sweep),
            "DELIVER_SECONDS": str(plan.round),
            "DELIVERY_LEASE_SECONDS": str(plan.lease),
            # Far more than faults can use up: here a mail that is given up is a mail lost.
            "DELIVERY_MAX_ATTEMPTS": "200",
            "DELIVERY_CIRCUIT_SECONDS": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(processes.ROOT),
            "LOG_LEVEL": "WARNING",
        }
        self._run(["manage.py", "migrate", "-v", "0"])
        target = self.folder / "expected.json"
        self._run(
            ["-m", "bench.faults_seed", str(target), "--duties", str(plan.duties),
             "--people", str(plan.people), "--seed", str(plan.seed)]
        )  # fmt: skip
        faults = [part for name, value in FAULTS.items() for part in (f"--{name}", str(value))]
        self.sink = processes.Program(
            "smtp-sink",
            [sys.executable, "-m", "bench.smtp_sink", str(port), str(self.mails),
             "--seed", str(plan.seed), *faults],
            self.env, self.folder,
        )  # fmt: skip
        names = [f"{kind}{n}" for kind, number in (("worker", plan.workers), ("beat", 2))
                 for n in range(1, number + 1)]  # fmt: skip
        celery = [
            processes.worker(name, APP, self.env, self.folder, plan.processes)
            if name.startswith("worker")
            else processes.beat(name, APP, self.env, self.folder)
            for name in names
        ]
        for program in (self.sink, valkey, *celery):
            program.start()
            self.programs.append(program)
        if not processes.until(lambda: bool(valkey.answers()), 10):
            raise RuntimeError("Valkey did not become ready")
        expected = dict(json.loads(target.read_text()))
        self.messages = len(expected["people"]) + len(expected["urgent"])
        return expected

    def _run(self, arguments: list[str]) -> None:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=processes.ROOT, env=self.env, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments[:3])} failed: {done.stderr[-1500:]}")

    # Breaking and mending ----------------------------------------------------------------------

    def wreck(self) -> None:
        """Kill at random until the plan is done, the time is up, or there is no work left.

        The kills are spread over the work and not over time, so that a slow machine sees them at
        every step of it as a quick one does: ladders, digests, mails.
        """
        started = last_kill = next_word = time.monotonic()
        step, pause, goal = 2 / self.plan.kills, self.chance.uniform(*BETWEEN_KILLS), 0.0
        while sum(self.kills.values()) < self.plan.kills:
            now = time.monotonic()
            if now - started > self.plan.minutes * 60:
                break
            self._restart_fallen()
            self._restart_due()
            if now - last_kill >= pause:
                done = self._done()
                if done is not None and done >= 1 and self._over():
                    self.plan.say("nothing is left to do: no more kills")
                    break
                if now - last_kill >= AT_MOST or (done is not None and done >= goal):
                    self._kill_one()
                    goal = (goal if done is None else done) + self.chance.uniform(0, step)
                    last_kill, pause = now, self.chance.uniform(*BETWEEN_KILLS)
            if now >= next_word:
                next_word = now + 15
                self.plan.say(f"  {sum(self.kills.values())} kills, {self.taken()} mails taken")
            time.sleep(0.1)

    def _over(self) -> bool:
        """Whether nothing is left to do; while the database is down one cannot know."""
        try:
            return not self.open_work()
        except Exception:
            return False

    def _done(self) -> float | None:
        """The share of the work that is done, 0 to 1; None while the database is down."""
        try:
            moved, written = self.ask(
                "SELECT (SELECT count(*) FROM reminders_reminder WHERE state <> 'skipped'), "
                "(SELECT count(*) FROM notify_message)"
            )[0]
        except Exception:
            return None
        shares = (
            moved / self.plan.duties,
            written / self.messages,
            self.taken() / self.messages,
        )
        return sum(min(1.0, share) for share in shares) / len(shares)

    def _kill_one(self) -> None:
        weights = {
            kind: weight
            for kind, weight in TARGETS.items()
            if kind != "postgresql" or self.postgres is not None
        }
        kind = self.chance.choices(list(weights), list(weights.values()))[0]
        may_receive = [
            p for p in self.programs if p.name.startswith(kind.split()[0]) and p.running()
        ]
        if not may_receive:
            return
        program = self.chance.choice(may_receive)
        if kind == "worker child":
            self.kills[kind] += program.kill_child(self.chance.choice)
            return
        program.kill()
        self.kills[kind] += 1
        self.restart_at.append((time.monotonic() + self.chance.uniform(*DOWN), program))

    def _restart_fallen(self) -> None:
        """Do what whatever supervises them does: a worker may give up when its broker dies."""
        down = [program for _when, program in self.restart_at]
        for program in self.programs:
            if program not in down and not program.running():
                self.fallen[program.name] += 1
                when = time.monotonic() + self.chance.uniform(*DOWN)
                self.restart_at.append((when, program))

    def _restart_due(self, at_once: bool = False) -> None:
        for when, program in list(self.restart_at):
            if at_once or time.monotonic() >= when:
                self.restart_at.remove((when, program))
                program.start()

    def mend(self) -> None:
        """Start whatever is down and let the mail server behave."""
        self._restart_due(at_once=True)
        for program in self.programs:
            if not program.running():
                program.start()
        if self.postgres is not None and not processes.until(self.postgres.answers, 30):
            raise RuntimeError("PostgreSQL did not come back")
        self.sink.signal(signal.SIGUSR1)


@contextlib.contextmanager
def staged(plan: Plan) -> Iterator[Stage]:
    """A stage in a temporary folder; everything on it is ended and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="riskreg-faults-") as folder:
        stage = Stage(plan, Path(folder))
        try:
            with processes.ending(stage.programs):
                yield stage
        finally:
            if stage.postgres is not None:
                stage.postgres.cluster.remove()


def run(plan: Plan) -> tuple[Verdict, Record]:
    """Do the whole run. Raises ``RuntimeError`` when it cannot be done."""
    with staged(plan) as stage:
        plan.say(
            f"{plan.duties} duties, {plan.workers} workers of {plan.processes} processes, 2 beats, "
            f"{plan.database}, Valkey with persistence {'on' if plan.persistence else 'off'}, "
            f"seed {plan.seed}"
        )
        expected = stage.start()
        plan.say(f"{len(expected['people'])} people have something due; killing begins")
        started = time.monotonic()
        stage.wreck()
        stage.mend()
        plan.say(f"mended after {time.monotonic() - started:.0f} s; waiting until it is quiet")
        for name, times in sorted(stage.fallen.items()):
            plan.say(f"{name} had ended by itself and was started again: {times} times")
        left = stage.settle(3 * plan.sweep)
        record = stage.record(expected, stage.kills)
        record.sink = sink_counts(stage.sink, stage.mails)
        verdict = check(record)
        if left:
            verdict.violations.append(f"it did not become quiet: {left}")
            for program in stage.programs:
                if program.name.startswith("worker"):
                    plan.say(f"--- {program.name}\n{program.last_words()}")
        verdict.counts["seconds"] = round(time.monotonic() - started)
        return verdict, record


def show(verdict: Verdict, record: Record) -> None:
    """Print the counts as a table, and what was violated."""
    for name, count in verdict.counts.items():
        more = ""
        facts = {"kills": record.kills, "mails taken by the server": record.sink}.get(name)
        if facts:
            more = "  (" + ", ".join(f"{k} {n}" for k, n in sorted(facts.items())) + ")"
        print(f"  {name:44} {count:>8}{more}" if isinstance(count, int) else f"  {name:44} {count}")
    for violation in verdict.violations:
        print(f"BROKEN  {violation}")
    print("all promises held" if not verdict.violations else f"{len(verdict.violations)} broken")


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults_reminders", description=__doc__)
    parser.add_argument("--duties", type=int, default=Plan.duties)
    parser.add_argument("--people", type=int, default=Plan.people)
    parser.add_argument("--kills", type=int, default=Plan.kills)
    parser.add_argument("--minutes", type=float, default=Plan.minutes, help="of kills at most")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--database", choices=["postgres", "sqlite"], default=Plan.database)
    parser.add_argument("--persistence", action="store_true", help="Valkey keeps a file")
    parser.add_argument("--keep", type=Path, help="write what was recorded to this file")
    given = vars(parser.parse_args())
    keep = given.pop("keep")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        verdict, record = run(Plan(**given))
    except (RuntimeError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 2
    show(verdict, record)
    if keep:
        keep.write_text(json.dumps(vars(record)))
    return 1 if verdict.violations else 0


if __name__ == "__main__":
    sys.exit(main())
