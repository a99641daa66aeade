"""Reads of a viewer whose SQL is written once in each process (``kernel.compiled``).

What is read at every request is a function that builds a queryset from the viewer and some values;
``written_once`` makes it the rows themselves. Its statement is written for a shape: whether the
viewer has a party, the criteria where it goes by them, how many values there are of each, and its
keyword arguments. ``SHAPES`` of them are kept.
"""

import functools
import json
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, cast

from django.db.models import Model, QuerySet

from riskreg.kernel.compiled import Statement, Value
from riskreg.register.access import Viewer
from riskreg.register.models import Criteria

P = ParamSpec("P")
M = TypeVar("M", bound=Model)
R = TypeVar("R")

SHAPES = 256
# Lists are filled up to a power of two, so that few lengths are written; longer ones than this are
# written anew.
MOST_LISTED = 64

Goes = Literal["nothing", "now", "every version"]


@dataclass(frozen=True)
class _List:
    """So many values of a kind."""

    of: type[Value]
    length: int


_Kind = type[Value] | _List | None


def written_once(
    criteria: Goes = "nothing",
) -> Callable[
    [Callable[Concatenate[Viewer, P], QuerySet[M, R]]], Callable[Concatenate[Viewer, P], list[R]]
]:
    """Make a function that builds a queryset one that gives its rows.

    Positional arguments are values: numbers, texts, UUIDs, days, moments, lists of one of these, or
    None. What is built may depend on which are None and which lists are empty, and on nothing else
    of them; a list may come with its last value more than once. Keyword arguments
    are part of what is written: few, and hashable. Of the viewer it may use the register's and the
    party's database id, and the criteria it is said to go by.
    """

    def wrap(
        build: Callable[Concatenate[Viewer, P], QuerySet[M, R]],
    ) -> Callable[Concatenate[Viewer, P], list[R]]:
        @functools.wraps(build)
        def read(viewer: Viewer, *args: P.args, **kwargs: P.kwargs) -> list[R]:
            found = _statement_and_values(build, criteria, viewer, args, kwargs)
            if found is None:
                return list(build(viewer, *args, **kwargs))
            statement, values = found
            return cast(list[R], list(statement(*values)))

        # Called as ``build`` is; ``wraps`` tells the type checker less.
        return cast(Callable[Concatenate[Viewer, P], list[R]], read)

    return wrap


def written_sql(
    build: Callable[Concatenate[Viewer, P], QuerySet[Any, Any]],
) -> Callable[Concatenate[Viewer, P], tuple[str, list[Any]]]:
    """As ``written_once``, of a function that is to give a part of a larger statement: its SQL and
    the values of its places. No argument may be a list."""

    @functools.wraps(build)
    def write(viewer: Viewer, *args: P.args, **kwargs: P.kwargs) -> tuple[str, list[Any]]:
        found = _statement_and_values(build, "nothing", viewer, args, kwargs)
        assert found is not None  # noqa: S101 - only lists can be too long
        statement, values = found
        return statement.sql(*values)

    return cast(Callable[Concatenate[Viewer, P], tuple[str, list[Any]]], write)


def _statement_and_values(
    build: Callable[..., QuerySet[Any, Any]],
    criteria: Goes,
    viewer: Viewer,
    args: Sequence[Any],
    kwargs: Any,
) -> tuple[Statement[Any], list[Value]] | None:
    """What is written for the shape of what is asked, and its values; None for a list that is too
    long to be written once."""
    values: list[Value] = [viewer.register.pk]
    if viewer.party_id is not None:
        values.append(viewer.party_id)
    kinds = []
    for value in args:
        kind = _kind_of(value)
        if kind is None and value is not None:
            return None
        kinds.append(kind)
        values += _parameters_with_list_filled_up(value, kind)
    shape = _Shape(
        build=build,
        party=viewer.party_id is not None,
        kinds=tuple(kinds),
        fixed=tuple(sorted(cast(dict[str, Hashable], kwargs).items())),
        criteria=_criteria_key(viewer, criteria),
        frozen=_Frozen(viewer, criteria),
    )
    return _statement(shape), values


class _Frozen:
    """What of a viewer a statement is written with as it is: the criteria, which are constants of
    it. Equal to any other, as the shape names them by what they say."""

    def __init__(self, viewer: Viewer, goes: Goes) -> None:
        self.given: dict[str, Any] = {}
        if goes != "nothing":
            self.given["criteria"] = viewer.criteria
        if goes == "every version":
            self.given["criteria_versions_by_id"] = viewer.criteria_versions_by_id


@dataclass(frozen=True)
class _Shape:
    """What a statement is written for."""

    build: Callable[..., QuerySet[Any, Any]]
    party: bool
    kinds: tuple[_Kind, ...]
    fixed: tuple[tuple[str, Hashable], ...]
    criteria: tuple[str, ...]
    frozen: _Frozen = field(compare=False)


@functools.lru_cache(maxsize=SHAPES)
def _statement(shape: _Shape) -> Statement[Any]:
    kinds: list[type[Value]] = [int] * (1 + shape.party)
    for kind in shape.kinds:
        if isinstance(kind, _List):
            kinds += [kind.of] * kind.length
        elif kind is not None:
            kinds.append(kind)
    return Statement(functools.partial(_build_query, shape), *kinds)


def _build_query(shape: _Shape, *values: Value) -> QuerySet[Any, Any]:
    left = iter(values)
    register = SimpleNamespace(pk=next(left))
    viewer = SimpleNamespace(
        register=register, party_id=next(left) if shape.party else None, **shape.frozen.given
    )
    args = [_take_values(kind, left) for kind in shape.kinds]
    return shape.build(viewer, *args, **dict(shape.fixed))


def _take_values(kind: _Kind, left: Iterator[Value]) -> Any:
    if isinstance(kind, _List):
        return [next(left) for _one in range(kind.length)]
    return None if kind is None else next(left)


def _kind_of(value: Any) -> _Kind:
    """The kind of a value; None for None, and for what is written anew."""
    if isinstance(value, list | tuple):
        if len(value) > MOST_LISTED:
            return None
        return _List(type(value[0]), 1 << (len(value) - 1).bit_length()) if value else _List(int, 0)
    return None if value is None else type(value)


def _parameters_with_list_filled_up(value: Any, kind: _Kind) -> Sequence[Value]:
    if isinstance(kind, _List):
        return [*value, *value[-1:] * (kind.length - len(value))]
    return [] if value is None else [value]


def _criteria_key(viewer: Viewer, goes: Goes) -> tuple[str, ...]:
    """The criteria by what conditions go by of them; they are not rows that never change as long as
    nothing is rated by them."""
    if goes == "nothing":
        return ()
    versions = [viewer.criteria] if goes == "now" else viewer.criteria_versions_by_id.values()
    return tuple(_criteria_as_key_text(row) for row in versions)


def _criteria_as_key_text(row: Criteria) -> str:
    return json.dumps([
        row.pk, str(row.uuid), row.register_id, row.appetite, row.term_appetites, row.ratings,
        row.cells, len(row.likelihood), len(row.impact),
    ])  # fmt: skip
