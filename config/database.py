"""The database, from the environment."""

import contextlib
from pathlib import Path
from typing import Any

import environ

SQLITE = "django.db.backends.sqlite3"


def database(env: environ.Env, var_dir: Path) -> dict[str, Any]:
    """Django's settings of the one database."""
    found: dict[str, Any] = env.db_url(
        "DATABASE_URL", default=f"sqlite:///{var_dir / 'riskreg.sqlite3'}"
    )
    if found["ENGINE"] == SQLITE:
        # A fresh clone has no var/; where it cannot be made, opening the database says why.
        with contextlib.suppress(OSError):
            Path(found["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        found.setdefault("OPTIONS", {}).update(
            transaction_mode="IMMEDIATE",
            timeout=20,
            init_command=(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; "
                "PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY; "
                # Without this a REPLACE would delete rows of append-only tables past their
                # triggers.
                "PRAGMA recursive_triggers=ON;"
            ),
        )
        found["CONN_MAX_AGE"] = None
    else:
        found["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
        found["CONN_HEALTH_CHECKS"] = True
    return found
