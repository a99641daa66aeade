"""Time travel: positions equal a replay of what was recorded, on any day and for any viewer."""

import datetime as dt
import json
from collections import Counter
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from riskreg.events.models import Event
from riskreg.events.queries import visible_events
from riskreg.kernel.errors import Invalid
from riskreg.risks import services
from riskreg.risks.models import Assessment, Position, Risk
from riskreg.risks.queries.access import positions_at
from riskreg.risks.queries.heatmap import heatmap, trail
from tests import builders
from tests.amounts import examples
from tests.builders import World

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)

steps = st.lists(
    st.tuples(
        st.sampled_from(["create", "own", "assess", "assess", "close", "reopen", "share", "hand"]),
        st.integers(0, 5),
        st.integers(1, 5),
        st.integers(1, 5),
        st.integers(60, 60 * 24 * 20),
    ),
    min_size=3,
    max_size=12,
)


def play(world: World, story: list[tuple[str, int, int, int, int]]) -> dt.datetime:
    """Carry out the story; steps that the rules refuse are passed over. Returns when it ends."""
    at, rows = world.at, []
    for what, which, x, y, minutes in story:
        at += dt.timedelta(minutes=minutes)
        if what in ("create", "own") or not rows:
            visibility = "party" if what == "own" else "shared"
            rows.append(
                builders.risk(world, visibility=visibility, rated=None, opened=which % 3 > 0, at=at)
            )
            continue
        row = Risk.objects.get(pk=rows[which % len(rows)].pk)
        act = {"actor": world.viewer("manager"), "ref": row.ref, "version": None, "at": at}
        stage = ("inherent", "residual", "target")[which % 3]
        cell = {"stage": stage, "likelihood": x, "impact": y, "rationale": "A story"}
        try:
            with transaction.atomic():
                if what == "assess":
                    services.record_assessment(given=cell, **act)
                elif what == "share":
                    services.share_risk(**act)
                elif what == "hand":
                    services.transfer_risk(owner=world.deputy.email, **act)
                else:
                    getattr(services, f"{what}_risk")(reason="Because", **act)
        except Invalid:
            pass
    return at


def replay(world: World, row: Risk, moment: dt.datetime) -> dict[str, Any] | None:
    """How ``row`` stood at ``moment``, told by the events of foton and the assessments alone."""
    now: dict[str, Any] | None = None
    events = visible_events(world.viewer("owner").audience).filter(subject_uuid=row.uuid)
    # An event of the party's own chain about sharing is the private side of the shared one.
    for event in sorted(events, key=lambda e: (e.at, e.id)):
        if event.at > moment:
            break
        changes = json.loads(event.changes)
        if event.verb == "risk.created":
            private = event.chain.key.endswith(str(world.foton.uuid))
            now = {"state": "draft", "ref": event.subject_ref, "private": private}
            now["owner"] = changes["owner"][1]
        assert now is not None
        if event.verb == "risk.shared" and "ref" in changes:
            now |= {"ref": changes["ref"][1], "private": False}
        elif event.verb in ("risk.opened", "risk.closed", "risk.reopened"):
            now["state"] = changes["state"][1]
        elif event.verb == "risk.transferred":
            now["owner"] = changes["owner"][1]
    if now is not None:
        for stage in ("inherent", "residual", "target"):
            now[stage] = latest_cell(row, stage, moment)
    return now


def latest_cell(row: Risk, stage: str, moment: dt.datetime) -> dict[str, Any] | None:
    last = (
        Assessment.objects.filter(risk=row, stage=stage, at__lte=moment).order_by("at", "id").last()
    )
    if last is None:
        return None
    return {p: getattr(last, p) for p in ("likelihood", "impact", "score", "rating")}


@pytest.mark.slow
@pytest.mark.unmeasured
@settings(max_examples=examples(12))
@given(story=steps, back=st.lists(st.integers(0, 60 * 24 * 60), min_size=3, max_size=6))
def test_positions_equal_a_replay_at_any_moment(
    world: World, story: list[Any], back: list[int]
) -> None:
    with transaction.atomic():
        end = play(world, story)
        viewer, theirs = world.viewer("owner"), world.viewer("partner_owner")
        events = list(Event.objects.filter(subject_type="risk").values_list("at", flat=True))
        for moment in [end, *events, *(end - dt.timedelta(minutes=m) for m in back)]:
            stood = {p.risk_id: p for p in positions_at(viewer, moment)}
            seen = {p.risk_id for p in positions_at(theirs, moment)}
            for row in Risk.objects.all():
                told = replay(world, row, moment)
                position = stood.get(row.pk)
                assert (position is None) == (told is None)
                if told is None or position is None:
                    continue
                assert {
                    "state": position.state,
                    "ref": position.ref,
                    "private": position.visibility == "party",
                    "owner": str(position.owner.uuid),
                    **{s: position.cell(s) for s in ("inherent", "residual", "target")},
                } == told
                assert (row.pk in seen) == (not told["private"])
        check_days(world, end)
        transaction.set_rollback(True)


