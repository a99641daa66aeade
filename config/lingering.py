"""Connections that have had their last answer, until whoever asked has let go of them.

A connection that is closed upon bytes nobody read is reset by the kernel, and the answer is lost on
its way: a proxy that is still sending takes that for a server that is away, and says so to somebody
whom the server has told something else. So the side that answers is closed first, and what still
comes is read away, by one thread for all of them: nobody waits for them, least of all whoever
accepts the next connection.
"""

import contextlib
import queue
import selectors
import socket
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

_PIECE = 64 * 1024


@dataclass
class _Left:
    until: float
    bytes_: int


class Lingering:
    """Closes connections once the other side has, at the latest after ``seconds``, ``most_bytes``.

    It holds ``most`` of them at once: the one that has had longest makes room for another.
    """

    def __init__(self, *, seconds: float, most_bytes: int, most: int) -> None:
        self._seconds, self._most_bytes, self._most = seconds, most_bytes, most
        self._new: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._woken, selectors.EVENT_READ)
        # In the order of their ends, as all of them have the same time.
        self._left: OrderedDict[socket.socket, _Left] = OrderedDict()
        threading.Thread(target=self._run, name="linger", daemon=True).start()

    def close(self, connection: socket.socket) -> None:
        """Say that nothing more will be said, and close it when its time has come."""
        try:
            connection.setblocking(False)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            # The other side has gone already.
            connection.close()
            return
        self._new.put(connection)
        # A full pipe wakes as well as one more byte in it.
        with contextlib.suppress(BlockingIOError):
            self._wake.send(b"\0")

    def wait_until_empty(self, seconds: float) -> None:
        """Give those that are held the time to end, no longer than ``seconds``."""
        end = time.monotonic() + seconds
        while (self._left or not self._new.empty()) and time.monotonic() < end:
            time.sleep(0.02)

    def _run(self) -> None:
        while True:
            for key, _events in self._selector.select(self._seconds_to_next_end_or_none()):
                if key.fileobj is self._woken:
                    self._take_new()
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._left:
                    self._read(key.fileobj)
            now = time.monotonic()
            while self._left and next(iter(self._left.values())).until <= now:
                self._end(next(iter(self._left)))

    def _seconds_to_next_end_or_none(self) -> float | None:
        if not self._left:
            return None
        return max(0.0, next(iter(self._left.values())).until - time.monotonic())

    def _take_new(self) -> None:
        self._woken.recv(4096)
        while True:
            try:
                connection = self._new.get_nowait()
            except queue.Empty:
                return
            if len(self._left) >= self._most:
                self._end(next(iter(self._left)))
            self._left[connection] = _Left(time.monotonic() + self._seconds, self._most_bytes)
            self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        try:
            came = len(connection.recv(_PIECE))
        except BlockingIOError:
            return
        except OSError:
            came = 0
        left = self._left[connection]
        left.bytes_ -= came
        if not came or left.bytes_ <= 0:
            self._end(connection)

    def _end(self, connection: socket.socket) -> None:
        del self._left[connection]
        self._selector.unregister(connection)
        connection.close()
