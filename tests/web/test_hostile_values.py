"""Nasty values in every parameter and form field that the pages themselves show.

Pages are read as a browser reads them: their forms and links say what can be sent where. Whatever
is sent, the answer is below 500, and what is refused changes nothing.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import resolve

from riskreg.kernel import health
from tests import builders, hostile_values
from tests.access import canaries
from tests.access.canaries import CanaryWorld
from tests.access.routes import ROUTES
from tests.amounts import sample
from tests.dump import nothing_changes
from tests.endpoints.receiver import stub_names
from tests.hostile_values import shown

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.unmeasured]

# Not pages.
ELSEWHERE = ("/api/", "/metrics", "/calendar/", "/healthz", "/readyz")
TYPED = ("text", "textarea", "email", "password", "url", "search", "number")
ALONE = {
    "hidden": ("a\0b", "9" * 5000, "-1", "[" * 5000), "file": hostile_values.TEXTS,
    "date": hostile_values.DAYS,
}  # fmt: skip
CSRF = "csrfmiddlewaretoken"


@dataclass
class Form:
    """One form of a page: what a browser would send of it, and the kind of each field."""

    method: str
    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """The forms and links of a page."""

    def __init__(self, address: str, text: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._form: Form | None = None
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a link, a form, or a field of the form that is open."""
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "a" and "href" in given:
            self.links.append(urljoin(self.address, given["href"]))
        elif tag == "form":
            action = urljoin(self.address, given.get("action") or self.address)
            self._form = Form(given.get("method", "get").lower(), action.partition("#")[0])
            self.forms.append(self._form)
        elif tag == "option" and self._form and self._select and "selected" in given:
            self._form.fields[self._select] = [given.get("value", "")]
        elif self._form and name and tag in ("input", "textarea", "select", "button"):
            self._select = name if tag == "select" else ""
            kind = given.get("type", tag)
            self._form.kinds[name] = kind
            sent = self._form.fields.setdefault(name, [])
            if kind not in ("checkbox", "radio", "file") or "checked" in given:
                sent.append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """A form's end."""
        if tag == "form":
            self._form = None


class Browser:
    """Foton's manager at the pages, who undoes what was taken and notes what went wrong."""

    def __init__(self, world: CanaryWorld) -> None:
        self.world = world
        self.client = builders.web(world.manager)
        self.client.raise_request_exception = False
        self.failures: list[str] = []

    def send(self, method: str, path: str, data: Any = None, what: str = "") -> Any:
        """The answer; an error of the server's is a failure."""
        cookies = self.client.cookies.copy()
        with transaction.atomic():
            answer = getattr(self.client, method)(path, data)
            if method == "get" or answer.status_code < 400:
                transaction.set_rollback(True)
        self.client.cookies = cookies
        if answer.status_code >= 500:
            why = answer.exc_info[1] if answer.exc_info else answer.content[:200]
            self.failures.append(f"{method} {path} {what}: {answer.status_code} {why!r:.200}")
        return answer

    def pages(self) -> Iterator[Page]:
        """Every page that the table of routes names, of things of every kind."""
        world, slug = self.world, self.world.register.slug
        risks = apps.get_model("risks", "Risk").objects.filter(party=world.foton)
        states = [risks.filter(state=state).latest("pk").ref for state in ("draft", "closed")]
        ones = {
            "deliveries": world.deliveries, "endpoints": world.endpoints, "inbox": world.messages,
        }  # fmt: skip
        for route, methods in ROUTES.items():
            if "GET" not in methods or route.startswith(ELSEWHERE):
                continue
            paths = world.shared_paths(route) or [route.replace("/r/{}/", f"/r/{slug}/")]
            if "/risks/{}/" in route:
                paths += [paths[0].replace(world.shared_risk, ref) for ref in states]
            for noun, names in ones.items():
                paths = [path.replace(f"/{noun}/{{}}/", f"/{noun}/{names[0]}/") for path in paths]
                paths = [path.replace(f"{noun}/{{}}/", f"{noun}/{names[0]}/") for path in paths]
            for path in (path for path in paths if "{}" not in path):
                answer = self.send("get", path)
                if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                    yield Page(path, answer.content.decode())


@pytest.fixture
def browser(db: None, at: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """The manager of a register in which there is something of everything."""
    monkeypatch.setitem(health.CHECKS, "broker", lambda: None)
    stub_names(monkeypatch).update({host: ["93.184.215.14"] for host in hostile_values.HOSTS})
    return Browser(canaries.build(at))


def view_of(address: str) -> str:
    """The name of the view that answers there; empty for an address elsewhere."""
    parts = urlsplit(address)
    return "" if parts.netloc or parts.scheme else str(resolve(parts.path).view_name)


def test_parameters_and_fields(browser: Browser) -> None:
    asked: dict[str, tuple[str, set[str]]] = {}
    forms: dict[tuple[str, bool], Form] = {}
    for page in browser.pages():
        links = [(link, dict(parse_qsl(urlsplit(link).query))) for link in page.links]
        links += [(form.action, form.fields) for form in page.forms if form.method == "get"]
        for address, names in links:
            if names and (view := view_of(address)):
                path = urlsplit(address).path
                asked.setdefault(view, (path, set()))[1].update(names)
        for form in page.forms:
            if form.method == "post" and (view := view_of(form.action)):
                forms.setdefault((view, "file" in form.kinds.values()), form)
    assert len(asked) > 10, asked
    assert len(forms) > 30, forms
    with nothing_changes():
        for number, (path, names) in enumerate(asked.values()):
            ask(browser, path, names, number)
        for number, form in enumerate(forms.values()):
            post(browser, form, number)
    assert not browser.failures, "\n".join(browser.failures)


def ask(browser: Browser, path: str, names: set[str], turn: int) -> None:
    """Every value in all parameters at once, and what breaks most in each alone."""
    for value in sample(hostile_values.TEXTS, turn):
        browser.send("get", f"{path}?{urlencode(dict.fromkeys(sorted(names), value))}")
    for name in sample(sorted(names), turn) if len(names) > 1 else ():
        for value in ("a\0b", *hostile_values.DAYS):
            browser.send("get", f"{path}?{urlencode({name: value})}")


def post(browser: Browser, form: Form, turn: int) -> None:
    """What breaks most in all fields at once; then in one field of a form that is right.

    What is typed is checked before anything else is looked at, so it need not be sent alone. No
    form checks what is hidden or chosen. Of rows that are alike, the first will do.
    """
    names = [name for name in form.kinds if name != CSRF]
    plain = {name: values for name, values in form.fields.items() if form.kinds[name] != "file"}
    for value in sample(("a\0b", "9" * 5000, "9999-12-31"), turn):
        given = {name: _put(form, name, value) for name in names}
        browser.send("post", form.action, given, f"all={shown(value)}")
    alike: set[str] = set()
    for name in names:
        kind, row = form.kinds[name], re.sub(r"\d+", "", name)
        if name.startswith("initial-") or row in alike or kind in TYPED:
            continue
        alike.add(row)
        for value in sample(ALONE.get(kind, ("a\0b",)), turn + len(alike)):
            given = {**plain, name: _put(form, name, value)}
            browser.send("post", form.action, given, f"{name}={shown(value)}")


def _put(form: Form, name: str, value: str) -> Any:
    if form.kinds[name] != "file":
        return value
    return SimpleUploadedFile("a\0.csv", f"at,value\n{value},{value}\n".encode())
