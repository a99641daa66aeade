"""What has ended does not ask any more, and does not end in silence."""

import datetime as dt
import json
from typing import Any

import pytest

from riskreg.duties.queries import agenda
from riskreg.events.models import Event
from riskreg.indicators.models import Indicator
from riskreg.indicators.queries import closing
from riskreg.indicators.queries.closing import (
    dependents_ended_with,
    dependents_serving_no_other_open_risk,
)
from riskreg.indicators.services import close_risk_and_end_dependents, edit_indicator
from riskreg.kernel.errors import Conflict, Forbidden, Invalid
from riskreg.reminders.models import Addressee, Reminder
from riskreg.reminders.services import sweep
from riskreg.risks import services
from riskreg.risks.models import Mitigation, MitigationStatus, Risk, State
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes
from tests.indicators.making import indicator

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def work(world: World, *rows: Risk, **fields: Any) -> Mitigation:
    """In progress, due in three weeks."""
    made = builders.mitigation(world, *rows, due_on=world.today + 20 * DAY, **fields)
    return services.edit_mitigation(
        actor=world.viewer(made.owner), ref=made.ref, version=None,
        fields={"progress": 30, "status": "in_progress"}, at=world.at,
    )  # fmt: skip


def close(world: World, row: Risk, who: str = "owner", **given: Any) -> Risk:
    given = {"reason": "It is over", "version": None, "at": world.at + DAY, **given}
    return close_risk_and_end_dependents(actor=world.viewer(who), ref=row.ref, **given)


def asks(world: World, who: str, at: dt.datetime) -> set[str]:
    """The refs of everything that a member may see as due, by whomever."""
    viewer = world.viewer(who)
    wanted = agenda.Wanted(today=viewer.today(at))
    listed = {d.ref for d in agenda.duties_for(viewer, wanted, 200).duties}
    assert agenda.summed_duty_counts(viewer, wanted) == len(
        agenda.duties_for(viewer, wanted, 200).duties
    )
    return listed


def reminded(at: dt.datetime) -> set[str]:
    """The kinds of what a sweep at ``at`` finds people to be told of, and had not before."""
    before = set(Addressee.objects.values_list("pk", flat=True))
    sweep(at=at)
    return {a.reminder.kind for a in Addressee.objects.exclude(pk__in=before)}


@pytest.mark.parametrize("end", ["draft", "closed"])
def test_nothing_reminds_of_what_serves_no_open_risk(world: World, end: str) -> None:
    row = builders.risk(world, opened=end == "closed")
    mine, watch = work(world, row), indicator(world, row)
    if end == "closed":
        assert {mine.ref, watch.ref} <= asks(world, "owner", world.at)
        close(world, row)
    later = world.at + 200 * DAY
    for who in ("owner", "manager", "leader", "auditor", "partner_owner"):
        # A draft asks for itself: to be opened or closed.
        assert asks(world, who, later) <= ({row.ref} if end == "draft" else set())
    assert reminded(later) <= ({"risk.draft"} if end == "draft" else set())
    if end == "draft":
        services.open_risk(actor=world.viewer("owner"), ref=row.ref, version=None, at=later)
    else:
        services.reopen_risk(
            actor=world.viewer("owner"), ref=row.ref, version=None, reason="again", at=later
        )
    # It is late by now, and asks again for all that it is.
    assert {mine.ref, watch.ref} <= asks(world, "owner", later)
    assert {"mitigation.due", "mitigation.update", "indicator.reading"} <= reminded(later + DAY)


def test_what_waits_to_be_told_is_dropped_when_the_risk_is_closed(world: World) -> None:
    row = builders.risk(world)
    work(world, row)
    at = world.at + 15 * DAY
    sweep(at=at - 5 * DAY)
    close(world, row, at=at)
    assert reminded(at + 30 * DAY) == set()
    assert not Reminder.objects.filter(state="due").exists()


def test_what_serves_another_open_risk_or_an_objective_goes_on(world: World) -> None:
    row, other = builders.risk(world), builders.risk(world, title="Another")
    builders.objective(world)
    both, watch = work(world, row, other), indicator(world, row, other)
    free = indicator(world)
    pace = indicator(
        world, row, kind="pace", direction="lower_is_worse", unit="vehicles", amber="2", red="5",
        hysteresis="0", objective="overseas-units-2030", growth="compound",
        start_on="2025-12-31", start_value="164500",
    )  # fmt: skip
    assert dependents_serving_no_other_open_risk(world.viewer("owner"), row).total == 0
    close(world, row)
    later = world.at + 100 * DAY
    assert {both.ref, watch.ref, free.ref, pace.ref} <= asks(world, "owner", later)


