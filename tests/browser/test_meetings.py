"""A review meeting as its chair holds it: by keyboard, without a script, and on paper."""

import re

import pytest
from playwright.sync_api import expect

from riskreg.reviews.models import Meeting, MeetingItem, Review
from tests.browser.addresses import meeting_of
from tests.browser.conftest import REGISTER, Site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]

MANAGER = "manager@foton.example"
PICKED = REGISTER + "meetings/new/?party=foton"


def test_by_keyboard_alone(site: Site) -> None:
    page = site.page(MANAGER)
    page.goto(PICKED)
    page.get_by_label("Title").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/items/1/$"))
    page.keyboard.press("n")
    page.wait_for_url(re.compile(r"/items/2/$"))
    page.keyboard.press("p")
    page.wait_for_url(re.compile(r"/items/1/$"))
    before = Review.objects.count()
    # The key goes to the button and saves nothing; Enter does.
    page.keyboard.press("u")
    expect(page.get_by_role("button", name="Nothing has changed")).to_be_focused()
    assert Review.objects.count() == before
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/items/2/$"))
    assert Review.objects.count() == before + 1
    # While somebody writes, a letter is a letter.
    page.get_by_label("Why?").click()
    page.keyboard.type("n, d and u are letters here")
    expect(page).to_have_url(re.compile(r"/items/2/$"))
    page.keyboard.press("Tab")
    page.keyboard.press("d")
    expect(page.get_by_role("button", name="Defer")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/items/3/$"))
    items = MeetingItem.objects.filter(meeting=Meeting.objects.latest("id")).order_by("number")
    assert [(i.outcome, i.note) for i in items[:2]] == [
        ("reviewed", ""), ("deferred", "n, d and u are letters here"),
    ]  # fmt: skip


def test_without_a_script_and_after_a_reload(site: Site) -> None:
    page = site.context(MANAGER, java_script_enabled=False).new_page()
    page.goto(PICKED)
    # The same meeting sent twice within minutes would be taken for the first one.
    page.get_by_label("Title").fill("Meeting without a script")
    page.get_by_role("button", name=re.compile("Start with")).click()
    page.get_by_role("button", name="Defer").click()
    page.get_by_role("link", name="Meeting without a script").first.click()
    page.reload()
    page.get_by_role("link", name="Continue").click()
    assert page.url.endswith("/items/2/")
    page.go_back()
    page.get_by_label("Overseas policy and hydrogen risk owner", exact=False).check()
    page.get_by_role("button", name="Note who is there").click()
    assert page.get_by_text("Who is there is noted.").is_visible()
    page.get_by_role("link", name="End the meeting").click()
    page.get_by_role("button", name="End the meeting").click()
    assert page.get_by_role("heading", name="Attendance").is_visible()
    assert page.get_by_role("button", name="Print").count() == 0


def test_the_minutes_on_paper(site: Site) -> None:
    page = site.page(MANAGER)
    meeting = meeting_of(ended=True)
    page.goto(f"{REGISTER}meetings/{meeting.uuid}/")
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    page.emulate_media(media="print")
    for gone in (".topbar", ".sidenav", ".page-header .actions", ".back"):
        expect(page.locator(gone).first).to_be_hidden()
    expect(page.locator(".notice")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
