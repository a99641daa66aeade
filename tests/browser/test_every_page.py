"""Every page there is, in both languages, both themes and both widths: axe, type, line height,
targets, overflow, console."""

import re
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Page

from riskreg.accounts.models import User
from riskreg.indicators.models import Indicator
from riskreg.kernel import clock
from riskreg.register.models import Register
from riskreg.risks.models import Mitigation, Risk
from tests.amounts import THOROUGH, sample
from tests.browser.addresses import LEADER, MANAGER, OWNER, address
from tests.browser.conftest import NARROW, WIDE, Site
from tests.browser.looks import looks_of, out_of_sight

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]

# name: (who, a query string or more arguments). A page with several faces has several lines.
PAGES: dict[str, tuple[str, str]] = {
    "web:home": (OWNER, ""),
    "web:my_work": (OWNER, ""),
    "web:my_work leader": (LEADER, ""),
    "web:my_work auditor": ("auditor@programme.example", ""),
    "web:my_work integration": ("integration@foton.example", ""),
    "web:overview": (LEADER, ""),
    "web:overview since": (LEADER, "?since=2026-06-30"),
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
    "web:risk_clone": (OWNER, ""),
    "web:review": (OWNER, ""),
    "web:risk_history": (OWNER, ""),
    "web:risk_mitigations": (OWNER, ""),
    "web:estimates": (OWNER, ""),
    "web:effects": (OWNER, ""),
    "web:effect_new": (OWNER, ""),
    "web:estimate_new": (OWNER, ""),
    "web:acceptances": (LEADER, ""),
    "web:acceptances granted": (LEADER, "?show=granted"),
    "web:acceptance": (LEADER, ""),
    "web:acceptance asked for": (LEADER, ""),
    "web:acceptance_new": (OWNER, ""),
    "web:decisions": (LEADER, ""),
    "web:decisions drafts": (MANAGER, "?show=drafts"),
    "web:decision_new": (MANAGER, ""),
    "web:decision draft": (MANAGER, ""),
    "web:decision proposed": (LEADER, ""),
    "web:decision in_force": (LEADER, ""),
    "web:decision_edit": (MANAGER, ""),
    "web:decision_decide": (LEADER, ""),
    "web:decision_record": (LEADER, ""),
    "web:option_new": (MANAGER, ""),
    "web:option": (MANAGER, ""),
    "web:drivers": (OWNER, ""),
    "web:driver": (OWNER, ""),
    "web:risk_ask": (LEADER, ""),
    "web:comments": (OWNER, "?about=risk:R-001"),
    "web:comment": (LEADER, ""),
    "web:simulations": (LEADER, ""),
    "web:simulation": (LEADER, ""),
    "web:simulation going on": (LEADER, ""),
    "web:mitigations": (OWNER, ""),
    "web:mitigations mine": (LEADER, "?owner=me"),
    "web:mitigation": (OWNER, ""),
    "web:mitigation_new": (OWNER, "?risk=R-001"),
    "web:mitigation_edit": (OWNER, ""),
    "web:indicators": (OWNER, ""),
    "web:indicator": (OWNER, ""),
    "web:indicator_new": (MANAGER, ""),
    "web:indicator_edit": (MANAGER, ""),
    "web:indicator_readings": (MANAGER, ""),
    "web:register_settings": (MANAGER, ""),
    "web:register_settings reader": (OWNER, ""),
    "web:change_requests": (MANAGER, ""),
    "web:change_request": ("manager@catl.example", ""),
    "web:ladder": (MANAGER, ""),
    "web:ladder reader": (LEADER, ""),
    "web:absences": (OWNER, ""),
    "web:absences reader": ("auditor@programme.example", ""),
    "web:handover": (MANAGER, ""),
    "web:board_packs": (LEADER, ""),
    "web:pack_schedule_new": (LEADER, ""),
    "web:pack_schedule": (LEADER, ""),
    "web:imports": (MANAGER, ""),
    "web:exports": (MANAGER, ""),
    "web:import": (MANAGER, ""),
    "web:import_draft": (MANAGER, ""),
    "web:reassign": (OWNER, "?risk=R-001&risk=R-002&risk=R-999"),
    "web:reassign none": (OWNER, ""),
    "web:risk_extend": ("manager@catl.example", ""),
    "web:meetings": (MANAGER, ""),
    "web:meeting_new": (MANAGER, "?state=open"),
    "web:meeting_new none": (MANAGER, "?q=no+such+words"),
    "web:meeting": (MANAGER, ""),
    "web:meeting reader": (LEADER, ""),
    "web:meeting minutes": ("auditor@programme.example", ""),
    "web:meeting_item": (MANAGER, ""),
    "web:meeting_item reader": ("auditor@programme.example", ""),
    "web:meeting_end": (MANAGER, ""),
    "web:coverage": (LEADER, ""),
    "web:coverage past": (LEADER, "?as_of=2026-06-30&by=month"),
    "web:coverage_reviews": (LEADER, "?what=due"),
    "web:deliveries": (MANAGER, ""),
    "web:deliveries none": (MANAGER, "?show=failed"),
    "web:delivery": (MANAGER, ""),
    "web:delivery_html": (MANAGER, ""),
    "web:endpoints": (MANAGER, ""),
    "web:endpoint": (MANAGER, ""),
    "web:endpoint_new": (MANAGER, ""),
    "web:inbox": (OWNER, ""),
    "web:inbox none": ("auditor@programme.example", ""),
    "web:inbox_message": (OWNER, ""),
    "web:preferences": (OWNER, ""),
    "web:terms": (MANAGER, ""),
    "web:terms reader": (OWNER, ""),
    "web:term": (MANAGER, ""),
    "web:taxonomy": (MANAGER, ""),
    "web:criteria": (MANAGER, ""),
    "web:criteria_new": (MANAGER, ""),
    "web:criteria leader": (LEADER, ""),
    "web:own_appetite_new": (MANAGER, ""),
    "web:own_appetite_edit": (MANAGER, ""),
    "web:objectives": (MANAGER, ""),
    "web:objective": (MANAGER, ""),
    "web:objective_new": (MANAGER, ""),
    "web:objective_edit": (MANAGER, ""),
    "web:objective_model": (MANAGER, ""),
    "web:register_archive": (MANAGER, ""),
    "web:registers": (MANAGER, ""),
    "web:work_everywhere": (MANAGER, ""),
    "web:parties": (MANAGER, ""),
    "web:party": (MANAGER, ""),
    "web:programme": (MANAGER, ""),
    "web:evidence_new": (MANAGER, ""),
    "web:evidence": (MANAGER, ""),
    "web:evidence_withdraw": (MANAGER, ""),
    "web:relation_new": (MANAGER, ""),
    "web:relation_end": (MANAGER, ""),
    "web:controls": (MANAGER, ""),
    "web:control": (MANAGER, ""),
    "web:control_new": (MANAGER, ""),
    "web:control_edit": (MANAGER, ""),
    "web:control_test": (MANAGER, ""),
    "web:control_end": (MANAGER, ""),
    "web:members": (MANAGER, ""),
    "web:members reader": ("auditor@programme.example", ""),
    "web:member": (MANAGER, ""),
    "web:programs": (MANAGER, ""),
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
    "web:own_forecasts": (OWNER, ""),
}
# The theme changes colours and nothing else: the rules about colours are asked again.
THEMES: dict[Any, dict[str, Any]] = {
    "light": {},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}},
}
# These answer a POST alone, or exist in debug alone.
NOT_PAGES = {"web:set_language", "web:set_theme", "web:token_create", "web:token_revoke"}
NOT_PAGES |= {"web:meeting_attendance", "web:meeting_chair", "web:coverage_csv"}
NOT_PAGES |= {"web:style", "web:risk_open", "web:delivery_resend"}
NOT_PAGES |= {"web:evidence_file", "web:evidence_release"}
NOT_PAGES |= {"web:import_copy", "web:calendar_make", "web:calendar_revoke"}
NOT_PAGES |= {"web:calendar_feed", "web:absence_end"}
NOT_PAGES |= {f"web:change_request_{act}" for act in ("approve", "refuse", "withdraw")}
NOT_PAGES |= {"web:register_cadence", "web:register_zone", "web:register_axes"}
NOT_PAGES |= {"web:register_restore", "web:party_remove"}
NOT_PAGES |= {"web:inbox_read", "web:inbox_open", "web:endpoint_rename", "web:endpoint_switch"}
NOT_PAGES |= {"web:term_merge", "web:member_invite", "web:member_invite_many", "web:member_role"}
NOT_PAGES |= {"web:member_end", "web:invitation_again", "web:invitation_back"}
NOT_PAGES |= {"web:program_token", "web:program_token_end", "web:estimate_release"}
NOT_PAGES |= {"web:effect_release"}
NOT_PAGES |= {f"web:acceptance_{act}" for act in ("grant", "refuse", "withdraw", "revoke")}
NOT_PAGES |= {
    "web:comment_withdraw",
    "web:acceptance_condition",
    "web:question_answer",
    "web:question_withdraw",
}
NOT_PAGES |= {
    f"web:decision_{act}"
    for act in (
        "propose", "retract", "vote", "reject", "lapse", "revisit", "close", "condition", "weigh",
    )
}  # fmt: skip
NOT_PAGES |= {"web:option_remove", "web:argument_new", "web:argument_release"}
NOT_PAGES |= {"web:belief_new", "web:belief_end", "web:driver_link", "web:driver_feed"}
NOT_PAGES |= {
    "web:link_end",
    "web:simulation_cancel",
    "web:simulation_csv",
    "web:simulation_picture",
}
NOT_PAGES |= {"web:board_pack_file", "web:board_pack_cancel", "web:decision_record_file"}
NOT_PAGES |= {"web:import_undo", "web:import_not_taken", "web:import_template", "web:party_file"}
NOT_PAGES |= {
    f"web:{noun}_export"
    for noun in (
        "risk", "mitigation", "control", "indicator", "reading", "objective", "meeting",
        "acceptance", "driver", "heatmap", "coverage", "one_risk", "history", "estimate",
        "decision",
    )
}  # fmt: skip
# Pages of a system or a register in the making: ``test_from_nothing.py`` goes through them.
NOT_PAGES |= {
    "web:first_account",
    "web:register_new",
    "web:invitation",
    "web:setup",
    "web:setup_step",
}
NOT_PAGES |= {"web:endpoint_secret", "web:endpoint_try", "web:endpoint_remove"}


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
    # A page has the same rules and the same width in either language, but for its words.
    tried = list(PAGES.items()) if language == "en" else sample(list(PAGES.items()), 0)
    for number, (name, (who, query)) in enumerate(tried):
        if who not in pages:
            pages[who] = site.page(who, language=language, color_scheme="light")
        page = pages[who]
        page.set_viewport_size(WIDE)
        page.emulate_media(color_scheme="light")
        status = settle(page, address(name, query))
        assert status == {"404": 404, "403": 403, "web:heatmap refused": 400}.get(name, 200), name
        if name == "web:delivery_html":  # a letter: in its reader's language, and no script runs
            assert page.locator("body").inner_text().strip()
            page.set_viewport_size(NARROW)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= NARROW["width"], f"the mail is {width} px wide on a phone"
            continue
        lang = page.evaluate("document.documentElement.lang")
        assert lang == {"en": "en", "zh-hans": "zh-Hans"}[language], name
        for width in (WIDE, NARROW):
            page.set_viewport_size(width)
            faults += [f"{name} {width['width']}: {fault}" for fault in looks_of(page)]
            # The rules that take long are asked at one width in one language, at the other width in
            # the other one. Colours are the same in every language.
            if not THOROUGH and (width == WIDE) != ((number % 2 == 0) == (language == "en")):
                continue
            themes = THEMES if language == "en" or THOROUGH else {"light": {}}
            for scheme, rules in themes.items():
                page.emulate_media(color_scheme=scheme)
                where = f"{name} {scheme} {width['width']}"
                faults += [f"{where}: {fault}" for fault in faults_of(page, **rules)]
    assert faults == [], "\n".join(faults)


