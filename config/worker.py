"""The web server's worker: what it refuses itself looks like every other refusal."""

import socket
from typing import Any

from gunicorn import util
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.workers.gthread import ThreadWorker

_REFUSALS: tuple[tuple[type[Exception], int, str, str], ...] = (
    (LimitRequestLine, 414, "URI Too Long",
     "The address and its query take at most {line} bytes; ask with fewer filters at a time."),
    (LimitRequestHeaders, 431, "Request Header Fields Too Large",
     "At most {fields} headers of {field} bytes each are taken; send fewer or shorter ones."),
    (ParseException, 400, "Bad Request", "The request is not well-formed HTTP."),
)  # fmt: skip


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Answers what never reaches the application with a problem document, not with HTML."""

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
        import uuid

        from riskreg.api.core.errors import problem
        from riskreg.kernel.middleware import HEADER

        name = str(uuid.uuid4())
        self.log.warning("Request %s could not be read: %s", name, exc)
        response = problem(status, detail)
        response[HEADER] = name
        response["Connection"] = "close"
        response["Content-Length"] = str(len(response.content))
        head = "".join(f"{key}: {value}\r\n" for key, value in response.items())
        try:
            util.write_nonblock(
                client, f"HTTP/1.1 {status} {reason}\r\n{head}\r\n".encode() + response.content
            )
        except OSError:
            self.log.debug("The caller of %s did not wait for the answer", name)
