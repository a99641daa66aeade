"""Gates among the options of a decision, worked out and in the reader's words."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from riskreg.analysis.amounts import amount_text
from riskreg.decisions.policy import gates as policy
from riskreg.decisions.policy.decisions import KEYS
from riskreg.decisions.policy.gates import ALL_IN, GATE, STOP, Gate, GateValue
from riskreg.kernel.localised import percent_text

# Doing nothing has the first letter.
NOTHING = KEYS[0]


def evaluate_stored_gate(option: Mapping[str, Any]) -> tuple[Gate, GateValue]:
    """What an option that is a gate ({gate, costs}) is worth; it costs what the option does."""
    cost = sum(float(one["amount"]) for one in option.get("costs") or ())
    it = policy.parse_gate(option["gate"], cost)
    return it, policy.evaluate_gate(it)


def gates_in_words(options: Sequence[Mapping[str, Any]], currency: str) -> list[dict[str, Any]]:
    """Each gate among ``options`` ({key, title, gate, costs}): the three ways beside each other,
    the tree behind them line by line, what knowing is worth, and where the choice flips."""
    titles = {option["key"]: option["title"] for option in options}
    return [_gate_in_words(option, titles, currency) for option in options if option.get("gate")]


def _gate_in_words(
    option: Mapping[str, Any], titles: Mapping[str, str], currency: str
) -> dict[str, Any]:
    it, found = evaluate_stored_gate(option)
    keys = {STOP: NOTHING, ALL_IN: option["gate"]["decides"], GATE: option["key"]}
    return {
        "key": option["key"],
        "decides": keys[ALL_IN],
        "label": option["gate"]["label"],
        "currency": currency,
        "ways": [
            {
                "key": keys[way],
                "title": titles.get(keys[way], ""),
                "value": _amount_text(each.value),
                "lost": _chance_text(each.lost),
                "regret": _amount_text(each.regret),
                "best": way == found.best,
            }
            for way, each in sorted(found.ways.items(), key=lambda pair: keys[pair[0]])
        ],
        "tree": list(_tree_lines(it, found, keys)),
        "perfect": _amount_text(found.perfect, currency),
        "sample": _amount_text(found.sample, currency),
        "cost": _amount_text(it.cost, currency),
        "flips": _flip_texts(it, found, keys),
    }


def _amount_text(value: float, currency: str = "") -> str:
    # Worked out of numbers that somebody has said, not drawn: a digit more than of a simulation.
    return amount_text(value, currency, digits=4)


def _chance_text(value: float) -> str:
    return percent_text(round(100 * value, 1) or 0.0)


def _tree_lines(it: Gate, found: GateValue, keys: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Lines of the tree: {level, text, value}, what is paid on the way taken off at the ends."""

    def line(level: int, text: str, value: float) -> dict[str, Any]:
        return {"level": level, "text": text, "value": _amount_text(value)}

    def ends(level: int, chance: float, paid: float) -> Iterator[dict[str, Any]]:
        yield line(level, _("succeeds, %(p)s") % {"p": _chance_text(chance)}, it.gain - paid)
        yield line(level, _("does not, %(p)s") % {"p": _chance_text(1 - chance)}, -it.loss - paid)

    ways = found.ways
    yield line(0, _("%(key)s: nothing is done") % {"key": keys[STOP]}, ways[STOP].value)
    yield line(0, _("%(key)s at once") % {"key": keys[ALL_IN]}, ways[ALL_IN].value)
    yield from ends(1, it.chance, 0.0)
    yield line(0, _("%(key)s first") % {"key": keys[GATE]}, ways[GATE].value)
    for says, chance, after, goes in (
        (_("it says go, %(p)s; then %(key)s"), found.says_go, found.after_go, found.go_on),
        (_("it says no, %(p)s; then %(key)s"), 1 - found.says_go, found.after_no_go,
         found.go_on_no),
    ):  # fmt: skip
        then = keys[ALL_IN] if goes else keys[STOP]
        worth = after * it.gain - (1 - after) * it.loss if goes else 0.0
        yield line(1, says % {"p": _chance_text(chance), "key": then}, worth - it.cost)
        if goes:
            yield from ends(2, after, it.cost)


def _flip_texts(it: Gate, found: GateValue, keys: Mapping[str, str]) -> list[str]:
    """What would be chosen at another chance of success than is words, nearest on either side."""
    below = [flip for flip in found.flips if flip.at < it.chance]
    above = [flip for flip in found.flips if flip.at >= it.chance]
    words = []
    if below:
        text = _("below a chance of %(p)s: %(key)s")
        words.append(text % {"p": _chance_text(below[-1].at), "key": keys[below[-1].before]})
    if above:
        text = _("above a chance of %(p)s: %(key)s")
        words.append(text % {"p": _chance_text(above[0].at), "key": keys[above[0].after]})
    return words
