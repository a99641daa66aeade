"""Does the engine live, and does it keep what it promises: read from the database at one moment."""

import datetime as dt
from dataclasses import dataclass

import redis
from django.conf import settings
from django.db.models import Max

from riskreg.kernel.clock import CLOCK_SLACK
from riskreg.notify.models import Channel
from riskreg.notify.queries.deliveries import (
    failed_counts_by_channel,
    open_circuit_counts,
    waiting_by_channel,
)
from riskreg.operations.models import Heartbeat, Outage, RunKind
from riskreg.operations.queries.backups import last_successful_run
from riskreg.reminders.queries.runs import count_of_long_untold, last_sweep, last_whole_sweep

PROGRAMS = ("beat", "worker")
_MARK = "riskreg:broker-memory-since"
# A mail that waits longer than this is one that nobody gets.
MAIL_PATIENCE = dt.timedelta(hours=1)


@dataclass(frozen=True)
class ReminderEngineState:
    """What is known of the engine; a time is None for what never was."""

    at: dt.datetime
    heartbeats: dict[str, dt.datetime | None]
    swept_at: dt.datetime | None
    broken: int
    untold: int
    waiting: dict[str, tuple[int, dt.datetime]]
    failed: dict[str, int]
    paused: dict[str, int]
    backed_up_at: dt.datetime | None
    verified_at: dt.datetime | None

    def age(self, moment: dt.datetime | None) -> float | None:
        """Seconds since ``moment``, if there was one."""
        return None if moment is None else max(0.0, (self.at - moment).total_seconds())


def reminder_engine_state(at: dt.datetime) -> ReminderEngineState:
    """How things stand at ``at``."""
    last, whole = last_sweep(at), last_whole_sweep(at)
    # A clock that was ahead has written of a time that has not come: it proves nothing of now.
    believed = Heartbeat.objects.filter(at__lte=at + CLOCK_SLACK)
    beats = dict(believed.values_list("program").annotate(last=Max("at")).order_by("program"))
    backup, verified = (
        last_successful_run(RunKind.BACKUP, at),
        last_successful_run(RunKind.VERIFY, at),
    )
    return ReminderEngineState(
        at=at,
        heartbeats={program: beats.get(program) for program in PROGRAMS},
        swept_at=whole.finished_at if whole else None,
        broken=last.broken if last else 0,
        untold=count_of_long_untold(at),
        waiting={channel: (count, since) for channel, count, since in waiting_by_channel()},
        failed=failed_counts_by_channel(),
        paused=open_circuit_counts(),
        backed_up_at=backup.finished_at if backup else None,
        verified_at=verified.finished_at if verified else None,
    )


def reasons_reminder_engine_is_dead(state: ReminderEngineState) -> list[str]:
    """Why the engine counts as dead, in sentences; empty while it lives."""
    after = dt.timedelta(seconds=settings.ENGINE_DEAD_SECONDS)
    found = [
        f"no sign of life of {program} for {_minutes_text(state.age(moment))}"
        for program, moment in state.heartbeats.items()
        if _is_missing_or_older(state, moment, after)
    ]
    if _is_missing_or_older(state, state.swept_at, after):
        found.append(f"no whole sweep for {_minutes_text(state.age(state.swept_at))}")
    return found


def problem_sentences_by_part(state: ReminderEngineState) -> dict[str, list[str]]:
    """What is not as it should be, by part; all parts are named."""
    count, since = state.waiting.get(Channel.MAIL, (0, state.at))
    late = count and since < state.at - MAIL_PATIENCE
    return {
        "engine": reasons_reminder_engine_is_dead(state),
        "sweep": [f"{state.broken} registers or people broke in it"] if state.broken else [],
        "mail": [f"{count} mails wait, the oldest for {_minutes_text(state.age(since))}"]
        if late
        else [],
        "backup": _why_backup_is_too_old(state, "BACKUP_HOURS", state.backed_up_at),
        "verify": _why_backup_is_too_old(state, "BACKUP_VERIFY_HOURS", state.verified_at),
    }


def current_outage_or_none() -> Outage | None:
    """The time in which the engine stands still, if it does."""
    return Outage.objects.filter(ended_at=None).first()


def queue_lengths() -> dict[str, int]:
    """How many tasks wait in each queue; empty where the broker is away."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1)
    try:
        return {name: int(client.llen(name)) for name in settings.CELERY_TASK_QUEUES}
    except redis.RedisError:
        return {}
    finally:
        client.close()


def get_or_set_broker_memory_mark(at: dt.datetime) -> dt.datetime | None:
    """When the broker was first found empty; None where it is away.

    A mark that whoever looks first leaves there: it goes with everything else when the broker is
    emptied, or restarted and keeps no file.
    """
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1)
    try:
        client.set(_MARK, at.isoformat(), nx=True)
        found = client.get(_MARK)
        return dt.datetime.fromisoformat(found.decode()) if isinstance(found, bytes) else None
    except (redis.RedisError, ValueError):
        return None
    finally:
        client.close()


def _is_missing_or_older(
    state: ReminderEngineState, moment: dt.datetime | None, than: dt.timedelta
) -> bool:
    return moment is None or moment < state.at - than


def _why_backup_is_too_old(
    state: ReminderEngineState, setting: str, moment: dt.datetime | None
) -> list[str]:
    hours: float = getattr(settings, setting)
    # One that failed may be tried again before somebody has to look.
    if not hours or not _is_missing_or_older(state, moment, dt.timedelta(hours=hours * 1.25 + 1)):
        return []
    return [f"none for {_minutes_text(state.age(moment))}"]


def _minutes_text(seconds: float | None) -> str:
    if seconds is None:
        return "as long as is known"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"
