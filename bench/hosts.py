"""riskreg on two hosts, as docs/operators.md has it in production, for faults to be tried on.

PostgreSQL, PgBouncer in transaction mode before it, Valkey, a mail server; on each host a web
server, a worker and a beat with a VAR_DIR of their own; nginx before both. All on loopback ports,
in a folder that is removed, and ended by process id.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench import names, processes
from bench.outbox import Outbox
from bench.processes import Program
from bench.proxy import NAME, Authority, free_ports, nginx

METRICS_TOKEN = "for-the-collector-of-a-fault-run"
SWEEP_SECONDS, ROUND_SECONDS, LEASE_SECONDS = 5, 2, 25
# Standing still for so long counts as dead; a sign of life comes every half minute.
DEAD_SECONDS = 40
# Of a statement; a server that is frozen is left fifteen seconds later.
STATEMENT_SECONDS = 5
LIMITS = {
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "lock_timeout": "4s",
    "idle_in_transaction_session_timeout": "30s",
}
# The register of the first seeding, and one who may write in it.
REGISTER = "bench-000"
WRITER = f"owner-0-foton@{REGISTER}.example"


@dataclass(frozen=True)
class Host:
    """One machine: its folder, the port of its web server, and its three programs."""

    name: str
    folder: Path
    port: int
    web: Program
    worker: Program
    beat: Program


class Hosts(Outbox):
    """Everything that runs. ``duties`` and ``expected`` grow with each seeding."""

    def __init__(self, folder: Path, called: str = "ab") -> None:
        """Describe it all; nothing is started. Raises ``FileNotFoundError`` for what lacks."""
        super().__init__(folder / "mails.jsonl")
        self.folder = folder
        self.kills: Counter[str] = Counter()
        self.expected: dict[str, Any] = {
            "people": {}, "urgent": {}, "duties": {}, "reviews": {}, "silent": [],
        }  # fmt: skip
        self._registers = 0
        self.clock, self.evidence = folder / "clock", folder / "evidence"
        self.disks: list[Path] = []
        self.names = names.Names(folder)
        self.postgres = processes.Postgres()
        self.address = self.postgres.cluster.url
        try:
            self._make_disk(self.evidence)
            self._describe(called)
        except BaseException:
            self.remove()
            raise

    def _describe(self, called: str) -> None:
        self.valkey = processes.Valkey(self.folder, dict(os.environ), keeps=False)
        self.pooler = processes.Pooler(self.folder, self.address, connections=16)
        mail, self.plain, self.secure, *ports = free_ports(3 + len(called))
        self.sink = Program(
            "smtp-sink",
            [sys.executable, "-m", "bench.smtp_sink", str(mail), str(self.mails)],
            {**os.environ, "PYTHONPATH": str(processes.ROOT)},
            self.folder,
        )
        self.env = {
            **os.environ,
            "DEBUG": "0",
            "SECRET_KEY": "only-for-a-fault-run-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
            "ALLOWED_HOSTS": NAME,
            "BASE_URL": f"https://{NAME}",
            "TRUST_PROXY_HEADERS": "1",
            "DATABASE_URL": self.names.instead(self.pooler.url, names.DATABASE),
            "DATABASE_POOLER": "1",
            "DATABASE_STATEMENT_SECONDS": str(STATEMENT_SECONDS),
            "REDIS_URL": self.names.instead(self.valkey.url, names.BROKER),
            "EMAIL_URL": self.names.instead(f"smtp://127.0.0.1:{mail}", names.MAIL),
            "EVIDENCE_DIR": str(self.evidence),
            "READY_FREE_MB": "2",
            "BACKUP_HOURS": "0",
            "BACKUP_VERIFY_HOURS": "0",
            "SWEEP_SECONDS": str(SWEEP_SECONDS),
            "DELIVER_SECONDS": str(ROUND_SECONDS),
            "DELIVERY_LEASE_SECONDS": str(LEASE_SECONDS),
            "DELIVERY_MAX_ATTEMPTS": "200",
            "DELIVERY_CIRCUIT_SECONDS": "1",
            "ENGINE_DEAD_SECONDS": str(DEAD_SECONDS),
            "METRICS_TOKEN": METRICS_TOKEN,
            "WEB_WORKERS": "1",
            "LOG_LEVEL": "WARNING",
            "SECURITY_LOG": "off",
            "BENCH_CLOCK": str(self.clock),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(processes.ROOT),
        }
        # Commands speak to PostgreSQL itself: ``migrate`` has to. They know no names.
        self.direct = {
            **self.env, "DATABASE_URL": self.address, "DATABASE_POOLER": "0",
            "REDIS_URL": self.valkey.url, "EMAIL_URL": f"smtp://127.0.0.1:{mail}",
        }  # fmt: skip
        self.hosts = [self._host(name, port) for name, port in zip(called, ports, strict=True)]
        self.authority = Authority(self.folder)
        command = nginx(self.folder, ports, self.plain, self.secure, self.authority.keys())
        self.proxy = Program("proxy", command, dict(os.environ), self.folder)

    def _host(self, name: str, port: int) -> Host:
        folder = self.folder / f"host-{name}"
        if name == "a":
            folder.mkdir()
        else:
            self._make_disk(folder)
        env = {
            **self.env,
            "VAR_DIR": str(folder),
            "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
        }
        app = "bench.stepped"
        programs = [
            processes.web(f"web-{name}", port, env, self.folder, "bench.stepped_web"),
            processes.worker(f"worker-{name}", app, env, self.folder, 1),
            processes.beat(f"beat-{name}", app, env, folder),
        ]
        if self.names.can_be_lost:
            for program in programs:
                program.argv = self.names.own(program.argv)
        return Host(name, folder, port, *programs)

    def _make_disk(self, folder: Path) -> None:
        """A folder on a disk of 5 MB, where we may mount one; ``disks`` are those."""
        folder.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=5m,mode=700", "tmpfs", str(folder)]
        if os.geteuid() == 0 and sys.platform == "linux":
            done = subprocess.run(mount, check=False, capture_output=True)
            if not done.returncode:
                self.disks.append(folder)

    def remove(self) -> None:
        """Delete the cluster, and let go of the disks."""
        self.postgres.cluster.remove()
        for disk in self.disks:
            subprocess.run(["umount", "-l", str(disk)], check=False)
        self.disks.clear()

    @property
    def programs(self) -> list[Program]:
        """All of them, in the order in which they are started."""
        engine = [program for host in self.hosts for program in (host.web, host.worker, host.beat)]
        return [self.postgres, self.valkey, self.pooler, self.sink, *engine, self.proxy]

    def start(self) -> None:
        """Make the database and start everything; nothing is waited for but the servers below.

        Raises ``RuntimeError``.
        """
        self.postgres.cluster.start()
        self.postgres.cluster.create_database()
        self.run("manage.py", "migrate", "-v", "0")
        with psycopg.connect(self.address) as opened:
            for name, value in LIMITS.items():
                opened.execute(f"ALTER ROLE riskreg SET {name} = '{value}'".encode())
        self.valkey.start()
        self.pooler.start()
        for server in (self.valkey, self.pooler):
            if not processes.until(server.answers, 30):
                raise RuntimeError(f"{server.name} did not become ready: {server.last_words()}")
        self.seed()
        for program in self.programs[3:]:
            program.start()

    def run(self, *arguments: str) -> str:
        """What a command says that speaks to PostgreSQL itself. Raises ``RuntimeError``."""
        done = subprocess.run(
            [sys.executable, *arguments], cwd=processes.ROOT,
            env={**self.direct, "VAR_DIR": str(self.folder)}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments[:3])} failed: {done.stderr[-1500:]}")
        return done.stdout

    def seed(self, duties: int = 20, people: int = 12) -> None:
        """Make another register with duties that are due now, and expect what comes of it."""
        target = self.folder / "expected.json"
        self.run(
            "-m", "bench.faults_seed", str(target), "--duties", str(duties), "--people",
            str(people), "--seed", str(self._registers), "--first", str(self._registers),
            *(["--beside"] if self._registers else []),
        )  # fmt: skip
        self._registers += 1
        self.duties += duties
        for key, found in json.loads(target.read_text()).items():
            known = self.expected[key]
            if isinstance(known, list):
                known += found
            else:
                known.update(found)

    def token(self) -> str:
        """A token of one who may write in ``REGISTER``."""
        made = self.run("manage.py", "create_token", "--user", WRITER, "--scope", "write")
        return made.strip().splitlines()[-1]

    def kill(self, *programs: Program) -> None:
        """kill -9, counted: each may cost one mail a second time."""
        for program in programs:
            program.kill()
            self.kills[program.name] += 1

    def step_clock(self, seconds: float) -> None:
        """Let riskreg's clock be so much ahead everywhere; 0: right again."""
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(self.clock)

    def freeze(self, program: Program, *, on: bool) -> None:
        """SIGSTOP, or SIGCONT, for a program and all of its processes."""
        assert program.process is not None
        number = signal.SIGSTOP if on else signal.SIGCONT
        for pid in (program.process.pid, *processes.descendants(program.process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


@contextlib.contextmanager
def two_hosts() -> Iterator[Hosts]:
    """Both hosts in a temporary folder, started; all is ended and removed at the end.

    Raises ``RuntimeError`` and ``FileNotFoundError`` when they cannot be.
    """
    with tempfile.TemporaryDirectory(prefix="riskreg-hosts-") as name:
        hosts = Hosts(Path(name))
        try:
            with processes.ending(hosts.programs):
                hosts.start()
                yield hosts
        finally:
            hosts.remove()
