"""What counts as stricter, looser or other: whatever is not plainly stricter asks the others."""

import copy
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskreg.register.appetite import appetite_of
from riskreg.register.change_policy import (
    Effect,
    criteria_differences,
    needs_yes_of_others,
    parties_to_ask_about_transfer,
    time_zone_differences,
)
from riskreg.register.policy import clean_criteria
from tests.builders import matrix

BASE = clean_criteria(matrix(4, 5))
KEYS = [rating["key"] for rating in BASE["ratings"]]
ROLES = ("owner", "manager", "leader")


def changed(**to: Any) -> dict[str, Any]:
    """``BASE`` with ratings' parts by key (``low__cadence_days=30``) or other fields replaced."""
    after = copy.deepcopy(BASE)
    for name, value in to.items():
        key, _dash, part = name.partition("__")
        if part:
            next(r for r in after["ratings"] if r["key"] == key)[part] = value
        else:
            after[name] = value
    return after


def effects(after: dict[str, Any], mapping: Any = None) -> set[Effect]:
    return {d.effect for d in criteria_differences(BASE, after, mapping)}


@pytest.mark.parametrize(
    ("after", "effect"),
    [
        (changed(low__cadence_days=119), Effect.STRENGTHENS),
        (changed(low__cadence_days=121), Effect.WEAKENS),
        (changed(unrated_cadence_days=29), Effect.STRENGTHENS),
        (changed(unrated_cadence_days=31), Effect.WEAKENS),
        (changed(appetite="medium"), Effect.WEAKENS),
        (changed(low__accept_role="manager"), Effect.STRENGTHENS),
        (changed(high__accept_role="manager"), Effect.WEAKENS),
        (changed(label="illustrative"), Effect.MOVES),
        (changed(low__names={"en": "Minor"}), Effect.MOVES),
        (changed(likelihood=BASE["likelihood"][:3]), Effect.MOVES),
        (changed(dimensions=[{"key": "cost", "names": {"en": "Cost"}, "descriptions": []}]),
         Effect.MOVES),
        (changed(ratings=BASE["ratings"][:2]), Effect.MOVES),
    ],
)  # fmt: skip
def test_each_part_of_the_criteria(after: dict[str, Any], effect: Effect) -> None:
    assert effects(after) == {effect}
    assert needs_yes_of_others(criteria_differences(BASE, after)) is (
        effect is not Effect.STRENGTHENS
    )


def test_a_lower_appetite_is_stricter() -> None:
    before = changed(appetite="medium")
    (difference,) = criteria_differences(before, BASE)
    assert difference.effect is Effect.STRENGTHENS


def test_one_cell_or_level_of_another_kind_asks() -> None:
    after = copy.deepcopy(BASE)
    after["cells"][3][4]["score"] += 1
    assert effects(after) == {Effect.MOVES}
    after = copy.deepcopy(BASE)
    after["impact"][0]["names"] = {"en": "Tiny"}
    assert effects(after) == {Effect.MOVES}
    assert effects(BASE, {"likelihood": {"1": 2}}) == {Effect.MOVES}


def test_what_is_looser_anywhere_asks_whatever_is_stricter_elsewhere() -> None:
    after = changed(low__cadence_days=10, medium__cadence_days=61)
    assert effects(after) == {Effect.STRENGTHENS, Effect.WEAKENS}
    assert needs_yes_of_others(criteria_differences(BASE, after))


