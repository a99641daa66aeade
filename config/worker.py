"""The web server's worker: bounded, and what it refuses itself looks like every other refusal.

gunicorn's own reads a request, and works on it, in one of ``threads`` threads, while any number of
connections wait for one: whoever watches the system waits with all others. Here a few threads read
heads, and hand what they read to those that work (``riskreg.kernel.capacity``); what operators ask
has a thread of its own.
"""

import errno
import functools
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import responses
from typing import Any

from gunicorn import util
from gunicorn.http.errors import (
    LimitRequestHeaders,
    LimitRequestLine,
    NoMoreData,
    ParseException,
)
from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker

from config import capacity
from config.lingering import Lingering

_REFUSALS: tuple[tuple[type[Exception], int, str, str], ...] = (
    (LimitRequestLine, 414, "URI Too Long",
     "The address and its query take at most {line} bytes; ask with fewer filters at a time."),
    (LimitRequestHeaders, 431, "Request Header Fields Too Large",
     "At most {fields} headers of {field} bytes each are taken; send fewer or shorter ones."),
    (ParseException, 400, "Bad Request", "The request is not well-formed HTTP."),
)  # fmt: skip
# Threads that read heads. Nobody has one before the first bytes of a request are there.
_READERS = 8
# Places of what operators ask, with the one thread that answers it.
_WATCHED = ("/readyz", "/metrics")
_WATCHERS, _EACH_WATCHER = 8, 4
_HANDED_ON = object()
# How much of a body that nobody read is read away, and for how long: what the examples of proxies
# let through.
_UNREAD_BYTES, _UNREAD_SECONDS = 32 * 1024 * 1024, 5.0
# Of how many connections at once that have had their last answer.
_LINGERING = 256
# How long a process that stops waits for them: less than its supervisor waits for it.
_LAST_SECONDS = 2.0
_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN)


