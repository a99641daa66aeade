"""Joiner, mover, leaver: invitations, roles, memberships that end, programs."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail

from riskreg.accounts.models import ApiToken, User
from riskreg.accounts.queries import live_token_or_none
from riskreg.events.models import Event
from riskreg.handover.services import change_member_role, end_member
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound, RiskregError
from riskreg.notify.models import Message
from riskreg.register import people, services
from riskreg.register.access import present_memberships_of, viewer_for
from riskreg.register.invitation_mail import invitation_link
from riskreg.register.models import Invitation, Membership, Register
from riskreg.register.services.invitation_sending import (
    ATTEMPTS,
    make_unsent_invitations_due_and_wake,
    send_due_invitations,
)
from riskreg.reminders.services import sweep
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
NEW = "joiner@example.com"


def invite(world: World, by: str = "manager", **change: Any) -> Invitation:
    given = {"email": NEW, "role": "owner", "party": "foton", **change}
    return services.invite(actor=world.viewer(by), at=world.at, **given)


def token(row: Invitation) -> str:
    row.refresh_from_db()
    return people.invitation_token(row)


def made_by(world: World, name: str | None) -> None:
    maker = getattr(world, name) if name else None
    Register.objects.filter(pk=world.register.pk).update(made_by=maker)


# Inviting ----------------------------------------------------------------------------------------
def test_somebody_new_joins_by_the_link_in_the_mail(world: World) -> None:
    row = invite(world, language="zh-hans")
    assert send_due_invitations(lambda: world.at) == 1
    (sent,) = mail.outbox
    assert sent.to == [NEW]
    assert "邀请您加入" in sent.subject
    link = invitation_link(Invitation.objects.get())
    assert link in sent.body
    assert link in sent.alternatives[0][0]
    user, viewer = services.accept_with_new_account(
        token=urlsplit(link).path.strip("/").rpartition("/")[2],
        name="The joiner",
        password="four words are enough",
        language="zh-hans",
        time_zone="Asia/Shanghai",
        digest_hour=9,
        at=world.at + DAY,
    )
    assert (user.email, user.language, user.time_zone, user.digest_hour) == (
        NEW, "zh-hans", "Asia/Shanghai", 9,
    )  # fmt: skip
    assert (viewer.role, viewer.party) == ("owner", world.foton)
    row.refresh_from_db()
    assert (row.accepted_by, row.accepted_at) == (user, world.at + DAY)


def test_nothing_that_opens_an_invitation_lies_in_the_database(world: World) -> None:
    invite(world)
    send_due_invitations(lambda: world.at)
    secret = token(Invitation.objects.get()).rpartition(".")[2]
    assert secret in mail.outbox[0].body
    assert not Message.objects.filter(text__contains=secret).exists()
    assert secret not in str(list(Invitation.objects.values()))
    assert secret not in str(list(Event.objects.values()))


def test_its_events_are_the_partys_own_and_who_joined_is_everybodys(world: World) -> None:
    row = invite(world)
    services.accept_with_new_account(
        token=token(row), name="J", password="four words are enough", at=world.at
    )
    own = world.viewer("manager").audience.readable_chain_keys[1]
    for verb, chain in (
        ("invitation.made", own), ("invitation.accepted", own),
        ("member.added", world.viewer("auditor").audience.readable_chain_keys[0]),
    ):  # fmt: skip
        event = Event.objects.filter(verb=verb).latest("pk")
        assert event.chain.key == chain, verb
    assert NEW not in str(
        list(Event.objects.exclude(chain__key=own).values_list("changes", flat=True))
    )


def test_a_mail_goes_out_once_and_again_when_asked_for(world: World) -> None:
    row = invite(world)
    old = token(row)
    for _n in range(2):
        send_due_invitations(lambda: world.at)
    assert len(mail.outbox) == 1
    with nothing_changes(), pytest.raises(Invalid, match="less than a minute"):
        services.resend_invitation(
            actor=world.viewer("manager"), invitation=row.uuid, version=1, at=world.at
        )
    later = world.at + DAY
    services.resend_invitation(
        actor=world.viewer("manager"), invitation=row.uuid, version=1, at=later
    )
    send_due_invitations(lambda: later)
    assert len(mail.outbox) == 2
    row.refresh_from_db()
    assert row.expires_at == later + 14 * DAY
    with pytest.raises(Forbidden, match="newer mail"):
        people.acceptable_invitation_of(old, later)
    assert people.acceptable_invitation_of(token(row), later) == row


def test_a_mail_server_that_is_away_delays_a_mail_and_loses_none(
    world: World, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    row = invite(world)
    settings.EMAIL_BACKEND = "tests.register.refusing_mail.Backend"
    at = world.at
    for _n in range(3):
        assert send_due_invitations(lambda at=at: at) == 0
        row.refresh_from_db()
        assert row.sent_at is None
        assert row.mail_due_at is not None
        assert row.mail_due_at > at
        at = row.mail_due_at
    assert row.mail_attempts == 3
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send_due_invitations(lambda: at) == 1
    row.refresh_from_db()
    assert (row.sent_at, row.mail_due_at) == (at, None)
    assert ATTEMPTS > 3


def test_mails_that_did_not_go_are_sent_at_once_when_the_operator_says_so(
    world: World, settings: Any
) -> None:
    rows = [invite(world), invite(world, email="second@example.com")]
    settings.EMAIL_BACKEND = "tests.register.refusing_mail.Backend"
    at = world.at
    for _attempt in range(ATTEMPTS):
        at += 2 * HOUR
        assert send_due_invitations(lambda at=at: at) == 0  # type: ignore[misc]
    rows[0].refresh_from_db()
    assert rows[0].mail_due_at is None
    waits = invite(world, email="third@example.com")
    Invitation.objects.filter(pk=waits.pk).update(mail_attempts=4, mail_due_at=at + HOUR)
    soon = invite(world, email="fourth@example.com")
    Invitation.objects.filter(pk=soon.pk).update(mail_attempts=1, mail_due_at=at + MINUTE)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send_due_invitations(lambda: at) == 0
    assert make_unsent_invitations_due_and_wake(at) == 3
    assert send_due_invitations(lambda: at) == 3
    assert send_due_invitations(lambda: at + MINUTE) == 1
    assert make_unsent_invitations_due_and_wake(at + MINUTE) == 0


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"email": "nobody"}, "email", "not an e-mail address"),
        ({"email": None}, "email", "not an e-mail address"),
        ({"email": "a\0@example.com"}, "email", "not an e-mail address"),
        ({"role": "king"}, "role", "use one of"),
        ({"role": "integration"}, "role", "program account"),
        ({"role": "owner", "party": None}, "party", "Name a party"),
        ({"party": "catl"}, "party", "do not invite people of CATL"),
        ({"party": "bosch"}, "party", "parties are: foton, catl"),
        ({"language": "xx"}, "language", "pick one"),
        ({"days": 0}, "days", "1 to 90 days"),
        ({"days": True}, "days", "1 to 90 days"),
        ({"email": "OWNER@foton-catl.example"}, "email", "member already"),
    ],
)
def test_an_invitation_that_cannot_be_is_refused_with_the_way_out(
    world: World, change: dict[str, Any], field: str, said: str
) -> None:
    with nothing_changes(), pytest.raises(Invalid, match=said) as refused:
        invite(world, **change)
    assert set(refused.value.fields) == {field}


def test_an_address_is_invited_once_at_a_time_by_each_party(world: World) -> None:
    row = invite(world)
    with nothing_changes(), pytest.raises(Invalid, match="invited already"):
        invite(world, email=NEW.upper())
    # The other party is not told that it is.
    invite(world, by="partner_manager", party="catl")
    services.revoke_invitation(
        actor=world.viewer("manager"), invitation=row.uuid, version=1, at=world.at
    )
    invite(world)


@pytest.mark.parametrize("who", ["owner", "leader", "integration", "auditor", "onlooker"])
def test_who_is_no_manager_invites_nobody(world: World, who: str) -> None:
    with nothing_changes(), pytest.raises(Forbidden):
        invite(world, by=who)


@pytest.mark.parametrize("who", ["owner", "partner_manager", "auditor"])
def test_what_is_anothers_invitation_is_not_there(world: World, who: str) -> None:
    row = invite(world)
    for act in (services.resend_invitation, services.revoke_invitation):
        with nothing_changes(), pytest.raises(NotFound):
            act(actor=world.viewer(who), invitation=row.uuid, version=1, at=world.at + DAY)
    assert not people.invitations_looked_after_by(world.viewer(who)).exists()


def test_the_maker_invites_the_first_manager_of_another_party_and_nobody_else(
    world: World,
) -> None:
    made_by(world, "manager")
    with nothing_changes(), pytest.raises(Invalid, match="do not invite people of CATL"):
        invite(world, role="manager", party="catl")
    Membership.objects.filter(user=world.partner_manager).update(ended_at=world.at)
    with nothing_changes(), pytest.raises(Invalid, match="first manager alone"):
        invite(world, role="owner", party="catl")
    row = invite(world, role="manager", party="catl")
    # Who is not the maker does not, though a manager as well.
    made_by(world, "owner")
    with nothing_changes(), pytest.raises(Invalid):
        invite(world, role="manager", party="catl", email="other@example.com")
    made_by(world, "manager")
    assert row in people.invitations_looked_after_by(world.viewer("manager"))
    services.revoke_invitation(
        actor=world.viewer("manager"), invitation=row.uuid, version=1, at=world.at
    )


def test_once_the_maker_manages_nothing_any_manager_invites_the_first_of_a_party_that_had_nobody(
    world: World,
) -> None:
    services.add_party(
        register=world.register, key="bosch", names={"en": "Bosch"}, prefix="B", at=world.at,
        by=world.manager,
    )  # fmt: skip
    asked = {"role": "manager", "party": "bosch", "by": "partner_manager"}
    made_by(world, "manager")
    with nothing_changes(), pytest.raises(Invalid, match="do not invite people of Bosch"):
        invite(world, **asked)
    made_by(world, "owner")
    with nothing_changes(), pytest.raises(Invalid, match="first manager alone"):
        invite(world, **{**asked, "role": "owner"})
    # Of a party that had people there is something to see: nobody lets themselves in there.
    Membership.objects.filter(user=world.manager).update(ended_at=world.at)
    with nothing_changes(), pytest.raises(Invalid):
        invite(world, **{**asked, "party": "foton"})
    row = invite(world, **asked)
    assert row.party is not None
    assert row in people.invitations_looked_after_by(world.viewer("partner_manager"))


def test_people_of_no_party_are_looked_after_by_the_maker(world: World) -> None:
    for maker, who, may in (
        ("manager", "manager", True), ("manager", "partner_manager", False),
        ("owner", "partner_manager", True), (None, "partner_manager", True),
    ):  # fmt: skip
        made_by(world, maker)
        assert people.manages_members_of(world.viewer(who), None) is may, (maker, who)
    made_by(world, "manager")
    invite(world, role="auditor", party=None)
    with nothing_changes(), pytest.raises(Invalid):
        invite(world, by="partner_manager", role="auditor", party=None, email="x@example.com")


# Accepting ---------------------------------------------------------------------------------------
def take(world: World, row: Invitation, user: User | None, at: dt.datetime | None = None) -> Any:
    at = at or world.at
    if user is None:
        return services.accept_with_new_account(
            token=token(row), name="J", password="four words are enough", at=at
        )
    return services.accept_invitation(token=token(row), user=user, at=at)


def test_somebody_with_an_account_accepts_as_themselves(world: World) -> None:
    joiner = builders.user(NEW)
    row = invite(world)
    with nothing_changes(), pytest.raises(Forbidden, match="sign in"):
        take(world, row, None)
    assert take(world, row, joiner).role == "owner"
    assert [m.register for m in present_memberships_of(joiner)] == [world.register]


def test_an_invitation_is_not_for_another_address(world: World) -> None:
    row = invite(world)
    with nothing_changes(), pytest.raises(Forbidden, match=r"is for joiner@example\.com") as no:
        take(world, row, world.outsider)
    assert world.outsider.email in no.value.detail


def test_an_invitation_works_once(world: World) -> None:
    row = invite(world)
    user, _viewer = take(world, row, None)
    for again in (None, user):
        with nothing_changes(), pytest.raises(Forbidden, match="accepted already"):
            take(world, row, again)


def test_an_invitation_ends(world: World) -> None:
    row = invite(world, days=1)
    with nothing_changes(), pytest.raises(Forbidden, match="expired"):
        take(world, row, None, world.at + DAY)
    services.revoke_invitation(
        actor=world.viewer("manager"), invitation=row.uuid, version=1, at=world.at
    )
    with nothing_changes(), pytest.raises(Forbidden, match="taken back"):
        take(world, row, None)
    for act in (services.resend_invitation, services.revoke_invitation):
        with nothing_changes(), pytest.raises(Invalid, match="taken back"):
            act(actor=world.viewer("manager"), invitation=row.uuid, version=2, at=world.at + DAY)


def test_a_member_has_nothing_to_accept(world: World) -> None:
    first, second = invite(world), invite(world, by="partner_manager", party="catl")
    user, _viewer = take(world, first, None)
    with nothing_changes(), pytest.raises(Forbidden, match="member of this register already"):
        take(world, second, user)


@pytest.mark.parametrize("text", ["", "x", "0-1.x", "\0", "é", "a" * 300])
def test_what_is_no_link_of_ours_is_not_there(world: World, text: str) -> None:
    with pytest.raises(NotFound):
        people.acceptable_invitation_of(text, world.at)


def test_a_forged_issue_opens_nothing(world: World) -> None:
    row = invite(world)
    good = token(row)
    with pytest.raises(NotFound):
        people.acceptable_invitation_of(good.replace("-1.", "-2."), world.at)


# Many --------------------------------------------------------------------------------------------
def many(number: int, bad: int) -> list[dict[str, Any]]:
    rows = [
        {"email": f"p{n}@example.com", "role": "owner", "party": "foton"} for n in range(number)
    ]
    for n in range(bad):
        rows[n * (number // bad)]["role"] = "king"
    return rows


def test_of_two_thousand_with_thirty_wrong_all_are_refused_by_row_or_the_good_taken(
    world: World,
) -> None:
    rows = many(2000, 30)
    rows[1]["email"] = rows[2]["email"]
    actor = world.viewer("manager")
    with nothing_changes():
        refused = services.invite_many(actor=actor, rows=rows, at=world.at)
    assert not refused.made
    wrong = sorted({n * 66 + 1 for n in range(30)} | {3})
    assert sorted(refused.refused) == wrong, "rows by their number, from 1"
    assert all(error.detail for errors in refused.refused.values() for error in errors)
    taken = services.invite_many(actor=actor, rows=rows, at=world.at, take_good=True)
    assert (len(taken.made), sorted(taken.refused)) == (2000 - 31, wrong)
    assert Invitation.objects.filter(mail_due_at=world.at).count() == 2000 - 31
    assert Event.objects.filter(verb="invitation.made").count() == 2000 - 31


@pytest.mark.parametrize("number", [0, 2001])
def test_many_has_a_bound(world: World, number: int) -> None:
    with nothing_changes(), pytest.raises(Invalid, match="1 to 2000"):
        services.invite_many(
            actor=world.viewer("manager"), rows=many(2001, 1)[:number], at=world.at
        )


# Changing ----------------------------------------------------------------------------------------
def test_a_manager_changes_the_role_of_their_own_people(world: World) -> None:
    row = change_member_role(
        actor=world.viewer("manager"), user=world.owner.uuid, role="leader", version=1, at=world.at
    )
    assert (row.role, row.version) == ("leader", 2)
    assert viewer_for(world.owner, world.register.slug).role == "leader"
    event = Event.objects.get(verb="member.changed")
    assert '"role":["owner","leader"]' in event.changes
    with nothing_changes(), pytest.raises(Conflict):
        change_member_role(
            actor=world.viewer("manager"), user=world.owner.uuid, role="viewer", version=1,
            at=world.at,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("by", "who", "role", "error", "said"),
    [
        ("manager", "partner_owner", "leader", Forbidden, "managers of it"),
        ("owner", "deputy", "leader", Forbidden, "managers of it"),
        ("manager", "owner", "king", Invalid, "use one of"),
        ("manager", "owner", "integration", Invalid, "A program stays one"),
        ("manager", "auditor", "manager", Invalid, "Name a party"),
        ("manager", "manager", "owner", Invalid, "last manager"),
        ("manager", "outsider", "owner", NotFound, "no such member"),
    ],
)
def test_a_change_that_may_not_be_is_refused(
    world: World, by: str, who: str, role: str, error: type[RiskregError], said: str
) -> None:
    user = getattr(world, who)
    with nothing_changes(), pytest.raises(error, match=said):
        change_member_role(
            actor=world.viewer(by), user=user.uuid, role=role, version=None, at=world.at
        )


def test_the_last_manager_stays_until_there_is_another(world: World) -> None:
    actor = world.viewer("manager")
    leave: Callable[[], Any] = lambda: end_member(  # noqa: E731
        actor=actor, user=world.manager.uuid, version=None, at=world.at
    )
    with nothing_changes(), pytest.raises(Invalid, match="last manager of Foton"):
        leave()
    change_member_role(
        actor=actor, user=world.deputy.uuid, role="manager", version=None, at=world.at
    )
    User.objects.filter(pk=world.deputy.pk).update(is_active=False)
    with nothing_changes(), pytest.raises(Invalid, match="last manager of Foton"):
        leave()
    User.objects.filter(pk=world.deputy.pk).update(is_active=True)
    assert leave().ended_at == world.at


# Leaving -----------------------------------------------------------------------------------------
def test_who_answers_for_something_hands_it_over_or_says_that_nobody_does(world: World) -> None:
    row = builders.risk(world)
    given = {"user": world.owner.uuid, "version": None, "at": world.at}
    actor = world.viewer("manager")
    with nothing_changes(), pytest.raises(Invalid, match=row.ref) as refused:
        end_member(actor=actor, **given)
    assert set(refused.value.fields) == {"to"}
    with nothing_changes(), pytest.raises(Invalid, match="known by that"):
        end_member(actor=actor, to_user="nobody@example.com", **given)
    end_member(actor=actor, to_user=world.deputy.email, **given)
    assert Risk.objects.get().owner == world.deputy
    with pytest.raises(NotFound):
        viewer_for(world.owner, world.register.slug)


def test_a_role_that_answers_for_nothing_needs_the_same(world: World) -> None:
    builders.risk(world)
    given = {"user": world.owner.uuid, "role": "viewer", "version": None, "at": world.at}
    actor = world.viewer("manager")
    with nothing_changes(), pytest.raises(Invalid, match="still answers"):
        change_member_role(actor=actor, **given)
    change_member_role(actor=actor, to_user=world.deputy.email, **given)
    assert Risk.objects.get().owner == world.deputy


def test_of_what_nobody_answers_for_the_managers_are_alarmed(world: World) -> None:
    row, today = builders.risk(world), world.today
    end_member(
        actor=world.viewer("manager"), user=world.owner.uuid, version=None, nobody_yet=True,
        at=world.at,
    )  # fmt: skip
    assert Risk.objects.get().owner == world.owner, "it stays theirs in history"
    assert row.next_review_on is not None
    sweep(builders.AT + (row.next_review_on - today + dt.timedelta(days=1)))
    told = Message.objects.filter(recipient=world.manager.uuid)
    assert any(row.ref in text for text in told.values_list("text", flat=True))


def test_anybody_leaves_by_themselves(world: World) -> None:
    for who in ("deputy", "auditor", "onlooker", "leader"):
        user = getattr(world, who)
        end_member(actor=world.viewer(who), user=user.uuid, version=None, at=world.at)
        assert present_memberships_of(user) == []


@pytest.mark.parametrize(
    ("by", "who"), [("owner", "deputy"), ("partner_manager", "owner"), ("auditor", "onlooker")]
)
def test_nobody_ends_the_membership_of_anothers(world: World, by: str, who: str) -> None:
    with nothing_changes(), pytest.raises(Forbidden):
        end_member(actor=world.viewer(by), user=getattr(world, who).uuid, version=None, at=world.at)


# Programs ----------------------------------------------------------------------------------------
def test_a_program_calls_one_register_until_its_end(world: World) -> None:
    actor = world.viewer("manager")
    row, made, secret = services.create_program(
        actor=actor, name="Loader", scope="write", days=30, at=world.at
    )
    assert (row.role, row.party) == ("integration", world.foton)
    assert row.user.is_program
    assert not row.user.has_usable_password()
    assert made.register == world.register.uuid
    assert made.expires_at == world.at + 30 * DAY
    assert live_token_or_none(secret, world.at) == made
    _second, other = services.add_program_token(
        actor=actor, program=row.user.uuid, scope="read", at=world.at
    )
    services.end_program_token(actor=actor, program=row.user.uuid, token=made.uuid, at=world.at)
    with nothing_changes():
        services.end_program_token(actor=actor, program=row.user.uuid, token=made.uuid, at=world.at)
    assert live_token_or_none(secret, world.at) is None
    assert live_token_or_none(other, world.at) is not None
    end_member(actor=actor, user=row.user.uuid, version=None, at=world.at)
    assert live_token_or_none(other, world.at) is None


def test_tokens_for_a_register_end_with_its_membership_also_where_others_go_on(
    world: World,
) -> None:
    row, _made, secret = services.create_program(
        actor=world.viewer("manager"), name="Loader", scope="read", at=world.at
    )
    elsewhere = builders.build_world(world.at, slug="elsewhere")
    services.add_member(
        register=elsewhere.register, user=row.user, role="integration", party=elsewhere.foton,
        at=world.at, by=elsewhere.founder,
    )  # fmt: skip
    end_member(actor=world.viewer("manager"), user=row.user.uuid, version=None, at=world.at)
    assert present_memberships_of(row.user)
    assert live_token_or_none(secret, world.at) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [({"name": ""}, "name"), ({"name": "a\nb"}, "name"), ({"scope": "all"}, "scope"),
     ({"days": 0}, "days"), ({"days": 367}, "days"), ({"days": "x"}, "days")],
)  # fmt: skip
def test_a_program_that_cannot_be_is_refused(
    world: World, change: dict[str, Any], field: str
) -> None:
    given = {"name": "Loader", "scope": "read", **change}
    with nothing_changes(), pytest.raises(Invalid) as refused:
        services.create_program(actor=world.viewer("manager"), at=world.at, **given)
    assert set(refused.value.fields) == {field}


def test_programs_are_their_partys_affair(world: World) -> None:
    row, made, _secret = services.create_program(
        actor=world.viewer("manager"), name="Loader", scope="read", at=world.at
    )
    for who, error in (("partner_manager", Forbidden), ("owner", Forbidden)):
        with nothing_changes(), pytest.raises(error):
            services.end_program_token(
                actor=world.viewer(who), program=row.user.uuid, token=made.uuid, at=world.at
            )
    with nothing_changes(), pytest.raises(NotFound):
        services.add_program_token(
            actor=world.viewer("manager"), program=world.owner.uuid, scope="read", at=world.at
        )
    assert ApiToken.objects.filter(user=row.user, revoked_at=None).count() == 1
