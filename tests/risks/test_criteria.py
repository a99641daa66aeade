"""New criteria in force: every risk restated, and no judgement taken away without a word."""

import datetime as dt
import json
from typing import Any

import pytest

from riskreg.events.models import Event
from riskreg.kernel.errors import Forbidden, Invalid, NotFound
from riskreg.register.policy import default_criteria
from riskreg.register.services import add_criteria
from riskreg.risks.models import Assessment, Position, Risk
from riskreg.risks.queries.heatmap import heatmap
from riskreg.risks.queries.scales import preview_adoption
from riskreg.risks.services.criteria import adopt_criteria
from tests import builders
from tests.builders import World, matrix
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def adopt(world: World, data: dict[str, Any], days: int = 1, mapping: Any = None) -> None:
    actor = world.viewer("manager")
    row = add_criteria(actor=actor, data=data, at=world.at)
    adopt_criteria(actor=actor, number=row.number, mapping=mapping, at=world.at + days * DAY)


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


def mapping(old: tuple[int, int], new: tuple[int, int]) -> dict[str, dict[int, int]]:
    """Every level that is gone, to the highest there is."""
    return {
        axis: dict.fromkeys(range(most + 1, levels + 1), most)
        for axis, levels, most in zip(("likelihood", "impact"), old, new, strict=True)
    }


@pytest.mark.parametrize("size", [(3, 3), (5, 4), (4, 5), (7, 7), (3, 7)])
def test_a_judgement_on_levels_that_still_exist_is_kept(
    world: World, size: tuple[int, int]
) -> None:
    row = builders.risk(world, rated=(2, 2), inherent=(5, 5))
    adopt(world, matrix(*size), mapping=mapping((5, 5), size))
    rating = "low" if size[0] * size[1] >= 4 * 3 else "medium"
    kept = {"likelihood": 2, "impact": 2, "score": 4, "rating": rating}
    assert now(row).cell("residual") == kept
    top = {"likelihood": min(5, size[0]), "impact": min(5, size[1])}
    inherent = now(row).cell("inherent")
    assert inherent is not None
    assert {axis: inherent[axis] for axis in top} == top
    chart = heatmap(world.viewer("owner"), stage="residual", at=world.at + DAY)
    assert (chart.unrated_refs, chart.total, len(chart.cells)) == ([], 1, size[0] * size[1])
    past = heatmap(
        world.viewer("owner"), stage="residual", at=world.at + 2 * DAY, as_of=world.today
    )
    assert [(c.likelihood, c.impact, c.score) for c in past.cells if c.count] == [(2, 2, 4)]
    assert len(past.cells) == 25
    with nothing_changes(), pytest.raises(Invalid):
        builders.assess(world, row, (size[0] + 1, 1))


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (None, {"mapping.likelihood.5": "required", "mapping.impact.5": "required"}),
        ({"likelihood": {5: 4}}, {"mapping.impact.5": "required"}),
        ({"likelihood": {"5": 4}, "impact": {"5": 5}}, {"mapping.impact.5": "unknown_level"}),
        ({"likelihood": {5: 4}, "impact": {6: 4, 5: 4}}, {"mapping.impact.6": "unknown_level"}),
        ({"likelihood": {5: True}, "impact": {5: 4}}, {"mapping.likelihood.5": "unknown_level"}),
        ({"likelihood": {5: "4"}, "impact": {5: 4}}, {"mapping.likelihood.5": "unknown_level"}),
        ({"likelihood": {"²": 4, 5: 4}, "impact": {5: 4}},
         {"mapping.likelihood.²": "unknown_level"}),
        ({"likelihood": [4], "impact": {5: 4}},
         {"mapping.likelihood": "not_an_object", "mapping.likelihood.5": "required"}),
        ("5:4", {"mapping": "not_an_object"}),
        ({"x": {5: 4}, "likelihood": {5: 4}, "impact": {5: 4}}, {"mapping.x": "unknown_field"}),
    ],
)  # fmt: skip
def test_a_level_that_is_gone_is_asked_for_by_name(
    world: World, given: Any, wrong: dict[str, str]
) -> None:
    builders.risk(world, rated=(3, 3))
    builders.risk(world, rated=(5, 5))
    row = add_criteria(actor=world.viewer("manager"), data=matrix(4, 4), at=world.at)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        adopt_criteria(
            actor=world.viewer("manager"), number=row.number, mapping=given, at=world.at + DAY
        )
    assert {f: e[0].code for f, e in refused.value.fields.items()} == wrong
    # The preview asks the same, and shows what is known so far.
    shown = preview_adoption(world.viewer("manager"), row, given)
    assert shown.errors is not None
    assert {f: e[0].code for f, e in shown.errors.fields.items()} == wrong
    assert shown.to_map == {"likelihood": [5], "impact": [5]}


