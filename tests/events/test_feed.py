"""The changes feed: everything once, nothing of another party, in the order of commit."""

import uuid

import pytest

from riskreg.events import queries
from riskreg.events.services import append, append_all
from tests.events.test_chain import C_OWN, F_OWN, SHARED, entry

pytestmark = pytest.mark.django_db


def read_all(audience: object, limit: int) -> list[tuple[str, int]]:
    shared = own = 0
    seen: list[tuple[str, int]] = []
    for _ in range(100):
        page = queries.changes_after(audience, shared, own, limit)
        assert len(page.events) <= limit
        seen += [(e.chain.key, e.seq) for e in page.events]
        shared, own = page.shared_seq, page.own_seq
        if not page.more:
            return seen
    raise AssertionError("the feed never ends")


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_a_reader_gets_each_event_once_and_in_order(limit: int) -> None:
    append_all([entry(a) for a in (SHARED, F_OWN, C_OWN, SHARED, SHARED, F_OWN, C_OWN, SHARED)])
    assert sorted(read_all(F_OWN, limit)) == sorted(
        [(SHARED.key, n) for n in (1, 2, 3, 4)] + [(F_OWN.key, n) for n in (1, 2)]
    )
    for key in (SHARED.key, F_OWN.key):
        seqs = [seq for k, seq in read_all(F_OWN, limit) if k == key]
        assert seqs == sorted(seqs)
    assert read_all(SHARED, limit) == [(SHARED.key, n) for n in (1, 2, 3, 4)]


def test_a_reader_that_comes_back_gets_only_what_is_new() -> None:
    append_all([entry(SHARED), entry(F_OWN)])
    page = queries.changes_after(F_OWN, 0, 0, 10)
    assert (page.shared_seq, page.own_seq, page.more) == (1, 1, False)
    append(entry(SHARED, verb="risk.closed"))
    later = queries.changes_after(F_OWN, page.shared_seq, page.own_seq, 10)
    assert [e.verb for e in later.events] == ["risk.closed"]
    assert (later.shared_seq, later.own_seq) == (2, 1)


def test_history_is_of_the_subjects_and_of_the_audience() -> None:
    other = uuid.UUID(int=10)
    append_all(
        [
            entry(SHARED, verb="a"),
            entry(F_OWN, verb="b"),
            entry(SHARED, verb="c", subject_uuid=other),
        ]
    )
    subject = uuid.UUID(int=9)
    assert [e.verb for e in queries.history_of(F_OWN, [subject])] == ["b", "a"]
    assert [e.verb for e in queries.history_of(C_OWN, [subject])] == ["a"]
    assert [e.verb for e in queries.visible_events(C_OWN).order_by("seq")] == ["a", "c"]
