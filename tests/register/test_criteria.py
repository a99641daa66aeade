"""Criteria: what makes them valid, and that every size reads as it was written."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskreg.kernel.errors import Invalid
from riskreg.register.models import Criteria
from riskreg.register.policy import Matrix, clean_criteria, default_criteria
from riskreg.register.services import add_criteria
from tests import builders
from tests.builders import World, matrix
from tests.dump import nothing_changes


def read(data: dict[str, Any]) -> Matrix:
    return Matrix(Criteria(**clean_criteria(data)))


@given(rows=st.integers(3, 7), columns=st.integers(3, 7))
def test_every_size_reads_as_written(rows: int, columns: int) -> None:
    data = matrix(rows, columns)
    m = read(data)
    for x in range(1, rows + 1):
        for y in range(1, columns + 1):
            cell = m.cell(x, y)
            given_cell = data["cells"][x - 1][y - 1]
            assert (cell.likelihood, cell.impact) == (x, y)
            assert {"score": cell.score, "rating": cell.rating} == given_cell
    for beyond in ((rows + 1, 1), (1, columns + 1), (0, 1), (1, 0), (-1, 1)):
        with pytest.raises(Invalid):
            m.cell(*beyond)


@pytest.mark.parametrize(
    "likelihood, impact, codes",
    [
        (3, None, {"impact": "required"}),
        (None, 3, {"likelihood": "required"}),
        ("", "", {"likelihood": "required", "impact": "required"}),
        ("3", 3, {"likelihood": "not_a_level"}),
        (3, 2.5, {"impact": "not_a_level"}),
        (True, 3, {"likelihood": "not_a_level"}),
        ([1], {}, {"likelihood": "not_a_level", "impact": "not_a_level"}),
        (6, 9, {"likelihood": "unknown_level", "impact": "unknown_level"}),
    ],
)
def test_a_cell_that_is_not_there_is_named(
    likelihood: Any, impact: Any, codes: dict[str, str]
) -> None:
    with pytest.raises(Invalid) as refused:
        read(default_criteria()).cell(likelihood, impact)
    assert {f: e[0].code for f, e in refused.value.fields.items()} == codes


def test_the_default_is_likelihood_times_impact() -> None:
    m = read(default_criteria())
    assert [m.cell(x, y).score for x in (1, 5) for y in (1, 5)] == [1, 5, 5, 25]
    assert m.rating_keys == ["very_low", "low", "moderate", "high", "critical"]
    assert [m.cadence_days(r) for r in (*m.rating_keys, None)] == [365, 180, 90, 60, 30, 30]
    assert [m.above_appetite(r) for r in (*m.rating_keys, None)] == [
        False, False, False, True, True, False,
    ]  # fmt: skip
    assert [m.tone(r) for r in (None, *m.rating_keys)] == [0, 1, 2, 3, 4, 5]
    assert (m.least_role_to_accept("critical"), m.rating_name("high")) == ("leader", "High")


def _set(path: str, value: Any) -> Any:
    def change(data: dict[str, Any]) -> None:
        *parents, last = [int(p) if p.isdigit() else p for p in path.split(".")]
        for parent in parents:
            data = data[parent]
        data[last] = value

    return change


@pytest.mark.parametrize(
    "change, field, code",
    [
        (_set("likelihood", [{"names": "a"}] * 2), "likelihood", "wrong_size"),
        (_set("impact", [{"names": "a"}] * 8), "impact", "wrong_size"),
        (_set("likelihood", None), "likelihood", "wrong_size"),
        (_set("likelihood.0.value", 2), "likelihood", "out_of_order"),
        (_set("impact.0.names", {}), "impact", "required"),
        (_set("impact.0.names", {"en": "a\0"}), "impact", "bad_character"),
        (_set("ratings", []), "ratings", "wrong_size"),
        (_set("ratings.0.key", "not a key"), "ratings", "bad_key"),
        (_set("ratings.0.key", "high"), "ratings", "repeated"),
        (_set("ratings.1.cadence_days", 0), "ratings", "cadence_out_of_range"),
        (_set("ratings.1.cadence_days", True), "ratings", "cadence_out_of_range"),
        (_set("ratings.1.accept_role", "viewer"), "ratings", "unknown_role"),
        (_set("ratings.1", "high"), "ratings", "not_an_object"),
        (_set("cells.4", []), "cells", "wrong_size"),
        (_set("cells", {}), "cells", "wrong_size"),
        (_set("cells.0.0.rating", "none"), "cells", "unknown_rating"),
        (_set("cells.0.0.score", -1), "cells", "bad_score"),
        (_set("cells.0.0.score", 1.5), "cells", "bad_score"),
        (_set("cells.0.0.score", 24), "cells", "not_monotone"),
        (_set("cells.4.4.rating", "low"), "cells", "not_monotone"),
        (_set("appetite", "none"), "appetite", "unknown_rating"),
        (_set("unrated_cadence_days", 4000), "unrated_cadence_days", "out_of_range"),
        (_set("label", "guess"), "label", "unknown"),
        (_set("dimensions", "money"), "dimensions", "not_a_list"),
        (_set("dimensions", [{"key": "a b", "names": "x"}]), "dimensions", "bad_key"),
        (_set("dimensions", [{"key": "money", "names": "a\0"}]), "dimensions", "bad_character"),
    ],
)
def test_bad_criteria_are_refused_by_field(change: Any, field: str, code: str) -> None:
    data = copy.deepcopy(default_criteria())
    change(data)
    with pytest.raises(Invalid) as refused:
        clean_criteria(data)
    assert set(refused.value.fields) == {field}
    assert code in {e.code for e in refused.value.fields[field]}


def test_criteria_of_other_impacts_name_their_dimensions() -> None:
    dimension = {"key": "money", "names": {"en": "Money"}, "descriptions": [{"en": "little"}] * 5}
    clean = clean_criteria({**default_criteria(), "dimensions": [dimension]})
    assert clean["dimensions"] == [dimension]


def test_versions_count_up_and_are_not_in_force_yet(world: World) -> None:
    actor = world.viewer(world.manager)
    rows = [add_criteria(actor=actor, data=matrix(n, 7), at=world.at) for n in (3, 4)]
    assert [r.number for r in rows] == [2, 3]
    world.register.refresh_from_db()
    assert world.register.criteria.number == 1
    with nothing_changes(), pytest.raises(Invalid):
        add_criteria(actor=actor, data=matrix(2, 5), at=world.at)


def test_criteria_are_frozen_by_the_first_risk(world: World) -> None:
    assert world.register.criteria.used_at is None
    builders.risk(world, rated=None, opened=False)
    world.register.criteria.refresh_from_db()
    assert world.register.criteria.used_at == world.at
