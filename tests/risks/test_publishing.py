"""Publishing criteria: what the preview says happens, and never over somebody else."""

import copy
import datetime as dt
from typing import Any

import pytest

from riskreg.kernel.errors import Conflict, Forbidden, Invalid
from riskreg.register.models import Criteria, Register
from riskreg.register.policy import clean_criteria, default_criteria
from riskreg.risks.models import Position
from riskreg.risks.queries.heatmap import heatmap
from riskreg.risks.queries.scales import preview_publication
from riskreg.risks.services import publish_criteria
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

LATER = builders.AT + dt.timedelta(days=3)


def smaller() -> dict[str, Any]:
    return builders.matrix(4, 4, appetite="medium")


def publish(world: World, data: dict[str, Any], seen: int = 1, **given: Any) -> int:
    made = publish_criteria(
        actor=world.viewer("manager"), data=data, seen_number=seen, at=LATER, **given
    )
    builders.agreed(world, made)
    register = Register.objects.get(pk=world.register.pk)
    assert register.criteria is not None
    return register.criteria.number


def cells(world: World) -> dict[tuple[str, str], Any]:
    found = {}
    for position in Position.objects.filter(valid_to=None).select_related("risk"):
        for stage in ("inherent", "residual", "target"):
            found[position.risk.ref, stage] = position.cell(stage)
    return found


@pytest.mark.django_db
def test_publishing_does_what_the_preview_said(world: World) -> None:
    for rated in ((5, 5), (4, 2), (1, 1), (3, 4)):
        builders.risk(world, rated=rated, inherent=(5, 5), target=(1, 2))
    builders.risk(world, rated=None)
    builders.risk(world, by=world.partner_owner, visibility="party", rated=(5, 1))
    mapping = {"likelihood": {"5": 4}, "impact": {"5": None}}
    manager, partner = world.viewer("manager"), world.viewer("partner_manager")
    foreseen = preview_publication(manager, smaller(), mapping)
    theirs = preview_publication(partner, smaller(), mapping)
    assert foreseen.errors is None
    before = cells(world)
    assert publish(world, smaller(), mapping=mapping) == 2
    after = cells(world)
    changed = {key: (before[key], after[key]) for key in after if before[key] != after[key]}
    told = {(c.ref, c.stage): (c.before, c.after) for c in (*foreseen.changes, *theirs.changes)}
    assert told == changed
    assert len(foreseen.changes) > 6
    assert {c.ref for c in theirs.changes} - {c.ref for c in foreseen.changes} == {"C-001"}


@pytest.mark.django_db
def test_the_map_of_an_earlier_day_stays(world: World) -> None:
    builders.risk(world, rated=(4, 4))
    viewer = world.viewer("manager")

    def drawn() -> list[Any]:
        shown = heatmap(viewer, stage="residual", as_of=world.today, at=LATER)
        return [(c.likelihood, c.impact, c.score, c.rating) for c in shown.cells if c.count]

    was = drawn()
    gone = {"likelihood": {5: 4}, "impact": {5: 4}}
    publish(world, smaller(), mapping=gone)
    viewer.register.refresh_from_db()
    assert drawn() == was == [(4, 4, 16, "critical")]


@pytest.mark.django_db
def test_two_managers_publish_and_the_second_is_told(world: World) -> None:
    wider = copy.deepcopy(default_criteria())
    wider["appetite"] = "low"
    assert publish(world, wider) == 2
    other = copy.deepcopy(default_criteria())
    other["appetite"] = "very_low"
    with nothing_changes(), pytest.raises(Conflict) as refused:
        publish(world, other)
    assert refused.value.current.number == 2
    with nothing_changes():
        assert publish(world, wider, seen=2) == 2
    with nothing_changes(), pytest.raises(Forbidden):
        publish_criteria(actor=world.viewer("leader"), data=wider, seen_number=2, at=LATER)


@pytest.mark.django_db
def test_every_level_that_goes_must_go_somewhere(world: World) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        publish(world, smaller(), mapping={"impact": {"5": 4}})
    assert set(refused.value.fields) == {"mapping.likelihood.5"}
    assert Criteria.objects.count() == 1


def changed(**changes: Any) -> dict[str, Any]:
    data = copy.deepcopy(default_criteria())
    for path, value in changes.items():
        *parents, last = [int(p) if p.isdigit() else p for p in path.split("__")]
        place: Any = data
        for parent in parents:
            place = place[parent]
        place[last] = value
    return data


TWENTY = [{"names": {"en": f"L{n}"}} for n in range(20)]
CHANCES = [[0, 0.05], [0.05, 0.2], [0.2, 0.5], [0.5, 0.8], [0.8, 1]]


@pytest.mark.parametrize(
    "data, field, code",
    [
        (changed(likelihood=TWENTY), "likelihood", "wrong_size"),
        (changed(likelihood=TWENTY[:1]), "likelihood", "wrong_size"),
        (changed(impact__1__names={"en": "minor"}), "impact", "repeated"),
        (changed(impact__1__names={"en": "Other", "zh-hans": "轻微"}), "impact", "repeated"),
        (changed(ratings__1__names={"en": "HIGH"}), "ratings", "repeated"),
        (changed(cells__0__0__rating="low", appetite="very_low"), "appetite", "nothing_within"),
        (changed(likelihood__0__range=[0, 0.05]), "likelihood", "gap"),
        (changed(likelihood__0__range=[0.5, 0.1]), "likelihood", "bad_range"),
        (changed(likelihood__0__range=[0, 1.1]), "likelihood", "bad_range"),
        (changed(likelihood__0__range="often"), "likelihood", "bad_range"),
        (changed(impact__0__range=[-1, 5]), "impact", "bad_range"),
        (changed(impact__0__range=[float("nan"), 5]), "impact", "bad_range"),
        (changed(impact__0__range=[True, 5]), "impact", "bad_range"),
    ],
)
def test_criteria_that_nobody_could_use_are_refused(
    data: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        clean_criteria(data)
    assert {e.code for e in refused.value.fields[field]} == {code}


def test_ranges_meet_each_other() -> None:
    data = default_criteria()
    for level, chances in zip(data["likelihood"], CHANCES, strict=True):
        level["range"] = chances
    assert [level["range"] for level in clean_criteria(data)["likelihood"]] == CHANCES
    data["likelihood"][2]["range"] = [0.25, 0.5]
    with pytest.raises(Invalid) as refused:
        clean_criteria(data)
    assert refused.value.fields["likelihood"][0].code == "gap"
