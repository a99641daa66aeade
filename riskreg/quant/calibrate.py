"""How good were the forecasts, and how much weight does each expert deserve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from riskreg.quant import checks
from riskreg.quant.checks import Array
from riskreg.quant.errors import InvalidProbability, InvalidRange, InvalidShape
from riskreg.quant.metrics import proportion_interval

ENOUGH = 10
"""Forecasts with a known outcome before anything is said of the forecaster: two misses in two say
next to nothing of somebody whose ranges promise nine in ten."""

TOO_FEW = f"no verdict yet: fewer than {ENOUGH} forecasts have an outcome"


@dataclass(frozen=True)
class BrierScore:
    """Brier score of probability forecasts and what it is made of.

    `brier` = reliability - resolution + uncertainty + within; 0 is perfect, lower is better.
    `reliability` how far stated chances are from what happened (0 best); `resolution` how far
    forecasts set cases apart (higher is better); `uncertainty` of the events themselves; `within`
    0 unless forecasts were grouped in bins: spread inside the bins. `skill` = 1 - brier /
    uncertainty: 0 is no better than always saying the base rate (NaN if nothing was uncertain).
    `groups` (mean forecast, observed share, count) for a reliability diagram. `verdict` in words,
    from ten forecasts on.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float
    skill: float
    groups: tuple[tuple[float, float, int], ...]

    @property
    def verdict(self) -> str:
        if sum(count for _, _, count in self.groups) < ENOUGH:
            return TOO_FEW
        if math.isnan(self.skill):
            return "no verdict: the same happened every time"
        if self.skill > 0:
            return "better than always giving the base rate"
        return "no better than always giving the base rate"


def brier(forecasts: npt.ArrayLike, outcomes: npt.ArrayLike, bins: int | None = None) -> BrierScore:
    """Score probability forecasts against what happened.

    Parameters
    ----------
    forecasts : shape (n,), chances from 0 to 1.
    outcomes : shape (n,), 1 where it happened and 0 where not.
    bins : number of equal bins; each distinct forecast is its own group when left out.

    Brier (1950), *Monthly Weather Review* 78(1); Murphy (1973), *J. Applied Meteorology* 12(4);
    the part within bins: Stephenson, Coelho, Jolliffe (2008), *Weather and Forecasting* 23(4).

    >>> b = brier([0.1, 0.1, 0.9, 0.9], [0, 0, 1, 0])
    >>> round(b.brier, 4), round(b.reliability, 4), round(b.resolution, 4), b.uncertainty
    (0.21, 0.085, 0.0625, 0.1875)
    """
    f, o = checks.array("forecasts", forecasts, 1), checks.array("outcomes", outcomes, 1)
    if f.size != o.size:
        raise InvalidShape(
            "outcomes", outcomes, f"has {o.size} entries", f"give {f.size}, one for each forecast"
        )
    if (f < 0).any() or (f > 1).any():
        raise InvalidProbability(
            "forecasts", forecasts, "holds a value outside 0 … 1", "give chances from 0 to 1"
        )
    if not np.isin(o, (0, 1)).all():
        raise InvalidProbability("outcomes", outcomes, "is not all 0 and 1", "give 1 for happened")
    if bins is None:
        group = np.unique(f, return_inverse=True)[1]
    else:
        count = checks.integer("bins", bins, 1, 1000)
        # Against k / count as floats, so that 0.57 stands in the bin that begins with it: its
        # product with 100 is a rounding below 57.
        group = np.searchsorted(np.arange(1, count) / count, f, side="right")
    n, base = f.size, float(o.mean())
    reliability = resolution = within = 0.0
    groups = []
    for g in np.unique(group):
        inside = group == g
        fg, og, count = f[inside], o[inside], int(inside.sum())
        mean_f, mean_o = float(fg.mean()), float(og.mean())
        reliability += count * (mean_f - mean_o) ** 2
        resolution += count * (mean_o - base) ** 2
        spread = fg - mean_f
        within += float((spread**2).sum() - 2 * (spread * (og - mean_o)).sum())
        groups.append((mean_f, mean_o, count))
    score = float(np.mean((f - o) ** 2))
    uncertainty = base * (1 - base)
    return BrierScore(
        brier=score,
        reliability=reliability / n,
        resolution=resolution / n,
        uncertainty=uncertainty,
        within=within / n,
        skill=1 - score / uncertainty if uncertainty > 0 else math.nan,
        groups=tuple(groups),
    )


@dataclass(frozen=True)
class IntervalHits:
    """How often the truth fell inside stated ranges.

    `rate` observed, between `low` and `high` with the confidence asked for; `nominal` promised;
    `p_value` chance of so few or fewer hits if the promise held; `verdict` in words, from ten
    questions on.
    """

    hits: int
    questions: int
    rate: float
    low: float
    high: float
    nominal: float
    p_value: float
    verdict: str


