"""Reading the forms of a page as a browser would, and walking all pages for them."""

import re
from collections import deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve

SECRET = ("address",)


@dataclass
class Field:
    """One field of a form: its kind, name, values to choose from and what it holds now."""

    kind: str
    name: str
    values: list[str] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)
    several: bool = False

    @property
    def secret(self) -> bool:
        return self.kind == "password" or self.name in SECRET


@dataclass
class PageForm:
    """A form that writes: the page it stands on, where it sends to, its fields."""

    page: str
    action: str
    fields: list[Field] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def data(self) -> dict[str, list[Any]]:
        """What a browser would send, without a button."""
        found: dict[str, list[Any]] = {}
        for f in self.fields:
            if f.kind != "file" and f.values:
                found.setdefault(f.name, []).extend(f.values)
        return found

    @property
    def key(self) -> str:
        return next((f.values[0] for f in self.fields if f.name == "form_key"), "")

    def typed_into(self, mark: str) -> dict[str, list[Any]]:
        """What would be sent after somebody changed every field that can be changed."""
        for n, f in enumerate(self.fields):
            if f.kind in ("text", "search", "url", "email", "textarea", "number", "date", "tel"):
                f.values = [f'{mark} {n} <b>&"锂']
                if f.kind == "textarea":
                    f.values = [f"\r\n{mark} {n}\r\n</textarea> 锂 & more"]
            elif f.kind == "password":
                f.values = [f"{mark} secret"]
            elif f.kind == "checkbox":
                f.values = [] if f.values else [f.offered[0]]
            elif f.kind == "select" and f.offered:
                f.values = [f.offered[-1]]
        radios = {f.name: f for f in self.fields if f.kind == "radio"}
        for f in self.fields:
            if f.kind == "radio":
                f.values = [f.offered[0]] if radios[f.name] is f else []
        data = self.data()
        for f in self.fields:
            if f.kind == "file":
                data[f.name] = [SimpleUploadedFile("readings.csv", b"at,value\n2026-01-01,1\n")]
        return data


class _Reader(HTMLParser):
    def __init__(self, page: str, text: str) -> None:
        super().__init__()
        self.page, self.forms, self.by_id = page, [], {}
        self.links: list[str] = []
        self.loose: list[tuple[str, Field]] = []
        self.now: PageForm | None = None
        self.area: Field | None = None
        self.select: Field | None = None
        self.option: list[str] | None = None
        self.feed(text)
        self.close()
        for owner, f in self.loose:
            if owner in self.by_id:
                self.by_id[owner].fields.append(f)

    def _add(self, attrs: dict[str, Any], f: Field) -> None:
        if "disabled" in attrs:
            return
        if attrs.get("form"):
            self.loose.append((attrs["form"], f))
        elif self.now is not None:
            self.now.fields.append(f)

    def handle_starttag(self, tag: str, pairs: Any) -> None:
        attrs = dict(pairs)
        if tag == "a" and attrs.get("href"):
            self.links.append(urljoin(self.page, attrs["href"]))
        elif tag == "form":
            form = PageForm(self.page, urljoin(self.page, attrs.get("action") or self.page))
            self.now = form
            if (attrs.get("method") or "get").lower() == "post":
                self.forms.append(form)
            if attrs.get("id"):
                self.by_id[attrs["id"]] = form
        elif tag == "input" and attrs.get("name"):
            kind, value = (attrs.get("type") or "text").lower(), attrs.get("value")
            if kind in ("checkbox", "radio"):
                value = "on" if value is None else value
                held = [value] if "checked" in attrs else []
                self._add(attrs, Field(kind, attrs["name"], held, [value]))
            else:
                self._add(attrs, Field(kind, attrs["name"], [value or ""]))
        elif tag == "textarea":
            self.area = Field("textarea", attrs["name"], [""])
            self._add(attrs, self.area)
        elif tag == "select":
            self.select = Field("select", attrs["name"], several="multiple" in attrs)
            self._add(attrs, self.select)
        elif tag == "option" and self.select is not None:
            self.select.offered.append(attrs.get("value") or "")
            if "selected" in attrs:
                self.select.values.append(attrs.get("value") or "")
        elif tag == "button" and self.now is not None and attrs.get("name"):
            self.now.buttons.append((attrs["name"], attrs.get("value") or ""))

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area.values[0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area is not None:
            # A browser drops one line break at the beginning, and sends line breaks as CR LF.
            text = re.sub(r"\r?\n", "\r\n", self.area.values[0]).removeprefix("\r\n")
            self.area.values, self.area = [text], None
        elif tag == "select" and self.select is not None:
            if not self.select.several and not self.select.values and self.select.offered:
                self.select.values = [self.select.offered[0]]
            self.select = None
        elif tag == "form":
            self.now = None


def forms_of(response: HttpResponse, page: str) -> list[PageForm]:
    """The forms of an answer that write."""
    return _Reader(page, response.content.decode()).forms


def links_of(response: HttpResponse, page: str) -> list[str]:
    """Where the links of an answer lead to."""
    return _Reader(page, response.content.decode()).links


def route_of(address: str) -> str:
    """The pattern that an address belongs to; empty for none."""
    try:
        return resolve(urlsplit(address).path).route
    except Resolver404:
        return ""


def walk(client: Client, starts: list[str], per_route: int = 2) -> dict[str, list[PageForm]]:
    """Every form that writes on the pages that links lead to, by the route it sends to.

    Of a route only so many pages are looked at, so that a long list ends, and all of ``starts``.
    """
    found: dict[str, list[PageForm]] = {}
    looked: dict[str, int] = {}
    known, waiting = set(starts), deque(starts)
    while waiting:
        address = waiting.popleft()
        route = route_of(address)
        if not route or route.startswith("admin/"):
            continue
        if address not in starts and looked.get(route, 0) >= per_route:
            continue
        looked[route] = looked.get(route, 0) + 1
        response = client.get(address)
        if response.status_code != 200 or "text/html" not in response.headers["Content-Type"]:
            if 300 <= response.status_code < 400:
                waiting.append(urljoin(address, response.headers["Location"]))
            continue
        for form in forms_of(response, address):
            found.setdefault(route_of(form.action), []).append(form)
        for link in links_of(response, address):
            link = link.partition("#")[0]
            if link.startswith("/") and link not in known:
                known.add(link)
                waiting.append(link)
    return found
