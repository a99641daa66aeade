"""How long an upgrade keeps others waiting: the migrations since the version before, at 100k risks.

A register is filled, the migrations that ``riskreg/operations/released.json`` does not name are
undone and then applied again by ``manage.py migrate``, while two pollers read a risk and change
one, all the time. The figure is the longest wait of either in seconds; beside it how long all of it
took. PostgreSQL alone: where one is installed or ``DATABASE_URL_POSTGRES`` names a server.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

from bench import processes
from bench.register import fresh_postgres
from bench.rows import Row
from tools import postgres

NAME = "upgrade"
SIZES = [100_000]
LIMIT = 1.0
READING = "SELECT title, next_review_on FROM risks_risk ORDER BY id DESC LIMIT 1"
CHANGING = "UPDATE risks_risk SET version = version WHERE id = (SELECT max(id) FROM risks_risk)"


def run(sizes: list[int] | None = None) -> Iterator[Row]:
    """Every size; ``sizes`` are numbers of risks."""
    with contextlib.ExitStack() as stack:
        server = os.environ.get("DATABASE_URL_POSTGRES", "")
        if not server and postgres.find_bin() is not None:
            server = stack.enter_context(postgres.cluster())
        if not server:
            print("upgrade: left out; no PostgreSQL is installed, none is named")
            return
        for size in sizes or SIZES:
            with tempfile.TemporaryDirectory(prefix="riskreg-bench-") as folder:
                url = fresh_postgres(server)
                env = {**os.environ, "DATABASE_URL": url, "VAR_DIR": folder, "LOG_LEVEL": "ERROR"}
                _python(env, "-m", "bench.upgrade", "seed", str(size))
                drafts = int(_python(env, "-m", "bench.upgrade", "back").splitlines()[-1])
                yield _row(size, drafts, _watched(url, env))


def _row(size: int, drafts: int, found: dict[str, float]) -> Row:
    longest = max(found["read"], found["change"])
    return Row(
        name="upgrade, longest wait in s", size=f"postgresql {size:,}", ratio=round(longest, 2),
        limit=LIMIT, queries=None, ok=longest <= LIMIT,
        note=f"reading {found['read'] * 1e3:.0f} ms, changing {found['change'] * 1e3:.0f} ms, "
        f"{drafts:,} drafts to fill, {found['migrate']:.1f} s in all",
    )  # fmt: skip


def _watched(url: str, env: dict[str, str]) -> dict[str, float]:
    """Migrate with both pollers at work; the longest wait of each, and how long it took."""
    over = threading.Event()
    found = {"read": 0.0, "change": 0.0}
    pollers = [
        threading.Thread(target=_poll, args=(url, name, statement, found, over))
        for name, statement in (("read", READING), ("change", CHANGING))
    ]
    for poller in pollers:
        poller.start()
    begun = time.perf_counter()
    try:
        _python(env, "manage.py", "migrate", "-v", "0")
    finally:
        took = time.perf_counter() - begun
        over.set()
        for poller in pollers:
            poller.join()
    return found | {"migrate": took}


def _poll(
    url: str, name: str, statement: str, found: dict[str, float], over: threading.Event
) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as server:
        while not over.wait(0.005):
            begun = time.perf_counter()
            server.execute(statement)
            found[name] = max(found[name], time.perf_counter() - begun)


def _python(env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=processes.ROOT, env=env, stdout=subprocess.PIPE,
        text=True, check=True,
    )  # fmt: skip
    return done.stdout


def seed_drafts(size: int) -> None:
    """A register of ``size`` risks with its history, every other one of them a draft."""
    from django.db.models import F

    from bench.analyse import analyse
    from bench.history import add_history
    from bench.register_case import made_ready
    from bench.seed import seed
    from riskreg.risks.models import Risk

    made_ready()
    add_history(seed(size))
    Risk.objects.alias(half=F("id") % 2).filter(half=0).update(state="draft")
    analyse()


def back() -> int:
    """Undo the migrations since the version before; how many drafts there are to fill."""
    from django.core.management import call_command

    from riskreg.risks.models import Risk
    from tools.upgrades import released

    for app, name in released()["migrations"].items():
        call_command("migrate", app, name, verbosity=0)
    # The column is gone by now.
    return Risk.objects.filter(state="draft").count()


def main() -> None:
    """Do what the command line says."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    what, *rest = sys.argv[1:]
    found: Any = seed_drafts(int(rest[0])) if what == "seed" else back()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
