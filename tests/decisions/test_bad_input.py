"""Bad input of decisions, acceptances and comments, line by line, on the page and over REST alike.

Each is refused before anything is written, in words that name the field and, where it is about who,
who could; what was typed stands on the page still.
"""

import html
import re
from typing import Any

import pytest

from riskreg.accounts.models import User
from riskreg.decisions.models import Option
from riskreg.decisions.services import add_option, propose_decision, remove_option
from riskreg.handover.services import end_member
from riskreg.register.models import Membership
from riskreg.risks.services import close_risk
from tests import builders
from tests.builders import World
from tests.decisions.making import DAY, accepted, asked, chosen, condition, drafted, proposed
from tests.dump import dump

pytestmark = pytest.mark.django_db
SEND: dict[str, Any] = {"content_type": "application/json"}
TYPED = "Typed with care, and not to be lost"


def refused(
    world: World,
    who: str,
    *,
    page: tuple[str, dict[str, Any]],
    rest: tuple[str, dict[str, Any]],
    says: str,
    field: str = "",
    on_page: str | None = None,
    code: str = "",
    status: int = 400,
    version: int | None = None,
    could: str = "",
    kept: bool = True,
) -> None:
    """Both faces refuse it with ``says`` (and ``could``, who could do it), about ``field`` (called
    ``on_page`` there), with ``status``; nothing is written; ``TYPED``, if it was sent, is there
    still: on the page that refuses, or on the form when it is opened again."""
    slug = world.register.slug
    person = getattr(world, who)
    browser, program = builders.web(person), builders.api(person)
    before = dump()
    address = f"/r/{slug}/{page[0]}"
    answer = browser.post(address, page[1])
    text = html.unescape(answer.content.decode())
    assert answer.status_code == status, text[:3000]
    assert says in text
    assert could in text
    form = (answer.context or {}).get("form")
    if field and form is not None and form.is_bound:
        assert (on_page or field) in form.errors
    if kept and TYPED in page[1].values():
        again = html.unescape(browser.get(address).content.decode())
        assert TYPED in text or TYPED in again
    assert dump() == before
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    told = program.post(f"/api/v1/registers/{slug}/{rest[0]}", rest[1], headers=headers, **SEND)
    assert told.status_code == status, told.content
    problem = told.json()
    said = problem["detail"] + "".join(e["detail"] for e in problem.get("errors", []))
    assert says in said
    assert could in said
    if field:
        errors = [(e["pointer"], e["code"]) for e in problem["errors"]]
        assert any(
            at.startswith(f"#/{field}") and (not code or its == code) for at, its in errors
        ), errors
    assert dump() == before