def interval_hits(
    lows: npt.ArrayLike,
    highs: npt.ArrayLike,
    truths: npt.ArrayLike,
    nominal: float = 0.9,
    confidence: float = 0.95,
) -> IntervalHits:
    """Check ranges such as P5 … P95 (nominal 0.9) against what turned out.

    Parameters
    ----------
    lows, highs, truths : shape (questions,), lows ≤ highs.

    The limits are Clopper–Pearson, the p-value is the binomial tail.

    >>> h = interval_hits([0] * 10, [1] * 10, [0.5] * 5 + [2] * 5)
    >>> h.rate, round(h.p_value, 4), h.verdict
    (0.5, 0.0016, 'overconfident: the ranges are too narrow')
    """
    low, high = checks.array("lows", lows, 1), checks.array("highs", highs, 1)
    truth = checks.array("truths", truths, 1)
    if not low.size == high.size == truth.size:
        raise InvalidShape(
            "truths", truths, "does not match the ranges", "give one for each question"
        )
    if (low > high).any():
        raise InvalidRange("lows", lows, "lies above highs", "give the low end first")
    promised = checks.level("nominal", nominal)
    n = truth.size
    hits = int(((truth >= low) & (truth <= high)).sum())
    lower, upper = proportion_interval(hits, n, confidence)
    p_value = float(special.bdtr(hits, n, promised))
    if n < ENOUGH:
        verdict = TOO_FEW
    elif float(upper) < promised:
        verdict = "overconfident: the ranges are too narrow"
    elif float(lower) > promised:
        verdict = "underconfident: the ranges are too wide"
    else:
        verdict = "no evidence against these ranges"
    return IntervalHits(hits, n, hits / n, float(lower), float(upper), promised, p_value, verdict)


@dataclass(frozen=True, eq=False)
class ExpertWeights:
    """Performance of experts on questions with known answers, arrays of shape (experts,).

    `calibration` chance of answers at least this far off if the expert's quantiles were right (1
    best); `information` how narrow they are against the range of all answers (higher is better);
    `weights` ∝ calibration × information, 0 below the cut-off, adding up to 1.
    """

    calibration: Array
    information: Array
    weights: Array
    cutoff: float


def expert_weights(
    quantiles: npt.ArrayLike,
    truths: Sequence[float],
    *,
    levels: Sequence[float] = (0.05, 0.5, 0.95),
    cutoff: float = 0.0,
    overshoot: float = 0.1,
) -> ExpertWeights:
    """Weights of experts by Cooke's classical model.

    Parameters
    ----------
    quantiles : shape (experts, questions, levels), rising along the last axis.
    truths : shape (questions,), the known answers.
    levels : of the quantiles, rising, strictly between 0 and 1.
    cutoff : calibration below which an expert gets no weight; experts keep theirs if all fall
        below.
    overshoot : how much wider than all answers the background range is.

    Fewer than ten questions are refused (`InvalidShape`): weigh the experts alike until then.

    Calibration is P(χ² ≥ 2 Q I(s, p)), with s the shares of answers that fell between an expert's
    quantiles, p those promised, I(s, p) = Σ s ln(s/p). Information is the mean of
    Σ p ln(p / width), widths as shares of the background range.
    Cooke (1991), *Experts in Uncertainty*, ch. 12.

    >>> truths = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
    >>> wide = [[t - 9, t + (-1) ** (t // 10), t + 9] for t in truths]
    >>> wrong = [[t + 20, t + 21, t + 22] for t in truths]
    >>> expert_weights([wide, wrong], truths, cutoff=0.05).weights.tolist()
    [1.0, 0.0]
    """
    table = checks.array("quantiles", quantiles, 3)
    answers = checks.array("truths", truths, 1)
    marks = checks.array("levels", levels, 1)
    if answers.size < ENOUGH:
        raise InvalidShape(
            "truths",
            truths,
            f"are answers to {answers.size} questions",
            f"ask {ENOUGH} or more, and weigh the experts alike until then",
        )
    if (np.diff(marks) <= 0).any() or marks[0] <= 0 or marks[-1] >= 1:
        raise InvalidProbability(
            "levels", levels, "does not rise strictly between 0 and 1", "give, say, 0.05, 0.5, 0.95"
        )
    if table.shape[1:] != (answers.size, marks.size):
        raise InvalidShape(
            "quantiles",
            quantiles,
            f"has shape {table.shape}",
            f"give (experts, {answers.size} questions, {marks.size} levels)",
        )
    if (np.diff(table, axis=2) <= 0).any():
        raise InvalidRange(
            "quantiles", quantiles, "does not rise along a row", "give rising quantiles"
        )
    checks.probability("cutoff", cutoff)
    checks.positive("overshoot", overshoot)
    promised = np.diff(np.concatenate([[0.0], marks, [1.0]]))
    calibration = np.array([_calibration(q, answers, promised) for q in table])
    low = np.minimum(table.min(axis=(0, 2)), answers)
    high = np.maximum(table.max(axis=(0, 2)), answers)
    margin = overshoot * (high - low)
    low, high = low - margin, high + margin
    ends = np.broadcast_to(np.stack([low, high], axis=1), (table.shape[0], answers.size, 2))
    edges = np.concatenate([ends[:, :, :1], table, ends[:, :, 1:]], axis=2)
    shares = np.diff(edges, axis=2) / (high - low)[None, :, None]
    information = (promised * np.log(promised / shares)).sum(axis=2).mean(axis=1)
    kept = np.where(calibration >= cutoff, calibration, 0.0)
    if not kept.any():
        kept = calibration
    raw = kept * information
    weights = raw / raw.sum() if raw.sum() > 0 else np.full(raw.size, 1 / raw.size)
    return ExpertWeights(calibration, information, weights, cutoff)


def _calibration(quantiles: Array, truths: Array, promised: Array) -> float:
    place = (truths[:, None] > quantiles).sum(axis=1)
    seen = np.bincount(place, minlength=promised.size) / truths.size
    divergence = float(special.rel_entr(seen, promised).sum())
    return float(special.chdtrc(promised.size - 1, 2 * truths.size * divergence))
