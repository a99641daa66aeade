"""Putting what was typed back into the form of a page, whichever page and form it is.

Works on the page as it was written, so that no page has to know of it: the page's own fields, in
their present state, take the values that were sent. What has no field any more is returned.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from django.utils.html import escape

from riskreg.requests.queries import Typed

_NEVER = ("csrfmiddlewaretoken",)
# What differs each time a page is made.
_OF_THE_PAGE = (*_NEVER, "form_key", "version")
_KEPT_TYPES = ("file", "password", "submit", "button", "image", "reset")


@dataclass
class _Control:
    """One field: where its start tag is, and for a text area where its text is."""

    tag: str
    attrs: dict[str, str | None]
    start: int
    end: int
    form: int
    inside: list[int]
    text_start: int = 0
    text_end: int = 0
    options: list["_Control"] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.attrs.get("name") or ""

    @property
    def kind(self) -> str:
        return (self.attrs.get("type") or "text").lower() if self.tag == "input" else self.tag

    @property
    def value_attribute(self) -> str:
        return self.attrs.get("value") or ""

    @property
    def is_tickable(self) -> bool:
        return self.kind in ("checkbox", "radio")


class _Edit(NamedTuple):
    """A stretch of a page's text, and what stands there instead."""

    start: int
    end: int
    new_text: str


@dataclass
class _Form:
    attrs: dict[str, str | None]
    end: int
    inside: list[int]
    controls: list[_Control] = field(default_factory=list)


