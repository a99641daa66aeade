"""Pages of decisions: what is offered, what is said instead, and that nothing typed is lost."""

from typing import Any

import pytest

from riskreg.decisions.models import Argument, Decision, Obligation, Option
from riskreg.decisions.services import add_argument, edit_decision
from tests import builders
from tests.builders import World
from tests.decisions.making import DAY, chosen, condition, drafted, proposed

pytestmark = pytest.mark.django_db


def page(world: World, who: str, path: str) -> str:
    response = builders.web(getattr(world, who)).get(f"/r/{world.register.slug}/{path}")
    assert response.status_code == 200, path
    return response.content.decode()


def test_a_manager_asks_a_leader_decides_an_owner_meets_the_condition(world: World) -> None:
    risk = builders.risk(world)
    work = builders.mitigation(world, risk)
    here = f"/r/{world.register.slug}/decisions"
    manager = builders.web(world.manager)
    form: dict[str, Any] = {
        "title": "Hydrogen: a gate, or stop?",
        "context": "The pilot ends in March",
        "due_on": str(world.today + 10 * DAY),
        "risks": [risk.ref],
        "deciders": [str(world.leader.uuid)],
        "visibility": "shared",
    }
    answer = manager.post(f"{here}/new/", form)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    assert answer.headers["Location"] == f"{here}/X-001/"
    option = {
        "version": 1,
        "title": "A gate",
        "effects": "Keeps the option",
        "mitigations": [work.ref],
        "cost_0_amount": "120000000",
        "cost_0_year": "2027",
        "cost_0_party": "foton",
    }
    answer = manager.post(f"{here}/X-001/options/new/", option)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    text = page(world, "manager", "decisions/X-001/")
    assert "120,000,000" in text
    assert work.ref in text
    answer = manager.post(f"{here}/X-001/propose/", {"version": 2})
    assert answer.status_code == 302, answer.content.decode()
    assert "X-001" in page(world, "leader", "work/")
    assert "Question to decide" in page(world, "leader", "work/")
    leader = builders.web(world.leader)
    assert "Why this one?" in page(world, "leader", "decisions/X-001/decide/")
    form = {
        "version": 3,
        "option": "B",
        "rationale": "It is cheap",
        "review_on": str(world.today + 90 * DAY),
        "condition_0_text": "Name a second supplier",
        "condition_0_owner": str(world.owner.uuid),
        "condition_0_due_on": str(world.today + 20 * DAY),
        "condition_0_before": "on",
    }
    answer = leader.post(f"{here}/X-001/decide/", form)
    assert answer.status_code == 302, answer.content.decode()
    assert Decision.objects.get().state == "decided"
    assert "Name a second supplier" in page(world, "owner", "work/")
    owed = Obligation.objects.get(kind="decision.condition")
    answer = builders.web(world.owner).post(
        f"{here}/X-001/conditions/{owed.uuid}/",
        {f"{owed.uuid}-words": "Signed", "state": "met"},
    )
    assert answer.status_code == 302, answer.content.decode()
    assert Decision.objects.get().state == "in_force"
    record = page(world, "partner_owner", "decisions/X-001/record/")
    assert Decision.objects.get().digest in record
    assert "It is cheap" in record
    form = {
        "version": Decision.objects.get().version,
        "happened": "It ran",
        "lessons": "Ask earlier",
        "review_on": str(world.today + 180 * DAY),
    }
    assert leader.post(f"{here}/X-001/revisit/", form).status_code == 302
    assert "Ask earlier" in page(world, "partner_owner", "decisions/X-001/")


