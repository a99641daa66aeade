"""Recording readings, and what a crossing calls for."""

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from riskreg.duties.queries import agenda
from riskreg.duties.sources import BREACH
from riskreg.events.models import Event
from riskreg.events.queries import visible_events
from riskreg.indicators.models import Breach, Indicator, Reading
from riskreg.indicators.queries.access import (
    active_indicators_watching_with_values,
    late_indicators_owned_by,
    latest_uncorrected_values,
    readings_of,
)
from riskreg.indicators.queries.breaches import (
    all_unreviewed_breaches_of_open_risks,
    unreviewed_breaches_of_risk,
)
from riskreg.indicators.services import MAX_READINGS, edit_indicator, record_readings
from riskreg.indicators.services.status import recompute_status_in_memory
from riskreg.kernel.errors import Forbidden, Invalid, NotFound
from riskreg.risks.models import Risk
from riskreg.risks.services import close_risk
from tests import builders
from tests.builders import World
from tests.indicators import making

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def indicator_fields(invalid: Any) -> dict[str, str]:
    return {name: errors[0].code for name, errors in invalid.value.fields.items()}


def status(row: Indicator) -> str:
    return str(Indicator.objects.get(pk=row.pk).status)


def called_of(world: World, name: str) -> list[Breach]:
    """What calls for a review by that member, as My work and the API's duties read it."""
    viewer = world.viewer(name)
    wanted = agenda.Wanted(
        world.today, kinds=(BREACH.kind,), people=agenda.ids_of_self_and_stood_in_for(viewer)
    )
    return [duty.thing for duty in agenda.duties_for(viewer, wanted, 50).duties]


def test_a_reading_says_how_things_stand(world: World) -> None:
    row = making.indicator(world)
    assert (row.status, row.latest_at, row.ref) == ("", None, "K-001")
    done = making.read(world, row, 80000, "95000.5")
    again = Indicator.objects.get(pk=row.pk)
    assert (again.status, again.latest_at, again.latest_value) == (
        "amber", world.at, Decimal("95000.5"),
    )  # fmt: skip
    assert again.next_reading_on == world.today + dt.timedelta(days=35)
    assert [r.origin for r in done.readings] == ["api", "api"]
    assert {r.recorded_by for r in done.readings} == {world.owner}
    assert again.version == 1
    event = visible_events(world.viewer("onlooker").audience).order_by("-seq")[0]
    assert (event.verb, event.subject_ref) == ("indicator.read", "K-001")
    assert '"indicator_status":[null,"amber"]' in event.changes
    assert "95000.5" in event.changes


def test_the_same_again_changes_nothing(world: World) -> None:
    row = making.indicator(world)
    making.read(world, row, 80000, 81000)
    events = Event.objects.count()
    done = making.read(world, row, "80000.000", 81000.0)
    assert (done.readings, done.unchanged) == ([], 2)
    assert (Reading.objects.count(), Event.objects.count()) == (2, events)


def test_another_value_needs_to_be_a_correction_and_both_are_kept(world: World) -> None:
    row = making.indicator(world)
    making.read(world, row, 80000)
    moment = world.at.isoformat()
    with pytest.raises(Invalid) as refused:
        making.read(world, row, {"at": moment, "value": 82000})
    assert indicator_fields(refused) == {"readings.0.value": "other_value"}
    fix = {"at": moment, "value": 91000, "correction": True}
    assert making.read(world, row, fix).corrected == 1
    assert making.read(world, row, fix).unchanged == 1
    making.read(world, row, {**fix, "value": 92000})
    owner = world.viewer("owner")
    assert [r.value for r in readings_of(owner, row)] == [92000]
    assert [r.value for r in readings_of(owner, row, include_corrected=True)] == [
        92000,
        91000,
        80000,
    ]
    assert status(row) == "amber"
    with pytest.raises(Invalid) as refused:
        making.read(world, row, {**fix, "at": "2026-09-01"})
    assert indicator_fields(refused) == {"readings.0.correction": "nothing_to_correct"}


