"""The ladder, who hears of it, and when, as tables and properties."""

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskreg.kernel.errors import Invalid
from riskreg.reminders.policy import (
    DEFAULT_LADDER,
    MAX_RUNGS,
    DigestOfDay,
    DutyScope,
    Extension,
    Member,
    Recipient,
    Roster,
    Rung,
    clean_ladder,
    day_of_rung,
    digest_of_day,
    due_date_cutoffs,
    highest_rung_reached,
    next_digest_day,
    recipients_or_fallback,
    rung_of,
    rungs_below,
    rungs_from,
    rungs_from_offset,
)

DUE = dt.date(2026, 11, 27)
DAY = dt.timedelta(days=1)


def days(n: int) -> dt.timedelta:
    return dt.timedelta(days=n)


# Rungs --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("after", "rung"),
    [
        (-400, None), (-15, None), (-14, -14), (-4, -14), (-3, -3), (-1, -3), (0, 0), (1, 0),
        (6, 0), (7, 7), (20, 7), (21, 21), (4000, 21),
    ],
)  # fmt: skip
def test_the_highest_rung_that_has_come(after: int, rung: int | None) -> None:
    found = highest_rung_reached(DEFAULT_LADDER, DUE, DUE + days(after))
    assert (found.offset_days if found else None) == rung


LADDERS = st.lists(st.integers(-60, 60), min_size=1, max_size=6, unique=True).map(
    lambda offsets: tuple(Rung(offset) for offset in sorted(offsets))
)
EXTENSIONS = st.builds(
    lambda later, granted: Extension(DUE + days(later), DUE + days(granted)),
    st.integers(1, 120),
    st.integers(-90, 90),
)


@given(LADDERS, st.integers(-200, 200))
def test_selecting_by_date_and_asking_by_duty_agree(ladder: tuple[Rung, ...], after: int) -> None:
    today = DUE + days(after)
    selected = next((rung for rung, last in due_date_cutoffs(ladder, today) if last >= DUE), None)
    assert selected == highest_rung_reached(ladder, DUE, today)


@given(LADDERS, st.integers(-200, 200), st.integers(0, 50), st.none() | EXTENSIONS)
def test_the_ladder_only_goes_up(
    ladder: tuple[Rung, ...], after: int, later: int, extension: Extension | None
) -> None:
    first = highest_rung_reached(ladder, DUE, DUE + days(after), extension)
    second = highest_rung_reached(ladder, DUE, DUE + days(after + later), extension)
    if first is not None:
        assert second is not None
        assert second == first or first in rungs_below(ladder, second)


@given(LADDERS, EXTENSIONS)
def test_an_extension_defers_what_had_not_come_when_it_was_granted_and_nothing_else(
    ladder: tuple[Rung, ...], extension: Extension
) -> None:
    for rung in ladder:
        plain = DUE + days(rung.offset_days)
        comes = day_of_rung(rung, DUE, extension)
        if plain <= extension.granted_on:
            assert comes == plain
        else:
            assert comes == extension.until + days(rung.offset_days) > plain
    at_grant = highest_rung_reached(ladder, DUE, extension.granted_on, extension)
    assert at_grant == highest_rung_reached(ladder, DUE, extension.granted_on)


@given(LADDERS)
def test_a_ladder_survives_being_stored(ladder: tuple[Rung, ...]) -> None:
    assert rungs_from([rung.as_json() for rung in ladder]) == ladder
    assert [rung_of(ladder, r.offset_days) for r in ladder] == list(ladder)
    assert rungs_from_offset(ladder, None) == ladder
    assert rungs_from_offset(ladder, 0) == tuple(r for r in ladder if r.offset_days >= 0)


# What is no ladder --------------------------------------------------------------------------------
GOOD = {"offset_days": 0, "tells": ["owner"]}


def rung(offset: object, **more: object) -> dict[str, object]:
    return {"offset_days": offset, "tells": ["owner"], **more}


