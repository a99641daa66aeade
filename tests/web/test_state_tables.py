"""Each state × act × role of decisions and acceptances in pages: what is offered, and that what is
not is refused in words before anything is written. The tables are those of the API's tests."""

from typing import Any

import pytest

from tests import builders
from tests.amounts import sample
from tests.api import test_acceptances as acceptances
from tests.api import test_decisions as decisions
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
# What the routes of pages are called where the API has another word for it.
ROUTES = {"agree": "vote", "object": "vote"}


def refused(answer: Any) -> bool:
    """Whether an answer refuses, and says why in words of its own."""
    return answer.status_code in (400, 403, 409) and len(answer.content) > 0


@pytest.mark.parametrize(
    "state, act", [cell for cell in decisions.DONE if cell != ("draft", "propose")]
)
def test_decisions_are_acted_on_in_pages(world: World, state: str, act: str) -> None:
    row = decisions.in_state(world, builders.risk(world), state)
    name = sorted(decisions.DONE[state, act])[0]
    path = f"/r/{world.register.slug}/decisions/{row.ref}/{ROUTES.get(act, act)}/"
    data = {"version": row.version, **decisions.body_for(world, act)}
    answer = builders.web(getattr(world, name)).post(path, data)
    assert answer.status_code == 302, answer.content.decode()[:2000]


@pytest.mark.parametrize("state", decisions.STATES)
def test_decisions_offer_what_the_table_says_and_refuse_the_rest(world: World, state: str) -> None:
    """Each cell is looked at on the page of each role; of what is not offered a share is tried, by
    turns of states and roles (all of it in a thorough run)."""
    row = decisions.in_state(world, builders.risk(world), state)
    here = f"/r/{world.register.slug}/decisions/{row.ref}/"
    with nothing_changes():
        for turn, name in enumerate(decisions.WHO, decisions.STATES.index(state)):
            browser = builders.web(getattr(world, name))
            acts = browser.get(here).context["acts"]
            # A yes and a no are two buttons of one form.
            acts["object"] = acts["agree"]
            assert set(acts) == set(decisions.ACTS)
            not_offered = []
            for act in decisions.ACTS:
                may = name in decisions.DONE.get((state, act), set())
                assert acts[act]["may"] is may, (state, name, act)
                # What is shown and cannot be done is shown with the reason.
                assert may or acts[act]["why_not"], (state, name, act)
                if not may:
                    not_offered.append(act)
            for act in sample(not_offered, turn, every=8):
                data = {"version": row.version, **decisions.body_for(world, act)}
                answer = browser.post(f"{here}{ROUTES.get(act, act)}/", data)
                assert refused(answer), (state, name, act, answer.status_code)


@pytest.mark.parametrize("state", acceptances.STATES)
def test_acceptances_offer_and_take_what_the_table_says(world: World, state: str) -> None:
    row = acceptances.in_state(world, builders.risk(world), state)
    here = f"/r/{world.register.slug}/acceptances/{row.ref}/"
    acts = ("grant", "refuse", "withdraw", "revoke")
    data = {"version": row.version, "words": "Why"}
    allowed: list[tuple[str, str]] = []
    with nothing_changes():
        for name in acceptances.WHO:
            browser = builders.web(getattr(world, name))
            page = browser.get(here)
            for act in acts:
                may = name in acceptances.DONE.get((state, act), set())
                assert page.context["acts"][act]["may"] is may, (state, name, act)
                if may:
                    allowed.append((name, act))
                    continue
                assert refused(browser.post(f"{here}{act}/", data)), (state, name, act)
    if allowed:
        name, act = allowed[0]
        answer = builders.web(getattr(world, name)).post(f"{here}{act}/", data)
        assert answer.status_code == 302, answer.content.decode()[:2000]
