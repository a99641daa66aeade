"""What was typed and not saved: for its writer alone, unreadable in the database, for an hour."""

import datetime as dt

import pytest

from riskreg.requests import services
from riskreg.requests.models import Draft
from riskreg.requests.queries import Typed, draft_of
from riskreg.requests.services import DRAFTS_PER_PERSON, drop_draft, keep_draft, purge_expired
from tests.builders import AT, World

TYPED = Typed(
    page="/r/test/risks/new/?back=1",
    path="/r/test/risks/new/",
    fields=[("title", "锂价上涨"), ("objective", "a"), ("objective", "b")],
    left_out=["password"],
    files=[("file", "readings.csv")],
)


def test_a_draft_comes_back_as_it_was_to_its_writer_and_to_nobody_else(world: World) -> None:
    assert keep_draft(user=world.owner, key="k", typed=TYPED, at=AT)
    assert draft_of(user=world.owner, key="k", at=AT) == TYPED
    assert draft_of(user=world.partner_owner, key="k", at=AT) is None
    assert draft_of(user=world.owner, key="other", at=AT) is None


def test_a_draft_cannot_be_read_in_the_database(world: World) -> None:
    keep_draft(user=world.owner, key="k", typed=TYPED, at=AT)
    stored = Draft.objects.get().sealed
    assert not any(word in stored for word in ("锂价", "title", "risks"))
    Draft.objects.update(sealed=stored[:-8] + "AAAAAAA=")
    assert draft_of(user=world.owner, key="k", at=AT) is None


def test_a_draft_is_kept_for_an_hour_and_then_purged(world: World) -> None:
    keep_draft(user=world.owner, key="k", typed=TYPED, at=AT)
    assert draft_of(user=world.owner, key="k", at=AT + dt.timedelta(minutes=59)) == TYPED
    assert purge_expired(AT + dt.timedelta(minutes=59)) == (0, 0)
    late = AT + dt.timedelta(hours=1)
    assert draft_of(user=world.owner, key="k", at=late) is None
    assert purge_expired(late) == (0, 1)
    assert not Draft.objects.exists()


def test_a_person_keeps_the_newest_ten_and_none_of_another_is_pushed_out(world: World) -> None:
    keep_draft(user=world.partner_owner, key="theirs", typed=TYPED, at=AT)
    for n in range(DRAFTS_PER_PERSON + 3):
        keep_draft(user=world.owner, key=f"k{n}", typed=TYPED, at=AT + dt.timedelta(seconds=n))
    kept = set(Draft.objects.filter(user=world.owner).values_list("key", flat=True))
    assert kept == {f"k{n}" for n in range(3, DRAFTS_PER_PERSON + 3)}
    assert draft_of(user=world.partner_owner, key="theirs", at=AT) == TYPED


def test_more_than_a_form_can_hold_is_not_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "DRAFT_BYTES", 150)
    long = Typed(page="/", path="/", fields=[("title", "x" * 200)])
    assert not keep_draft(user=world.owner, key="k", typed=long, at=AT)
    assert not Draft.objects.exists()


def test_what_was_typed_again_replaces_what_was_and_can_be_dropped(world: World) -> None:
    keep_draft(user=world.owner, key="k", typed=TYPED, at=AT)
    again = Typed(page="/", path="/", fields=[("title", "other")])
    keep_draft(user=world.owner, key="k", typed=again, at=AT)
    assert draft_of(user=world.owner, key="k", at=AT) == again
    drop_draft(user=world.partner_owner, key="k")
    assert Draft.objects.count() == 1
    drop_draft(user=world.owner, key="k")
    assert not Draft.objects.exists()
