"""My work over all registers of the caller, in pages."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client

from riskreg.register.models import Register
from riskreg.register.services import create_program, start_absence
from riskreg.risks.models import Risk
from tests import builders
from tests.api.conftest import Program, is_problem
from tests.api.test_people import busy, rows, walked
from tests.builders import World
from tests.querycounts import QueryCounts
from tests.web.test_registers import another, risk_in

__all__ = ["busy"]
pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
PATH = "/api/v1/me/work/"


def found(program: Program, asked: str = "") -> list[tuple[str, str, str]]:
    return [(d["register"], d["kind"], d["ref"]) for d in rows(program.get(PATH + asked))]


def test_it_lists_what_falls_due_in_every_register_soonest_first(busy: World) -> None:
    owner = Program(busy.owner)
    here = rows(owner.get("duties/?mine=true"))
    assert rows(owner.get(PATH)) == [{"register": builders.SLUG, **each} for each in here]
    for slug in ("a-1", "a-2"):
        risk_in(another(busy, slug), f"Ice in {slug}", busy.at)
    whole = rows(owner.get(PATH))
    assert {each["register"] for each in whole} == {builders.SLUG, "a-1", "a-2"}
    assert len(whole) == len(here) + 2
    assert [d["due_on"] for d in whole] == sorted(d["due_on"] for d in whole)
    ice = next(d for d in whole if d["register"] == "a-2")
    assert (ice["ref"], ice["title"], ice["part"]) == ("R-001", "Ice in a-2", "owner")
    assert ice["page"].endswith("/r/a-2/risks/R-001/review/")
    assert owner.get(PATH + "?count=true").json()["count"] == len(whole)
    # What is over, and what is another's, is nobody's work.
    Register.objects.filter(slug="a-1").update(archived_at=busy.at)
    assert {d["register"] for d in rows(owner.get(PATH))} == {builders.SLUG, "a-2"}
    assert {d["ref"] for d in rows(Program(busy.leader).get(PATH))} == {"R-001"}
    assert rows(Program(busy.onlooker).get(PATH)) == []
    is_problem(Client().get(PATH), 401)


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_pages_hold_each_duty_once_both_ways(busy: World, limit: int) -> None:
    for slug in ("a-1", "a-2"):
        risk_in(another(busy, slug), "Ice", busy.at)
    owner = Program(busy.owner)
    whole = [(d["kind"], d["subject"]) for d in rows(owner.get(PATH + "?limit=500"))]
    assert walked(owner, f"{PATH}?limit={limit}") == whole
    link = owner.get(PATH + "?limit=1").json()["next"]
    is_problem(Program(busy.deputy).get(link), 400, "bad_cursor")


def test_it_is_filtered(busy: World) -> None:
    risk_in(another(busy, "a-1"), "Ice", busy.at)
    owner = Program(busy.owner)
    reviews = [f for f in found(owner) if f[1] == "risk.review"]
    assert found(owner, "?kind=risk.review") == reviews
    assert {f[0] for f in reviews} == {builders.SLUG, "a-1"}
    late = found(owner, "?overdue=true")
    assert (builders.SLUG, "risk.review", "R-001") in late
    assert sorted(late + found(owner, "?overdue=false")) == sorted(found(owner))
    soon = found(owner, f"?due_before={busy.today}")
    assert soon
    assert set(soon) <= set(late)
    counted = owner.get(f"{PATH}?due_before={busy.today}&count=true").json()
    assert counted["count"] == len(soon)
    for asked, code in (
        ("kind=tea", "unknown"), ("mine=true", "unknown_parameter"), ("overdue=1", "not_a_boolean"),
        ("due_before=soon", "not_a_date"), ("cursor=x", "bad_cursor"), ("limit=0", "out_of_range"),
    ):  # fmt: skip
        is_problem(owner.get(f"{PATH}?{asked}"), 400, code)


def test_whether_it_is_late_is_a_question_of_each_registers_own_day(world: World) -> None:
    far = another(world, "far")
    Register.objects.filter(slug="far").update(time_zone="Pacific/Kiritimati")
    builders.risk(world)
    risk_in(far, "Ice", world.at)
    # 08:00 UTC: still the 16th in Shanghai, and there as well; from 10:00 the 17th in Kiritimati.
    Risk.objects.update(next_review_on=world.today)
    owner = Program(world.owner)
    assert found(owner, "?overdue=true&kind=risk.review") == []
    with time_machine.travel(world.at + dt.timedelta(hours=3), tick=False):
        late = found(owner, "?overdue=true&kind=risk.review")
        marked = {d["register"]: d["overdue"] for d in rows(owner.get(PATH))}
    assert late == [("far", "risk.review", "R-001")]
    assert marked == {builders.SLUG: False, "far": True}


def test_who_stands_in_has_it_too_and_the_other_party_never(busy: World) -> None:
    assert found(Program(busy.deputy)) == []
    start_absence(
        actor=busy.viewer("owner"), starts_on=busy.today, until_on=busy.today + DAY,
        stand_in=busy.deputy.email, at=busy.at,
    )  # fmt: skip
    mine = rows(Program(busy.deputy).get(PATH))
    assert {d["part"] for d in mine} == {"stand_in"}
    assert "F-001" in {d["ref"] for d in mine}
    assert {d["ref"] for d in rows(Program(busy.partner_owner).get(PATH))} == {"R-002"}


def test_a_token_of_one_register_lists_that_register_alone(busy: World) -> None:
    act: dict[str, Any] = {"actor": busy.viewer("manager"), "at": busy.at}
    account, _token, secret = create_program(name="Loader", scope="read", **act)
    Risk.objects.filter(ref="R-001").update(owner=account.user)
    program = Client(headers={"authorization": f"Bearer {secret}"})
    read = program.get(PATH)
    assert {d["register"] for d in rows(read)} == {builders.SLUG}
    assert read["ETag"]
    assert program.get(PATH, headers={"if-none-match": read["ETag"]}).status_code == 304


def test_no_statement_grows_with_registers_or_rows(world: World, query_counts: QueryCounts) -> None:
    owner = Program(world.owner)

    def grow(first: int, last: int) -> None:
        for n in range(first, last):
            viewer = another(world, f"a-{n:02d}")
            for _again in range(2):
                risk_in(viewer, "Ice", world.at)

    def read() -> Any:
        return owner.get(PATH)

    grow(0, 2)
    # The first call of a day notes that the token was used.
    read()
    few = query_counts.check("api:/api/v1/me/work/ of two registers", read)
    grow(2, 12)
    assert owner.get(PATH + "?count=true").json()["count"] == 24
    assert query_counts.measure(read) == few
