"""Lists and feeds read from a copy of the database, where DATABASE_REPLICA_URL names one.

A standby of PostgreSQL replays what the primary has committed, in the same order and a moment
later. What is marked ``from_replica`` is read there when the standby has replayed everything that
was committed on the primary when it was asked for, so that nobody finds less than on the primary:
neither what they have just saved, nor what others have. A standby that is not that far is waited
for, DATABASE_REPLICA_WAIT_SECONDS at most; then, and while it is away, the primary answers. Without
the setting nothing here does anything.
"""

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, InterfaceError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from riskreg.kernel.away import is_database_away_error

log = structlog.get_logger(__name__)
P = ParamSpec("P")
V = TypeVar("V")
R = TypeVar("R")

REPLICA = "replica"
# How long an answer of the replica about itself may take, and after a failure nobody asks it.
ANSWER_SECONDS = 2.0
REST_SECONDS = 10.0
_STEP_SECONDS = 0.005
# One that was late is waited for as long as one that is well is behind, and no longer.
LATE_SECONDS = 0.02
# What /metrics tells of it.
IN_USE, BEHIND_BYTES, BEHIND_SECONDS = FIGURES = (
    "riskreg_replica_in_use", "riskreg_replica_behind_bytes", "riskreg_replica_behind_seconds",
)  # fmt: skip
# Who somebody is and what they may open is asked of the primary alone, also within a list.
_OF_THE_PRIMARY = frozenset(
    {"account", "auth", "axes", "contenttypes", "jobs", "requests", "sessions"}
)
_MODELS_OF_THE_PRIMARY = frozenset({"accounts.user", "accounts.apitoken", "register.membership"})
# The place in the log of changes after everything that was committed. Where commits do not wait for
# the disk, the place that is written to lies behind some of them.
_COMMITTED = """
SELECT CASE WHEN current_setting('synchronous_commit') = 'off'
            THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_lsn() END::text,
       system_identifier::text,
       ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int
FROM pg_control_system()
"""
# Places of two histories cannot be compared: of another system, or of before a restore.
_REPLAYED = """
SELECT pg_is_in_recovery() AND s.system_identifier::text = %s AND c.timeline_id = %s,
       coalesce(pg_wal_lsn_diff(%s::pg_lsn, pg_last_wal_replay_lsn()), 0),
       coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)
FROM pg_control_system() s, pg_control_checkpoint() c
"""

_reads_there: ContextVar[bool] = ContextVar("reads_replica", default=False)


class Router:
    """Which database a query goes to: the replica alone within what is ``from_replica``, and never
    for a write or what is read in a transaction of one."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        """The alias, or None where Django's own choice is right."""
        if _reads_there.get() and not _is_of_the_primary(model):
            if not connections[DEFAULT_DB_ALIAS].in_atomic_block:
                return REPLICA
            return DEFAULT_DB_ALIAS
        return self.db_for_write(model, **hints)

    def db_for_write(self, _model: Any, **hints: Any) -> str | None:
        """The primary also for what hangs on a row that was read from the replica."""
        row = hints.get("instance")
        return DEFAULT_DB_ALIAS if row is not None and row._state.db == REPLICA else None

    def allow_relation(self, one: Any, other: Any, **_hints: Any) -> bool | None:
        """Both are one database."""
        return True if REPLICA in (one._state.db, other._state.db) else None

    def allow_migrate(self, db: str, _app_label: str, **_hints: Any) -> bool | None:
        """Tables are made on the primary."""
        return False if db == REPLICA else None


def _is_of_the_primary(model: Any) -> bool:
    meta = model._meta
    return meta.app_label in _OF_THE_PRIMARY or meta.label_lower in _MODELS_OF_THE_PRIMARY


def has_replica() -> bool:
    """Whether there is a replica to read from."""
    return REPLICA in settings.DATABASES


def reading_connection() -> BaseDatabaseWrapper:
    """The connection for a statement that no model stands for, as a query's would be chosen."""
    there = _reads_there.get() and not connections[DEFAULT_DB_ALIAS].in_atomic_block
    return connections[REPLICA if there else DEFAULT_DB_ALIAS]