@pytest.mark.parametrize(
    ("data", "field", "code"),
    [
        ("no", "rungs", "not_a_list"),
        (None, "rungs", "not_a_list"),
        ([], "rungs", "count"),
        ([rung(n) for n in range(MAX_RUNGS + 1)], "rungs", "count"),
        ([rung(-3), rung(7)], "rungs", "none_at_zero"),
        ([GOOD, rung(7), rung(7)], "rungs.2.offset_days", "twice"),
        ([GOOD, rung(0)], "rungs.1.offset_days", "twice"),
        ([GOOD, rung(366)], "rungs.1.offset_days", "too_far"),
        ([rung(-366), GOOD], "rungs.0.offset_days", "too_far"),
        ([GOOD, rung(1.5)], "rungs.1.offset_days", "not_a_number"),
        ([GOOD, rung("7")], "rungs.1.offset_days", "not_a_number"),
        ([GOOD, rung(True)], "rungs.1.offset_days", "not_a_number"),
        ([GOOD, {"tells": ["owner"]}], "rungs.1.offset_days", "not_a_number"),
        ([GOOD, "seven"], "rungs.1", "not_a_rung"),
        ([GOOD, rung(7, colour="red")], "rungs.1", "unknown_field"),
        ([GOOD, rung(7, tells=["owner", "boss"])], "rungs.1.tells", "unknown"),
        ([GOOD, rung(7, tells="owner")], "rungs.1.tells", "not_a_list"),
        ([GOOD, rung(7, tells=[["owner"]])], "rungs.1.tells", "unknown"),
        ([GOOD, rung(7, tells=[])], "rungs.1.tells", "required"),
        ([GOOD, {"offset_days": 7}], "rungs.1.tells", "required"),
        ([GOOD, rung(7, users=["nobody"])], "rungs.1.users", "unknown_member"),
        ([GOOD, rung(7, users="nobody")], "rungs.1.users", "not_a_list"),
        ([GOOD, rung(7, users=[str(uuid.uuid4())] * 21)], "rungs.1.users", "too_many"),
        ([GOOD, rung(7, channels=["mail", "pigeon"])], "rungs.1.channels", "unknown"),
        ([GOOD, rung(7, channels=["chat"])], "rungs.1.channels", "mail_needed"),
        ([GOOD, rung(7, channels=[])], "rungs.1.channels", "mail_needed"),
        ([GOOD, rung(7, interrupts="yes")], "rungs.1.interrupts", "not_a_boolean"),
    ],
)
def test_what_is_wrong_with_a_ladder_is_said_of_its_rung(
    data: object, field: str, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        clean_ladder(data)
    assert [e.code for e in refused.value.fields[field]] == [code]
    assert list(refused.value.fields) == [field]


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        clean_ladder([rung(400), rung(3, tells=["boss"]), rung(3, channels=["pigeon"])])
    assert sorted(refused.value.fields) == [
        "rungs.0.offset_days", "rungs.1.tells", "rungs.2.channels", "rungs.2.offset_days",
    ]  # fmt: skip


def test_a_ladder_is_put_in_order_and_its_rungs_completed() -> None:
    user = uuid.uuid4()
    data = [
        rung(7, tells=["managers", "owner", "owner"], channels=["chat", "mail"], interrupts=True),
        rung(-3, tells=[], users=[str(user), user]),
        GOOD,
    ]
    assert clean_ladder(data) == (
        Rung(-3, (), (user,)),
        Rung(0, ("owner",)),
        Rung(7, ("owner", "managers"), (), ("mail", "chat"), interrupts=True),
    )
    assert clean_ladder(list(DEFAULT_LADDER)) == DEFAULT_LADDER
    assert clean_ladder([r.as_json() for r in DEFAULT_LADDER]) == DEFAULT_LADDER


# Who hears of it ----------------------------------------------------------------------------------
# Users 1 to 3 and 6 act for party 1, 4, 5, 7 and 8 for party 2.
OWNER, DEPUTY, MANAGER, LEADER, PARTNER = 1, 2, 3, 6, 4
NAMED = uuid.uuid4()
ALL = {
    OWNER: Member(OWNER, 1, "owner"),
    DEPUTY: Member(DEPUTY, 1, "owner"),
    MANAGER: Member(MANAGER, 1, "manager"),
    LEADER: Member(LEADER, 1, "leader"),
    PARTNER: Member(PARTNER, 2, "owner"),
    5: Member(5, 2, "manager"),
    7: Member(7, 2, "leader"),
    8: Member(8, 2, "viewer"),
}
ASKS = {r.offset_days: r for r in DEFAULT_LADDER}


def told(
    rung: Rung,
    *,
    owner: int | None = OWNER,
    deputy: int | None = None,
    gone: tuple[int, ...] = (),
    away: dict[int, int | None] | None = None,
    private: bool = False,
) -> list[tuple[int, str, int | None]]:
    members = {user: member for user, member in ALL.items() if user not in gone}
    roster = Roster(members, away or {}, {NAMED: 8})
    found = recipients_or_fallback(rung, DutyScope(owner, deputy, 1, private), roster)
    return [(r.user_id, r.part, r.for_id) for r in found]


@pytest.mark.parametrize(
    ("rung", "gone", "owner", "deputy", "expected"),
    [
        (-14, (), OWNER, DEPUTY, [(OWNER, "owner")]),
        (0, (), OWNER, DEPUTY, [(OWNER, "owner"), (DEPUTY, "deputy")]),
        (0, (), OWNER, None, [(OWNER, "owner")]),
        (7, (), OWNER, DEPUTY, [(OWNER, "owner"), (DEPUTY, "deputy"), (MANAGER, "manager")]),
        (7, (), MANAGER, None, [(MANAGER, "owner")]),
        (21, (), OWNER, None, [(OWNER, "owner"), (MANAGER, "manager"), (LEADER, "leader")]),
        (21, (MANAGER,), OWNER, None, [(OWNER, "owner"), (LEADER, "manager")]),
        (-14, (OWNER,), OWNER, DEPUTY, [(DEPUTY, "deputy")]),
        (0, (DEPUTY,), OWNER, DEPUTY, [(OWNER, "owner")]),
        (-14, (OWNER, DEPUTY), OWNER, DEPUTY, [(MANAGER, "stand_in")]),
        (7, (OWNER,), OWNER, None, [(MANAGER, "stand_in")]),
        (7, (OWNER, MANAGER), OWNER, None, [(LEADER, "stand_in")]),
        (21, (OWNER,), OWNER, None, [(MANAGER, "stand_in"), (LEADER, "leader")]),
        (7, (MANAGER,), OWNER, None, [(OWNER, "owner"), (LEADER, "manager")]),
        (7, (OWNER, MANAGER, LEADER), OWNER, None, []),
        (0, (), OWNER, PARTNER, [(OWNER, "owner"), (PARTNER, "deputy")]),
    ],
)
def test_who_hears_of_a_shared_risk(
    rung: int,
    gone: tuple[int, ...],
    owner: int,
    deputy: int | None,
    expected: list[tuple[int, str]],
) -> None:
    found = told(ASKS[rung], owner=owner, deputy=deputy, gone=gone)
    assert found == [(user, part, None) for user, part in expected]


@pytest.mark.parametrize(
    ("rung", "away", "deputy", "expected"),
    [
        # Who stands in for the owner comes before the deputy.
        (-14, {OWNER: 5}, DEPUTY, [(5, "for_away", OWNER)]),
        (-14, {OWNER: None}, DEPUTY, [(DEPUTY, "deputy", None)]),
        (-14, {OWNER: MANAGER, MANAGER: None}, DEPUTY, [(DEPUTY, "deputy", None)]),
        (-14, {OWNER: None, DEPUTY: 5}, DEPUTY, [(5, "for_away", DEPUTY)]),
        # The owner is away, not gone: managers are told for them, and asked for no new owner.
        (-14, {OWNER: None}, None, [(MANAGER, "for_away", OWNER)]),
        (-14, {OWNER: None, MANAGER: None}, None, [(LEADER, "for_away", OWNER)]),
        (-14, {OWNER: None, MANAGER: None, LEADER: None}, None, []),
        (0, {DEPUTY: MANAGER}, DEPUTY, [(OWNER, "owner", None), (MANAGER, "for_away", DEPUTY)]),
        (7, {MANAGER: None}, None, [(OWNER, "owner", None), (LEADER, "manager", None)]),
        # A stand-in who can no longer answer for things is none.
        (-14, {OWNER: 8}, DEPUTY, [(DEPUTY, "deputy", None)]),
    ],
)
def test_who_hears_for_one_who_is_away(
    rung: int,
    away: dict[int, int | None],
    deputy: int | None,
    expected: list[tuple[int, str, int | None]],
) -> None:
    assert told(ASKS[rung], deputy=deputy, away=away) == expected


def test_rungs_that_tell_others_than_the_owner_tell_only_them() -> None:
    assert told(Rung(3, ("managers",))) == [(MANAGER, "manager", None)]
    assert told(Rung(3, ("leaders",))) == [(LEADER, "leader", None)]
    assert told(Rung(3, ("managers",)), gone=(MANAGER,)) == [(LEADER, "manager", None)]
    assert told(Rung(3, (), (NAMED,))) == [(8, "named", None)]
    assert told(Rung(3, ("owner",), (NAMED,))) == [(OWNER, "owner", None), (8, "named", None)]


def test_when_those_named_are_not_there_the_duty_goes_to_who_answers_for_it() -> None:
    assert told(Rung(3, ("leaders",)), gone=(LEADER,)) == [(OWNER, "owner", None)]
    assert told(Rung(3, (), (NAMED,)), gone=(8,)) == [(OWNER, "owner", None)]
    # Somebody of the other party, named for what is private.
    assert told(Rung(3, (), (NAMED,)), private=True) == [(OWNER, "owner", None)]
    assert told(Rung(3, ("deputy",)), gone=(OWNER,)) == [(MANAGER, "stand_in", None)]


@given(
    st.sampled_from([*DEFAULT_LADDER, Rung(3, ("leaders",), (NAMED,)), Rung(4, (), (NAMED,))]),
    st.sampled_from([OWNER, DEPUTY, PARTNER, 5]),
    st.sampled_from([None, OWNER, DEPUTY, PARTNER, 5]),
    st.sets(st.sampled_from(sorted(ALL))),
    st.dictionaries(st.sampled_from(sorted(ALL)), st.none() | st.sampled_from(sorted(ALL))),
)
def test_a_private_risk_is_told_inside_its_party(
    rung: Rung,
    owner: int,
    deputy: int | None,
    gone: set[int],
    away: dict[int, int | None],
) -> None:
    found = told(rung, owner=owner, deputy=deputy, gone=tuple(gone), away=away, private=True)
    people = [user for user, _part, _for in found]
    assert all(ALL[user].party_id == 1 for user in people)
    assert len(set(people)) == len(people)
    assert not set(people) & (gone | set(away))
    there = {MANAGER, LEADER} - gone - set(away)
    assert found or not there


@given(st.sampled_from(DEFAULT_LADDER), st.sets(st.sampled_from(sorted(ALL))))
def test_nobody_is_told_twice_and_nobody_at_all_only_without_heads(
    rung: Rung, gone: set[int]
) -> None:
    found = [Recipient(*r) for r in told(rung, deputy=DEPUTY, gone=tuple(gone))]
    assert len({r.user_id for r in found}) == len(found)
    assert found or {OWNER, DEPUTY, MANAGER, LEADER} <= gone


# When ---------------------------------------------------------------------------------------------
# 27 November 2026 is a Friday.
def weekday(day: dt.date) -> bool:
    return day.isoweekday() < 6


@pytest.mark.parametrize(
    ("hour", "last", "day", "come"),
    [
        (6, DUE - DAY, DUE, False),
        (7, DUE - DAY, DUE, True),
        (23, DUE - DAY, DUE, True),
        (7, None, DUE, True),
        (6, None, DUE, False),
        # Nothing ran on Thursday from seven on: made up for as soon as something does.
        (0, DUE - 2 * DAY, DUE, True),
        # Not on a weekend, and on Monday at its hour: no working day went by.
        (9, DUE, DUE + DAY, False),
        (6, DUE, DUE + 3 * DAY, False),
        (7, DUE, DUE + 3 * DAY, True),
        # Friday's was missed: Monday's does not wait for its hour.
        (0, DUE - DAY, DUE + 3 * DAY, True),
    ],
)
def test_when_the_hour_of_a_digest_has_come(
    hour: int, last: dt.date | None, day: dt.date, come: bool
) -> None:
    assert (digest_of_day(day, hour, 7, last, weekday) is DigestOfDay.DUE) is come


@pytest.mark.parametrize(
    ("hour", "last", "day", "over"),
    [
        # A day of work has its digest to come, or to be written.
        (6, DUE - DAY, DUE, False),
        (7, DUE - DAY, DUE, False),
        # A Saturday is over at the hour of digests, in the morning of an outage as well.
        (6, DUE, DUE + DAY, False),
        (7, DUE, DUE + DAY, True),
        (23, DUE, DUE + 2 * DAY, True),
        (7, None, DUE + DAY, True),
        # Friday's is owed: on Monday it is made up for, and must not be forgotten before.
        (23, DUE - DAY, DUE + DAY, False),
    ],
)
def test_when_a_day_has_no_digest_to_come(
    hour: int, last: dt.date | None, day: dt.date, over: bool
) -> None:
    assert (digest_of_day(day, hour, 7, last, weekday) is DigestOfDay.NONE) is over


@pytest.mark.parametrize(
    ("local", "day"),
    [
        (dt.datetime(2026, 11, 27, 0, 0, tzinfo=dt.UTC), DUE),
        (dt.datetime(2026, 11, 27, 7, 30, tzinfo=dt.UTC), DUE),
        (dt.datetime(2026, 11, 27, 8, 0, tzinfo=dt.UTC), DUE + 3 * DAY),
        (dt.datetime(2026, 11, 28, 0, 0, tzinfo=dt.UTC), DUE + 3 * DAY),
    ],
)
def test_which_digest_carries_what_comes_now(local: dt.datetime, day: dt.date) -> None:
    assert next_digest_day(local, 7, weekday) == day
    assert next_digest_day(local, 7, lambda day: False) is None
