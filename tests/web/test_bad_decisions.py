"""What nobody may get through, by page and by API: each is refused before anything is written, in
words, and where somebody else could do it the words name them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from riskreg.decisions.services import add_option, create_decision
from riskreg.register.models import Membership
from riskreg.risks.models import Risk
from riskreg.risks.services import close_risk
from tests import builders
from tests.builders import World
from tests.comments.making import comment
from tests.decisions.making import DAY, accepted, chosen, drafted, proposed
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


@dataclass
class Try:
    """The same asked of a page and of the API. ``words``: what both answers say."""

    who: str
    page: str
    form: dict[str, Any]
    api: str
    body: dict[str, Any]
    words: str
    # The version that the API's request says it has seen, where the thing is there.
    seen: str = ""


def far(world: World, days: int = 60) -> str:
    return str(world.today + days * DAY)


def _asking(world: World, **change: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A question as the form and as the API take it."""
    body = {"title": "What now?", "due_on": far(world, 10), **change}
    return {"visibility": "shared", **body}, body


def decider_without_authority(world: World) -> Try:
    row = drafted(world, builders.risk(world), deciders=[world.owner.email])
    here = f"decisions/{row.ref}/propose/"
    return Try("manager", here, {"version": row.version}, here, {}, "cannot decide this", here)


def requester_decides(world: World) -> Try:
    theirs = builders.risk(world, by=world.partner_owner)
    row = proposed(world, theirs, by="leader", deciders=[world.partner_leader.email])
    form = {"option": "B", "rationale": "Cheap", "review_on": far(world)}
    here = f"decisions/{row.ref}/decide/"
    name = world.partner_leader.name
    return Try("leader", here, {"version": row.version, **form}, here, form, name, here)


def vote_of_who_left(world: World) -> Try:
    people = [world.leader.email, world.partner_leader.email]
    risks = [builders.risk(world), builders.risk(world, by=world.partner_owner)]
    row = proposed(world, *risks, deciders=people)
    chosen(world, row, by="partner_leader")
    Membership.objects.filter(user=world.leader).update(ended_at=world.at)
    here = f"decisions/{row.ref}/vote/"
    return Try(
        "leader", here, {"version": row.version, "answer": "yes"}, here, {"answer": "yes"}, ""
    )


def second_of_two_leaders(world: World) -> Try:
    row = proposed(world, builders.risk(world))
    chosen(world, row)
    form = {"option": "C", "rationale": "Dear", "review_on": far(world)}
    here = f"decisions/{row.ref}/decide/"
    return Try("leader", here, {"version": row.version, **form}, here, form, "", here)


def option_out_while_it_is_voted_on(world: World) -> Try:
    row = proposed(world, builders.risk(world))
    here = f"decisions/{row.ref}/options/B/"
    form = {"version": row.version}
    return Try("manager", f"{here}remove/", form, f"{here}end/", {}, "put forward", here)


def nothing_but_doing_nothing(world: World) -> Try:
    row = create_decision(
        actor=world.viewer("manager"), at=world.at, visibility="shared",
        fields={
            "title": "What now?", "due_on": far(world, 10), "risks": [builders.risk(world).ref],
            "deciders": [world.leader.email],
        },
    )  # fmt: skip
    here = f"decisions/{row.ref}/propose/"
    return Try("manager", here, {"version": row.version}, here, {}, "option", here)


def _acceptance(world: World, row: Risk, words: str, **change: Any) -> Try:
    form = {
        "reason": "Why", "expires_on": far(world), "acceptor": str(world.leader.uuid), **change,
    }  # fmt: skip
    body = {"risk": row.ref, **form}
    return Try("owner", f"risks/{row.ref}/accept/", form, "acceptances/", body, words)


def beyond_the_cap(world: World) -> Try:
    return _acceptance(world, builders.risk(world), "the last day is", expires_on="2029-01-01")


def beyond_the_cap_of_all(world: World) -> Try:
    first = world.at - 400 * DAY
    row = builders.risk(world, at=first)
    for start, days in ((first, 180), (first + 200 * DAY, 165)):
        until = str(world.viewer("owner").today(start) + days * DAY)
        accepted(world, row, at=start, expires_on=until)
    return _acceptance(world, row, "")


