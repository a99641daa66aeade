"""The benchmark compares like with like, and says what it can't compare."""

from __future__ import annotations

import math

import pytest

from bench import quant as bench
from riskreg.quant import simulate


def test_the_floor_does_the_same_work() -> None:
    p, years = bench.portfolio(50, bench.EVENTS), 20_000
    assert sum(e.frequency.mean for e in p.exposures) == pytest.approx(bench.EVENTS)
    error = p.sd / math.sqrt(years)
    assert abs(bench.floor(bench.parameters(p), years, 1).mean() - p.mean) < 5 * error
    assert abs(simulate(p, years, 1).mean - p.mean) < 5 * error


def test_a_missing_contestant_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert not bench.installed("a_package_that_is_not_there")
    assert capsys.readouterr().out == "a_package_that_is_not_there: not installed\n"


def test_rows_say_whether_they_hold() -> None:
    assert bench.row("x", "1 year", 1.2, 1.3)["ok"]
    assert not bench.row("x", "1 year", 1.31, 1.3)["ok"]