def test_nothing_is_hidden_on_a_phone(site: Site) -> None:
    """Every place is in sight, or behind the one button that says so; the page begins early."""
    page = site.page(MANAGER, viewport=NARROW, java_script_enabled=False)
    settle(page, address("web:my_work", ""))
    places = page.locator(".sidenav a").count()
    assert places == 16
    assert len(out_of_sight(page, ".sidenav a")) == places - 4
    assert out_of_sight(page, ".sidenav-more button") == []
    page.locator(".sidenav-more button").click()
    assert out_of_sight(page, ".sidenav a") == []
    head = page.evaluate("document.querySelector('main').getBoundingClientRect().top")
    assert head <= 80, f"{head} px of head before the page begins"
    page.locator(".notice-more").click()
    assert out_of_sight(page, "#notice") == []


_UNDER_THE_ANSWER = """() => {
  const bar = document.querySelector(".review-bar").getBoundingClientRect();
  const targets = "main form :is(input:not([type=hidden]), textarea, select, summary)";
  return [...document.querySelectorAll(targets)].filter((element) => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility() && !element.closest(".review-bar") && box.left < bar.right
      && box.right > bar.left && box.top < bar.bottom && box.bottom > bar.top;
  }).map((element) => element.outerHTML.slice(0, 80));
}"""


