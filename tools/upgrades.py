"""Whether the version before this one can go on working on the tables of this one.

``python tools/upgrades.py`` looks at every migration after those that
``riskreg/operations/released.json`` names (the last ones of the version before) and says what that
version could not live with: expand first, contract one version later
(docs/adr/0021-expand-then-contract.md). A step that is meant names itself: ``contracts =
{"room.model.field": "why no code of the version before knows it"}`` on the Migration.

``python tools/upgrades.py --release COMMIT`` writes the file anew: this version is the one before,
from now on.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RELEASED = ROOT / "riskreg" / "operations" / "released.json"
# What is wrong with an item, by its name; None: nothing.
Found = tuple[str, str]


def released() -> dict[str, Any]:
    """``commit`` of the version before, and the last of its ``migrations`` by room."""
    return dict(json.loads(RELEASED.read_text()))


def faults(migrations: Sequence[Any], state: Any, rules: Mapping[str, Any]) -> list[str]:
    """What the version before cannot live with in ``migrations``, in the order they are applied.

    ``state`` is the ProjectState that it knows, which is carried on; ``rules`` are its append-only
    rules by table.
    """
    known = _Known(state, rules)
    found = []
    for migration in migrations:
        contracts = dict(getattr(migration, "contracts", {}))
        meant = set()
        for item, why in _of_migration(migration, known):
            if item in contracts:
                meant.add(item)
            else:
                found.append(f"{migration.app_label}.{migration.name}: {item}: {why}")
        found += [
            f"{migration.app_label}.{migration.name}: {item}: declared, and not done here"
            for item in sorted(set(contracts) - meant)
        ]
    return found


class _Known:
    """What stood at the release, and how it stands after the migrations seen so far."""

    def __init__(self, state: Any, rules: Mapping[str, Any]) -> None:
        self.state = state
        self.rules = dict(rules)
        self.models = set(state.models)
        self.tables = {_table(state, key) for key in state.models}

    def had(self, app: str, model: str) -> bool:
        return (app, model.lower()) in self.models

    def field(self, app: str, model: str, name: str) -> Any:
        return self.state.models[app, model.lower()].fields[name]


def _table(state: Any, key: tuple[str, str]) -> str:
    return str(state.models[key].options.get("db_table") or "_".join(key))


def _of_migration(migration: Any, known: _Known) -> Iterator[Found]:
    from django.db.migrations.operations import RunPython, RunSQL

    from riskreg.kernel.backfill import Backfill

    data = [op for op in migration.operations if isinstance(op, (RunPython, RunSQL, Backfill))]
    if data and len(data) < len(migration.operations):
        yield "data", "rows are changed in the transaction that locks tables; use two migrations"
    if migration.atomic and any(isinstance(op, Backfill) for op in data):
        yield "data", "a Backfill needs atomic = False"
    for operation in migration.operations:
        yield from _of_operation(operation, migration.app_label, known, atomic=migration.atomic)
        operation.state_forwards(migration.app_label, known.state)


def _of_operation(op: Any, app: str, known: _Known, *, atomic: bool) -> Iterator[Found]:
    from django.db import models
    from django.db.migrations import operations as ops

    from riskreg.kernel.appendonly import AppendOnly
    from riskreg.kernel.indexes import AddIndexBeside

    if isinstance(op, AppendOnly):
        before = known.rules.get(op.table)
        if op.table in known.tables and (
            before is None or (before.when, before.columns) != (op.when, op.columns)
        ):
            yield op.table, "what it changed there may be refused"
        known.rules[op.table] = op
        return
    if isinstance(op, ops.SeparateDatabaseAndState):
        yield f"{app}.database", "what is done to the database cannot be read from the models"
        return
    model = getattr(op, "model_name", None) or getattr(op, "name", "") or ""
    if isinstance(op, ops.RenameModel):
        model = op.old_name
    if not known.had(app, model):
        return
    item = f"{app}.{model.lower()}"
    if isinstance(op, (ops.DeleteModel, ops.RenameModel, ops.AlterModelTable)):
        yield item, "it reads and writes that table"
    elif isinstance(op, (ops.RemoveField, ops.RenameField)):
        name = op.name if isinstance(op, ops.RemoveField) else op.old_name
        yield f"{item}.{name}", "it reads and writes that column"
    elif isinstance(op, ops.AddField):
        yield from ((f"{item}.{op.name}", why) for why in _new_column(op.field))
    elif isinstance(op, ops.AlterField):
        before = known.field(app, model, op.name)
        yield from ((f"{item}.{op.name}", why) for why in _changed_column(before, op.field))
    elif isinstance(op, ops.AddIndex):
        if not isinstance(op, AddIndexBeside):
            yield f"{item}.{op.index.name}", "nobody can write meanwhile; use AddIndexBeside"
        elif atomic:
            yield f"{item}.{op.index.name}", "an AddIndexBeside needs atomic = False"
    elif isinstance(op, ops.AddConstraint):
        yield f"{item}.{op.constraint.name}", "rows that it writes may be refused"
    elif isinstance(op, (ops.AlterUniqueTogether, ops.AlterOrderWithRespectTo)):
        yield item, "rows that it writes may be refused"
    elif isinstance(op, ops.RemoveConstraint):
        constraints = known.state.models[app, model.lower()].options["constraints"]
        if any(isinstance(c, models.UniqueConstraint) and c.name == op.name for c in constraints):
            yield f"{item}.{op.name}", "its writes may name that key (ON CONFLICT)"


def _new_column(field: Any) -> Iterator[str]:
    if field.many_to_many:
        return
    if not field.null and not field.has_db_default():
        yield "it does not know the column, which takes no NULL and has no db_default"
    if field.db_index or field.unique:
        yield "its index is made while nobody can read; use AddIndexBeside, db_index=False"


def _changed_column(before: Any, after: Any) -> Iterator[str]:
    from django.db import connection

    if before.null and not after.null:
        yield "it may write NULL"
    if before.has_db_default() and not after.has_db_default() and not after.null:
        yield "it may leave the column to its db_default"
    if after.unique and not before.unique:
        yield "rows that it writes may be refused"
    if (before.db_column or "") != (after.db_column or ""):
        yield "it knows the column by another name"
    longer = (
        type(before) is type(after)
        and before.max_length is not None
        and (after.max_length is None or after.max_length >= before.max_length)
    )
    kinds = []
    for field in (before, after):
        # A relation has the type of what it leads to, which is no matter of the field.
        alone = field.is_relation
        kinds.append(type(field).__name__ if alone else field.db_type(connection))
    if kinds[0] != kinds[1] and not longer:
        yield f"the column becomes {kinds[1]}, and was {kinds[0]}"


def check() -> list[str]:
    """Faults of the tree as it is."""
    loader, ours = _loader()
    last = released()["migrations"]
    gone = [f"{app}.{name}" for app, name in last.items() if (app, name) not in loader.graph.nodes]
    if gone:
        return [f"{name}: was released, and is gone" for name in gone]
    nodes = list(last.items())
    before = {node for target in nodes for node in loader.graph.forwards_plan(target)}
    plan: dict[tuple[str, str], None] = {}
    for leaf in sorted(loader.graph.leaf_nodes()):
        plan |= dict.fromkeys(loader.graph.forwards_plan(leaf))
    new = [loader.graph.nodes[n] for n in plan if n not in before and n[0] in ours]
    rules = _rules(loader.graph.nodes[node] for node in plan if node in before)
    return faults(new, loader.project_state(nodes), rules)


def _rules(migrations: Iterator[Any]) -> dict[str, Any]:
    from riskreg.kernel.appendonly import AppendOnly

    return {
        operation.table: operation
        for migration in migrations
        for operation in migration.operations
        if isinstance(operation, AppendOnly)
    }


def _loader() -> tuple[Any, set[str]]:
    from django.apps import apps
    from django.db.migrations.loader import MigrationLoader

    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("riskreg.")}
    return MigrationLoader(None, ignore_no_migrations=True), ours


def release(commit: str) -> None:
    """Write down that this version is the one before, from now on."""
    loader, ours = _loader()
    leaves = {app: name for app, name in sorted(loader.graph.leaf_nodes()) if app in ours}
    RELEASED.write_text(json.dumps({"commit": commit, "migrations": leaves}, indent=1) + "\n")


def main() -> int:
    """Check, or write the file; 1 when there is a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", metavar="COMMIT", help="this version, at COMMIT, is released")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    if options.release:
        release(options.release)
        return 0
    found = check()
    print("\n".join(found) or "the version before this one can work on its tables")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
