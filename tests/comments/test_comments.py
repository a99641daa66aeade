"""What people say about things: for whom, with whom, and never unsaid in silence."""

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from riskreg.comments.models import Comment, EarlierWording
from riskreg.comments.policy import MAX_EDITS, MAX_IN_PERIOD, MAX_TEXT
from riskreg.comments.queries.comments import (
    comment_for,
    comments_for,
    comments_on,
    earlier_wordings,
)
from riskreg.comments.queries.targets import TARGETS, ref_and_title_of, things_by_id_of_comments
from riskreg.comments.services import edit_comment, withdraw_comment
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.notify.models import Delivery, Message
from riskreg.notify.refresh import refresher
from riskreg.register.services import archive_register, end_membership
from riskreg.risks.models import Risk
from riskreg.risks.services import share_risk
from tests import builders
from tests.builders import World
from tests.comments.making import comment
from tests.decisions import making as accepting
from tests.dump import nothing_changes
from tests.indicators import making as reading

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def things(world: World, **given: Any) -> dict[str, Any]:
    """One of each kind of thing that can be commented on."""
    row = builders.risk(world, rated=(5, 5), **given)
    made = {
        "risk": row,
        "mitigation": builders.mitigation(world, row, **given),
        "control": builders.control(world, row),
        "indicator": reading.indicator(world, row, **given),
        "acceptance": accepting.asked(world, row),
        "decision": accepting.drafted(world, row),
    }
    assert set(made) == set(TARGETS)
    return made


def test_everybody_who_sees_a_thing_reads_what_is_said_of_it(world: World) -> None:
    for thing in things(world).values():
        said = comment(world, thing, text="Look at this")
        for who in ("owner", "partner_leader", "auditor", "integration"):
            viewer = world.viewer(who)
            assert list(comments_on(viewer, thing)) == [said]
            assert ref_and_title_of(things_by_id_of_comments(viewer, [said])[thing.uuid])


def test_what_is_said_of_a_partys_own_thing_does_not_exist_for_the_other(world: World) -> None:
    for kind, thing in things(world, visibility="party").items():
        said = comment(world, thing)
        assert said.visibility == "party"
        for who in ("partner_leader", "auditor"):
            viewer = world.viewer(who)
            assert not comments_for(viewer).exists(), kind
            with pytest.raises(NotFound):
                comment_for(viewer, said.uuid)
            with nothing_changes(), pytest.raises(NotFound):
                comment(world, thing, by="partner_leader")


def test_what_was_said_in_private_stays_so_when_the_risk_is_shared(world: World) -> None:
    row = builders.risk(world, visibility="party")
    before = comment(world, row, text="Between us")
    row = share_risk(actor=world.viewer("manager"), ref=row.ref, version=None, at=world.at)
    after = comment(world, row, text="For everybody")
    partner, own = world.viewer("partner_leader"), world.viewer("owner")
    assert list(comments_on(partner, row)) == [after]
    assert set(comments_on(own, row)) == {before, after}
    # Neither an edit nor who is mentioned in it reaches the other party.
    edit_comment(actor=world.viewer("leader"), comment=before.uuid, text="Quietly", at=world.at)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        edit_comment(
            actor=world.viewer("leader"), comment=before.uuid, text="Quietly",
            mentions=[world.partner_leader.email], at=world.at,
        )  # fmt: skip
    assert refused.value.fields["mentions"][0].code == "unknown_member"
    feed = builders.api(world.partner_leader).get(
        f"/api/v1/registers/{world.register.slug}/changes/?limit=500"
    )
    assert "For everybody" in feed.content.decode()
    assert "Quietly" not in feed.content.decode()
    assert "Between us" not in feed.content.decode()


