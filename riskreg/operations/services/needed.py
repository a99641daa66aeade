"""Which versions may work on the tables that this one has made."""

import json
from collections.abc import Collection
from pathlib import Path

from django.db import transaction

from riskreg.operations.models import NeededMigration

# The version before, see tools/upgrades.py.
RELEASED = Path(__file__).resolve().parent.parent / "released.json"


def migrations_of_version_before() -> dict[str, str]:
    """The last one of each room that the version before had."""
    return dict(json.loads(RELEASED.read_text())["migrations"])


def record_migrations_of_version_before() -> None:
    """Write down what the version before had: whoever has that can work on these tables."""
    last = migrations_of_version_before()
    with transaction.atomic():
        NeededMigration.objects.exclude(room__in=last).delete()
        NeededMigration.objects.bulk_create(
            [NeededMigration(room=room, name=name) for room, name in sorted(last.items())],
            update_conflicts=True,
            unique_fields=["room"],
            update_fields=["name"],
        )


def may_older_version_work(known: Collection[tuple[str, str]]) -> bool:
    """Whether a version with the migrations ``known`` may work on tables newer than it. No where
    nobody has written it down."""
    needed = set(NeededMigration.objects.values_list("room", "name"))
    return bool(needed) and needed <= set(known)