@given(
    days=st.lists(st.integers(1, 3650), min_size=3, max_size=3),
    unrated=st.integers(1, 3650),
    roles=st.lists(st.sampled_from(ROLES), min_size=3, max_size=3),
    appetite=st.sampled_from(KEYS),
    cell=st.none() | st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 50)),
    label=st.sampled_from(["judgement", "illustrative"]),
)
def test_any_change_that_is_not_pure_strengthening_asks(
    days: list[int], unrated: int, roles: list[str], appetite: str, cell: Any, label: str
) -> None:
    after = copy.deepcopy(BASE)
    for rating, n, role in zip(after["ratings"], days, roles, strict=True):
        rating["cadence_days"], rating["accept_role"] = n, role
    after |= {"unrated_cadence_days": unrated, "appetite": appetite, "label": label}
    if cell is not None:
        after["cells"][cell[0]][cell[1]]["score"] = cell[2]
    pairs = list(zip(BASE["ratings"], after["ratings"], strict=True))
    no_looser = (
        all(new["cadence_days"] <= old["cadence_days"] for old, new in pairs)
        and all(ROLES.index(n["accept_role"]) >= ROLES.index(o["accept_role"]) for o, n in pairs)
        and unrated <= BASE["unrated_cadence_days"]
        and KEYS.index(appetite) <= KEYS.index(BASE["appetite"])
        and after["cells"] == BASE["cells"]
        and label == BASE["label"]
    )
    differences = criteria_differences(BASE, after)
    assert needs_yes_of_others(differences) is not no_looser
    assert bool(differences) is (after != BASE)


def test_a_zone_always_asks() -> None:
    assert needs_yes_of_others(time_zone_differences("Asia/Shanghai", "Asia/Tokyo"))
    assert not time_zone_differences("Asia/Shanghai", "Asia/Shanghai")


A, B, C = 1, 2, 3


@pytest.mark.parametrize(
    ("taker", "holder", "home", "mine", "asked"),
    [
        (A, A, A, A, set()),  # within the party
        (B, A, A, A, {B}),  # to the other party
        (A, B, A, A, set()),  # taken back by whom it belongs to
        (A, B, A, B, {A}),  # given back
        (B, B, A, B, set()),  # within the party that holds it
        (C, B, A, B, {A, C}),  # on to a third: who owns it is asked as well
        (B, None, A, A, {B}),  # a deputy where there was none
        (None, B, A, A, set()),  # nobody
        (B, A, A, None, {A, B}),  # by somebody of no party
    ],
)
def test_whose_yes_a_risk_that_goes_over_needs(
    taker: int | None, holder: int | None, home: int, mine: int | None, asked: set[int]
) -> None:
    assert parties_to_ask_about_transfer(taker, holder, home, mine) == asked


TERMS = ("category:a", "category:b", "market:c")
SETS = [set(some) for n in range(4) for some in itertools.combinations(TERMS, n)]
OWN = st.dictionaries(st.sampled_from(TERMS), st.sampled_from(KEYS))


@given(st.sampled_from(KEYS), st.sampled_from(KEYS), OWN, OWN)
def test_appetites_of_terms_ask_where_any_risk_would_have_a_looser_one(
    general: str, then: str, old: dict[str, str], new: dict[str, str]
) -> None:
    def version(appetite: str, named: dict[str, str]) -> dict[str, Any]:
        rows = [{"term": term, "rating": rating} for term, rating in named.items()]
        return changed(appetite=appetite, term_appetites=rows)

    differences = criteria_differences(version(general, old), version(then, new))
    looser = any(
        KEYS.index(appetite_of(KEYS, then, new, terms))
        > KEYS.index(appetite_of(KEYS, general, old, terms))
        for terms in SETS
    )
    # Never less than it must; more only where two changes undo each other for every risk.
    assert needs_yes_of_others(differences) or not looser
    own = [d for d in differences if d.part == "term_appetite"]
    assert {d.key for d in own} == {t for t in TERMS if old.get(t) != new.get(t)}
    if len(differences) == 1:
        assert needs_yes_of_others(differences) is looser


def test_an_appetite_of_a_term_is_kept_apart_from_another_order_of_ratings() -> None:
    own = [{"term": "category:a", "rating": "low"}]
    before, after = changed(term_appetites=own), changed(ratings=BASE["ratings"][:2])
    effects_not_withheld_of = {d.part: d.effect for d in criteria_differences(before, after)}
    assert effects_not_withheld_of["term_appetite"] is Effect.MOVES
