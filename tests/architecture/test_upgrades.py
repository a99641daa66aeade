"""The version before can live on this one's tables: no fault in the tree, and a planted one of each
kind is caught."""

from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.state import ModelState, ProjectState

from riskreg.kernel.appendonly import AppendOnly
from riskreg.kernel.backfill import Backfill
from riskreg.kernel.indexes import AddIndexBeside
from tools import upgrades

pytestmark = pytest.mark.once


def test_the_tree_has_no_fault() -> None:
    assert upgrades.check() == []


def nothing(*_arguments: Any) -> None:
    """What a planted RunPython or Backfill does."""


FILL = Backfill("risk", models.Q(note=None), nothing, ("note",))
COLUMN = migrations.AddField("risk", "more", models.TextField(null=True))


def known() -> ProjectState:
    """A room with one table, as the version before knows it."""
    state = ProjectState()
    state.add_model(
        ModelState(
            "room", "Risk",
            [
                ("id", models.AutoField(primary_key=True)),
                ("title", models.CharField(max_length=100)),
                ("note", models.TextField(null=True)),
                ("kind", models.CharField(max_length=10, db_default="threat")),
                ("other", models.ForeignKey("room.Risk", models.PROTECT, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["title"], name="once"),
                    models.CheckConstraint(condition=models.Q(kind="threat"), name="kinds"),
                ],
                "indexes": [],
            },
        )
    )  # fmt: skip
    return state


def found(*operations: Any, atomic: bool = True, **contracts: str) -> list[str]:
    """The items at fault in a migration of these."""
    named = {name.replace("__", "."): why for name, why in contracts.items()}
    kind = type(
        "Migration", (migrations.Migration,),
        {"operations": list(operations), "atomic": atomic, "contracts": named},
    )  # fmt: skip
    rules = {"room_risk": AppendOnly("room_risk", columns=("title",))}
    faults = upgrades.faults([kind("0002_new", "room")], known(), rules)
    return [fault.split(": ")[1] for fault in faults]


INDEX = models.Index(fields=["title"], name="i")
CHECK = models.CheckConstraint(condition=models.Q(title="x"), name="x")


@pytest.mark.parametrize(
    ("operation", "item"),
    [
        (migrations.AddField("risk", "a", models.TextField(default="")), "room.risk.a"),
        (migrations.AddField("risk", "a", models.TextField(null=True, db_index=True)),
         "room.risk.a"),
        (migrations.AddField("risk", "a", models.TextField(null=True, unique=True)),
         "room.risk.a"),
        (migrations.AddIndex("risk", INDEX), "room.risk.i"),
        (AddIndexBeside("risk", INDEX), "room.risk.i"),
        (migrations.RemoveField("risk", "note"), "room.risk.note"),
        (migrations.RenameField("risk", "note", "notes"), "room.risk.note"),
        (migrations.DeleteModel("Risk"), "room.risk"),
        (migrations.RenameModel("Risk", "Peril"), "room.risk"),
        (migrations.AlterModelTable("risk", "perils"), "room.risk"),
        (migrations.AlterField("risk", "note", models.TextField()), "room.risk.note"),
        (migrations.AlterField("risk", "note", models.IntegerField(null=True)), "room.risk.note"),
        (migrations.AlterField("risk", "title", models.CharField(max_length=50)),
         "room.risk.title"),
        (migrations.AlterField("risk", "title", models.CharField(max_length=100, unique=True)),
         "room.risk.title"),
        (migrations.AlterField("risk", "title", models.CharField(max_length=100, db_column="t")),
         "room.risk.title"),
        (migrations.AlterField("risk", "kind", models.CharField(max_length=10)), "room.risk.kind"),
        (migrations.AddConstraint("risk", CHECK), "room.risk.x"),
        (migrations.RemoveConstraint("risk", "once"), "room.risk.once"),
        (migrations.AlterUniqueTogether("risk", {("title", "note")}), "room.risk"),
        (migrations.SeparateDatabaseAndState(), "room.database"),
        (AppendOnly("room_risk", columns=("title", "note"), again=True), "room_risk"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_caught_and_can_be_declared(operation: Any, item: str) -> None:
    assert found(operation) == [item]
    assert found(operation, **{item.replace(".", "__"): "no code knows it any more"}) == []


@pytest.mark.parametrize(
    "data", [migrations.RunPython(nothing), migrations.RunSQL("UPDATE x"), FILL]
)
def test_rows_are_not_changed_where_tables_are_locked(data: Any) -> None:
    assert "data" in found(COLUMN, data, atomic=False)
    assert found(COLUMN, data, atomic=False, data="three rows") == []
    assert found(data, atomic=False) == []


def test_a_backfill_is_not_one_transaction() -> None:
    assert found(FILL) == ["data"]


@pytest.mark.parametrize(
    "operation",
    [
        COLUMN,
        migrations.AddField("risk", "a", models.TextField(default="", db_default="")),
        migrations.AddField("risk", "a", models.ManyToManyField("room.Risk")),
        migrations.AlterField("risk", "title", models.CharField(max_length=200)),
        migrations.AlterField("risk", "title", models.CharField(max_length=100, null=True)),
        migrations.AlterField(
            "risk", "other", models.ForeignKey("room.Risk", models.CASCADE, null=True)
        ),
        migrations.RemoveConstraint("risk", "kinds"),
        AppendOnly("room_risk", columns=("title",), again=True),
    ],
)
def test_what_it_can_live_with_is_none(operation: Any) -> None:
    assert found(operation) == []


def test_an_index_is_made_beside_everybody() -> None:
    assert found(AddIndexBeside("risk", INDEX), atomic=False) == []


def test_a_table_of_this_version_is_its_own() -> None:
    new = migrations.CreateModel("New", [("id", models.AutoField(primary_key=True))])
    column = migrations.AddField("new", "a", models.TextField(default=""))
    rule, constraint = AppendOnly("room_new"), migrations.AddConstraint("new", CHECK)
    assert found(new, column, rule, constraint) == []


def test_what_is_declared_is_done() -> None:
    assert found(COLUMN, room__risk__note="nobody reads it") == ["room.risk.note"]
