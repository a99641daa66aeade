"""Accepting a risk above appetite: who, for how long, and when it holds no more."""

import datetime as dt
from typing import Any

import pytest

from riskreg.decisions.models import Acceptance, Obligation
from riskreg.decisions.policy import acceptances as policy
from riskreg.decisions.policy.acceptances import Act, Block, Status, ViewerRelation
from riskreg.decisions.queries.acceptances import (
    acceptance_for,
    stale_because,
    status_of,
    unaccepted_threats_above_appetite,
)
from riskreg.decisions.services import (
    close_acceptance_condition,
    grant_acceptance,
    refuse_acceptance,
    revoke_acceptance,
    withdraw_acceptance,
)
from riskreg.duties.queries import agenda
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.register.models import Criteria
from riskreg.register.policy import Matrix, default_criteria
from riskreg.register.services import add_member
from riskreg.risks.services import close_risk, edit_risk, publish_criteria, share_risk
from tests import builders
from tests.builders import World
from tests.decisions.making import DAY, accepted, asked, condition
from tests.dump import nothing_changes

STATES = ("requested", "granted", "refused", "withdrawn", "revoked", "superseded")
ACTS = ("grant", "refuse", "withdraw", "revoke", "supersede")


# The tables ------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", ACTS)
def test_every_step_that_is_not_written_out_is_refused(state: str, act: str) -> None:
    steps = {
        ("requested", "grant"): "granted",
        ("requested", "refuse"): "refused",
        ("requested", "withdraw"): "withdrawn",
        ("granted", "revoke"): "revoked",
        ("granted", "supersede"): "superseded",
    }
    assert policy.NEXT.get((state, act)) == steps.get((state, act))


@pytest.mark.parametrize(
    "act, asker, needed, found",
    [
        ("grant", ViewerRelation("leader", True, False, False), "leader", None),
        ("grant", ViewerRelation("leader", True, False, False), "manager", None),
        ("grant", ViewerRelation("manager", True, False, False), "leader", Block.AUTHORITY),
        ("grant", ViewerRelation("auditor", True, False, False), "owner", Block.AUTHORITY),
        ("grant", ViewerRelation("integration", True, False, False), "owner", Block.AUTHORITY),
        ("grant", ViewerRelation("leader", False, False, False), "leader", Block.PARTY),
        ("grant", ViewerRelation("leader", True, True, False), "leader", Block.REQUESTER),
        ("grant", ViewerRelation("leader", True, False, True), "leader", Block.ANSWERS_FOR_IT),
        ("refuse", ViewerRelation("leader", True, True, False), "leader", Block.REQUESTER),
        ("refuse", ViewerRelation("owner", True, False, False), "manager", Block.AUTHORITY),
        ("withdraw", ViewerRelation("owner", True, True, True), "leader", None),
        ("withdraw", ViewerRelation("leader", True, False, False), "leader", Block.NOT_REQUESTER),
    ],
)
def test_who_may_answer(act: str, asker: ViewerRelation, needed: str, found: Block | None) -> None:
    assert policy.reason_blocked(act, "requested", needed, asker) == found


@pytest.mark.parametrize(
    "asker, found",
    [
        (ViewerRelation("leader", True, False, False), None),
        (ViewerRelation("owner", True, True, True), None),
        (ViewerRelation("owner", True, False, False), Block.AUTHORITY),
        (ViewerRelation("viewer", True, False, True), Block.AUTHORITY),
        (ViewerRelation("leader", False, False, False), Block.PARTY),
    ],
)
def test_who_may_take_a_permission_away(asker: ViewerRelation, found: Block | None) -> None:
    assert policy.reason_blocked(Act.REVOKE, "granted", "leader", asker) == found


def test_the_last_day_is_that_of_the_nearer_cap() -> None:
    matrix = Matrix(Criteria(**_criteria(critical={"accept_days": 90, "accept_total_days": 120})))
    today = dt.date(2026, 11, 28)
    assert policy.last_possible_day(today, None, matrix, "critical") == today + 90 * DAY
    first = today - 60 * DAY
    assert policy.last_possible_day(today, first, matrix, "critical") == today + 60 * DAY
    assert policy.last_possible_day(today, today - 200 * DAY, matrix, "critical") < today