class _FormsInPage(HTMLParser):
    """The forms of a page with their fields, and where each stands in the text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.lines = [0, *(m.end() for m in re.finditer("\n", text))]
        self.forms: list[_Form] = []
        self.loose: list[_Control] = []
        self.details: list[tuple[int, int, dict[str, str | None]]] = []
        self.main_end = 0
        self._form: int | None = None
        self._open: list[int] = []
        self._last: _Control | None = None
        self.feed(text)
        self.close()
        by_id = {f.attrs.get("id"): n for n, f in enumerate(self.forms) if f.attrs.get("id")}
        for control in self.loose:
            if (n := by_id.get(control.attrs.get("form"))) is not None:
                self.forms[n].controls.append(control)

    def _current_offset(self) -> int:
        line, column = self.getpos()
        return self.lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start, found = self._current_offset(), dict(attrs)
        end = start + len(self.get_starttag_text() or "")
        if tag == "main":
            self.main_end = end
        elif tag == "form":
            self._form = len(self.forms)
            self.forms.append(_Form(found, end, list(self._open)))
        elif tag == "details":
            self._open.append(len(self.details))
            self.details.append((start, end, found))
        elif tag == "option" and self._last is not None:
            option = _Control(tag, found, start, end, -1, [], text_start=end)
            self._last.options.append(option)
        elif tag in ("input", "select", "textarea", "button"):
            n = -1 if self._form is None or "form" in found else self._form
            control = _Control(tag, found, start, end, n, list(self._open), text_start=end)
            (self.loose if n < 0 else self.forms[n].controls).append(control)
            if tag in ("select", "textarea"):
                self._last = control

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        self._give_option_its_text_as_value(data)

    def _give_option_its_text_as_value(self, text: str) -> None:
        # An option without a value is worth its text.
        if self._last is not None and self._last.tag == "select" and self._last.options:
            option = self._last.options[-1]
            if "value" not in option.attrs:
                option.attrs["value"] = text.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "details" and self._open:
            self._open.pop()
        elif self._last is not None and tag == self._last.tag:
            self._last.text_end = self._current_offset()
            self._last = None


@dataclass(frozen=True)
class Refilled:
    """The page with what was typed; ``found`` False: the page has no such form.

    ``form_start`` is where the inside of the form begins, ``main_start`` that of the page's main
    part; ``unplaced`` are the values for which there was no field.
    """

    text: str
    found: bool
    form_start: int
    main_start: int
    unplaced: list[tuple[str, str]]


def refill(text: str, address: str, typed: Typed) -> Refilled:
    """``text``, the page at ``address``, with its form holding what was typed."""
    page = _FormsInPage(text)
    form = _likeliest_form(page, address, typed)
    if form is None:
        return Refilled(text, False, 0, page.main_end, list(typed.fields))
    left: dict[str, list[str]] = {}
    for name, value in typed.fields:
        left.setdefault(name, []).append(value)
    given = {name: list(values) for name, values in left.items()}
    if "kept_version" in given:
        # Chosen between two versions: the choice is asked again, on the page as it then is.
        left["version"] = list(given["kept_version"])
    edits: list[_Edit] = []
    unfold = set(form.inside)
    # Boxes first: a list beside them may have the same name, for what is not among them.
    for control in sorted(form.controls, key=lambda c: not c.is_tickable):
        for edit in _edits_using_up_values(control, left, given):
            edits.append(edit)
            if control.kind != "hidden":
                unfold.update(control.inside)
    for n in unfold:
        start, end, attrs = page.details[n]
        if "open" not in attrs:
            edits.append(_Edit(start, end, _start_tag("details", {**attrs, "open": None})))
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    moved = sum(len(new) - (end - start) for start, end, new in edits if end <= form.end)
    before = sum(len(new) - (end - start) for start, end, new in edits if end <= page.main_end)
    buttons = {c.name for c in form.controls if c.kind in ("button", "submit")}
    unplaced = [
        (name, value)
        for name, values in left.items()
        if name not in buttons and name not in _NEVER
        for value in values
        if value
    ]
    return Refilled(text, True, form.end + moved, page.main_end + before, unplaced)


def _likeliest_form(page: _FormsInPage, address: str, typed: Typed) -> _Form | None:
    """The form that sends to where it was sent, of several the one with the most of its fields."""

    def goes_there(form: _Form) -> bool:
        action = urljoin(address, form.attrs.get("action") or "")
        method = (form.attrs.get("method") or "get").lower()
        return method == "post" and urlsplit(action).path == typed.path

    pairs, names = set(typed.fields), {name for name, _value in typed.fields}

    def agrees(control: _Control) -> int:
        """How much a field says for its form, or against it: hidden ones tell forms apart that
        ask for the same; boxes that were not ticked are not sent."""
        if not control.name or control.name in _OF_THE_PAGE or control.is_tickable:
            return 0
        if control.kind == "hidden":
            return 4 if (control.name, control.value_attribute) in pairs else -4
        if control.kind in _KEPT_TYPES:
            return 0
        return 1 if control.name in names else -1

    def likeness(form: _Form) -> int:
        return sum(agrees(control) for control in form.controls)

    return max(filter(goes_there, page.forms), key=likeness, default=None)


def _edits_using_up_values(
    control: _Control, left: dict[str, list[str]], given: dict[str, list[str]]
) -> Iterator[_Edit]:
    """What to change about one field; takes what it used out of ``left``."""
    name, kind = control.name, control.kind
    if not name or name in _NEVER or kind in _KEPT_TYPES:
        return
    values = left.get(name, [])
    if control.is_tickable:
        value = control.attrs.get("value") or "on"
        on = value in values
        if on and kind == "checkbox":
            values.remove(value)
        elif on:
            left[name] = [v for v in values if v != value]
        was = "checked" in control.attrs
        # A radio group that was not answered stays as the page has it.
        if on != was and (kind == "checkbox" or name in given):
            yield _Edit(
                control.start,
                control.end,
                _start_tag("input", _attrs_with_mark(control, "checked", on)),
            )
    elif control.tag == "select":
        if name in given:
            yield from _select_edits_using_up_values(control, values)
    elif values:
        value = values.pop(0)
        if control.tag == "textarea":
            yield _Edit(control.text_start, control.text_end, "\n" + escape(value))
        elif value != control.value_attribute:
            new_tag = _start_tag("input", {**control.attrs, "value": value})
            yield _Edit(control.start, control.end, new_tag)


def _select_edits_using_up_values(control: _Control, values: list[str]) -> Iterator[_Edit]:
    several = "multiple" in control.attrs
    offered = [option.value_attribute for option in control.options]
    wanted = [v for v in values if v in offered]
    wanted = wanted if several else wanted[:1]
    for value in wanted:
        values.remove(value)
    if not wanted and not several:
        return
    for option in control.options:
        on, was = option.value_attribute in wanted, "selected" in option.attrs
        if on != was:
            yield _Edit(
                option.start,
                option.end,
                _start_tag("option", _attrs_with_mark(option, "selected", on)),
            )


def _attrs_with_mark(control: _Control, mark: str, on: bool) -> dict[str, str | None]:
    attrs = {k: v for k, v in control.attrs.items() if k != mark}
    return {**attrs, mark: None} if on else attrs


def _start_tag(tag: str, attrs: dict[str, str | None]) -> str:
    inner = "".join(f" {k}" if v is None else f' {k}="{escape(v)}"' for k, v in attrs.items())
    return f"<{tag}{inner}>"
