"""A page beside a bare view of the same.

The bare view sends the page's own statements as text, fetches their rows, and puts every value that
the page shows into one template with nothing else in it: no shell, no words, no marks. What is
above it is what riskreg does between the two.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from bench.register_case import Sent, statements_of


@dataclass
class Bare:
    """What a page sent to the database, and the values that it showed, in order."""

    statements: list[Sent] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)


PAGES: dict[str, Bare] = {}


def bare_page(request: HttpRequest, name: str) -> HttpResponse:
    """The bare view of the page that was recorded as ``name``.

    What the request itself asks (session, person) is among the statements, and is not asked again.
    """
    page = PAGES[name]
    for statement in page.statements:
        statement.fetch()
    return HttpResponse(render_to_string("bare_page.html", {"values": page.values}))


def record(name: str, page: Callable[[], Any]) -> Bare:
    """Keep what ``page`` does as ``name``: its statements once everything that is kept in a process
    is there, its values with every component drawn."""
    bare = PAGES[name] = Bare(statements_of(page))
    with _values(bare):
        page()
    return bare


@contextlib.contextmanager
def _values(bare: Bare) -> Iterator[None]:
    from django.template.base import VariableNode
    from django.template.defaulttags import URLNode

    from riskreg.web.ui import drawn

    def no_key(*_args: Any) -> Any:
        raise drawn._NoKey

    variable, url = VariableNode.render, URLNode.render

    def shown(node: Any, context: Any) -> Any:
        bare.values.append(node.filter_expression.resolve(context))
        return variable(node, context)

    def linked(node: Any, context: Any) -> Any:
        text = url(node, context)
        bare.values.append(text)
        return text

    with (
        mock.patch.object(VariableNode, "render", shown),
        mock.patch.object(URLNode, "render", linked),
        mock.patch.object(drawn, "_key_of_call", no_key),
    ):
        yield