def test_edits_and_withdrawals_are_shown_with_what_was_said_before(world: World) -> None:
    row = builders.risk(world)
    said = comment(world, row, text="First")
    act: dict[str, Any] = {"actor": world.viewer("leader"), "comment": said.uuid}
    edit_comment(**act, text="Second", at=world.at + HOUR)
    edit_comment(**act, text="Third", at=world.at + 2 * HOUR)
    reader = world.viewer("partner_owner")
    now = comment_for(reader, said.uuid)
    assert (now.text, now.edits, now.version) == ("Third", 2, 3)
    before = [(e.text, e.written_at) for e in earlier_wordings(reader, now)]
    assert before == [("Second", world.at + HOUR), ("First", world.at)]
    with nothing_changes():
        edit_comment(**act, text="Third", at=world.at + 3 * HOUR)
    withdraw_comment(**act, at=world.at + 3 * HOUR)
    now = comment_for(reader, said.uuid)
    assert (now.text, now.withdrawn_at) == ("Third", world.at + 3 * HOUR)
    for again in (
        lambda: edit_comment(**act, text="Fourth", at=world.at),
        lambda: withdraw_comment(**act, at=world.at),
    ):
        with nothing_changes(), pytest.raises(Invalid) as refused:
            again()
        assert refused.value.fields["state"][0].code == "wrong_state"


