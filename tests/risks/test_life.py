"""What risks go through: making, editing, opening, closing, reopening, handing over, sharing."""

import datetime as dt
import json
from typing import Any

import pytest

from riskreg.events.models import Event
from riskreg.kernel.errors import Forbidden, Invalid, NotFound
from riskreg.risks import policy, services
from riskreg.risks.models import Assessment, Position, Risk, RiskAlias
from riskreg.risks.queries.access import current_positions, risk_for
from riskreg.risks.queries.lists import controls_in_place_of
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def act(world: World, row: Risk, who: str = "owner", days: int = 0) -> dict[str, Any]:
    return {
        "actor": world.viewer(who),
        "ref": row.ref,
        "version": None,
        "at": world.at + days * DAY,
    }


@pytest.mark.parametrize("state", ["draft", "open", "closed"])
@pytest.mark.parametrize("action", ["open", "close", "reopen"])
def test_only_the_steps_of_the_life_are_possible(world: World, state: str, action: str) -> None:
    row = builders.risk(world, opened=state != "draft")
    if state == "closed":
        services.close_risk(reason="It passed", **act(world, row))
    call = getattr(services, f"{action}_risk")
    reason = {} if action == "open" else {"reason": "Because"}
    end = policy.state_after_or_none(state, action)
    if end is None:
        with nothing_changes(), pytest.raises(Invalid) as refused:
            call(**act(world, row), **reason)
        assert set(refused.value.fields) == {"state"}
    else:
        assert call(**act(world, row), **reason).state == end
        assert Position.objects.get(risk=row, valid_to=None).state == end


def test_opening_sets_the_review_date_by_rating_or_by_being_unrated(world: World) -> None:
    ratings = ((1, 2), 365), ((2, 2), 180), ((3, 3), 90), ((3, 4), 60), ((5, 5), 30), (None, 30)
    for cell, days in ratings:
        row = builders.risk(world, rated=cell)
        assert row.next_review_on == world.today + days * DAY, cell


def test_a_draft_has_no_review_date_until_it_opens(world: World) -> None:
    row = builders.risk(world, opened=False)
    assert (row.state, row.next_review_on) == ("draft", None)


def test_a_risk_without_an_event_cannot_be_open(world: World) -> None:
    row = builders.risk(world, opened=False, event="")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        services.open_risk(**act(world, row))
    assert set(refused.value.fields) == {"event"}
    services.close_risk(reason="Not a risk", **act(world, row))
    with nothing_changes(), pytest.raises(Invalid):
        services.reopen_risk(reason="It is", **act(world, row))
    other = builders.risk(world)
    with nothing_changes(), pytest.raises(Invalid):
        services.edit_risk(fields={"event": ""}, **act(world, other))


def test_a_worse_rating_pulls_the_review_in_and_a_better_one_never_pushes_it_out(
    world: World,
) -> None:
    row = builders.risk(world, rated=(3, 3))
    builders.assess(world, row, (5, 5), at=world.at + DAY)
    row.refresh_from_db()
    assert row.next_review_on == world.today + 31 * DAY
    builders.assess(world, row, (1, 1), at=world.at + 2 * DAY)
    builders.assess(world, row, (5, 5), stage="target", at=world.at + 2 * DAY)
    row.refresh_from_db()
    assert row.next_review_on == world.today + 31 * DAY


def test_a_review_that_was_late_when_closed_is_late_when_reopened(world: World) -> None:
    row = builders.risk(world)
    due = row.next_review_on
    services.close_risk(reason="It passed", **act(world, row, days=40))
    row = services.reopen_risk(reason="It came back", **act(world, row, days=80))
    assert row.next_review_on == due
    assert policy.is_overdue(row.state, row.next_review_on, world.today + 80 * DAY)


def test_every_step_is_told_with_before_and_after(world: World) -> None:
    row = builders.risk(world)
    services.edit_risk(fields={"title": "Dearer abroad"}, **act(world, row))
    services.close_risk(reason="It passed", **act(world, row))
    events = Event.objects.filter(subject_uuid=row.uuid).order_by("seq")
    assert [e.verb for e in events] == [
        "risk.created", "risk.assessed", "risk.opened", "risk.edited", "risk.closed",
    ]  # fmt: skip
    assert all(e.actor == world.owner.uuid and e.request_id == "test" for e in events)
    edited = json.loads(events[3].changes)
    assert edited == {"title": ["Overseas policy barriers", "Dearer abroad"]}
    assert json.loads(events[4].changes)["reason"] == [None, "It passed"]


