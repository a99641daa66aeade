"""The ledger under random use: I1, I2, I3 and I5 hold after every step.

A model beside the database remembers what the rules say each risk should be. The clock steps
forwards and backwards, sweeps are missed and doubled, criteria are replaced.
"""

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from riskreg.events import queries as events
from riskreg.kernel.errors import Invalid
from riskreg.register.policy import Matrix, default_criteria
from riskreg.register.services import add_criteria
from riskreg.reminders.models import Reminder
from riskreg.reminders.services import sweep
from riskreg.risks import services
from riskreg.risks.models import Position, Risk
from riskreg.risks.services.criteria import adopt_criteria
from tests import builders
from tests.amounts import examples
from tests.builders import World, matrix

STAGES = ("inherent", "residual", "target")
CRITERIA = [default_criteria(), matrix(5, 5), matrix(3, 4), matrix(7, 3)]

which = st.integers(0, 50)
cells = st.tuples(st.integers(1, 7), st.integers(1, 7))


class Ledger(RuleBasedStateMachine):
    """``world`` is set by the test that runs the machine; each run is rolled back."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.rollback = transaction.atomic()
        self.rollback.__enter__()
        self.at = self.world.at
        self.cells: dict[int, dict[str, tuple[int, int] | None]] = {}
        self.dates: dict[int, dt.date | None] = {}
        self.reviewed: int | None = None
        self.criteria = Matrix(self.world.viewer("manager").register.criteria)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.rollback.__exit__(None, None, None)

    # What is done -------------------------------------------------------------------------------
    def pick(self, n: int) -> Risk:
        rows = list(Risk.objects.order_by("pk"))
        return rows[n % len(rows)]

    def act(self, row: Risk) -> dict[str, Any]:
        manager = "manager" if row.party == self.world.foton else "partner_manager"
        return {
            "actor": self.world.viewer(manager),
            "ref": row.ref,
            "version": row.version,
            "at": self.at,
        }

    def level(self, cell: tuple[int, int]) -> dict[str, Any]:
        criteria = self.criteria.criteria
        return {
            "likelihood": 1 + (cell[0] - 1) % len(criteria.likelihood),
            "impact": 1 + (cell[1] - 1) % len(criteria.impact),
            "rationale": "Illustrative",
        }

    @rule(mine=st.booleans(), private=st.booleans(), opened=st.booleans())
    def create(self, mine: bool, private: bool, opened: bool) -> None:
        row = builders.risk(
            self.world,
            by=self.world.owner if mine else self.world.partner_owner,
            visibility="party" if private else "shared",
            rated=None,
            opened=opened,
            at=self.at,
        )
        self.cells[row.pk] = dict.fromkeys(STAGES)

    @precondition(lambda self: self.cells)
    @rule(n=which, stage=st.sampled_from(STAGES), cell=cells)
    def assess(self, n: int, stage: str, cell: tuple[int, int]) -> None:
        row, level = self.pick(n), self.level(cell)
        try:
            services.record_assessment(given={"stage": stage, **level}, **self.act(row))
        except Invalid:
            assert row.state == "closed"
            return
        assert row.state != "closed"
        self.cells[row.pk][stage] = (level["likelihood"], level["impact"])

    @precondition(lambda self: self.cells)
    @rule(n=which, cell=st.none() | cells, early=st.none() | st.integers(1, 400))
    def review(self, n: int, cell: tuple[int, int] | None, early: int | None) -> None:
        row = self.pick(n)
        level = self.level(cell) if cell else None
        act = self.act(row)
        today = act["actor"].today(self.at)
        residual = (
            (level["likelihood"], level["impact"]) if level else self.cells[row.pk]["residual"]
        )
        rating = self.criteria.cell(*residual).rating if residual else None
        limit = today + dt.timedelta(days=self.criteria.cadence_days(rating))
        wanted = today + dt.timedelta(days=early) if early else None
        stands = Position.objects.get(risk=row, valid_to=None).cell("residual")
        same = level is not None and vars(self.criteria.cell(*residual)) == stands
        refused = row.state != "open" or same or (wanted is not None and wanted > limit)
        try:
            with transaction.atomic():
                done = builders.record_review(**act, assessment=level, next_review_on=wanted)
        except Invalid:
            assert refused
            return
        assert not refused
        assert (done.due_on, done.next_review_on) == (row.next_review_on, wanted or limit)
        self.cells[row.pk]["residual"] = residual
        self.reviewed = row.pk

    @precondition(lambda self: self.cells)
    @rule(n=which, action=st.sampled_from(["open", "close", "reopen"]))
    def move(self, n: int, action: str) -> None:
        row = self.pick(n)
        reason = {} if action == "open" else {"reason": "Because"}
        possible = {"open": ["draft"], "close": ["draft", "open"], "reopen": ["closed"]}[action]
        try:
            getattr(services, f"{action}_risk")(**self.act(row), **reason)
        except Invalid:
            assert row.state not in possible
        else:
            assert row.state in possible

    @precondition(lambda self: self.cells)
    @rule(n=which, deputy=st.booleans())
    def transfer(self, n: int, deputy: bool) -> None:
        row = self.pick(n)
        side = "" if row.party == self.world.foton else "partner_"
        to = getattr(self.world, side + ("deputy" if deputy else "owner"))
        if to == row.owner:
            with pytest.raises(Invalid):
                services.transfer_risk(owner=to.email, **self.act(row))
        else:
            assert services.transfer_risk(owner=to.email, **self.act(row)).owner == to

    @precondition(lambda self: self.cells)
    @rule(n=which)
    def share(self, n: int) -> None:
        row = self.pick(n)
        assert services.share_risk(**self.act(row)).visibility == "shared"

    @rule(choice=st.sampled_from(CRITERIA))
    def adopt(self, choice: dict[str, Any]) -> None:
        actor = self.world.viewer("manager")
        old = self.criteria.criteria
        new = add_criteria(actor=actor, data=choice, at=self.at)
        # Levels that are gone go to the highest there is; those that exist stay.
        tops = {axis: len(getattr(new, axis)) for axis in ("likelihood", "impact")}
        mapping = {
            axis: dict.fromkeys(range(top + 1, len(getattr(old, axis)) + 1), top)
            for axis, top in tops.items()
        }
        adopt_criteria(actor=actor, number=new.number, mapping=mapping, at=self.at)
        self.criteria = Matrix(new)
        self.cells = {
            pk: {
                stage: cell and (min(cell[0], tops["likelihood"]), min(cell[1], tops["impact"]))
                for stage, cell in cells.items()
            }
            for pk, cells in self.cells.items()
        }

    @rule(days=st.integers(-20, 70), minutes=st.integers(0, 60 * 24))
    def clock(self, days: int, minutes: int) -> None:
        self.at += dt.timedelta(days=days, minutes=minutes)

    @rule(times=st.integers(1, 2))
    def sweeps(self, times: int) -> None:
        sweep(at=self.at)
        told = list(Reminder.objects.order_by("pk").values())
        for _ in range(times - 1):
            sweep(at=self.at)
        assert list(Reminder.objects.order_by("pk").values()) == told

    # What must hold -----------------------------------------------------------------------------
    @invariant()
    def review_dates_move_later_only_by_a_review(self) -> None:
        dates = dict(Risk.objects.values_list("pk", "next_review_on"))
        for pk, date in dates.items():
            before = self.dates.get(pk)
            if before is not None and pk != self.reviewed:
                assert date is not None
                assert date <= before
        self.dates, self.reviewed = dates, None

    @invariant()
    def one_position_is_open_and_says_how_the_risk_stands(self) -> None:
        for row in Risk.objects.all():
            position = Position.objects.get(risk=row, valid_to=None)
            for name in ("state", "ref", "kind", "owner_id", "party_id", "visibility"):
                assert getattr(position, name) == getattr(row, name), name
            for stage, cell in self.cells[row.pk].items():
                expected = vars(self.criteria.cell(*cell)) if cell else None
                assert position.cell(stage) == expected, (row.ref, stage)
            end = None
            for start, until in (
                Position.objects.filter(risk=row)
                .order_by("valid_from")
                .values_list("valid_from", "valid_to")
            ):
                assert end is None or start == end
                end = until
            assert end is None

    @invariant()
    def chains_are_whole(self) -> None:
        assert [fault for c in events.all_chains() if (fault := events.first_fault_in(c))] == []

    @invariant()
    def no_rung_is_told_twice(self) -> None:
        assert not (
            Reminder.objects.values("kind", "subject", "due_on", "rung")
            .annotate(n=Count("pk"))
            .filter(n__gt=1)
            .exists()
        )


@pytest.mark.django_db
@pytest.mark.unmeasured
def test_the_ledger_holds_under_random_use(world: World) -> None:
    Ledger.world = world
    run_state_machine_as_test(
        Ledger, settings=settings(max_examples=examples(12), stateful_step_count=25, deadline=None)
    )
