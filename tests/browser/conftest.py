"""A real browser against a live server with the demo register in it."""

import datetime as dt
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from celery.app.base import Celery
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from riskreg.accounts.models import User
from riskreg.demo.loader import load_demo_if_absent
from riskreg.kernel import clock
from riskreg.notify.services import deliver_due
from riskreg.register.models import Register
from riskreg.reminders.services import sweep
from tests.conftest import chromium

# The browser's own event loop makes Django think that the test's queries run inside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

_WORKING = str(settings.DATABASES["default"]["NAME"])
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}
REGISTER = "/r/foton-catl/"
_RUN_AXE = "async (rules) => (await axe.run(document, {resultTypes: ['violations'], ...rules}))"
_ASKED_FOR = ("target-size", "label-content-name-mismatch", "css-orientation-lock")
_RULES = {"rules": {rule: {"enabled": True} for rule in _ASKED_FOR}}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; it talks to nobody but the live server."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield found
        found.close()


@dataclass
class Site:
    """The live demo: contexts of signed-in people, and what their pages complained of."""

    browser: Browser
    url: str
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def context(self, who: str = "", *, language: str = "en", **options: Any) -> BrowserContext:
        """A browser profile in which ``who`` (an e-mail address) is signed in."""
        options.setdefault("viewport", WIDE)
        locale = "zh-CN" if language == "zh-hans" else "en-GB"
        # Without the tenth of a second in which colours fade, or axe would measure in between.
        context = self.browser.new_context(
            base_url=self.url, locale=locale, reduced_motion="reduce", **options
        )
        context.set_default_timeout(10_000)
        self.contexts.append(context)
        if who:
            User.objects.filter(email=who).update(language=language)
            client = Client()
            client.force_login(
                User.objects.get(email=who), backend="django.contrib.auth.backends.ModelBackend"
            )
            cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": self.url}]
            )
        return context

    def page(self, who: str = "", **options: Any) -> Page:
        """A page of a new profile; what it writes to the console as an error is a complaint."""
        page = self.context(who, **options).new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _heard(self, message: Any) -> None:
        # The browser reports a page that is meant to be a refusal (404, 409 …) as an error too.
        if (
            message.type == "error"
            and "the server responded with a status of 4" not in message.text
        ):
            self.complaints.append(f"{message.location.get('url', '')}: {message.text}")


@pytest.fixture(autouse=True)
def _django_db_marker() -> None:
    """Stands in for the plugin's own, which would empty the database after each test: the mark
    ``django_db`` on these modules only says that they need the test database."""


@pytest.fixture(scope="module")
def live(
    browser: Browser, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """The demo register on a live server, loaded once for a module; its address.

    Tests of a module share what the others before them did, so each has a risk of its own.
    """
    with django_db_blocker.unblock():
        assert str(connection.settings_dict["NAME"]) != _WORKING, "this is not a test database"
        # A module's fixture comes before the one that keeps each test from the broker.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Celery, "send_task", lambda *arguments, **options: None)
            load_demo_if_absent(at=clock.now())
            _write_and_send_mails()
        server = LiveServer("127.0.0.1")
        try:
            yield server.url
        finally:
            server.stop()
            call_command("flush", interactive=False, verbosity=0)
            cache.clear()


def _write_and_send_mails() -> None:
    """What is due is written and sent, as at noon today in the register's zone."""
    zone = Register.objects.get().time_zone
    noon = clock.start_of_day(clock.local_date(clock.now(), zone), zone) + dt.timedelta(hours=12)
    assert sweep(noon).digests > 0
    assert deliver_due(lambda: noon, seconds=60, limit=50) > 0


@pytest.fixture
def site(browser: Browser, live: str) -> Iterator[Site]:
    """Pages of the live demo; fails the test when one of them complained."""
    found = Site(browser, live)
    yield found
    for context in found.contexts:
        context.close()
    assert found.complaints == [], found.complaints


@pytest.fixture(scope="session")
def faults_of() -> Callable[..., list[str]]:
    """``faults_of(page)``: what axe finds wrong with what the page shows now.

    All levels of WCAG 2.2 A and AA, its best practices, and the rules that axe leaves out unless
    they are asked for: size of targets, and names that say what is written.
    """
    script = Axe().axe_script

    def look(page: Page, **rules: Any) -> list[str]:
        if not page.evaluate("typeof axe === 'object'"):
            page.evaluate(script)
        found = page.evaluate(_RUN_AXE, rules or _RULES)["violations"]
        faults = [
            f"{v['id']}: {v['nodes'][0]['html'][:160]} ({len(v['nodes'])} places; "
            f"{v['nodes'][0].get('failureSummary', '')[:200]})"
            for v in found
        ]
        wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if wide > 0:
            faults.append(f"overflow: the page is {wide} px wider than the window")
        return faults

    return look