def check_days(world: World, end: dt.datetime) -> None:
    """The heatmap of a past day counts exactly the positions at that day's last moment."""
    for name in ("owner", "partner_owner", "auditor"):
        viewer = world.viewer(name)
        for days in (0, 1, 5, 30):
            day = viewer.today(end) - days * DAY
            chart = heatmap(viewer, stage="residual", at=end, as_of=day)
            midnight = dt.datetime.combine(day + DAY, dt.time(), tzinfo=dt.UTC)
            last = midnight - dt.timedelta(hours=8, microseconds=1)
            stood = [p for p in positions_at(viewer, min(last, end)) if p.state == "open"]
            expected = Counter((p.residual_likelihood, p.residual_impact) for p in stood)
            assert chart.unrated_count == expected.pop((None, None), 0)
            assert {(c.likelihood, c.impact): c.count for c in chart.cells if c.count} == expected
            assert chart.total == len(stood)


def test_two_days_are_compared(world: World) -> None:
    moved, still = builders.risk(world, rated=(4, 5)), builders.risk(world, rated=(2, 2))
    gone = builders.risk(world, rated=(3, 3))
    builders.assess(world, moved, (2, 5), at=world.at + 5 * DAY)
    new = builders.risk(world, rated=(1, 1), at=world.at + 6 * DAY)
    services.close_risk(
        actor=world.viewer("owner"), ref=gone.ref, version=None, reason="x", at=world.at + 7 * DAY
    )
    chart = heatmap(
        world.viewer("auditor"), stage="residual", at=world.at + 9 * DAY, compare=world.today
    )
    assert chart.comparison is not None
    assert [(m.ref, m.before["score"], m.after["score"]) for m in chart.comparison.moves] == [
        (moved.ref, 20, 10)
    ]
    assert (chart.comparison.opened, chart.comparison.closed) == ([new.ref], [gone.ref])
    assert chart.total == 3
    assert still.ref in {r for c in chart.cells for r in c.refs}
    steps = trail(Position.objects.filter(risk=moved).order_by("valid_from"), "residual")
    assert [(at, cell["score"]) for at, cell in steps] == [
        (world.at, 20), (world.at + 5 * DAY, 10),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "given, field",
    [
        ({"stage": "final"}, "stage"),
        ({"as_of": builders.AT.date() + DAY}, "as_of"),
        ({"compare": builders.AT.date()}, "compare"),
        ({"compare": builders.AT.date() + DAY}, "compare"),
        ({"as_of": builders.AT.date() - 9 * DAY, "compare": builders.AT.date()}, "compare"),
    ],
)
def test_a_heatmap_that_cannot_be_is_refused(world: World, given: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        heatmap(world.viewer("owner"), **{"stage": "residual", "at": world.at, **given})
    assert set(refused.value.fields) == {field}


def test_the_earliest_day_there_is_is_empty(world: World) -> None:
    builders.risk(world)
    chart = heatmap(
        world.viewer("owner"), stage="residual", at=world.at, as_of=dt.date(1, 1, 2),
        compare=dt.date.min,
    )  # fmt: skip
    assert chart.total == 0


def test_a_cell_names_the_first_fifty(world: World) -> None:
    for _ in range(52):
        builders.risk(world, rated=(4, 5))
    cell = next(c for c in heatmap(
        world.viewer("owner"), stage="residual", at=world.at).cells if c.count)  # fmt: skip
    assert (cell.count, len(cell.refs), cell.refs[0]) == (52, 50, "R-001")


def test_a_clock_that_stepped_back_makes_no_overlap(world: World) -> None:
    row = builders.risk(world, rated=(4, 5), at=world.at + 10 * DAY)
    builders.assess(world, row, (1, 1), at=world.at + 2 * DAY)
    spans = list(Position.objects.filter(risk=row).values_list("valid_from", "valid_to"))
    assert spans == [(world.at + 10 * DAY, None)]
    assert Position.objects.get(risk=row).residual_score == 1
