"""Where one system of ``manage.py up`` will be found, chosen before its settings are read.

The settings of a process do not change after they have been read. ``up`` forks its servers from
itself, with all code loaded, so what they are told by the environment must be there from its very
start: the port of the web server, the embedded broker's address, the folder of the counters.
"""

import argparse
import contextlib
import json
import os
import secrets
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PORT = 8000
# Where a running system says how it is reached, beside its data.
_RUNNING = "running.json"


@dataclass(frozen=True)
class Broker:
    """Where the embedded Valkey will listen, and what opens it."""

    port: int
    password: str

    @property
    def url(self) -> str:
        """Its address, for REDIS_URL."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


# Set by ``fill_in_missing_environment``, in the process that becomes ``up``.
broker: Broker | None = None
chosen = False


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def choose_broker_address() -> Broker:
    """A free port and a password of its own."""
    return Broker(free_port(), secrets.token_urlsafe(24))


def fill_in_missing_environment(arguments: Sequence[str]) -> None:
    """Put the addresses of the system that ``up`` with ``arguments`` starts into the environment.

    What the environment says already stands.
    """
    global broker, chosen
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    try:
        port = parser.parse_known_args(list(arguments))[0].port
    except argparse.ArgumentError:
        # The command itself says what is wrong.
        return
    os.environ.setdefault("BASE_URL", f"http://127.0.0.1:{port}")
    if not os.environ.get("REDIS_URL"):
        broker = choose_broker_address()
        os.environ["REDIS_URL"] = broker.url
    folder = _var_dir() / "metrics"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    chosen = True


@contextlib.contextmanager
def announce_while_running(var_dir: Path, base_url: str, redis_url: str) -> Iterator[None]:
    """Let commands that run beside this system know where it is, as long as it runs."""
    file = var_dir / _RUNNING
    text = json.dumps({"BASE_URL": base_url, "REDIS_URL": redis_url})
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)
        # With a password in it: for nobody but who owns the data beside it.
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)


def fill_environment_from_running_system() -> None:
    """Put the addresses of a system that runs on the same data into the environment of a command,
    so that it names pages where they are and wakes the worker at once.

    What the environment says already stands. A system that was killed leaves its addresses behind:
    they count for nothing where no broker listens.
    """
    if os.environ.get("REDIS_URL"):
        return
    try:
        known = json.loads((_var_dir() / _RUNNING).read_text())
        broker_at = urlsplit(str(known["REDIS_URL"]))
        with socket.create_connection((broker_at.hostname, broker_at.port), timeout=1):
            pass
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name in ("BASE_URL", "REDIS_URL"):
        os.environ.setdefault(name, str(known[name]))


def _var_dir() -> Path:
    return Path(os.environ.get("VAR_DIR") or _ROOT / "var")
