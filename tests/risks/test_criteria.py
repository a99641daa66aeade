"""New criteria in force: every risk restated, none carried over where the scale is another."""

import datetime as dt
from typing import Any

import pytest

from riskreg.events.models import Event
from riskreg.kernel.errors import Forbidden, Invalid, NotFound
from riskreg.register.policy import default_criteria
from riskreg.register.services import add_criteria
from riskreg.risks.models import Assessment, Position, Risk
from riskreg.risks.queries.heatmap import heatmap
from riskreg.risks.services import adopt_criteria
from tests import builders
from tests.builders import World, matrix
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def adopt(world: World, data: dict[str, Any], days: int = 1) -> None:
    actor = world.viewer("manager")
    row = add_criteria(actor=actor, data=data, at=world.at)
    adopt_criteria(actor=actor, number=row.number, at=world.at + days * DAY)


def now(row: Risk) -> Position:
    return Position.objects.get(risk=row, valid_to=None)


def strict() -> dict[str, Any]:
    """The same scale, scored by the square, with everything from 9 upwards critical."""
    data = default_criteria()
    for x, line in enumerate(data["cells"], 1):
        for y, cell in enumerate(line, 1):
            cell.update(score=x * x * y, rating="critical" if x * y >= 9 else "low")
    return data


def test_risks_are_restated_on_the_same_scale(world: World) -> None:
    row = builders.risk(world, rated=(3, 3), target=(1, 2))
    assessments = list(Assessment.objects.values())
    adopt(world, strict())
    cell = {"likelihood": 3, "impact": 3, "score": 27, "rating": "critical"}
    assert now(row).cell("residual") == cell
    assert now(row).cell("target") == {"likelihood": 1, "impact": 2, "score": 2, "rating": "low"}
    assert now(row).cell("inherent") is None
    assert list(Assessment.objects.values()) == assessments
    row.refresh_from_db()
    assert row.next_review_on == world.today + 31 * DAY
    assert row.version == 5


@pytest.mark.parametrize("size", [(3, 3), (5, 4), (4, 5), (7, 7), (3, 7)])
def test_a_judgement_on_another_scale_is_not_carried_over(
    world: World, size: tuple[int, int]
) -> None:
    row = builders.risk(world, rated=(2, 2))
    adopt(world, matrix(*size))
    assert now(row).cell("residual") is None
    row.refresh_from_db()
    assert row.next_review_on == world.today + 31 * DAY
    chart = heatmap(world.viewer("owner"), stage="residual", at=world.at + DAY)
    assert (chart.unrated_refs, chart.total, len(chart.cells)) == (["R-001"], 1, size[0] * size[1])
    builders.assess(world, row, size, at=world.at + 2 * DAY)
    top = heatmap(world.viewer("owner"), stage="residual", at=world.at + 2 * DAY)
    assert [(c.likelihood, c.impact) for c in top.cells if c.count] == [size]
    past = heatmap(
        world.viewer("owner"), stage="residual", at=world.at + 2 * DAY, as_of=world.today
    )
    assert [(c.likelihood, c.impact, c.score) for c in past.cells if c.count] == [(2, 2, 4)]
    with nothing_changes(), pytest.raises(Invalid):
        builders.assess(world, row, (size[0] + 1, 1))


def test_each_side_hears_of_its_own_risks(world: World) -> None:
    builders.risk(world)
    builders.risk(world, visibility="party")
    theirs = builders.risk(world, by=world.partner_owner, visibility="party")
    adopt(world, strict())
    told = {
        (e.chain.key.split(":")[1], e.subject_ref)
        for e in Event.objects.filter(verb="risk.restated").select_related("chain")
    }
    assert told == {
        ("shared", "R-001"),
        (str(world.foton.uuid), "F-001"),
        (str(world.catl.uuid), "C-001"),
    }
    assert now(theirs).residual_score == 80


def test_only_managers_adopt_and_only_what_is_there(world: World) -> None:
    builders.risk(world)
    for who in ("owner", "leader", "auditor", "integration", "onlooker"):
        with nothing_changes(), pytest.raises(Forbidden):
            adopt_criteria(actor=world.viewer(who), number=1, at=world.at)
    with nothing_changes(), pytest.raises(NotFound):
        adopt_criteria(actor=world.viewer("manager"), number=7, at=world.at)
    other = builders.build_world(world.at, slug="other")
    add_criteria(actor=other.viewer("manager"), data=strict(), at=world.at)
    with nothing_changes(), pytest.raises(NotFound):
        adopt_criteria(actor=world.viewer("manager"), number=2, at=world.at)


def test_a_viewer_read_before_the_change_judges_by_what_is_in_force(world: World) -> None:
    row = builders.risk(world, rated=None)
    actor = world.viewer("owner")
    assert actor.register.criteria.number == 1
    adopt(world, strict())
    from riskreg.risks.services import record_assessment

    record_assessment(
        actor=actor,
        ref=row.ref,
        version=None,
        given={"likelihood": 3, "impact": 3},
        at=world.at + 2 * DAY,
    )
    assert now(row).residual_score == 27