def from_replica(read: Callable[Concatenate[V, P], R]) -> Callable[Concatenate[V, P], R]:
    """Mark a method or function that only reads, and gives a whole answer: it may be asked of the
    replica. When that fails there it is asked of the primary, from the beginning."""

    @functools.wraps(read)
    def asked(first: V, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if not has_replica() or connections[DEFAULT_DB_ALIAS].in_atomic_block:
            return read(first, *args, **kwargs)
        if not _replica.wait_until_caught_up():
            return read(first, *args, **kwargs)
        token = _reads_there.set(True)
        try:
            return read(first, *args, **kwargs)
        except (Error, InterfaceError) as error:
            if not is_database_away_error(error):
                raise
            _replica.note_failure(error)
        finally:
            _reads_there.reset(token)
        return read(first, *args, **kwargs)

    return asked


@dataclass(frozen=True)
class Progress:
    """How the replica stands: whether it follows this primary, and how far it is behind."""

    follows: bool
    behind_bytes: int
    behind_seconds: float


class _Replica:
    """What this process knows of the replica."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # When it may be asked again after a failure (``time.monotonic``); nought: it answers.
        self._rests_until = 0.0
        self._late = False

    def wait_until_caught_up(self) -> bool:
        """Whether it may be read from now: it has what the primary has committed by this moment.

        Waits for that with a bound, and hardly as long as it was late the last time. Raises what
        the primary raises when that is away.
        """
        if not self._take_turn_to_ask():
            return False
        place = _committed_place_or_none()
        if place is None:
            self._leave_alone_for_a_while("replica_not_comparable")
            return False
        wait: float = settings.DATABASE_REPLICA_WAIT_SECONDS
        end = time.monotonic() + (min(wait, LATE_SECONDS) if self._late else wait)
        try:
            while (progress := _progress_behind(place)).follows:
                if progress.behind_bytes <= 0:
                    self._note_that_it_answered(late=False)
                    return True
                if time.monotonic() >= end:
                    break
                time.sleep(_STEP_SECONDS)
        except (Error, InterfaceError) as error:
            self.note_failure(error)
            return False
        self._note_that_it_answered(
            late=True, follows=progress.follows, bytes=progress.behind_bytes
        )
        return False

    def note_failure(self, error: Exception) -> None:
        """It did not answer: leave it alone for a while, with one line in the log."""
        with contextlib.suppress(Exception):
            connections[REPLICA].close()
        state = _sqlstate_of(error)
        if state in ("40001", "40P01", "57014"):
            # It gave up one statement: that stood in the way of what it replays, or took longer
            # than lists may take there. It answers, so it is not away.
            log.info("replica_gave_up", state=state)
            return
        self._leave_alone_for_a_while(
            "replica_away", error=type(error.__cause__ or error).__name__, state=state
        )

    def _leave_alone_for_a_while(self, event: str, **how: Any) -> None:
        """Let nobody ask it for a while, with one line in the log until it is in use again."""
        with self._lock:
            first, self._rests_until = not self._rests_until, time.monotonic() + REST_SECONDS
        if first:
            log.warning(event, **how)

    def _take_turn_to_ask(self) -> bool:
        """Whether the caller may ask it: nobody while it rests; then one, and the others when that
        one was served."""
        with self._lock:
            if not self._rests_until:
                return True
            now = time.monotonic()
            if now < self._rests_until:
                return False
            self._rests_until = now + REST_SECONDS
            return True

    def _note_that_it_answered(self, *, late: bool, **how: Any) -> None:
        with self._lock:
            was_away, self._rests_until = bool(self._rests_until), 0.0
            changed, self._late = late != self._late, late
        if late and changed:
            log.warning("replica_behind", **how)
        elif not late and (changed or was_away):
            log.info("replica_in_use_again")


_replica = _Replica()


def replica_progress() -> Progress | None:
    """How the replica stands; None where it does not answer, or cannot be asked."""
    place = _committed_place_or_none()
    if place is None:
        return None
    try:
        found = _progress_behind(place)
        if found.follows and found.behind_bytes > 0:
            # What is on its way at this moment is nothing to tell.
            time.sleep(settings.DATABASE_REPLICA_WAIT_SECONDS)
            found = _progress_behind(place)
        return found
    except (Error, InterfaceError):
        with contextlib.suppress(Exception):
            connections[REPLICA].close()
        return None


def gauges(_at: Any) -> Iterable[Metric]:
    """Whether lists are read from the replica, and how far it is behind; no figure of one that does
    not answer, or does not follow."""
    if not has_replica():
        return
    found = replica_progress()
    follows = found is not None and found.follows
    in_use = GaugeMetricFamily(IN_USE, "1: lists are read from the replica, 0: from the primary")
    in_use.add_metric([], float(found is not None and follows and found.behind_bytes <= 0))
    behind = GaugeMetricFamily(BEHIND_BYTES, "What the replica has not replayed")
    seconds = GaugeMetricFamily(
        BEHIND_SECONDS, "Age of what the replica has replayed last, 0: it has all"
    )
    if found is not None and follows:
        behind.add_metric([], max(0, found.behind_bytes))
        seconds.add_metric([], found.behind_seconds if found.behind_bytes > 0 else 0.0)
    yield from (in_use, behind, seconds)


def not_in_use_sentences(_at: Any) -> Mapping[str, Sequence[str]]:
    """Why lists are not read from the replica, in a sentence."""
    if not has_replica():
        return {}
    found = replica_progress()
    if found is None:
        return {"replica": ["it does not answer; the primary serves lists"]}
    if not found.follows:
        return {"replica": ["it does not follow this primary, which serves lists"]}
    if found.behind_bytes > 0:
        text = f"it is behind by {found.behind_bytes} bytes; the primary serves lists"
        return {"replica": [text]}
    return {"replica": []}


class _PlaceInLog(NamedTuple):
    """A place in the log of changes of the primary, and whose log it is."""

    lsn: str
    system: str
    timeline: int


def _committed_place_or_none() -> _PlaceInLog | None:
    """Where the primary's log of changes is, and whose log it is; None where it does not tell."""
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute(_COMMITTED)
            return _PlaceInLog(*cursor.fetchone())
    except Error as error:
        if is_database_away_error(error):
            raise
        # A standby itself, or a role that may not ask.
        return None


def _progress_behind(place: _PlaceInLog) -> Progress:
    """How far the replica is behind ``place``. Raises what it fails with, soon if it is frozen."""
    connection: Any = connections[REPLICA]
    try:
        if connection.connection is not None:
            # Django looks first whether one that was kept still answers.
            connection.connection.answer_within = ANSWER_SECONDS
        with connection.cursor() as cursor:
            connection.connection.answer_within = ANSWER_SECONDS
            cursor.execute(_REPLAYED, [place.system, place.timeline, place.lsn])
            follows, behind, seconds = cursor.fetchone()
    finally:
        if connection.connection is not None:
            usual = connection.settings_dict["OPTIONS"].get("answer_within")
            connection.connection.answer_within = usual
    return Progress(bool(follows), int(behind), float(seconds))


def _sqlstate_of(error: BaseException) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""
