"""Recognising what a column is by what stands above it. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from riskreg.exchange.reading.words import (
    AFTER,
    AFTER_CJK,
    BEFORE,
    BEFORE_CJK,
    CONNECTORS,
    NEUTRAL,
    NOT_HEADS,
    RISK_WORDS,
    SCORES,
    STAGES,
    TARGETS,
    WORK,
)

# How many names are kept as read: files that are brought have any number of others.
_KEPT = 5000
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SPLIT = re.compile(r"[^\w#°%]+|_+")
# A word that is broken over two lines of a cell: Likeli- hood.
_BROKEN = re.compile(r"(?<=[^\W\d_])-\s+(?=[a-zäöüß])")
_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]|（[^）]*）")
# Languages that write in one word what others write in two: Risikowert, Bruttorisiko.
_COMPOUND = re.compile(r"\b(risiko|risico)(?=[^\W\d_]{3,})|(?<=[^\W\d_]{4})(?=(?:risiko|risico)\b)")
# What tells of a scale and not of the column: (1-5), 1to5, 1..10.
_SCALE = re.compile(r"\(?\b([0-9])\s*(?:-|–|—|to|bis|à|a|至|~|\.\.+)\s*([0-9]{1,2})\b\)?", re.I)
# The same with nothing between its ends, as behind a name: likelihood_1_5.
_SCALE_BEHIND = re.compile(r"(?<=\w) ([01]) (3|4|5|10)$")
# Names that say nothing where they are only a part of a longer one.
_WEAK = frozenset(
    [
        "source",
        "name",
        "date",
        "data",
        "datum",
        "type",
        "class",
        "area",
        "number",
        "reference",
        "raised",
        "created",
        "opened",
        "closed",
        "lead",
        "identified",
        "trigger",
        "item",
        "title",
        "titel",
        "title",
        "código",
        "codigo",
        "code",
        "nombre",
        "nome",
        "fecha",
        "stand",
        "effect",
        "effects",
        "result",
        "details",
        "summary",
        "complete",
        "completion",
        "measure",
        "responsible",
        "domain",
        "bereich",
        "origine",
        "origem",
        "description",
        "of",
    ]
)
_CONNECTORS = frozenset(CONNECTORS)
_NEUTRAL = frozenset(NEUTRAL)
_RISKS = frozenset(RISK_WORDS)
# What a name is of when it stands behind one of planned work.
_OF_WORK = {
    "owner": "mitigation.owner",
    "state": "mitigation.status",
    "mitigation.due_on": "mitigation.due_on",
    "mitigation.cost": "mitigation.cost",
    "mitigation.progress": "mitigation.progress",
    "event": "mitigation.description",
}
_THREATS = ("threat", "hazard", "威胁", "脅威", "bedrohung", "menace", "amenaza", "minaccia")
# Parts of names that are of something else as often: asset name, risk class.
_VAGUE = frozenset(["name", "nom", "nome", "nombre", "naam", "item", "issue", *RISK_WORDS])
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True)
class Recognised:
    """What a header names: a target, a stage if it says one, and how sure that is (1 to 100)."""

    target: str
    stage: str = ""
    sureness: int = 100


@lru_cache(maxsize=_KEPT)
def plain_header(text: str) -> str:
    """``text`` in lower case, words apart, without punctuation and hints of a scale."""
    text = unicodedata.normalize("NFKC", str(text))
    text = _BROKEN.sub("", re.sub(r"_+", " ", text))
    text = _SCALE_BEHIND.sub("", _SCALE.sub(" ", text).rstrip())
    text = _BRACKETS.sub(" ", text) if _BRACKETS.sub("", text).strip() else text
    text = _CAMEL.sub(" ", re.sub(r"IDs\b", "Ids", text)).casefold()
    text = _COMPOUND.sub(lambda found: f"{found[1]} " if found[1] else " ", text)
    return " ".join(part for part in _SPLIT.split(text) if part)


def scale_size_in_header(text: str) -> int | None:
    """How many levels a header says its scale has: ``Likelihood (1-5)`` has 5."""
    text = re.sub(r"_+", " ", unicodedata.normalize("NFKC", str(text))).rstrip()
    found = _SCALE.search(text) or _SCALE_BEHIND.search(text)
    if found and int(found[1]) in (0, 1) and 2 < int(found[2]) <= 10:
        return int(found[2])
    return None


@cache
def _target_of_word() -> dict[str, str]:
    return _targets_by_word({**TARGETS, **SCORES})


@cache
def _target_of_score_word() -> dict[str, str]:
    return _targets_by_word(SCORES)


def _targets_by_word(table: Mapping[str, Sequence[str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for target, words in table.items():
        for word in words:
            found.setdefault(plain_header(word) or word, target)
    return found


@cache
def _target_by_sorted_words() -> dict[tuple[str, ...], str]:
    """Names by their words in any order: *date identified* is *identified date*."""
    found: dict[tuple[str, ...], str] = {}
    for word, target in _target_of_word().items():
        found.setdefault(_sorted_words(word), target)
    return found


def _sorted_words(text: str) -> tuple[str, ...]:
    words = text.split()
    kept = [word for word in words if word not in _CONNECTORS] if len(words) > 1 else words
    return tuple(sorted(kept or words))


def mentions_risk(header: str) -> bool:
    """Whether a header speaks of risks."""
    text = plain_header(header)
    return any(_contains(text, word) for word in RISK_WORDS)


@lru_cache(maxsize=_KEPT)
def recognise(header: str) -> Recognised | None:
    """What a column called ``header`` holds, or None."""
    text = plain_header(header)
    if not text:
        return None
    bracketed = _bracketed_stage(header)
    if text in _target_of_word() and not (bracketed and text in _target_of_score_word()):
        return Recognised(_target_of_word()[text])
    stage, rest = _split_off_stage(text)
    stage = stage or bracketed
    if stage and (found := _recognise_in_stage(stage, rest)):
        return found
    without = _without_risk(text)
    target = (
        _target_by_sorted_words().get(_sorted_words(text))
        or _target_of_word().get(without)
        or (_target_by_sorted_words().get(_sorted_words(without)) if without else None)
        or _target_named_before_of(text)
    )
    if not target and (composed := _recognise_part_of_work(text)):
        return composed if composed.target else None
    if target:
        return Recognised(target, "", 90)
    partial = _target_of_longest_part(text, _target_of_word())
    return Recognised(partial, "", 60) if partial else None


def column_on_what_may_happen_or_empty(headers: Sequence[str]) -> str:
    """The column that says what may happen, where none is called so: the threat, then one with
    such a name anywhere in it, then the cause or consequence. Nothing without any."""
    for header in headers:
        found = recognise(header)
        if (
            found
            and found.target == "cause"
            and any(_contains(plain_header(header), w) for w in _THREATS)
        ):
            return header
    for target in ("event", "title"):
        for header in headers:
            words = set(plain_header(header).split()) - _VAGUE
            if any(_target_of_word().get(word) == target for word in words):
                return header
    for target in ("cause", "consequence"):
        for header in headers:
            if (found := recognise(header)) and found.target == target:
                return header
    return ""


def _recognise_in_stage(stage: str, rest: str) -> Recognised | None:
    """What is judged at a stage: one of ``SCORES``, or the risk itself by its rating."""
    without = _without_risk(rest)
    for text in (rest, without):
        if text in _target_of_score_word():
            return Recognised(_target_of_score_word()[text], stage)
        if _target_by_sorted_words().get(_sorted_words(text)) in SCORES:
            return Recognised(_target_by_sorted_words()[_sorted_words(text)], stage)
    if not without or set(without.split()) <= _CONNECTORS:
        return Recognised("rating", stage, 60)
    if _target_of_word().get(without) == "consequence":
        # Of a stage, a consequence is how bad it would be.
        return Recognised("impact", stage, 70)
    partial = _target_of_longest_part(without, _target_of_score_word())
    return Recognised(partial, stage, 70) if partial else None


@cache
def _words_with_stage_longest_first() -> list[tuple[str, str]]:
    """(word, stage), longest first, so that *before mitigation* is taken whole."""
    found = [(word, stage) for stage, words in STAGES.items() for word in words]
    for first, stage in ((BEFORE, "inherent"), (AFTER, "residual")):
        found += [(f"{before} {work}", stage) for before in first for work in WORK]
    found += [(word, "inherent") for word in BEFORE_CJK]
    found += [(word, "residual") for word in AFTER_CJK]
    return sorted(found, key=lambda item: -len(item[0]))


class _StageAndRest(NamedTuple):
    """The stage that a header names (empty for none), and what it says besides."""

    stage: str
    rest: str


def _split_off_stage(text: str) -> _StageAndRest:
    for word, stage in _words_with_stage_longest_first():
        if _contains(text, word):
            return _StageAndRest(stage, _without_word(text, word))
    return _StageAndRest("", text)


def stage_in(header: str) -> str:
    """The stage that a header names; nothing for none."""
    return _split_off_stage(plain_header(header)).stage


def _bracketed_stage(header: str) -> str:
    """The stage that stands in brackets: *Likelihood (residual)*."""
    for found in _BRACKETS.findall(unicodedata.normalize("NFKC", header)):
        stage, rest = _split_off_stage(plain_header(found.strip("()[]（）")))
        if stage and not rest:
            return stage
    return ""


def _without_risk(text: str) -> str:
    """``text`` without the word for a risk, and what bound it: *owner* in *owner of the risk*."""
    before = text
    for word in RISK_WORDS:
        if _contains(text, word):
            text = _without_word(text, word)
    words = text.split()
    if text != before:
        while words and words[-1] in _CONNECTORS and len(words) > 1:
            words.pop()
        while words and words[0] in _CONNECTORS and len(words) > 1:
            words.pop(0)
    return " ".join(words)


def _target_named_before_of(text: str) -> str | None:
    """What is named before the first *of*: *cost* in *cost of measures*."""
    words = text.split()
    for place, word in enumerate(words):
        if place and word in _CONNECTORS:
            head = " ".join(words[:place])
            return None if head in _WEAK else _target_of_word().get(head)
    return None


def _recognise_part_of_work(text: str) -> Recognised | None:
    """What belongs to the work or control that is named before it: *treatment plan owner*. Who
    keeps a control is nothing that is kept here: an empty target."""
    words = text.split()
    for place in range(1, len(words)):
        what, whose = (
            _target_of_word().get(" ".join(words[place:])),
            _target_of_word().get(" ".join(words[:place])),
        )
        if what in _OF_WORK and whose in ("mitigation.title", "response"):
            return Recognised(_OF_WORK[what], "", 90)
        if what in _OF_WORK and whose == "control":
            return Recognised("", "", 0)
    return None


def _contains(text: str, word: str) -> bool:
    return word in text if _CJK.search(word) else f" {word} " in f" {text} "


def _without_word(text: str, word: str) -> str:
    if _CJK.search(word):
        return " ".join(text.replace(word, " ", 1).split())
    return " ".join(f" {text} ".replace(f" {word} ", " ", 1).split())


def _target_of_longest_part(text: str, known: dict[str, str]) -> str | None:
    """The target of the longest known name that is a part of ``text``, if it is more than a
    letter; one at its end counts for more, as in *date of the last risk review*."""
    best: tuple[int, str] | None = None
    # A long sentence above a column is no name of it; nor is what only says something about it.
    if len(text) > 60 or any(text == w or text.endswith(w if _CJK.search(w) else f" {w}")
                             for w in NOT_HEADS):  # fmt: skip
        return None
    for word, target in known.items():
        if len(word) < (2 if _CJK.search(word) else 4) or word in _WEAK:
            continue
        if not _contains(text, word) or (
            word in _RISKS and not _has_only_neutral_words_besides(text, word)
        ):
            continue
        weight = len(word) + (3 if text.endswith(word) else 0)
        if best is None or weight > best[0]:
            best = (weight, target)
    return best[1] if best else None


def _has_only_neutral_words_besides(text: str, word: str) -> bool:
    """Whether nothing but words without a meaning of their own stands beside ``word``."""
    return set(_without_word(text, word).split()) <= _NEUTRAL | _CONNECTORS
