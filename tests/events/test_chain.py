"""I3: the log is gapless and chained, one chain per audience, and a changed byte is found."""

import datetime as dt
import io
import itertools
import json
import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError
from hypothesis import given
from hypothesis import strategies as st

from riskreg.events import queries
from riskreg.events.models import Chain, Event
from riskreg.events.policy import Audience, canonical_json, event_hash, hashed_fields
from riskreg.events.services import Entry, append, append_all, is_brought_in
from tests import builders
from tests.builders import AT, World
from tests.conftest import without_append_only

REGISTER, FOTON, CATL = (uuid.UUID(int=n) for n in (1, 2, 3))
SHARED, F_OWN, C_OWN = Audience(REGISTER), Audience(REGISTER, FOTON), Audience(REGISTER, CATL)


def entry(audience: Audience | None = SHARED, verb: str = "risk.edited", **more: Any) -> Entry:
    return Entry(
        **{
            "audience": audience,
            "verb": verb,
            "subject_type": "risk",
            "subject_uuid": uuid.UUID(int=9),
            "subject_ref": "R-001",
            "at": AT,
            "changes": {"title": ["旧", "new"]},
            **more,
        }
    )


def verified() -> list[str]:
    return [fault.reason for c in queries.all_chains() if (fault := queries.first_fault_in(c))]


def tamper(sql: str, *params: object) -> None:
    with without_append_only(connection), connection.cursor() as cursor:
        cursor.execute(sql, params)


def verify_events() -> str:
    """What the command says when it finds a fault."""
    err = io.StringIO()
    with pytest.raises(CommandError, match="cannot be believed"):
        call_command("verify_events", stdout=io.StringIO(), stderr=err)
    return err.getvalue()


@pytest.mark.django_db
def test_each_audience_has_a_gapless_chain_of_its_own() -> None:
    for audience in (SHARED, F_OWN, SHARED, None, C_OWN, SHARED):
        append(entry(audience))
    seqs = {c.key: [e.seq for e in c.events.order_by("seq")] for c in queries.all_chains()}
    assert seqs == {SHARED.key: [1, 2, 3], F_OWN.key: [1], C_OWN.key: [1], "system": [1]}
    assert verified() == []
    assert [c.key for c in queries.chains_of(F_OWN)] == [F_OWN.key, SHARED.key]
    assert [c.key for c in queries.chains_of(SHARED)] == [SHARED.key]


@pytest.mark.django_db
def test_a_rollback_leaves_no_gap() -> None:
    append(entry())
    with transaction.atomic():
        append_all([entry(), entry(F_OWN)])
        transaction.set_rollback(True)
    assert append(entry()).seq == 2
    assert verified() == []


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused() -> None:
    with pytest.raises(TransactionManagementError):
        append(entry())
    assert Event.objects.count() == 0


@pytest.mark.parametrize(
    "column, value",
    [
        ("changes", '{"title":["旧","neW"]}'),
        ("verb", "risk.opened"),
        ("subject_ref", "R-002"),
        ("request_id", "x"),
        ("brought_in", True),
        ("at", AT + dt.timedelta(microseconds=1)),
        ("recorded_at", AT + dt.timedelta(microseconds=1)),
        ("actor", uuid.UUID(int=4)),
        ("subject_uuid", uuid.UUID(int=8)),
        ("subject_version", 7),
        ("subject_type", "riskk"),
        ("hash", "f" * 64),
    ],
)
@pytest.mark.django_db
def test_one_changed_field_is_found_at_its_row(column: str, value: object) -> None:
    append_all([entry() for _ in range(5)])
    with without_append_only(connection):
        Event.objects.filter(seq=3).update(**{column: value})
    message = verify_events()
    assert f"{SHARED.key} row 3: was changed after it was written" in message
    assert message.count("\n") == 1


@pytest.mark.django_db
def test_one_changed_byte_in_sql_is_found() -> None:
    append_all([entry() for _ in range(4)] + [entry(F_OWN)])
    tamper("UPDATE events_event SET changes = REPLACE(changes, 'new', 'neu') WHERE seq = 2")
    assert f"{SHARED.key} row 2: was changed" in verify_events()