def question(world: World, **given: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A question as a form sends it, and as a program does."""
    fields = {"title": TYPED, "due_on": str(world.today + DAY), **given}
    return {**fields, "visibility": "shared"}, fields


def answer_to(world: World, version: int, **given: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    fields = {
        "option": "B", "rationale": TYPED, "review_on": str(world.today + 90 * DAY), **given,
    }  # fmt: skip
    return {**fields, "version": version}, fields


def opened(world: World, who: str, path: str) -> dict[str, str]:
    """The key of a form that was opened while it could be."""
    page = builders.web(getattr(world, who)).get(f"/r/{world.register.slug}/{path}")
    found = re.search(r'name="form_key" value="([^"]+)"', page.content.decode())
    assert found
    return {"form_key": found[1]}


def promoted(world: World) -> User:
    """The deputy, who is a leader by now as well."""
    Membership.objects.filter(user=world.deputy).update(role="leader")
    return world.deputy


def test_a_decision_that_was_due_yesterday(world: World) -> None:
    form, body = question(world, due_on=str(world.today - DAY))
    refused(
        world, "manager", page=("decisions/new/", form), rest=("decisions/", body),
        says="The day has passed", field="due_on", code="in_the_past",
    )  # fmt: skip


def test_a_draft_whose_day_has_passed_is_not_put_forward(world: World) -> None:
    before = world.at - 9 * DAY
    row = drafted(world, builders.risk(world), at=before, due_on=str(world.today - DAY))
    here = f"decisions/{row.ref}/propose/"
    refused(
        world, "manager", page=(here, {"version": row.version}), rest=(here, {}),
        says="passed", field="due_on", code="in_the_past", version=row.version,
    )  # fmt: skip


def test_one_who_decides_without_the_authority(world: World) -> None:
    row = proposed(world, builders.risk(world, rated=(5, 5)))
    key = opened(world, "leader", f"decisions/{row.ref}/decide/")
    Membership.objects.filter(user=world.leader).update(role="owner")
    other = promoted(world)
    form, body = answer_to(world, row.version)
    here = f"decisions/{row.ref}/decide/"
    refused(
        world, "leader", page=(here, {**form, **key}), rest=(here, body), status=403,
        version=row.version,
        says="another role", could=str(other),
    )  # fmt: skip
    draft = drafted(world, builders.risk(world, rated=(5, 5)), deciders=[world.manager.email],
                    by="owner")  # fmt: skip
    here = f"decisions/{draft.ref}/propose/"
    refused(
        world, "owner", page=(here, {"version": draft.version}), rest=(here, {}),
        version=draft.version, says="it takes the role", field="deciders", code="no_authority",
        could=str(other),
    )  # fmt: skip


def test_who_asked_does_not_decide(world: World) -> None:
    row = proposed(world, builders.risk(world))
    form, body = answer_to(world, row.version)
    here = f"decisions/{row.ref}/decide/"
    refused(
        world, "manager", page=(here, form), rest=(here, body), status=403, version=row.version,
        says="You asked for it", could=str(world.leader), kept=False,
    )  # fmt: skip


def test_the_vote_of_a_member_who_left(world: World) -> None:
    people = [world.leader.email, world.partner_leader.email]
    row = chosen(world, proposed(world, builders.risk(world), deciders=people))
    row.refresh_from_db()
    partner = world.partner_leader
    end_member(
        actor=world.viewer("partner_manager"), user=partner.uuid, version=None, nobody_yet=True,
        at=world.at,
    )  # fmt: skip
    here = f"decisions/{row.ref}/vote/"
    # To who is not a member any more there is no such register, and nothing else to be told.
    refused(
        world, "partner_leader", page=(here, {"version": row.version, "answer": "yes"}),
        rest=(here, {"answer": "yes"}), status=404, version=row.version, says="",
    )  # fmt: skip
    row.refresh_from_db()
    assert row.state == "proposed"


def test_two_leaders_who_decide_at_once(world: World) -> None:
    other = promoted(world)
    row = proposed(world, builders.risk(world), deciders=[world.leader.email, other.email])
    seen = row.version
    row = chosen(world, row)
    form, body = answer_to(world, seen, option="C")
    here = f"decisions/{row.ref}/decide/"
    slug = world.register.slug
    browser, program = builders.web(other), builders.api(other)
    before = dump()
    late = browser.post(f"/r/{slug}/{here}", form)
    text = html.unescape(late.content.decode())
    assert late.status_code in (400, 409)
    assert row.ref in text
    assert TYPED in text, "what the second typed is there still"
    told = program.post(
        f"/api/v1/registers/{slug}/{here}", body, headers={"If-Match": f'"{seen}"'}, **SEND
    )
    assert told.status_code == 412
    assert row.ref in told.json()["detail"]
    assert dump() == before


def test_an_option_that_is_taken_out_while_it_is_voted_on(world: World) -> None:
    row = proposed(world, builders.risk(world))
    version = {"version": row.version}
    refused(
        world, "manager", page=(f"decisions/{row.ref}/options/B/remove/", version),
        rest=(f"decisions/{row.ref}/options/B/end/", {}), version=row.version,
        says="is put forward", field="state", code="wrong_state",
    )  # fmt: skip
    fields = {"title": TYPED}
    refused(
        world, "manager", page=(f"decisions/{row.ref}/options/new/", {**fields, **version}),
        rest=(f"decisions/{row.ref}/options/", fields), version=row.version,
        says="is put forward",
    )  # fmt: skip


def test_no_option_but_doing_nothing(world: World) -> None:
    row = drafted(world, builders.risk(world))
    for key in ("B", "C"):
        remove_option(
            actor=world.viewer("manager"), ref=row.ref, key=key, version=None, at=world.at
        )
    row.refresh_from_db()
    here = f"decisions/{row.ref}/propose/"
    refused(
        world, "manager", page=(here, {"version": row.version}), rest=(here, {}),
        version=row.version, says="Doing nothing alone is no choice", field="options",
        code="too_few",
    )  # fmt: skip


def test_fifty_options(world: World) -> None:
    row = drafted(world, builders.risk(world))
    act: dict[str, Any] = {"actor": world.viewer("manager"), "ref": row.ref, "version": None}
    for n in range(9):
        add_option(**act, fields={"title": f"Option {n}"}, at=world.at)
    row.refresh_from_db()
    here = f"decisions/{row.ref}/options/"
    fields = {"title": TYPED}
    for _attempt in range(2):
        refused(
            world, "manager", page=(f"{here}new/", {**fields, "version": row.version}),
            rest=(here, fields), version=row.version, says="At most 12 options",
        )  # fmt: skip
    assert Option.objects.filter(decision=row).count() == 12


@pytest.mark.parametrize("extends", [False, True])
def test_an_end_beyond_either_cap(world: World, extends: bool) -> None:
    row = builders.risk(world)
    days = 400
    if extends:
        # Thirty days are few, but with what was granted before they are more than a year in all.
        for since in (350, 175):
            at = world.at - since * DAY
            accepted(world, row, at=at, expires_on=str((at + 174 * DAY).date()))
        days = 30
    end = str(world.today + days * DAY)
    fields = {"reason": TYPED, "expires_on": end, "acceptor": str(world.leader.uuid)}
    refused(
        world, "owner", page=(f"risks/{row.ref}/accept/", fields),
        rest=("acceptances/", {"risk": row.ref, **fields}), says="last day",
        field="expires_on", code="beyond_cap",
    )  # fmt: skip


@pytest.mark.parametrize(
    "made, says, code",
    [
        ({"opened": False}, "Only an open risk is accepted", "not_open"),
        ({"closed": True}, "Only an open risk is accepted", "not_open"),
        ({"rated": None}, "assess it first", "unrated"),
    ],
)
def test_an_acceptance_of_what_is_not_open_and_rated(
    world: World, made: dict[str, Any], says: str, code: str
) -> None:
    made = dict(made)
    closed = made.pop("closed", False)
    row = builders.risk(world, **made)
    if closed:
        close_risk(actor=world.viewer("owner"), ref=row.ref, version=None, reason="Past",
                   at=world.at)  # fmt: skip
    fields = {
        "reason": TYPED, "expires_on": str(world.today + 30 * DAY),
        "acceptor": str(world.leader.uuid),
    }  # fmt: skip
    refused(
        world, "owner", page=(f"risks/{row.ref}/accept/", fields),
        rest=("acceptances/", {"risk": row.ref, **fields}), says=says, field="risk",
        on_page="__all__", code=code,
    )  # fmt: skip


def test_a_condition_on_what_is_another_partys_own(world: World) -> None:
    """Who may not see it is told that it is not there; who may cannot burden the other party."""
    own = builders.risk(world, visibility="party")
    fields = {
        "reason": TYPED, "expires_on": str(world.today + 30 * DAY),
        "acceptor": str(world.leader.uuid),
    }  # fmt: skip
    term = condition(world, owner="partner_owner")
    form = {
        **fields,
        "condition_1_text": term["text"],
        "condition_1_owner": term["owner"],
        "condition_1_due_on": term["due_on"],
    }
    body = {"risk": own.ref, **fields, "conditions": [term]}
    refused(
        world, "partner_owner", page=(f"risks/{own.ref}/accept/", form),
        rest=("acceptances/", body), status=404, says="", kept=False,
    )  # fmt: skip
    refused(
        world, "owner", page=(f"risks/{own.ref}/accept/", form), rest=("acceptances/", body),
        says="", field="conditions/0/owner", on_page="condition_1_owner",
    )  # fmt: skip


def test_a_mention_of_somebody_who_may_not_see_it(world: World) -> None:
    own = builders.risk(world, visibility="party")
    form = {"about": f"risk:{own.ref}", "text": TYPED, "mentions": [str(world.partner_owner.uuid)]}
    body = {
        "about": {"type": "risk", "ref": own.ref}, "text": TYPED,
        "mentions": [world.partner_owner.email],
    }  # fmt: skip
    refused(
        world, "owner", page=("comments/", form), rest=("comments/", body), says="",
        field="mentions", code="unknown_member", could=str(world.manager),
    )  # fmt: skip


def test_a_comment_of_200_kb(world: World) -> None:
    row = builders.risk(world)
    text = f"{TYPED} " + "x" * 200_000
    slug = world.register.slug
    browser, program = builders.web(world.owner), builders.api(world.owner)
    before = dump()
    answer = browser.post(f"/r/{slug}/comments/", {"about": f"risk:{row.ref}", "text": text})
    assert answer.status_code == 400
    assert text in answer.content.decode(), "every letter of it is there still"
    assert "text" in answer.context["form"].errors
    told = program.post(
        f"/api/v1/registers/{slug}/comments/",
        {"about": {"type": "risk", "ref": row.ref}, "text": text}, **SEND,
    )  # fmt: skip
    assert told.status_code == 400
    assert [(e["pointer"], e["code"]) for e in told.json()["errors"]] == [("#/text", "too_long")]
    assert dump() == before


def test_who_may_not_grant_reads_who_could(world: World) -> None:
    made = asked(world, builders.risk(world))
    here = f"acceptances/{made.ref}/grant/"
    refused(
        world, "owner", page=(here, {"version": made.version, "words": TYPED}),
        rest=(here, {"words": TYPED}), status=403, version=made.version, says="",
        could=str(world.leader), kept=False,
    )  # fmt: skip


def test_put_forward_it_is_not_put_forward_again(world: World) -> None:
    row = proposed(world, builders.risk(world))
    here = f"decisions/{row.ref}/propose/"
    refused(
        world, "manager", page=(here, {"version": row.version}), rest=(here, {}),
        version=row.version, says="this cannot be done to it now", field="state",
        code="wrong_state",
    )  # fmt: skip
    propose = drafted(world, builders.risk(world))
    propose_decision(actor=world.viewer("manager"), ref=propose.ref, version=None, at=world.at)
