"""Review coverage: every due date counted once, as recorded by then, and as a clerk would count it.

The reference keeps its own notes while a register is used at random: what was set, held, closed,
extended and recorded when. It then counts by hand, day by day, and must agree for any day, period
and party.
"""

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from hypothesis import example, given, settings
from hypothesis import strategies as st

from riskreg.kernel.errors import Invalid
from riskreg.reviews.policy.coverage import (
    WHAT,
    CoverageCounts,
    DueOutcome,
    DueReview,
    days_late,
    due_outcome,
    tally,
)
from riskreg.reviews.queries.coverage import coverage
from riskreg.risks import services
from tests import builders
from tests.amounts import examples
from tests.builders import World
from tests.reviews.clerk import DAY, Clerk, steps_of, use_register

BASE = dt.date(2026, 9, 16)


def d(n: int) -> dt.date:
    return BASE + n * DAY


# The rule itself ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "due, became, late",
    [
        (DueReview(d(0), held_on=d(-3)), DueOutcome.ON_TIME, 0),
        (DueReview(d(0), held_on=d(0)), DueOutcome.ON_TIME, 0),
        (DueReview(d(0), held_on=d(4)), DueOutcome.LATE, 4),
        (DueReview(d(0)), DueOutcome.OPEN, 10),
        (DueReview(d(9)), DueOutcome.OPEN, 1),
        (DueReview(d(10)), DueOutcome.NONE, 0),
        (DueReview(d(11)), DueOutcome.NONE, 0),
        (DueReview(d(10), held_on=d(10)), DueOutcome.ON_TIME, 0),
        (DueReview(d(11), held_on=d(9)), DueOutcome.NONE, 0),
        (DueReview(d(0), closed_on=d(0)), DueOutcome.NONE, 0),
        (DueReview(d(0), closed_on=d(2)), DueOutcome.ENDED, 2),
        (DueReview(d(0), extended_until=d(30)), DueOutcome.OPEN, 10),
        (DueReview(d(0), held_on=d(4), extended_until=d(30)), DueOutcome.LATE, 4),
    ],
)
def test_what_became_of_a_due_date(due: DueReview, became: DueOutcome, late: int) -> None:
    assert due_outcome(due, d(10)) is became
    assert days_late(due, d(10)) == late


days = st.integers(-30, 30)
dues = st.builds(
    DueReview,
    due_on=days.map(d),
    held_on=st.none() | days.map(d),
    extended_until=st.none() | days.map(d),
    brought_in=st.booleans(),
)


@settings(max_examples=200)
@given(st.lists(dues, max_size=12), days, days)
def test_the_numbers_add_up(listed: list[DueReview], a: int, b: int) -> None:
    first, as_of = d(min(a, b)), d(max(a, b))
    counted = tally(listed, first, as_of)
    assert counted.due == counted.on_time + counted.late
    assert counted.extended <= len(listed)
    assert counted.brought_in <= counted.due
    assert (counted.share_on_time is None) == (counted.due == 0)
    if counted.median_late is not None:
        assert counted.median_late >= 0.5
    assert (counted.median_late is None) == (counted.late == 0)
    split = [tally([one], first, as_of) for one in listed]
    for what in WHAT:
        assert getattr(counted, what) == sum(getattr(one, what) for one in split)


# Against a clerk ---------------------------------------------------------------------------------
ACTS = ("create", "wait", "wait", "review", "review", "assess", "close", "extend", "transfer")


@pytest.mark.django_db
@settings(max_examples=examples(25))
@given(
    steps_of(ACTS),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 200)), min_size=3, max_size=6),
)
# Reviewed early, with the next review on the very day whose review was extended.
@example(
    [
        ("review", 0, (1, 1), 4, False), ("extend", 0, (1, 1), 21, False),
        ("review", 0, (1, 1), 25, False), ("wait", 0, (1, 1), 10, False),
    ],
    [(0, 0), (0, 30), (1, 30)],
)  # fmt: skip
def test_as_a_clerk_would_count(
    world: World, done: list[Any], asked: list[tuple[int, int]]
) -> None:
    with transaction.atomic():
        clerk = Clerk(world, world.at)
        clerk.create(True, False, (4, 5))
        use_register(clerk, done)
        for name, party in (("leader", "foton"), ("partner_leader", "catl"), ("auditor", None)):
            viewer = world.viewer(name)
            for back, length in asked:
                as_of = clerk.today - back * DAY
                first = as_of - length * DAY
                expected = clerk.count(party, first, as_of)
                for by in ("party", "month"):
                    found = coverage(viewer, by=by, first=first, as_of=as_of, at=clerk.at)
                    assert found.total == expected.get("", CoverageCounts())
                    for row in found.rows:
                        assert row.tally == expected[row.key], (name, as_of, first, row.key)
                    assert sum(r.tally.due for r in found.rows) == found.total.due
                    assert sum(r.tally.open for r in found.rows) == found.total.open
                    for what in WHAT:
                        listed = found.listed(what)
                        assert len(listed[:]) == getattr(found.total, what)
        transaction.set_rollback(True)


