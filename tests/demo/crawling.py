"""Every page of the demo that an account reaches by following links, as blocks of text."""

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qs

from django.test import Client

from riskreg.accounts.models import User
from tests.builders import web

MOST_WITH_QUERY = 2
"""Pages of one shape that are read with each name of a query string."""
_INLINE = {"a", "abbr", "b", "code", "em", "i", "kbd", "mark", "small", "span", "strong", "time"}
_ATTRIBUTES = ("title", "aria-label", "placeholder")
_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr", "use"}


class PageText(HTMLParser):
    """Blocks of text of a page as they are read, what is in another language left out."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language, self.blocks = language, list[str]()
        self._open: list[tuple[str, bool]] = []
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        lang = given.get("lang", "")
        foreign = tag in ("script", "style", "pre", "svg-title") or (
            bool(lang) and not lang.startswith(self.language)
        )
        if tag not in _INLINE:
            self._end_block()
        if not foreign and not self._is_foreign():
            self.blocks += [given[name] for name in _ATTRIBUTES if given.get(name)]
        if tag not in _VOID:
            self._open.append((tag, foreign))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE:
            self._end_block()
        while self._open:
            if self._open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self._is_foreign():
            self._text += data

    def _is_foreign(self) -> bool:
        return any(foreign for _tag, foreign in self._open)

    def _end_block(self) -> None:
        if text := " ".join(self._text.split()):
            self.blocks.append(text)
        self._text = ""


def crawl(user: User, language: str, start: str, of_a_kind: int) -> dict[str, list[str]]:
    """{address: blocks of text} of the pages under ``start`` and of the user's own.

    ``of_a_kind``: so many of one shape (``risks/R-…/``) are read.
    """
    pages: dict[str, list[str]] = {}
    for address, html in addresses(web(user), start, of_a_kind):
        page = PageText(language)
        page.feed(html)
        page.close()
        pages[address] = page.blocks
    return pages


def addresses(client: Client, start: str, of_a_kind: int) -> Iterator[tuple[str, str]]:
    """(address, page) of every page that is reached by links from ``start`` and the user's own;
    ``of_a_kind`` of each shape."""
    todo, seen, kinds = ["/", start, "/preferences/"], set[str](), Counter[str]()
    while todo:
        address = todo.pop(0)
        path, _mark, query = address.partition("?")
        shape = re.sub(r"[0-9a-f-]{30,}|\b[A-Z]{1,2}-\d+|\d+", "#", path)
        # A page with ten choices has a thousand addresses: of each choice a few are read.
        shapes = [f"{shape}?{name}" for name in parse_qs(query, keep_blank_values=True)] or [shape]
        most = MOST_WITH_QUERY if query else of_a_kind
        if address in seen or all(kinds[each] >= most for each in shapes):
            continue
        seen.add(address)
        kinds.update(shapes)
        answer = client.get(address, follow=True)
        if not answer["Content-Type"].startswith("text/html"):
            continue
        html = answer.content.decode()
        yield address, html
        for link in links_in(html):
            target = link.split("#")[0]
            if target.startswith("?"):
                target = address.split("?")[0] + target
            if target.startswith("/") and not re.match(r"/(accounts/logout|static|style)/", target):
                todo.append(target)


def links_in(html: str) -> list[str]:
    """Where the links of a page lead."""
    return [unescape(link) for link in re.findall(r'<a\b[^>]*?\bhref="([^"]*)"', html)]