@pytest.mark.parametrize(
    "change, stale",
    [
        ({}, False),
        ({"critical": {"accept_days": 181}}, False),
        ({"critical": {"accept_days": 30}}, True),
        ({"critical": {"accept_total_days": 200}}, True),
        ({"critical": {"accept_role": "owner"}}, False),
        ({"critical": {"cadence_days": 5}}, False),
        ({"appetite": "low"}, True),
        ({"appetite": "high"}, False),
    ],
)
def test_only_criteria_that_ask_for_more_make_it_stale(change: dict[str, Any], stale: bool) -> None:
    old, new = (Criteria(pk=n, **_criteria(**c)) for n, c in ((1, {}), (2, change)))
    found = policy.stale_because(Matrix(old), Matrix(new), "critical", "critical", False)
    assert bool(found) is stale
    covered = policy.ratings_that_cover(Matrix(old), Matrix(new), "critical")
    assert (covered == ["critical"]) is not stale


def _criteria(appetite: str = "moderate", **ratings: dict[str, Any]) -> dict[str, Any]:
    data = default_criteria()
    data["ratings"] = [{**r, **ratings.get(r["key"], {})} for r in data["ratings"]]
    return {**data, "appetite": appetite}


# Asking ----------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_request_freezes_what_was_known_and_waits_for_who_is_asked(world: World) -> None:
    row = builders.risk(world)
    request = asked(world, row, conditions=[condition(world)])
    assert (request.ref, request.state, request.rating, request.score) == (
        "A-001", "requested", "critical", 20,
    )  # fmt: skip
    assert request.criteria == world.viewer("owner").criteria
    assert _duties(world, "leader") == {"acceptance.answer"}
    # Nobody owes a condition of what nobody has granted.
    assert "acceptance.condition" not in _duties(world, "owner")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "given, field, code",
    [
        ({"reason": ""}, "reason", "required"),
        ({"expires_on": None}, "expires_on", "not_a_date"),
        ({"expires_on": "2026-01-01"}, "expires_on", "in_the_past"),
        ({"expires_on": "2028-01-01"}, "expires_on", "beyond_cap"),
        ({"acceptor": ""}, "acceptor", "required"),
        ({"acceptor": "nobody@example.com"}, "acceptor", "unknown_member"),
        ({"acceptor": "manager"}, "acceptor", "no_authority"),
        ({"acceptor": "owner"}, "acceptor", "same_person"),
        ({"acceptor": "partner_leader"}, "acceptor", "no_authority"),
        ({"answer_by": "2026-01-01"}, "answer_by", "in_the_past"),
        ({"answer_by": "2027-06-01"}, "answer_by", "too_late"),
        ({"colour": "red"}, "colour", "unknown_field"),
        ({"reason": "x" * 200_000}, "reason", "too_long"),
        ({"conditions": [{}] * 21}, "conditions", "too_many"),
        ({"conditions": ["x"]}, "conditions.0", "not_an_object"),
        ({"conditions": [{"text": "x"}]}, "conditions.0.due_on", "required"),
    ],
)
def test_what_is_wrong_with_a_request_is_said_and_nothing_is_written(
    world: World, given: dict[str, Any], field: str, code: str
) -> None:
    row = builders.risk(world)
    name = given.get("acceptor")
    if name in world.members:
        given = {**given, "acceptor": str(world.members[name].uuid)}
    with nothing_changes(), pytest.raises(Invalid) as refused:
        asked(world, row, **given)
    assert code in {e.code for e in refused.value.fields[field]}


@pytest.mark.django_db
def test_who_could_is_said_with_the_refusal(world: World) -> None:
    row = builders.risk(world)
    with pytest.raises(Invalid) as refused:
        asked(world, row, acceptor=str(world.manager.uuid))
    assert str(world.leader) in refused.value.detail


@pytest.mark.django_db
@pytest.mark.parametrize(
    "made, code",
    [
        ({"opened": False}, "not_open"),
        ({"rated": None}, "unrated"),
        ({"rated": (1, 1)}, "within_appetite"),
        ({"kind": "opportunity", "response": ""}, "no_threat"),
    ],
)
def test_only_an_open_rated_threat_above_appetite_is_accepted(
    world: World, made: dict[str, Any], code: str
) -> None:
    row = builders.risk(world, **made)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        asked(world, row)
    assert refused.value.fields["risk"][0].code == code


@pytest.mark.django_db
def test_a_closed_risk_and_a_second_request_are_refused(world: World) -> None:
    row = builders.risk(world)
    asked(world, row)
    with pytest.raises(Invalid) as refused:
        asked(world, row)
    assert refused.value.fields["risk"][0].code == "waiting"
    assert "A-001" in refused.value.detail
    other = builders.risk(world)
    close_risk(
        actor=world.viewer("owner"), ref=other.ref, version=None, reason="It is past", at=world.at
    )
    with pytest.raises(Invalid) as refused:
        asked(world, other)
    assert refused.value.fields["risk"][0].code == "not_open"


