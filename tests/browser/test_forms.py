"""Forms as people meet them: signed out while writing, Back and press again, back to the list."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from riskreg.accounts.models import User
from riskreg.demo.queries import DEMO_PASSWORD
from riskreg.kernel import clock
from riskreg.requests.models import Draft
from riskreg.reviews.models import Review
from riskreg.risks.models import Risk, State
from tests.browser.conftest import NARROW, REGISTER, WIDE, Site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]

OWNER, OTHER = "owner@foton.example", "manager@foton.example"
EVERYWHERE = pytest.mark.parametrize(
    ("language", "size", "script"),
    [
        ("en", WIDE, True),
        ("zh-hans", NARROW, True),
        ("zh-hans", WIDE, False),
        ("en", NARROW, False),
    ],
    ids=["en-wide", "zh-narrow", "zh-wide-no-script", "en-narrow-no-script"],
)


def picture(page: Page, name: str) -> None:
    """Kept where PICTURES names a folder, for people to look at."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def sign_out_elsewhere(context: BrowserContext) -> None:
    """The session ends while the page stays open."""
    context.clear_cookies(name="sessionid")


def sign_in(page: Page, who: str) -> None:
    page.fill("#id_login", who)
    page.fill("#id_password", DEMO_PASSWORD)
    page.locator("form.sheet button.primary").click()


def review_page(n: int) -> str:
    risk = Risk.objects.filter(owner__email=OWNER, state=State.OPEN, visibility="shared")
    return f"{REGISTER}risks/{risk.order_by('pk')[n].ref}/review/"


@EVERYWHERE
def test_signed_out_while_writing(
    site: Site, faults_of: Any, language: str, size: dict[str, int], script: bool
) -> None:
    page = site.page(OWNER, language=language, viewport=size, java_script_enabled=script)
    page.goto(f"{REGISTER}risks/new/")
    words = f"锂价 “& <b> {language} {size['width']} {script}"
    page.fill("#id_title", words)
    page.fill("#id_cause", "One line\nand another")
    page.check('input[name="kind"][value="opportunity"]')
    sign_out_elsewhere(page.context)
    page.locator("main form button.primary").click()
    page.wait_for_url("**/accounts/login/**")
    expect(page.locator(".message.warning")).to_be_visible()
    name = f"{language}-{size['width']}{'' if script else '-no-script'}"
    picture(page, f"signed-out-{name}")
    if script:
        assert faults_of(page) == []
    sign_in(page, OWNER)
    page.wait_for_url(f"**{REGISTER}risks/new/?draft=**")
    expect(page.locator("#kept")).to_be_visible()
    expect(page.locator("#id_title")).to_have_value(words)
    expect(page.locator("#id_cause")).to_have_value("One line\nand another")
    expect(page.locator('input[name="kind"][value="opportunity"]')).to_be_checked()
    picture(page, f"kept-{name}")
    if script:
        assert faults_of(page) == []
    page.locator("main form button.primary").click()
    page.wait_for_url(re.compile(f"{REGISTER}risks/R-\\d+/"))
    assert Risk.objects.filter(title=words).count() == 1


def test_somebody_else_who_signs_in_finds_nothing(site: Site) -> None:
    page = site.page(OWNER)
    page.goto(f"{REGISTER}risks/new/")
    page.fill("#id_title", "For the writer alone")
    sign_out_elsewhere(page.context)
    page.locator("main form button.primary").click()
    page.wait_for_url("**/accounts/login/**")
    User.objects.filter(email=OTHER).update(language="en")
    sign_in(page, OTHER)
    page.wait_for_url(f"**{REGISTER}risks/new/**")
    expect(page.locator("#id_title")).to_have_value("")
    expect(page.locator(".message.info")).to_contain_text("Nothing is kept for you here")


@EVERYWHERE
def test_signed_in_again_in_another_tab(
    site: Site, faults_of: Any, language: str, size: dict[str, int], script: bool
) -> None:
    context = site.context(language=language, viewport=size, java_script_enabled=script)
    User.objects.filter(email=OWNER).update(language=language)
    page = context.new_page()
    page.goto("/accounts/login/")
    sign_in(page, OWNER)
    page.wait_for_url(f"**{REGISTER}work/")
    page.goto(review_page(0))
    page.fill("#id_comment", "Half an hour of thought")
    other = context.new_page()
    sign_out_elsewhere(context)
    other.goto("/accounts/login/")
    sign_in(other, OWNER)
    other.wait_for_url(f"**{REGISTER}work/")
    before = Review.objects.count()
    page.locator('button[value="unchanged"]').click()
    page.wait_for_url("**/review/?draft=**")
    expect(page.locator("#id_comment")).to_have_value("Half an hour of thought")
    expect(page.locator("#kept")).to_be_visible()
    assert Review.objects.count() == before
    picture(page, f"other-tab-{language}-{size['width']}{'' if script else '-no-script'}")
    if script:
        assert faults_of(page) == []
    page.locator('button[value="unchanged"]').click()
    page.wait_for_url(re.compile(f"{REGISTER}risks/R-\\d+/$"))
    assert Review.objects.count() == before + 1


