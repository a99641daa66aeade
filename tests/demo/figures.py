"""Figures on a page, and whether the label of each can be read with it.

A figure is a number that says how much or how likely, and that could be taken for a fact:

- a score, wherever it stands (chip of a rating, ``4 × 5 = 20``);
- a share or a chance in per cent, a bar of progress;
- an amount of money;
- a number with a unit in which the register measures (objective, indicator, driver).

No figures in this sense are refs, dates and days, counts of what is in the register, versions and
page numbers, sizes of files, and what a form asks for (its controls, choices and hints). Neither
are numbers within what people wrote (``as-written``, titles, comments): they belong to the text,
whose own label stands on the page of the thing.

The label (sourced, derived, judgement, illustrative) is read with a figure if it stands

- in the same paragraph, cell, heading or caption, or as the ``title`` of an element around it;
- in the same list item, row, pair of a list of terms, figure or set of details;
- or in a *statement*, an element with ``data-figures`` that says of which figures it speaks
  (``scores``, ``all``; ``counts``: shares that are counted from what is recorded), for everything
  in the element that the statement is in; in a head of a part, for that part.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

LABELS = {
    "en": ("Sourced", "Derived", "Judgement", "Illustrative", "Counted"),
    "zh": ("有来源", "推算", "判断", "虚构示例", "统计所得"),
}
_INLINE = {
    "a", "abbr", "b", "bdi", "code", "data", "em", "i", "kbd", "mark", "output", "progress", "q",
    "small", "span", "strong", "sub", "sup", "svg", "time", "use", "path", "wbr",
}  # fmt: skip
_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr", "use"}
_SILENT = {
    "button", "h1", "label", "nav", "option", "pre", "script", "select", "style", "template",
    "textarea", "title",
}  # fmt: skip
_WRITTEN = ("as-written", "back", "lead", "prose", "title")
_TOGETHER = {"li", "tr", "dd", "figure", "details", "p", "caption", "summary", "header", "article"}
# A year is none: four digits of this or the last century that stand alone.
_NUMBER = r"(?<![\d.,])(?!(?:19|20)\d\d(?![\d.,]))\d[\d.,\u00a0\u202f]*"
_CURRENCY = r"(?:CNY|USD|EUR|BRL|¥|€|\$)"
_LARGE = r"\s?(?:million|billion|thousand|m|bn|万|百万|亿)?\s?"
_PERCENT = re.compile(rf"{_NUMBER}\s?[%％]")
_MONEY = re.compile(rf"{_CURRENCY}\s?[−-]?{_NUMBER}|{_NUMBER}{_LARGE}(?:CNY|USD|EUR|BRL|万?元)\b")
_SCORE = re.compile(r"\b\d{1,2} ?× ?\d{1,2}\b")


@dataclass(eq=False)
class Element:
    """An element of a page; ``parts`` are texts and elements in their order."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    parts: list["Element | str"] = field(default_factory=list)

    def has_class(self, *names: str) -> bool:
        return bool(set(names) & set(self.attributes.get("class", "").split()))

    def elements(self) -> Iterator["Element"]:
        """This element and all within it."""
        yield self
        for part in self.parts:
            if isinstance(part, Element):
                yield from part.elements()

    def text(self) -> str:
        inner = (part if isinstance(part, str) else part.text() for part in self.parts)
        return "".join(inner)


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.at = Element("page", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.parts.append(made)
        if tag not in _VOID:
            self.at = made

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.at.parts.append(Element(tag, {n: v or "" for n, v in attrs}, self.at))

    def handle_endtag(self, tag: str) -> None:
        at: Element | None = self.at
        while at is not None and at.tag != tag:
            at = at.parent
        if at is not None and at.parent is not None:
            self.at = at.parent

    def handle_data(self, data: str) -> None:
        self.at.parts.append(data)


def tree_of(html: str) -> Element:
    """The page as elements."""
    tree = _Tree()
    tree.feed(html)
    tree.close()
    return tree.root


@dataclass(frozen=True)
class Figure:
    """A figure as it stands, with the words around it, and whether its label can be read."""

    kind: str
    words: str
    labelled: bool


class Reader:
    """Finds figures in pages of one language; ``units``: what the register measures in."""

    def __init__(self, language: str, units: set[str]) -> None:
        self.labels = LABELS[language]
        longest_first = sorted((re.escape(unit) for unit in units if unit != "%"), key=len)[::-1]
        named = "|".join(longest_first)
        self._measured = re.compile(rf"{_NUMBER}\s?(?:{named})(?![\w/])")

    def figures(self, html: str) -> list[Figure]:
        """Every figure of the page's main part."""
        main = next((e for e in tree_of(html).elements() if e.tag == "main"), None)
        return list(self._within(main)) if main is not None else []

    def _within(self, block: Element) -> Iterator[Figure]:
        """Figures of the lines of ``block``, and of the blocks in it."""
        line: list[Element | str] = []
        for part in [*block.parts, None]:
            if isinstance(part, str) or (part is not None and self._is_inline(part)):
                line.append(part)
                continue
            yield from self._of_line(block, line)
            line = []
            if part is not None and not self._is_silent(part):
                yield from self._within(part)

    def _of_line(self, block: Element, line: list["Element | str"]) -> Iterator[Figure]:
        words = " ".join(_spoken(line).split())
        kinds = []
        inner = [e for part in line if isinstance(part, Element) for e in part.elements()]
        if any(e.has_class("rating-score") for e in inner) or _SCORE.search(words):
            kinds.append("scores")
        if any(e.tag == "progress" for e in inner) or _PERCENT.search(words):
            kinds.append("per cent")
        if _MONEY.search(words):
            kinds.append("money")
        if self._measured.search(words):
            kinds.append("measure")
        for kind in kinds:
            yield Figure(kind, words[:160], self._is_labelled(kind, block, inner))

    def _is_labelled(self, kind: str, block: Element, inner: list[Element]) -> bool:
        if any(self._is_label(element) for element in inner):
            return True
        at: Element | None = block
        while at is not None:
            if self._named(at.attributes.get("title", "")):
                return True
            if at.tag in _TOGETHER and any(self._is_label(e) for e in at.elements()):
                return True
            if at.tag == "dd" and any(self._is_label(e) for e in _term_of(at).elements()):
                return True
            if any(self._speaks_of(statement, kind) for statement in _statements_in(at)):
                return True
            at = at.parent
        return False

    def _is_label(self, element: Element) -> bool:
        if self._named(element.attributes.get("title", "")):
            return True
        return element.has_class("badge") and " ".join(element.text().split()) in self.labels

    def _named(self, title: str) -> bool:
        return any(title.startswith(label) or title.endswith(label) for label in self.labels)

    def _speaks_of(self, statement: Element, kind: str) -> bool:
        spoken = statement.attributes["data-figures"]
        if spoken == "counts":
            return kind == "per cent"
        return spoken in (kind, "all") and any(self._is_label(e) for e in statement.elements())

    @staticmethod
    def _is_inline(part: Element) -> bool:
        blocks = (e.tag not in _INLINE | _VOID for e in part.elements())
        return part.tag in _INLINE and not any(blocks)

    @staticmethod
    def _is_silent(part: Element) -> bool:
        return part.tag in _SILENT or part.has_class(*_WRITTEN, "help", "visually-hidden")


def _spoken(line: list["Element | str"]) -> str:
    texts = []
    for part in line:
        if isinstance(part, str):
            texts.append(part)
        elif not (part.tag in _SILENT | {"svg"} or part.has_class(*_WRITTEN)):
            texts.append(_spoken(part.parts))
    return "".join(texts)


def _term_of(definition: Element) -> Element:
    """The term that a definition is of."""
    nothing = Element("dt", {})
    siblings = definition.parent.parts if definition.parent else []
    before = [e for e in siblings[: siblings.index(definition)] if isinstance(e, Element)]
    return next((e for e in reversed(before) if e.tag == "dt"), nothing)


def _statements_in(part: Element) -> Iterator[Element]:
    """What is said in ``part`` itself, or in its head, of the figures in it."""
    for child in part.parts:
        if not isinstance(child, Element):
            continue
        heads = [child] if child.tag not in ("header", "caption", "summary") else child.elements()
        yield from (e for e in heads if "data-figures" in e.attributes)
