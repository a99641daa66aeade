"""The ladder and who hears of it, as tables and properties."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskreg.reminders.policy import (
    LADDER,
    Member,
    Recipient,
    Rung,
    below,
    reached,
    recipients,
    rung_at,
)

DUE = dt.date(2026, 11, 27)


@pytest.mark.parametrize(
    ("days", "rung"),
    [
        (-400, None), (-15, None), (-14, "early"), (-1, "early"), (0, "due"), (1, "due"),
        (6, "due"), (7, "late"), (8, "late"), (4000, "late"),
    ],
)  # fmt: skip
def test_the_highest_rung_that_has_come(days: int, rung: str | None) -> None:
    found = rung_at(LADDER, DUE, DUE + dt.timedelta(days=days))
    assert (found.key if found else None) == rung


LADDERS = st.lists(st.integers(-60, 60), min_size=1, max_size=6, unique=True).map(
    lambda offsets: tuple(Rung(f"r{n}", offset, ()) for n, offset in enumerate(sorted(offsets)))
)


@given(LADDERS, st.integers(-200, 200))
def test_selecting_by_date_and_asking_by_duty_agree(ladder: tuple[Rung, ...], days: int) -> None:
    today = DUE + dt.timedelta(days=days)
    selected = next((rung for rung, last in reached(ladder, today) if last >= DUE), None)
    assert selected == rung_at(ladder, DUE, today)


@given(LADDERS, st.integers(-200, 200), st.integers(0, 50))
def test_the_ladder_only_goes_up(ladder: tuple[Rung, ...], days: int, later: int) -> None:
    first = rung_at(ladder, DUE, DUE + dt.timedelta(days=days))
    second = rung_at(ladder, DUE, DUE + dt.timedelta(days=days + later))
    if first is not None:
        assert second is not None
        assert second == first or first in below(ladder, second)


# Users 1 to 3 act for party 1, 4 and 5 for party 2.
OWNER, DEPUTY, MANAGER, LEADER, PARTNER = 1, 2, 3, 6, 4
ALL = {
    OWNER: Member(OWNER, 1, "owner"),
    DEPUTY: Member(DEPUTY, 1, "owner"),
    MANAGER: Member(MANAGER, 1, "manager"),
    LEADER: Member(LEADER, 1, "leader"),
    PARTNER: Member(PARTNER, 2, "owner"),
    5: Member(5, 2, "manager"),
}


@pytest.mark.parametrize(
    ("rung", "gone", "owner", "deputy", "told"),
    [
        ("early", (), OWNER, DEPUTY, [(OWNER, "owner")]),
        ("due", (), OWNER, DEPUTY, [(OWNER, "owner"), (DEPUTY, "deputy")]),
        ("due", (), OWNER, None, [(OWNER, "owner")]),
        ("late", (), OWNER, DEPUTY, [(OWNER, "owner"), (DEPUTY, "deputy"), (MANAGER, "manager")]),
        ("late", (), MANAGER, None, [(MANAGER, "owner")]),
        ("early", (OWNER,), OWNER, DEPUTY, [(DEPUTY, "deputy")]),
        ("due", (DEPUTY,), OWNER, DEPUTY, [(OWNER, "owner")]),
        ("early", (OWNER, DEPUTY), OWNER, DEPUTY, [(MANAGER, "stand_in")]),
        ("late", (OWNER,), OWNER, None, [(MANAGER, "stand_in")]),
        ("late", (OWNER, MANAGER), OWNER, None, [(LEADER, "stand_in")]),
        ("late", (MANAGER,), OWNER, None, [(OWNER, "owner"), (LEADER, "manager")]),
        ("late", (OWNER, MANAGER, LEADER), OWNER, None, []),
        ("due", (), OWNER, PARTNER, [(OWNER, "owner"), (PARTNER, "deputy")]),
    ],
)
def test_who_hears_of_a_shared_risk(
    rung: str, gone: tuple[int, ...], owner: int, deputy: int | None, told: list[tuple[int, str]]
) -> None:
    members = {user: member for user, member in ALL.items() if user not in gone}
    tells = next(r.tells for r in LADDER if r.key == rung)
    found = recipients(tells, owner=owner, deputy=deputy, party=1, private=False, members=members)
    assert found == [Recipient(*pair) for pair in told]


@given(
    st.sampled_from(LADDER),
    st.sampled_from([OWNER, DEPUTY, PARTNER, 5]),
    st.sampled_from([None, OWNER, DEPUTY, PARTNER, 5]),
    st.sets(st.sampled_from(sorted(ALL))),
)
def test_a_private_risk_is_told_inside_its_party(
    rung: Rung, owner: int, deputy: int | None, gone: set[int]
) -> None:
    members = {user: member for user, member in ALL.items() if user not in gone}
    found = recipients(
        rung.tells, owner=owner, deputy=deputy, party=1, private=True, members=members
    )
    assert all(ALL[r.user_id].party_id == 1 for r in found)
    assert len({r.user_id for r in found}) == len(found)
    heads = {MANAGER, LEADER} - gone
    assert found or not heads
