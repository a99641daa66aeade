"""Whole journeys as people take them, in a real browser."""

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import formats, translation
from playwright.sync_api import Locator, Page, expect

from riskreg.accounts.models import User
from riskreg.analysis.amounts import chance_text
from riskreg.analysis.models import Estimate
from riskreg.analysis.queries.simulations import results_of_done_run
from riskreg.decisions.models import Acceptance, Decision
from riskreg.decisions.queries.acceptances import unaccepted_threats_above_appetite
from riskreg.decisions.services import edit_decision, propose_decision, request_acceptance
from riskreg.demo.queries import DEMO_PASSWORD, DEMO_SLUG
from riskreg.kernel import clock
from riskreg.register.access import viewer_for
from riskreg.register.models import Party
from riskreg.reviews.models import Review
from riskreg.risks.models import Mitigation, Position, Risk, RiskRelation, State
from tests.amounts import THOROUGH
from tests.browser.addresses import simulation_of
from tests.browser.conftest import NARROW, REGISTER, WIDE, Site
from tests.decisions.making import DAY, drafted

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]

OWNER, MANAGER, LEADER = "owner@foton.example", "manager@foton.example", "leader@foton.example"
ZONE = "Asia/Shanghai"


def tab_to(page: Page, selector: str, limit: int = 90) -> None:
    """Press Tab until what has the focus matches ``selector``."""
    for _step in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"Tab never came to {selector}")


def most_overdue() -> Risk:
    today = clock.local_date(clock.now(), ZONE)
    risk = (
        Risk.objects.filter(owner__email=OWNER, state=State.OPEN, next_review_on__lt=today)
        .order_by("next_review_on", "pk")
        .first()
    )
    assert risk is not None
    return risk


def risk_of_owner(number: int) -> Risk:
    """One of the owner's open shared risks: each journey changes another one."""
    return Risk.objects.filter(owner__email=OWNER, state=State.OPEN, visibility="shared").order_by(
        "pk"
    )[number]


def day(value: dt.date) -> str:
    with translation.override("en"):
        return formats.date_format(value, "DATE_FORMAT")