def test_readings_are_never_changed_or_deleted(world: World) -> None:
    row = making.indicator(world, builders.risk(world))
    making.read(world, row, 160000)
    for table in (Reading, Breach):
        for act in (lambda t=table: t.objects.update(created_at=world.at + HOUR),
                    lambda t=table: t.objects.all()._raw_delete("default")):  # fmt: skip
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                act()
    assert connection.in_atomic_block


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"value": "NaN"}, {"value": "not_finite"}),
        ({"value": math.nan}, {"value": "not_finite"}),
        ({"value": "Infinity"}, {"value": "not_finite"}),
        ({"value": -math.inf}, {"value": "not_finite"}),
        ({"value": "much"}, {"value": "not_a_number"}),
        ({"value": True}, {"value": "not_a_number"}),
        ({"value": ["1"]}, {"value": "not_a_number"}),
        ({"value": None}, {"value": "required"}),
        ({"value": "1e30"}, {"value": "out_of_range"}),
        ({"value": "0.1234567"}, {"value": "too_precise"}),
        ({"value": "123456789012.123456"}, {"value": "too_precise"}),
        ({"unit": "USD/t"}, {"unit": "wrong_unit"}),
        ({"at": "2026-09-16T09:00:00.000001+00:00"}, {"at": "in_the_future"}),
        ({"at": "2026-09-17"}, {"at": "in_the_future"}),
        ({"at": "2026-09-16T08:00:00"}, {"at": "no_zone"}),
        ({"at": "yesterday"}, {"at": "not_a_time"}),
        ({"at": None}, {"at": "not_a_time"}),
        ({"at": 5}, {"at": "not_a_time"}),
        ({"at": "0001-01-01T00:00:00+14:00"}, {"at": "not_a_time"}),
        ({"at": "1492-10-12"}, {"at": "out_of_range"}),
        ({"label": "true"}, {"label": "unknown"}),
        ({"precision": "roughly"}, {"precision": "unknown"}),
        ({"correction": "yes"}, {"correction": "not_a_boolean"}),
        ({"price": 4}, {"price": "unknown_field"}),
        ({"source": {"title": "A", "url": "javascript:alert(1)"}}, {"source.0.url": "bad_url"}),
    ],
)
def test_bad_readings_are_named_and_nothing_is_written(
    world: World, bad: dict[str, Any], code: dict[str, str]
) -> None:
    row = making.indicator(world)
    events = Event.objects.count()
    good = {"at": "2026-09-15", "value": 160000}
    with pytest.raises(Invalid) as refused:
        making.read(world, row, good, {"at": "2026-09-14", "value": 1, **bad})
    assert indicator_fields(refused) == {f"readings.1.{k}": v for k, v in code.items()}
    assert (Reading.objects.count(), Event.objects.count(), status(row)) == (0, events, "")


def test_two_values_for_one_time_in_one_call(world: World) -> None:
    row = making.indicator(world)
    twice = [{"at": "2026-09-15", "value": 1}, {"at": "2026-09-15", "value": "1.0"}]
    assert len(making.read(world, row, *twice).readings) == 1
    with pytest.raises(Invalid) as refused:
        making.read(world, row, {"at": "2026-09-14", "value": 1}, {"at": "2026-09-14", "value": 2})
    assert indicator_fields(refused) == {"readings.1.at": "twice"}


@pytest.mark.parametrize(
    ("rows", "code"),
    [([], "required"), ("text", "not_a_list"), ({"at": 1}, "not_a_list"), (None, "not_a_list"),
     ([{"at": "2026-09-15", "value": 1}] * (MAX_READINGS + 1), "too_many")],
)  # fmt: skip
def test_a_call_that_is_none(world: World, rows: Any, code: str) -> None:
    row = making.indicator(world)
    with pytest.raises(Invalid) as refused:
        record_readings(
            actor=world.viewer("owner"), ref=row.ref, rows=rows, origin="api", at=world.at
        )
    assert indicator_fields(refused) == {"readings": code}


def test_ten_thousand_in_one_call_and_a_hundred_errors_at_most(world: World) -> None:
    row = making.indicator(world)
    rows = [{"at": (world.at - n * HOUR).isoformat(), "value": n} for n in range(MAX_READINGS)]
    done = making.read(world, row, *rows)
    assert len(done.readings) == MAX_READINGS
    assert Indicator.objects.get(pk=row.pk).latest_value == 0
    with pytest.raises(Invalid) as refused:
        making.read(world, row, *({**r, "value": "x"} for r in rows))
    assert len(refused.value.fields) == 101
    assert refused.value.fields["readings"][0].code == "more"


def test_who_may_read_what_in(world: World) -> None:
    row = making.indicator(world)
    for name in ("owner", "manager", "integration"):
        making.read(world, row, 1, by=getattr(world, name))
    for name in ("deputy", "leader", "auditor", "onlooker", "partner_manager"):
        with pytest.raises(Forbidden):
            making.read(world, row, 2, by=getattr(world, name))
    own = making.indicator(world, visibility="party")
    assert own.ref == "FK-001"
    for name in ("partner_manager", "partner_integration", "auditor"):
        with pytest.raises(NotFound):
            making.read(world, own, 2, by=getattr(world, name))


# Breaches ----------------------------------------------------------------------------------------


