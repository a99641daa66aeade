"""Recording a review: what it sets, what it refuses, and that nothing else moves the date later."""

import datetime as dt
import json
from typing import Any

import pytest

from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.reviews.models import Review
from riskreg.reviews.queries import last_review, reviews_of
from riskreg.reviews.services import record_review
from riskreg.risks.models import Assessment, Position
from riskreg.risks.services import close_risk, edit_risk, share_risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def test_nothing_has_changed_sets_the_date_by_the_rating(world: World) -> None:
    row = builders.risk(world, rated=(4, 5))
    review = builders.review(world, row, comment="Nothing new", at=world.at + 29 * DAY)
    row.refresh_from_db()
    assert (review.outcome, review.assessment, review.comment) == ("unchanged", None, "Nothing new")
    assert (review.due_on, review.next_review_on) == (
        world.today + 30 * DAY, world.today + 59 * DAY,
    )  # fmt: skip
    assert row.next_review_on == review.next_review_on
    assert row.last_reviewed_on == world.today + 29 * DAY
    assert row.version == 4


def test_a_new_score_sets_the_date_by_the_new_rating(world: World) -> None:
    row = builders.risk(world, rated=(5, 5))
    review = builders.review(world, row, cell=(1, 1), at=world.at + 3 * DAY)
    assert review.outcome == "rescored"
    assert review.next_review_on == world.today + 368 * DAY
    assert review.assessment.score == 1
    assert Position.objects.get(risk=row, valid_to=None).residual_score == 1
    told = Event.objects.filter(subject_uuid=row.uuid).order_by("-seq")[:2]
    assert [e.verb for e in told] == ["risk.reviewed", "risk.assessed"]
    assert json.loads(told[0].changes)["next_review_on"] == [
        str(world.today + 30 * DAY), str(world.today + 368 * DAY),
    ]  # fmt: skip


def test_a_late_review_counts_from_the_day_it_was_held(world: World) -> None:
    row = builders.risk(world)
    review = builders.review(world, row, at=world.at + 100 * DAY)
    assert review.due_on == world.today + 30 * DAY
    assert review.next_review_on == world.today + 130 * DAY


def test_an_earlier_date_may_be_asked_for_a_later_one_not(world: World) -> None:
    row = builders.risk(world)
    limit = world.today + 30 * DAY
    for wanted in (limit, limit.isoformat(), world.today + DAY):
        review = builders.review(world, row, next_review_on=wanted)
        assert review.next_review_on == dt.date.fromisoformat(str(wanted))
    with nothing_changes(), pytest.raises(Invalid) as refused:
        builders.review(world, row, next_review_on=limit + DAY)
    assert refused.value.fields["next_review_on"][0].code == "too_late"
    better = builders.review(world, row, cell=(1, 1), next_review_on=world.today + 180 * DAY)
    assert better.next_review_on == world.today + 180 * DAY
    with nothing_changes(), pytest.raises(Invalid):
        builders.review(world, row, cell=(5, 5), next_review_on=world.today + 31 * DAY)


@pytest.mark.parametrize(
    "given, field",
    [
        ({"outcome": "fine"}, "outcome"),
        ({"outcome": ["unchanged"]}, "outcome"),
        ({"outcome": "rescored"}, "assessment"),
        ({"outcome": "unchanged", "cell": (1, 1)}, "outcome"),
        ({"comment": "a\0"}, "comment"),
        ({"comment": "x" * 200_000}, "comment"),
        ({"comment": 7}, "comment"),
        ({"label": "fact"}, "label"),
        ({"translations": {"fr": {}}}, "translations.fr"),
        ({"next_review_on": "soon"}, "next_review_on"),
        ({"next_review_on": builders.AT.date()}, "next_review_on"),
        ({"next_review_on": builders.AT.date() - DAY}, "next_review_on"),
        ({"next_review_on": builders.AT + DAY}, "next_review_on"),
        ({"next_review_on": 7}, "next_review_on"),
        ({"cell": (9, 1)}, "assessment.likelihood"),
        ({"assessment": {"likelihood": 3}}, "assessment.impact"),
        ({"assessment": {"likelihood": 3, "impact": 3}}, "assessment.rationale"),
        ({"cell": (4, 5)}, "assessment.likelihood"),
        ({"assessment": {"stage": "x", "likelihood": 3, "impact": 3}}, "assessment.stage"),
        ({"assessment": {"score": 3, "likelihood": 3, "impact": 3}}, "assessment.score"),
        ({"assessment": "3,3"}, "assessment.assessment"),
    ],
)
def test_bad_reviews_are_refused_by_field(world: World, given: dict[str, Any], field: str) -> None:
    row = builders.risk(world)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        builders.review(world, row, **given)
    assert field in refused.value.fields


