"""Names of servers that nobody can resolve any more, for the programs of a fault run alone.

Each of these programs has ``/etc/hosts`` and ``/etc/resolv.conf`` of its own (a mount namespace),
so that the machine's own resolver answers them, as it does Python, libpq and every library: from
the one file, or not at all, as the other one names a server of names that is not there. Nothing is
asked beyond loopback. Only root can mount; without that servers are called by their address.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

DATABASE, BROKER, MAIL = (f"{name}.bench.example" for name in ("database", "broker", "mail"))
_LOOPBACK = "127.0.0.1"
_MOUNT = 'mount --bind "$0" /etc/hosts && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'


class Names:
    """The names that programs know which were made ``own``."""

    def __init__(self, folder: Path) -> None:
        self._hosts, self._resolver = folder / "hosts", folder / "resolv.conf"
        self._resolver.write_text(f"nameserver {_LOOPBACK}\noptions timeout:1 attempts:1\n")
        self.remember()
        self.can_be_lost = (
            sys.platform == "linux"
            and os.geteuid() == 0
            and not subprocess.run(self.own(["true"]), check=False, capture_output=True).returncode
        )

    def own(self, argv: Sequence[str]) -> list[str]:
        """The command, with files of names of its own; it stays one process."""
        apart = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _MOUNT]
        return [*apart, str(self._hosts), str(self._resolver), *argv]

    def instead(self, address: str, name: str) -> str:
        """``address``, with the name in place of the loopback address where names can be lost."""
        return address.replace(_LOOPBACK, name) if self.can_be_lost else address

    def forget(self, *names: str) -> None:
        """Let nobody resolve these any more."""
        known = [name for name in (DATABASE, BROKER, MAIL) if name not in names]
        # In place: another file would not be the one that is mounted.
        self._hosts.write_text(f"{_LOOPBACK} {' '.join(['localhost', *known])}\n")

    def remember(self) -> None:
        """Let all be resolved again."""
        self.forget()