def test_the_answer_of_a_review_is_always_in_view(site: Site) -> None:
    page = site.page(OWNER)
    wide = ((1366, 768), (1280, 720), (1440, 900), (1440, 1000), (1440, 1100))
    for size in [*({"width": width, "height": height} for width, height in wide), NARROW]:
        page.set_viewport_size(size)  # type: ignore[arg-type]
        settle(page, address("web:review", ""))
        for part in (0, 0.5, 1):
            page.evaluate("part => scrollTo(0, part * document.documentElement.scrollHeight)", part)
            assert out_of_sight(page, "[name=verdict]") == [], (size, part)
            covered = page.evaluate(
                """() => [...document.querySelectorAll("[name=verdict]")].filter((button) => {
                  const box = button.getBoundingClientRect();
                  const x = box.left + box.width / 2, y = box.top + box.height / 2;
                  return !button.contains(document.elementFromPoint(x, y));
                }).length"""
            )
            assert covered == 0, (size, part)
            # Where it stands beside the matrix it lies on nothing that one can press.
            if size is not NARROW:
                assert page.evaluate(_UNDER_THE_ANSWER) == [], (size, part)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_compared_heatmap_explains_its_marks_and_prints_on_one_sheet(
    site: Site, language: str
) -> None:
    page = site.page(LEADER, language=language)
    settle(page, address("web:heatmap", "?compare=2026-01-01"))
    assert page.locator(".mx-move").count() > 0
    legend = page.locator(".mx-legend").first.inner_text()
    assert all(
        word in legend for word in {"en": ("moved in", "moved out")}.get(language, ("移入",))
    )
    page.emulate_media(media="print")
    printed = page.locator("main > .print-only").inner_text()
    leader = User.objects.get(email=LEADER)
    assert leader.names.get(language, leader.name) in printed
    today = clock.local_date(clock.now(), Register.objects.get().time_zone)
    assert str(today.year) in printed
    name = page.locator(".topbar-register").text_content()
    assert name is not None
    assert name.strip() in printed
    sheet = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1
    settle(page, address("web:heatmap", ""))
    assert "moved" not in page.locator(".mx-legend").first.inner_text()


