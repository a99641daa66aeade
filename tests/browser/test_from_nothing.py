"""An empty system in the browser: the first account, an own register, and somebody who joins.

Every page on the way is looked at, wide and on a phone, in both themes.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from celery.app.base import Celery
from django.core import mail
from django.core.cache import cache
from django.core.management import call_command
from playwright.sync_api import Browser, Page
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from riskreg.accounts.models import User
from riskreg.accounts.services.first import first_account_link_or_empty
from riskreg.kernel import clock
from riskreg.notify.services import deliver_due
from riskreg.register.models import Invitation, Register
from riskreg.register.people import invitation_token
from riskreg.reminders.services import sweep
from riskreg.risks.models import Risk
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
    first = make_a_register_of_two_parties(site, look)
    join_as_who_is_invited(site, look)
    owner = join_as_risk_owner(site)
    frame_it(first, look)
    open_a_risk(owner, look)
    have_one_at_once(owner)
    read_the_first_reminder(owner, look)


def make_a_register_of_two_parties(site: Site, look: Callable[[Page], None]) -> Page:
    page = site.page()
    page.goto(urlsplit(first_account_link_or_empty(clock.now())).path)
    look(page)
    page.fill("[name=name]", "The first")
    page.fill("[name=email]", "first@example.com")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    # The zone of this browser, which nobody had to look for.
    own = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    offered = page.locator("[name=time_zone] option").evaluate_all("all => all.map(o => o.value)")
    assert page.input_value("[name=time_zone]") == (own if own in offered else "UTC")
    press(page, "Make the account")
    # In no register yet, one has a menu all the same.
    page.locator("summary").click()
    assert page.get_by_role("button", name="Sign out").is_visible()
    look(page)
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
    assert page.get_by_text("Without a manager yet").count() == 0
    page.fill("[name=email]", "owner@example.com")
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
    return page


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


def join_as_risk_owner(site: Site) -> Page:
    invitation = Invitation.objects.get(email="owner@example.com")
    page = site.page()
    page.goto(f"/join/{invitation_token(invitation)}/")
    page.fill("[name=name]", "Who answers")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    page.locator("form:has([name=password]) button.primary").click()
    page.wait_for_url(re.compile("/work/$"))
    return page


def frame_it(page: Page, look: Callable[[Page], None]) -> None:
    """A term and an objective."""
    here = f"/r/{Register.objects.get().slug}/"
    page.goto(here + "settings/terms/")
    form = page.locator("form:has([name=taxonomy][value=market])")
    form.locator("xpath=ancestor::details").evaluate_all("all => all.forEach(d => d.open = true)")
    form.locator("[name=name]").fill("Norway")
    form.locator("button").click()
    page.goto(here + "objectives/new/")
    page.fill("[name=name]", "Swap stations in service")
    page.fill("[name=value]", "120")
    page.fill("[name=unit]", "stations")
    page.fill("[name=due_on]", str(clock.now().date() + dt.timedelta(days=900)))
    page.locator("main form button.primary").click()
    page.wait_for_url(re.compile("/objectives/[^/]+/$"))
    look(page)


def open_a_risk(page: Page, look: Callable[[Page], None]) -> None:
    """Written, with what is in place against it, judged and opened."""
    here = f"/r/{Register.objects.get().slug}/"
    page.goto(here + "risks/new/")
    look(page)
    page.fill("[name=title]", "Stations wait for the grid")
    page.fill("[name=cause]", "The grid is full in two cities")
    page.fill("[name=event]", "Connections may come a year late")
    page.fill("[name=consequence]", "Vehicles stand without batteries")
    page.get_by_label("Norway").check()
    page.get_by_label("Swap stations in service").check()
    page.locator("main form button.primary").click()
    page.wait_for_url(re.compile("/risks/R-001/$"))
    page.goto(here + "controls/new/?risk=R-001")
    page.fill("[name=name]", "Batteries on trucks for two cities")
    page.check("[name=kind][value=corrective]")
    page.locator("main form button.primary").click()
    page.wait_for_url(re.compile("/controls/[^/]+/$"))
    page.goto(here + "risks/R-001/assess/")
    page.locator("[name=cell][value='3,4']").check(force=True)
    page.locator("main form textarea").first.fill("Two connections slipped this year")
    page.locator("main form button.primary").click()
    page.wait_for_url(re.compile("/risks/R-001/$"))
    page.locator("main form[action$='/open/'] button").click()
    page.get_by_text("Draft", exact=True).wait_for(state="detached")
    look(page)
    risk = Risk.objects.get()
    assert (risk.state, risk.terms.get().names["en"]) == ("open", "Norway")
    assert [o.key for o in risk.objectives.all()] == ["swap-stations-in-service"]
    assert [c.name for c in risk.controls.all()] == ["Batteries on trucks for two cities"]


def have_one_at_once(page: Page) -> None:
    """As the guide says: today is a day of work, its hour has begun, the date is an earlier one."""
    page.goto("/preferences/")
    form = page.locator("form:has([name=digest_hour])")
    form.locator("[name=digest_hour]").select_option("0")
    for day in form.locator("[name=working_days]").all():
        day.check()
    form.locator("button").last.click()
    page.goto(f"/r/{Register.objects.get().slug}/risks/R-001/review/")
    page.locator("summary", has_text="Other outcomes, an earlier date").click()
    page.fill("[name=next_review_on]", str(clock.now().date() + dt.timedelta(days=3)))
    page.locator("[name=verdict][value=unchanged]").click()
    page.wait_for_url(re.compile("/risks/R-001/"))
    page.locator("main form").first.wait_for(state="attached")
    now = clock.now()
    sweep(now)
    deliver_due(lambda: now, seconds=60, limit=100)
    (reminder,) = [m for m in mail.outbox if m.to == ["owner@example.com"] and "R-001" in m.body]
    assert "due in 3 days" in reminder.body


def read_the_first_reminder(page: Page, look: Callable[[Page], None]) -> None:
    """On the day on which the review is due the next comes, and stands in the inbox."""
    risk = Risk.objects.get()
    assert risk.next_review_on is not None
    due = dt.datetime.combine(risk.next_review_on, dt.time(12), dt.UTC)
    # On a working day of whoever gets it.
    due += dt.timedelta(days=max(0, 7 - due.weekday()) if due.weekday() > 4 else 0)
    sweep(due)
    deliver_due(lambda: due, seconds=60, limit=100)
    reminders = [m for m in mail.outbox if m.to == ["owner@example.com"] and "R-001" in m.body]
    assert "Stations wait for the grid" in reminders[-1].body
    page.goto("/inbox/")
    look(page)
    assert page.get_by_text("R-001").first.is_visible()
