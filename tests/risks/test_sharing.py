"""Columns carried over a change of audience: what sharing a risk tells, and what it does not."""

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection

from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.risks import services
from riskreg.risks.models import Position, Risk, RiskAlias
from riskreg.risks.policy import version_after_sharing
from riskreg.risks.services.sharing import BESIDE, POSITION, RISK_COLUMNS, WhenShared
from tests import builders
from tests.builders import AT, World
from tests.migrating import as_after

DAY = dt.timedelta(days=1)


def with_a_past(world: World, **given: Any) -> Risk:
    """A private risk that was made 60 days ago, changed twice, and reviewed ten days ago."""
    row = builders.risk(
        world, visibility="party", at=world.at - 60 * DAY, external_id="ERP-7", inherent=(5, 5),
        sources=[{"title": "Report", "label": "illustrative"}], **given,
    )  # fmt: skip
    for n in (1, 2):
        services.edit_risk(
            actor=world.viewer("owner"), ref=row.ref, version=None, at=world.at - 50 * DAY,
            fields={"cause": f"Cause {n}"},
        )  # fmt: skip
    builders.review(world, row, at=world.at - 10 * DAY)
    return Risk.objects.get(pk=row.pk)


def share(world: World, row: Risk) -> Risk:
    return services.share_risk(
        actor=world.viewer("manager"), ref=row.ref, version=None, at=world.at
    )


def shown(world: World, who: str, ref: str) -> dict[str, Any]:
    client = builders.api(getattr(world, who))
    response = client.get(f"/api/v1/registers/{world.register.slug}/risks/{ref}/")
    assert response.status_code == 200
    return {**response.json(), "ETag": response.headers["ETag"]}


def decided(model: type) -> set[str]:
    return {f.name for f in model._meta.get_fields(include_hidden=True) if f.concrete}


# The decisions -----------------------------------------------------------------------------------
def test_every_column_and_link_has_a_decision() -> None:
    assert decided(Risk) == set(RISK_COLUMNS), "decide what sharing does to it"
    assert decided(Position) == set(POSITION), "decide in risks/services/sharing.py"
    beside = set()
    for relation in Risk._meta.get_fields(include_hidden=True):
        if relation.concrete or relation.related_model._meta.auto_created:
            continue  # a column, or the table of a link that is decided with the link
        label = f"{relation.related_model._meta.label}.{relation.field.name}"
        beside.add(label if relation.hidden else relation.get_accessor_name())
    assert beside == set(BESIDE), "decide in risks/services/sharing.py what becomes of these rows"


@pytest.mark.django_db
def test_what_starts_anew_is_as_if_the_risk_had_been_made_when_it_was_shared(world: World) -> None:
    row = with_a_past(world)
    assert (row.version > 3, bool(row.last_reviewed_on)) == (True, True)
    shared = share(world, row)
    plain = shown(world, "partner_manager", shared.ref)
    moment = world.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert plain["created_at"] == plain["updated_at"] == moment
    assert (plain["version"], plain["ETag"][:9]) == (1_000_001, '"1000001-')
    assert plain["last_reviewed_on"] is None
    assert plain["external_id"] is None
    # What cannot start anew is a promise that both hold (I1).
    assert plain["next_review_on"] == str(row.next_review_on)
    own = shown(world, "owner", shared.ref)
    assert own["external_id"] == "ERP-7"
    assert {k for k, v in own.items() if plain[k] != v} == {"external_id", "ETag"}
    builders.review(world, shared, at=world.at + DAY)
    assert shown(world, "partner_manager", shared.ref)["last_reviewed_on"] == str(world.today + DAY)


