"""What releasing an estimate tells the other parties, and what is hidden from colleagues until they
have given their own: the same in every copy."""

import datetime as dt
import json
import re
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.utils.formats import date_format

from riskreg.analysis.models import Estimate
from riskreg.analysis.services import record_estimate, release_estimate
from riskreg.analysis.services.estimates import ESTIMATE_COLUMNS
from riskreg.events.models import Event
from riskreg.kernel.errors import Invalid
from riskreg.kernel.fields import WhenShared
from riskreg.risks.models import Risk
from riskreg.risks.services import close_risk, share_risk
from tests import builders
from tests.analysis.making import GIVEN, estimate, simulation
from tests.builders import AT, World
from tests.dump import nothing_changes
from tests.migrating import as_after

DAY = dt.timedelta(days=1)


@builders.shared_world
def one(world: World) -> World:
    builders.risk(world)
    return world


def given_in_private(world: World) -> Estimate:
    """An estimate given 50 days ago, of a risk that was its party's own until yesterday."""
    risk = builders.risk(world, visibility="party", at=world.at - 60 * DAY)
    row = record_estimate(
        actor=world.viewer("owner"), ref=risk.ref, given=GIVEN, at=world.at - 50 * DAY
    )
    share_risk(actor=world.viewer("manager"), ref=risk.ref, version=None, at=world.at - DAY)
    return row


def get(world: World, who: str, rest: str) -> Any:
    response = builders.api(getattr(world, who)).get(
        f"/api/v1/registers/{world.register.slug}/{rest}"
    )
    assert response.status_code == 200, response.content
    return response.json()


def feed(world: World, who: str) -> list[dict[str, Any]]:
    """The events of estimates that somebody is told."""
    events = get(world, who, "changes/?limit=500")["results"]
    return [event for event in events if event["object"]["type"] == "estimate"]


# What a release tells -----------------------------------------------------------------------------
def test_every_column_of_an_estimate_has_a_decision() -> None:
    columns = {f.name for f in Estimate._meta.get_fields(include_hidden=True) if f.concrete}
    assert columns == set(ESTIMATE_COLUMNS), "decide what releasing does to it"


@pytest.mark.django_db
def test_a_release_does_not_tell_since_when_its_party_had_the_estimate(world: World) -> None:
    row = given_in_private(world)
    release_estimate(actor=world.viewer("owner"), estimate=row.uuid, at=world.at)
    risk = Risk.objects.get()
    moment = world.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    before = (world.at - 50 * DAY).strftime("%Y-%m-%d")
    for who in ("partner_integration", "auditor", "leader"):
        (shown,) = get(world, who, f"risks/{risk.ref}/estimates/")["results"]
        assert shown["at"] == shown["released_at"] == moment
    told = feed(world, "partner_integration")
    assert [event["changes"]["at"] for event in told] == [[None, moment]]
    for who in ("partner_leader", "auditor"):
        page = builders.web(getattr(world, who)).get(
            f"/r/{world.register.slug}/risks/{risk.ref}/estimates/"
        )
        assert before not in page.content.decode()
        assert date_format(world.at - 50 * DAY) not in page.content.decode()
    assert before not in json.dumps(get(world, "partner_integration", "changes/?limit=500"))
    # Its own party has the day in its own chain.
    own = Event.objects.get(verb="estimate.recorded", subject_uuid=row.uuid)
    assert json.loads(own.changes)["at"][1].startswith(before)


@pytest.mark.django_db
def test_each_fate_is_what_a_release_does(world: World) -> None:
    """The table is no comment: each column of it is looked at before and after."""
    row = given_in_private(world)
    before = {f.attname: getattr(row, f.attname) for f in Estimate._meta.concrete_fields}
    after = release_estimate(actor=world.viewer("owner"), estimate=row.uuid, at=world.at)
    after = Estimate.objects.get(pk=after.pk)
    told = json.loads(Event.objects.get(verb="estimate.released").changes)
    for field in Estimate._meta.concrete_fields:
        was, now = before[field.attname], getattr(after, field.attname)
        fate = ESTIMATE_COLUMNS[field.name]
        assert (was != now) == (fate is WhenShared.ANEW), field.name
        if fate is WhenShared.TOLD and was not in (None, "", [], {}):
            assert field.name in told
        if fate is WhenShared.OWN:
            assert field.name not in told


@pytest.mark.django_db
def test_one_that_has_a_successor_is_not_released(one: World) -> None:
    """Or it would take its successor's place, being the newest that everybody sees."""
    risk, act = Risk.objects.get(), {"actor": one.viewer("owner"), "ref": "R-001", "given": GIVEN}
    old = record_estimate(at=one.at - 3 * DAY, **act)
    record_estimate(at=one.at - 2 * DAY, **{**act, "given": {**GIVEN, "stage": "target"}})
    new = record_estimate(at=one.at - DAY, **act)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        release_estimate(actor=one.viewer("owner"), estimate=old.uuid, at=one.at)
    assert refused.value.fields["estimate"][0].code == "newer_one"
    released = release_estimate(actor=one.viewer("owner"), estimate=new.uuid, at=one.at)
    assert (released.at, released.risk) == (one.at, risk)