@pytest.mark.django_db
def test_a_condition_of_a_private_risk_is_owed_within_its_party(world: World) -> None:
    row = builders.risk(world, visibility="party")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        asked(world, row, conditions=[condition(world, owner="partner_owner")])
    assert refused.value.fields["conditions.0.owner"][0].code == "other_party"


# Answering -------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_granted_it_holds_and_its_conditions_and_its_end_are_duties(world: World) -> None:
    row = builders.risk(world)
    viewer = world.viewer("leader")
    assert [p.ref for p in unaccepted_threats_above_appetite(viewer, world.today)] == [row.ref]
    granted = accepted(world, row, conditions=[condition(world)])
    assert _standing(world, granted) == Status.IN_FORCE
    assert not unaccepted_threats_above_appetite(viewer, world.today).exists()
    assert _duties(world, "owner") >= {"acceptance.condition", "acceptance.expiry"}
    assert "acceptance.answer" not in _duties(world, "leader")


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["owner", "deputy", "manager", "partner_leader", "auditor"])
def test_nobody_else_grants_it(world: World, who: str) -> None:
    row = builders.risk(world, deputy=world.deputy.email)
    request = asked(world, row)
    with nothing_changes(), pytest.raises(Forbidden) as refused:
        grant_acceptance(actor=world.viewer(who), ref=request.ref, version=None, at=world.at)
    assert str(world.leader) in refused.value.detail


@pytest.mark.django_db
def test_a_leader_does_not_grant_what_they_asked_for_or_answer_for(world: World) -> None:
    second = _second_leader(world)
    row = builders.risk(world)
    request = asked(world, row, by="leader", acceptor=str(second.uuid))
    with pytest.raises(Forbidden) as refused:
        grant_acceptance(actor=world.viewer("leader"), ref=request.ref, version=None, at=world.at)
    assert str(second) in refused.value.detail
    led = builders.risk(world, owner=world.leader.email)
    request = asked(world, led, by="manager", acceptor=str(second.uuid))
    with pytest.raises(Forbidden):
        grant_acceptance(actor=world.viewer("leader"), ref=request.ref, version=None, at=world.at)


@pytest.mark.django_db
def test_the_second_of_two_leaders_is_told(world: World) -> None:
    second = _second_leader(world)
    request = asked(world, builders.risk(world))
    grant_acceptance(actor=world.viewer("leader"), ref=request.ref, version=1, at=world.at)
    for version, error in ((1, Conflict), (2, Invalid)):
        with pytest.raises(error):
            refuse_acceptance(
                actor=world.viewer(second), ref=request.ref, version=version, words="No",
                at=world.at,
            )  # fmt: skip


@pytest.mark.django_db
def test_what_moved_since_it_was_asked_for_is_not_granted_unseen(world: World) -> None:
    row = builders.risk(world, rated=(3, 4))
    request = asked(world, row, acceptor=str(world.leader.uuid))
    builders.assess(world, row, (5, 5))
    with nothing_changes(), pytest.raises(Invalid) as refused:
        grant_acceptance(actor=world.viewer("leader"), ref=request.ref, version=None, at=world.at)
    assert refused.value.fields["state"][0].code == "stale"


@pytest.mark.django_db
def test_refused_and_taken_back_it_says_why_and_owes_nothing(world: World) -> None:
    first, second = builders.risk(world), builders.risk(world)
    request = asked(world, first, conditions=[condition(world)])
    act: dict[str, Any] = {"version": None, "at": world.at}
    with pytest.raises(Invalid):
        refuse_acceptance(actor=world.viewer("leader"), ref=request.ref, words="", **act)
    row = refuse_acceptance(actor=world.viewer("leader"), ref=request.ref, words="Do more", **act)
    assert (row.state, row.words, row.closed_by) == ("refused", "Do more", world.leader)
    request = asked(world, second)
    with pytest.raises(Forbidden):
        withdraw_acceptance(actor=world.viewer("leader"), ref=request.ref, **act)
    row = withdraw_acceptance(actor=world.viewer("owner"), ref=request.ref, **act)
    assert row.state == "withdrawn"
    assert not Obligation.objects.filter(state__in=["open", "proposed"]).exists()


# Time ------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_it_holds_to_its_last_day_and_stays_owed_after(world: World) -> None:
    row = builders.risk(world)
    granted = accepted(world, row)
    viewer = world.viewer("leader")
    last = world.today + 60 * DAY
    assert not unaccepted_threats_above_appetite(viewer, last).exists()
    assert [p.ref for p in unaccepted_threats_above_appetite(viewer, last + DAY)] == [row.ref]
    found = acceptance_for(viewer, granted.ref, last + DAY)
    assert status_of(viewer, found, last + DAY) == Status.EXPIRED
    assert "acceptance.expiry" in _duties(world, "owner", last + DAY)