def test_closing_ends_what_is_named_and_keeps_the_rest(world: World) -> None:
    row = builders.risk(world)
    ended, kept = work(world, row), work(world, row, title="Kept")
    watch = indicator(world, row)
    done = builders.mitigation(world, row, title="Done")
    services.edit_mitigation(
        actor=world.viewer("owner"), ref=done.ref, version=None, fields={"progress": 100},
        at=world.at,
    )  # fmt: skip
    viewer = world.viewer("owner")
    named = [
        (f.kind, f.ref, f.may_end) for f in dependents_serving_no_other_open_risk(viewer, row).rows
    ]
    assert named == [
        ("mitigation", ended.ref, True),
        ("mitigation", kept.ref, True),
        ("indicator", watch.ref, True),
    ]
    close(world, row, end=[ended.ref, watch.ref])
    ended.refresh_from_db()
    kept.refresh_from_db()
    watch.refresh_from_db()
    assert (ended.status, ended.ended_with, ended.next_update_on) == ("cancelled", row, None)
    assert (kept.status, kept.ended_with) == ("in_progress", None)
    assert (watch.active, watch.ended_with) == (False, row)
    told = {
        (e.verb, e.subject_ref): json.loads(e.changes)
        for e in Event.objects.filter(at=world.at + DAY)
    }
    assert told[("mitigation.edited", ended.ref)] == {
        "status": ["in_progress", "cancelled"], "ended_with": [None, row.ref],
        "next_update_on": ["2026-10-16", None],
    }  # fmt: skip
    assert told[("indicator.edited", watch.ref)] == {
        "active": [True, False], "ended_with": [None, row.ref],
    }  # fmt: skip
    # Reopening says what was ended, and what comes back is not said any more.
    services.reopen_risk(
        actor=viewer, ref=row.ref, version=None, reason="Again", at=world.at + 2 * DAY
    )
    assert [f.ref for f in dependents_ended_with(viewer, row).rows] == [ended.ref, watch.ref]
    services.edit_mitigation(
        actor=viewer, ref=ended.ref, version=None, fields={"status": "in_progress"},
        at=world.at + 3 * DAY,
    )  # fmt: skip
    edit_indicator(
        actor=viewer, ref=watch.ref, version=None, fields={"active": True}, at=world.at + 3 * DAY
    )
    assert dependents_ended_with(viewer, row).total == 0
    back = json.loads(Event.objects.filter(verb="indicator.edited").latest("id").changes)
    assert back["ended_with"] == [row.ref, None]


@pytest.mark.parametrize(
    ("end", "code"),
    [(["M-099"], "unknown"), (["\0"], "unknown"), ([7], "not_a_reference"), ("M-001", "not_a_list"),
     ({"M-001": True}, "not_a_list"), (["M-002"], "not_alone"), (["K-002"], "not_alone")],
)  # fmt: skip
def test_what_cannot_be_ended_is_refused_and_nothing_is_closed(
    world: World, end: Any, code: str
) -> None:
    row, other = builders.risk(world), builders.risk(world, title="Another")
    work(world, row)
    work(world, row, other)
    indicator(world, row)
    indicator(world, row, other)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        close(world, row, end=end)
    assert [e.code for e in refused.value.fields["end"]] == [code]
    with nothing_changes(), pytest.raises(Invalid) as both:
        close(world, row, end=end, reason=" ")
    assert set(both.value.fields) == {"end", "reason"}
    with nothing_changes(), pytest.raises(Conflict):
        close(world, row, version=1)


def test_another_partys_work_is_neither_named_nor_ended(world: World) -> None:
    row = builders.risk(world)
    theirs = work(world, row, by=world.partner_owner, visibility="party")
    shared = work(world, row, by=world.partner_owner)
    viewer = world.viewer("owner")
    # Shared work of the other party is named, and is theirs to end.
    assert [
        (f.ref, f.may_end) for f in dependents_serving_no_other_open_risk(viewer, row).rows
    ] == [(shared.ref, False)]
    with nothing_changes(), pytest.raises(Forbidden):
        close(world, row, end=[shared.ref])
    with nothing_changes(), pytest.raises(Invalid) as refused:
        close(world, row, end=[theirs.ref])
    assert [e.code for e in refused.value.fields["end"]] == ["unknown"]
    close(world, row)
    theirs.refresh_from_db()
    assert theirs.status == MitigationStatus.IN_PROGRESS
    assert asks(world, "partner_owner", world.at + 100 * DAY) == set()


