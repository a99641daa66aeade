"""What can be asked of the other parties: each room names its own kinds of change at start.

A kind says in words what would change, and does it. This room need not know what a ladder is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from riskreg.register.change_policy import Effect

Snapshot = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One difference in words: what it is about, what holds, what would, and what that does."""

    label: str
    before: str
    after: str
    effect: Effect


@dataclass(frozen=True)
class ChangeKind:
    """How a kind of change is called, shown and done.

    ``apply(actor=, content=, at=, agreed=)`` calls the service that the change was asked through,
    with what was frozen then. ``title`` and ``lines`` take what was before and what would be after.
    ``in_archived``: it is answered while the register is archived, which takes no other write.
    """

    key: str
    title: Callable[[Snapshot, Snapshot], str]
    lines: Callable[[Snapshot, Snapshot], list[Line]]
    apply: Callable[..., Any]
    in_archived: bool = False


_kinds: dict[str, ChangeKind] = {}


def register_change_kind(kind: ChangeKind) -> None:
    """Let changes of this kind be asked for."""
    _kinds[kind.key] = kind


def kind_of(key: str) -> ChangeKind:
    """The kind of that key; a ``KeyError`` is a mistake of the program."""
    return _kinds[key]


def kind_keys() -> list[str]:
    """The keys of every kind."""
    return sorted(_kinds)


def kind_keys_answered_in_archived() -> list[str]:
    """The keys of those that are answered while the register is archived."""
    return sorted(key for key, kind in _kinds.items() if kind.in_archived)


def title_of(key: str, before: Snapshot, after: Snapshot) -> str:
    """What a change of that kind is about, in the reader's language."""
    return kind_of(key).title(before, after)


def lines_of(key: str, before: Snapshot, after: Snapshot) -> list[Line]:
    """The difference in words, in the reader's language."""
    return kind_of(key).lines(before, after)