@pytest.mark.django_db
def test_an_extension_is_asked_for_and_takes_its_place_when_granted(world: World) -> None:
    row = builders.risk(world)
    first = accepted(world, row)
    later = world.at + 50 * DAY
    request = asked(world, row, at=later)
    assert request.extension_of == first
    assert Acceptance.objects.get(pk=first.pk).state == "granted"
    second = grant_acceptance(actor=world.viewer("leader"), ref=request.ref, version=None, at=later)
    assert second.first_granted_on == first.starts_on
    assert Acceptance.objects.get(pk=first.pk).state == "superseded"
    owed = Obligation.objects.filter(kind="acceptance.expiry", state="open")
    assert [o.acceptance for o in owed] == [second]


@pytest.mark.django_db
def test_extensions_end_at_the_cap_of_all_whoever_asks(world: World) -> None:
    """Nor does letting it run out and asking afresh begin anew."""
    row = builders.risk(world)
    accepted(world, row, expires_on=(world.today + 180 * DAY).isoformat())
    at = world.at + 200 * DAY
    last = world.today + 365 * DAY
    for day, fine in ((last + DAY, False), (last, True)):
        if fine:
            accepted(world, row, at=at, expires_on=day.isoformat())
        else:
            with nothing_changes(), pytest.raises(Invalid) as refused:
                asked(world, row, at=at, expires_on=day.isoformat())
            assert refused.value.fields["expires_on"][0].code == "beyond_cap"
    at = world.at + 366 * DAY
    with pytest.raises(Invalid) as refused:
        asked(world, row, at=at, expires_on=(last + 30 * DAY).isoformat())
    assert refused.value.fields["expires_on"][0].code == "beyond_cap"


@pytest.mark.django_db
def test_a_time_within_appetite_ends_the_row_of_acceptances(world: World) -> None:
    row = builders.risk(world)
    accepted(world, row)
    builders.assess(world, row, (1, 1), at=world.at + 100 * DAY)
    builders.assess(world, row, (4, 5), at=world.at + 300 * DAY)
    later = world.at + 400 * DAY
    again = accepted(world, row, at=later)
    assert again.first_granted_on == world.viewer("owner").today(later)


# Staleness -------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_higher_rating_a_missed_condition_and_stricter_criteria_end_its_cover(
    world: World,
) -> None:
    viewer = world.viewer("leader")
    row = builders.risk(world, rated=(3, 4))
    granted = accepted(world, row, conditions=[condition(world)])
    assert _stale(world, granted) == []
    missed = world.today + 21 * DAY
    found = acceptance_for(viewer, granted.ref, missed)
    assert [s.value for s in stale_because(viewer, found)] == ["condition_missed"]
    assert [p.ref for p in unaccepted_threats_above_appetite(viewer, missed)] == [row.ref]
    builders.assess(world, row, (5, 5))
    assert _stale(world, granted) == ["rating_up"]
    assert [p.ref for p in unaccepted_threats_above_appetite(viewer, world.today)] == [row.ref]
    builders.assess(world, row, (3, 4))
    assert _stale(world, granted) == []
    data = _criteria(high={"accept_role": "leader"})
    publish_criteria(
        actor=world.viewer("manager"), data=data, seen_number=1, at=world.at + dt.timedelta(hours=1)
    )
    assert world.viewer("leader").criteria.number == 2
    assert _stale(world, granted) == ["criteria_stricter"]
    assert [
        p.ref for p in unaccepted_threats_above_appetite(world.viewer("leader"), world.today)
    ] == [row.ref]


@pytest.mark.django_db
def test_a_lower_rating_stays_covered(world: World) -> None:
    row = builders.risk(world, rated=(5, 5))
    accepted(world, row)
    builders.assess(world, row, (3, 4))
    assert not unaccepted_threats_above_appetite(world.viewer("leader"), world.today).exists()


@pytest.mark.django_db
def test_the_response_accept_is_a_wish_and_no_acceptance(world: World) -> None:
    row = builders.risk(world)
    edit_risk(
        actor=world.viewer("owner"), ref=row.ref, version=None, fields={"response": "accept"},
        at=world.at,
    )  # fmt: skip
    assert [
        p.ref for p in unaccepted_threats_above_appetite(world.viewer("leader"), world.today)
    ] == [row.ref]


