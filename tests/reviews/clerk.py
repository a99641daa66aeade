"""A clerk uses a register at random and keeps notes of it, to hold counts of coverage against.

What was set, held, closed, extended and recorded when is noted, and counted by hand, day by day.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from django.db import transaction
from hypothesis import strategies as st

from riskreg.kernel.errors import Invalid
from riskreg.reviews.policy.coverage import WHAT, CoverageCounts
from riskreg.reviews.services import grant_extension
from riskreg.risks import services
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World

DAY = dt.timedelta(days=1)
# Of a risk's classification, in registers that have these terms.
TERMS = ([], ["workstream:rnd"], ["workstream:sales"], ["workstream:rnd", "workstream:sales"])
Step = tuple[str, int, tuple[int, int], int, bool]


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

    def classify(self, row: Risk, terms: list[str]) -> None:
        try:
            with transaction.atomic():
                services.edit_risk(**self.act(row), fields={"terms": terms}, at=self.at)
        except Invalid:
            pass

    def share(self, row: Risk) -> None:
        try:
            with transaction.atomic():
                services.share_risk(**self.act(row), at=self.at)
        except Invalid:
            pass

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


def use_register(clerk: Clerk, steps: Sequence[Step]) -> None:
    """Do in the clerk's register what ``steps`` say, one after the other."""
    for what, n, cell, number, flag in steps:
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
        elif what == "close":
            clerk.close(row)
        elif what == "terms":
            clerk.classify(row, TERMS[number % len(TERMS)])
        elif what == "share":
            clerk.share(row)
        else:
            raise ValueError(what)


def steps_of(acts: Sequence[str]) -> st.SearchStrategy[list[Step]]:
    """Steps for ``use_register``, each one of ``acts``."""
    step = st.tuples(
        st.sampled_from(acts), st.integers(0, 9), cells, st.integers(0, 40), st.booleans()
    )
    return st.lists(step, min_size=6, max_size=22)


cells = st.tuples(st.integers(1, 5), st.integers(1, 5))
