"""Duties as people read them: whose, of which party, and several lists at once."""

import datetime as dt
from dataclasses import replace

import pytest

from riskreg.duties.queries import agenda
from riskreg.duties.sources import REVIEW, Duty, urgency_sort_key
from riskreg.risks.models import Mitigation, Risk
from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def refs(duties: list[Duty]) -> list[str]:
    return [duty.ref for duty in duties]


@builders.shared_world
def shared_out(world: World) -> World:
    """R-001 of the owner with the manager as deputy, R-002 and F-001 of the deputy, R-003 of catl;
    each due a day after the one before."""
    builders.risk(world, deputy=world.manager.email, at=world.at - 9 * DAY)
    builders.risk(world, by=world.deputy, at=world.at - 8 * DAY)
    builders.risk(world, by=world.deputy, visibility="party", at=world.at - 7 * DAY)
    builders.risk(world, by=world.partner_owner, at=world.at - 6 * DAY)
    return world


def test_what_others_owe_in_a_party_or_anywhere(shared_out: World) -> None:
    world = shared_out

    def waiting(name: str, **more: object) -> list[str]:
        viewer = world.viewer(name)
        wanted = agenda.Wanted(
            world.today,
            kinds=(REVIEW.kind,),
            others_than=agenda.ids_of_self_and_stood_in_for(viewer),
            party=viewer.party_id,
            **more,  # type: ignore[arg-type]
        )
        assert agenda.summed_duty_counts(viewer, wanted) == len(
            agenda.duties_for(viewer, wanted, 9).duties
        )
        return refs(agenda.most_urgent_duties_for(viewer, [agenda.WantedList(wanted, 9)])[0])

    assert waiting("owner") == ["R-002", "F-001"]
    assert waiting("deputy") == ["R-001"]
    # The manager is the deputy of one of them, and a risk without a deputy is still others'.
    assert waiting("manager") == ["R-002", "F-001"]
    assert waiting("leader") == ["R-001", "R-002", "F-001"]
    assert waiting("auditor") == ["R-001", "R-002", "R-003"]
    assert waiting("partner_leader") == ["R-003"]
    assert waiting("leader", due_before=world.today + 23 * DAY) == ["R-001", "R-002"]


def test_lists_that_share_rows_are_those_that_are_read_alone(shared_out: World) -> None:
    world = shared_out
    viewer = world.viewer("deputy")
    served = Risk.objects.get(ref="R-002")
    rows = [
        builders.mitigation(
            world, served, by=world.deputy, due_on=world.today + n * DAY, status=status
        )
        for n, status in ((5, "in_progress"), (3, "planned"), (4, "in_progress"))
    ]
    Mitigation.objects.filter(pk=rows[0].pk).update(next_update_on=world.today - DAY)
    mine = agenda.Wanted(world.today, people=agenda.ids_of_self_and_stood_in_for(viewer))
    others = agenda.Wanted(world.today, others_than=agenda.ids_of_self_and_stood_in_for(viewer))
    late = agenda.Wanted(world.today, overdue=True)
    asked = [agenda.WantedList(one, 50) for one in (mine, others, late)]
    together = agenda.most_urgent_duties_for(viewer, asked)
    assert together == [agenda.duties_for(viewer, *one).duties for one in asked]
    assert [(d.kind, d.ref) for d in together[2]] == [("mitigation.update", "M-001")]
    assert [d.ref for d in together[0] if d.kind == "mitigation.due"] == ["M-002", "M-003", "M-001"]
    assert refs(together[1]) == ["R-001", "R-003"]


def test_few_of_many_are_the_soonest_of_each_kind(world: World) -> None:
    for n in range(6):
        row = builders.risk(world, at=world.at - n * DAY)
        builders.mitigation(world, row, due_on=world.today + n * DAY, status="in_progress")
    viewer = world.viewer("owner")
    wanted = agenda.Wanted(world.today)
    whole = agenda.duties_for(viewer, wanted, 100).duties
    [few] = agenda.most_urgent_duties_for(viewer, [agenda.WantedList(wanted, 2)])
    for kind in ("risk.review", "mitigation.due", "mitigation.update"):
        soonest = [duty for duty in whole if duty.kind == kind]
        assert len(soonest) == 6
        assert [duty for duty in few if duty.kind == kind][:2] == soonest[:2]


def test_a_figure_that_is_missing_for_long_stands_below_a_review_that_is_late(world: World) -> None:
    builders.risk(world, at=world.at - 40 * DAY)
    viewer = world.viewer("owner")
    wanted = agenda.Wanted(world.today, people=agenda.ids_of_self_and_stood_in_for(viewer))
    (review,) = agenda.duties_for(viewer, wanted, 9).duties
    assert review.due_on is not None
    reading = replace(review, kind="indicator.reading", due_on=review.due_on - 200 * DAY)
    late = review.due_on + DAY
    extended = replace(review, due_on=review.due_on - DAY, extended_until=late + DAY)
    tomorrow = replace(review, due_on=late + DAY)
    order = [review, extended, reading, tomorrow]
    mixed = [tomorrow, reading, review, extended]
    assert sorted(mixed, key=lambda duty: urgency_sort_key(duty, late)) == order
