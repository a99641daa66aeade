"""Draws the pictures of docs/quant.md from the code on that page.

Run from anywhere: `python docs/draw_pictures.py`. The blocks of the page are executed in order and
the pictures take what they left behind, so page and pictures can't drift apart.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "pictures"
sys.path.insert(0, str(DOCS.parent))

INK, ACCENT, QUIET, PALE = "#1f2933", "#0b6e4f", "#7b8794", "#cbd2d9"
WIDTH, HEIGHT = 560, 280
MONEY = "million CNY (illustrative)"

Values = list[dict[str, Any]]


def page() -> dict[str, Any]:
    """Everything that the code of the page defines."""
    text = (DOCS / "quant.md").read_text(encoding="utf-8")
    space: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            exec(compile(block, "docs/quant.md", "exec"), space)
    return space


def data(values: Values) -> alt.Data:
    return alt.Data(values=values)


def sized(chart: Any, title: str, height: int = HEIGHT) -> Any:
    return (
        chart.properties(width=WIDTH, height=height, title=title)
        .configure(font="sans-serif", background="white")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK, titleColor=INK, gridColor="#e4e7eb", labelFontSize=12, titleFontSize=12
        )
        .configure_title(anchor="start", color=INK, fontSize=14, fontWeight="normal")
        .configure_legend(labelColor=INK, titleColor=INK, labelFontSize=12)
    )


def exceedance(space: dict[str, Any]) -> Any:
    r = space["r"]
    top = float(r.var(0.999))
    curve = r.exceedance_curve(np.linspace(0, top, 160))
    values = [
        {"loss": float(x), "chance": float(p), "low": float(a), "high": float(b)}
        for x, p, a, b in zip(
            curve.thresholds, curve.probability, curve.low, curve.high, strict=True
        )
    ]
    x = alt.X("loss:Q", title=f"loss of a year, {MONEY}")
    base = alt.Chart(data(values)).encode(x=x)
    band = base.mark_area(color=PALE).encode(
        y=alt.Y("low:Q", axis=alt.Axis(format="%"), title="chance of losing more"), y2="high:Q"
    )
    line = base.mark_line(color=ACCENT, strokeWidth=2).encode(y="chance:Q")
    marks = data(
        [
            {"loss": r.mean, "text": f"mean {r.mean:.0f}", "y": 0.72},
            {"loss": r.var(0.95), "text": f"VaR 95 %: {r.var(0.95):.0f}", "y": 0.5},
            {"loss": r.tvar(0.95), "text": f"TVaR 95 %: {r.tvar(0.95):.0f}", "y": 0.3},
        ]
    )
    rule = alt.Chart(marks).mark_rule(color=QUIET, strokeDash=[4, 3]).encode(x="loss:Q")
    label = (
        alt.Chart(marks)
        .mark_text(align="left", dx=5, color=INK, fontSize=12)
        .encode(x="loss:Q", y="y:Q", text="text:N")
    )
    return sized(band + line + rule + label, "How often a year passes an amount")


def contributions(space: dict[str, Any]) -> Any:
    r = space["r"]
    values: Values = []
    for kind, parts in (
        ("average year", r.mean_by_exposure()),
        ("worst twentieth of years", r.contributions(0.95)),
    ):
        total = sum(parts.values())
        values += [{"risk": n, "kind": kind, "share": v / total} for n, v in parts.items()]
    order = list(r.portfolio.names)
    bars = (
        alt.Chart(data(values))
        .mark_bar()
        .encode(
            y=alt.Y("risk:N", sort=order, title=None, axis=alt.Axis(labelLimit=220)),
            yOffset=alt.YOffset("kind:N"),
            x=alt.X("share:Q", axis=alt.Axis(format="%"), title="share of the loss"),
            color=alt.Color(
                "kind:N",
                title=None,
                scale=alt.Scale(
                    domain=["average year", "worst twentieth of years"], range=[PALE, ACCENT]
                ),
                legend=alt.Legend(orient="top"),
            ),
        )
    )
    return sized(bars, "Who makes the loss: in an average year, and in the worst", 220)


def tornado(space: dict[str, Any]) -> Any:
    base = space["r"].mean
    values = [{"driver": b.name, "low": b.low, "high": b.high} for b in space["bars"]]
    order = [b.name for b in space["bars"]]
    y = alt.Y("driver:N", sort=order, title=None)
    scale = alt.Scale(zero=False)
    bars = (
        alt.Chart(data(values))
        .mark_bar(color=ACCENT, height=22)
        .encode(
            y=y, x=alt.X("low:Q", title=f"mean loss of a year, {MONEY}", scale=scale), x2="high:Q"
        )
    )
    rule = alt.Chart(data([{"x": base}])).mark_rule(color=INK).encode(x="x:Q")
    return sized(bars + rule, "Mean loss with one driver at its 5 % and its 95 % value", 170)


def frontier(space: dict[str, Any]) -> Any:
    values = [
        {"budget": b, "loss": f.value, "chosen": len(f.chosen)}
        for b, f in zip(space["budgets"], space["frontier"], strict=True)
    ]
    base = alt.Chart(data(values)).encode(
        x=alt.X("budget:Q", title=f"budget, {MONEY} a year"),
        y=alt.Y("loss:Q", title=f"lowest mean loss, {MONEY}", scale=alt.Scale(zero=True)),
    )
    line = base.mark_line(color=ACCENT, interpolate="step-after", strokeWidth=2)
    points = base.mark_point(color=ACCENT, filled=True, size=60)
    text = base.mark_text(dx=12, dy=-10, color=INK, fontSize=12).encode(text=alt.Text("chosen:Q"))
    return sized(line + points + text, "What each budget buys (number of mitigations chosen)")


def fan(space: dict[str, Any]) -> Any:
    path = space["path"]
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    rows = path.fan(levels)
    values = [
        {"year": str(y), **{f"q{k}": float(rows[k, j]) for k in range(5)}}
        for j, y in enumerate(path.years)
    ]
    base = alt.Chart(data(values)).encode(
        x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0))
    )
    y = alt.Y("q0:Q", title=f"loss since 2026, {MONEY}")
    outer = base.mark_area(color="#d9e8e1").encode(y=y, y2="q4:Q")
    inner = base.mark_area(color="#9cc7b4").encode(y="q1:Q", y2="q3:Q")
    line = base.mark_line(color=ACCENT, strokeWidth=2).encode(y="q2:Q")
    return sized(outer + inner + line, "Loss added up: median, half and nine tenths of all paths")


def objective(space: dict[str, Any]) -> Any:
    sales = np.quantile(space["sales"], [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    start = [{"year": "2025", **{f"q{k}": 164.5 for k in range(5)}}]
    values = start + [
        {"year": str(2026 + j), **{f"q{k}": float(sales[k, j]) / 1000 for k in range(5)}}
        for j in range(sales.shape[1])
    ]
    base = alt.Chart(data(values)).encode(
        x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0))
    )
    y = alt.Y("q0:Q", title="overseas sales, thousand vehicles", scale=alt.Scale(domain=[0, 330]))
    outer = base.mark_area(color="#d9e8e1").encode(y=y, y2="q4:Q")
    inner = base.mark_area(color="#9cc7b4").encode(y="q1:Q", y2="q3:Q")
    line = base.mark_line(color=ACCENT, strokeWidth=2).encode(y="q2:Q")
    mark = data([{"y": 300, "year": "2025", "text": "target for 2030: 300"}])
    rule = alt.Chart(mark).mark_rule(color=INK, strokeDash=[4, 3]).encode(y="y:Q")
    label = (
        alt.Chart(mark)
        .mark_text(align="left", dy=-9, color=INK, fontSize=12)
        .encode(x="year:O", y="y:Q", text="text:N")
    )
    return sized(outer + inner + line + rule + label, "At the assumed pace (ends illustrative)")


def reliability(space: dict[str, Any]) -> Any:
    values = [{"said": f, "seen": o, "count": n} for f, o, n in space["b"].groups]
    line = (
        alt.Chart(data([{"x": 0, "y": 0}, {"x": 1, "y": 1}]))
        .mark_line(color=QUIET, strokeDash=[4, 3])
        .encode(x="x:Q", y="y:Q")
    )
    points = (
        alt.Chart(data(values))
        .mark_circle(color=ACCENT, opacity=1)
        .encode(
            x=alt.X("said:Q", title="chance that was stated", axis=alt.Axis(format="%")),
            y=alt.Y("seen:Q", title="share that happened", axis=alt.Axis(format="%")),
            size=alt.Size(
                "count:Q",
                title="forecasts",
                scale=alt.Scale(domain=[1, 3], range=[60, 260]),
                legend=alt.Legend(values=[1, 2, 3], format="d"),
            ),
        )
    )
    return sized(line + points, "Stated chances against what happened (illustrative)")


def matrix(space: dict[str, Any]) -> Any:
    names = ("low", "medium", "high", "critical")
    values = []
    for r, (p_low, p_high) in enumerate(space["likelihood"]):
        for c, (i_low, i_high) in enumerate(space["impact"]):
            rating = names[space["rating"][r][c]]
            values.append(
                {
                    "likelihood": f"{p_low:.0%} – {p_high:.0%}",
                    "impact": f"{i_low} – {i_high}",
                    "rating": rating,
                    "text": f"{p_low * i_low:g} – {p_high * i_high:g}|{rating}",
                    "row": r,
                    "column": c,
                }
            )
    base = alt.Chart(data(values)).encode(
        x=alt.X(
            "impact:O",
            sort=alt.EncodingSortField("column", op="min"),
            title="impact of one event, million CNY",
            axis=alt.Axis(labelAngle=0),
        ),
        y=alt.Y(
            "likelihood:O",
            sort=alt.EncodingSortField("row", op="min", order="descending"),
            title="chance in a year",
        ),
    )
    cells = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color(
            "rating:N",
            title="rating",
            sort=list(names),
            scale=alt.Scale(domain=list(names), range=["#d9e8e1", "#f6e7b0", "#f0b27a", "#d9695f"]),
        )
    )
    text = base.mark_text(color=INK, fontSize=12, lineBreak="|", dy=-6).encode(text="text:N")
    return sized(cells + text, "Expected loss (chance × impact) of the risks inside each cell")


DRAWN = {
    draw.__name__: draw
    for draw in (
        exceedance,
        contributions,
        tornado,
        frontier,
        fan,
        objective,
        reliability,
        matrix,
    )
}


def main() -> int:
    space = page()
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, draw in DRAWN.items():
        draw(space).save(PICTURES / f"{name}.svg")
        print(f"docs/pictures/{name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
