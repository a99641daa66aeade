"""What a sample leaves out in one turn has its turn in another, and a thorough run leaves nothing
out."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import amounts


@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 30])
def test_a_sample_misses_nothing_over_its_turns(
    monkeypatch: pytest.MonkeyPatch, size: int, second: bool
) -> None:
    values = list(range(size))
    monkeypatch.setattr(amounts, "IS_SECOND", second)
    monkeypatch.setattr(amounts, "THOROUGH", True)
    assert amounts.sample(values, 1) == values
    assert amounts.examples(20) == 20
    monkeypatch.setattr(amounts, "THOROUGH", False)
    turns = [amounts.sample(values, turn) for turn in range(3)]
    assert sorted(value for turn in turns for value in turn) == values
    assert amounts.examples(20) == (5 if second else 10)
    assert amounts.examples(4) == 3


def test_the_second_database_has_another_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amounts, "THOROUGH", False)
    found = []
    for second in (False, True):
        monkeypatch.setattr(amounts, "IS_SECOND", second)
        found.append(set(amounts.sample(range(30), 0)))
    assert found[0] & found[1] == set()


@pytest.mark.parametrize("second", [False, True])
def test_the_second_database_is_asked_every_other_test_and_a_third_of_many_cases(
    monkeypatch: pytest.MonkeyPatch, second: bool
) -> None:
    def case(name: str, marker: object = None) -> SimpleNamespace:
        found = {"path": Path("test_x.py"), "originalname": name, "name": name}
        return SimpleNamespace(**found, get_closest_marker=lambda _name: marker)

    items = [case("one"), case("two"), *(case("many") for _n in range(7))]
    items += [case("own", 1) for _n in range(4)]
    monkeypatch.setattr(amounts, "THOROUGH", False)
    monkeypatch.setattr(amounts, "IS_SECOND", second)
    assert sum(amounts.in_this_run(items)) == (1 + 3 + 4 if second else 13)
    monkeypatch.setattr(amounts, "THOROUGH", True)
    assert all(amounts.in_this_run(items))
