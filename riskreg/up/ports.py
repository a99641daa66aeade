"""Where one system of ``manage.py up`` will be found, chosen before its settings are read.

The settings of a process do not change after they have been read. ``up`` forks its servers from
itself, with all code loaded, so what they are told by the environment must be there from its very
start: the port of the web server, the embedded broker's address, the folder of the counters.
"""

import argparse
import contextlib
import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_PORT = 8000


@dataclass(frozen=True)
class Broker:
    """Where the embedded Valkey will listen, and what opens it."""

    port: int
    password: str

    @property
    def url(self) -> str:
        """Its address, for REDIS_URL."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


# Set by ``choose``, in the process that becomes ``up``.
broker: Broker | None = None
chosen = False


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_broker() -> Broker:
    """A free port and a password of its own."""
    return Broker(free_port(), secrets.token_urlsafe(24))


def choose(arguments: Sequence[str]) -> None:
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
        broker = new_broker()
        os.environ["REDIS_URL"] = broker.url
    folder = Path(os.environ.get("VAR_DIR") or _ROOT / "var") / "metrics"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    chosen = True