@EVERYWHERE
def test_back_and_press_again(
    site: Site, faults_of: Any, language: str, size: dict[str, int], script: bool
) -> None:
    page = site.page(OWNER, language=language, viewport=size, java_script_enabled=script)
    page.goto(f"{REGISTER}work/")
    page.goto(review_page(1 if script else 2))
    words = f"As it was, {language}"
    page.fill("#id_comment", words)
    before = Review.objects.count()
    page.locator('button[value="unchanged"]').click()
    page.wait_for_url(re.compile(f"{REGISTER}risks/R-\\d+/$"))
    first = page.url
    page.go_back()
    page.wait_for_url("**/review/**")
    page.fill("#id_comment", words)
    page.locator('button[value="unchanged"]').click()
    page.wait_for_url(first)
    expect(page.locator(".message.info")).to_be_visible()
    assert Review.objects.count() == before + 1
    picture(page, f"again-{language}-{size['width']}{'' if script else '-no-script'}")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_what_was_changed_after_going_back_is_asked_about(
    site: Site, faults_of: Any, language: str
) -> None:
    for size in (WIDE, NARROW):
        page, began = site.page(OWNER, language=language, viewport=size), clock.now()
        page.goto(f"{REGISTER}risks/new/")
        page.fill("#id_title", f"First {language} {size['width']}")
        page.locator("main form button.primary").click()
        page.wait_for_url(re.compile(f"{REGISTER}risks/R-\\d+/"))
        page.go_back()
        page.wait_for_url("**/risks/new/")
        page.fill("#id_title", f"Second {language} {size['width']}")
        page.locator("main form button.primary").click()
        expect(page.locator(".page-header + .stack .actions a")).to_have_count(2)
        picture(page, f"sent-already-{language}-{size['width']}")
        assert faults_of(page) == []
        page.locator('.actions a[href*="draft="]').click()
        expect(page.locator("#id_title")).to_have_value(f"Second {language} {size['width']}")
        page.locator("main form button.primary").click()
        page.wait_for_url(re.compile(f"{REGISTER}risks/R-\\d+/"))
        made = Risk.objects.filter(title__endswith=f" {language} {size['width']}")
        assert made.count() == 2
        assert not Draft.objects.filter(user__email=OWNER, created_at__gte=began).exists()


def test_a_double_click_acts_once(site: Site) -> None:
    page = site.page(OWNER)
    page.goto(f"{REGISTER}risks/new/")
    page.fill("#id_title", "Pressed twice")
    page.locator("main form button.primary").dblclick()
    page.wait_for_url(re.compile(f"{REGISTER}risks/R-\\d+/"))
    expect(page.locator(".message.success")).to_be_visible()
    assert Risk.objects.filter(title="Pressed twice").count() == 1


@EVERYWHERE
def test_back_to_the_list_as_it_was(
    site: Site, faults_of: Any, language: str, size: dict[str, int], script: bool
) -> None:
    page = site.page(OTHER, language=language, viewport=size, java_script_enabled=script)
    page.goto(f"{REGISTER}risks/")
    if script and size == WIDE:
        # The list is filtered in place, the button above it stays.
        page.select_option('.list-filters select[name="state"]', "open")
        page.locator(".list-filters button").first.click()
        page.wait_for_url("**/risks/?*state=open*")
    else:
        page.goto(f"{REGISTER}risks/?state=open&party=foton&ordering=title")
    listed = page.url
    page.locator('.page-header a[href*="/risks/new/"]').click()
    page.fill("#id_title", f"Made from the list, {language} {size['width']}")
    page.locator("main form button.primary").click()
    page.wait_for_url(re.compile(f"{REGISTER}risks/R-\\d+/"))
    picture(page, f"back-{language}-{size['width']}{'' if script else '-no-script'}")
    page.locator("a.back").click()
    page.wait_for_url(listed)
    page.locator(".list-table tbody th a").first.click()
    page.wait_for_url(re.compile(f"{REGISTER}risks/[A-Z]+-\\d+/"))
    page.locator('.page-header a[href*="/history/"], .page-header a[href*="/edit/"]').first.click()
    page.locator("a.back").click()
    page.wait_for_url(re.compile(f"{REGISTER}risks/[A-Z]+-\\d+/"))
    page.locator("a.back").click()
    page.wait_for_url(listed)
    page.locator('#reassign input[name="all"]').check()
    picture(page, f"all-{language}-{size['width']}{'' if script else '-no-script'}")
    page.locator("#reassign button").click()
    page.wait_for_url("**/handover/risks/**")
    assert parse_qs(urlsplit(page.url).query)["all"]
    picture(page, f"handover-{language}-{size['width']}{'' if script else '-no-script'}")
    if script:
        assert faults_of(page) == []
    page.locator("a.back").click()
    page.wait_for_url(listed)
