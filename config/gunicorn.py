"""The web server's settings; WEB_WORKERS and those of ``capacity`` are in docs/operators.md."""

import os
import shutil
from pathlib import Path
from typing import Any

from config import capacity, counters
from config.variables import settings_or_exit

workers = capacity.workers()
threads = capacity.threads()
# Asked for here, so that a wrong value is told at the start.
capacity.places_each()
worker_class = "config.worker.Worker"
timeout = 60
graceful_timeout = 8
keepalive = 5
# The most that gunicorn takes; what is longer is refused in words (config/worker.py).
limit_request_line = 8190
max_requests = 5000
max_requests_jitter = 500
control_socket_disable = True
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
# What fails is logged by the application, with who asked and the request id; the proxy in front
# keeps a log of all requests.
accesslog = None
# The application is loaded once, before the workers are forked: each starts at once, and they share
# its memory.
preload_app = True

_metrics_dir = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
if _metrics_dir:
    # The application opens its counters there as it is loaded.
    Path(_metrics_dir).mkdir(parents=True, exist_ok=True)
    counters.take_room_first()
settings_or_exit()


def on_starting(server: Any) -> None:
    """Start counting from zero: files of an earlier run would be added to this one's."""
    if _metrics_dir:
        shutil.rmtree(_metrics_dir, ignore_errors=True)
        Path(_metrics_dir).mkdir(parents=True, exist_ok=True)


def when_ready(server: Any) -> None:
    """Say what is missing, where whoever starts it looks; begin to count how long we have run."""
    from riskreg.notify.checks import mail_warning
    from riskreg.operations.services import watching  # noqa: F401 - workers have its first moment
    from riskreg.up import preload

    if text := mail_warning():
        server.log.warning(text)
    preload.freeze_loaded_objects()


def post_fork(server: Any, worker: Any) -> None:
    """Share connections out among this process's threads, where that is asked for."""
    from django.conf import settings

    from config.database import pool_size, share_connections
    from config.variables import Env

    if size := pool_size(Env(), settings.DATABASES["default"]):
        for found in settings.DATABASES.values():
            share_connections(found, size)


def post_worker_init(worker: Any) -> None:
    """Watch the engine from here: it cannot tell anybody that it has died."""
    from riskreg.operations.services.watching import start_watching_in_thread

    start_watching_in_thread()


def child_exit(server: Any, worker: Any) -> None:
    """Drop the gauges of a worker that is gone."""
    if _metrics_dir:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
