"""Components, each drawn once in a process for the same values, language and time zone.

A page of fifty rows has hundreds of chips, dates and marks of few kinds; drawing each by a template
of its own took longer than the rest of the page.
"""

import functools
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ParamSpec, cast
from uuid import UUID

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language

P = ParamSpec("P")
# Of small ones, of some hundred bytes, of parts of a page, of some thousand, and of large ones, of
# some ten thousand.
SMALL, PARTS, LARGE = 2048, 512, 64


def drawn_by_template(
    template: str, kept: int = SMALL
) -> Callable[[Callable[P, dict[str, Any]]], Callable[P, SafeString]]:
    """Make a function that gives the values of ``template`` one that draws it. It may go by its
    arguments, the language and the time zone alone; so many drawings of it are ``kept``."""

    def wrap(values_of: Callable[P, dict[str, Any]]) -> Callable[P, SafeString]:
        @functools.lru_cache(maxsize=kept)
        def drawn(given: "_Given", _key: Any) -> SafeString:
            return given.draw()

        @functools.wraps(values_of)
        def draw(*args: P.args, **kwargs: P.kwargs) -> SafeString:
            given = _Given(template, values_of, args, kwargs)
            zone = [""]
            try:
                key = (
                    _cache_key_noting_zone(args, zone),
                    _cache_key_noting_zone(kwargs, zone),
                    *zone,
                    get_language(),
                )
                return drawn(given, key)
            except _NoKey:
                return given.draw()

        # Called as ``values_of`` is; ``wraps`` tells the type checker less.
        return cast(Callable[P, SafeString], draw)

    return wrap


class _NoKey(Exception):
    """There is a value that nothing can be kept by: rows of a database, say, are equal when they
    are the same row, whatever stands in them."""


# Of these themselves nothing more need be asked; most values are of them.
_SIMPLE = frozenset((str, int, bool, float, Decimal, date, UUID, type(None)))
# A text in the reader's language is told from another by what it is in that language.
_PLAIN = (str, int, float, Decimal, date, UUID, Promise, type(None))


def _cache_key_noting_zone(value: Any, zone: list[str]) -> Any:
    """What tells ``value`` from others: with its type, as 1, 1.0 and True are equal and not drawn
    alike. Where there is a moment, ``zone`` takes the name of the time zone. Raises ``_NoKey``."""
    kind = type(value)
    if kind in _SIMPLE:
        return (kind, value)
    if isinstance(value, datetime):
        zone[0] = timezone.get_current_timezone_name()
    if isinstance(value, _PLAIN):
        return (kind, value)
    if isinstance(value, Mapping):
        return (
            "mapping",
            *[(name, _cache_key_noting_zone(each, zone)) for name, each in value.items()],
        )
    if isinstance(value, list | tuple):
        return ("list", *[_cache_key_noting_zone(each, zone) for each in value])
    raise _NoKey


class _Given:
    """The values of a component; equal to any other, as the key beside it tells them apart."""

    def __init__(
        self,
        template: str,
        values_of: Callable[..., dict[str, Any]],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self.template, self.values_of = template, values_of
        self.args, self.kwargs = args, kwargs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Given)

    def __hash__(self) -> int:
        return 0

    def draw(self) -> SafeString:
        return SafeString(
            render_to_string(self.template, self.values_of(*self.args, **self.kwargs))
        )
