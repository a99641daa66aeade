"""A private PostgreSQL cluster on a free loopback port for as long as a command runs.

``python tools/postgres.py COMMAND …`` runs the command with DATABASE_URL_POSTGRES set. The data
lives in a temporary folder and is removed at the end. Servers refuse to run as root, so as root
the cluster belongs to the system's ``postgres`` user.
"""

import contextlib
import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def find_bin() -> Path | None:
    """The folder with ``initdb`` and ``postgres`` of the newest version found; None without one."""
    on_path = shutil.which("initdb")
    if on_path and (Path(on_path).resolve().parent / "postgres").exists():
        return Path(on_path).resolve().parent
    versions = [
        path.parent
        for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")
        if (path.parent / "postgres").exists()
    ]
    return max(versions, key=lambda path: int(path.parent.name.split(".")[0]), default=None)


def account() -> tuple[int, int] | None:
    """User and group to run as: None for ourselves. ``KeyError`` when root has no postgres user."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("postgres")
    return entry.pw_uid, entry.pw_gid


def end_on_sigterm() -> None:
    """Make SIGTERM unwind the stack, so that what was started is stopped."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def _stop_with_parent() -> None:
    # PR_SET_PDEATHSIG: a fast shutdown even when we are killed outright.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)


class Cluster:
    """A private server in a temporary folder, on a free loopback port.

    ``durable``: what was committed survives ``kill``; otherwise the server is quick and forgetful.
    Only a crash of the machine itself would need more than that, so nothing waits for the disk.
    ``more`` are settings of it, as ``name=value``, from its next start on.
    Making one raises ``FileNotFoundError`` when there is no PostgreSQL, ``RuntimeError`` when it
    cannot be prepared.
    """

    def __init__(self, *, durable: bool = False) -> None:
        binaries = find_bin()
        if binaries is None:
            raise FileNotFoundError("no PostgreSQL server found (initdb, postgres)")
        try:
            ids = account()
        except KeyError as error:
            raise RuntimeError("as root, a user named postgres is needed") from error
        self.durable = durable
        self._ids = ids
        self.more: list[str] = []
        self.server: subprocess.Popen[bytes] | None = None
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="riskreg-postgres-"))
        self._password = secrets.token_urlsafe(18)
        self._as_user: dict[str, Any] = {"user": ids[0], "group": ids[1]} if ids else {}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        if ids:
            os.chown(self._folder, *ids)
        self._fill()

    def _fill(self) -> None:
        """Make its files. ``RuntimeError`` when that fails."""
        secret = self._folder / "password"
        secret.write_text(self._password)
        if self._ids:
            os.chown(secret, *self._ids)
        self._make(
            [str(self._binaries / "initdb"), "-D", str(self._folder / "data"), "-U", "riskreg",
             "--pwfile", str(secret), "--auth=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8",
             "--no-sync"],
        )  # fmt: skip

    def _make(self, command: list[str]) -> None:
        made = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=self._folder,
            env={**os.environ, "PGPASSWORD": self._password}, **self._as_user,
        )  # fmt: skip
        if made.returncode != 0:
            self.remove()
            raise RuntimeError(f"{Path(command[0]).name} failed: {made.stderr.strip()[-300:]}")

    def keep(self, file: Path) -> Path:
        """A copy of ``file`` that the server, and nobody else, can read."""
        kept = self._folder / file.name
        kept.touch(mode=0o600)
        kept.write_bytes(file.read_bytes())
        if self._as_user:
            os.chown(kept, self._as_user["user"], self._as_user["group"])
        return kept

    @property
    def log(self) -> str:
        """What the server has said so far."""
        return (self._folder / "log").read_text(errors="replace")

    @property
    def url(self) -> str:
        """The address of the database ``riskreg`` on it."""
        return f"postgres://riskreg:{self._password}@127.0.0.1:{self.port}/riskreg"

    def launch(self) -> None:
        """Start the server without waiting until it answers."""
        lax = [] if self.durable else ["full_page_writes=off", "synchronous_commit=off"]
        settings = ["unix_socket_directories=", "fsync=off", "max_connections=200", *lax,
                    *self.more]  # fmt: skip
        with (self._folder / "log").open("ab") as output:
            self.server = subprocess.Popen(
                [str(self._binaries / "postgres"), "-D", str(self._folder / "data"),
                 "-p", str(self.port), "-h", "127.0.0.1",
                 *(part for setting in settings for part in ("-c", setting))],
                stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=self._folder,
                start_new_session=True, preexec_fn=_stop_with_parent, **self._as_user,
            )  # fmt: skip

    def answers(self) -> bool:
        """Whether the server accepts connections. ``RuntimeError`` when it has ended."""
        if self.server is not None and self.server.poll() is not None:
            log = (self._folder / "log").read_text()[-300:]
            raise RuntimeError(f"PostgreSQL did not start: {log}")
        ready = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run([*ready, "-t", "1"], check=False).returncode == 0

    def start(self) -> None:
        """Start the server and wait until it answers; ``RuntimeError`` when it does not."""
        self.launch()
        for _ in range(60):
            if self.answers():
                return
            if self.server is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.server.wait(0.25)
        raise RuntimeError("PostgreSQL did not become ready")

    def create_database(self) -> None:
        """Make the database ``riskreg`` on the running server."""
        subprocess.run(
            [str(self._binaries / "createdb"), "-h", "127.0.0.1", "-p", str(self.port),
             "-U", "riskreg", "riskreg"],
            check=True, env={**os.environ, "PGPASSWORD": self._password},
        )  # fmt: skip

    def stop(self) -> None:
        """Stop the server in order, if it runs."""
        if self.server is not None and self.server.poll() is None:
            # SIGINT is PostgreSQL's fast shutdown: it ends sessions instead of waiting for them.
            self.server.send_signal(signal.SIGINT)
            try:
                self.server.wait(20)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()

    def remove(self) -> None:
        """Stop it and delete its folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


class Standby(Cluster):
    """A server that follows ``primary``, which has to run: it replays what is committed there."""

    def __init__(self, primary: Cluster) -> None:
        self._primary = primary
        super().__init__()

    def _fill(self) -> None:
        self._password = self._primary._password
        self._make(
            [str(self._binaries / "pg_basebackup"), "-D", str(self._folder / "data"),
             "-h", "127.0.0.1", "-p", str(self._primary.port), "-U", "riskreg", "-X", "stream",
             "--write-recovery-conf", "--checkpoint=fast", "--no-sync"],
        )  # fmt: skip


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """Start a cluster; yields its URL; stops and removes it at the end.

    Raises ``FileNotFoundError`` when there is no PostgreSQL, ``RuntimeError`` when it fails.
    """
    made = Cluster()
    try:
        made.start()
        made.create_database()
        yield made.url
    finally:
        made.remove()


def main() -> int:
    """Run the command given on the command line; its exit code."""
    end_on_sigterm()
    try:
        with cluster() as url:
            env = {**os.environ, "DATABASE_URL_POSTGRES": url}
            return subprocess.run(sys.argv[1:], check=False, env=env).returncode
    except (FileNotFoundError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