def test_an_edit_that_changes_nothing_is_no_edit(world: World) -> None:
    row = builders.risk(world)
    with nothing_changes():
        services.edit_risk(
            fields={"title": row.title, "owner": world.owner.email, "terms": []}, **act(world, row)
        )


ZH = {"zh-hans": {"title": "海外政策壁垒", "cause": "新关税"}}


def edited(world: World, row: Risk, **fields: Any) -> Risk:
    return services.edit_risk(fields=fields, **act(world, row))


def test_a_text_that_changes_keeps_its_translation_marked_out_of_date(world: World) -> None:
    row = edited(world, builders.risk(world, translations=ZH), title="Changed")
    assert row.translations == ZH
    assert row.outdated_translations == {"zh-hans": ["title"]}
    told = json.loads(Event.objects.filter(verb="risk.edited").latest("id").changes)
    assert told["outdated_translations"] == [None, {"zh-hans": ["title"]}]
    # It stays so whatever else changes, and with another text of the original.
    row = edited(world, row, consequence="More than planned")
    row = edited(world, row, title="Changed again", translations=ZH)
    assert row.outdated_translations == {"zh-hans": ["title"]}
    row = edited(world, row, cause="Another")
    assert row.outdated_translations == {"zh-hans": ["cause", "title"]}
    row = edited(world, row, translations={"zh-hans": {"title": "变更", "cause": "新关税"}})
    assert row.outdated_translations == {"zh-hans": ["cause"]}
    row = edited(world, row, confirmed_translations={"zh-hans": ["cause"]})
    assert row.outdated_translations is None


def test_a_translation_that_comes_with_its_original_or_is_confirmed_is_in_step(
    world: World,
) -> None:
    row = builders.risk(world, translations=ZH)
    both = {"zh-hans": {"title": "变更", "cause": "新关税"}}
    row = edited(world, row, title="Changed", translations=both)
    assert (row.translations, row.outdated_translations) == (both, None)
    row = edited(world, row, cause="Typo", confirmed_translations={"zh-hans": ["cause"]})
    assert row.outdated_translations is None
    row = edited(world, row, cause="Gone", translations={"zh-hans": {"title": "变更"}})
    assert row.outdated_translations is None


@pytest.mark.parametrize(
    ("confirmed", "field"),
    [
        ("title", "confirmed_translations"),
        ({"fr": ["title"]}, "confirmed_translations.fr"),
        ({"zh-hans": "title"}, "confirmed_translations.zh-hans"),
        ({"zh-hans": ["event"]}, "confirmed_translations.zh-hans"),
        ({"zh-hans": [{}]}, "confirmed_translations.zh-hans"),
    ],
)
def test_only_a_translation_that_is_there_is_confirmed(
    world: World, confirmed: Any, field: str
) -> None:
    row = builders.risk(world, translations=ZH)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        edited(world, row, confirmed_translations=confirmed)
    assert set(refused.value.fields) == {field}
    with nothing_changes(), pytest.raises(Invalid):
        builders.risk(world, confirmed_translations={"zh-hans": ["title"]})


def test_a_kind_that_changes_drops_a_response_that_does_not_fit(world: World) -> None:
    row = builders.risk(world)
    row = services.edit_risk(fields={"kind": "opportunity"}, **act(world, row))
    assert (row.kind, row.response) == ("opportunity", "")
    assert Position.objects.get(risk=row, valid_to=None).kind == "opportunity"


def test_a_closed_risk_is_not_edited_or_judged(world: World) -> None:
    row = builders.risk(world)
    services.close_risk(reason="It passed", **act(world, row))
    with nothing_changes(), pytest.raises(Invalid):
        services.edit_risk(fields={"title": "x"}, **act(world, row))
    with nothing_changes(), pytest.raises(Invalid):
        builders.assess(world, row, (1, 1))


def test_handing_over(world: World) -> None:
    row = builders.risk(world, deputy=world.deputy.email)
    row = services.transfer_risk(owner=world.deputy.email, **act(world, row))
    assert (row.owner, row.deputy) == (world.deputy, None)
    assert Position.objects.get(risk=row, valid_to=None).owner == world.deputy
    with nothing_changes(), pytest.raises(Forbidden):
        services.transfer_risk(owner=world.owner.email, **act(world, row))
    made = services.transfer_risk(
        owner=world.partner_owner.email, deputy=world.owner.email, **act(world, row, "deputy")
    )
    builders.agreed(world, made)
    row.refresh_from_db()
    assert (row.owner, row.deputy, row.party) == (world.partner_owner, world.owner, world.foton)


