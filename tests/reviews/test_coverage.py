"""Review coverage: every due date counted once, as recorded by then, and as a clerk would count it.

The reference keeps its own notes while a register is used at random: what was set, held, closed,
extended and recorded when. It then counts by hand, day by day, and must agree for any day, period
and party.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median
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
    due_outcome,
    lateness,
    tally,
)
from riskreg.reviews.queries.coverage import coverage
from riskreg.reviews.services import grant_extension
from riskreg.risks import services
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World

DAY = dt.timedelta(days=1)
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
    assert lateness(due, d(10)) == late


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
    assert (counted.share is None) == (counted.due == 0)
    if counted.median_late is not None:
        assert counted.median_late >= 0.5
    assert (counted.median_late is None) == (counted.late == 0)
    split = [tally([one], first, as_of) for one in listed]
    for what in WHAT:
        assert getattr(counted, what) == sum(getattr(one, what) for one in split)


# Against a clerk ---------------------------------------------------------------------------------
@dataclass
class Note:
    """One due date in the clerk's notes; days are of recording unless said otherwise."""

    risk: int
    set_on: dt.date
    due_on: dt.date
    held_on: dt.date | None = None
    held_recorded: dt.date | None = None
    brought_in: bool = False
    pulled_on: dt.date | None = None
    closed: list[tuple[dt.date, dt.date | None]] = field(default_factory=list)
    extended: dt.date | None = None

    def closed_by(self, as_of: dt.date) -> dt.date | None:
        """The day of the closing in force at the end of ``as_of``."""
        for start, end in reversed(self.closed):
            if start <= as_of:
                return start if end is None or end > as_of else None
        return None


