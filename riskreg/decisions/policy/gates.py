"""A gate: a stage that is paid for first, to learn whether the whole is worth it. Pure functions.

An option can be the gate of another one: it costs something, tells with known chances of being
wrong whether the other succeeds, and the other is then done or not. What that is worth is the tree
of "stop, all in, or find out first" rolled back (Raiffa 1968, *Decision Analysis*, ch. 2), with
Bayes' theorem for what is believed after the answer. In plain Python, for pages;
``quant.study_tree`` and ``quant.flips`` say the same (a test holds them together).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any, NamedTuple

STOP, ALL_IN, GATE = "stop", "all_in", "gate"
WAYS = (STOP, ALL_IN, GATE)
CHANCES, AMOUNTS = ("chance", "hit", "false_alarm"), ("gain", "loss")
FIELDS = ("decides", *CHANCES, *AMOUNTS, "label")


@dataclass(frozen=True)
class Gate:
    """``chance`` that the whole succeeds, ``gain`` then and ``loss`` otherwise (its own cost taken
    off, both positive); ``hit``: the chance that the gate says go where it would succeed, and
    ``false_alarm`` where it would not; ``cost`` of the gate. Chances are from 0 to 1, amounts of
    one currency."""

    chance: float
    gain: float
    loss: float
    hit: float
    false_alarm: float
    cost: float


@dataclass(frozen=True)
class Way:
    """One way on: its expected ``value``, the chance that it ends in a loss, and the largest
    ``regret``, how much worse it is than what would have been best had one known (Savage 1951)."""

    value: float
    lost: float
    regret: float


@dataclass(frozen=True)
class Flip:
    """As the chance of success rises past ``at``, ``after`` is best in place of ``before``."""

    at: float
    before: str
    after: str


@dataclass(frozen=True)
class GateValue:
    """What a gate is worth: each of ``WAYS``, the ``best`` (the first of several), how likely the
    gate says go (``says_go``), the chance of success once it has (``after_go``) or has not
    (``after_no_go``), and whether the whole is done then (``go_on``, ``go_on_no``); what all
    knowledge is worth at most (``perfect``: EVPI), and what the gate tells (``sample``: EVSI); and
    at which chances of success the choice flips, upwards."""

    ways: dict[str, Way]
    best: str
    says_go: float
    after_go: float
    after_no_go: float
    go_on: bool
    go_on_no: bool
    perfect: float
    sample: float
    flips: tuple[Flip, ...]


def parse_gate(stored: Mapping[str, Any], cost: float) -> Gate:
    """The gate that an option keeps as ``stored`` (chances in per cent, amounts as decimals in
    text); ``cost`` is its own."""
    part = {name: float(stored[name]) / 100 for name in ("chance", "hit", "false_alarm")}
    return Gate(gain=float(stored["gain"]), loss=float(stored["loss"]), cost=cost, **part)


def evaluate_gate(it: Gate) -> GateValue:
    """The tree of ``it`` rolled back.

    >>> found = evaluate_gate(Gate(0.5, 1100, 900, 0.8, 0.25, 120))
    >>> {way: round(each.value, 6) for way, each in found.ways.items()}
    {'stop': 0.0, 'all_in': 100.0, 'gate': 207.5}
    >>> [(round(flip.at, 4), flip.before, flip.after) for flip in found.flips]
    [(0.3122, 'stop', 'gate'), (0.6201, 'gate', 'all_in')]
    """
    p, q = it.chance, 1 - it.chance
    go, no_go = p * it.hit + q * it.false_alarm, p * (1 - it.hit) + q * (1 - it.false_alarm)
    on_go, on_no_go = _worth_on_each_answer(it, p)
    # What is done on each answer: the whole where that pays, else nothing.
    goes = {True: on_go > 0, False: on_no_go > 0}
    by_state = {
        state: [(share, end if goes[says] else 0.0) for says, share in shares]
        for state, end, shares in (
            (True, it.gain, ((True, it.hit), (False, 1 - it.hit))),
            (False, -it.loss, ((True, it.false_alarm), (False, 1 - it.false_alarm))),
        )
    }
    worth_in = {state: sum(s * end for s, end in of) - it.cost for state, of in by_state.items()}
    lost = sum(
        weight * share
        for state, weight in ((True, p), (False, q))
        for share, end in by_state[state]
        if end < it.cost
    )
    values = _worth_by_way(it, p)
    ways = {
        STOP: Way(values[STOP], 0.0, it.gain),
        ALL_IN: Way(values[ALL_IN], q, it.loss),
        GATE: Way(values[GATE], lost, max(it.gain - worth_in[True], -worth_in[False])),
    }
    without = max(values[STOP], values[ALL_IN])
    return GateValue(
        ways=ways,
        best=_best_way(it, p),
        says_go=go,
        after_go=p * it.hit / go if go else p,
        after_no_go=p * (1 - it.hit) / no_go if no_go else p,
        go_on=goes[True],
        go_on_no=goes[False],
        perfect=p * it.gain - without,
        sample=values[GATE] + it.cost - without,
        flips=_chances_at_which_best_changes(it),
    )


class _AnswerWorth(NamedTuple):
    go: float
    no_go: float


def _worth_on_each_answer(it: Gate, chance: float) -> _AnswerWorth:
    """What doing the whole is worth on a go, and on a no go, times the chance of that answer."""
    q = 1 - chance
    return _AnswerWorth(
        chance * it.hit * it.gain - q * it.false_alarm * it.loss,
        chance * (1 - it.hit) * it.gain - q * (1 - it.false_alarm) * it.loss,
    )


def _worth_by_way(it: Gate, chance: float) -> dict[str, float]:
    on_go, on_no_go = _worth_on_each_answer(it, chance)
    return {
        STOP: 0.0,
        ALL_IN: chance * it.gain - (1 - chance) * it.loss,
        GATE: max(0.0, on_go) + max(0.0, on_no_go) - it.cost,
    }


def _best_way(it: Gate, chance: float) -> str:
    values = _worth_by_way(it, chance)
    return max(WAYS, key=lambda way: values[way])


def _chances_at_which_best_changes(it: Gate) -> tuple[Flip, ...]:
    """Each way is a line in the chance, the gate one in pieces: the best can change only where two
    of these lines meet."""
    lines = {(0.0, 0.0), (-it.loss, it.gain + it.loss)}
    for on_go in (0.0, 1.0):
        for on_no_go in (0.0, 1.0):
            # What is won and lost where the whole is done on these answers.
            gain = it.gain * (on_go * it.hit + on_no_go * (1 - it.hit))
            loss = it.loss * (on_go * it.false_alarm + on_no_go * (1 - it.false_alarm))
            lines.add((-loss - it.cost, gain + loss))
    places = {0.0, 1.0}
    for (a, b), (c, d) in combinations(sorted(lines), 2):
        if b != d and 0 < (a - c) / (d - b) < 1:
            places.add((a - c) / (d - b))
    order = sorted(places)
    middles = [(left + right) / 2 for left, right in pairwise(order)]
    bests = [_best_way(it, middle) for middle in middles]
    return tuple(
        Flip(at, before, after)
        for at, before, after in zip(order[1:-1], bests, bests[1:], strict=False)
        if before != after
    )
