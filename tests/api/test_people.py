"""Duties, absences and hand-overs through the API."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskreg.duties.sources import LISTED
from riskreg.handover.models import HandOver
from riskreg.register.models import Absence
from riskreg.risks.models import Mitigation, Risk
from tests import builders
from tests.analysis import making as estimating
from tests.api.conftest import Program, is_problem
from tests.builders import World
from tests.decisions import making as accepting
from tests.dump import nothing_changes
from tests.indicators import making

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@builders.shared_world
def busy(world: World) -> World:
    """One duty of every kind for foton's owner, all on days of their own; a private one, too."""
    first = builders.risk(world, deputy=world.leader.email)
    builders.risk(world, visibility="party", title="Private")
    builders.risk(world, by=world.partner_owner, title="Theirs")
    work = builders.mitigation(world, first, status="in_progress", progress=40)
    builders.mitigation(world, first, visibility="party", title="Private work")
    making.read(world, making.indicator(world, first), "160000")
    Risk.objects.filter(ref="R-001").update(next_review_on=world.today - 3 * DAY)
    Mitigation.objects.filter(pk=work.pk).update(next_update_on=world.today - DAY)
    return world


def rows(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.content
    return list(response.json()["results"])


def walked(program: Program, path: str) -> list[tuple[str, str]]:
    """(kind, ref) of every row of every page, and the same walked back."""
    found, page = [], program.get(path)
    while True:
        found += [(d["kind"], d["subject"]) for d in rows(page)]
        if not page.json()["next"]:
            break
        page = program.get(page.json()["next"])
    back = [(d["kind"], d["subject"]) for d in rows(page)]
    while page.json()["previous"]:
        page = program.get(page.json()["previous"])
        back = [(d["kind"], d["subject"]) for d in rows(page)] + back
    assert back == found
    return found


def control_that_is_tested(world: World) -> None:
    """A control of the owner's, to be tested again in 90 days."""
    tested = {"effectiveness": "effective", "tested_on": str(world.today), "test_every_days": 90}
    builders.control(
        world, Risk.objects.get(ref="R-001"), by=world.owner, owner=world.owner.email, **tested
    )


def test_duties_of_every_kind_soonest_first(busy: World) -> None:
    control_that_is_tested(busy)
    builders.risk(busy, opened=False)
    accepting.accepted(busy, builders.risk(busy), conditions=[accepting.condition(busy)])
    look = str(busy.today + dt.timedelta(days=80))
    estimating.belief(busy, estimating.driver(busy), review_on=look)
    # What is small enough for an owner to decide: one question is put to them, one they decided.
    small, soon = builders.risk(busy, rated=(1, 1)), str(busy.today + dt.timedelta(days=80))
    put = {"deciders": [busy.owner.email], "due_on": soon}
    accepting.proposed(busy, small, **put)
    terms = [accepting.condition(busy)]
    decided = accepting.proposed(busy, small, **put)
    accepting.chosen(busy, decided, by="owner", review_on=soon, conditions=terms)
    for wants in ("answer", "review"):
        accepting.question(busy, Risk.objects.get(ref="R-001"), days=80, wants=wants)
    found = rows(Program(busy.owner).get("duties/?mine=true"))
    # Changes of the common frame and requests for acceptance are answered by others than owners.
    assert {d["kind"] for d in found} == set(LISTED) - {"change.answer", "acceptance.answer"}
    assert [d["due_on"] for d in found] == sorted(d["due_on"] for d in found)
    review = found[0]
    assert (review["kind"], review["ref"], review["overdue"]) == ("risk.review", "R-001", True)
    assert review["part"] == "owner"
    assert review["deputy"]["id"] == str(busy.leader.uuid)
    assert review["page"].endswith("/r/foton-catl/risks/R-001/review/")
    update = next(d for d in found if d["kind"] == "mitigation.update")
    assert (update["ref"], update["overdue"], update["facts"]) == (
        "M-001", True, "progress not updated, last known: 40 %",
    )  # fmt: skip
    breach = next(d for d in found if d["kind"] == "risk.breach")
    assert "160,000" in breach["facts"]


def test_duties_of_others_are_listed_and_not_mine(busy: World) -> None:
    everything = rows(Program(busy.owner).get("duties/"))
    theirs = [d for d in everything if d["ref"] == "R-002"]
    assert theirs[0]["part"] is None
    assert "R-002" not in [d["ref"] for d in rows(Program(busy.owner).get("duties/?mine=true"))]
    mine = rows(Program(busy.leader).get("duties/?mine=true"))
    assert {(d["ref"], d["part"]) for d in mine} == {("R-001", "deputy")}


def test_the_other_party_learns_of_no_private_duty(busy: World) -> None:
    for person in (busy.partner_owner, busy.auditor, busy.onlooker):
        message = Program(person).get("duties/?count=true").json()
        refs = {d["ref"] for d in message["results"]}
        assert refs == {"R-001", "R-002", "M-001", "K-001"}
        assert message["count"] == len(message["results"])
    own = {d["ref"] for d in rows(Program(busy.manager).get("duties/"))}
    assert own >= {"F-001", "FM-001"}


@pytest.mark.parametrize(
    "query, expected",
    [
        ("kind=risk.breach", [("risk.breach", "R-001")]),
        ("overdue=true", [("risk.review", "R-001"), ("mitigation.update", "M-001")]),
        ("kind=mitigation.due&kind=mitigation.update&visibility=x", None),
        ("due_before=2026-09-15&mine=true", [("risk.review", "R-001")]),
    ],
)  # fmt: skip
def test_filters(busy: World, query: str, expected: Any) -> None:
    response = Program(busy.owner).get(f"duties/?{query}")
    if expected is None:
        is_problem(response, 400, "unknown_parameter")
    else:
        assert [(d["kind"], d["ref"]) for d in rows(response)] == expected


@pytest.mark.parametrize(
    "query, code",
    [
        ("mine=yes", "not_a_boolean"), ("overdue=2", "not_a_boolean"), ("overdue=", "empty"),
        ("kind=party", "unknown"),
        ("due_before=soon", "not_a_date"), ("cursor=x", "bad_cursor"), ("limit=0", "out_of_range"),
        ("limit=501", "out_of_range"),
    ],
)  # fmt: skip
def test_bad_questions(busy: World, query: str, code: str) -> None:
    is_problem(Program(busy.owner).get(f"duties/?{query}"), 400, code)


def test_what_is_discharged_is_gone(busy: World) -> None:
    owner = Program(busy.owner)
    builders.review(busy, Risk.objects.get(ref="R-001"))
    tag = owner.get("mitigations/M-001/")["ETag"]
    owner.patch("mitigations/M-001/", {"progress": 100}, If_Match=tag)
    left = {(d["kind"], d["ref"]) for d in rows(owner.get("duties/?mine=true"))}
    assert ("risk.breach", "R-001") not in left
    assert not {ref for kind, ref in left if kind.startswith("mitigation")} - {"FM-001"}


def test_naming_the_progress_as_it_is_discharges_the_update(busy: World) -> None:
    owner = Program(busy.owner)
    tag = owner.get("mitigations/M-001/")["ETag"]
    owner.patch("mitigations/M-001/", {"title": "Another"}, If_Match=tag)
    assert rows(owner.get("duties/?kind=mitigation.update"))[0]["overdue"]
    tag = owner.get("mitigations/M-001/")["ETag"]
    message = owner.patch("mitigations/M-001/", {"progress": 40}, If_Match=tag).json()
    assert message["next_update_on"] == str(busy.today + 30 * DAY)
    assert not rows(owner.get("duties/?kind=mitigation.update"))[0]["overdue"]


def test_pages_of_duties_hold_each_one_once_both_ways(busy: World) -> None:
    program = Program(busy.owner)
    whole = walked(program, "duties/?limit=500")
    assert len(whole) == len(set(whole)) >= 8

    @given(st.integers(1, 9))
    @settings(max_examples=9, deadline=None, suppress_health_check=list(HealthCheck))
    def same(limit: int) -> None:
        assert walked(program, f"duties/?limit={limit}") == whole

    same()


def test_duties_of_one_day_are_walked_in_a_stable_order(busy: World) -> None:
    """All on one day, so that kind and public id alone tell the place."""
    Risk.objects.update(next_review_on=busy.today)
    Mitigation.objects.update(due_on=busy.today)
    Mitigation.objects.filter(status="in_progress").update(next_update_on=busy.today)
    program = Program(busy.owner)
    whole = walked(program, "duties/?limit=500")
    for limit in (1, 2, 3):
        assert walked(program, f"duties/?limit={limit}") == whole


def test_a_cursor_is_for_its_reader_and_its_filters(busy: World) -> None:
    link = Program(busy.owner).get("duties/?limit=1").json()["next"]
    is_problem(Program(busy.partner_owner).get(link), 400, "bad_cursor")
    is_problem(Program(busy.owner).get(f"{link}&mine=true"), 400, "bad_cursor")


def test_who_stands_in_has_the_duties_too(busy: World) -> None:
    given = {"stand_in": busy.deputy.email, "starts_on": "2026-09-16", "until_on": "2026-09-18"}
    assert Program(busy.owner).post("absences/", given).status_code == 201
    mine = rows(Program(busy.deputy).get("duties/?mine=true"))
    assert {d["part"] for d in mine} == {"stand_in"}
    assert {d["ref"] for d in mine} >= {"R-001", "F-001", "M-001", "K-001"}


# Absences ---------------------------------------------------------------------------------------
def test_an_absence_is_recorded_once_and_ended(world: World) -> None:
    owner = Program(world.owner)
    given = {
        "starts_on": "2026-09-21", "until_on": "2026-10-09", "note": "at a plant",
        "stand_in": {"id": str(world.deputy.uuid), "name": "x"},
    }  # fmt: skip
    made = owner.post("absences/", given, Idempotency_Key="k")
    assert made.status_code == 201
    assert owner.post("absences/", given, Idempotency_Key="k").content == made.content
    assert Absence.objects.count() == 1
    is_problem(owner.post("absences/", given), 400, "overlap", "#/starts_on")
    assert rows(owner.get("absences/")) == [made.json()]
    assert rows(Program(world.deputy).get("absences/"))[0]["note"] == "at a plant"
    for stranger in (world.partner_manager, world.auditor):
        assert rows(Program(stranger).get("absences/"))[0]["note"] is None
    end = made.json()["end_url"]
    is_problem(Program(world.deputy).post(end), 403)
    is_problem(owner.post(end, {"when": "now"}), 400, "unknown_field")
    first = owner.post(end)
    assert first.status_code == 200
    assert owner.post(end).json() == first.json()
    assert rows(owner.get("absences/")) == []
    is_problem(Program(world.outsider).post(end), 404)


@pytest.mark.parametrize(
    "change, pointer, code",
    [
        ({"until_on": "2026-09-20"}, "#/until_on", "before_start"),
        ({"until_on": 5}, "#/until_on", "not_a_date"),
        ({"until_on": None}, "#/until_on", "null"),
        ({"until_on": ""}, "#/until_on", "not_a_date"),
        ({"starts_on": ["x"]}, "#/starts_on", "not_a_date"),
        ({"stand_in": {"id": {"id": 1}}}, "#/stand_in", "unknown_member"),
        ({"note": 7}, "#/note", "not_text"),
        ({"user": "nobody"}, "#/user", "unknown_member"),
        ({"until": "2026-10-09"}, "#/until", "unknown_field"),
    ],
)
def test_bad_absences(world: World, change: dict[str, Any], pointer: str, code: str) -> None:
    given = {"starts_on": "2026-09-21", "until_on": "2026-10-09", **change}
    owner = Program(world.owner)
    with nothing_changes():
        is_problem(owner.post("absences/", given), 400, code, pointer)


# Hand-overs -------------------------------------------------------------------------------------
def test_a_hand_over_is_done_once_and_recorded(busy: World) -> None:
    manager = Program(busy.manager)
    given = {"from": busy.owner.email, "to": busy.deputy.email, "reason": "a new post"}
    control_that_is_tested(busy)
    made = manager.post("handovers/", given, Idempotency_Key="k")
    assert made.status_code == 201
    assert made.json()["counts"] == {
        "owned": 2, "deputised": 0, "mitigations": 2, "indicators": 1, "controls": 1
    }  # fmt: skip
    again = manager.post("handovers/", given, Idempotency_Key="k")
    assert (again.content, again["Idempotent-Replayed"]) == (made.content, "true")
    assert HandOver.objects.count() == 1
    is_problem(manager.post("handovers/", given), 400, "nothing", "#/from")
    assert rows(manager.get("handovers/")) == [made.json()]
    for stranger in (busy.partner_manager, busy.auditor):
        assert rows(Program(stranger).get("handovers/")) == []


@pytest.mark.parametrize(
    "who, change, status, code",
    [
        ("manager", {"reason": ""}, 400, "required"),
        ("manager", {"part": "half"}, 400, "unknown"),
        ("manager", {"part": ["all"]}, 400, "unknown"),
        ("manager", {"to": "partner_owner"}, 400, "other_party"),
        ("manager", {"from": "outsider"}, 404, ""),
        ("manager", {"seen": "x"}, 400, "unknown_field"),
        ("deputy", {}, 403, ""),
        ("partner_manager", {}, 403, ""),
        ("integration", {}, 403, ""),
    ],
)
def test_bad_hand_overs(
    busy: World, who: str, change: dict[str, Any], status: int, code: str
) -> None:
    given = {"from": "owner", "to": "deputy", "reason": "x", **change}
    for name in ("from", "to"):
        given[name] = getattr(busy, given[name]).email
    program = Program(getattr(busy, who))
    with nothing_changes():
        is_problem(program.post("handovers/", given), status, code)


# What it costs ----------------------------------------------------------------------------------
@pytest.mark.parametrize("query, kinds", [("", None), ("&kind=risk.review", {"risk.review"})])
def test_a_count_agrees_with_what_is_listed(
    busy: World, query: str, kinds: set[str] | None
) -> None:
    message = Program(busy.deputy).get(f"duties/?count=true{query}").json()
    assert message["count"] == len(message["results"]) > 0
    assert kinds is None or {duty["kind"] for duty in message["results"]} == kinds


@pytest.mark.parametrize("name", ["owner", "deputy", "leader"])
def test_duties_of_others_are_within_the_limit(
    busy: World, name: str, django_assert_max_num_queries: Any
) -> None:
    program = Program(getattr(busy, name))
    # The first call of a day also notes that the token was used.
    assert rows(program.get("duties/"))
    with django_assert_max_num_queries(11):
        assert rows(program.get("duties/"))
