"""How much a web process takes at once, and from whom: what is beyond that is refused at once.

A request has one of a bounded number of places, in work or waiting. Nobody can have all of them,
nor all threads: one caller's requests wait while others' are done, and whoever has least in work
is next. What gets no place is answered 503 by the server (``config/worker.py``), before anything
else is done for it.
"""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

import structlog
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from prometheus_client import Counter, Gauge

from riskreg.kernel.client import client_key_or_empty

log = structlog.get_logger(__name__)

# Refusals that are closer together than this are one burst, and have one line in the log.
BURST_SECONDS = 60.0
# Of how many sessions and tokens a process knows whose they are.
_KNOWN = 10_000

IN_WORK = Gauge(
    "riskreg_requests_in_work", "Requests that threads work on", multiprocess_mode="livesum"
)
WAITING = Gauge(
    "riskreg_requests_waiting", "Requests that wait for a thread", multiprocess_mode="livesum"
)
SHED = Counter("riskreg_requests_shed", "Requests that were refused unseen", ["reason"])


class Refused(StrEnum):
    """Why a request gets no place: all are taken, or all that one caller may have."""

    FULL = "full"
    CALLER = "caller"


# There before the first one: an alert on its rise would not see what begins with it.
for _reason in Refused:
    SHED.labels(str(_reason))


@dataclass
class _Place:
    credential: str
    work: Callable[[], None]
    number: int = field(default=0)


def refusal_sentence(refused: Refused) -> str:
    """What anybody is told."""
    if refused is Refused.CALLER:
        return _(
            "You ask for more at once than one may. Nothing of this was done: wait for the other "
            "answers, and then send it again."
        )
    return _(
        "More is asked for at the moment than can be answered. Nothing of this was done: send it "
        "again in a few seconds."
    )


class _Owners:
    """Whose a session or a token is, as far as this process has seen it work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, int] = OrderedDict()

    def note(self, credential: str, account: int) -> None:
        with self._lock:
            self._known[credential] = account
            self._known.move_to_end(credential)
            while len(self._known) > _KNOWN:
                self._known.popitem(last=False)

    def caller_key(self, credential: str) -> str:
        """The account where it is known, so that a second token is no second caller."""
        with self._lock:
            account = self._known.get(credential)
        return credential if account is None else f"account:{account}"


_owners = _Owners()


def hashed_credential_or_network(request: HttpRequest) -> str:
    """What the caller shows of themselves, hashed: token, else session, else network."""
    shown = request.META.get("HTTP_AUTHORIZATION") or request.COOKIES.get(
        settings.SESSION_COOKIE_NAME
    )
    if not shown:
        return f"network:{client_key_or_empty(request)}"
    return hashlib.sha256(shown.encode("utf-8", "replace")).hexdigest()


def remember_account_of_caller(request: HttpRequest, account: int) -> None:
    """Remember in this process that what ``request`` shows is the account's."""
    _owners.note(hashed_credential_or_network(request), account)


class Places:
    """The places of one process; ``start`` runs something in one of ``threads`` threads.

    ``most`` places in all, ``each`` of them for one caller, who never has the last thread where
    there is more than one. ``counted``: it moves the gauges.
    """

    def __init__(
        self,
        start: Callable[[Callable[[], None]], object],
        *,
        threads: int,
        most: int,
        each: int,
        counted: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start, self._threads = start, threads
        self._most, self._each = most, each
        self._counted, self._clock = counted, clock
        self._lock = threading.Lock()
        self._in_work: list[_Place] = []
        self._waiting: list[_Place] = []
        self._numbers = count()
        self._refused_at = -BURST_SECONDS

    def run_in_turn_or_refuse(self, credential: str, work: Callable[[], None]) -> Refused | None:
        """Have ``work`` done in its turn; or why it is not, and nothing of it ever will be."""
        with self._lock:
            refused = self._reason_to_refuse_or_none(credential)
            if refused is None:
                self._waiting.append(_Place(credential, work, next(self._numbers)))
                self._start_waiting_in_fair_order()
            in_work, waiting = len(self._in_work), len(self._waiting)
            first = False
            if refused is not None:
                before, self._refused_at = self._refused_at, self._clock()
                first = self._refused_at - before >= BURST_SECONDS
        if refused is not None:
            SHED.labels(refused.value).inc()
        if first:
            log.warning("requests_shed", reason=str(refused), in_work=in_work, waiting=waiting)
        return refused

    def _reason_to_refuse_or_none(self, credential: str) -> Refused | None:
        held = [*self._in_work, *self._waiting]
        if len(held) >= self._most:
            return Refused.FULL
        return Refused.CALLER if _count_of_caller(credential, held) >= self._each else None

    def _start_waiting_in_fair_order(self) -> None:
        each = max(1, self._threads - 1)
        while len(self._in_work) < self._threads:
            turns = [
                (mine, place.number, place)
                for place in self._waiting
                if (mine := _count_of_caller(place.credential, self._in_work)) < each
            ]
            if not turns:
                break
            place = min(turns, key=lambda turn: turn[:2])[2]
            self._waiting.remove(place)
            self._in_work.append(place)
            self._start(lambda place=place: self._work_and_start_next(place))  # type: ignore[misc]
        if self._counted:
            IN_WORK.set(len(self._in_work))
            WAITING.set(len(self._waiting))

    def _work_and_start_next(self, place: _Place) -> None:
        try:
            place.work()
        finally:
            with self._lock:
                self._in_work.remove(place)
                self._start_waiting_in_fair_order()


def _count_of_caller(credential: str, places: Iterable[_Place]) -> int:
    caller = _owners.caller_key(credential)
    return sum(_owners.caller_key(place.credential) == caller for place in places)
