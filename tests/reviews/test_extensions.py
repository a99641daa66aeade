"""More time for a review: who may give it, how much, and that the due date stays."""

import datetime as dt
import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from hypothesis import given, settings
from hypothesis import strategies as st

from riskreg.duties.queries import agenda
from riskreg.duties.sources import REVIEW
from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.register.services import start_absence
from riskreg.reviews import policy
from riskreg.reviews.models import Extension
from riskreg.reviews.queries import (
    current_review_extended_until_subquery,
    extension_of_next_review,
    extensions_of,
)
from riskreg.reviews.services import grant_extension
from riskreg.risks.models import Risk
from riskreg.risks.services import close_risk, share_risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def extend(world: World, row: Risk, days: int = 7, by: str = "manager", **given: Any) -> Extension:
    """Foton's manager gives ``row`` more time, ``days`` from today."""
    at = given.pop("at", world.at)
    actor = world.viewer(by)
    return grant_extension(
        actor=actor,
        ref=row.ref,
        version=given.pop("version", None),
        until=given.pop("until", actor.today(at) + days * DAY),
        reason=given.pop("reason", "The figures come on Friday"),
        at=at,
    )


def late_risk(world: World, **given: Any) -> Risk:
    """A critical risk whose review was due ten days ago."""
    return builders.risk(world, at=world.at - 40 * DAY, rated=(4, 5), **given)


def test_it_is_kept_with_its_reason_and_moves_no_date(world: World) -> None:
    row = late_risk(world)
    granted = extend(world, row)
    after = Risk.objects.get(pk=row.pk)
    assert after.next_review_on == row.next_review_on == world.today - 10 * DAY
    assert after.version == row.version + 1
    assert (granted.due_on, granted.until) == (row.next_review_on, world.today + 7 * DAY)
    assert granted.granted_by == world.manager
    event = Event.objects.get(verb="risk.extended")
    changes = json.loads(event.changes)
    assert changes["extended_until"] == [None, str(granted.until)]
    assert changes["reason"] == [None, "The figures come on Friday"]
    assert event.subject_uuid == row.uuid
    assert extension_of_next_review(world.viewer("partner_owner"), after) == granted


def test_once_for_each_due_date(world: World) -> None:
    row = late_risk(world)
    extend(world, row)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        extend(world, row, 9)
    assert refused.value.fields["until"][0].code == "extended_already"
    builders.review(world, row)
    later = world.at + 40 * DAY
    assert extend(world, row, at=later).due_on == world.today + 30 * DAY
    assert extensions_of(world.viewer("owner"), row).count() == 2


