"""I4: append-only tables refuse UPDATE, DELETE and TRUNCATE by any SQL, on both databases."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from riskreg.analysis.services import release_effect, release_estimate
from riskreg.events.models import Event
from riskreg.kernel import appendonly
from riskreg.register.models import Criteria
from riskreg.reviews.models import Extension, Review
from riskreg.reviews.services import grant_extension
from riskreg.risks.models import Assessment
from tests import builders
from tests.analysis import making
from tests.builders import World
from tests.conftest import without_append_only
from tests.dump import nothing_changes

ALWAYS = [Assessment, Review, Extension, Event]


def run(sql: str, *params: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)


@builders.shared_world
def history(world: World) -> World:
    risk = builders.risk(world)
    builders.review(world, risk, cell=(3, 3), comment="Better")
    grant_extension(
        actor=world.viewer("manager"), ref=risk.ref, version=None, reason="Figures are missing",
        until=world.today + dt.timedelta(days=100), at=world.at + dt.timedelta(days=40),
    )  # fmt: skip
    return world


def test_every_ledger_has_the_rule() -> None:
    tables = {rule.table: rule.when for rule in appendonly.append_only_rules_of_migrations()}
    assert {m._meta.db_table for m in ALWAYS} <= set(tables)
    assert tables["register_criteria"] == "OLD.used_at IS NOT NULL"


@pytest.mark.parametrize("model", [*ALWAYS, Criteria], ids=lambda m: m.__name__)
def test_rows_cannot_be_changed_or_deleted(history: World, model: type) -> None:
    table = model._meta.db_table
    row = model.objects.order_by("pk").first()
    assert row is not None
    other = "previous = 'f'" if model is Event else "created_at = '2001-01-01 00:00:00+00:00'"
    attempts = [
        f"UPDATE {table} SET {other} WHERE id = %s",
        f"UPDATE {table} SET id = id WHERE id = %s",
        f"DELETE FROM {table} WHERE id = %s",
    ]
    for sql in attempts:
        with nothing_changes(), pytest.raises(DatabaseError, match="append-only"):
            run(sql, row.pk)
    with nothing_changes(), pytest.raises(DatabaseError, match="append-only"):
        run(f"DELETE FROM {table}")


@pytest.mark.parametrize("model", ALWAYS, ids=lambda m: m.__name__)
def test_rows_cannot_be_replaced(history: World, model: type) -> None:
    if connection.vendor != "sqlite":
        # PostgreSQL has no REPLACE; ON CONFLICT DO UPDATE is an UPDATE to the triggers.
        sql = (
            "INSERT INTO {t} SELECT * FROM {t} WHERE id = %s ON CONFLICT (id) DO UPDATE SET id = "
            "EXCLUDED.id"
        )
    else:
        sql = "INSERT OR REPLACE INTO {t} SELECT * FROM {t} WHERE id = %s"
    row = model.objects.order_by("pk").first()
    with nothing_changes(), pytest.raises(DatabaseError, match="append-only"):
        run(sql.format(t=model._meta.db_table), row.pk)


@pytest.mark.postgres
@pytest.mark.parametrize("model", [*ALWAYS, Criteria], ids=lambda m: m.__name__)
def test_tables_cannot_be_truncated(history: World, model: type) -> None:
    # What is checked at the end of a transaction would be refused for that reason first.
    run("SET CONSTRAINTS ALL IMMEDIATE")
    with nothing_changes(), pytest.raises(DatabaseError, match="append-only"):
        run(f"TRUNCATE {model._meta.db_table} CASCADE")


def test_models_cannot_get_around_it(history: World) -> None:
    review = Review.objects.get()
    attempts: list[Callable[[], object]] = [
        review.save,
        review.delete,
        lambda: Review.objects.update(comment="nicer"),
        lambda: Assessment.objects.all().delete(),
    ]
    for attempt in attempts:
        refused = pytest.raises(Exception, match=r"append-only|protected")
        with nothing_changes(), refused, transaction.atomic():
            attempt()


def test_an_estimate_changes_by_its_release_alone(history: World) -> None:
    row = making.estimate(history, Review.objects.get().risk)
    for sql in (
        "UPDATE analysis_estimate SET severity_high = 1 WHERE id = %s",
        "UPDATE analysis_estimate SET rationale = 'nicer', visibility = 'shared' WHERE id = %s",
        "DELETE FROM analysis_estimate WHERE id = %s",
    ):
        with nothing_changes(), pytest.raises(DatabaseError, match="append-only"):
            run(sql, row.pk)
    released = release_estimate(actor=history.viewer("owner"), estimate=row.uuid, at=history.at)
    assert released.visibility == "shared"


def test_an_effect_changes_by_its_release_alone(history: World) -> None:
    risk = Review.objects.get().risk
    row = making.effect(history, builders.mitigation(history, risk), risk)
    for sql in (
        "UPDATE analysis_effect SET cost_high = 1 WHERE id = %s",
        "UPDATE analysis_effect SET rationale = 'nicer', visibility = 'shared' WHERE id = %s",
        "DELETE FROM analysis_effect WHERE id = %s",
    ):
        with nothing_changes(), pytest.raises(DatabaseError, match="append-only"):
            run(sql, row.pk)
    assert (
        release_effect(actor=history.viewer("owner"), effect=row.uuid, at=history.at).visibility
        == "shared"
    )


def test_criteria_can_change_until_they_are_used(world: World) -> None:
    criteria = world.register.criteria
    assert criteria.used_at is None
    run("UPDATE register_criteria SET unrated_cadence_days = 31 WHERE id = %s", criteria.pk)
    criteria.refresh_from_db()
    assert criteria.unrated_cadence_days == 31
    builders.risk(world)
    with pytest.raises(DatabaseError, match="append-only"):
        run("UPDATE register_criteria SET unrated_cadence_days = 32 WHERE id = %s", criteria.pk)


def test_the_rule_can_be_taken_away_and_comes_back(history: World) -> None:
    row = Review.objects.get()
    with without_append_only(connection):
        run("UPDATE reviews_review SET comment = 'x' WHERE id = %s", row.pk)
    with pytest.raises(DatabaseError, match="append-only"):
        run("UPDATE reviews_review SET comment = 'y' WHERE id = %s", row.pk)
    row.refresh_from_db()
    assert row.comment == "x"