def test_what_was_typed_comes_back_with_what_is_wrong(world: World) -> None:
    here = f"/r/{world.register.slug}/decisions"
    form = {"title": "Kept as it was typed", "due_on": "2020-01-01", "visibility": "shared"}
    answer = builders.web(world.manager).post(f"{here}/new/", form)
    assert answer.status_code == 400
    assert "Kept as it was typed" in answer.content.decode()
    assert set(answer.context["form"].errors) == {"due_on"}
    row = proposed(world, builders.risk(world))
    form = {
        "version": row.version,
        "option": "B",
        "rationale": "Kept as well",
        "review_on": "2020-01-01",
        "condition_1_text": "Without an owner",
        "condition_1_due_on": str(world.today + DAY),
    }
    answer = builders.web(world.leader).post(f"{here}/{row.ref}/decide/", form)
    assert answer.status_code == 400
    assert "Kept as well" in answer.content.decode()
    assert set(answer.context["form"].errors) == {"review_on", "condition_1_owner"}
    draft = drafted(world, builders.risk(world))
    form = {"version": draft.version, "title": "Kept too", "cost_0_amount": "-5"}
    answer = builders.web(world.manager).post(f"{here}/{draft.ref}/options/new/", form)
    assert answer.status_code == 400
    assert "Kept too" in answer.content.decode()
    assert "cost_0_amount" in answer.context["form"].errors
    assert Option.objects.filter(title="Kept too").count() == 0


def test_who_cannot_decide_reads_why_and_who_could(world: World) -> None:
    row = proposed(world, builders.risk(world))
    here = f"/r/{world.register.slug}/decisions/{row.ref}"
    for who in ("owner", "manager", "partner_leader", "auditor"):
        text = page(world, who, f"decisions/{row.ref}/")
        assert "disabled" in text, who
        assert f"One of these can: {world.leader}" in text, who
        answer = builders.web(getattr(world, who)).post(
            f"{here}/decide/", {"version": row.version, "option": "B", "rationale": "x"}
        )
        assert answer.status_code == 403, who
    assert "disabled" not in page(world, "leader", f"decisions/{row.ref}/").split("acts_title")[1]
    blocked = page(world, "owner", f"decisions/{row.ref}/decide/")
    assert "You were not asked to decide this" in blocked
    assert "Why this one?" not in blocked


def test_an_incomplete_draft_says_everything_that_it_lacks(world: World) -> None:
    row = drafted(world, builders.risk(world), deciders=[], risks=[])
    answer = builders.web(world.manager).post(
        f"/r/{world.register.slug}/decisions/{row.ref}/propose/", {"version": row.version}
    )
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "Name who decides it" in text
    assert "Name the risks that it touches" in text


def test_stale_it_says_what_moved_and_asks_why_nevertheless(world: World) -> None:
    risk = builders.risk(world, rated=(3, 4))
    row = proposed(world, risk)
    builders.assess(world, risk, (5, 5))
    for who in ("leader", "partner_leader"):
        text = page(world, who, f"decisions/{row.ref}/")
        assert f"{risk.ref} stands at Critical now; it was put forward at High" in text
    here = f"/r/{world.register.slug}/decisions/{row.ref}/decide/"
    form = {
        "version": row.version,
        "option": "B",
        "rationale": "Cheap",
        "review_on": str(world.today + 90 * DAY),
    }
    leader = builders.web(world.leader)
    answer = leader.post(here, form)
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"despite"}
    assert leader.post(here, {**form, "despite": "Whatever the rating"}).status_code == 302


def test_who_was_slower_sees_both_versions(world: World) -> None:
    row = drafted(world, builders.risk(world))
    browser = builders.web(world.manager)
    here = f"/r/{world.register.slug}/decisions/{row.ref}/edit/"
    shown = browser.get(here).context["form"]
    form = {name: value for name, value in shown.initial.items() if value not in (None, "")} | {
        f"initial-{name}": value for name, value in shown.initial.items() if value is not None
    }
    edit_decision(
        actor=world.viewer("manager"), ref=row.ref, version=None,
        fields={"title": "Changed meanwhile"}, at=world.at,
    )  # fmt: skip
    answer = browser.post(here, {**form, "title": "Mine"})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Mine" in text
    assert "Changed meanwhile" in text


def test_two_decide_at_once_and_the_second_keeps_what_was_typed(world: World) -> None:
    row = proposed(
        world, builders.risk(world, rated=(2, 2)), by="owner",
        deciders=[world.leader.email, world.manager.email],
    )  # fmt: skip
    seen = row.version
    edit = {
        "version": seen,
        "option": "C",
        "rationale": "My reasons",
        "review_on": str(world.today + 90 * DAY),
    }
    chosen(world, row)
    answer = builders.web(world.manager).post(
        f"/r/{world.register.slug}/decisions/{row.ref}/decide/", edit
    )
    assert answer.status_code in (400, 409)
    assert Decision.objects.get().chosen == "B"


