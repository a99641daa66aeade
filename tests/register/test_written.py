"""Reads that are written once for a shape give what they would give written anew."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection

from riskreg.register import written
from riskreg.register.access import Viewer
from riskreg.register.written import MOST_LISTED, written_once, written_sql
from riskreg.risks.models import Position
from riskreg.risks.queries.access import visible_positions, visible_risks
from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db


@written_once()
def called(viewer: Viewer, refs: list[str], since: dt.datetime | None, *, most: int) -> Any:
    rows = visible_risks(viewer).filter(ref__in=refs)
    if since is not None:
        rows = rows.filter(created_at__gte=since - dt.timedelta(microseconds=1))
    return rows.order_by("ref")[:most]


@written_once("now")
def above(viewer: Viewer) -> Any:
    return visible_positions(viewer).filter(residual_rating=viewer.criteria.appetite)


@pytest.fixture
def refs(world: World) -> list[str]:
    return sorted(builders.risk(world, visibility=how).ref for how in ["shared", "party"] * 2)


def test_lists_moments_and_nones_each_have_their_own_rows(world: World, refs: list[str]) -> None:
    for viewer in map(world.viewer, ("owner", "partner_owner", "auditor")):
        for wanted in ([], refs[:1], refs[:3], refs, refs[::-1], ["R-999"], refs * 20):
            for since in (None, world.at - dt.timedelta(days=1), world.at + dt.timedelta(days=1)):
                for most in (1, 10):
                    plain = called.__wrapped__(viewer, wanted, since, most=most)  # type: ignore[attr-defined]
                    asked = called(viewer, wanted, since, most=most)
                    assert asked == list(plain), (wanted, since, most)
    assert [row.ref for row in called(world.viewer("owner"), refs, None, most=10)] == refs


@written_sql
def named(viewer: Viewer, ref: str, before: dt.datetime | None) -> Any:
    rows = visible_risks(viewer).filter(ref=ref)
    rows = rows if before is None else rows.filter(created_at__lt=before)
    return rows.order_by("pk").values_list("ref")


def test_parts_of_a_larger_statement_have_their_own_values(world: World, refs: list[str]) -> None:
    for viewer in map(world.viewer, ("owner", "partner_owner", "auditor")):
        for before in (None, world.at, world.at + dt.timedelta(days=1)):
            parts = [named(viewer, ref, before) for ref in (*refs, "R-999")]
            with connection.cursor() as cursor:
                cursor.execute(
                    " UNION ALL ".join(f"SELECT * FROM ({sql}) x{n}"
                                       for n, (sql, _v) in enumerate(parts)),
                    [value for _sql, values in parts for value in values],
                )  # fmt: skip
                found = [ref for (ref,) in cursor.fetchall()]
            plain = [named.__wrapped__(viewer, ref, before) for ref in refs]  # type: ignore[attr-defined]
            assert sorted(found) == sorted(ref for rows in plain for (ref,) in rows)


def test_few_lengths_of_lists_are_written(world: World, refs: list[str]) -> None:
    written._statement.cache_clear()
    for n in range(1, 9):
        called(world.viewer("owner"), (refs * 2)[:n], None, most=10)
    assert written._statement.cache_info().currsize == 4  # of 1, 2, 4 and 8
    called(world.viewer("owner"), ["R-999"] * (MOST_LISTED + 1), None, most=10)
    assert written._statement.cache_info().currsize == 4


def test_criteria_are_constants_of_what_they_say_and_not_of_their_row(world: World) -> None:
    """Before anything is rated by them they change in place."""
    viewer = world.viewer("owner")
    for rating in [row["key"] for row in viewer.criteria.ratings]:
        viewer.criteria.appetite = rating
        expected = Position.objects.filter(residual_rating=rating)
        assert set(above(viewer)) == set(expected)


def test_what_may_not_be_used_of_a_viewer_is_an_error(world: World) -> None:
    @written_once()
    def mine(viewer: Viewer) -> Any:
        return visible_risks(viewer).filter(owner=viewer.user)

    with pytest.raises(AttributeError, match="user"):
        mine(world.viewer("owner"))