@dataclass
class Clerk:
    """Uses a register and keeps notes of it."""

    world: World
    at: dt.datetime
    notes: list[Note] = field(default_factory=list)
    party: dict[int, str] = field(default_factory=dict)
    private: dict[int, bool] = field(default_factory=dict)
    owner: dict[int, list[tuple[dt.datetime, str]]] = field(default_factory=dict)

    @property
    def today(self) -> dt.date:
        return self.world.viewer("owner").today(self.at)

    def act(self, row: Risk) -> dict[str, Any]:
        side = "manager" if row.party_id == self.world.foton.pk else "partner_manager"
        return {"actor": self.world.viewer(side), "ref": row.ref, "version": None}

    def current(self, row: Risk) -> Note:
        return [n for n in self.notes if n.risk == row.pk and n.pulled_on is None][-1]

    def create(self, mine: bool, private: bool, cell: tuple[int, int]) -> None:
        by = self.world.owner if mine else self.world.partner_owner
        visibility = "party" if private else "shared"
        row = builders.risk(self.world, by=by, visibility=visibility, rated=cell, at=self.at)
        self.party[row.pk] = "foton" if mine else "catl"
        self.private[row.pk] = private
        self.owner[row.pk] = [(self.at, by.email)]
        assert row.next_review_on
        self.notes.append(Note(row.pk, self.today, row.next_review_on))

    def review(self, row: Risk, cell: tuple[int, int] | None, back: int, sooner: int) -> None:
        held = self.at - back * DAY
        day = self.world.viewer("owner").today(held)
        wanted = None if not sooner else day + sooner * DAY
        try:
            with transaction.atomic():
                done = builders.record_review(
                    **self.act(row), at=held, recorded_at=self.at, next_review_on=wanted,
                    assessment=cell and self.level(cell),
                )  # fmt: skip
        except Invalid:
            return
        note = self.current(row)
        # A new score can pull the date in first; then that date is the one that was due.
        note.held_on, note.held_recorded, note.brought_in = day, self.today, back > 0
        self.notes.append(Note(row.pk, self.today, done.next_review_on))

    @staticmethod
    def level(cell: tuple[int, int]) -> dict[str, Any]:
        return {"likelihood": cell[0], "impact": cell[1], "rationale": builders.reason(cell)}

    def assess(self, row: Risk, cell: tuple[int, int]) -> None:
        before = row.next_review_on
        try:
            services.record_assessment(**self.act(row), given=self.level(cell), at=self.at)
        except Invalid:
            return
        row.refresh_from_db()
        if row.next_review_on != before and row.next_review_on:
            self.current(row).pulled_on = self.today
            self.notes.append(Note(row.pk, self.today, row.next_review_on))

    def close(self, row: Risk) -> None:
        if row.state == "open":
            services.close_risk(**self.act(row), reason="x", at=self.at)
            self.current(row).closed.append((self.today, None))
            return
        before = row.next_review_on
        services.reopen_risk(**self.act(row), reason="x", at=self.at)
        note = self.current(row)
        note.closed[-1] = (note.closed[-1][0], self.today)
        row.refresh_from_db()
        if row.next_review_on != before and row.next_review_on:
            note.pulled_on = self.today
            self.notes.append(Note(row.pk, self.today, row.next_review_on))

    def extend(self, row: Risk, n: int) -> None:
        try:
            with transaction.atomic():
                grant_extension(**self.act(row), until=self.today + n * DAY, reason="x", at=self.at)
        except Invalid:
            return
        self.current(row).extended = self.today

    def transfer(self, row: Risk, deputy: bool) -> None:
        side = "" if row.party_id == self.world.foton.pk else "partner_"
        to = getattr(self.world, side + ("deputy" if deputy else "owner"))
        if to == row.owner:
            return
        services.transfer_risk(**self.act(row), owner=to.email, at=self.at)
        self.owner[row.pk].append((self.at, to.email))

    # Counting by hand ---------------------------------------------------------------------------
    def count(self, party: str | None, first: dt.date, as_of: dt.date) -> dict[str, CoverageCounts]:
        """By party and month, and in all (key ``""``)."""
        groups: dict[str, list[Any]] = defaultdict(list)
        for note in self.notes:
            if self.private[note.risk] and self.party[note.risk] != party:
                continue
            if note.set_on > as_of or (note.pulled_on is not None and note.pulled_on <= as_of):
                continue
            for key in ("", self.party[note.risk], note.due_on.strftime("%Y-%m")):
                groups[key].append(note)
        return {key: self.one(listed, first, as_of) for key, listed in groups.items()}

    @staticmethod
    def one(notes: list[Note], first: dt.date, as_of: dt.date) -> CoverageCounts:
        numbers: dict[str, int] = dict.fromkeys(WHAT, 0)
        late_days = []
        for note in notes:
            if note.due_on > as_of:
                continue
            known = note.held_recorded is not None and note.held_recorded <= as_of
            closed = None if known else note.closed_by(as_of)
            inside = note.due_on >= first
            vanished = closed is not None and closed <= note.due_on
            if inside and note.extended and note.extended <= as_of and not vanished:
                numbers["extended"] += 1
            if known and note.held_on:
                late = (note.held_on - note.due_on).days
                numbers["brought_in"] += inside and note.brought_in
            elif closed is not None:
                if vanished:
                    continue
                late = (closed - note.due_on).days
            elif note.due_on == as_of:
                continue
            else:
                late = (as_of - note.due_on).days
                numbers["open"] += 1
            if not inside:
                continue
            numbers["due"] += 1
            numbers["late" if late > 0 else "on_time"] += 1
            if late > 0:
                late_days.append(late)
        return CoverageCounts(
            **numbers, median_late=float(median(late_days)) if late_days else None
        )


cells = st.tuples(st.integers(1, 5), st.integers(1, 5))
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["create", "wait", "wait", "review", "review", "assess", "close", "extend", "transfer"]
        ),
        st.integers(0, 9),
        cells,
        st.integers(0, 40),
        st.booleans(),
    ),
    min_size=6,
    max_size=22,
)


@pytest.mark.django_db
@settings(max_examples=25)
@given(steps, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 200)), min_size=3, max_size=6))
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
        for what, n, cell, number, flag in done:
            rows = list(Risk.objects.order_by("pk"))
            row = rows[n % len(rows)]
            if what == "create":
                clerk.create(flag, n % 2 == 0, cell)
            elif what == "wait":
                clerk.at += number * DAY
            elif what == "review":
                # Never further back than the last thing recorded of it: time has one direction.
                back = min(n, (clerk.at - max(row.updated_at, row.created_at)).days)
                clerk.review(row, cell if flag else None, back, number % 7)
            elif what == "assess":
                clerk.assess(row, cell)
            elif what == "extend":
                clerk.extend(row, number)
            elif what == "transfer":
                clerk.transfer(row, flag)
            else:
                clerk.close(row)
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
