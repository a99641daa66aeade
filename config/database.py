"""The database, from the environment."""

import contextlib
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from config.variables import require_database_address

SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "riskreg.kernel.postgresql"
# How long a connection may take, and a list on the replica; and what the replica is given beyond.
_PATIENCE_SECONDS, _REPLICA_SECONDS = 5, 2
_UNVERIFIED = ("allow", "prefer", "require")


def database(env: environ.Env, var_dir: Path) -> dict[str, Any]:
    """Django's settings of the one database. Raises ``ImproperlyConfigured``."""
    default = f"sqlite:///{var_dir / 'riskreg.sqlite3'}"
    require_database_address("DATABASE_URL", env.str("DATABASE_URL", default=default))
    found: dict[str, Any] = env.db_url("DATABASE_URL", default=default)
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
        _bound(env, found)
    # Asked for here, so that what does not go together is told by every program.
    pool_size(env, found)
    return found


def databases(
    env: environ.Env, var_dir: Path
) -> tuple[dict[str, dict[str, Any]], list[str], float]:
    """Django's settings of the database, and of the copy that lists are read from if there is one;
    then who chooses between them, and the seconds that a list waits for the copy.

    Raises ``ImproperlyConfigured``.
    """
    found, seconds = {"default": database(env, var_dir)}, _replica_wait(env)
    if not env.str("DATABASE_REPLICA_URL", default=""):
        return found, [], seconds
    found["replica"] = _replica(env, found["default"])
    return found, ["riskreg.kernel.replica.Router"], seconds


def _replica_wait(env: environ.Env) -> float:
    seconds: float = env.float("DATABASE_REPLICA_WAIT_SECONDS", default=0.2)
    if not 0 <= seconds <= 5:
        raise ImproperlyConfigured(
            f"DATABASE_REPLICA_WAIT_SECONDS is 0 to 5: {seconds:g}. A list waits so long for the "
            "replica before the primary answers it."
        )
    return seconds


def _replica(env: environ.Env, primary: dict[str, Any]) -> dict[str, Any]:
    """The database of DATABASE_REPLICA_URL, with the primary's rules and limits."""
    require_database_address("DATABASE_REPLICA_URL", env.str("DATABASE_REPLICA_URL"))
    found: dict[str, Any] = env.db_url("DATABASE_REPLICA_URL")
    if SQLITE in (primary["ENGINE"], found["ENGINE"]):
        raise ImproperlyConfigured(
            "DATABASE_REPLICA_URL is a standby of PostgreSQL, and DATABASE_URL its primary: "
            "SQLite has none. Take DATABASE_REPLICA_URL out, or name PostgreSQL in both."
        )
    place = ("HOST", "PORT", "NAME")
    if [str(found[name]) for name in place] == [str(primary[name]) for name in place]:
        raise ImproperlyConfigured(
            "DATABASE_REPLICA_URL is the database of DATABASE_URL itself. Name its standby, or "
            "take it out."
        )
    _bound(env, found, "DATABASE_REPLICA_URL")
    options = found["OPTIONS"]
    # The primary serves lists as well: nobody need wait long for one that is away, that takes long,
    # or that is frozen in the middle of a list.
    most = _limits(env)["statement_timeout"]
    patience = int(options["connect_timeout"]) or _PATIENCE_SECONDS
    statement = min(most, patience) if most else patience
    options["connect_timeout"] = min(patience, _REPLICA_SECONDS)
    options["answer_within"] = float(statement + _REPLICA_SECONDS)
    if "options" in options:
        options["options"] += (
            f" -c statement_timeout={statement * 1000} -c default_transaction_read_only=on"
        )
    # For tests it is the same database.
    found["TEST"] = {"MIRROR": "default"}
    return found


def pool_size(env: environ.Env, found: dict[str, Any]) -> int:
    """DATABASE_POOL: how many connections a web process shares out among its threads; 0: each
    thread has its own.

    Raises ``ImproperlyConfigured`` beside what it does not go with.
    """
    size: int = env.int("DATABASE_POOL", default=0)
    if size < 0:
        raise ImproperlyConfigured(f"DATABASE_POOL is 0 (none) or a number of connections: {size}")
    if not size:
        return 0
    if found["ENGINE"] != POSTGRESQL:
        raise ImproperlyConfigured("DATABASE_POOL needs PostgreSQL: set DATABASE_URL, or take out.")
    if found["DISABLE_SERVER_SIDE_CURSORS"]:
        raise ImproperlyConfigured(
            "DATABASE_POOL and DATABASE_POOLER=1: one of them is enough, the pooler has the pool."
        )
    if env.int("DATABASE_CONN_MAX_AGE", default=0):
        raise ImproperlyConfigured(
            "DATABASE_POOL and DATABASE_CONN_MAX_AGE: a connection that a thread keeps is none "
            "that others can have. Take DATABASE_CONN_MAX_AGE out."
        )
    return size