def of_a_draft(world: World) -> Try:
    return _acceptance(world, builders.risk(world, opened=False), "open")


def of_a_closed_risk(world: World) -> Try:
    row = builders.risk(world)
    close_risk(actor=world.viewer("owner"), ref=row.ref, version=None, reason="Over", at=world.at)
    return _acceptance(world, row, "open")


def of_an_unrated_risk(world: World) -> Try:
    return _acceptance(world, builders.risk(world, rated=None), "rated")


def condition_on_what_its_owner_cannot_see(world: World) -> Try:
    row = builders.risk(world, visibility="party")
    term = {"text": "Name one", "owner": str(world.partner_owner.uuid), "due_on": far(world, 20)}
    found = _acceptance(world, row, "")
    found.form |= {f"condition_0_{name}": value for name, value in term.items()}
    found.body["conditions"] = [term]
    return found


def mention_of_who_may_not_see_it(world: World) -> Try:
    row = builders.risk(world, visibility="party")
    mentions = [str(world.partner_owner.uuid)]
    about = f"comments/?about=risk:{row.ref}"
    body = {"about": {"type": "risk", "ref": row.ref}, "text": "Look", "mentions": mentions}
    return Try("owner", about, {"text": "Look", "mentions": mentions}, "comments/", body, "")


def comment_of_200_kb(world: World) -> Try:
    row = builders.risk(world)
    comment(world, row)
    text = "x" * 204_800
    body = {"about": {"type": "risk", "ref": row.ref}, "text": text}
    return Try("owner", f"comments/?about=risk:{row.ref}", {"text": text}, "comments/", body, "")


def one_option_of_fifty(world: World) -> Try:
    row = drafted(world, builders.risk(world))
    for n in range(9):
        add_option(
            actor=world.viewer("manager"), ref=row.ref, version=None, fields={"title": f"No. {n}"},
            at=world.at,
        )  # fmt: skip
    row.refresh_from_db()
    here = f"decisions/{row.ref}/options/"
    form = {"version": row.version, "title": "The thirteenth"}
    words = "At most 12 options"
    return Try("manager", f"{here}new/", form, here, {"title": "The thirteenth"}, words, here)


def due_yesterday(world: World) -> Try:
    form, body = _asking(world, due_on=far(world, -1))
    return Try("manager", "decisions/new/", form, "decisions/", body, "today")


CASES: list[Callable[[World], Try]] = [
    decider_without_authority, requester_decides, vote_of_who_left, second_of_two_leaders,
    option_out_while_it_is_voted_on, nothing_but_doing_nothing, beyond_the_cap,
    beyond_the_cap_of_all, of_a_draft, of_a_closed_risk, of_an_unrated_risk,
    condition_on_what_its_owner_cannot_see, mention_of_who_may_not_see_it, comment_of_200_kb,
    one_option_of_fifty, due_yesterday,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.__name__ for case in CASES])
def test_it_is_refused_in_words_before_anything_is_written(
    world: World, case: Callable[[World], Try]
) -> None:
    wrong = case(world)
    person, slug = getattr(world, wrong.who), world.register.slug
    program = builders.api(person)
    headers = {}
    if wrong.seen:
        thing = wrong.seen.split("/")
        headers["If-Match"] = program.get(
            f"/api/v1/registers/{slug}/{thing[0]}/{thing[1]}/"
        ).headers["ETag"]
    with nothing_changes():
        page = builders.web(person).post(f"/r/{slug}/{wrong.page}", wrong.form)
        address = f"/api/v1/registers/{slug}/{wrong.api}"
        body = json.dumps(wrong.body)
        rest = program.post(address, body, content_type="application/json", headers=headers)
    assert page.status_code in (400, 403, 404, 409), page.status_code
    assert rest.status_code in (400, 403, 404, 409, 412), (rest.status_code, rest.content)
    assert rest.json()["detail"]
    texts = " ".join(page.content.decode().split())
    if wrong.words:
        assert wrong.words in texts, "the page does not say it"
        assert wrong.words in rest.content.decode(), rest.content.decode()
