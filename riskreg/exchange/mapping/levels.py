"""Other people's scales: which level of the register's criteria each of their values would be.

What is certain is taken; everything else is proposed and asked. Pure.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from riskreg.exchange.mapping.words import ROMAN, SCALES, STEPS, SYMBOLS

_LEADING = re.compile(
    r"^(?:[a-z]{1,4}[-_ ]?)?([0-9]{1,3})(?:[.,]0+)?(?![.,]?[0-9])\s*(?:$|[-–—:.)=,(/]|级|級|分|\s)"
)
_TRAILING = re.compile(r"[(\[（]\s*([0-9]{1,2})\s*[)\]）]$")
_ABOUT = r"(?:[<>≤≥~≈]|ca\.?|approx\.?|约)?\s*"
_NUMBER = r"([0-9]+(?:[.,][0-9]+)?)"
_PERCENT = re.compile(rf"^{_ABOUT}{_NUMBER}\s*%$")
_RANGE = re.compile(rf"^{_ABOUT}{_NUMBER}\s*%?\s*(?:-|–|—|~|to|bis|à|a|至|到)\s*{_NUMBER}\s*%$")
_FRACTION = re.compile(r"^(?:0?[.,][0-9]+|1[.,]0+|0)$")
_OF = re.compile(r"^([0-9]{1,2})\s*/\s*([0-9]{1,2})$")
_ONE_IN = re.compile(r"^1\s*(?:in|:|auf|sur|de cada|em|su)\s*([0-9][0-9.,]*)$")
_GRADE = re.compile(r"^(?:[0-9]|[一二三四五])\s*(?:级|級)")
_CLASS = re.compile(
    r"^(?:class|klasse|classe|clase|level|grade|category|kategorie|stufe|cat\.?)\s+"
)
_CHINESE = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5}
# Filled and empty signs of one kind: ★★★☆☆, ●○○.
_SIGNS = re.compile(r"^([★●■+*!•⬤])\1*([☆○□◯])?\2*$")


@dataclass(frozen=True)
class Scale:
    """{their value: our level or None}, whether that is certain, and why not."""

    levels: Mapping[str, int | None]
    sure: bool
    why: str = ""
    unknown: tuple[str, ...] = field(default=())


def fold_value(text: str) -> str:
    """A value as it is compared: one case, no blanks around, full-width as half."""
    if text.isascii():
        # Most cells are: nothing to compose, and no digits of another script.
        return " ".join(text.lower().split())
    text = unicodedata.normalize("NFKC", text).casefold().strip()
    return " ".join(_with_plain_digits(text).split())


def _with_plain_digits(text: str) -> str:
    """Digits of every script as 0 to 9."""
    return "".join(
        str(unicodedata.decimal(c)) if c.isdecimal() and not c.isascii() else c for c in text
    )


def parse_level_number(text: str) -> int | None:
    """The level number in ``4``, ``4 - Likely``, ``Likely (4)``, ``L4``; None without one."""
    found = _LEADING.match(fold_value(text)) or _TRAILING.search(fold_value(text))
    return int(found[1]) if found else None


def parse_level_word(text: str) -> str:
    """The bare word of a level: without its number, brackets and *risk*; a coloured sign is the
    name of its colour."""
    word = fold_value(text).strip(".:;! \ufe0f")
    for sign, colour in SYMBOLS.items():
        if sign in word:
            word = word.replace(sign, " ").strip(" .:-–\ufe0f") or colour
    word = re.sub(r"\s*[(\[（][^)\]）]*[)\]）]", "", word) or word
    word = re.sub(r"^[0-9]+\s*[-–:.)=]\s*", "", word)
    bare = word
    for end in (" risk", "风险", "風險", "色", " likelihood", " impact", " probability"):
        bare = bare.removesuffix(end)
    return bare.strip() or word


def rank_of_word(text: str) -> int | None:
    """The place of a word among five steps, from 1."""
    word = parse_level_word(text)
    return next((place for place, words in enumerate(STEPS, 1) if word in words), None)


def spread_evenly(step: int, steps: int, size: int) -> int:
    """Step ``step`` of ``steps``, spread over ``size`` levels: 1, 2, 3 of 3 are 1, 3, 5 of 5."""
    if steps <= 1:
        return size
    return 1 + math.floor((step - 1) * (size - 1) / (steps - 1) + 0.5)


def propose_scale(
    values: Sequence[str],
    names: Sequence[Sequence[str]],
    *,
    steps: int | None = None,
    same_scale: Sequence[str] = (),
) -> Scale:
    """How ``values``, the different ones of a column, stand on the levels called ``names``.

    ``steps``: how many levels their own scale has, where the header or the file itself shows it;
    ``same_scale``: the values of other columns that are judged on the same scale.
    """
    size = len(names)
    ours = {fold_value(name): level for level, all_of in enumerate(names, 1) for name in all_of}
    exact = {value: ours.get(fold_value(value)) for value in values}
    if all(exact.values()):
        return Scale(exact, True)
    if all(ours.get(fold_value(value)) for value in same_scale if rank_of_word(value)):
        # One word that is none of ours does not make another scale of the rest.
        known = exact
    else:
        known = dict.fromkeys(values)
    for read in (
        _scale_of_romans_worst_first,
        _scale_of_fractions,
        _scale_of_grades_worst_first,
        _scale_of_letters_worst_first,
        _scale_of_numbers,
        _scale_of_filled_signs,
    ):
        found = read(values, size, steps)
        if found is not None:
            break
    else:
        found = _scale_of_words(values, same_scale, size) or _scale_of_known_words(values, size)
    if found is None:
        return Scale(dict(exact), False, "unknown", tuple(v for v in values if not exact[v]))
    levels = {value: known[value] or level for value, level in found.levels.items()}
    return Scale(levels, found.sure, found.why, found.unknown)


def highest_number_in(columns: Sequence[Sequence[str]]) -> int | None:
    """How many levels their scale has, by the highest number in all columns of it; None where they
    are no plain numbers."""
    numbers = [n for values in columns for v in values if (n := parse_level_number(v)) is not None]
    return max(numbers) if numbers else None


def _scale_of_numbers(values: Sequence[str], size: int, steps: int | None) -> Scale | None:
    found = {value: parse_level_number(value) for value in values}
    known = [n for n in found.values() if n is not None]
    if not known or len(known) * 2 < len(values):
        return None
    most, least = max(max(known), steps or 0), min(known)
    if most > 10 and all(re.search(r"[^\W\d_]", fold_value(value)) for value in values):
        # *High (15)* says more by its word.
        return None
    # A nought is the first of their levels where the rest make up a usual scale; else a slip.
    first = 0 if least == 0 and most in (size - 1, 10, 100) else 1
    unknown = tuple(v for v, n in found.items() if n is None or n < first)
    if most == size and first == 1:
        levels = {v: n if n and 1 <= n <= size else None for v, n in found.items()}
        return Scale(levels, not unknown, "unknown" if unknown else "", unknown)
    most = 10 if size < most <= 10 and most > 7 else most
    count = most + 1 - first
    # Where nothing shows where their scale ends, as it stands is the likeliest.
    as_it_is = count == size or (first == 1 and count < size and count != 3)
    place = {v: None if n is None or n < first else n + 1 - first for v, n in found.items()}
    levels = {
        v: n if n is None or as_it_is else spread_evenly(n, count, size) for v, n in place.items()
    }
    return Scale(levels, False, "steps", unknown)


def _scale_worst_first(places: Mapping[str, int], size: int) -> Scale:
    most = max(places.values())
    return Scale(
        {v: spread_evenly(most + 1 - n, most, size) for v, n in places.items()}, False, "roman"
    )


def _scale_of_grades_worst_first(
    values: Sequence[str], size: int, _steps: int | None
) -> Scale | None:
    """*1级*, *一级*: grades, of which the first is mostly the worst."""
    found = {value: fold_value(value) for value in values if _GRADE.match(fold_value(value))}
    if len(values) < 2 or len(found) < len(values):
        return None
    places = {v: _CHINESE.get(text[0]) or int(text[0]) for v, text in found.items()}
    return _scale_worst_first(places, size) if min(places.values()) > 0 else None


def _scale_of_letters_worst_first(
    values: Sequence[str], size: int, _steps: int | None
) -> Scale | None:
    """*A* to *E*: classes, of which A is mostly the worst."""
    found = {value: _CLASS.sub("", fold_value(value)) for value in values}
    if len(values) < 2 or not all(len(text) == 1 and "a" <= text <= "f" for text in found.values()):
        return None
    return _scale_worst_first({v: ord(text) - 96 for v, text in found.items()}, size)


def _scale_of_filled_signs(values: Sequence[str], size: int, _steps: int | None) -> Scale | None:
    """*★★★*, *●●○*: as many as are filled."""
    found = {value: fold_value(value) for value in values}
    if len(values) < 2 or not all(_SIGNS.match(text) for text in found.values()):
        return None
    most = max(len(text) for text in found.values())
    filled = {v: sum(c == text[0] for c in text) for v, text in found.items()}
    return Scale({v: spread_evenly(n, most, size) for v, n in filled.items()}, False, "steps")


def _scale_of_words(values: Sequence[str], same_scale: Sequence[str], size: int) -> Scale | None:
    """The place of each word in the scales that have them all; certain if they are all as long as
    ours. One that is used from end to end is the likeliest, then one of three, then one as long as
    ours."""
    mine = {value: parse_level_word(value) for value in values}
    own = set(mine.values())
    words = own | {parse_level_word(value) for value in same_scale if rank_of_word(value)}
    scales = [scale for scale in SCALES if words <= set(scale)]
    if not scales:
        words, scales = own, [scale for scale in SCALES if own <= set(scale)]
    if not scales:
        return None
    best = min(scales, key=lambda s: (len(s) != len(words), len(s) != 3, len(s) != size, len(s)))
    levels = {v: spread_evenly(best.index(word) + 1, len(best), size) for v, word in mine.items()}
    sure = {len(scale) for scale in scales} == {size}
    return Scale(levels, sure, "" if sure else "steps")


def _scale_of_romans_worst_first(
    values: Sequence[str], size: int, _steps: int | None
) -> Scale | None:
    found = {v: ROMAN.get(_CLASS.sub("", fold_value(v)).strip(" 级級类類.")) for v in values}
    if len(values) < 2 or not all(found.values()):
        return None
    # Where classes are counted in Roman numbers, I is mostly the worst.
    return _scale_worst_first({v: n for v, n in found.items() if n}, size)


def _scale_of_fractions(values: Sequence[str], size: int, _steps: int | None) -> Scale | None:
    found: dict[str, float | None] = {value: parse_part_of_one(value) for value in values}
    if sum(p is not None for p in found.values()) * 2 <= len(values):
        return None
    if all(p in (None, 0.0, 1.0) for p in found.values()) and not any("%" in v for v in values):
        return None
    levels = {
        v: None if p is None else min(size, max(1, math.ceil(p * size - 1e-9)))
        for v, p in found.items()
    }
    return Scale(levels, False, "parts", tuple(v for v, p in found.items() if p is None))


def parse_part_of_one(text: str) -> float | None:
    """The part that ``35 %``, ``20–40 %``, ``0.35``, ``0,35``, ``2/5``, ``1 in 20`` is of one."""
    text = fold_value(text)
    if found := _PERCENT.match(text):
        part = float(found[1].replace(",", ".")) / 100
        return part if part <= 1 else None
    if found := _RANGE.match(text):
        part = sum(float(found[n].replace(",", ".")) for n in (1, 2)) / 200
        return part if part <= 1 else None
    if found := _ONE_IN.match(text):
        whole_number = int(re.sub(r"\D", "", found[1]))
        return 1 / whole_number if whole_number else None
    if _FRACTION.match(text):
        return float(text.replace(",", "."))
    if (found := _OF.match(text)) and int(found[2]) > 0:
        part = int(found[1]) / int(found[2])
        return part if part <= 1 else None
    return None


def _scale_of_known_words(values: Sequence[str], size: int) -> Scale | None:
    found = {value: rank_of_word(value) for value in values}
    known = {place for place in found.values() if place}
    if not known:
        return None
    unknown = tuple(value for value, place in found.items() if place is None)
    middle = known <= {2, 3, 4}
    steps, shift = (3, 1) if middle else (5, 0)
    levels = {v: spread_evenly(p - shift, steps, size) if p else None for v, p in found.items()}
    # Two words on one step, or an end that is missing, may be another scale than ours.
    words = {parse_level_word(value) for value, place in found.items() if place}
    sure = steps == size and known >= {1, 5} and len(words) == len(known)
    return Scale(levels, sure and not unknown, "" if sure and not unknown else
                 "unknown" if sure else "steps", unknown)  # fmt: skip
