"""What binds both parties needs both (I12): asked, answered, taken back, too late, outdated."""

import datetime as dt
from typing import Any

import pytest

from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.notify.models import Message
from riskreg.register import services
from riskreg.register.change_models import ChangeRequest, PartyAnswer
from riskreg.register.models import Membership, Register
from riskreg.reminders.queries import ladder_in_force_of
from riskreg.reminders.services import set_reminder_ladder
from riskreg.risks.services import publish_criteria, set_cadence
from tests import builders
from tests.builders import World

DAY = dt.timedelta(days=1)


def longer(world: World, who: str = "manager", **given: Any) -> Any:
    """Critical risks reviewed every 90 days; without an answer nothing of it holds."""
    viewer = world.viewer(who)
    return set_cadence(
        actor=viewer,
        cadence=given.pop("cadence", {"critical": 90}),
        seen_number=given.pop("seen", viewer.criteria.number),
        at=given.pop("at", world.at),
    )


def asked(world: World, who: str = "manager", **given: Any) -> ChangeRequest:
    made = longer(world, who, **given)
    assert isinstance(made, ChangeRequest)
    assert made.is_open
    return made


def approve(world: World, row: ChangeRequest, who: str = "partner_manager", **given: Any) -> Any:
    given = {"version": None, "at": world.at, **given}
    return services.approve_change(actor=world.viewer(who), name=row.ref, **given)


def number(world: World) -> int:
    criteria = Register.objects.select_related("criteria").get(pk=world.register.pk).criteria
    assert criteria is not None
    return criteria.number


def told(kind: str, user: Any) -> list[str]:
    key = f"change:{kind}:"
    rows = Message.objects.filter(key__startswith=key, recipient=user.uuid).order_by("pk")
    return [row.text for row in rows]


