"""Many at once, on PostgreSQL: one of two reviewers wins, and nothing that counts has a gap."""

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from riskreg.events import queries as events
from riskreg.events.models import Chain, Event
from riskreg.events.policy import Audience
from riskreg.events.services import Entry, append_all
from riskreg.kernel.errors import Conflict
from riskreg.register.policy import default_criteria
from riskreg.register.services import add_criteria
from riskreg.reviews.models import Review
from riskreg.reviews.services import record_review
from riskreg.risks import services
from riskreg.risks.models import Position, Risk
from riskreg.risks.services.criteria import adopt_criteria
from tests import builders
from tests.builders import World

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def together(calls: list[Callable[[], Any]], threads: int = 0) -> list[Any]:
    """What each call returned or raised; they start at the same moment, each on a connection."""
    size = threads or len(calls)
    start = threading.Barrier(size)

    def run(call: Callable[[], Any]) -> Any:
        try:
            if size == len(calls):
                start.wait(20)
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(run, calls))


def whole() -> bool:
    return [fault for c in events.all_chains() if (fault := events.first_fault_in(c))] == []


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_reviewers_one_wins_and_the_other_is_told(attempt: int) -> None:
    world = builders.build_world()
    row = builders.risk(world)
    viewers = [world.viewer("owner"), world.viewer("manager")]
    calls = [
        lambda v=v, n=n: record_review(
            actor=v,
            ref=row.ref,
            version=row.version,
            assessment={"likelihood": n, "impact": n, "rationale": "x"},
            at=world.at + dt.timedelta(days=1),
        )
        for n, v in enumerate(viewers, 1)
    ]
    results = together(calls)
    assert sorted(type(r).__name__ for r in results) == ["Conflict", "Review"]
    lost = next(r for r in results if isinstance(r, Conflict))
    won = Review.objects.get()
    assert lost.current.version == row.version + 1
    assert Position.objects.get(risk=row, valid_to=None).residual_score == won.assessment.score
    assert whole()


def test_fifty_writers_leave_no_gap_in_the_chain() -> None:
    world = builders.build_world()
    audiences = [Audience(world.register.uuid), Audience(world.register.uuid, world.foton.uuid)]

    def write(n: int) -> None:
        with transaction.atomic():
            append_all(
                [
                    Entry(
                        audience=audience,
                        verb="test.written",
                        subject_type="risk",
                        subject_uuid=world.register.uuid,
                        subject_ref=str(n),
                        at=world.at,
                    )
                    for audience in (audiences if n % 2 else reversed(audiences))
                ]
            )

    results = together([lambda n=n: write(n) for n in range(50)])
    assert results == [None] * 50
    for chain in Chain.objects.all():
        assert list(chain.events.order_by("seq").values_list("seq", flat=True)) == list(
            range(1, chain.seq + 1)
        )
    assert Event.objects.filter(verb="test.written").count() == 100
    assert whole()


def test_a_reader_of_the_feed_misses_nothing_while_others_write() -> None:
    world = builders.build_world()
    audience = world.viewer("owner").audience
    done = threading.Event()
    seen: list[int] = []

    def read() -> None:
        after = 0
        while True:
            last = done.is_set()
            page = events.changes_after(audience, after, 0, 7)
            seen.extend(e.seq for e in page.events)
            after = page.shared_seq
            if last and not page.events:
                return

    def write(n: int) -> Any:
        return services.create_risk(
            actor=world.viewer("owner"), fields={"title": f"Risk {n}"}, at=world.at
        )

    def all_writers() -> None:
        try:
            together([lambda n=n: write(n) for n in range(12)], threads=6)
        finally:
            done.set()

    results = together([read, all_writers])
    assert results == [None, None]
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) == Chain.objects.get(key=audience.readable_chain_keys[0]).seq


def test_risks_made_at_once_have_refs_without_gap_or_double() -> None:
    world = builders.build_world()
    makers = [
        (world.viewer(who), visibility)
        for _ in range(5)
        for who, visibility in (
            ("owner", "shared"),
            ("partner_owner", "shared"),
            ("owner", "party"),
            ("partner_owner", "party"),
        )
    ]
    results = together(
        [
            lambda v=v, visibility=visibility: services.create_risk(
                actor=v, fields={"title": "One of many"}, visibility=visibility, at=world.at
            )
            for v, visibility in makers
        ]
    )
    assert all(isinstance(r, Risk) for r in results), results
    refs = sorted(Risk.objects.values_list("ref", flat=True))
    assert refs == sorted(
        [f"R-{n:03d}" for n in range(1, 11)]
        + [f"F-{n:03d}" for n in range(1, 6)]
        + [f"C-{n:03d}" for n in range(1, 6)]
    )
    assert whole()


def test_the_same_external_id_at_once_is_taken_once() -> None:
    world = builders.build_world()
    viewer = world.viewer("owner")
    results = together(
        [
            lambda: services.create_risk(
                actor=viewer, fields={"title": "Fed", "external_id": "ERP-1"}, at=world.at
            )
        ]
        * 6
    )
    assert sorted(type(r).__name__ for r in results) == ["Invalid"] * 5 + ["Risk"]
    assert Risk.objects.get().ref == "R-001"
    assert whole()


def test_judging_while_criteria_are_replaced_ends_in_what_is_in_force() -> None:
    world: World = builders.build_world()
    rows = [builders.risk(world, rated=(2, 2)) for _ in range(8)]
    data = default_criteria()
    for line in data["cells"]:
        for cell in line:
            cell["score"] *= 100
    new = add_criteria(actor=world.viewer("manager"), data=data, at=world.at)
    later = world.at + dt.timedelta(days=1)
    viewers = [world.viewer("owner") for _ in rows]
    judges = [
        lambda row=row, v=v: services.record_assessment(
            actor=v,
            ref=row.ref,
            version=None,
            given={"likelihood": 3, "impact": 3, "rationale": "x"},
            at=later,
        )
        for row, v in zip(rows, viewers, strict=True)
    ]
    manager = world.viewer("manager")
    results = together(
        [
            *judges[:4],
            lambda: adopt_criteria(actor=manager, number=new.number, at=later),
            *judges[4:],
        ]
    )
    assert not [r for r in results if isinstance(r, Exception)], results
    for row in rows:
        position = Position.objects.get(risk=row, valid_to=None)
        assert (position.criteria_id, position.residual_score) == (new.pk, 900)
    assert whole()
