"""What an old version wrote while the new one's migrations were applied already."""

import functools

from django.apps import apps
from django.db.migrations.loader import MigrationLoader

from riskreg.kernel.backfill import Backfill


def run_backfills_again() -> int:
    """Fill what the migrations' back-fills would fill now; how many rows that were."""
    return sum(
        operation.fill_unfilled(apps.get_model(app, operation.model))
        for app, operation in _backfills_of_migrations()
    )


@functools.cache
def _backfills_of_migrations() -> tuple[tuple[str, Backfill], ...]:
    return tuple(
        (app, operation)
        for (app, _name), migration in sorted(MigrationLoader(None).disk_migrations.items())
        for operation in migration.operations
        if isinstance(operation, Backfill)
    )
