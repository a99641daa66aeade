"""The whole database as plain values, to show that a refusal changed nothing."""

import contextlib
from collections.abc import Iterator
from typing import Any

from django.apps import apps

# What signing in, calling and typing leave behind, whoever is refused what.
_OF_REQUESTS = {"sessions.session", "accounts.signinfailure", "requests.draft"}
_USED = {"last_used_on", "last_login"}


def dump() -> dict[str, list[Any]]:
    """Every row of every table but those of sessions and sign-ins, by model, in order of key.

    When somebody last signed in or used a token is left out: a refused call is a use too. So is
    what was typed into a form that was refused, which is kept for an hour.
    """
    rows: dict[str, list[Any]] = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.label_lower in _OF_REQUESTS or not model._meta.managed:
            continue
        values = model._base_manager.order_by("pk").values()
        rows[model._meta.label_lower] = [
            {k: v for k, v in row.items() if k not in _USED} for row in values
        ]
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
