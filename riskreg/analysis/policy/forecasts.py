"""How good a person's forecasts were: pure functions of what was forecast and what happened.

Plain Python, for the web process, which does not load NumPy; ``riskreg.quant`` says the same of the
same numbers (a test holds one against the other).
"""

import datetime as dt
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from riskreg.analysis.ranges import Pert

ENOUGH = 10
"""Forecasts with an outcome before anything is said of the forecaster."""
NOMINAL = 0.9
"""What a range from P5 to P95 promises."""
_TAIL = 0.025
YEAR = dt.timedelta(days=365)


class ChanceVerdict(StrEnum):
    """What the chances somebody gave say of them."""

    TOO_FEW = "too_few"
    SAME_EVERY_TIME = "same_every_time"
    BETTER = "better_than_base_rate"
    NO_BETTER = "no_better_than_base_rate"


class RangeVerdict(StrEnum):
    """What the ranges somebody gave say of them."""

    TOO_FEW = "too_few"
    TOO_NARROW = "too_narrow"
    TOO_WIDE = "too_wide"
    NOTHING_AGAINST = "nothing_against"


class Uncounted(StrEnum):
    """Why a forecast is not scored."""

    KNOWN_BEFORE = "known_before"
    OWN_WORD = "own_word"
    SAME_YEAR = "same_year"


@dataclass(frozen=True)
class ChanceScore:
    """Brier score of ``n`` chances: the mean of (chance - outcome) squared; 0 is perfect, 0.25 is
    what always saying one half gets. ``base_rate`` is the share that happened. Both are None for
    n = 0. Brier (1950), Monthly Weather Review 78(1)."""

    n: int
    brier: float | None
    base_rate: float | None
    verdict: ChanceVerdict


@dataclass(frozen=True)
class RangeScore:
    """How many of ``n`` amounts fell into the range from P5 to P95 that was given."""

    n: int
    hits: int
    verdict: RangeVerdict


_Given = TypeVar("_Given")


def chance_in_a_year(kind: str, often: Pert) -> float:
    """P(at least one event in a year) by an estimate's range of how often.

    Of a rate it is 1 - E[exp(-rate)] over the range: the moment generating function of a beta
    distribution, a confluent hypergeometric function (NIST DLMF 13.4.1), in the form with positive
    terms alone (13.2.39), and for very wide ranges its leading term (13.7.1).

    >>> round(chance_in_a_year("rate", Pert(0.8, 1.2, 2)), 4)
    0.7095
    """
    if kind == "probability":
        return often.mean
    a, b, width = often.alpha, often.alpha + often.beta, often.high - often.low
    if width > 700:
        none = math.exp(math.lgamma(b) - math.lgamma(b - a)) * math.exp(-a * math.log(width))
    else:
        term = total = math.exp(-width)
        for k in range(10_000):
            term *= (b - a + k) / (b + k) * width / (k + 1)
            total += term
            if k > width and term < total * 1e-15:
                break
        none = total
    return min(1.0, max(0.0, 1 - math.exp(-often.low) * none))


def happened_within_year_of_forecast(forecast_on: dt.date, happened_on: dt.date | None) -> bool:
    """Whether what was forecast on ``forecast_on`` for the year from then on happened in it."""
    return happened_on is not None and forecast_on < happened_on <= forecast_on + YEAR


def forecasts_a_year_apart(
    forecasts_and_days: Sequence[tuple[_Given, dt.date]],
) -> set[_Given]:
    """Of forecasts of one risk (what it is called, when it was given), those that count: the first,
    and each that was given when the year of the last that counts was over.

    Without looking at what happened: if the last before the event counted, events would always come
    soon after a forecast. And a year is judged once, however often it was estimated.
    """
    kept: set[_Given] = set()
    until: dt.date | None = None
    for name, day in sorted(forecasts_and_days, key=lambda one: one[1]):
        if until is None or day >= until:
            kept.add(name)
            until = day + YEAR
    return kept


def score_chances(chances_and_outcomes: Collection[tuple[float, bool]]) -> ChanceScore:
    """The score of (chance, whether it happened)."""
    n = len(chances_and_outcomes)
    if not n:
        return ChanceScore(0, None, None, ChanceVerdict.TOO_FEW)
    brier = math.fsum((chance - happened) ** 2 for chance, happened in chances_and_outcomes) / n
    base = sum(happened for _chance, happened in chances_and_outcomes) / n
    if n < ENOUGH:
        verdict = ChanceVerdict.TOO_FEW
    elif base in (0, 1):
        verdict = ChanceVerdict.SAME_EVERY_TIME
    else:
        better = brier < base * (1 - base)
        verdict = ChanceVerdict.BETTER if better else ChanceVerdict.NO_BETTER
    return ChanceScore(n, brier, base, verdict)


def score_ranges(inside: Iterable[bool]) -> RangeScore:
    """The score of ranges, of each whether the truth was inside.

    A verdict is given where so few (so many) hits would come up less than once in forty if the
    ranges kept what they promise: where the 95 % limits of Clopper and Pearson leave 0.9 out.
    """
    found = list(inside)
    n, hits = len(found), sum(found)
    if n < ENOUGH:
        verdict = RangeVerdict.TOO_FEW
    elif _chance_of_hits_at_most(hits, n) < _TAIL:
        verdict = RangeVerdict.TOO_NARROW
    elif 1 - _chance_of_hits_at_most(hits - 1, n) < _TAIL:
        verdict = RangeVerdict.TOO_WIDE
    else:
        verdict = RangeVerdict.NOTHING_AGAINST
    return RangeScore(n, hits, verdict)


def _chance_of_hits_at_most(hits: int, n: int) -> float:
    """P(so many hits or fewer of n), each with the chance that is promised."""
    terms = (math.comb(n, k) * NOMINAL**k * (1 - NOMINAL) ** (n - k) for k in range(hits + 1))
    return math.fsum(terms)


def p5_and_p95(severity: Any) -> tuple[float, float]:
    """P5 and P95 of what one event costs."""
    return severity.quantile(0.05), severity.quantile(0.95)
