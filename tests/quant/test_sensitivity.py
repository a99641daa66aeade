from __future__ import annotations

import numpy as np
import pytest

from riskreg.quant import (
    Beta,
    Constant,
    Driver,
    Exposure,
    Link,
    Lognormal,
    Pert,
    Portfolio,
    driver_tornado,
    given_data_shares,
    simulate,
    tornado,
    variance_shares,
)

UNIFORM = Beta(1, 1, -np.pi, np.pi)


def ishigami(x: np.ndarray) -> np.ndarray:
    return np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])


def test_variance_shares_of_the_ishigami_function() -> None:
    # Ishigami and Homma (1990): closed form for a = 7, b = 0.1.
    shares = variance_shares(ishigami, {"a": UNIFORM, "b": UNIFORM, "c": UNIFORM}, 2**17, seed=2)
    assert [s.first for s in shares] == pytest.approx([0.3139, 0.4424, 0.0], abs=0.015)
    assert [s.total for s in shares] == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.015)


def test_shares_from_given_data() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3, 40_000))
    shares = given_data_shares(dict(zip("abc", x, strict=True)), 3 * x[0] + 4 * x[1])
    assert shares["a"] == pytest.approx(0.36, abs=0.02)
    assert shares["b"] == pytest.approx(0.64, abs=0.02)
    assert shares["c"] == pytest.approx(0.0, abs=0.005)


def test_tornado_is_sorted_by_swing() -> None:
    bars = tornado(
        lambda v: 2 * v["x"] - v["y"],
        {"x": (0.0, 1.0, 2.0), "y": (0.0, 3.0, 10.0), "z": (0.0, 1.0, 5.0)},
    )
    assert [(b.name, b.low, b.high) for b in bars] == [("y", 2, -8), ("x", -3, 1), ("z", -1, -1)]


def test_driver_tornado_moves_one_driver_at_a_time() -> None:
    p = Portfolio(
        [
            Exposure("a", Constant(10), rate=2, links=(Link("wide"),)),
            Exposure("b", Constant(10), rate=2, links=(Link("narrow"),)),
        ],
        [Driver("narrow", Pert(90, 100, 110)), Driver("wide", Lognormal(0, 0.5))],
    )
    bars = driver_tornado(p, 20_000, seed=1)
    assert [b.name for b in bars] == ["wide", "narrow"]
    # Common random numbers: the swing is the one in the multiplier, times the same events.
    q = p.drivers[1].distribution.quantile([0.05, 0.95])
    events = simulate(Portfolio([Exposure("a", Constant(10), rate=2)]), 20_000, 1).mean
    assert bars[0].swing == pytest.approx(float(q[1] - q[0]) * events, rel=1e-9)
    tail = driver_tornado(p, 20_000, seed=1, measure=lambda r: r.tvar(0.95))
    assert tail[0].swing > bars[0].swing
