"""Coverage at its edges: midnight in the register, who answered for it, and the boundary."""

import datetime as dt

import pytest

from riskreg.register.access import Viewer
from riskreg.reviews.policy.coverage import CoverageCounts
from riskreg.reviews.queries.coverage import Report, coverage
from riskreg.reviews.services import grant_extension
from riskreg.risks import services
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
# 16:00 in the register at ``world.at``: eight hours later its next day begins.
MIDNIGHT = 8 * HOUR


def report(world: World, who: str, as_of: dt.date, by: str = "party", days: int = 60) -> Report:
    viewer: Viewer = world.viewer(who)
    first = as_of - days * DAY
    return coverage(viewer, by=by, first=first, as_of=as_of, at=world.at + 30 * DAY)


def total(world: World, who: str = "leader", as_of: dt.date | None = None) -> CoverageCounts:
    return report(world, who, as_of or world.today + 5 * DAY).total


def due_today(world: World, **given: object) -> Risk:
    """A critical risk whose review is due today."""
    row = builders.risk(world, at=world.at - 30 * DAY, **given)  # type: ignore[arg-type]
    assert row.next_review_on == world.today
    return row


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (MIDNIGHT - dt.timedelta(microseconds=1), CoverageCounts(due=1, on_time=1)),
        (MIDNIGHT, CoverageCounts(due=1, late=1, median_late=1.0)),
    ],
)
def test_the_day_ends_at_midnight_in_the_register(
    world: World, after: dt.timedelta, found: CoverageCounts
) -> None:
    builders.review(world, due_today(world), at=world.at + after)
    assert total(world) == found
    # On the day itself what came after midnight had not been recorded, and nothing was late yet.
    assert total(world, as_of=world.today) == (found if found.on_time else CoverageCounts())
    assert total(world, as_of=world.today + DAY) == found


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (MIDNIGHT - dt.timedelta(microseconds=1), CoverageCounts()),
        (MIDNIGHT, CoverageCounts(due=1, late=1, median_late=1.0)),
    ],
)
def test_so_does_the_day_of_a_closing(
    world: World, after: dt.timedelta, found: CoverageCounts
) -> None:
    row = due_today(world)
    services.close_risk(
        actor=world.viewer("manager"), ref=row.ref, version=None, reason="x", at=world.at + after
    )
    assert total(world) == found


def test_it_is_whose_it_was_when_it_fell_due(world: World) -> None:
    """Handed over after the day, also if only a moment after it, it stays with who owned it."""
    after_the_day, on_the_day = due_today(world), due_today(world)
    for row, moment in ((after_the_day, MIDNIGHT), (on_the_day, HOUR)):
        services.transfer_risk(
            actor=world.viewer("manager"), ref=row.ref, version=None, owner=world.deputy.email,
            at=world.at + moment,
        )  # fmt: skip
        builders.review(world, row, by=world.manager, at=world.at + 3 * DAY)
    shown = report(world, "leader", world.today + 5 * DAY, by="owner")
    found = {r.key: [item.ref for item in shown.listed("due", r.key)] for r in shown.rows}
    assert found == {
        str(world.owner.uuid): [after_the_day.ref],
        str(world.deputy.uuid): [on_the_day.ref],
    }


def test_a_risk_of_two_workstreams_is_in_both_and_one_of_none_is_counted(world: World) -> None:
    builders.taxonomy(world, "workstream", {"rnd": "R&D", "sales": "Sales"})
    due_today(world, terms=["workstream:rnd", "workstream:sales"])
    due_today(world)
    found = report(world, "leader", world.today + DAY, by="workstream")
    assert {row.key: row.tally.due for row in found.rows} == {"rnd": 1, "sales": 1, "": 1}
    assert found.total.due == 2


def test_what_was_private_is_never_counted_for_the_partner(world: World) -> None:
    row = due_today(world, visibility="party")
    grant_extension(
        actor=world.viewer("manager"), ref=row.ref, version=None, until=world.today + 9 * DAY,
        reason="x", at=world.at,
    )  # fmt: skip
    builders.review(world, row, at=world.at + 2 * DAY)
    services.share_risk(
        actor=world.viewer("manager"), ref=row.ref, version=None, at=world.at + 3 * DAY
    )
    assert total(world) == CoverageCounts(due=1, late=1, extended=1, median_late=2.0)
    assert total(world, "partner_leader") == total(world, "auditor") == CoverageCounts()


def test_an_extension_granted_in_private_is_not_the_partners_to_count(world: World) -> None:
    row = due_today(world, visibility="party")
    manager = world.viewer("manager")
    grant_extension(
        actor=manager, ref=row.ref, version=None, until=world.today + 9 * DAY, reason="x",
        at=world.at,
    )  # fmt: skip
    services.share_risk(actor=manager, ref=row.ref, version=None, at=world.at + DAY)
    assert total(world).extended == 1
    assert total(world, "partner_leader") == CoverageCounts(due=1, late=1, open=1, median_late=5.0)


def test_an_extension_counts_from_the_day_it_was_granted_and_its_review_is_late(
    world: World,
) -> None:
    row = due_today(world)
    grant_extension(
        actor=world.viewer("manager"), ref=row.ref, version=None, until=world.today + 9 * DAY,
        reason="x", at=world.at + 2 * DAY,
    )  # fmt: skip
    builders.review(world, row, at=world.at + 4 * DAY)
    late = {"due": 1, "late": 1}
    assert total(world, as_of=world.today + DAY) == CoverageCounts(**late, open=1, median_late=1.0)
    assert total(world, as_of=world.today + 2 * DAY) == CoverageCounts(
        **late, open=1, extended=1, median_late=2.0
    )
    assert total(world) == CoverageCounts(**late, extended=1, median_late=4.0)


def test_an_extension_is_of_its_occasion_and_not_of_another_on_that_day(world: World) -> None:
    row = builders.risk(world, at=world.at - 25 * DAY)
    due = row.next_review_on
    grant_extension(
        actor=world.viewer("manager"), ref=row.ref, version=None, until=world.today + 9 * DAY,
        reason="x", at=world.at,
    )  # fmt: skip
    builders.review(world, row, next_review_on=due)
    found = total(world, as_of=world.today + 8 * DAY)
    assert found == CoverageCounts(due=2, on_time=1, late=1, open=1, extended=1, median_late=3.0)


def test_the_period_has_its_first_and_its_last_day(world: World) -> None:
    due_today(world)
    viewer, at, last = world.viewer("leader"), world.at + 9 * DAY, world.today + 5 * DAY
    for first, due in ((world.today, 1), (world.today + DAY, 0)):
        found = coverage(viewer, by="party", first=first, as_of=last, at=at).total
        assert (found.due, found.open) == (due, 1)
