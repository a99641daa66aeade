"""Programs that a fault run or a benchmark starts, kills outright and starts again.

Each is ended by its own process id; whatever is left when the run is over, is ended with it.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from riskreg.up import valkey
from riskreg.up.ports import free_port
from tools import postgres

ROOT = Path(__file__).resolve().parent.parent
PR_SET_PDEATHSIG = 1


def until(condition: Callable[[], bool], seconds: float, step: float = 0.1) -> bool:
    """Whether ``condition`` came true within ``seconds``; asked every ``step``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(step)
    return condition()


def descendants(pid: int) -> list[int]:
    """The process ids of everything that ``pid`` started, and of what those started."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    children: dict[int, list[int]] = {}
    for line in listed.splitlines():
        child, parent = (int(x) for x in line.split())
        children.setdefault(parent, []).append(child)
    found, open_ = [], [pid]
    while open_:
        below = children.get(open_.pop(), [])
        found += below
        open_ += below
    return found


def kill_tree(process: subprocess.Popen[bytes]) -> None:
    """kill -9 for a process and all its descendants, the eldest first, so that none restarts."""
    below = descendants(process.pid)
    for pid in (process.pid, *below):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait(30)
    # PostgreSQL refuses to start beside a child of the one before it.
    until(lambda: not any(_alive(pid) for pid in below), 10, 0.02)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Program:
    """One program that writes to a log in ``folder`` and may be killed and started again."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        env: dict[str, str],
        folder: Path,
        given: bytes = b"",
        root: Path = ROOT,
    ) -> None:
        self.name = name
        self.argv = list(argv)
        self.env = env
        self.log = folder / f"{name}.log"
        self.given = given
        self.root = root
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns at once."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.argv,
                cwd=self.root,
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        assert self.process.stdin is not None
        self.process.stdin.write(self.given)
        self.process.stdin.close()

    def kill(self) -> None:
        """kill -9, with its children."""
        if self.process is not None and self.process.poll() is None:
            kill_tree(self.process)

    def kill_child(self, pick: Callable[[list[int]], int]) -> bool:
        """kill -9 for one of its children alone; False when it has none."""
        below = descendants(self.process.pid) if self.process is not None else []
        if not below:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pick(below), signal.SIGKILL)
        return True

    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def last_words(self, size: int = 2000) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-size:] if self.log.exists() else ""


class Postgres(Program):
    """A PostgreSQL server whose commits outlive a kill."""

    def __init__(self) -> None:
        self.cluster = postgres.Cluster(durable=True)
        self.name = "postgresql"

    @property
    def process(self) -> subprocess.Popen[bytes] | None:  # type: ignore[override]
        """The server's first process."""
        return self.cluster.server

    def start(self) -> None:
        """Start it; returns at once."""
        self.cluster.launch()

    def answers(self) -> bool:
        """Whether it accepts connections."""
        return self.cluster.answers()


class Valkey(Program):
    """The embedded Valkey, as ``manage.py up`` runs it; ``keeps``: with an append-only file."""

    def __init__(self, folder: Path, env: dict[str, str], *, keeps: bool) -> None:
        described = valkey.describe_embedded(folder)
        given = described.program.stdin
        if keeps:
            given = given.replace(b"appendonly no", b"appendonly yes\nappendfsync everysec")
        super().__init__("valkey", described.program.argv, env, folder, given)
        self.url = described.url
        self.answers = described.answers


def find_server(name: str) -> str | None:
    """The path of a server program, also where only root looks for it; None without it."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


class Pooler(Program):
    """PgBouncer in transaction mode before the database of ``address``.

    Each transaction goes to the next connection in turn, so that whoever relies on having the same
    one twice fails at once, and not on a busy day alone. ``more`` are lines of its configuration.
    Making one raises ``FileNotFoundError`` when it is not installed.
    """

    def __init__(self, folder: Path, address: str, connections: int = 8, more: str = "") -> None:
        program = find_server("pgbouncer")
        if program is None:
            raise FileNotFoundError("no PgBouncer found")
        parts, self.port = urlsplit(address), free_port()
        name = parts.path.removeprefix("/")
        users, config = folder / "pooler-users.txt", folder / "pooler.ini"
        users.write_text(f'"{parts.username}" "{parts.password}"\n')
        config.write_text(
            f"[databases]\n{name} = host={parts.hostname} port={parts.port} dbname={name}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\n"
            f"unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {users}\n"
            f"pool_mode = transaction\nserver_round_robin = 1\nmax_client_conn = 500\n"
            f"default_pool_size = {connections}\nmin_pool_size = {connections}\n"
            # A server that went away is asked again at once, and nobody waits for it for minutes.
            f"server_login_retry = 1\nserver_connect_timeout = 5\nquery_wait_timeout = 10\n{more}"
        )
        # It refuses to run as root.
        run_as = ["-u", "postgres"] if os.geteuid() == 0 else []
        super().__init__("pooler", [program, *run_as, str(config)], dict(os.environ), folder)
        self.url = parts._replace(
            netloc=f"{parts.username}:{parts.password}@127.0.0.1:{self.port}"
        ).geturl()

    def answers(self) -> bool:
        """Whether it accepts connections."""
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        return False


def web(
    name: str, port: int, env: dict[str, str], folder: Path, app: str = "config.wsgi"
) -> Program:
    """A web server on that loopback port, with the project's own settings of it."""
    argv = [sys.executable, "-m", "gunicorn", f"{app}:application", "-c", "config/gunicorn.py"]
    return Program(name, [*argv, "--bind", f"127.0.0.1:{port}"], env, folder)


def worker(name: str, app: str, env: dict[str, str], folder: Path, processes: int) -> Program:
    """A Celery worker with that many processes."""
    argv = [sys.executable, "-m", "celery", "-A", app, "worker", "-c", str(processes)]
    more = ["-l", "INFO", "--without-gossip", "--without-mingle", "-n", f"{name}@localhost"]
    return Program(name, [*argv, *more], env, folder)


def beat(name: str, app: str, env: dict[str, str], folder: Path) -> Program:
    """A Celery beat with a schedule file of its own."""
    argv = [sys.executable, "-m", "celery", "-A", app, "beat", "-l", "INFO", "--pidfile="]
    return Program(name, [*argv, "-s", str(folder / f"schedule-{name}")], env, folder)


@contextlib.contextmanager
def ending(programs: list[Program]) -> Iterator[None]:
    """End all ``programs`` at the end, the newest first, whatever happens in between."""
    try:
        yield
    finally:
        for program in reversed(programs):
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                program.kill()
