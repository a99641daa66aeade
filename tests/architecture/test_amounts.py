"""What a sample leaves out in one turn has its turn in another."""

import pytest

from tests import amounts


@pytest.mark.parametrize("size", [1, 2, 3, 7, 30])
def test_a_sample_misses_nothing_over_its_turns(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    values = list(range(size))
    monkeypatch.setattr(amounts, "IS_SECOND", False)
    assert amounts.sample(values, 1) == values
    assert amounts.examples(20) == 20
    monkeypatch.setattr(amounts, "IS_SECOND", True)
    turns = [amounts.sample(values, turn) for turn in range(3)]
    assert sorted(value for turn in turns for value in turn) == values
    assert amounts.examples(20) == 5
    assert amounts.examples(4) == 3
