"""What moved shows on both parties' screens, and nothing of one party's own on the other's."""

from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from riskreg.accounts.models import User
from riskreg.analysis.models import Estimate
from riskreg.analysis.services import request_simulation
from riskreg.decisions.models import Argument
from riskreg.decisions.services import add_argument, propose_decision
from riskreg.demo.queries import DEMO_SLUG
from riskreg.kernel import clock
from riskreg.register.access import viewer_for
from riskreg.register.models import Party
from riskreg.risks.models import Position, State
from tests import builders
from tests.amounts import THOROUGH
from tests.analysis.making import estimate
from tests.browser.conftest import NARROW, REGISTER, WIDE, Site
from tests.decisions.making import drafted

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]
EMAILS = {
    "leader": "leader@foton.example",
    "partner_leader": "leader@catl.example",
    "owner": "owner@foton.example",
    "manager": "manager@foton.example",
}
SCREENS = [("en", WIDE, "zh-hans", NARROW), ("zh-hans", WIDE, "en", NARROW)]
# Foton's own, in words that stand nowhere else.
ARGUED = "Plum-coloured argument, ours alone (illustrative)"
REASONED = "Quince-coloured range, ours alone (illustrative)"
MOVED = {"en": "What it stood on has moved", "zh-hans": "所依据的情况已变化"}


def demo() -> Any:
    users = {name: User.objects.get(email=email) for name, email in EMAILS.items()}
    viewers = {name: viewer_for(user, DEMO_SLUG) for name, user in users.items()}
    by_person = {user: viewers[name] for name, user in users.items()}
    foton = Party.objects.get(register__slug=DEMO_SLUG, key="foton")
    return SimpleNamespace(
        **users, foton=foton, at=clock.now(),
        viewer=lambda who: viewers[who] if isinstance(who, str) else by_person[who],
    )  # fmt: skip


def seen(page: Page, paths: list[str]) -> str:
    """Everything that these pages hold, shown or not."""
    found = []
    for path in paths:
        answer = page.goto(f"{REGISTER}{path}")
        assert answer is not None
        assert answer.status == 200, path
        found.append(page.content())
    return "\n".join(found)


def test_a_score_that_moved_is_on_both_screens_and_what_is_private_on_ones_own(
    site: Site,
) -> None:
    world = demo()
    low = (
        Position.objects.filter(
            valid_to=None, state=State.OPEN, visibility="shared", residual_likelihood__lte=3,
            risk__owner=world.owner, risk__kind="threat", residual_rating__isnull=False,
        )
        .exclude(residual_rating="critical")
        # Nobody has said yet whether it is so often a year, or a chance.
        .exclude(risk__in=Estimate.objects.values("risk"))
        .select_related("risk")
        .order_by("risk__pk")
    )  # fmt: skip
    risk = low[0].risk
    row = drafted(world, risk, title="A gate, or stop, once it moves? (illustrative)")
    propose_decision(actor=world.viewer("manager"), ref=row.ref, version=None, at=world.at)
    # Foton's own: an argument that is a draft, a range, and a run of its own estimates.
    argued = {"option": "B", "stance": "for", "text": ARGUED}
    add_argument(actor=world.viewer("owner"), ref=row.ref, given=argued, at=world.at)
    estimate(world, risk, by="owner", rationale=REASONED)
    given = {"audience": "party", "years": 10_000}
    run, _new = request_simulation(actor=world.viewer("owner"), given=given, at=world.at)
    builders.assess(world, risk, (5, 5), by=world.owner)

    own = [str(run.uuid), ARGUED, REASONED]
    paths = [
        "home/", f"decisions/{row.ref}/", "decisions/", f"risks/{risk.ref}/",
        f"risks/{risk.ref}/estimates/", "simulations/", f"risks/{risk.ref}/history/", "comments/",
    ]  # fmt: skip
    for mine, size, theirs, other in SCREENS if THOROUGH else SCREENS[:1]:
        screens = {
            "leader": (site.page(EMAILS["leader"], language=mine, viewport=size), mine),
            "partner_leader": (
                site.page(EMAILS["partner_leader"], language=theirs, viewport=other), theirs,
            ),
        }  # fmt: skip
        for who, (page, language) in screens.items():
            page.goto(f"{REGISTER}decisions/{row.ref}/")
            expect(page.locator(".error-summary").first).to_contain_text(MOVED[language])
            page.goto(f"{REGISTER}home/")
            stale = page.locator("#decisions .rows li", has=page.locator(f'a[href$="{row.ref}/"]'))
            expect(stale.first).to_be_visible()
            text = seen(page, paths)
            for word in own:
                assert (word in text) is (who == "leader"), (who, word)
    assert Argument.objects.get(text=ARGUED).visibility == "party"
    assert Estimate.objects.get(rationale=REASONED).visibility == "party"