def test_red_calls_for_a_review_that_only_a_review_answers(world: World) -> None:
    risk = builders.risk(world, deputy=world.deputy.email)
    due = risk.next_review_on
    row = making.indicator(world, risk)
    done = making.read(world, row, 80000, 95000, 151000)
    breach = Breach.objects.get()
    assert done.breaches == [breach]
    assert (breach.status, breach.risk, breach.due_on) == ("red", risk, world.today)
    assert breach.reading.value == 151000
    # The date of the regular review is not the breach's to move.
    assert Risk.objects.get(pk=risk.pk).next_review_on == due
    for name in ("owner", "deputy"):
        assert called_of(world, name) == [breach]
    assert called_of(world, "manager") == []
    assert list(unreviewed_breaches_of_risk(world.viewer("onlooker"), risk.pk)) == [breach]
    event = visible_events(world.viewer("onlooker").audience).filter(verb="risk.breached").get()
    assert (event.subject_ref, event.subject_uuid) == (risk.ref, risk.uuid)
    # Neither a good value nor a correction answers it.
    making.read(world, row, 80000, at=world.at + HOUR)
    assert all_unreviewed_breaches_of_open_risks().count() == 1
    builders.review(world, risk, at=world.at + 2 * HOUR)
    assert all_unreviewed_breaches_of_open_risks().count() == 0


def test_a_review_at_the_same_moment_answers_and_one_before_does_not(world: World) -> None:
    risk = builders.risk(world)
    row = making.indicator(world, risk)
    builders.review(world, risk)
    making.read(world, row, 160000)
    assert all_unreviewed_breaches_of_open_risks().count() == 1
    builders.review(world, risk)
    assert all_unreviewed_breaches_of_open_risks().count() == 0


def test_dancing_on_the_line_calls_once(world: World) -> None:
    risk = builders.risk(world)
    row = making.indicator(world, risk)
    for n, value in enumerate((149000, 150000, 149000, 150500, 146000, 151000)):
        making.read(world, row, value, at=world.at + n * HOUR)
    assert Breach.objects.count() == 1
    # Answered, and still dancing: nothing new. Well back and over again: a new one.
    builders.review(world, risk, at=world.at + 7 * HOUR)
    making.read(world, row, 149000, at=world.at + 8 * HOUR)
    making.read(world, row, 150000, at=world.at + 9 * HOUR)
    assert Breach.objects.count() == 1
    making.read(world, row, 144000, at=world.at + 10 * HOUR)
    making.read(world, row, 150000, at=world.at + 11 * HOUR)
    assert (Breach.objects.count(), all_unreviewed_breaches_of_open_risks().count()) == (2, 1)


def test_amber_calls_where_it_is_said_to_and_red_calls_again(world: World) -> None:
    risk = builders.risk(world)
    row = making.indicator(world, risk, breach_at="amber")
    making.read(world, row, 95000)
    assert Breach.objects.get().status == "amber"
    builders.review(world, risk, at=world.at + HOUR)
    making.read(world, row, 160000, at=world.at + 2 * HOUR)
    assert [b.status for b in Breach.objects.order_by("pk")] == ["amber", "red"]


def test_a_spike_among_the_news_of_one_call_is_not_lost(world: World) -> None:
    risk = builders.risk(world)
    row = making.indicator(world, risk)
    making.read(world, row, 80000, at=world.at)
    later = world.at + 5 * HOUR
    making.read(world, row, 80000, 160000, 80000, at=later)
    assert status(row) == "green"
    assert Breach.objects.get().reading.value == 160000


def test_red_again_after_readings_were_missed_calls_again(world: World) -> None:
    risk = builders.risk(world)
    row = making.indicator(world, risk)
    making.read(world, row, 160000)
    builders.review(world, risk, at=world.at + HOUR)
    making.read(world, row, 160000, at=world.at + 20 * DAY)
    assert Breach.objects.count() == 1
    making.read(world, row, 160000, at=world.at + 60 * DAY)
    assert (Breach.objects.count(), all_unreviewed_breaches_of_open_risks().count()) == (2, 1)


def test_history_that_is_filled_in_calls_for_nothing(world: World) -> None:
    row = making.indicator(world, builders.risk(world))
    making.read(world, row, 160000, 80000)
    assert (Breach.objects.count(), status(row)) == (0, "green")
    making.read(world, row, {"at": "2026-08-01", "value": 170000})
    assert Breach.objects.count() == 0


def test_a_correction_of_the_latest_calls_and_one_back_does_not_answer(world: World) -> None:
    row = making.indicator(world, builders.risk(world))
    making.read(world, row, 80000)
    fix = {"at": world.at.isoformat(), "correction": True}
    making.read(world, row, {**fix, "value": 160000}, at=world.at + HOUR)
    making.read(world, row, {**fix, "value": 80000}, at=world.at + HOUR)
    assert (status(row), all_unreviewed_breaches_of_open_risks().count()) == ("green", 1)


