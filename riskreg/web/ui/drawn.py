"""Small components, each drawn once in a process for the same values, language and time zone.

A page of fifty rows has hundreds of chips, dates and marks of few kinds; drawing each by a template
of its own took longer than the rest of the page.
"""

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any, ParamSpec, cast

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

P = ParamSpec("P")
KEPT = 4096


def component(
    template: str,
) -> Callable[[Callable[P, dict[str, Any]]], Callable[P, SafeString]]:
    """Make a function that gives the values of ``template`` one that draws it. It may go by its
    arguments, the language and the time zone alone."""

    def wrap(values_of: Callable[P, dict[str, Any]]) -> Callable[P, SafeString]:
        @functools.wraps(values_of)
        def draw(*args: P.args, **kwargs: P.kwargs) -> SafeString:
            given = (*args, *(value for pair in sorted(kwargs.items()) for value in pair))
            drawing = _Drawing(template, values_of, args, kwargs)
            try:
                return _drawn(drawing, _key(given), get_language())
            except TypeError:
                # A list, say, that nothing can be kept by.
                return drawing.draw()

        # Called as ``values_of`` is; ``wraps`` tells the type checker less.
        return cast(Callable[P, SafeString], draw)

    return wrap


def _key(given: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values with their types, as 1, 1.0 and True are equal and not drawn alike; and the time
    zone where one is a moment."""
    moment = any(isinstance(value, datetime) for value in given)
    zone = timezone.get_current_timezone_name() if moment else ""
    return (zone, *((type(value), value) for value in given))


class _Drawing:
    """A component with its values, equal to another one of the same function: what is given is part
    of the key beside it."""

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
        return isinstance(other, _Drawing) and self.values_of is other.values_of

    def __hash__(self) -> int:
        return hash(self.values_of)

    def draw(self) -> SafeString:
        return SafeString(
            render_to_string(self.template, self.values_of(*self.args, **self.kwargs))
        )


@functools.lru_cache(maxsize=KEPT)
def _drawn(drawing: _Drawing, _given: tuple[Any, ...], _language: str | None) -> SafeString:
    return drawing.draw()