# Single questions --------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_review_brought_in_is_there_from_the_day_of_its_recording(world: World) -> None:
    row = builders.risk(world, at=world.at - 60 * DAY, recorded_at=world.at - 60 * DAY)
    due = world.today - 30 * DAY
    held = world.at - 31 * DAY
    builders.review(world, row, at=held, recorded_at=world.at - 2 * DAY)
    viewer = world.viewer("leader")

    def asked(as_of: dt.date) -> CoverageCounts:
        return coverage(viewer, by="party", first=due - 9 * DAY, as_of=as_of, at=world.at).total

    assert asked(world.today - 3 * DAY) == CoverageCounts(due=1, late=1, open=1, median_late=27.0)
    assert asked(world.today - 2 * DAY) == CoverageCounts(due=1, on_time=1, brought_in=1)
    assert asked(due) == CoverageCounts()


@pytest.mark.django_db
def test_owners_and_workstreams_as_they_were(world: World) -> None:
    builders.taxonomy(world, "workstream", {"rnd": "R&D", "sales": "Sales"})
    row = builders.risk(world, at=world.at - 60 * DAY, terms=["workstream:rnd"])
    services.transfer_risk(
        actor=world.viewer("manager"), ref=row.ref, version=None, owner=world.deputy.email,
        at=world.at - 10 * DAY,
    )  # fmt: skip
    services.edit_risk(
        actor=world.viewer("manager"), ref=row.ref, version=None,
        fields={"terms": ["workstream:sales"]}, at=world.at - 5 * DAY,
    )  # fmt: skip
    viewer = world.viewer("leader")
    first = world.today - 40 * DAY

    def keys(by: str, back: int) -> list[str]:
        as_of = world.today - back * DAY
        return [
            row.key for row in coverage(viewer, by=by, first=first, as_of=as_of, at=world.at).rows
        ]

    assert keys("owner", 0) == [str(world.owner.uuid)], "whose it was on the day it fell due"
    assert keys("workstream", 0) == ["sales"]
    assert keys("workstream", 6) == ["rnd"]
    assert keys("month", 0) == ["2026-08"]
    assert keys("party", 0) == ["foton"]


@pytest.mark.django_db
def test_before_a_risk_was_shared_the_partner_counts_nothing(world: World) -> None:
    row = builders.risk(world, visibility="party", at=world.at - 60 * DAY)
    services.share_risk(
        actor=world.viewer("manager"), ref=row.ref, version=None, at=world.at - 5 * DAY
    )
    first = world.today - 60 * DAY

    def due(name: str, back: int) -> int:
        as_of = world.today - back * DAY
        return coverage(
            world.viewer(name), by="party", first=first, as_of=as_of, at=world.at
        ).total.due

    assert (due("leader", 6), due("partner_leader", 6), due("auditor", 6)) == (1, 0, 0)
    assert (due("leader", 5), due("partner_leader", 5), due("auditor", 0)) == (1, 1, 1)


@pytest.mark.django_db
def test_what_cannot_be_asked(world: World) -> None:
    viewer = world.viewer("leader")
    today = world.today
    for by, first, as_of, name in (
        ("weather", today, today, "by"),
        ("party", today, today + DAY, "as_of"),
        ("party", today, today - DAY, "from"),
        ("party", today - 9999 * DAY, today, "from"),
    ):
        with pytest.raises(Invalid) as refused:
            coverage(viewer, by=by, first=first, as_of=as_of, at=world.at)
        assert name in refused.value.fields


@pytest.mark.django_db
def test_the_number_of_queries_is_constant(world: World, django_assert_num_queries: Any) -> None:
    def ask(back: int) -> None:
        coverage(
            viewer, by="owner", first=today - 90 * DAY, as_of=today - back * DAY,
            at=world.at,
        )  # fmt: skip

    viewer, today = world.viewer("leader"), world.today
    for n in range(12):
        row = builders.risk(world, at=world.at - (50 + n) * DAY)
        builders.review(world, row, at=world.at - n * DAY)
        if n in (0, 11):
            with django_assert_num_queries(2):
                ask(0)
            with django_assert_num_queries(2):
                ask(1)