def test_only_open_risks_and_only_while_they_are(world: World) -> None:
    draft = builders.risk(world, opened=False)
    risk = builders.risk(world)
    row = making.indicator(world, risk, draft)
    making.read(world, row, 160000)
    assert [b.risk for b in Breach.objects.all()] == [risk]
    close_risk(actor=world.viewer("owner"), ref=risk.ref, version=None, reason="over", at=world.at)
    assert all_unreviewed_breaches_of_open_risks().count() == 0


def test_other_limits_and_new_links_call_at_once(world: World) -> None:
    first, second = builders.risk(world), builders.risk(world)
    row = making.indicator(world, first)
    making.read(world, row, 120000)
    act = {"actor": world.viewer("owner"), "ref": row.ref, "version": None, "at": world.at}
    edit_indicator(**act, fields={"red": 120000})
    assert [b.risk for b in all_unreviewed_breaches_of_open_risks()] == [first]
    edit_indicator(**act, fields={"risks": [first.ref, second.ref]})
    assert [b.risk for b in all_unreviewed_breaches_of_open_risks().order_by("pk")] == [
        first,
        second,
    ]
    assert status(row) == "red"


def test_a_private_indicator_calls_in_private(world: World) -> None:
    shared = builders.risk(world)
    own = builders.risk(world, visibility="party")
    row = making.indicator(world, shared, own, visibility="party")
    making.read(world, row, 160000)
    assert {b.visibility for b in Breach.objects.all()} == {"party"}
    assert len(called_of(world, "owner")) == 2
    for name in ("partner_manager", "auditor"):
        viewer = world.viewer(name)
        assert list(unreviewed_breaches_of_risk(viewer, shared.pk)) == []
        sentences = [e.changes + e.subject_ref + e.verb for e in visible_events(viewer.audience)]
        assert not any("FK-001" in text or "breached" in text for text in sentences)


def test_a_late_reading_is_the_owners_duty(world: World) -> None:
    row = making.indicator(world, frequency_days=7, grace_days=2)
    owner = world.viewer("owner")
    last = world.today + dt.timedelta(days=9)
    assert list(late_indicators_owned_by(owner, last)) == []
    assert list(late_indicators_owned_by(owner, last + DAY)) == [row]
    assert list(late_indicators_owned_by(world.viewer("manager"), last + DAY)) == []
    making.read(world, row, 1, at=world.at + 10 * DAY)
    assert list(late_indicators_owned_by(owner, last + DAY)) == []
    edit_indicator(actor=owner, ref=row.ref, version=None, fields={"active": False}, at=world.at)
    assert list(late_indicators_owned_by(owner, last + 99 * DAY)) == []
    with pytest.raises(Invalid, match="retired"):
        making.read(world, row, 2, at=world.at + 11 * DAY)


@hypothesis_settings(max_examples=25)
@given(st.lists(st.integers(75, 165), min_size=1, max_size=12))
def test_one_by_one_or_all_anew_it_stands_alike(world: World, values: list[int]) -> None:
    with transaction.atomic():
        row = making.indicator(world, frequency_days=2, grace_days=0)
        for n, value in enumerate(values):
            making.read(world, row, value * 1000, at=world.at + n * 31 * HOUR)
        step = Indicator.objects.get(pk=row.pk)
        recompute_status_in_memory(step)
        kept = Indicator.objects.get(pk=row.pk)
        assert (kept.status, kept.next_reading_on) == (step.status, step.next_reading_on)
        transaction.set_rollback(True)


def test_what_watches_a_risk_comes_with_its_newest_values(world: World) -> None:
    risk = builders.risk(world)
    row, silent = making.indicator(world, risk), making.indicator(world, risk)
    making.indicator(world)
    making.read(world, row, 1, 2, 3, 4)
    making.read(world, row, {"at": world.at.isoformat(), "value": 5, "correction": True})
    viewer = world.viewer("onlooker")
    with CaptureQueriesContext(connection) as captured:
        found = active_indicators_watching_with_values(viewer, risk, 3)
    assert len(captured) == 1
    assert found == [(row, [2, 3, 5]), (silent, [])]


def test_the_newest_values_come_oldest_first(world: World) -> None:
    row, other = making.indicator(world), making.indicator(world)
    making.read(world, row, 1, 2, 3, 4)
    making.read(world, row, {"at": world.at.isoformat(), "value": 5, "correction": True})
    found = latest_uncorrected_values([row, other], 3)
    assert [value for _at, value in found[row.pk]] == [2, 3, 5]
    assert other.pk not in found