@pytest.mark.parametrize(
    "sql, said",
    [
        ("DELETE FROM events_event WHERE seq = 3", "row 3: row 3 is missing"),
        ("DELETE FROM events_event WHERE seq = 1", "row 1: row 1 is missing"),
        ("DELETE FROM events_event WHERE seq >= 4", "row 4: the newest rows are missing"),
        ("DELETE FROM events_event", "row 1: the newest rows are missing"),
        ("UPDATE events_chain SET seq = 4", "row 5: the newest rows are missing"),
        ("UPDATE events_chain SET head = 'f'", "row 6: the newest rows are missing"),
        ("UPDATE events_event SET previous = 'f' WHERE seq = 2", "row 2: does not follow"),
    ],
)
@pytest.mark.django_db
def test_missing_rows_and_a_cut_tail_are_found(sql: str, said: str) -> None:
    append_all([entry() for _ in range(5)])
    if sql.startswith("UPDATE events_chain SET seq"):
        # A head set back to before the newest row, hash and all.
        head = Event.objects.get(seq=4).hash
        sql = f"UPDATE events_chain SET seq = 4, head = '{head}'"
        said = "row 5: there are rows that the head does not know of"
    tamper(sql)
    assert said in verify_events()


@pytest.mark.django_db
def test_a_rewritten_tail_is_found_even_when_every_hash_in_it_fits() -> None:
    append_all([entry() for _ in range(4)])
    rows = list(Event.objects.order_by("seq"))
    rows[2].changes = canonical_json({"title": ["旧", "forged"]})
    with without_append_only(connection):
        for before, row in itertools.pairwise(rows[1:]):
            row.previous = before.hash
            row.hash = event_hash(hashed_fields(row, SHARED.key), row.previous)
            row.save()
    assert "row 5: the newest rows are missing or the head was changed" in verify_events()


@pytest.mark.django_db
def test_rows_that_come_while_verifying_are_no_fault() -> None:
    append_all([entry(), entry()])
    stale = Chain.objects.get()
    append(entry())
    assert queries.first_fault_in(stale) is None


@pytest.mark.django_db
def test_the_command_says_that_all_is_well(world: World) -> None:
    builders.risk(world)
    builders.risk(world, visibility="party")
    out = io.StringIO()
    call_command("verify_events", stdout=out)
    assert "Every chain is whole." in out.getvalue()
    assert out.getvalue().count(" events, head ") == 3


def test_brought_in_means_entered_with_a_past_date() -> None:
    hour = dt.timedelta(hours=1)
    assert not is_brought_in(AT, AT)
    assert not is_brought_in(AT, AT + hour)
    assert not is_brought_in(AT, AT - hour)
    assert is_brought_in(AT, AT + hour + dt.timedelta(seconds=1))


@pytest.mark.django_db
def test_what_is_brought_in_keeps_both_times() -> None:
    now = AT + dt.timedelta(days=400)
    event = append(entry(recorded_at=now))
    event.refresh_from_db()
    assert (event.at, event.recorded_at, event.brought_in) == (AT, now, True)
    assert verified() == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_canonical_has_one_spelling_and_loses_nothing(value: dict[str, Any]) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(dict(reversed(list(value.items())))) == text


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_difference_changes_the_hash(a: str, b: str) -> None:
    same = event_hash({"x": a}, "p") == event_hash({"x": b}, "p")
    assert same == (a == b)
    assert event_hash({"x": a}, "p") != event_hash({"x": a}, "q")


@pytest.mark.django_db
def test_an_event_from_before_there_were_versions_keeps_its_hash() -> None:
    """An upgrade must not break a chain: what has no version is hashed as it always was."""
    old, new = append_all([entry(), replace(entry(), subject_version=3)])
    assert "subject_version" not in hashed_fields(old, SHARED.key)
    assert hashed_fields(new, SHARED.key)["subject_version"] == 3
    assert verified() == []