@pytest.mark.django_db
def test_the_database_holds_the_moment_of_an_estimate_to_its_release(one: World) -> None:
    row = estimate(one, Risk.objects.get(), released=True)
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("UPDATE analysis_estimate SET at = %s WHERE id = %s", [one.at - DAY, row.pk])


@pytest.mark.django_db(transaction=True)
def test_what_was_released_earlier_stops_telling_when_it_was_given() -> None:
    world = builders.build_world()
    risk = builders.risk(world)
    row = estimate(world, risk, released=True)
    kept = estimate(world, risk, by="manager")
    before = as_after("analysis", "0006_estimate_translations_append_only")
    with before, connection.cursor() as cursor:
        # As a release left it then.
        cursor.execute(
            "UPDATE analysis_estimate SET released_at = %s WHERE id = %s",
            [AT + 5 * DAY, row.pk],
        )
    row.refresh_from_db()
    assert row.at == row.released_at == AT + 5 * DAY
    assert Estimate.objects.get(pk=kept.pk).at == kept.at
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("UPDATE analysis_estimate SET severity_high = 1")


# What colleagues are shown once they have given their own -----------------------------------------
@pytest.mark.django_db
def test_the_feed_shows_what_others_gave_once_ones_own_is_kept_as_the_list_does(one: World) -> None:
    risk = Risk.objects.get()
    private = estimate(one, risk, by="manager", severity_high="777000000")
    released = estimate(one, risk, by="partner_owner", released=True, severity_high="778000000")
    target = estimate(one, risk, by="manager", stage="target", severity_high="779000000")

    def shown(who: str) -> tuple[set[str], set[str]]:
        """What the list has, and what the feed tells."""
        listed = get(one, who, f"risks/{risk.ref}/estimates/")["results"]
        events = feed(one, who)
        for event in events:
            assert bool(event["changes"]) != event["withheld"]
            assert not (event["withheld"] and re.search("77[789]0", json.dumps(event)))
        told = {e["object"]["id"] for e in events if not e["withheld"]}
        return {row["id"] for row in listed}, told

    everything = {str(row.uuid) for row in (private, released, target)}
    for who in ("integration", "leader"):
        assert shown(who) == (everything, everything)
    assert shown("auditor") == ({str(released.uuid)}, {str(released.uuid)})
    assert shown("owner") == (set(), set())
    own = estimate(one, risk)
    expected = {str(row.uuid) for row in (private, released, own)}
    assert shown("owner") == (expected, expected)
    close_risk(actor=one.viewer("manager"), ref=risk.ref, version=None, reason="Past", at=one.at)
    assert shown("owner") == (everything | {str(own.uuid)},) * 2


@pytest.mark.django_db
def test_the_numbers_of_an_event_that_is_withheld_leave_no_gap(one: World) -> None:
    estimate(one, Risk.objects.get(), by="manager")
    events = get(one, "owner", "changes/?limit=500")["results"]
    own = [event["seq"] for event in events if event["chain"] == "own"]
    assert own == list(range(1, len(own) + 1))
    assert [e["verb"] for e in events if e["withheld"]] == ["estimate.recorded"]


@pytest.mark.django_db
def test_who_releases_another_ones_has_given_their_own_first(one: World) -> None:
    """The answer to a release shows the estimate."""
    risk = Risk.objects.get()
    row = estimate(one, risk)
    path = f"/api/v1/registers/{one.register.slug}/estimates/{row.uuid}/release/"
    client = builders.api(one.manager)
    with nothing_changes():
        answer = client.post(path, {}, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "withheld"
    assert "120000000" not in answer.content.decode()
    estimate(one, risk, by="manager")
    assert client.post(path, {}, content_type="application/json").status_code == 200


@pytest.mark.django_db
def test_the_frozen_inputs_of_a_run_withhold_the_same_ranges(one: World) -> None:
    risk = Risk.objects.get()
    theirs = estimate(one, risk, by="manager", severity_high="777000000")
    run = simulation(one, by="manager", audience="party", done=False)
    path = f"simulations/{run.uuid}/inputs/"
    (whole,) = get(one, "integration", path)["exposures"]
    assert whole["residual"][0]["severity"][3] == "777000000"
    (kept_back,) = get(one, "owner", path)["exposures"]
    assert kept_back["residual"] == [
        {
            "id": str(theirs.uuid), "expert": str(one.manager.uuid), "frequency": None,
            "severity": None, "label": "judgement",
        }
    ]  # fmt: skip
    estimate(one, risk)
    assert get(one, "owner", path)["exposures"] == [whole]