def share_connections(found: dict[str, Any], size: int) -> None:
    """Let the threads of this process have ``size`` connections between them.

    Called once in each web process after it was forked: a pool has threads and connections, and
    neither may be shared with a parent. Who finds none waits as long as for a new connection, and
    fails as if the database were away.
    """
    found["CONN_MAX_AGE"] = 0
    found["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": size,
        "timeout": float(found["OPTIONS"]["connect_timeout"]),
        "max_idle": 60.0,
    }


# How the server is to weigh ways to an answer. What is counted in an index costs little more than
# what is read in a row, in memory and on a flash disk; and many ask at once, so that what one of
# them was helped by two processes more would be taken from the others. A statement that is prepared
# is planned once: where other registers hold a million risks the server took a plan for each pair
# of values for the cheaper one, and planning again for longer than the statement runs.
_PLANS = {
    "random_page_cost": 1.1,
    "max_parallel_workers_per_gather": 0,
    "plan_cache_mode": "force_generic_plan",
}


def _bound(env: environ.Env, found: dict[str, Any], named: str = "DATABASE_URL") -> None:
    """Give an end to every wait for PostgreSQL; what the variable ``named`` says goes before."""
    pooler = env.bool("DATABASE_POOLER", default=False)
    connect = env.int("DATABASE_CONNECT_SECONDS", default=_PATIENCE_SECONDS)
    limits = _limits(env)
    statement = limits["statement_timeout"]
    found["ENGINE"] = POSTGRESQL
    found["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=0 if pooler else 60)
    found["CONN_HEALTH_CHECKS"] = not pooler
    # Between two statements a pooler gives the connection to others: a cursor is lost there.
    found["DISABLE_SERVER_SIDE_CURSORS"] = pooler
    options: dict[str, Any] = {
        "connect_timeout": connect,
        "keepalives": 1,
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        # Statements end by the server's limit; later only where it has none to keep.
        "answer_within": statement + 15.0 if statement else None,
    }
    if not pooler:
        # A pooler takes no parameters of a session; there they are set for the role.
        ends = {name: n * 1000 for name, n in limits.items()}
        options["options"] = " ".join(f"-c {name}={n}" for name, n in {**ends, **_PLANS}.items())
    given = found.get("OPTIONS") or {}
    if given.get("sslmode") in _UNVERIFIED:
        raise ImproperlyConfigured(
            f"{named} has sslmode={given['sslmode']}, which asks for no certificate that can "
            "be believed: TLS to whoever answers protects nothing. Say sslmode=verify-full "
            "with sslrootcert=/path of the authority, or sslmode=disable where the way to "
            "PostgreSQL is yours alone."
        )
    if pooler:
        _refuse_of_a_session(given, named)
    elif found["CONN_MAX_AGE"] or env.int("DATABASE_POOL", default=0):
        # What is read at every request is prepared when it comes again (``kernel.compiled``): that
        # pays where the connection is still there then.
        options["prepare_threshold"] = 1
    found["OPTIONS"] = options | given


def _limits(env: environ.Env) -> dict[str, int]:
    """The server's limits, in seconds; 0: none."""
    return {
        "statement_timeout": env.int("DATABASE_STATEMENT_SECONDS", default=30),
        "lock_timeout": env.int("DATABASE_LOCK_SECONDS", default=10),
        "idle_in_transaction_session_timeout": env.int("DATABASE_IDLE_SECONDS", default=120),
    }


def _refuse_of_a_session(given: dict[str, Any], named: str) -> None:
    """What belongs to one session, and would be another's with the next transaction.

    Statements that are prepared on the server are of that kind as well: Django prepares none unless
    it is told how often one has to come first (``prepare_threshold``).
    """
    for name in ("prepare_threshold", "options"):
        if name in given:
            raise ImproperlyConfigured(
                f"{named} has {name}, which a pooler in transaction mode cannot keep: take it "
                "out, or set DATABASE_POOLER=0 if PostgreSQL itself stands behind that address."
            )
