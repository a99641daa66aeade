"""Rows of a draft of the criteria as they are written down, figures as text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from riskreg.kernel.localised import localised

ZH = "zh-hans"


@dataclass
class Level:
    """One level; ``was`` is its number in the criteria in force, empty for a new one."""

    name: str = ""
    name_zh: str = ""
    text: str = ""
    text_zh: str = ""
    low: str = ""
    high: str = ""
    was: str = ""


@dataclass
class Rating:
    """One rating."""

    key: str
    name: str = ""
    name_zh: str = ""
    days: str = ""
    role: str = "leader"
    accept_days: str = ""
    accept_total: str = ""


@dataclass
class Dimension:
    """A kind of impact, with what each impact level means in it."""

    key: str
    name: str = ""
    name_zh: str = ""
    texts: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class TermAppetite:
    """A term and the worst rating that needs no acceptance there; without a term: not written."""

    term: str = ""
    rating: str = ""


@dataclass
class Tolerated:
    """A point of the tolerance; with neither amount nor chance: not written."""

    amount: str = ""
    chance: str = ""


def name_or_fallback(row: Level | Rating | Dimension, fallback: str) -> str:
    """What a row is called in the reader's language, as far as it is written."""
    return localised(names_by_language(row.name, row.name_zh), fallback)


def names_by_language(name: str, name_zh: str) -> dict[str, str]:
    """By language, without those that nobody wrote."""
    return {language: text for language, text in (("en", name), (ZH, name_zh)) if text}


def parse_whole(text: str) -> int | str:
    """The number that ``text`` says; itself, for the services to refuse, if it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else text


def parse_number(text: str) -> float | int | str:
    """The number that ``text`` says; itself, for the services to refuse, if it is none."""
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value.is_integer() and abs(value) < 10**16 else value


def level_to_json(level: Level) -> dict[str, Any]:
    """A level as the services take it."""
    given: dict[str, Any] = {
        "names": names_by_language(level.name, level.name_zh),
        "descriptions": names_by_language(level.text, level.text_zh),
    }
    if level.low or level.high:
        given["range"] = [parse_number(level.low), parse_number(level.high)]
    return given


def level_from_json(level: Mapping[str, Any]) -> Level:
    """A level of criteria, to be changed."""
    low, high = level.get("range") or ("", "")
    texts = level.get("descriptions") or {}
    return Level(
        level["names"].get("en", ""),
        level["names"].get(ZH, ""),
        texts.get("en", ""),
        texts.get(ZH, ""),
        str(low),
        str(high),
        str(level["value"]),
    )
