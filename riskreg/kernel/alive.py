"""Liveness before everything else: no host, no session, no database, no middleware."""

from collections.abc import Callable, Iterable
from typing import Any

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_BODY = b'{"status": "ok"}'


def with_healthz_answered(application: Application) -> Application:
    """``application``, with ``/healthz`` answered here: a balancer asks it by address."""

    def called(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method = environ.get("REQUEST_METHOD")
        if environ.get("PATH_INFO") != "/healthz" or method not in ("GET", "HEAD"):
            return application(environ, start_response)
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(_BODY))),
            ("Cache-Control", "no-store"),
        ]
        start_response("200 OK", headers)
        return [_BODY if method == "GET" else b""]

    return called