# Conditions ------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_condition_is_met_by_its_owner_and_waived_by_another_with_authority(
    world: World,
) -> None:
    row = builders.risk(world)
    granted = accepted(world, row, conditions=[condition(world), condition(world, 30)])
    first, second = Obligation.objects.filter(kind="acceptance.condition").order_by("due_on")
    act: dict[str, Any] = {"ref": granted.ref, "version": None, "at": world.at}
    with nothing_changes(), pytest.raises(Forbidden):
        close_acceptance_condition(
            actor=world.viewer("partner_owner"), condition=first.uuid, state="met", words="x", **act
        )
    with nothing_changes(), pytest.raises(Forbidden):
        close_acceptance_condition(
            actor=world.viewer("owner"), condition=first.uuid, state="waived", words="x", **act
        )
    with nothing_changes(), pytest.raises(Invalid):
        close_acceptance_condition(
            actor=world.viewer("owner"), condition=first.uuid, state="met", words="", **act
        )
    close_acceptance_condition(
        actor=world.viewer("owner"), condition=first.uuid, state="met", words="Signed", **act
    )
    close_acceptance_condition(
        actor=world.viewer("leader"), condition=second.uuid, state="waived", words="Moot", **act
    )
    assert "acceptance.condition" not in _duties(world, "owner")
    with pytest.raises(Invalid) as refused:
        close_acceptance_condition(
            actor=world.viewer("owner"), condition=first.uuid, state="met", words="x", **act
        )
    assert refused.value.fields["state"][0].code == "wrong_state"


@pytest.mark.django_db
def test_revoked_it_holds_no_more_and_nothing_is_owed(world: World) -> None:
    row = builders.risk(world)
    granted = accepted(world, row, conditions=[condition(world)])
    revoke_acceptance(
        actor=world.viewer("owner"), ref=granted.ref, version=None, words="We insured it",
        at=world.at,
    )  # fmt: skip
    assert [
        p.ref for p in unaccepted_threats_above_appetite(world.viewer("leader"), world.today)
    ] == [row.ref]
    assert not Obligation.objects.filter(state__in=["open", "proposed"]).exists()


# The boundary ----------------------------------------------------------------------------------
@pytest.mark.django_db
def test_of_a_private_risk_nothing_is_known_to_the_other_party(world: World) -> None:
    row = builders.risk(world, visibility="party")
    granted = accepted(world, row, conditions=[condition(world)])
    assert granted.ref == "FA-001"
    viewer = world.viewer("partner_leader")
    with pytest.raises(NotFound):
        acceptance_for(viewer, granted.ref, world.today)
    for act in (refuse_acceptance, revoke_acceptance):
        with pytest.raises(NotFound):
            act(actor=viewer, ref=granted.ref, version=None, words="x", at=world.at)
    shared = builders.risk(world)
    assert asked(world, shared).ref == "A-001"


@pytest.mark.django_db
def test_accepted_in_private_is_not_accepted_once_everybody_sees_the_risk(world: World) -> None:
    row = builders.risk(world, visibility="party")
    request = asked(world, row)
    share_risk(actor=world.viewer("manager"), ref=row.ref, version=None, at=world.at)
    with pytest.raises(Invalid) as refused:
        grant_acceptance(actor=world.viewer("leader"), ref=request.ref, version=None, at=world.at)
    assert refused.value.fields["risk"][0].code == "shared_since"
    for who in ("leader", "partner_leader"):
        found = [
            p.request for p in unaccepted_threats_above_appetite(world.viewer(who), world.today)
        ]
        assert found == [None]


# Helpers ---------------------------------------------------------------------------------------
def _duties(world: World, who: str, today: dt.date | None = None) -> set[str]:
    viewer = world.viewer(who)
    wanted = agenda.Wanted(
        today=today or world.today, people=agenda.ids_of_self_and_stood_in_for(viewer)
    )
    return {duty.kind for duty in agenda.duties_for(viewer, wanted, 99).duties}


def _standing(world: World, row: Acceptance) -> Status:
    viewer = world.viewer("leader")
    return status_of(viewer, acceptance_for(viewer, row.ref, world.today), world.today)


def _stale(world: World, row: Acceptance) -> list[str]:
    viewer = world.viewer("leader")
    found = acceptance_for(viewer, row.ref, world.today)
    return [each.value for each in stale_because(viewer, found)]


def _second_leader(world: World) -> Any:
    person = builders.user("second-leader@example.com", world.at)
    add_member(
        register=world.register, user=person, role="leader", party=world.foton, at=world.at,
        by=world.founder,
    )  # fmt: skip
    return person
