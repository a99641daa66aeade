"""The home of leadership beside a bare view of the same (``bare_pages``).

Of registers with a year of history; each size on a database of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from bench.register import fresh_postgres
from bench.rows import Row

NAME = "home"
SIZES = (1_000, 10_000)
LIMIT = 2.0
HOME = "/r/bench/home/"


def run(sizes: list[int] | None = None) -> Iterator[Row]:
    """Measure at every size, on every database there is."""
    for size in sizes or SIZES:
        for vendor in ("sqlite", "postgresql"):
            server = os.environ.get("DATABASE_URL_POSTGRES")
            if vendor == "postgresql" and not server:
                continue
            with tempfile.TemporaryDirectory() as folder:
                url = f"sqlite:///{folder}/bench.sqlite3"
                if vendor == "postgresql":
                    url = fresh_postgres(str(server))
                found = _case(size, folder, url)
                yield Row(**{**found, "size": f"{vendor} {found['size']}"})


def _case(size: int, folder: str, url: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.home", str(size)],
        env={**os.environ, "DATABASE_URL": url, "VAR_DIR": folder, "LOG_LEVEL": "ERROR"},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(size: int) -> dict[str, Any]:
    """Seed a register of ``size`` with its history in the database there is, and time both."""
    from bench.register_case import made_ready

    made_ready()
    from bench.history import add_history
    from bench.seed import seed

    viewer = seed(size)
    add_history(viewer)
    return beside_bare(viewer.user, HOME, f"{size:,}")


def beside_bare(user: Any, address: str, label: str) -> dict[str, Any]:
    """The page at ``address`` for ``user`` beside its bare view."""
    from django.test import Client

    from bench.bare_pages import record
    from bench.rows import beside, row

    person = Client()
    person.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    def page() -> None:
        response = person.get(address)
        assert response.status_code == 200, response.content[:300]

    def bare() -> None:
        assert person.get("/floor/page/home/").status_code == 200

    page()
    sent = len(record("home", page).statements)
    return dict(row("leaders' home", label, beside(page, bare), LIMIT, queries=sent))


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
