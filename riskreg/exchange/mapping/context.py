"""What a file is laid against: the register as one member sees it, as plain values."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Person:
    """Somebody who can answer for a risk: public id, and everything they are called (folded)."""

    id: str
    name: str
    called: frozenset[str]
    party: str


@dataclass(frozen=True)
class Existing:
    """A risk that is there, as far as an import can change it: values by field name, levels by
    stage, mitigations by folded title."""

    ref: str
    version: int
    editable: bool
    values: Mapping[str, Any]
    levels: Mapping[str, tuple[int, int]]
    mitigations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    controls: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Context:
    """The register's frame. ``levels``: {axis: [names of each level, least first]};
    ``dimensions``: {name or key, folded: key} of kinds of impact;
    ``cells``: {score: [(likelihood, impact)]}; taxonomies and terms by key with their names."""

    today: dt.date
    file: str
    party: str
    me: str
    parties: int
    currency: str
    levels: Mapping[str, Sequence[Sequence[str]]]
    cells: Mapping[int, Sequence[tuple[int, int]]]
    people: Sequence[Person]
    taxonomies: Mapping[str, Sequence[str]]
    terms: Mapping[str, Mapping[str, str]]
    objectives: frozenset[str]
    existing: Sequence[Existing]
    dimensions: Mapping[str, str] = field(default_factory=dict)
