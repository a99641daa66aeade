"""Components, each drawn once in a process for the same values, language and time zone.

A page of fifty rows has hundreds of chips, dates and marks of few kinds; drawing each by a template
of its own took longer than the rest of the page.
"""

import functools
import threading
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
        drawings = _Drawings(kept)

        @functools.wraps(values_of)
        def draw(*args: P.args, **kwargs: P.kwargs) -> SafeString:
            try:
                key = _key_of_call(args, kwargs)
            except _NoKey:
                return _draw(template, values_of(*args, **kwargs))
            found = drawings.get(key)
            if found is None:
                found = _draw(template, values_of(*args, **kwargs))
                drawings.keep(key, found)
            return found

        # Called as ``values_of`` is; ``wraps`` tells the type checker less.
        return cast(Callable[P, SafeString], draw)

    return wrap


def _draw(template: str, values: dict[str, Any]) -> SafeString:
    return SafeString(render_to_string(template, values))


class _Drawings:
    """The newest drawings of a component by their keys. A lookup is one of a dictionary: a page
    asks for hundreds, and what orders them by their last use takes longer than that."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_key: dict[Any, SafeString] = {}
        self._one_at_a_time = threading.Lock()
        self.get = self._by_key.get

    def keep(self, key: Any, drawing: SafeString) -> None:
        """Remember ``drawing``; where there are as many as may be kept, the oldest one goes."""
        with self._one_at_a_time:
            if len(self._by_key) >= self._most and key not in self._by_key:
                del self._by_key[next(iter(self._by_key))]
            self._by_key[key] = drawing


class _NoKey(Exception):
    """There is a value that nothing can be kept by: rows of a database, say, are equal when they
    are the same row, whatever stands in them."""


# Of these themselves nothing more need be asked; most values are of them.
_SIMPLE = frozenset((str, SafeString, int, bool, float, Decimal, date, UUID, type(None)))
# A text in the reader's language is told from another by what it is in that language.
_PLAIN = (str, int, float, Decimal, date, UUID, Promise, type(None))


def _key_of_call(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """What tells a call of a component from others. Raises ``_NoKey``."""
    zone = [""]
    by_place = _key_of_values_noting_zone(args, zone)
    by_name = (
        (tuple(kwargs), _key_of_values_noting_zone(tuple(kwargs.values()), zone))
        if kwargs
        else None
    )
    return (by_place, by_name, zone[0], get_language())


def _key_of_values_noting_zone(values: tuple[Any, ...], zone: list[str]) -> Any:
    """What tells ``values`` from others: with their types, as 1, 1.0 and True are equal and not
    drawn alike. Where there is a moment, ``zone`` takes the name of the time zone."""
    kinds = tuple(map(type, values))
    if _SIMPLE.issuperset(kinds):
        return (kinds, values)
    return (kinds, tuple([_cache_key_noting_zone(value, zone) for value in values]))


def _cache_key_noting_zone(value: Any, zone: list[str]) -> Any:
    """A value by what is in it; one of our own by its ``drawing_cache_key``."""
    if type(value) in _SIMPLE:
        return value
    if isinstance(value, datetime):
        zone[0] = timezone.get_current_timezone_name()
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        return ("mapping", tuple(value), _key_of_values_noting_zone(tuple(value.values()), zone))
    if isinstance(value, list | tuple):
        return ("list", _key_of_values_noting_zone(tuple(value), zone))
    if isinstance(key := getattr(value, "drawing_cache_key", None), str):
        return key
    raise _NoKey