class Connection(TConn):  # type: ignore[misc] # gunicorn has no types
    """Ends without making the thread wait that accepts connections, as gunicorn's own does."""

    lingering: Lingering

    def close(self, graceful: bool = False) -> None:
        """Close it, ``graceful``: once the other side has heard all of its answer."""
        if graceful:
            self.lingering.close(self.sock)
        else:
            super().close()


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Takes as many requests at once as it has places, and answers every refusal in its form.

    What never reaches the application is answered with a problem document, or a page, in words.
    """

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """The readers; those who work stand beside, made in each process as this is."""
        from riskreg.kernel.capacity import Places

        threads = self.cfg.threads
        self.lingering = Lingering(
            seconds=_UNREAD_SECONDS, most_bytes=_UNREAD_BYTES, most=_LINGERING
        )
        self.places = Places(
            ThreadPoolExecutor(threads, "work").submit,
            threads=threads,
            most=capacity.places(),
            each=capacity.places_each(),
        )
        self.watching = Places(
            ThreadPoolExecutor(1, "watch").submit,
            threads=1,
            most=_WATCHERS,
            each=_EACH_WATCHER,
            counted=False,
        )
        return ThreadPoolExecutor(_READERS, "read")

    def run(self) -> None:
        """Until it is told to stop; who has had their answer a moment before still hears it."""
        super().run()
        self.lingering.wait_until_empty(_LAST_SECONDS)

    def accept(self, listener: socket.socket) -> None:
        """Take a connection; a reader is asked for once something comes by it."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                return
            raise
        self.nr_conns += 1
        conn = Connection(self.cfg, client, address, listener.getsockname())
        conn.lingering = self.lingering
        deferred: Future[Any] = Future()
        deferred.set_result(_DEFER)
        self.finish_request(conn, deferred)

    def enqueue_req(self, conn: Any) -> None:
        """Have a reader read what came; whoever answers it ends it."""
        answered: Future[Any] = Future()
        answered.add_done_callback(
            lambda future: self.method_queue.defer(self.finish_request, conn, future)
        )
        conn.answered = answered
        self.tpool.submit(self._read, conn)

    def _read(self, conn: Any) -> None:
        # ``handle`` comes to ``handle_request``, below, and to ``handle_error``.
        result = self.handle(conn)
        if result is not _HANDED_ON:
            conn.answered.set_result(result)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Called by a reader: hand it on, refuse it, or answer it where that costs nothing."""
        from riskreg.kernel.capacity import hashed_credential_or_network

        if req.path == "/healthz":
            return super().handle_request(req, conn)
        places = self.watching if req.path in _WATCHED else self.places
        request = _glance(req, conn)
        work = functools.partial(self._work, req, conn, super().handle_request)
        refused = places.run_in_turn_or_refuse(hashed_credential_or_network(request), work)
        if refused is None:
            return _HANDED_ON
        self._send(conn.sock, _too_busy(request, refused))
        return False

    def _keepalive_after(self, conn: Any, keepalive: Any) -> Any:
        """Whether the connection can be used again, which what the application left unread of a
        body must not stand in the way of. Closed upon it, the kernel resets the connection, and a
        proxy that is still sending takes that for a server that is away: whoever sent too much
        would read so instead of why it is refused."""
        if not keepalive or keepalive is _HANDED_ON:
            return keepalive
        end = time.monotonic() + _UNREAD_SECONDS
        return bool(conn.parser.finish_body(deadline=end, max_bytes=_UNREAD_BYTES))

    def _work(self, req: Any, conn: Any, answer: Callable[[Any, Any], Any]) -> None:
        """Answer it, and say whether its connection can be used again."""
        kept: Any = False
        try:
            kept = self._keepalive_after(conn, answer(req, conn))
        except (NoMoreData, StopIteration) as error:
            self.log.debug("Closing connection. %s", error)
        except OSError as error:
            if error.errno not in _GONE:
                self.log.exception("Socket error processing request.")
        except Exception as error:
            self.handle_error(req, conn.sock, conn.client, error)
        finally:
            conn.answered.set_result(kept)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Called for a request that could not be read; anything else goes its usual way."""
        for kind, status, reason, text in _REFUSALS:
            if isinstance(exc, kind):
                detail = text.format(
                    line=self.cfg.limit_request_line,
                    fields=self.cfg.limit_request_fields,
                    field=self.cfg.limit_request_field_size,
                )
                self._refuse(client, status, reason, detail, exc)
                return
        super().handle_error(req, client, addr, exc)

    def _refuse(
        self, client: socket.socket, status: int, reason: str, detail: str, exc: BaseException
    ) -> None:
        from riskreg.api.core.errors import problem
        from riskreg.kernel.middleware import HEADER, request_id_from

        response = problem(status, detail)
        response[HEADER] = name = request_id_from("")
        self.log.warning("Request %s could not be read: %s", name, exc)
        self._send(client, response, reason)

    def _send(self, client: socket.socket, response: Any, reason: str = "") -> None:
        """Write ``response`` to a connection that ends with it."""
        response["Connection"] = "close"
        response["Content-Length"] = str(len(response.content))
        head = "".join(f"{key}: {value}\r\n" for key, value in response.items())
        first = f"HTTP/1.1 {response.status_code} {reason or responses[response.status_code]}"
        try:
            util.write_nonblock(client, f"{first}\r\n{head}\r\n".encode() + response.content)
        except OSError:
            self.log.debug("The caller did not wait for the answer")


def _too_busy(request: Any, refused: Any) -> Any:
    """503 in the form of the face that was asked, with the name of the request."""
    from riskreg.api.core.errors import too_busy as of_api
    from riskreg.kernel.middleware import HEADER
    from riskreg.web.errors import too_busy as of_web

    answer = of_api if f"{request.path}/".startswith("/api/") else of_web
    response = answer(request, refused)
    response[HEADER] = request.id
    return response


def _glance(req: Any, conn: Any) -> Any:
    """What the head of a request says of who asks, as far as a refusal and its count need it."""
    from django.http import HttpRequest, parse_cookie

    from riskreg.kernel.middleware import request_id_from

    request = HttpRequest()
    request.method, request.path = req.method, req.path
    for name, value in req.headers:
        request.META[f"HTTP_{name.replace('-', '_')}"] = value
    # A socket in the file system has no address.
    request.META["REMOTE_ADDR"] = conn.client[0] if isinstance(conn.client, tuple) else ""
    request.COOKIES = parse_cookie(request.META.get("HTTP_COOKIE", ""))
    request.id = request_id_from(request.META.get("HTTP_X_REQUEST_ID", ""))  # type: ignore[attr-defined]
    return request
