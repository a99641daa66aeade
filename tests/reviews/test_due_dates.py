"""The database counts coverage as going through every due date does, on lives made up at random."""

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from riskreg.reviews.policy.coverage import WHAT
from riskreg.reviews.queries.coverage import BY, coverage
from tests import builders
from tests.amounts import examples
from tests.builders import World
from tests.reviews import coverage_by_rows
from tests.reviews.clerk import DAY, Clerk, steps_of, use_register

ACTS = (
    "create", "wait", "wait", "review", "review", "close", "extend", "transfer", "terms", "share",
)  # fmt: skip


def numbers(report: Any) -> dict[str, Any]:
    """Every number of a report, and how many its list has."""
    rows = {row.key: row.tally for row in report.rows}
    return {"": report.total, "rows": rows, "order": list(rows)}


def lines(items: Any) -> list[Any]:
    """What a list says, by day, ref and end."""
    said = [(i.due, i.ref, i.owner, i.reviewer) for i in items]
    return sorted(said, key=lambda line: (line[0].due_on, line[1], str(line[0].held_on)))


@pytest.mark.django_db
@settings(max_examples=examples(25))
@given(
    steps_of(ACTS),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=2, max_size=4),
)
def test_as_going_through_every_due_date(
    world: World, done: list[Any], asked: list[tuple[int, int]]
) -> None:
    with transaction.atomic():
        builders.taxonomy(world, "workstream", {"rnd": "R&D", "sales": "Sales"})
        clerk = Clerk(world, world.at)
        clerk.create(True, False, (4, 5))
        clerk.create(True, True, (4, 5))
        use_register(clerk, done)
        for name in ("leader", "partner_leader", "auditor"):
            viewer = world.viewer(name)
            for back, length in [(0, 60), *asked]:
                as_of = clerk.today - back * DAY
                period: Any = {"first": as_of - length * DAY, "as_of": as_of, "at": clerk.at}
                for by in BY:
                    found = coverage(viewer, by=by, **period)
                    before = coverage_by_rows.coverage(viewer, by=by, **period)
                    assert numbers(found) == numbers(before), (name, by, period)
                    for what in WHAT:
                        for key in (None, *(row.key for row in found.rows)):
                            listed = lines(found.listed(what, key))
                            assert listed == lines(before.listed(what, key)), (name, by, what, key)
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_page_of_the_list_reads_that_page(world: World) -> None:
    for n in range(7):
        builders.risk(world, at=world.at - (50 + n) * DAY)
    period: Any = {"first": world.today - 90 * DAY, "as_of": world.today, "at": world.at}
    listed = coverage(world.viewer("leader"), by="party", **period).listed("due")
    whole = [item.ref for item in listed]
    assert len(listed) == len(whole) == 7
    assert [item.ref for item in listed[2:5]] == whole[2:5]
    assert listed[3].ref == whole[3]
    with pytest.raises(IndexError):
        listed[7]
    assert [item.due.due_on for item in listed] == sorted(item.due.due_on for item in listed)
    assert isinstance(listed[0].due.due_on, dt.date)