def test_everything_wrong_is_said_at_once(world: World) -> None:
    row = builders.risk(world)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        builders.review(world, row, outcome="x", comment="\0", next_review_on="x", cell=(9, 9))
    assert set(refused.value.fields) == {
        "outcome", "comment", "next_review_on", "assessment.likelihood", "assessment.impact",
    }  # fmt: skip


@pytest.mark.parametrize("state", ["draft", "closed"])
def test_only_open_risks_are_reviewed(world: World, state: str) -> None:
    row = builders.risk(world, opened=state == "closed")
    if state == "closed":
        close_risk(
            actor=world.viewer("owner"), ref=row.ref, version=None, reason="Past", at=world.at
        )
    with nothing_changes(), pytest.raises(Invalid) as refused:
        builders.review(world, row)
    assert set(refused.value.fields) == {"state"}


def test_a_review_of_what_changed_meanwhile_is_a_conflict(world: World) -> None:
    row = builders.risk(world)
    edit_risk(
        actor=world.viewer("manager"), ref=row.ref, version=None, fields={"title": "New"},
        at=world.at,
    )  # fmt: skip
    with nothing_changes(), pytest.raises(Conflict) as refused:
        builders.review(world, row, version=row.version)
    assert refused.value.current.title == "New"


def test_who_may_not_see_it_and_who_may_not_review_it(world: World) -> None:
    row = builders.risk(world, visibility="party")
    shared = builders.risk(world)
    with nothing_changes(), pytest.raises(NotFound):
        builders.review(world, row, by=world.partner_owner)
    for who in ("partner_owner", "partner_manager", "leader", "auditor", "integration", "deputy"):
        with nothing_changes(), pytest.raises(Forbidden):
            builders.review(world, shared, by=getattr(world, who))


def test_a_review_brought_in_keeps_both_times(world: World) -> None:
    row = builders.risk(world)
    held, now = world.at + 10 * DAY, world.at + 90 * DAY
    review = record_review(
        actor=world.viewer("owner"),
        ref=row.ref,
        version=None,
        assessment={"likelihood": 2, "impact": 2, "rationale": "The quarter's figures"},
        at=held,
        recorded_at=now,
    )
    assessment = Assessment.objects.latest("id")
    for thing in (review, assessment):
        thing.refresh_from_db()
        assert (thing.at, thing.created_at, thing.brought_in) == (held, now, True)
    assert review.next_review_on == world.today + 190 * DAY
    assert Position.objects.get(risk=row, valid_to=None).valid_from == held
    event = Event.objects.latest("id")
    assert (event.at, event.recorded_at, event.brought_in) == (held, now, True)


def test_reviews_held_in_private_stay_private_when_the_risk_is_shared(world: World) -> None:
    row = builders.risk(world, visibility="party")
    held = builders.review(world, row, comment="Between us")
    row = share_risk(actor=world.viewer("manager"), ref=row.ref, version=None, at=world.at + DAY)
    later = builders.review(world, row, at=world.at + 2 * DAY)
    assert list(reviews_of(world.viewer("owner"), row)) == [later, held]
    assert list(reviews_of(world.viewer("partner_owner"), row)) == [later]
    assert last_review(world.viewer("auditor"), row) == later
    assert Review.objects.count() == 2
