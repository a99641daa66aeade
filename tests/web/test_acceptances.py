"""Pages of acceptances: what is offered, what is said instead, and that nothing typed is lost."""

import pytest

from riskreg.decisions.models import Acceptance, Obligation
from riskreg.decisions.services import refuse_acceptance
from riskreg.risks.services import share_risk
from tests import builders
from tests.builders import World
from tests.decisions.making import DAY, accepted, asked, condition

pytestmark = pytest.mark.django_db


def page(world: World, who: str, path: str) -> str:
    response = builders.web(getattr(world, who)).get(f"/r/{world.register.slug}/{path}")
    assert response.status_code == 200, path
    return response.content.decode()


def test_an_owner_asks_and_a_leader_grants(world: World) -> None:
    row = builders.risk(world)
    browser = builders.web(world.owner)
    here = f"/r/{world.register.slug}"
    assert "Ask for acceptance" in page(world, "owner", f"risks/{row.ref}/")
    form = {
        "reason": "Nothing more pays before spring",
        "expires_on": str(world.today + 60 * DAY),
        "acceptor": str(world.leader.uuid),
        "condition_0_text": "Name a second supplier",
        "condition_0_owner": str(world.owner.uuid),
        "condition_0_due_on": str(world.today + 20 * DAY),
    }
    answer = browser.post(f"{here}/risks/{row.ref}/accept/", form)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    assert answer.headers["Location"] == f"{here}/acceptances/A-001/"
    home = page(world, "leader", "home/")
    assert "A-001" in home
    assert "Acceptance to answer" in home
    leader = builders.web(world.leader)
    answer = leader.post(f"{here}/acceptances/A-001/grant/", {"version": 1, "words": ""})
    assert answer.status_code == 302
    assert Acceptance.objects.get().state == "granted"
    assert "Nothing above appetite stands without a valid acceptance" in page(
        world, "leader", "home/"
    )
    work = page(world, "owner", "work/")
    assert "Name a second supplier" in work
    assert "in force" in page(world, "owner", f"risks/{row.ref}/")


def test_what_was_typed_comes_back_with_what_is_wrong(world: World) -> None:
    row = builders.risk(world)
    form = {
        "reason": "Kept as it was typed",
        "expires_on": "2029-01-01",
        "acceptor": str(world.leader.uuid),
        "condition_1_text": "Without an owner",
        "condition_1_due_on": str(world.today + 20 * DAY),
    }
    path = f"/r/{world.register.slug}/risks/{row.ref}/accept/"
    answer = builders.web(world.owner).post(path, form)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "Kept as it was typed" in text
    assert "At this rating the last day is" in text
    assert set(answer.context["form"].errors) == {"expires_on", "condition_1_owner"}
    assert not Acceptance.objects.exists()


def test_who_cannot_grant_reads_why_and_who_could(world: World) -> None:
    row = builders.risk(world)
    made = asked(world, row)
    for who in ("owner", "manager", "partner_leader", "auditor"):
        text = page(world, who, f"acceptances/{made.ref}/")
        assert "disabled" in text, who
        assert f"One of these can: {world.leader}" in text, who
        answer = builders.web(getattr(world, who)).post(
            f"/r/{world.register.slug}/acceptances/{made.ref}/grant/", {"version": 1}
        )
        assert answer.status_code == 403, who
    text = page(world, "leader", f"acceptances/{made.ref}/")
    assert "disabled" not in text.split("acts_title")[1]


def test_where_nothing_can_be_accepted_the_reason_stands_in_place_of_the_form(
    world: World,
) -> None:
    row = builders.risk(world, rated=(1, 1))
    text = page(world, "owner", f"risks/{row.ref}/accept/")
    assert "It stands within the appetite" in text
    assert "<textarea" not in text


def test_stale_it_says_what_moved(world: World) -> None:
    row = builders.risk(world, rated=(3, 4))
    made = accepted(world, row)
    builders.assess(world, row, (5, 5))
    for who in ("leader", "partner_leader"):
        text = page(world, who, f"acceptances/{made.ref}/")
        assert "The risk stands at Critical now, and was accepted at High" in text
    assert row.ref in page(world, "leader", "acceptances/")