@pytest.mark.django_db
def test_each_fate_is_what_sharing_does(world: World) -> None:
    """The table is no comment: each column of it is looked at before and after."""
    row = with_a_past(world)
    before = {
        name: getattr(row, name) for name in RISK_COLUMNS if name not in ("terms", "objectives")
    }
    shared = Risk.objects.get(pk=share(world, row).pk)
    for name, was in before.items():
        if RISK_COLUMNS[name] is WhenShared.ANEW:
            assert getattr(shared, name) != was, name
        elif RISK_COLUMNS[name] is not WhenShared.DERIVED:
            assert getattr(shared, name) == was, name
    told = json.loads(Event.objects.get(chain__key__endswith="shared", verb="risk.shared").changes)
    for name, fate in RISK_COLUMNS.items():
        if name in ("party", "visibility"):
            # Whose it is and who sees it: a reader of the feed alone has the whole row.
            assert told[name][0] is None
        elif fate is not WhenShared.TOLD:
            assert name not in told, name
        elif before.get(name):
            assert told[name][0] is None
            assert told[name][1], name
    own = json.loads(Event.objects.get(verb="risk.shared", subject_ref="F-001").changes)
    assert set(own) == {"ref", "visibility", "created_at", "version", "last_reviewed_on"}
    assert own["version"] == [row.version, 1_000_001]


@pytest.mark.django_db
def test_no_version_from_before_is_current_after(world: World) -> None:
    row = with_a_past(world)
    shared = share(world, row)
    for version in range(1, row.version + 1):
        with pytest.raises(Conflict):
            services.edit_risk(
                actor=world.viewer("owner"), ref=row.ref, version=version, at=world.at,
                fields={"title": "Lost update"},
            )  # fmt: skip
    edited = services.edit_risk(
        actor=world.viewer("owner"), ref=shared.ref, version=shared.version, at=world.at,
        fields={"title": "Seen"},
    )  # fmt: skip
    assert edited.version == 1_000_002


def test_a_version_is_never_reached_twice() -> None:
    for version in (1, 7, 999_999, 1_000_000, 1_000_001, 2_500_000):
        after = version_after_sharing(version)
        assert after > version
        assert after % 1_000_000 == 1


@pytest.mark.django_db
def test_its_own_party_still_counts_the_time_before(world: World) -> None:
    row = with_a_past(world)
    shared = share(world, row)
    assert RiskAlias.objects.get().risk_created_at == world.at - 60 * DAY
    day = (world.at - 5 * DAY).date().isoformat()
    path = f"/api/v1/registers/{world.register.slug}/coverage/?as_of={day}&from=2026-01-01"
    counts = {
        who: json.dumps(builders.api(getattr(world, who)).get(path).json())
        for who in ("manager", "partner_manager")
    }
    assert counts["manager"] != counts["partner_manager"]
    assert shared.ref not in counts["partner_manager"]


# The order of lists ------------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_order_of_a_list_does_not_tell_how_old_a_risk_is(world: World) -> None:
    private = builders.risk(world, visibility="party", title="Older", rated=(4, 5))
    builders.risk(world, title="First", rated=(4, 5))
    builders.risk(world, title="Second", rated=(4, 5))
    assert share(world, private).ref == "R-003"
    client = builders.api(world.partner_manager)
    base = f"/api/v1/registers/{world.register.slug}"
    for query in ("", "?ordering=-score", "?ordering=next_review_on", "?limit=1"):
        refs, url = [], f"{base}/risks/{query}"
        while url:
            body = client.get(url).json()
            refs += [r["ref"] for r in body["results"]]
            url = body["next"]
        assert refs == ["R-001", "R-002", "R-003"], query
    cells = client.get(f"{base}/heatmap/").json()["cells"]
    assert [c["refs"] for c in cells if c["count"]] == [["R-001", "R-002", "R-003"]]
    page = builders.web(world.partner_manager).get(f"/r/{world.register.slug}/risks/")
    text = page.content.decode()
    assert text.index(">First<") < text.index(">Second<") < text.index(">Older<")


@pytest.mark.django_db
def test_refs_are_ordered_by_number_and_a_partys_own_come_last(world: World) -> None:
    rows = [builders.risk(world, visibility="party"), builders.risk(world), builders.risk(world)]
    for row, number in zip(rows, (2, 1000, 999), strict=True):
        row.set_ref_in_memory(f"{row.ref[0]}-{number}")
        assert row.ref_order % 10**9 == number
    assert sorted(rows, key=lambda r: r.ref_order) == [rows[2], rows[1], rows[0]]


