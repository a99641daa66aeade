"""Other people's scales: which level of the register's criteria each of their values would be.

What is certain is taken; everything else is proposed and asked. Pure.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from riskreg.exchange.mapping.words import ROMAN, STEPS

_LEADING = re.compile(r"^(?:[a-z]{1,2}[- ]?)?([0-9]{1,3})(?:\.0+)?\s*(?:$|[-–—:.)=,(/]|级|分|\s)")
_TRAILING = re.compile(r"[(\[（]\s*([0-9]{1,2})\s*[)\]）]$")
_PERCENT = re.compile(r"^[<>≤≥~]?\s*([0-9]+(?:[.,][0-9]+)?)\s*%$")
_FRACTION = re.compile(r"^(?:0?[.,][0-9]+|1[.,]0+|0)$")
_OF = re.compile(r"^([0-9]{1,2})\s*/\s*([0-9]{1,2})$")


@dataclass(frozen=True)
class Scale:
    """{their value: our level or None}, whether that is certain, and why not."""

    levels: Mapping[str, int | None]
    sure: bool
    why: str = ""
    unknown: tuple[str, ...] = field(default=())


def folded(text: str) -> str:
    """A value as it is compared: one case, no blanks around, full-width as half."""
    text = unicodedata.normalize("NFKC", text).casefold().strip()
    return " ".join(_digits(text).split())


def _digits(text: str) -> str:
    """Digits of every script as 0 to 9."""
    return "".join(
        str(unicodedata.decimal(c)) if c.isdecimal() and not c.isascii() else c for c in text
    )


def whole(text: str) -> int | None:
    """The level number in ``4``, ``4 - Likely``, ``Likely (4)``, ``L4``; None without one."""
    found = _LEADING.match(folded(text)) or _TRAILING.search(folded(text))
    return int(found[1]) if found else None


def rank(text: str) -> int | None:
    """The place of a word among five steps, from 1."""
    word = folded(text).strip(".:;!")
    word = re.sub(r"\s*\([^)]*\)", "", word) or word
    word = re.sub(r"^[0-9]+\s*[-–:.)]\s*", "", word)
    for place, words in enumerate(STEPS, 1):
        if word in words:
            return place
    for place, words in enumerate(STEPS, 1):
        if word.removesuffix(" risk") in words or word.removesuffix("风险") in words:
            return place
    return None


def evenly(step: int, steps: int, size: int) -> int:
    """Step ``step`` of ``steps``, spread over ``size`` levels: 1, 2, 3 of 3 are 1, 3, 5 of 5."""
    if steps <= 1:
        return size
    return 1 + math.floor((step - 1) * (size - 1) / (steps - 1) + 0.5)


def propose(
    values: Sequence[str],
    names: Sequence[Sequence[str]],
    *,
    steps: int | None = None,
) -> Scale:
    """How ``values``, the different ones of a column, stand on the levels called ``names``.

    ``steps``: how many levels their own scale has, where the header or the file itself shows it.
    """
    size = len(names)
    ours = {folded(name): level for level, all_of in enumerate(names, 1) for name in all_of}
    exact = {value: ours.get(folded(value)) for value in values}
    if all(exact.values()):
        return Scale(exact, True)
    for read in (_romans, _parts, _numbers, _words):
        found = read(values, size, steps)
        if found is not None:
            levels = {value: exact[value] or level for value, level in found.levels.items()}
            return Scale(levels, found.sure, found.why, found.unknown)
    return Scale(dict(exact), False, "unknown", tuple(v for v in values if not exact[v]))


def steps_of(columns: Sequence[Sequence[str]]) -> int | None:
    """How many levels their scale has, by the highest number in all columns of it; None where they
    are no plain numbers."""
    numbers = [n for values in columns for v in values if (n := whole(v)) is not None]
    return max(numbers) if numbers else None


def _numbers(values: Sequence[str], size: int, steps: int | None) -> Scale | None:
    found = {value: whole(value) for value in values}
    known = [n for n in found.values() if n is not None]
    if len(known) * 2 <= len(values):
        return None
    unknown = tuple(v for v, n in found.items() if n is None or n < 1)
    most = max(max(known), steps or 0)
    if most == size and min((n for n in known if n > 0), default=1) >= 1:
        levels = {v: n if n and 1 <= n <= size else None for v, n in found.items()}
        return Scale(levels, not unknown, "unknown" if unknown else "", unknown)
    steps = 10 if size < most <= 10 and most > 7 else most
    if most < size and most != 3:
        # Nothing shows where their scale ends; as it stands is the likeliest.
        levels = {v: n if n and n >= 1 else None for v, n in found.items()}
    else:
        levels = {v: evenly(n, steps, size) if n and n >= 1 else None for v, n in found.items()}
    return Scale(levels, False, "steps", unknown)


def _romans(values: Sequence[str], size: int, _steps: int | None) -> Scale | None:
    found = {value: ROMAN.get(folded(value).strip(" 级.")) for value in values}
    if len(values) < 2 or not all(found.values()):
        return None
    most = max(n for n in found.values() if n)
    # Where classes are counted in Roman numbers, I is mostly the worst.
    levels = {v: evenly(most + 1 - n, most, size) for v, n in found.items() if n}
    return Scale(levels, False, "roman")


def _parts(values: Sequence[str], size: int, _steps: int | None) -> Scale | None:
    found: dict[str, float | None] = {value: part_of_one(value) for value in values}
    if sum(p is not None for p in found.values()) * 2 <= len(values):
        return None
    if all(p in (None, 0.0, 1.0) for p in found.values()):
        return None
    levels = {
        v: None if p is None else min(size, max(1, math.ceil(p * size - 1e-9)))
        for v, p in found.items()
    }
    return Scale(levels, False, "parts", tuple(v for v, p in found.items() if p is None))


def part_of_one(text: str) -> float | None:
    """The part that ``35 %``, ``0.35``, ``0,35`` or ``2/5`` is of one."""
    text = folded(text)
    if found := _PERCENT.match(text):
        part = float(found[1].replace(",", ".")) / 100
        return part if part <= 1 else None
    if _FRACTION.match(text):
        return float(text.replace(",", "."))
    if (found := _OF.match(text)) and int(found[2]) > 0:
        part = int(found[1]) / int(found[2])
        return part if part <= 1 else None
    return None


def _words(values: Sequence[str], size: int, _steps: int | None) -> Scale | None:
    found = {value: rank(value) for value in values}
    known = {place for place in found.values() if place}
    if not known:
        return None
    unknown = tuple(value for value, place in found.items() if place is None)
    middle = known <= {2, 3, 4}
    steps, shift = (3, 1) if middle else (5, 0)
    levels = {v: evenly(p - shift, steps, size) if p else None for v, p in found.items()}
    sure = steps == size
    return Scale(levels, sure and not unknown, "" if sure and not unknown else
                 "unknown" if sure else "steps", unknown)  # fmt: skip
