"""An empty system in the browser: the first account, an own register, and somebody who joins.

Every page on the way is looked at, wide and on a phone, in both themes.
"""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from celery.app.base import Celery
from django.core.cache import cache
from django.core.management import call_command
from playwright.sync_api import Browser, Page
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from riskreg.accounts.models import User
from riskreg.accounts.services.first import first_link
from riskreg.kernel import clock
from riskreg.register.models import Invitation, Register
from riskreg.register.people import invitation_token
from tests.browser.conftest import NARROW, WIDE, Site
from tests.browser.looks import looks_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]
PASSWORD = "four words are enough"


@pytest.fixture(scope="module")
def live(
    browser: Browser, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """An empty system on a live server."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Celery, "send_task", lambda *arguments, **options: None)
        server = LiveServer("127.0.0.1")
        try:
            yield server.url
        finally:
            server.stop()
            call_command("flush", interactive=False, verbosity=0)
            cache.clear()


@pytest.fixture
def look(faults_of: Callable[..., list[str]]) -> Callable[[Page], None]:
    """``look(page)`` fails on what is wrong with the page as it stands."""

    def look_at(page: Page) -> None:
        faults: list[str] = []
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            faults += looks_of(page)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                faults += faults_of(page)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        assert faults == [], page.url

    return look_at


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_from_nothing_to_a_register_of_two_parties_that_somebody_joins(
    site: Site, look: Callable[[Page], None]
) -> None:
    make_a_register_of_two_parties(site, look)
    join_as_who_is_invited(site, look)


def make_a_register_of_two_parties(site: Site, look: Callable[[Page], None]) -> None:
    page = site.page()
    page.goto(urlsplit(first_link(clock.now())).path)
    look(page)
    page.fill("[name=name]", "The first")
    page.fill("[name=email]", "first@example.com")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    press(page, "Make the account")
    page.goto("/registers/new/")
    look(page)
    page.fill("[name=name]", "Battery swap pilot")
    page.fill("[name=party]", "BAIC Foton")
    press(page, "Make the register")
    page.wait_for_url(re.compile("/setup/parties/$"))
    page.fill("[name=name]", "CATL")
    press(page, "Add the party")
    look(page)
    page.locator("form:has([name=act]) button").click()
    page.wait_for_url(re.compile("/setup/scale/$"))
    look(page)
    page.check("[name=template][value='4x4']")
    press(page, "Take it and go on")
    page.wait_for_url(re.compile("/setup/classification/$"))
    look(page)
    page.check("[name=template][value=industrial]")
    press(page, "Take it and go on")
    page.wait_for_url(re.compile("/setup/people/$"))
    look(page)
    page.fill("[name=email]", "them@example.com")
    page.select_option("[name=role]", "manager")
    page.select_option("[name=party]", "catl")
    press(page, "Invite")
    page.locator("form:has([name=act]) button").click()
    page.wait_for_url(re.compile("/setup/risk/$"))
    look(page)
    register = Register.objects.get()
    assert len(register.criteria.likelihood) == 4  # type: ignore[union-attr]
    assert [p.key for p in register.parties.order_by("pk")] == ["baic-foton", "catl"]
    page.locator("form:has([name=act]) button").click()
    page.goto(f"/r/{register.slug}/setup/")
    look(page)


def join_as_who_is_invited(site: Site, look: Callable[[Page], None]) -> None:
    invitation = Invitation.objects.get(email="them@example.com")
    page = site.page(language="zh-hans")
    page.goto(f"/join/{invitation_token(invitation)}/")
    look(page)
    page.fill("[name=name]", "Theirs")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    page.locator("form:has([name=password]) button.primary").click()
    page.wait_for_url(re.compile("/work/$"))
    look(page)
    assert User.objects.get(email="them@example.com").memberships.get().role == "manager"