def test_what_is_asked_does_not_depend_on_what_the_other_party_judged(world: World) -> None:
    builders.risk(world, rated=(3, 3))
    actor = world.viewer("manager")
    row = add_criteria(actor=actor, data=matrix(4, 4), at=world.at)

    def asked() -> Any:
        with pytest.raises(Invalid) as refused:
            adopt_criteria(actor=actor, number=row.number, at=world.at + DAY)
        shown = preview_adoption(actor, row)
        return refused.value.fields, shown.changes, shown.to_map

    without = asked()
    builders.risk(world, by=world.partner_owner, visibility="party", rated=(5, 5))
    assert asked() == without


def test_a_level_may_be_left_to_be_judged_anew(world: World) -> None:
    row = builders.risk(world, rated=(5, 3), target=(3, 3))
    leave = {"likelihood": {5: None}, "impact": {5: 4}}
    adopt(world, matrix(4, 4), mapping=leave)
    assert now(row).cell("residual") is None
    assert now(row).cell("target")["score"] == 9  # type: ignore[index]
    row.refresh_from_db()
    assert row.next_review_on == world.today + 31 * DAY
    told = json.loads(Event.objects.get(verb="risk.restated").changes)
    assert told["residual"] == [{"likelihood": 5, "impact": 3, "score": 15, "rating": "high"}, None]
    assert told["criteria"] == [1, 2]
    adopted = json.loads(Event.objects.get(verb="criteria.adopted").changes)
    assert adopted["mapping"][1]["likelihood"] == {"1": 1, "2": 2, "3": 3, "4": 4, "5": None}


def test_the_preview_says_what_adopting_then_does(world: World) -> None:
    builders.risk(world, rated=(3, 3), target=(1, 1))
    builders.risk(world, rated=(5, 5))
    builders.risk(world, by=world.partner_owner, visibility="party", rated=(5, 5))
    where = {"likelihood": {5: 4}, "impact": {5: 4}}
    actor = world.viewer("manager")
    row = add_criteria(actor=actor, data=matrix(4, 4), at=world.at)
    with nothing_changes():
        shown = preview_adoption(actor, row, where)
    assert shown.errors is None
    assert shown.scale_differs
    values = {(c.ref, c.stage): (c.before, c.after) for c in shown.changes}
    adopt_criteria(actor=actor, number=row.number, mapping=where, at=world.at + DAY)
    positions = Position.objects.visible_to(actor)
    found = {
        (p.ref, stage): (before.cell(stage), p.cell(stage))
        for p in positions.filter(valid_to=None)
        for before in positions.filter(risk=p.risk_id, valid_to=p.valid_from)
        for stage in ("inherent", "residual", "target")
        if before.cell(stage) != p.cell(stage)
    }
    assert values == found
    assert {ref for ref, _stage in values} == {"R-001", "R-002"}


def test_a_comparison_says_that_the_scale_changed(world: World) -> None:
    kept = builders.risk(world, rated=(3, 3))
    judged = builders.risk(world, rated=(2, 2))
    adopt(world, matrix(4, 4), mapping=mapping((5, 5), (4, 4)))
    builders.assess(world, judged, (4, 4), at=world.at + 2 * DAY)
    shown = heatmap(
        world.viewer("owner"), stage="residual", at=world.at + 3 * DAY, compare=world.today
    ).comparison
    assert shown is not None
    assert shown.scale_changed_on == [world.today + DAY]
    assert {m.ref: m.by_scale for m in shown.moves} == {kept.ref: True, judged.ref: False}
    before = {m.ref: shown.older[m.before_criteria or 0].number for m in shown.moves}
    assert before == {kept.ref: 1, judged.ref: 1}
    later = heatmap(
        world.viewer("owner"),
        stage="residual",
        at=world.at + 3 * DAY,
        compare=world.today + DAY,
    ).comparison
    assert later is not None
    assert (later.scale_changed_on, [m.by_scale for m in later.moves]) == ([], [False])
    chain = [p.by_scale for p in Position.objects.filter(risk=judged).order_by("valid_from")]
    assert chain[-2:] == [True, False]


def test_another_cadence_is_no_other_scale(world: World) -> None:
    row = builders.risk(world, rated=(3, 3))
    data = default_criteria()
    data["ratings"] = [{**r, "cadence_days": 11} for r in data["ratings"]]
    adopt(world, data)
    shown = heatmap(
        world.viewer("owner"), stage="residual", at=world.at + 3 * DAY, compare=world.today
    ).comparison
    assert shown is not None
    assert (shown.scale_changed_on, shown.moves) == ([], [])
    assert not now(row).by_scale


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
        given={"likelihood": 3, "impact": 3, "rationale": "The new scale"},
        at=world.at + 2 * DAY,
    )
    assert now(row).residual_score == 27