def test_private_work_that_ends_with_a_shared_risk_is_told_to_its_own_side(world: World) -> None:
    row = builders.risk(world)
    own = work(world, row, visibility="party")
    close(world, row, end=[own.ref])
    chains = {
        e.subject_ref: e.chain.key.split(":")[1]
        for e in Event.objects.filter(at=world.at + DAY).select_related("chain")
    }
    assert chains == {row.ref: "shared", own.ref: str(world.foton.uuid)}
    assert dependents_ended_with(world.viewer("partner_owner"), row) == closing.Dependents([], 0)
    assert [f.ref for f in dependents_ended_with(world.viewer("manager"), row).rows] == [own.ref]


def test_page_names_them_and_ends_what_is_ticked(world: World) -> None:
    row = builders.risk(world)
    mine, watch = work(world, row), indicator(world, row)
    shared = work(world, row, by=world.partner_owner, title="Partner work")
    client = builders.web(world.owner)
    path = f"/r/{world.register.slug}/risks/{row.ref}/"
    html = client.get(f"{path}close/").content.decode()
    assert f'name="end" value="{mine.ref}"' in html
    assert f'name="end" value="{watch.ref}"' in html
    assert f'value="{shared.ref}"' not in html
    assert shared.ref in html
    version = Risk.objects.get(pk=row.pk).version
    # Nothing that was ticked or typed is lost when something is missing.
    sent = {"version": version, "reason": "", "end": [watch.ref]}
    again = client.post(f"{path}close/", sent)
    assert again.status_code == 400
    assert f'value="{watch.ref}" id="id_end_1" checked' in again.content.decode().replace(
        'aria-describedby="id_end_helptext" ', ""
    )
    done = client.post(f"{path}close/", {**sent, "reason": "over"}, follow=True)
    text = done.content.decode()
    assert f"Ended with it: {watch.ref}." in text
    assert f"Kept, without reminders: {mine.ref}, {shared.ref}." in text
    assert Indicator.objects.get().active is False
    page = client.get(f"/r/{world.register.slug}/mitigations/{mine.ref}/").content.decode()
    assert "It serves no open risk: nobody is reminded of it." in page
    again = client.get(f"{path}reopen/").content.decode()
    assert "Ended when it was closed" in again
    assert watch.ref in again


def test_api_names_them_and_ends_what_is_asked(world: World) -> None:
    row = builders.risk(world)
    mine, watch = work(world, row), indicator(world, row)
    client = builders.api(world.owner)
    path = f"/api/v1/registers/{world.register.slug}/risks/{row.ref}/"
    body = client.get(f"{path}close/").json()
    assert [(f["kind"], f["ref"], f["may_end"]) for f in body["serve_alone"]] == [
        ("mitigation", mine.ref, True),
        ("indicator", watch.ref, True),
    ]
    assert builders.api(world.onlooker).get(f"{path}close/").status_code == 403
    assert builders.api(world.outsider).get(f"{path}close/").status_code == 404
    tag = client.get(path).headers["ETag"]
    post = {"content_type": "application/json", "headers": {"If-Match": tag}}
    wrong = client.post(f"{path}close/", {"reason": "over", "end": ["M-099"]}, **post)
    assert wrong.status_code == 400
    assert wrong.json()["errors"][0]["pointer"] == "#/end"
    right = client.post(f"{path}close/", {"reason": "over", "end": [mine.ref]}, **post)
    assert (right.status_code, right.json()["state"]) == (200, State.CLOSED)
    ended = client.get(f"{path}reopen/").json()["ended"]
    assert [(f["ref"], f["status"]) for f in ended] == [(mine.ref, "cancelled")]
    duties = client.get(f"/api/v1/registers/{world.register.slug}/duties/").json()
    assert duties["results"] == []


def test_what_a_long_list_leaves_out_is_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "MOST", 2)
    row = builders.risk(world)
    works = [work(world, row, title=f"Work {n}").ref for n in range(5)]
    address = f"risks/{row.ref}/"
    body = (
        builders.api(world.owner)
        .get(f"/api/v1/registers/{world.register.slug}/{address}close/")
        .json()
    )
    assert (len(body["serve_alone"]), body["total"]) == (2, 5)
    page = builders.web(world.owner).get(f"/r/{world.register.slug}/{address}close/")
    assert "3 more are not listed here" in page.content.decode()
    close(world, row, end=works)
    body = (
        builders.api(world.owner)
        .get(f"/api/v1/registers/{world.register.slug}/{address}reopen/")
        .json()
    )
    assert (len(body["ended"]), body["total"]) == (2, 5)
    page = builders.web(world.owner).get(f"/r/{world.register.slug}/{address}reopen/")
    assert "3 more are not listed here" in page.content.decode()
