"""Controls and mitigations."""

import datetime as dt
import json
from decimal import Decimal

import pytest

from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.risks import services
from riskreg.risks.models import Mitigation
from riskreg.risks.queries.access import mitigation_for
from riskreg.risks.queries.lists import controls_in_place_of, mitigations_for, mitigations_of
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


def edit(world: World, row: Mitigation, who: str = "owner", **fields: object) -> Mitigation:
    return services.edit_mitigation(
        actor=world.viewer(who), ref=row.ref, version=row.version, fields=fields, at=world.at
    )


def test_one_may_serve_several_risks(world: World) -> None:
    rows = [builders.risk(world), builders.risk(world)]
    planned = builders.mitigation(world, *rows)
    assert (planned.ref, planned.status, planned.progress) == ("M-001", "planned", 0)
    assert planned.cost == Decimal("1200000.00")
    for row in rows:
        assert mitigations_of(world.viewer("partner_owner"), row).get() == planned


def test_a_sentence_is_of_the_progress_that_it_came_with(world: World) -> None:
    planned = builders.mitigation(world, builders.risk(world))
    planned = edit(world, planned, progress=40, status="in_progress", progress_note="Ordered")
    told = json.loads(Event.objects.filter(verb="mitigation.edited").latest("seq").changes)
    assert told["progress_note"] == ["", "Ordered"]
    # Anything else leaves it; the same number is word that it stands so still.
    for fields, note in (
        ({"cost": "10"}, "Ordered"),
        ({"progress": 40}, "Ordered"),
        ({"progress": 60}, ""),
        ({"progress_note": "Delivered"}, "Delivered"),
    ):
        planned = edit(world, planned, **fields)
        assert planned.progress_note == note, fields
    assert planned.progress == 60


def test_progress_and_status_go_together(world: World) -> None:
    planned = builders.mitigation(world, builders.risk(world))
    planned = edit(world, planned, progress=40, status="in_progress")
    assert (planned.version, planned.progress) == (2, 40)
    planned = edit(world, planned, progress=100)
    assert planned.status == "done"
    other = edit(world, builders.mitigation(world, builders.risk(world)), status="done")
    assert other.progress == 100
    told = json.loads(Event.objects.filter(verb="mitigation.edited").order_by("seq")[0].changes)
    assert told == {
        "progress": [0, 40],
        "status": ["planned", "in_progress"],
        "next_update_on": [None, "2026-10-16"],
    }


def test_an_edit_that_changes_nothing_and_one_that_comes_late(world: World) -> None:
    planned = builders.mitigation(world, builders.risk(world))
    with nothing_changes():
        edit(world, planned, title=planned.title, cost="1200000", due_on=planned.due_on)
    edit(world, planned, title="New")
    with nothing_changes(), pytest.raises(Conflict) as refused:
        edit(world, planned, title="Newer")
    assert refused.value.current.title == "New"


def test_work_that_is_late_can_still_be_edited_but_not_planned_into_the_past(world: World) -> None:
    planned = builders.mitigation(world, builders.risk(world))
    later = planned.due_on + dt.timedelta(days=10)
    act = {"actor": world.viewer("owner"), "ref": planned.ref, "version": None}
    at = dt.datetime.combine(later, dt.time(4), tzinfo=dt.UTC)
    late = services.edit_mitigation(fields={"progress": 10, "due_on": planned.due_on}, at=at, **act)
    assert late.progress == 10
    with nothing_changes(), pytest.raises(Invalid):
        services.edit_mitigation(fields={"due_on": later - dt.timedelta(days=1)}, at=at, **act)


def test_work_for_a_private_risk_is_private_whatever_is_said(world: World) -> None:
    shared, own = builders.risk(world), builders.risk(world, visibility="party")
    planned = builders.mitigation(world, shared, own, visibility="shared")
    assert (planned.visibility, planned.ref) == ("party", "FM-001")
    for stranger in ("partner_owner", "partner_manager", "auditor", "onlooker"):
        viewer = world.viewer(stranger)
        assert not mitigations_for(viewer).exists()
        assert not mitigations_of(viewer, shared).exists()
        with pytest.raises(NotFound):
            mitigation_for(viewer, planned.ref)
    assert not Event.objects.filter(
        chain__key__endswith="shared", subject_uuid=planned.uuid
    ).exists()


def test_shared_work_takes_no_private_risk(world: World) -> None:
    shared, own = builders.risk(world), builders.risk(world, visibility="party")
    planned = builders.mitigation(world, shared)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        edit(world, planned, risks=[shared.ref, own.ref])
    assert refused.value.fields["risks"][0].code == "narrower"


def test_private_work_has_an_owner_of_its_party(world: World) -> None:
    own = builders.risk(world, visibility="party")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        builders.mitigation(world, own, owner=world.partner_owner.email)
    assert set(refused.value.fields) == {"owner"}
    planned = builders.mitigation(world, own)
    with nothing_changes(), pytest.raises(Invalid):
        edit(world, planned, owner=world.partner_owner.email)


def test_who_answers_for_work_may_edit_it(world: World) -> None:
    planned = builders.mitigation(world, builders.risk(world), owner=world.partner_owner.email)
    assert edit(world, planned, "partner_owner", progress=5).progress == 5
    planned.refresh_from_db()
    for who in ("deputy", "partner_manager", "leader", "auditor", "owner"):
        with nothing_changes(), pytest.raises(Forbidden):
            edit(world, planned, who, progress=6)


def test_a_text_that_changes_keeps_its_translation_marked_out_of_date(world: World) -> None:
    planned = builders.mitigation(
        world,
        builders.risk(world),
        translations={"zh-hans": {"title": "本地组装", "description": "散件"}},
    )
    planned = edit(world, planned, title="Assemble elsewhere")
    assert planned.translations == {"zh-hans": {"title": "本地组装", "description": "散件"}}
    assert planned.outdated_translations == {"zh-hans": ["title"]}
    planned = edit(world, planned, confirmed_translations={"zh-hans": ["title"]})
    assert planned.outdated_translations is None


def test_controls_come_and_go_and_count_as_a_change_of_the_risk(world: World) -> None:
    row = builders.risk(world)
    control = builders.control(world, row, source={"title": "Contract", "label": "illustrative"})
    viewer = world.viewer("partner_owner")
    assert controls_in_place_of(viewer, row).get() == control
    services.end_control(
        actor=world.viewer("owner"), ref=row.ref, control=control.uuid, reason="x", at=world.at
    )
    assert not controls_in_place_of(viewer, row).exists()
    before = row.version
    row.refresh_from_db()
    assert row.version == before + 2
    with nothing_changes(), pytest.raises(NotFound):
        services.end_control(
            actor=world.viewer("owner"), ref=row.ref, control=control.uuid, reason="x", at=world.at
        )
