"""What a sample leaves out in one turn has its turn in another, and a thorough run leaves nothing
out."""

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