def test_an_edit_is_no_way_around_the_right_to_hand_over(world: World) -> None:
    row = builders.risk(world)
    with nothing_changes(), pytest.raises(Forbidden):
        services.edit_risk(fields={"owner": world.deputy.email}, **act(world, row, "integration"))
    row = services.edit_risk(fields={"owner": world.deputy.email}, **act(world, row, "manager"))
    assert row.owner == world.deputy


def test_an_external_id_is_its_partys_own_affair(world: World) -> None:
    builders.risk(world, external_id="ERP-7", visibility="party")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        builders.risk(world, external_id="ERP-7")
    assert refused.value.fields["external_id"][0].code == "taken"
    builders.risk(world, by=world.partner_owner, external_id="ERP-7")
    row = builders.risk(world, owner=world.partner_owner.email)
    told = []
    for value in ("ERP-7", "ERP-8"):
        with nothing_changes(), pytest.raises(Invalid) as refused:
            services.edit_risk(fields={"external_id": value}, **act(world, row, "partner_owner"))
        told.append(refused.value.fields["external_id"][0])
    assert told[0] == told[1]


# Sharing -----------------------------------------------------------------------------------------
def test_sharing_gives_a_shared_ref_and_keeps_the_old_one_for_the_party(world: World) -> None:
    row = builders.risk(world, visibility="party", inherent=(5, 5))
    control = builders.control(world, row, name="Private control")
    with pytest.raises(NotFound):
        risk_for(world.viewer("partner_owner"), row.ref)
    shared = services.share_risk(**act(world, row, "manager", days=3))
    assert (shared.ref, shared.visibility) == ("R-001", "shared")
    assert risk_for(world.viewer("owner"), "F-001").pk == row.pk
    assert risk_for(world.viewer("partner_owner"), "R-001").pk == row.pk
    for stranger in ("partner_owner", "auditor"):
        with pytest.raises(NotFound):
            risk_for(world.viewer(stranger), "F-001")
    assert RiskAlias.objects.get().party == world.foton
    seen = current_positions(world.viewer("partner_owner")).get()
    assert seen.valid_from == world.at + 3 * DAY
    assert not Assessment.objects.visible_to(world.viewer("partner_owner")).exists()
    assert not controls_in_place_of(world.viewer("partner_owner"), shared).exists()
    assert controls_in_place_of(world.viewer("owner"), shared).get() == control


def test_sharing_is_told_to_each_side_in_its_own_words(world: World) -> None:
    row = builders.risk(world, visibility="party")
    services.share_risk(**act(world, row, "leader"))
    own = Event.objects.get(chain__key__endswith=str(world.foton.uuid), verb="risk.shared")
    shared = Event.objects.get(chain__key__endswith="shared", verb="risk.shared")
    assert (own.subject_ref, shared.subject_ref) == ("F-001", "R-001")
    assert "F-001" in own.changes
    assert "F-001" not in shared.changes


def test_what_was_private_is_ended_in_private_after_sharing(world: World) -> None:
    row = builders.risk(world, visibility="party")
    control = builders.control(world, row, name="Private control")
    shared = services.share_risk(**act(world, row, "manager"))
    services.end_control(
        actor=world.viewer("owner"), ref=shared.ref, control=control.uuid, reason="x", at=world.at
    )
    told = Event.objects.filter(chain__key__endswith="shared")
    assert all("Private control" not in e.changes for e in told)
    shared_before = shared.version
    shared.refresh_from_db()
    assert shared.version == shared_before
    with pytest.raises(NotFound):
        services.end_control(
            actor=world.viewer("manager"),
            ref=shared.ref,
            control=control.uuid,
            reason="x",
            at=world.at,
        )


def test_a_shared_risk_names_no_private_objective(world: World) -> None:
    builders.objective(world, key="own", visibility="party")
    with nothing_changes(), pytest.raises(Invalid):
        builders.risk(world, objectives=["own"])
    row = builders.risk(world, visibility="party", objectives=["own"])
    with nothing_changes(), pytest.raises(Invalid) as refused:
        services.share_risk(**act(world, row, "manager"))
    assert set(refused.value.fields) == {"objectives"}


def test_sharing_twice_changes_nothing_more(world: World) -> None:
    row = builders.risk(world, visibility="party")
    shared = services.share_risk(**act(world, row, "manager"))
    with nothing_changes():
        services.share_risk(**act(world, shared, "manager"))


def test_a_partys_own_risks_leave_no_gap_in_the_shared_refs(world: World) -> None:
    refs = [
        builders.risk(world, visibility=v, by=by).ref
        for v, by in (
            ("shared", world.owner), ("party", world.owner), ("party", world.partner_owner),
            ("shared", world.partner_owner), ("party", world.owner),
        )
    ]  # fmt: skip
    assert refs == ["R-001", "F-001", "C-001", "R-002", "F-002"]
