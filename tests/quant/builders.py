"""Portfolios for the tests of riskreg.quant."""

from __future__ import annotations

from hypothesis import strategies as st

from riskreg.quant import Exposure, Lognormal, Pert, Portfolio, Triangular


@st.composite
def exposures(draw: st.DrawFn, name: str = "R") -> Exposure:
    low = draw(st.floats(0.1, 10))
    reach = draw(st.floats(1.5, 12))
    shape = draw(st.sampled_from(["lognormal", "pert", "triangular"]))
    high = low * reach
    if shape == "lognormal":
        severity: Lognormal | Pert | Triangular = Lognormal.from_interval(low, high)
    elif shape == "pert":
        severity = Pert(low, low + draw(st.floats(0, 1)) * (high - low), high)
    else:
        severity = Triangular(low, low + draw(st.floats(0, 1)) * (high - low), high)
    kind = draw(st.sampled_from(["threat", "threat", "opportunity"]))
    if draw(st.booleans()):
        return Exposure(name, severity, rate=draw(st.floats(0.02, 3)), kind=kind)
    return Exposure(name, severity, probability=draw(st.floats(0.02, 1)), kind=kind)


@st.composite
def portfolios(draw: st.DrawFn, most: int = 5) -> Portfolio:
    count = draw(st.integers(1, most))
    return Portfolio([draw(exposures(f"R-{k}")) for k in range(count)])
