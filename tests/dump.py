"""The whole database as plain values, to show that a refusal changed nothing."""

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connection

# What signing in, calling and typing leave behind, whoever is refused what.
_OF_REQUESTS = {"sessions.session", "accounts.signinfailure", "requests.draft"}
_USED = {"last_used_on", "last_login"}


@functools.cache
def _selects() -> tuple[tuple[str, str], ...]:
    """Each model with the statement that reads its table; written once, for they are run often."""
    quote = connection.ops.quote_name
    found = []
    for model in apps.get_models(include_auto_created=True):
        meta = model._meta
        if meta.label_lower in _OF_REQUESTS or not meta.managed:
            continue
        columns = [f.column for f in meta.concrete_fields if f.attname not in _USED]
        found.append(
            (
                meta.label_lower,
                f"SELECT {', '.join(map(quote, columns))} FROM {quote(meta.db_table)} "
                f"ORDER BY {quote(meta.pk.column)}",
            )
        )
    return tuple(found)


def dump() -> dict[str, list[Any]]:
    """Every row of every table but those of sessions and sign-ins, by model, in order of key.

    As the database gives the values. When somebody last signed in or used a token is left out: a
    refused call is a use too. So is what was typed into a form that was refused, which is kept for
    an hour.
    """
    rows: dict[str, list[Any]] = {}
    with connection.cursor() as cursor:
        for name, select in _selects():
            cursor.execute(select)
            rows[name] = cursor.fetchall()
    return rows


@contextlib.contextmanager
def nothing_changes() -> Iterator[None]:
    """Fail unless the database is the same afterwards, however the block was left."""
    before = dump()
    try:
        yield
    finally:
        after = dump()
        changed = {name for name in before if before[name] != after[name]}
        assert not changed, f"changed although it was refused: {', '.join(sorted(changed))}"
