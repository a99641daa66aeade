"""What beat starts, and how often. What is not begun in time is dropped: the next one does it."""

from typing import Any

import environ


def schedule(env: environ.Env) -> dict[str, dict[str, Any]]:
    """Celery's schedule."""
    return {
        "sweep-reminders": _every(
            env.float("SWEEP_SECONDS", default=300.0), "reminders.sweep", expires=240
        ),
        "purge-requests": _every(600.0, "requests.purge"),
        "deliver-due": _every(
            env.float("DELIVER_SECONDS", default=30.0), "notify.deliver_due", expires=25
        ),
        "send-invitations": _every(60.0, "register.send_invitations", expires=50),
        "resend-lost-steps": _every(15.0, "jobs.resend_lost", expires=12),
        "tend-change-requests": _every(300.0, "register.tend_change_requests", expires=240),
        "tend-pack-schedules": _every(300.0, "exchange.tend_pack_schedules", expires=240),
        "forget": _every(3600.0, "operations.forget", expires=3000),
        "fill-again": _every(600.0, "operations.fill_again", expires=500),
        "sweep-evidence": _every(3600.0, "evidence.sweep", expires=3000),
        "tend-backups": _every(600.0, "operations.tend_backups", expires=500),
    }


def _every(seconds: float, task: str, expires: int | None = None) -> dict[str, Any]:
    entry: dict[str, Any] = {"task": task, "schedule": seconds}
    return entry | ({"options": {"expires": expires}} if expires else {})
