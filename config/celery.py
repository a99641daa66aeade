"""The Celery application; its settings are the CELERY_* names of config.settings."""

import logging
import os
import sys
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import heartbeat_sent, worker_init, worker_ready

from config.variables import settings_or_exit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if "celery" in Path(sys.argv[0]).parts[-2:]:
    # Worker and beat count no requests, and are started before the web server makes the folder.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    settings_or_exit()

app = Celery("riskreg")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def load_work_before_forking(**_: Any) -> None:
    """Load what work takes, the mathematics above all, before the processes that do it are forked:
    each would load a copy of its own with its first step."""
    from riskreg.jobs.kinds import WORK, step_function_of_kind
    from riskreg.up import preload

    for kind in WORK:
        step_function_of_kind(kind)
    preload.freeze_loaded_objects()


@worker_ready.connect
def catch_up(sender: Any, **_: Any) -> None:
    """A worker that starts looks at once at what waited while it was away."""
    warn_of_mail()
    for task in ("reminders.sweep", "notify.deliver_due", "jobs.resend_lost"):
        sender.app.send_task(task, expires=60)


@heartbeat_sent.connect
def show_life(**_: Any) -> None:
    """The worker's main process lives, whatever its children are at."""
    from riskreg.operations.services.heartbeats import beat_heart

    beat_heart("worker")


def warn_of_mail() -> None:
    """Say it where mails are sent, when there is no way to send them."""
    from riskreg.notify.checks import mail_warning

    if text := mail_warning():
        logging.getLogger(__name__).warning(text)