def test_an_owner_reviews_what_is_overdue_with_the_keyboard_alone(
    site: Site, faults_of: Any
) -> None:
    risk = most_overdue()
    page = site.page()
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    tab_to(page, "#id_login")
    page.keyboard.type(OWNER)
    tab_to(page, "#id_password")
    page.keyboard.type(DEMO_PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{REGISTER}work/")
    tab_to(page, f'a[href*="/{risk.ref}/review/"]')
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{risk.ref}/review/**")
    assert faults_of(page) == []
    before = risk.next_review_on
    tab_to(page, 'button[value="unchanged"]')
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{REGISTER}work/**")
    risk.refresh_from_db()
    assert risk.next_review_on > clock.local_date(clock.now(), ZONE) > before
    message = page.locator(".message.success")
    expect(message).to_contain_text(f"The review of {risk.ref} is saved.")
    expect(message).to_contain_text(day(risk.next_review_on))
    expect(page.locator(f'.duties .late a[href*="/{risk.ref}/review/"]')).to_have_count(0)
    newest = Review.objects.order_by("-pk").first()
    assert (newest.risk, newest.outcome, newest.reviewer.email) == (risk, "unchanged", OWNER)


def test_the_grid_walks_by_arrow_keys_and_says_what_is_chosen(site: Site) -> None:
    risk = risk_of_owner(0)
    now = Position.objects.get(risk=risk, valid_to=None)
    page = site.page(OWNER)
    page.goto(f"{REGISTER}risks/{risk.ref}/review/")
    start = f"{now.residual_likelihood},{now.residual_impact}"
    tab_to(page, f'input[name="cell"][value="{start}"]')
    expect(page.locator("[data-said]")).to_contain_text("Stays where it is")
    down = f"{now.residual_likelihood - 1},{now.residual_impact}"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.value") == down
    expect(page.locator("[data-said]")).not_to_contain_text("Stays where it is")
    tab_to(page, "textarea")
    page.keyboard.type("A new rule was put off (illustrative)")
    tab_to(page, 'button[value="rescore"]')
    page.keyboard.press("Enter")
    expect(page.locator(".message.success")).to_contain_text("is saved")
    after = Position.objects.get(risk=risk, valid_to=None)
    assert f"{after.residual_likelihood},{after.residual_impact}" == down


def test_leadership_goes_back_in_time_and_opens_a_cell(site: Site, faults_of: Any) -> None:
    page = site.page(LEADER)
    page.goto(f"{REGISTER}heatmap/")
    counts = page.locator(".mx-read .mx-count")
    expect(counts.first).to_be_visible()
    today = counts.all_inner_texts()
    shown_unrated = Position.objects.filter(
        valid_to=None, state=State.OPEN, residual_score=None, visibility="shared", kind="threat"
    ).count()
    visible = Position.objects.filter(valid_to=None, state=State.OPEN, kind="threat").exclude(
        visibility="party", party__key="catl"
    )
    # Parts stand behind what they are part of.
    parts = RiskRelation.objects.filter(kind="part_of", ended_at=None).values("risk")
    visible = visible.exclude(risk__in=parts)
    assert sum(map(int, today)) + shown_unrated == visible.count()
    page.fill("#f-as-of", "2025-09-01")
    page.click('.heat-time button:has-text("Show")')
    expect(page.locator(".heat-past")).to_contain_text("1 Sep 2025")
    assert "as_of=2025-09-01" in page.url
    assert counts.all_inner_texts() != today
    cell = page.locator(".mx-read a.mx-in").first
    number = int(cell.locator(".mx-count").inner_text())
    cell.click()
    page.wait_for_url("**cell=**")
    expect(page.locator(".heat-beside .heat-rows > li").first).to_be_visible()
    assert "as_of=2025-09-01" in page.url
    assert page.locator(".heat-beside .heat-rows").first.locator("> li").count() == number
    assert faults_of(page) == []
    page.go_back()
    expect(page.locator(".heat-past")).to_contain_text("1 Sep 2025")


def test_two_people_edit_one_risk_and_neither_is_overwritten(site: Site, faults_of: Any) -> None:
    risk = risk_of_owner(2)
    edit = f"{REGISTER}risks/{risk.ref}/edit/"
    slow, fast = site.page(MANAGER), site.page(OWNER)
    slow.goto(edit)
    fast.goto(edit)
    fast.fill("#id_title", "As the owner calls it")
    fast.click('button:has-text("Save")')
    expect(fast.locator("h1")).to_contain_text("As the owner calls it")
    slow.fill("#id_title", "As the manager calls it")
    slow.click('button:has-text("Save")')
    expect(slow.locator("body")).to_contain_text("As the owner calls it")
    expect(slow.locator("body")).to_contain_text("As the manager calls it")
    for width in (NARROW, {"width": 1440, "height": 900}):
        slow.set_viewport_size(width)
        assert faults_of(slow) == []
    risk.refresh_from_db()
    assert risk.title == "As the owner calls it"
    slow.check('input[name="take_title"][value="mine"]')
    slow.click('button:has-text("Save what is chosen")')
    expect(slow.locator("h1")).to_contain_text("As the manager calls it")


def test_two_people_edit_one_mitigation(site: Site, faults_of: Any) -> None:
    work = Mitigation.objects.filter(party__key="foton", visibility="shared").first()
    edit = f"{REGISTER}mitigations/{work.ref}/edit/"
    slow, fast = site.page(MANAGER), site.page(MANAGER)
    slow.goto(edit)
    fast.goto(edit)
    fast.fill("#id_title", "As one calls it")
    fast.click('button:has-text("Save")')
    expect(fast.locator("h1")).to_contain_text("As one calls it")
    slow.fill("#id_title", "As the other calls it")
    slow.click('button:has-text("Save")')
    expect(slow.locator("h1")).to_contain_text("Somebody changed this while you were writing")
    for width in (NARROW, {"width": 1440, "height": 900}):
        slow.set_viewport_size(width)
        assert faults_of(slow) == []
    slow.get_by_label("What I wrote").check()
    slow.click('button:has-text("Save what is chosen")')
    expect(slow.locator("h1")).to_contain_text("As the other calls it")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_owner_gives_an_estimate_and_a_leader_reads_what_the_target_costs(
    site: Site, faults_of: Any, language: str
) -> None:
    """Nine answers from the risk to a kept estimate; the chance of 300,000 one click from home, and
    the three risks that cost most of it one more."""
    risk = risk_of_owner(4)
    page = site.page(OWNER, language=language)
    page.goto(f"{REGISTER}risks/{risk.ref}/")
    page.locator(f'main a[href$="/{risk.ref}/estimates/"]').first.click()
    page.locator('main a[href$="/estimates/new/"]').first.click()
    for name, value in {
        "stage": "residual", "frequency_kind": "rate", "severity_family": "lognormal",
    }.items():  # fmt: skip
        page.locator(f"#estimate-form [name={name}][value={value}]").check()
    for name, value in {
        "frequency_low": "0.2", "frequency_high": "1", "frequency_mode": "0.5",
        "severity_low": "1", "severity_high": "20",
    }.items():  # fmt: skip
        page.fill(f"#id_{name}", value)
    page.fill("#id_rationale", f"As in the two years before ({language})")
    expect(page.locator("#implied svg")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert faults_of(page) == []
    # It is asked back once: what one event in ten and in twenty passes.
    page.locator("#estimate-form [name=action][value=save]").click()
    if page.url.endswith("/new/"):
        page.locator("#estimate-form [name=action][value=save]").click()
    page.wait_for_url(f"**/{risk.ref}/estimates/**")
    kept = Estimate.objects.get(risk=risk, expert__email=OWNER, rationale__endswith=f"({language})")
    assert (float(kept.frequency_high), kept.label) == (1, "judgement")

    done = simulation_of(over=True)
    figures = {one["key"]: one for one in results_of_done_run(done)["figures"]}
    with translation.override(language):
        chance = chance_text(figures["objective.overseas-units-2030.chance.before"]["value"])
    page = site.page(LEADER, language=language)
    page.goto(f"{REGISTER}home/")
    page.locator('#objectives a[href$="/objectives/overseas-units-2030/"]').click()
    shown = page.locator("main").inner_text()
    assert chance in shown
    assert faults_of(page) == []
    page.locator(f'main a[href*="/simulations/{done.uuid}/"]').first.click()
    costs = {
        key.split(".")[3]: one["value"]
        for key, one in figures.items()
        if key.startswith("objective.overseas-units-2030.cost.") and key.endswith(".before")
    }
    dearest = sorted(costs, key=lambda name: -costs[name])[:3]
    shown = page.locator("main").inner_text()
    for ref in Risk.objects.filter(uuid__in=dearest).values_list("ref", flat=True):
        assert ref in shown


def test_language_and_theme_are_switched_where_one_is(site: Site) -> None:
    page = site.page(OWNER)
    page.goto(f"{REGISTER}risks/?q=policy")
    page.click(".topbar details.menu summary:has-text('Your menu')")
    page.click('button[value="zh-hans"]')
    expect(page.locator("h1")).to_have_text("风险")
    assert page.url.endswith(f"{REGISTER}risks/?q=policy")
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    # What can be translated is: no English word stands in the page's own furniture.
    furniture = page.locator(".sidenav, .page-header, .table thead").all_inner_texts()
    assert not re.search(r"[A-Za-z]{3,}", " ".join(furniture)), furniture
    page.click(".topbar details.menu:last-of-type summary")
    page.click('button[name="theme"][value="dark"]')
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"


def test_without_a_script_everything_still_works(site: Site) -> None:
    risk = risk_of_owner(3)
    page = site.page(OWNER, java_script_enabled=False)
    page.goto(f"{REGISTER}risks/{risk.ref}/review/?next=work")
    page.click('button[value="unchanged"]')
    expect(page.locator(".message.success")).to_contain_text(f"The review of {risk.ref} is saved.")
    work = Mitigation.objects.filter(owner__email=OWNER, progress__lt=75).first()
    page.goto(f"{REGISTER}mitigations/{work.ref}/")
    page.click('button[name="progress"][value="75"]')
    expect(page.locator(".message.success")).to_contain_text("75")
    page.click(".topbar details.menu:last-of-type summary")
    page.click('button[name="theme"][value="light"]')
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.goto(f"{REGISTER}heatmap/")
    page.locator(".mx-read a.mx-in").first.click()
    expect(page.locator(".heat-beside .heat-rows > li").first).to_be_visible()


def test_one_click_enters_the_demo(site: Site) -> None:
    page = site.page()
    page.goto("/accounts/login/")
    page.locator(".demo-accounts li", has_text=LEADER).locator("button").click()
    page.wait_for_url(f"**{REGISTER}home/")
    expect(page.locator("h1")).to_have_text(re.compile("^(Home|首页)$"))


def test_a_lockout_is_a_page_too(site: Site, faults_of: Any) -> None:
    page = site.page(viewport=NARROW)
    page.goto("/accounts/login/")
    for _attempt in range(10):
        page.fill("#id_login", "auditor@programme.example")
        page.fill("#id_password", "wrong")
        page.click('button.primary:has-text("Sign in")')
        if page.locator("text=Too many").count():
            break
    expect(page.locator("body")).to_contain_text("Too many")
    assert faults_of(page) == []


# Leading -----------------------------------------------------------------------------------------
# What a leader does from home, and in how many steps: a press, a choice and a box that is filled in
# are one each. They take turns; in a thorough run each is done in each language on each screen.
SCREENS = [("en", WIDE), ("zh-hans", NARROW), ("zh-hans", WIDE), ("en", NARROW)]
CONDITION = "A second supplier is named (illustrative)"


class Steps:
    """A page and what was done on it."""

    def __init__(self, page: Page) -> None:
        self.page, self.taken = page, 0

    def press(self, what: str | Locator) -> None:
        self.taken += 1
        found = self.page.locator(what) if isinstance(what, str) else what
        found.first.click()

    def fill(self, box: str, text: str) -> None:
        self.taken += 1
        self.page.fill(box, text)

    def choose(self, box: str, value: str) -> None:
        self.taken += 1
        self.page.select_option(box, value)


def demo(at: dt.datetime) -> Any:
    """The demo as what makes decisions for tests knows a register."""
    people = {"leader": LEADER, "owner": OWNER, "manager": MANAGER}
    users = {name: User.objects.get(email=email) for name, email in people.items()}
    viewers = {name: viewer_for(user, DEMO_SLUG) for name, user in users.items()}
    foton = Party.objects.get(register__slug=DEMO_SLUG, key="foton")
    return SimpleNamespace(**users, foton=foton, at=at, viewer=viewers.__getitem__)


def asked_of_leader(world: Any, n: int) -> tuple[Decision, Acceptance]:
    """A decision that waits for the leader alone, and a risk above appetite that they are asked to
    accept."""
    today = world.viewer("leader").today(world.at)
    bare = [
        position.risk
        for position in unaccepted_threats_above_appetite(
            world.viewer("leader"), today
        ).select_related("risk")
        if position.request is None and position.risk.owner == world.owner
    ]
    risk: Risk = bare[0]
    row = drafted(world, risk, title=f"A gate, or stop? {n} (illustrative)",
                  due_on=(today + 2 * DAY).isoformat())  # fmt: skip
    act = {"actor": world.viewer("manager"), "ref": row.ref, "version": None, "at": world.at}
    advice = {"recommended": "B", "strength": "strong", "certainty": "illustrative"}
    edit_decision(**act, fields=advice)
    given = {
        "reason": "Nothing more pays before spring (illustrative)",
        "expires_on": (today + 30 * DAY).isoformat(),
        "acceptor": str(world.leader.uuid),
        "answer_by": (today + DAY).isoformat(),
    }
    acceptance = request_acceptance(
        actor=world.viewer("owner"), ref=risk.ref, given=given, conditions=[], at=world.at
    )
    return propose_decision(**act), acceptance


def test_a_leader_sees_why_it_moved_decides_and_accepts_in_few_steps(site: Site) -> None:
    world = demo(clock.now())
    acts = [sees_why, decides, accepts]
    for n, (language, size) in enumerate(SCREENS if THOROUGH else SCREENS[:2]):
        asked = asked_of_leader(world, n)
        page = site.page(LEADER, language=language, viewport=size)
        for act in acts if THOROUGH else acts[2 * n : 2 * n + 2]:
            page.goto(f"{REGISTER}home/")
            act(world, Steps(page), *asked)
        if asked[0].state == "in_force":
            owner = site.page(OWNER, language=language, viewport=size)
            owner.goto(f"{REGISTER}work/")
            expect(owner.locator("main")).to_contain_text(f"{CONDITION} {asked[0].ref}")


def sees_why(world: Any, steps: Steps, decision: Decision, acceptance: Acceptance) -> None:
    steps.press(steps.page.locator(".overview-presets a").last)
    reason = steps.page.locator("small", has_text="“")
    told = steps.page.locator("#moved .rows li", has=reason).first
    expect(told).to_be_visible()
    ref = told.locator(".ref").inner_text()
    steps.press(told.locator("a"))
    steps.page.wait_for_url(f"**/risks/{ref}/")
    assert steps.taken <= 3


def decides(world: Any, steps: Steps, decision: Decision, acceptance: Acceptance) -> None:
    due = (world.viewer("leader").today(world.at) + 20 * DAY).isoformat()
    steps.press(f'#waiting a[href$="/decisions/{decision.ref}/"]')
    steps.press(f'a[href$="/{decision.ref}/decide/"]')
    assert steps.page.input_value("#id_option") == "B"
    steps.fill("#id_review_on", due)
    steps.fill("#id_rationale", "It keeps the choice open (illustrative)")
    steps.fill("#id_condition_0_text", f"{CONDITION} {decision.ref}")
    steps.choose("#id_condition_0_owner", str(world.owner.uuid))
    steps.fill("#id_condition_0_due_on", due)
    steps.press("main form button.primary")
    expect(steps.page.locator(".message.success")).to_be_visible()
    assert steps.taken <= 8
    decision.refresh_from_db()
    assert (decision.state, decision.chosen) == ("in_force", "B")


def accepts(world: Any, steps: Steps, decision: Decision, acceptance: Acceptance) -> None:
    steps.press(f'#waiting a[href$="/acceptances/{acceptance.ref}/"]')
    steps.press("#grant form button.primary")
    expect(steps.page.locator(".message.success")).to_be_visible()
    assert steps.taken <= 4
    acceptance.refresh_from_db()
    assert acceptance.state == "granted"