def test_the_database_holds_it_too(world: World) -> None:
    granted = extend(world, late_risk(world))
    twin = Extension.objects.values().get(pk=granted.pk)
    for changes in ({}, {"due_on": granted.until}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Extension.objects.create(**{**twin, "id": None, "uuid": world.owner.uuid, **changes})


@pytest.mark.parametrize(
    "given_, field, code",
    [
        ({"until": None}, "until", "required"),
        ({"until": "soon"}, "until", "not_a_date"),
        ({"until": ["2026-09-20"]}, "until", "not_a_date"),
        ({"days": 0}, "until", "in_the_past"),
        ({"days": -3}, "until", "in_the_past"),
        ({"days": 31}, "until", "too_late"),
        ({"reason": ""}, "reason", "required"),
        ({"reason": "  \n "}, "reason", "required"),
        ({"reason": "a\0b"}, "reason", "bad_character"),
        ({"reason": "x" * 4001}, "reason", "too_long"),
    ],
)
def test_what_is_refused(world: World, given_: dict[str, Any], field: str, code: str) -> None:
    row = late_risk(world)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        extend(world, row, **given_)
    assert refused.value.fields[field][0].code == code


def test_before_it_is_due_it_must_reach_past_the_due_date(world: World) -> None:
    row = builders.risk(world, at=world.at - 20 * DAY)
    due = world.today + 10 * DAY
    with nothing_changes(), pytest.raises(Invalid):
        extend(world, row, until=due)
    assert extend(world, row, until=due + DAY).until == due + DAY
    fresh = builders.risk(world)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        extend(world, fresh, until=world.today + 31 * DAY)
    assert refused.value.fields["until"][0].code == "too_early"


def test_four_eyes(world: World) -> None:
    owned = late_risk(world, owner=world.manager.email, deputy=world.owner.email)
    deputised = late_risk(world, deputy=world.manager.email)
    for row in (owned, deputised):
        with nothing_changes(), pytest.raises(Forbidden, match="ask another manager"):
            extend(world, row)
    theirs = late_risk(world, by=world.partner_owner, owner=world.manager.email)
    with nothing_changes(), pytest.raises(Forbidden, match="ask another manager"):
        extend(world, theirs)
    assert extend(world, theirs, by="partner_manager")


def test_who_stands_in_gives_nobody_more_time(world: World) -> None:
    row = late_risk(world)
    day = world.today
    start_absence(
        actor=world.viewer("owner"), starts_on=day, until_on=day + 5 * DAY,
        stand_in=world.manager.email, at=world.at,
    )  # fmt: skip
    with pytest.raises(Forbidden, match="ask another manager"):
        grant_extension(
            actor=world.viewer("manager"), ref=row.ref, version=None, until=day + 9 * DAY,
            reason="x", at=world.at,
        )  # fmt: skip


def test_only_for_open_risks_and_whom_the_table_names(world: World) -> None:
    row = late_risk(world)
    for name in ("owner", "deputy", "leader", "integration", "partner_manager", "auditor"):
        with nothing_changes(), pytest.raises(Forbidden):
            extend(world, row, by=name)
    with nothing_changes(), pytest.raises(Conflict):
        extend(world, row, version=row.version - 1)
    close_risk(actor=world.viewer("owner"), ref=row.ref, version=None, reason="Left", at=world.at)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        extend(world, row)
    assert refused.value.fields["state"][0].code == "not_open"
    draft = builders.risk(world, opened=False)
    with nothing_changes(), pytest.raises(Invalid):
        extend(world, draft)


def test_of_a_private_risk_it_stays_private(world: World) -> None:
    row = late_risk(world, visibility="party")
    granted = extend(world, row)
    with pytest.raises(NotFound):
        extend(world, row, by="partner_manager")
    share_risk(actor=world.viewer("manager"), ref=row.ref, version=None, at=world.at)
    row.refresh_from_db()
    assert extension_of_next_review(world.viewer("owner"), row) == granted
    assert extension_of_next_review(world.viewer("partner_manager"), row) is None
    seen = Risk.objects.annotate(
        until=current_review_extended_until_subquery(viewer=world.viewer("auditor"))
    )
    assert seen.get(pk=row.pk).until is None
    assert (
        Risk.objects.annotate(until=current_review_extended_until_subquery()).get(pk=row.pk).until
    )


def test_as_an_expression_it_is_about_the_due_date_of_now(world: World) -> None:
    first, second = late_risk(world), late_risk(world)
    granted = extend(world, first)

    def anchors() -> dict[int, dt.date]:
        anchor = Coalesce(current_review_extended_until_subquery(), F("next_review_on"))
        return dict(Risk.objects.annotate(anchor=anchor).values_list("pk", "anchor"))

    assert anchors() == {first.pk: granted.until, second.pk: second.next_review_on}
    builders.review(world, first)
    assert anchors()[first.pk] == world.today + 30 * DAY
    through = Risk.objects.filter(positions__valid_to=None).values_list("positions__pk")
    assert through.count() == 2


@settings(max_examples=200)
@given(
    today=st.dates(dt.date(2026, 1, 1), dt.date(2027, 1, 1)),
    due=st.integers(-400, 400),
    cadence=st.integers(1, 365),
)
def test_an_extension_always_lies_ahead_and_never_beyond_a_cadence(
    today: dt.date, due: int, cadence: int
) -> None:
    due_on = today + due * DAY
    first = policy.earliest_extension_day(today, due_on)
    assert first > today
    assert first > due_on
    assert first in (today + DAY, due_on + DAY)
    assert policy.latest_extension_day(today, cadence) - today == cadence * DAY


def test_it_is_for_its_occasion_and_not_for_another_on_the_same_day(world: World) -> None:
    row = builders.risk(world, at=world.at - 25 * DAY)
    due = world.today + 5 * DAY
    assert row.next_review_on == due
    first = extend(world, row, until=due + 9 * DAY)
    assert first.reviewed_before is None
    # Reviewed before it came, and the next one is wanted on the very day that was extended.
    review = builders.review(world, row, next_review_on=due)
    row.refresh_from_db()
    assert row.next_review_on == due
    viewer = world.viewer("owner")
    assert extension_of_next_review(viewer, row) is None
    assert (
        Risk.objects.annotate(until=current_review_extended_until_subquery()).get(pk=row.pk).until
        is None
    )
    duty = REVIEW.load([row.uuid])[row.uuid]
    assert (duty.due_on, duty.extended_until, duty.extended_at) == (due, None, None)
    [listed] = agenda.duties_for(viewer, agenda.Wanted(world.today), 9).duties
    assert listed.extended_until is None
    # What was granted stays in the history, and this one can have its own.
    second = extend(world, row, until=due + 2 * DAY)
    assert second.reviewed_before == review
    assert extension_of_next_review(viewer, row) == second
    assert REVIEW.load([row.uuid])[row.uuid].extended_until == second.until
    assert list(extensions_of(viewer, row)) == [second, first]
    with nothing_changes(), pytest.raises(Invalid) as refused:
        extend(world, row, until=due + 3 * DAY)
    assert refused.value.fields["until"][0].code == "extended_already"


def test_a_date_that_is_pulled_in_and_put_back_by_a_review_was_not_extended(world: World) -> None:
    row = builders.risk(world, at=world.at - 50 * DAY, rated=(2, 3))
    due = world.today + 40 * DAY
    assert row.next_review_on == due
    extend(world, row, until=due + 20 * DAY)
    builders.assess(world, row, (5, 5))
    row.refresh_from_db()
    assert row.next_review_on == world.today + 30 * DAY
    assert extension_of_next_review(world.viewer("owner"), row) is None
    builders.review(world, row, cell=(2, 3), next_review_on=due)
    row.refresh_from_db()
    assert row.next_review_on == due
    assert extension_of_next_review(world.viewer("owner"), row) is None


def test_the_database_holds_one_for_each_occasion(world: World) -> None:
    row = builders.risk(world, at=world.at - 25 * DAY)
    extend(world, row)
    builders.review(world, row, next_review_on=row.next_review_on)
    granted = extend(world, row)
    twin = Extension.objects.values().get(pk=granted.pk)
    same = {**twin, "id": None, "uuid": world.owner.uuid}
    for changes in ({}, {"reviewed_before_id": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Extension.objects.create(**{**same, **changes})
