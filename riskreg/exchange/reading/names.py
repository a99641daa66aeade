"""Recognising what a column is by what stands above it. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from riskreg.exchange.reading.words import RISK_WORDS, SCORES, STAGES, TARGETS

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SPLIT = re.compile(r"[^\w#°%]+|_+")
# What tells of a scale and not of the column: (1-5), 1to5, 1..10.
_SCALE = re.compile(r"\(?\b([0-9])\s*(?:-|–|—|to|bis|à|a|至|~|\.\.+)\s*([0-9]{1,2})\b\)?", re.I)
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
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True)
class Recognised:
    """What a header names: a target, a stage if it says one, and how sure that is (1 to 100)."""

    target: str
    stage: str = ""
    sureness: int = 100


def plain(text: str) -> str:
    """``text`` in lower case, words apart, without punctuation and hints of a scale."""
    text = unicodedata.normalize("NFKC", str(text))
    text = re.sub(r"_+", " ", text)
    text = _SCALE.sub(" ", text)
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", text) or text
    text = _CAMEL.sub(" ", text)
    return " ".join(part for part in _SPLIT.split(text.casefold()) if part)


def scale_in(text: str) -> int | None:
    """How many levels a header says its scale has: ``Likelihood (1-5)`` has 5."""
    found = _SCALE.search(re.sub(r"_+", " ", unicodedata.normalize("NFKC", str(text))))
    if found and int(found[1]) in (0, 1) and 2 < int(found[2]) <= 10:
        return int(found[2])
    return None


@cache
def _target_of_word() -> dict[str, str]:
    found: dict[str, str] = {}
    for table in (TARGETS, SCORES):
        for target, words in table.items():
            for word in words:
                found.setdefault(plain(word) or word, target)
    return found


@cache
def _target_of_score_word() -> dict[str, str]:
    found: dict[str, str] = {}
    for target, words in SCORES.items():
        for word in words:
            found.setdefault(plain(word) or word, target)
    return found


def mentions_risk(header: str) -> bool:
    """Whether a header speaks of risks."""
    text = plain(header)
    return any(_contains(text, word) for word in RISK_WORDS)


@cache
def recognise(header: str) -> Recognised | None:
    """What a column called ``header`` holds, or None."""
    text = plain(header)
    if not text:
        return None
    if text in _target_of_word():
        found = _target_of_word()[text]
        return Recognised(found)
    stage, rest = _stage_of(text)
    if stage:
        bare = rest
        if bare in _target_of_score_word():
            return Recognised(_target_of_score_word()[bare], stage)
        without = _without_risk(bare)
        if without in _target_of_score_word():
            return Recognised(_target_of_score_word()[without], stage)
        if not without:
            return Recognised("rating", stage, 60)
        partial = _part(without, _target_of_score_word())
        if partial:
            return Recognised(partial, stage, 70)
    without = _without_risk(text)
    if without in _target_of_word():
        return Recognised(_target_of_word()[without], "", 90)
    partial = _part(text, _target_of_word())
    return Recognised(partial, "", 60) if partial else None


def _stage_of(text: str) -> tuple[str, str]:
    for stage, words in STAGES.items():
        for word in words:
            if _contains(text, word):
                return stage, _take(text, word)
    return "", text


def _without_risk(text: str) -> str:
    for word in RISK_WORDS:
        if _contains(text, word):
            text = _take(text, word)
    return text


def _contains(text: str, word: str) -> bool:
    return word in text if _CJK.search(word) else f" {word} " in f" {text} "


def _take(text: str, word: str) -> str:
    if _CJK.search(word):
        return " ".join(text.replace(word, " ", 1).split())
    return " ".join(f" {text} ".replace(f" {word} ", " ", 1).split())


def _part(text: str, known: dict[str, str]) -> str | None:
    """The target of the longest known name that is a part of ``text``, if it is more than a
    letter; one at its end counts for more, as in *date of the last risk review*."""
    best: tuple[int, str] | None = None
    for word, target in known.items():
        if len(word) < (2 if _CJK.search(word) else 4) or word in _WEAK:
            continue
        if not _contains(text, word):
            continue
        weight = len(word) + (3 if text.endswith(word) else 0)
        if best is None or weight > best[0]:
            best = (weight, target)
    # A long sentence above a column is no name of it.
    return best[1] if best and len(text) <= 60 else None
