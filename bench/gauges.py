"""What the hosts of a fault run tell of themselves, asked every second as a collector does.

``/metrics`` and ``/readyz?deep=1`` of each web server, past the proxy. What does not answer within
five seconds does not answer.
"""

import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.hosts import METRICS_TOKEN, Host
from bench.proxy import NAME

PATIENCE = 5.0
_LINE = re.compile(r"(?m)^(riskreg_\w+(?:\{[^}]*\})?) (\S+)$")


@dataclass(frozen=True)
class Sample:
    """What one host told, asked from ``at`` on (of the monotonic clock).

    ``up``: whether ``/metrics`` answered; ``checks``: parts of ``/readyz``, all of them
    ``no answer`` where there was none.
    """

    at: float
    up: bool
    figures: Mapping[str, float] = field(default_factory=dict)
    checks: Mapping[str, str] = field(default_factory=dict)

    def figure(self, name: str) -> float | None:
        """The figure of that name and labels; None where there is none."""
        return self.figures.get(name)

    def check(self, name: str) -> str:
        """What ``/readyz`` says of that part: ``ok``, or what fails."""
        return self.checks.get(name, "no answer")

    def is_well(self) -> bool:
        """Whether everything is as it should be."""
        return self.up and bool(self.checks) and set(self.checks.values()) == {"ok"}


Samples = Mapping[str, Sample]


class Gauges:
    """The newest sample of each host, by its name."""

    def __init__(self, hosts: list[Host]) -> None:
        self.newest: dict[str, Sample] = {}
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._watch, args=(host,), daemon=True) for host in hosts
        ]

    def start(self) -> None:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._ended.set()
        for thread in self._threads:
            thread.join(60)

    def until(
        self, true: Callable[[Samples], bool], seconds: float, since: float | None = None
    ) -> float | None:
        """How many seconds after ``since`` (now) ``true`` held of samples asked for after it.

        None: not within ``seconds``. A host that has not been asked since counts for nothing.
        """
        since = time.monotonic() if since is None else since
        while time.monotonic() - since < seconds:
            fresh = {name: one for name, one in self.newest.items() if one.at >= since}
            if fresh and true(fresh):
                return time.monotonic() - since
            time.sleep(0.2)
        return None

    def _watch(self, host: Host) -> None:
        while not self._ended.wait(1.0):
            self.newest[host.name] = sample(host)


def sample(host: Host) -> Sample:
    """Ask it now."""
    at = time.monotonic()
    figures, checks = _ask(host, "/metrics"), _ask(host, "/readyz?deep=1")
    return Sample(
        at,
        figures is not None,
        {name: float(value) for name, value in _LINE.findall(figures or "")},
        json.loads(checks)["checks"] if checks else {},
    )


def _ask(host: Host, path: str) -> str | None:
    headers = {"Host": NAME, "Authorization": f"Bearer {METRICS_TOKEN}"}
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        return text if answer.status in (200, 503) and not text.startswith("<") else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
