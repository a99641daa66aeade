"""Every page there is, in both languages, both themes and both widths: axe, overflow, console."""

from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import Page

from riskreg.indicators.models import Indicator
from riskreg.notify.models import Delivery
from riskreg.register.models import Register
from riskreg.risks.models import Mitigation, Risk, State
from tests.browser.conftest import NARROW, WIDE, Site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]

OWNER, MANAGER, LEADER = "owner@foton.example", "manager@foton.example", "leader@foton.example"

# name: (who, a query string or more arguments). A page with several faces has several lines.
PAGES: dict[str, tuple[str, str]] = {
    "web:home": (OWNER, ""),
    "web:my_work": (OWNER, ""),
    "web:my_work leader": (LEADER, ""),
    "web:my_work auditor": ("auditor@programme.example", ""),
    "web:my_work integration": ("integration@foton.example", ""),
    "web:heatmap": (LEADER, ""),
    "web:heatmap compared": (LEADER, "?as_of=2026-06-30&compare=2025-12-31&cell=4,4"),
    "web:heatmap refused": (LEADER, "?as_of=2999-01-01&cell=9,9"),
    "web:risks": (OWNER, ""),
    "web:risks none": (OWNER, "?q=no+such+words"),
    "web:risk": (OWNER, ""),
    "web:risk draft": (OWNER, ""),
    "web:risk_new": (OWNER, ""),
    "web:risk_edit": (OWNER, ""),
    "web:risk_assess": (OWNER, ""),
    "web:risk_close": (OWNER, ""),
    "web:risk_reopen": (MANAGER, ""),
    "web:risk_transfer": (OWNER, ""),
    "web:risk_share": (MANAGER, ""),
    "web:review": (OWNER, ""),
    "web:risk_history": (OWNER, ""),
    "web:risk_mitigations": (OWNER, ""),
    "web:mitigations": (OWNER, ""),
    "web:mitigations mine": (LEADER, "?show=mine"),
    "web:mitigation": (OWNER, ""),
    "web:mitigation_new": (OWNER, "?risk=R-001"),
    "web:mitigation_edit": (OWNER, ""),
    "web:indicators": (OWNER, ""),
    "web:indicator": (OWNER, ""),
    "web:indicator_new": (MANAGER, ""),
    "web:indicator_edit": (MANAGER, ""),
    "web:indicator_readings": (MANAGER, ""),
    "web:deliveries": (MANAGER, ""),
    "web:deliveries none": (MANAGER, "?show=failed"),
    "web:delivery": (MANAGER, ""),
    "web:delivery_html": (MANAGER, ""),
    "web:preferences": (OWNER, ""),
    "web:search": (OWNER, "?q=battery"),
    "web:search none": (OWNER, "?q=no-such-words"),
    "account_login": ("", ""),
    "account_logout": (OWNER, ""),
    "account_signup": ("", ""),
    "account_inactive": ("", ""),
    "account_change_password": (OWNER, ""),
    "account_reset_password": ("", ""),
    "account_reset_password_done": ("", ""),
    "account_reset_password_from_key": ("", ""),
    "account_reset_password_from_key_done": ("", ""),
    "404": (OWNER, ""),
    "403": (LEADER, ""),
}
# The theme changes colours and nothing else: the rules about colours are asked again.
THEMES: dict[Any, dict[str, Any]] = {
    "light": {},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}},
}
# These answer a POST alone, or exist in debug alone.
NOT_PAGES = {"web:set_language", "web:set_theme", "web:token_create", "web:token_revoke"}
NOT_PAGES |= {"web:style", "web:risk_open", "web:delivery_resend"}


def names_of_pages() -> set[str]:
    """Every named address that the site serves to people."""

    def walk(patterns: list[Any], space: str = "") -> set[str]:
        names: set[str] = set()
        for item in patterns:
            if isinstance(item, URLResolver):
                if item.app_name in ("admin", "api"):
                    continue
                inner = f"{item.namespace}:" if item.namespace else space
                names |= walk(item.url_patterns, inner)
            elif isinstance(item, URLPattern) and item.name:
                names.add(space + item.name)
        return names

    found = walk(get_resolver().url_patterns)
    return {n for n in found if n.startswith(("web:", "account_"))} - NOT_PAGES


def address(name: str, query: str) -> str:
    """Where the page ``name`` is in the demo register."""
    slug = Register.objects.get().slug
    if name in ("404", "403"):
        tail = "risks/R-999/" if name == "404" else "mitigations/new/"
        return f"/r/{slug}/{tail}"
    url, _space, face = name.partition(" ")
    if url in ("web:home", "web:preferences", "web:search") or url.startswith("account_"):
        keys = {"uidb36": "1", "key": "1-abc"} if url.endswith("_from_key") else {}
        return reverse(url, kwargs=keys) + query
    keys: dict[str, Any] = {"slug": slug}
    risks = Risk.objects.filter(party__key="foton").order_by("ref")
    if face == "draft":
        keys["ref"] = Risk.objects.filter(state=State.DRAFT, visibility="shared").first().ref
    elif url == "web:risk_share":
        keys["ref"] = risks.filter(visibility="party").first().ref
    elif url == "web:risk_reopen":
        keys["ref"] = risks.filter(state=State.CLOSED).first().ref
    elif url in ("web:delivery", "web:delivery_html"):
        keys["delivery"] = Delivery.objects.get(message__address=OWNER).uuid
    elif url in ("web:indicator", "web:indicator_edit", "web:indicator_readings"):
        keys["ref"] = Indicator.objects.filter(
            party__key="foton", visibility="shared"
        ).order_by("ref").first().ref  # fmt: skip
    elif url in ("web:mitigation", "web:mitigation_edit"):
        keys["ref"] = Mitigation.objects.filter(owner__email=OWNER).order_by("ref").first().ref
    elif (
        url.startswith(("web:risk_", "web:review")) and url != "web:risk_new"
    ) or url == "web:risk":
        keys["ref"] = risks.filter(state=State.OPEN, owner__email=OWNER).exclude(
            visibility="party"
        ).first().ref  # fmt: skip
    return reverse(url, kwargs=keys) + query


def settle(page: Page, path: str) -> int:
    """Open ``path`` and wait until nothing more is on its way; the status."""
    answer = page.goto(path, wait_until="load")
    assert answer is not None
    return answer.status


def test_every_page_is_visited() -> None:
    assert {name.partition(" ")[0] for name in PAGES} - {"404", "403"} == names_of_pages()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_pages_have_no_faults(site: Site, faults_of: Any, language: str) -> None:
    pages: dict[str, Page] = {}
    faults: list[str] = []
    for name, (who, query) in PAGES.items():
        if who not in pages:
            pages[who] = site.page(who, language=language, color_scheme="light")
        page = pages[who]
        page.set_viewport_size(WIDE)
        page.emulate_media(color_scheme="light")
        status = settle(page, address(name, query))
        assert status == {"404": 404, "403": 403, "web:heatmap refused": 400}.get(name, 200), name
        if name == "web:delivery_html":  # a letter: in its reader's language, and no script runs
            assert page.locator("body").inner_text().strip()
            continue
        lang = page.evaluate("document.documentElement.lang")
        assert lang == {"en": "en", "zh-hans": "zh-Hans"}[language], name
        for width in (WIDE, NARROW):
            page.set_viewport_size(width)
            for scheme, rules in THEMES.items():
                page.emulate_media(color_scheme=scheme)
                where = f"{name} {scheme} {width['width']}"
                faults += [f"{where}: {fault}" for fault in faults_of(page, **rules)]
    assert faults == []