def test_an_argument_of_ones_own_is_not_on_the_other_partys_page(world: World) -> None:
    row = drafted(world, builders.risk(world))
    here = f"/r/{world.register.slug}/decisions/{row.ref}"
    form = {"option": "B", "stance": "for", "text": "Ours alone"}
    assert builders.web(world.owner).post(f"{here}/arguments/", form).status_code == 302
    assert "Ours alone" in page(world, "leader", f"decisions/{row.ref}/")
    assert "Ours alone" not in page(world, "partner_leader", f"decisions/{row.ref}/")
    made = Argument.objects.get()
    release = f"{here}/arguments/{made.uuid}/release/"
    assert builders.web(world.partner_leader).post(release).status_code == 404
    assert builders.web(world.owner).post(release).status_code == 302
    assert "Ours alone" in page(world, "partner_leader", f"decisions/{row.ref}/")
    sent = builders.web(world.owner).post(f"{here}/arguments/", {**form, "text": " "})
    assert sent.status_code == 400


def test_another_party_answers_on_the_page(world: World) -> None:
    people = [world.leader.email, world.partner_leader.email]
    row = chosen(
        world, proposed(world, builders.risk(world), deciders=people),
        conditions=[condition(world)],
    )  # fmt: skip
    text = page(world, "partner_leader", f"decisions/{row.ref}/")
    assert "Say yes" in text
    answer = builders.web(world.partner_leader).post(
        f"/r/{world.register.slug}/decisions/{row.ref}/vote/",
        {"version": row.version, "answer": "yes", "words": ""},
    )
    assert answer.status_code == 302, answer.content.decode()
    assert Decision.objects.get().state == "in_force"


def test_options_are_taken_out_of_a_draft_alone(world: World) -> None:
    row = drafted(world, builders.risk(world))
    browser = builders.web(world.manager)
    here = f"/r/{world.register.slug}/decisions/{row.ref}"
    assert browser.post(f"{here}/options/C/remove/", {"version": row.version}).status_code == 302
    answer = browser.post(f"{here}/options/A/remove/", {"version": row.version + 1})
    assert answer.status_code == 400
    assert "always an option" in answer.content.decode()
    for show in ("waiting", "drafts", "standing", "over"):
        found = row.ref in page(world, "owner", f"decisions/?show={show}").split("<tbody>")[-1]
        assert found is (show == "drafts"), show
    unknown = builders.web(world.owner).get(f"/r/{world.register.slug}/decisions/?show=x")
    assert unknown.status_code == 400
    assert "Choose one of these: To be decided, Drafts" in unknown.content.decode()


def test_one_of_a_partys_own_is_nobody_elses(world: World) -> None:
    row = drafted(world, builders.risk(world, visibility="party"))
    made = add_argument(
        actor=world.viewer("owner"), ref=row.ref, at=world.at,
        given={"option": "B", "stance": "for", "text": "Ours"},
    )  # fmt: skip
    partner = builders.web(world.partner_leader)
    here = f"/r/{world.register.slug}/decisions/{row.ref}"
    for path in ("", "edit/", "decide/", "record/", "options/new/", "options/B/"):
        assert partner.get(f"{here}/{path}").status_code == 404, path
    for path in ("propose/", "vote/", "reject/", f"arguments/{made.uuid}/release/"):
        assert partner.post(f"{here}/{path}", {}).status_code == 404, path


def test_a_risks_page_names_its_decisions_and_not_the_other_partys(world: World) -> None:
    row = builders.risk(world, rated=(4, 5))
    put = drafted(world, row, title="Shared question")
    drafted(world, row, title="Our own question", visibility="party")
    for who, own in (("leader", True), ("partner_leader", False)):
        text = page(world, who, f"risks/{row.ref}/")
        assert put.ref in text
        assert "Shared question" in text
        assert ("Our own question" in text) is own
