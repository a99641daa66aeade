"""What is at stake with a risk stands in its own row, as where it stands now has it."""

import datetime as dt

import pytest

from riskreg.operations.services.backfills import run_backfills_again
from riskreg.register.policy import default_criteria
from riskreg.register.services import add_criteria
from riskreg.risks import services
from riskreg.risks.models import Position, Risk
from riskreg.risks.policy import THREAT, UNRATED_THREAT, priority
from riskreg.risks.queries.priority import priority_of_position
from riskreg.risks.services.criteria import adopt_criteria
from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def at_stake(row: Risk) -> int | None:
    return Risk.objects.values_list("priority", flat=True).get(pk=row.pk)


def assert_all_true() -> None:
    """Of every risk there is: the row, the policy and the database's own sum say the same."""
    now = Position.objects.filter(valid_to=None).annotate(sum=priority_of_position())
    rows = list(now.values_list("risk__priority", "sum", "kind", "residual_score"))
    assert len(rows) == Risk.objects.count() > 0
    for said, summed, kind, score in rows:
        assert said == summed == priority(kind, score)


def test_threats_come_before_opportunities_and_rated_before_unrated() -> None:
    ordered = [
        priority("threat", 25), priority("threat", 1), priority("threat", None),
        priority("opportunity", 10_000), priority("opportunity", 1), priority("opportunity", None),
    ]  # fmt: skip
    assert ordered == sorted(ordered, reverse=True)
    assert ordered[:3] == [THREAT + 25, THREAT + 1, UNRATED_THREAT]


def test_it_follows_what_is_judged_shared_and_rescaled(world: World) -> None:
    row, private = builders.risk(world, rated=None), builders.risk(world, visibility="party")
    builders.risk(world, kind="opportunity", response="enhance", rated=(2, 3))
    builders.risk(world, opened=False, rated=None)
    assert at_stake(row) == UNRATED_THREAT
    builders.assess(world, row, (4, 5))
    judged = at_stake(row)
    assert judged == THREAT + 20
    services.share_risk(actor=world.viewer("manager"), ref=private.ref, version=None, at=world.at)
    assert_all_true()
    data = default_criteria()
    for x, line in enumerate(data["cells"], 1):
        for y, cell in enumerate(line, 1):
            cell["score"] = 3 * x * y
    manager = world.viewer("manager")
    made = add_criteria(actor=manager, data=data, at=world.at)
    adopt_criteria(actor=manager, number=made.number, mapping=None, at=world.at + DAY)
    assert at_stake(row) == THREAT + 60
    assert_all_true()


def test_what_the_version_before_wrote_is_filled(world: World) -> None:
    """It judges and does not say so in the row; beat fills what differs, both ways."""
    low, high = builders.risk(world, rated=(1, 1)), builders.risk(world, rated=(5, 5))
    Risk.objects.filter(pk=low.pk).update(priority=THREAT + 25)
    Risk.objects.filter(pk=high.pk).update(priority=0)
    assert run_backfills_again() == 2
    assert_all_true()
    assert run_backfills_again() == 0
