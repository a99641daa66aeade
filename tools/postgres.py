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


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """Start a cluster; yields its URL; stops and removes it at the end.

    Raises ``FileNotFoundError`` when there is no PostgreSQL, ``RuntimeError`` when it fails.
    """
    binaries = find_bin()
    if binaries is None:
        raise FileNotFoundError("no PostgreSQL server found (initdb, postgres)")
    try:
        ids = account()
    except KeyError as error:
        raise RuntimeError("as root, a user named postgres is needed") from error
    folder = Path(tempfile.mkdtemp(prefix="riskreg-postgres-"))
    password = secrets.token_urlsafe(18)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secret = folder / "password"
    secret.write_text(password)
    as_user: dict[str, Any] = {}
    if ids:
        for path in (folder, secret):
            os.chown(path, *ids)
        as_user = {"user": ids[0], "group": ids[1]}
    data, log = str(folder / "data"), folder / "log"
    server: subprocess.Popen[bytes] | None = None
    try:
        made = subprocess.run(
            [str(binaries / "initdb"), "-D", data, "-U", "riskreg", "--pwfile", str(secret),
             "--auth=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=False, capture_output=True, text=True, cwd=folder, **as_user,
        )  # fmt: skip
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed: {made.stderr.strip()[-300:]}")
        with log.open("wb") as output:
            server = subprocess.Popen(
                [str(binaries / "postgres"), "-D", data, "-p", str(port), "-h", "127.0.0.1",
                 "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "full_page_writes=off",
                 "-c", "synchronous_commit=off", "-c", "max_connections=200"],
                stdout=output, stderr=output, stdin=subprocess.DEVNULL, cwd=folder,
                start_new_session=True, preexec_fn=_stop_with_parent, **as_user,
            )  # fmt: skip
        ready = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
        for _ in range(60):
            if server.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-300:]}")
            if subprocess.run(ready, check=False).returncode == 0:
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(0.25)
        else:
            raise RuntimeError("PostgreSQL did not become ready")
        subprocess.run(
            [
                str(binaries / "createdb"),
                "-h",
                "127.0.0.1",
                "-p",
                str(port),
                "-U",
                "riskreg",
                "riskreg",
            ],
            check=True,
            env={**os.environ, "PGPASSWORD": password},
        )
        yield f"postgres://riskreg:{password}@127.0.0.1:{port}/riskreg"
    finally:
        if server is not None and server.poll() is None:
            # SIGINT is PostgreSQL's fast shutdown: it ends sessions instead of waiting for them.
            server.send_signal(signal.SIGINT)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(folder, ignore_errors=True)


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
