"""What a table of fields is made of. Each noun has one table, and every face reads it.

A table is data: ``Table`` and ``Field`` say what a noun's fields are, and nothing is made of them
behind anybody's back. Services clean by it (``register.cleaning``), forms, conflict page and
history show by it (``web.table_form``, ``web.conflict``, ``web.history``), the API answers and
describes itself by it (``api.table``), lists filter and sort by it (``filters.py`` of the noun).
What a table cannot say stays code, in the face that needs it.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise

# A text, or a lazy translation of one.
Text = str | Promise


class Type(StrEnum):
    """What kind of value a field has. Whoever turns values into something has a line for each."""

    LINE = "one line of text"
    TEXT = "text of any number of lines"
    NAMES = "texts by language: {language: text}"
    CHOICE = "one of a few words"
    WHOLE = "a whole number"
    NUMBER = "a decimal number, as text in JSON"
    MONEY = "an amount in the register's currency, as text in JSON"
    DAY = "a day in the register's time zone"
    MOMENT = "a point in time"
    SWITCH = "true or false"
    PERSON = "somebody, by public id"
    PEOPLE = "several people, by public id"
    PARTY = "a party, by key"
    TERM = "one term, as taxonomy:term"
    TERMS = "terms, as taxonomy:term"
    OBJECTIVE = "an objective, by key"
    OBJECTIVES = "objectives, by key"
    RISK = "a risk, by ref"
    RISKS = "risks, by ref"
    SOURCE = "one source"
    SOURCES = "several sources"
    STEPS = "what is known to come: [{on, factor, why}]"
    HITS = "what events do to a level: [{risk, low, mode, high, years}]"
    LIFTS = "what mitigations add to a level: [{mitigation, low, mode, high, from_year}]"
    ELASTICITIES = "how drivers move a level: [{driver, elasticity}]"
    LABELS = "how far each field can be relied on: {field: label}"
    TRANSLATIONS = "versions of its texts: {language: {field: text}}"
    OUTDATED = "versions older than their original: {language: [field]}"
    ID = "a public id"
    COMPUTED = "worked out from other fields whenever somebody asks; kept nowhere"


class WhenShared(StrEnum):
    """What becomes of a value when what one party had to itself is shared (ADR 14)."""

    TOLD = "goes over as it is; the shared event says it"
    ANEW = "starts anew at the moment of sharing, for everybody"
    OWN = "stays its party's own"
    DERIVED = "made of what is told, and of nothing else"
    NEUTRAL = "tells nothing of the past: random, or the same for every risk of its party"


@dataclass(frozen=True)
class Field:
    """One field of a noun. Texts for people are lazy translations, ``meaning`` is English.

    ``label`` and ``help`` stand in the form; ``history`` is the name in the history and wherever
    else it stands in a sentence. ``meaning`` is what the API's schema says of it, ``example`` what
    its examples show.
    ``set_by`` is the permission to set it (empty: nobody sets it, it follows from something else),
    ``set_in`` the states in which it can be set (none named: in each).
    ``required``: it cannot be emptied; ``must_send``: nothing can be made without it. ``limit`` is
    the most characters, ``least`` and ``most`` bound numbers, ``refusal`` is what is said of a
    value outside them. ``choices`` are its words, with their labels.
    ``translated``: it has versions in other languages. ``party_only``: shown to its party alone.
    ``filter``: lists can be narrowed by it, under its own name. ``sort``: the column to order by
    (``{language}`` is the reader's, ``{stage}`` the stage asked for). ``export``: whether a table
    of rows has a column for it. ``hidden``: the history does not show it. ``lines``: how tall its
    box in a form is.
    """

    name: str
    type: Type
    label: Text = ""
    help: Text = ""
    history: Text = ""
    meaning: str = ""
    example: Any = None
    set_by: str = ""
    set_in: tuple[str, ...] = ()
    required: bool = False
    must_send: bool = False
    null: bool = False
    limit: int = 0
    least: int = 0
    most: int = 0
    refusal: Text = ""
    choices: Any = None
    translated: bool = False
    party_only: bool = False
    filter: bool = False
    sort: str = ""
    export: bool = True
    hidden: bool = False
    lines: int = 2
    when_shared: WhenShared | None = None


@dataclass(frozen=True)
class Table:
    """All fields of a noun, in the order in which its JSON has them.

    ``noun`` names it in events (``risk.created``) and permissions. The texts are what is said of a
    field that nobody can set, and of a person of another party. ``also_labelled``: what can carry a
    label beside the fields that can be set.
    """

    noun: str
    fields: tuple[Field, ...]
    no_such_field: Text = ""
    other_party: Text = ""
    also_labelled: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __getitem__(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)

    def __contains__(self, name: object) -> bool:
        return any(field.name == name for field in self.fields)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all fields."""
        return tuple(field.name for field in self.fields)

    def names_of_type(self, first: Type, *others: Type) -> tuple[str, ...]:
        """Names of the fields that are of one of these types."""
        return tuple(field.name for field in self.fields if field.type in (first, *others))

    @property
    def settable(self) -> tuple[Field, ...]:
        """The fields that somebody can set."""
        return tuple(field for field in self.fields if field.set_by)

    @property
    def labellable_names(self) -> tuple[str, ...]:
        """Names of what can carry a label of how far it can be relied on."""
        return (*(field.name for field in self.settable), *self.also_labelled)

    @property
    def translated(self) -> tuple[str, ...]:
        """Names of the texts that have versions in other languages."""
        return tuple(field.name for field in self.fields if field.translated)

    @property
    def has_translations(self) -> bool:
        """Whether it has texts in several languages, which can fall behind their original."""
        return any(field.type == Type.OUTDATED for field in self.fields)

    @property
    def filters(self) -> tuple[Field, ...]:
        """The fields that lists can be narrowed by."""
        return tuple(field for field in self.fields if field.filter)

    @property
    def orderings(self) -> dict[str, str]:
        """{name: column} of what lists can be ordered by."""
        return {field.name: field.sort for field in self.fields if field.sort}

    def settable_among(self, names: Collection[str]) -> tuple[Field, ...]:
        """Those of ``names`` that somebody can set; the others are passed over."""
        return tuple(field for field in self.settable if field.name in names)


def are_settable_in(state: str, fields: Iterable[Field]) -> bool:
    """Whether every one of ``fields`` can be set in ``state``."""
    return all(not field.set_in or state in field.set_in for field in fields)


def permissions_to_set(fields: Iterable[Field]) -> list[str]:
    """What somebody who sets ``fields`` must be permitted, each once."""
    return list(dict.fromkeys(field.set_by for field in fields))