# Words without an end, in everything that a list, a form or a print shows. The last test here: what
# it writes past the services stays in this module's register.
ENDLESS = "W" * 200
WITH_LONG_WORDS = (
    ("web:risks", ""), ("web:risk", ""), ("web:risk_edit", ""), ("web:review", ""),
    ("web:risk_history", ""), ("web:my_work", ""), ("web:heatmap", ""),
    ("web:mitigations", ""), ("web:mitigation_new", "?risk=R-001"), ("web:mitigation", ""),
    ("web:indicators", ""), ("web:indicator", ""), ("web:indicator_new", ""),
    ("web:meeting_new", "?state=open"), ("web:meeting", ""), ("web:register_settings", ""),
    ("web:coverage", ""), ("web:search", f"?q={ENDLESS}"), ("web:absences", ""),
    ("web:handover", ""), ("web:preferences", ""),
)  # fmt: skip


def test_a_word_without_an_end_pushes_nothing_out_of_view(site: Site) -> None:
    address("web:meeting", "")  # begun before its items are called that
    Risk.objects.update(title=ENDLESS, cause=ENDLESS, translations={})
    Mitigation.objects.update(title=ENDLESS, translations={})
    Indicator.objects.update(names={"en": ENDLESS})
    User.objects.exclude(email=MANAGER).update(name=ENDLESS[:120], names={})
    page = site.page(MANAGER)
    faults = []
    for name, query in WITH_LONG_WORDS:
        page.set_viewport_size(WIDE)
        assert settle(page, address(name, query)) == 200, name
        for width in (WIDE, NARROW):
            page.set_viewport_size(width)
            beyond = page.evaluate(
                """() => {
                  const far = document.documentElement.clientWidth + 1;
                  // On a phone a table that is not cards scrolls by itself, and is meant to.
                  const scrolls = far < 500 ? ".table-wrap:has(table:not(.cards))" : "nothing";
                  const hidden = ".visually-hidden, svg, " + scrolls;
                  return [...document.querySelectorAll("main *")].filter((element) =>
                    element.checkVisibility() && !element.closest(hidden)
                    && element.getBoundingClientRect().right > far
                  ).slice(0, 2).map((element) => element.outerHTML.slice(0, 120));
                }"""
            )
            faults += [f"{name} {width['width']}: {what}" for what in beyond]
    assert faults == [], "\n".join(faults)
