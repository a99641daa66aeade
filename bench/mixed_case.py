"""The database of ``bench.mixed`` for one version, made by that version; the last line says how to
call it. Run by path, in the folder of the version: another one has other rooms and tables."""

import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

HISTORY = Path(__file__).with_name("history.py")
# What another version need not have.
_NOT_THERE = (
    "from bench.analyse import analyse\n", "from riskreg.risks.models import REFS_EACH\n",
)  # fmt: skip


def main(size: int) -> None:
    """Migrate, seed, add a year of history, sign somebody in and give a program a token."""
    sys.path[0] = os.getcwd()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from bench.seed import seed

    viewer = seed(size)
    _add_history(viewer)
    from riskreg.accounts.services import create_token
    from riskreg.kernel import clock
    from riskreg.risks.models import Risk

    _row, token = create_token(user=viewer.user, scope="write", days=1, at=clock.now())
    session = SessionStore()
    session["_auth_user_id"] = str(viewer.user.pk)
    session["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    session["_auth_user_hash"] = viewer.user.get_session_auth_hash()
    session.save()
    own = Risk.objects.filter(register=viewer.register, state="open", party=viewer.party)
    print(
        json.dumps(
            {
                "cookie": settings.SESSION_COOKIE_NAME,
                "session": session.session_key,
                "token": token,
                "refs": list(own.values_list("ref", flat=True)),
            }
        )
    )


def _add_history(viewer: Any) -> None:
    """The history of this version of ``bench``, without the columns that the other has not."""
    from django.db import connection

    spec = importlib.util.spec_from_file_location("history", HISTORY)
    assert spec is not None
    assert spec.loader is not None
    history = importlib.util.module_from_spec(spec)
    source = HISTORY.read_text(encoding="utf-8")
    for line in _NOT_THERE:
        source = source.replace(line, "")
    history.__dict__.update({"analyse": lambda: None, "__name__": "history", "REFS_EACH": 10**9})
    exec(compile(source, str(HISTORY), "exec"), history.__dict__)
    written = history._statements

    columns = {column.name for column in _columns(connection, "risks_risk")}
    number = "r.ref_order" if "ref_order" in columns else "r.id"

    def fitting(lite: bool) -> list[str]:
        return [
            _without_unknown(statement.replace("r.ref_order", number), connection)
            for statement in written(lite)
        ]

    history._statements = fitting
    if not hasattr(viewer, "asked_at"):
        from riskreg.kernel import clock

        object.__setattr__(viewer, "asked_at", clock.now())
    history.add_history(viewer)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _without_unknown(statement: str, connection: Any) -> str:
    found = re.match(r"\s*INSERT INTO (\w+) \((.*?)\)\s*SELECT (.*)", statement, re.DOTALL)
    if found is None:
        searched = "search_text" in {c.name for c in _columns(connection, "risks_risk")}
        return statement if searched else re.sub(r",\s+search_text = .*\n", "\n", statement)
    table, columns, rest = found[1], [c.strip() for c in found[2].split(",")], found[3]
    known = {column.name for column in _columns(connection, table)}
    values, tail = _listed_values(rest)
    kept = [(c, v) for c, v in zip(columns, values, strict=True) if c in known]
    names, taken = ", ".join(c for c, _v in kept), ", ".join(v for _c, v in kept)
    return f"INSERT INTO {table} ({names}) SELECT {taken} {tail}"


def _columns(connection: Any, table: str) -> Any:
    with connection.cursor() as cursor:
        return connection.introspection.get_table_description(cursor, table)


def _listed_values(rest: str) -> tuple[list[str], str]:
    """What is selected, and everything from FROM on."""
    depth, start, values = 0, 0, []
    for n, sign in enumerate(rest):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and sign == ",":
            values.append(rest[start:n].strip())
            start = n + 1
        if depth == 0 and re.match(r"\sFROM\s", rest[n : n + 6]):
            return [*values, rest[start:n].strip()], rest[n:]
    raise ValueError(rest)


if __name__ == "__main__":
    main(int(sys.argv[1]))