def test_what_is_looser_waits_and_the_last_yes_makes_it(world: World) -> None:
    row = asked(world)
    assert number(world) == 1
    assert {a.party.key: a.answer for a in row.answers.all()} == {"foton": "yes", "catl": "waiting"}
    assert [(n.before, n.after, n.effect.value) for n in row.lines] == [
        ("every 30 days", "every 90 days", "weakens")
    ]
    done = approve(world, row)
    assert done.state == "applied"
    assert number(world) == 2
    verbs = list(Event.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs.index("change_request.made") < verbs.index("change_request.applied")
    assert verbs.index("change_request.applied") < verbs.index("criteria.adopted")


def test_leaders_answer_too_and_nobody_else(world: World) -> None:
    row = asked(world)
    for who in ("partner_owner", "partner_integration", "auditor", "onlooker"):
        with pytest.raises(Forbidden):
            approve(world, row, who)
    with pytest.raises(NotFound):
        services.approve_change(
            actor=world.viewer("partner_manager"), name="CR-099", version=None, at=world.at
        )
    assert approve(world, row, "partner_leader").state == "applied"


def test_what_is_stricter_holds_at_once_and_the_other_side_is_told(world: World) -> None:
    made = longer(world, cadence={"critical": 20})
    assert not isinstance(made, ChangeRequest)
    assert number(world) == 2
    (row,) = ChangeRequest.objects.all()
    assert (row.state, row.answers.count()) == ("applied", 0)
    for user in (world.partner_manager, world.partner_leader):
        assert any("20" in text for text in told("holds", user))
    assert not told("holds", world.manager)


def test_who_must_answer_is_written_to_and_has_a_duty(world: World) -> None:
    row = asked(world)
    assert len(told("asked", world.partner_manager)) == 1
    assert len(told("asked", world.partner_leader)) == 1
    assert not told("asked", world.partner_owner)
    client = builders.api(world.partner_leader)
    url = f"/api/v1/registers/{world.register.slug}/duties/?mine=true&kind=change.answer"
    (duty,) = client.get(url).json()["results"]
    assert (duty["ref"], duty["due_on"]) == (row.ref, str(row.answer_by))
    approve(world, row)
    assert client.get(url).json()["results"] == []
    assert "holds" in told("closed", world.manager)[0]


def test_refused_with_words(world: World) -> None:
    row = asked(world)
    refuse = services.refuse_change
    actor = world.viewer("partner_manager")
    with pytest.raises(Invalid) as caught:
        refuse(actor=actor, name=row.ref, version=None, words=" ", at=world.at)
    assert set(caught.value.fields) == {"words"}
    row = refuse(actor=actor, name=row.ref, version=None, words="Too seldom.", at=world.at)
    assert (row.state, row.closing_text) == ("refused", "Too seldom.")
    assert number(world) == 1
    assert "Too seldom." in told("closed", world.manager)[0]
    with pytest.raises(Invalid) as closed:
        approve(world, row, "partner_leader")
    assert "closed" in closed.value.detail


def test_only_who_asked_takes_it_back(world: World) -> None:
    row = asked(world)
    withdraw = services.withdraw_change
    with pytest.raises(Forbidden) as caught:
        withdraw(actor=world.viewer("leader"), name=row.ref, version=None, at=world.at)
    assert str(world.manager) in caught.value.detail
    row = withdraw(actor=world.viewer("manager"), name=row.ref, version=row.version, at=world.at)
    assert row.state == "withdrawn"
    with pytest.raises(Invalid):
        approve(world, row)
    assert number(world) == 1


def test_no_party_answers_twice_and_none_for_the_other(world: World) -> None:
    row = asked(world)
    with pytest.raises(Invalid) as caught:
        approve(world, row, "leader")
    assert "Foton" in caught.value.detail
    assert "already" in caught.value.detail
    with pytest.raises(Invalid):
        approve(world, row, "manager")
    assert number(world) == 1


def test_a_stale_version_is_refused(world: World) -> None:
    row = asked(world)
    with pytest.raises(Conflict):
        approve(world, row, version=row.version + 1)
    assert number(world) == 1


def test_who_asked_does_not_answer_for_the_party_they_moved_to(world: World) -> None:
    row = asked(world)
    founder = world.founder
    services.end_membership(register=world.register, user=world.manager, at=world.at, by=founder)
    services.add_member(
        register=world.register, user=world.manager, role="manager", party=world.catl,
        at=world.at, by=founder,
    )  # fmt: skip
    with pytest.raises(Forbidden) as caught:
        approve(world, row, "manager")
    assert "yourself" in caught.value.detail
    # And the others' yes comes too late: who asked does not act for that party any more.
    row = approve(world, row)
    assert row.state == "outdated"
    assert "Foton" in row.closing_text
    assert "Foton" in row.closing_words["en"]
    assert "福田" in row.closing_words["zh-hans"]
    assert number(world) == 1


def test_a_vote_of_somebody_who_left_counts_for_nothing(world: World) -> None:
    row = asked(world)
    viewer = world.viewer("partner_manager")
    services.end_membership(
        register=world.register, user=world.partner_manager, at=world.at, by=world.founder
    )
    with pytest.raises(Forbidden):
        services.approve_change(actor=viewer, name=row.ref, version=None, at=world.at)
    assert number(world) == 1
    # Somebody else is asked in their place.
    assert PartyAnswer.objects.get(request=row, answer="waiting").asked == world.partner_manager
    assert services.expire_and_reassign_requests(world.at) == 1
    assert PartyAnswer.objects.get(request=row, answer="waiting").asked == world.partner_leader
    assert services.expire_and_reassign_requests(world.at) == 0


def test_it_expires_and_a_late_sweep_makes_no_difference(world: World) -> None:
    row = asked(world)
    last = world.at + 30 * DAY
    assert services.expire_and_reassign_requests(last) == 0
    with pytest.raises(Invalid) as caught:
        approve(world, row, at=last + DAY)
    assert "ended" in caught.value.detail
    assert services.expire_and_reassign_requests(last + 9 * DAY) == 1
    assert services.expire_and_reassign_requests(last + 9 * DAY) == 0
    row.refresh_from_db()
    assert row.state == "expired"
    assert number(world) == 1
    assert len(told("closed", world.manager)) == 1


def test_what_moved_meanwhile_makes_it_outdated(world: World) -> None:
    row = asked(world)
    longer(world, "partner_manager", cadence={"critical": 29})
    assert number(world) == 2
    row = approve(world, row)
    assert row.state == "outdated"
    assert "version 2" in row.closing_text
    assert row.closing_words["zh-hans"] != row.closing_words["en"]
    assert number(world) == 2
    assert not Event.objects.filter(verb="change_request.applied").exists()


def test_a_requester_who_lost_the_right_cannot_change_through_a_late_yes(world: World) -> None:
    row = asked(world)
    Membership.objects.filter(user=world.manager).update(role="viewer")
    row = approve(world, row)
    assert row.state == "outdated"
    assert number(world) == 1


def test_the_same_change_is_asked_once(world: World) -> None:
    row = asked(world)
    with pytest.raises(Invalid) as caught:
        longer(world)
    assert row.ref in caught.value.detail
    # By the other side it is the same change; they can just say yes.
    with pytest.raises(Invalid):
        longer(world, "partner_manager")
    assert ChangeRequest.objects.count() == 1


def test_what_was_agreed_is_done_and_nothing_else(world: World) -> None:
    row = approve(world, asked(world))
    data = builders.matrix(5, 5)
    with pytest.raises(Conflict):
        publish_criteria(
            actor=world.viewer("manager"), data=data, seen_number=2, at=world.at, agreed=row
        )
    waiting = asked(world, cadence={"critical": 200})
    content = waiting.content
    with pytest.raises(Conflict):
        publish_criteria(actor=world.viewer("manager"), at=world.at, agreed=waiting, **content)
    assert number(world) == 2


def test_a_zone_and_a_ladder_wait_too(world: World) -> None:
    zone = services.set_time_zone(
        actor=world.viewer("manager"), time_zone="America/Los_Angeles",
        seen="Asia/Shanghai", at=world.at,
    )  # fmt: skip
    rungs = [{"offset_days": 0, "tells": ["owner"]}]
    ladder = set_reminder_ladder(
        actor=world.viewer("partner_manager"), rungs=rungs, expected_number=0, at=world.at
    )
    assert isinstance(zone, ChangeRequest)
    assert isinstance(ladder, ChangeRequest)
    assert Register.objects.get().time_zone == "Asia/Shanghai"
    assert ladder_in_force_of(world.register).number == 0
    assert [n.effect.value for n in ladder.lines].count("weakens") >= 4
    builders.agreed(world, zone)
    builders.agreed(world, ladder)
    assert Register.objects.get().time_zone == "America/Los_Angeles"
    assert ladder_in_force_of(world.register).number == 1


def test_while_nobody_can_speak_for_a_party_changes_hold_and_its_first_manager_is_told(
    world: World,
) -> None:
    for who in ("partner_manager", "partner_leader"):
        services.end_membership(
            register=world.register, user=getattr(world, who), at=world.at, by=world.founder
        )
    made = longer(world)
    assert not isinstance(made, ChangeRequest)
    assert number(world) == 2
    (row,) = ChangeRequest.objects.all()
    assert {a.party.key: a.answer for a in row.answers.all()} == {"foton": "yes", "catl": "nobody"}
    services.add_member(
        register=world.register, user=world.partner_leader, role="leader", party=world.catl,
        at=world.at, by=world.founder,
    )  # fmt: skip
    services.add_member(
        register=world.register, user=world.partner_manager, role="manager", party=world.catl,
        at=world.at, by=world.founder,
    )  # fmt: skip
    assert len(told("joined", world.partner_leader)) == 1
    assert not told("joined", world.partner_manager)


def test_with_one_party_it_holds_at_once(db: None) -> None:
    maker = builders.user("maker@one.example")
    viewer = services.found_register(
        by=maker, slug="alone", names={"en": "Alone"}, acts_for="one",
        parties=[{"key": "one", "names": {"en": "One"}, "prefix": "O"}],
        currency="EUR", time_zone="Europe/Berlin", at=builders.AT, by_operator=True,
    )  # fmt: skip
    made = set_cadence(actor=viewer, cadence={"critical": 365}, seen_number=1, at=builders.AT)
    assert isinstance(made, Register)
    assert made.criteria is not None
    assert made.criteria.number == 2


def test_another_party_comes_in_by_a_yes_of_those_that_are_there(world: World) -> None:
    asked = services.bring_in_party(
        actor=world.viewer("manager"), key="grid", names={"en": "Grid"}, prefix="G", at=world.at
    )
    assert isinstance(asked, ChangeRequest)
    assert world.register.parties.count() == 2
    longer(world, cadence={"critical": 91})
    builders.agreed(world, asked)
    assert world.register.parties.count() == 3
    # What was asked before it came does not bind it: it was not asked.
    with pytest.raises(AssertionError, match="Another party has joined"):
        builders.agree(world, world.at + DAY)