# What another system calls it --------------------------------------------------------------------
@pytest.mark.django_db
def test_an_external_id_is_shown_to_its_own_party_alone(world: World) -> None:
    row = builders.risk(world, external_id="ERP-7")
    base = f"/api/v1/registers/{world.register.slug}"
    for who, seen in (("owner", "ERP-7"), ("partner_owner", None), ("auditor", None)):
        assert shown(world, who, row.ref)["external_id"] == seen
        client = builders.api(getattr(world, who))
        found = client.get(f"{base}/risks/?external_id=ERP-7").json()["results"]
        assert len(found) == (1 if seen else 0)
        assert client.get(f"{base}/risks/?q=ERP-7").json()["results"] == []
        for path in ("changes/", f"risks/{row.ref}/history/"):
            assert ("ERP-7" in client.get(f"{base}/{path}").content.decode()) == bool(seen), path
        page = builders.web(getattr(world, who)).get(f"/r/{world.register.slug}/risks/{row.ref}/")
        assert ("ERP-7" in page.content.decode()) == bool(seen)
    services.edit_risk(
        actor=world.viewer("owner"), ref=row.ref, version=None, at=world.at,
        fields={"external_id": "ERP-8", "title": "Another title"},
    )  # fmt: skip
    assert "ERP-8" not in builders.api(world.auditor).get(f"{base}/changes/").content.decode()
    assert "ERP-8" in builders.api(world.owner).get(f"{base}/changes/").content.decode()


@pytest.mark.django_db
def test_whether_a_guess_at_an_external_id_is_right_is_not_told(world: World) -> None:
    row = builders.risk(world, external_id="ERP-7", owner=world.partner_owner.email)
    act = {"actor": world.viewer("partner_owner"), "ref": row.ref, "version": None, "at": world.at}
    told = []
    for guess in ("ERP-7", "ERP-9"):
        with pytest.raises(Invalid) as refused:
            services.edit_risk(fields={"external_id": guess}, **act)
        told.append(refused.value.fields["external_id"][0].code)
    assert told == ["other_party"] * 2
    # What the other party was shown is none; sending that back changes nothing.
    services.edit_risk(fields={"external_id": None, "title": "Renamed"}, **act)
    row.refresh_from_db()
    assert (row.external_id, row.title) == ("ERP-7", "Renamed")
    client = builders.web(world.partner_owner)
    page = client.get(f"/r/{world.register.slug}/risks/{row.ref}/edit/").content.decode()
    assert "ERP-7" not in page
    assert 'name="external_id"' not in page


# What was shared before --------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_what_was_shared_earlier_stops_telling_its_past() -> None:
    world = builders.build_world()
    row = with_a_past(world)
    other = builders.risk(world, title="Always shared")
    shared = share(world, row)
    builders.review(world, shared, at=world.at + DAY)
    with as_after("risks", "0010_outdated_translations") as apps:
        # As sharing left it then.
        apps.get_model("risks", "Risk").objects.filter(pk=row.pk).update(
            created_at=AT - 60 * DAY, version=9, last_reviewed_on=world.today + DAY
        )
    after, kept = Risk.objects.get(pk=row.pk), Risk.objects.get(pk=other.pk)
    assert (after.created_at, after.version) == (AT, 1_000_001)
    assert after.last_reviewed_on == world.today + DAY
    assert RiskAlias.objects.get().risk_created_at == AT - 60 * DAY
    assert (kept.version, kept.created_at) == (other.version, other.created_at)
    orders = dict(Risk.objects.values_list("ref", "ref_order"))
    assert orders == {"R-001": 1, "R-002": 2}
    now = Position.objects.filter(valid_to=None).values_list("ref", "ref_order")
    assert dict(now) == orders
    past = Position.objects.filter(ref="F-001").values_list("ref_order", flat=True)
    assert set(past) == {world.foton.pk * 10**9 + 1}
    with connection.cursor() as cursor:
        indexes = connection.introspection.get_constraints(cursor, "risks_position")
    assert indexes["position_now_score"]["columns"][-1] == "ref_order"