def test_a_condition_is_met_on_the_page(world: World) -> None:
    made = accepted(world, builders.risk(world), conditions=[condition(world)])
    term = Obligation.objects.get(kind="acceptance.condition")
    path = f"/r/{world.register.slug}/acceptances/{made.ref}/conditions/{term.uuid}/"
    browser = builders.web(world.owner)
    answer = browser.post(path, {f"{term.uuid}-version": 2, "state": "met"})
    assert answer.status_code == 400
    answer = browser.post(
        path, {f"{term.uuid}-version": 1, f"{term.uuid}-words": "Signed", "state": "met"}
    )
    assert answer.status_code == 302
    term.refresh_from_db()
    assert (term.state, term.words) == ("met", "Signed")


@pytest.mark.parametrize("show", ["needed", "waiting", "granted", "over"])
def test_each_list_has_its_rows(world: World, show: str) -> None:
    first, second = builders.risk(world), builders.risk(world, title="Another")
    accepted(world, first)
    asked(world, second)
    text = page(world, "onlooker", f"acceptances/?show={show}")
    assert (second.ref in text) is (show in ("needed", "waiting"))
    assert (first.ref in text) is (show == "granted")
    unknown = builders.web(world.onlooker).get(f"/r/{world.register.slug}/acceptances/?show=x")
    assert unknown.status_code == 400
    assert "Choose one of these: Above appetite without one, Waiting" in unknown.content.decode()


def test_all_acceptances_of_a_risk_are_on_its_page_and_behind_it(world: World) -> None:
    row = builders.risk(world, visibility="party")
    own = asked(world, row)
    refuse(world, own)
    row = share_risk(actor=world.viewer("manager"), ref=row.ref, version=None, at=world.at)
    here = f"risks/{row.ref}/"
    assert own.ref in page(world, "owner", here)
    for _n in range(6):
        refuse(world, asked(world, row))
    held = accepted(world, row)
    shown = page(world, "owner", here)
    start = shown.index("Other acceptances of this risk")
    assert shown.index(f">{held.ref}<") < start
    others = shown[start : shown.index("All acceptances of this risk")]
    assert [others.count(f">A-00{n}<") for n in range(1, 8)] == [0, 1, 1, 1, 1, 1, 0]
    assert others.count("refused") == 5
    every = page(world, "owner", f"acceptances/?risk={row.ref}")
    assert [every.count(f">A-00{n}<") for n in range(1, 8)] == [1] * 7
    assert f">{own.ref}<" in every
    # What was asked in private before it was shared stays with its party.
    other = page(world, "partner_owner", f"acceptances/?risk={row.ref}")
    assert (other.count(">A-007<"), f">{own.ref}<" in other) == (1, False)
    assert own.ref not in page(world, "partner_owner", here)
    export = f"/r/{world.register.slug}/acceptances/export/?risk={row.ref}&format=csv"
    answer = builders.web(world.partner_owner).get(export)
    lines = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert ("A-001" in lines, own.ref in lines) == (True, False)
    for who, ref in (("partner_owner", own.risk.ref), ("owner", "R-099"), ("owner", "F-001/..")):
        answer = builders.web(getattr(world, who)).get(
            f"/r/{world.register.slug}/acceptances/?risk={ref}"
        )
        assert answer.status_code == 404, ref


def refuse(world: World, row: Acceptance) -> None:
    act = {"actor": world.viewer("leader"), "ref": row.ref, "version": None, "at": world.at}
    refuse_acceptance(**act, words="Not yet")


def test_what_is_due_in_weeks_leads_to_what_it_is_about(world: World) -> None:
    row = builders.risk(world)
    held = accepted(world, row, conditions=[condition(world, days=25)])
    browser = builders.web(world.owner)
    later = browser.get(f"/r/{world.register.slug}/work/").context["later"]
    urls = {duty["url"] for duty in later}
    assert f"/r/{world.register.slug}/acceptances/{held.ref}/" in urls
    assert f"/r/{world.register.slug}/risks/{row.ref}/" in urls
    assert {browser.get(url).status_code for url in urls} == {200}