def test_the_database_lets_nobody_unsay_anything(world: World) -> None:
    said = comment(world, builders.risk(world))
    edit_comment(actor=world.viewer("leader"), comment=said.uuid, text="Other", at=world.at)
    for change in (
        lambda: Comment.objects.filter(pk=said.pk).update(author=world.owner),
        lambda: Comment.objects.filter(pk=said.pk).update(visibility="party"),
        lambda: Comment.objects.filter(pk=said.pk).delete(),
        lambda: EarlierWording.objects.update(text="Nothing"),
        lambda: EarlierWording.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_who_may_write_and_who_may_change_what_was_written(world: World) -> None:
    row = builders.risk(world)
    for who in ("auditor", "onlooker", "integration"):
        with nothing_changes(), pytest.raises(Forbidden):
            comment(world, row, by=who)
    said = comment(world, row, by="partner_owner")
    for who in ("partner_manager", "owner", "auditor"):
        act: dict[str, Any] = {"actor": world.viewer(who), "comment": said.uuid, "at": world.at}
        with nothing_changes(), pytest.raises(Forbidden):
            edit_comment(**act, text="Other")
        with nothing_changes(), pytest.raises(Forbidden):
            withdraw_comment(**act)
    mine: dict[str, Any] = {"actor": world.viewer("partner_owner"), "comment": said.uuid}
    edit_comment(**mine, text="Second", version=1, at=world.at)
    for late in (
        lambda: edit_comment(**mine, text="Third", version=1, at=world.at),
        lambda: withdraw_comment(**mine, version=1, at=world.at),
    ):
        with nothing_changes(), pytest.raises(Conflict):
            late()
    archive_register(actor=world.viewer("manager"), reason="Over", version=None, at=world.at)
    builders.agree(world)
    with nothing_changes(), pytest.raises(Forbidden):
        comment(world, row, by="owner")


@pytest.mark.parametrize(
    "given, field, code",
    [
        ({"text": ""}, "text", "required"),
        ({"text": None}, "text", "required"),
        ({"text": "x" * 200_000}, "text", "too_long"),
        ({"text": "x" * (MAX_TEXT + 1)}, "text", "too_long"),
        ({"text": "a\x00b"}, "text", "bad_character"),
        ({"mentions": "owner"}, "mentions", "not_a_list"),
        ({"mentions": ["nobody@example.org"]}, "mentions", "unknown_member"),
        ({"mentions": [None]}, "mentions", "unknown_member"),
        ({"mentions": [f"{n}@example.org" for n in range(21)]}, "mentions", "too_many"),
        ({"reading": "1"}, "reading", "unknown"),
    ],
)
def test_what_is_wrong_with_a_comment_is_named(
    world: World, given: dict[str, Any], field: str, code: str
) -> None:
    row = builders.risk(world)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        comment(world, row, **given)
    assert refused.value.fields[field][0].code == code
    said = comment(world, row, text="x" * MAX_TEXT)
    if field != "reading" and given != {"text": None}:
        with nothing_changes(), pytest.raises(Invalid):
            edit_comment(
                actor=world.viewer("leader"), comment=said.uuid, at=world.at,
                **{"text": "y", **given},
            )  # fmt: skip


def test_nobody_floods_a_register_with_comments_or_edits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = builders.risk(world)
    said = comment(world, row)
    rows = [
        Comment(
            register=row.register, party=row.party, visibility="shared", about_type="risk",
            about=row.uuid, author=world.leader, text=str(n), created_at=world.at,
        )
        for n in range(MAX_IN_PERIOD - 1)
    ]  # fmt: skip
    Comment.objects.bulk_create(rows)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        comment(world, row)
    assert refused.value.fields["text"][0].code == "too_many"
    comment(world, row, by="owner")
    comment(world, row, at=world.at + HOUR)
    act: dict[str, Any] = {"actor": world.viewer("leader"), "comment": said.uuid, "at": world.at}
    for n in range(MAX_EDITS):
        edit_comment(**act, text=f"Version {n}")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        edit_comment(**act, text="Once more")
    assert refused.value.fields["text"][0].code == "too_many"


def test_a_comment_names_the_reading_it_is_about(world: World) -> None:
    row = builders.risk(world)
    watch = reading.indicator(world, row)
    (value,) = reading.read(world, watch, "81.2").readings
    assert comment(world, watch, reading=str(value.uuid)).reading == value.uuid
    for thing in (row, reading.indicator(world, row, names={"en": "Another"})):
        with nothing_changes(), pytest.raises(Invalid) as refused:
            comment(world, thing, reading=str(value.uuid))
        assert refused.value.fields["reading"][0].code == "unknown"


# Mentions --------------------------------------------------------------------------------------
def mails(person: Any) -> list[Message]:
    return list(Message.objects.filter(kind="comment", recipient=person.uuid).order_by("pk"))


def test_who_is_mentioned_is_written_to_in_their_language_once(world: World) -> None:
    type(world.partner_owner).objects.filter(pk=world.partner_owner.pk).update(language="zh-hans")
    row = builders.risk(world)
    said = comment(
        world, row, mentions=[world.partner_owner.email, str(world.auditor.uuid),
                              world.leader.email, world.partner_owner.email],
    )  # fmt: skip
    # Oneself is not; the same person is once.
    assert set(said.mentions) == {str(world.partner_owner.uuid), str(world.auditor.uuid)}
    (mail,) = mails(world.partner_owner)
    assert "提到了您" in mail.subject
    assert row.ref in mail.subject
    assert f"/comments/{said.uuid}/" in mail.text
    assert said.text in mail.text
    assert len(mails(world.auditor)) == 1
    assert not mails(world.leader)
    channels = Delivery.objects.filter(message=mail).values_list("channel", flat=True)
    assert set(channels) == {"mail", "inbox"}
    # An edit writes to those whom it mentions first.
    edit_comment(
        actor=world.viewer("leader"), comment=said.uuid, text="More",
        mentions=[world.partner_owner.email, world.owner.email], at=world.at + HOUR,
    )  # fmt: skip
    assert len(mails(world.partner_owner)) == 1
    assert len(mails(world.owner)) == 1
    inbox = builders.web(world.owner).get("/inbox/").content.decode()
    assert "mentions you" in inbox


def test_who_may_not_read_it_is_not_mentioned_and_the_refusal_names_who_could_be(
    world: World,
) -> None:
    row = builders.risk(world, visibility="party")
    for who in ("partner_leader", "auditor"):
        with nothing_changes(), pytest.raises(Invalid) as refused:
            comment(world, row, mentions=[getattr(world, who).email])
        (error,) = refused.value.fields["mentions"]
        assert error.code == "unknown_member"
        assert str(world.manager) in error.detail
        assert str(world.partner_manager) not in error.detail
    with nothing_changes(), pytest.raises(Invalid):
        comment(world, row, mentions=[world.outsider.email])
    with nothing_changes(), pytest.raises(Invalid):
        comment(world, row, mentions=[world.integration.email])


def test_a_mail_that_waits_says_what_is_true_when_it_is_sent(world: World) -> None:
    row = builders.risk(world)
    known = refresher("comment")
    assert known is not None
    act: dict[str, Any] = {"actor": world.viewer("leader"), "at": world.at}
    mention = [world.partner_owner.email, world.deputy.email]
    said = comment(world, row, mentions=mention)
    gone, kept = mails(world.partner_owner)[0], mails(world.deputy)[0]
    edit_comment(**act, comment=said.uuid, text="Said better")
    now = known.content_now(kept.uuid, world.at)
    assert now is not None
    assert "Said better" in now.text
    end_membership(register=world.register, user=world.partner_owner, at=world.at, by=world.founder)
    assert known.content_now(gone.uuid, world.at) is None
    edit_comment(**act, comment=said.uuid, text="Said better", mentions=[])
    assert known.content_now(kept.uuid, world.at) is None
    other = comment(world, row, mentions=[world.deputy.email])
    withdraw_comment(**act, comment=other.uuid)
    assert known.content_now(mails(world.deputy)[1].uuid, world.at) is None


def test_the_mail_of_something_private_is_looked_after_by_its_own_party(world: World) -> None:
    row = builders.risk(world, visibility="party")
    comment(world, row, text="Quietly", mentions=[world.owner.email])
    (mail,) = mails(world.owner)
    assert {a.party for a in mail.audiences.all()} == {world.foton.uuid}


# Faces -----------------------------------------------------------------------------------------
def test_pages_write_edit_withdraw_and_answer(world: World) -> None:
    made = things(world)
    root = f"/r/{world.register.slug}"
    leader, owner = builders.web(world.leader), builders.web(world.owner)
    for kind, thing in made.items():
        name = thing.uuid if kind == "control" else thing.ref
        page = f"{root}/{kind}s/{name}/"
        about = f"{kind}:{name}"
        assert f"comments/?about={kind}%3A" in leader.get(page).content.decode(), kind
        assert leader.get(f"{root}/comments/?about={about}").status_code == 200
        sent = {"about": about, "text": "", "mentions": [str(world.owner.uuid)]}
        assert leader.post(f"{root}/comments/", sent).status_code == 400
        done = leader.post(f"{root}/comments/", {**sent, "text": f"What of this {kind}?"})
        assert (done.status_code, done["Location"]) == (302, f"{page}#comments")
        assert f"What of this {kind}?" in owner.get(page).content.decode()
    everything = owner.get(f"{root}/comments/").content.decode()
    assert all(f"What of this {kind}?" in everything for kind in made)
    said = Comment.objects.get(about_type="risk")
    here = f"{root}/comments/{said.uuid}/"
    answer = f"answer={said.uuid}"
    assert answer in owner.get(here).content.decode()
    form = owner.get(f"{root}/comments/?about=risk:{made['risk'].ref}&{answer}").content.decode()
    assert f'<option value="{world.leader.uuid}" selected>' in form
    assert "Edit it" not in owner.get(here).content.decode()
    assert leader.post(here, {"text": "Better", "version": "9"}).status_code == 409
    assert leader.post(here, {"text": "Better", "version": "1"}).status_code == 302
    shown = owner.get(here).content.decode()
    assert "Better" in shown
    assert "What of this risk?" in shown
    assert owner.post(f"{here}withdraw/", {"version": "2"}).status_code == 403
    assert leader.post(f"{here}withdraw/", {"version": "2"}).status_code == 302
    page = owner.get(f"{root}/risks/{made['risk'].ref}/").content.decode()
    assert "This comment was withdrawn." in page
    assert "Better" not in page
    assert (
        "withdrew a comment"
        in owner.get(f"{root}/risks/{made['risk'].ref}/history/").content.decode()
    )


def test_the_pages_of_a_partys_own_comments_are_not_there_for_others(world: World) -> None:
    row = builders.risk(world, visibility="party")
    said = comment(world, row)
    root = f"/r/{world.register.slug}"
    for person in (world.partner_leader, world.auditor):
        client = builders.web(person)
        assert client.get(f"{root}/comments/?about=risk:{row.ref}").status_code == 404
        assert client.get(f"{root}/comments/{said.uuid}/").status_code == 404
        assert client.post(f"{root}/comments/{said.uuid}/", {"text": "x"}).status_code == 404
        assert client.post(f"{root}/comments/{said.uuid}/withdraw/").status_code == 404
        sent = {"about": f"risk:{row.ref}", "text": "x"}
        assert client.post(f"{root}/comments/", sent).status_code == 404
    for about in ("risk:R-999", "party:foton", "nothing", "control:1"):
        assert builders.web(world.leader).get(f"{root}/comments/?about={about}").status_code == 404


def test_pages_of_fifty(world: World) -> None:
    row = builders.risk(world)
    rows = [
        Comment(
            register=row.register, party=row.party, visibility="shared", about_type="risk",
            about=row.uuid, author=world.leader, text=f"Number {n:03}",
            created_at=world.at + n * HOUR,
        )
        for n in range(60)
    ]  # fmt: skip
    Comment.objects.bulk_create(rows)
    client, here = builders.web(world.owner), f"/r/{world.register.slug}/comments/"
    first = client.get(f"{here}?about=risk:{row.ref}").content.decode()
    last = client.get(f"{here}?about=risk:{row.ref}&page=2").content.decode()
    assert "Number 059" in first
    assert "Number 009" not in first
    assert "Number 009" in last
    assert "Number 010" not in last
    beside = client.get(f"/r/{world.register.slug}/risks/{row.ref}/").content.decode()
    assert "Number 055" in beside
    assert "Number 054" not in beside
    assert "All comments" in beside


def test_the_feed_alone_rebuilds_every_comment_that_its_reader_may_read(world: World) -> None:
    made = things(world)
    for thing in made.values():
        comment(world, thing, text=f"On {thing}")
    said = comment(world, made["risk"], text="First", mentions=[world.owner.email])
    act: dict[str, Any] = {"actor": world.viewer("leader"), "comment": said.uuid}
    edit_comment(**act, text="Second", at=world.at + HOUR)
    withdraw_comment(**act, at=world.at + 2 * HOUR)
    comment(world, builders.risk(world, visibility="party"), text="Quietly")
    client = builders.api(world.partner_leader)
    here = f"/api/v1/registers/{world.register.slug}"
    folded: dict[str, Any] = {}
    for event in client.get(f"{here}/changes/?limit=500").json()["results"]:
        if not event["verb"].startswith("comment."):
            continue
        now = event["changes"]["comment"][1]
        row = folded.setdefault(now["id"], {"created_at": event["at"]})
        row |= {"author": event["actor"]["id"], "about": event["object"]["id"], **now}
    listed = client.get(f"{here}/comments/").json()["results"]
    assert {c["id"] for c in listed} == set(folded)
    assert len(listed) == len(made) + 1
    for shown in listed:
        told = folded[shown["id"]]
        assert (told["text"], told["about"]) == (shown["text"], shown["about"]["id"])
        assert (told["author"], told["created_at"]) == (shown["author"]["id"], shown["created_at"])
        assert told.get("mentions", []) == [m["id"] for m in shown["mentions"]]
        assert told.get("withdrawn", False) == (shown["withdrawn_at"] is not None)
    assert Risk.objects.count() == 2
