"""Registers that nobody here wrote, looked at by hand once: every row, owner, score and date.

They stay outside the project; ``RISKREG_REGISTERS`` names the folder that holds them.
"""

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pytest

from riskreg.exchange.queries import imported_rows_waiting_for_owner
from riskreg.exchange.reading import NotARegister
from riskreg.exchange.services import Brought, import_file_unless_answers_needed, preview_import
from riskreg.risks.models import Assessment, Mitigation, Position, Risk
from tests.builders import World

FOLDER = Path(os.environ["RISKREG_REGISTERS"])


def take(world: World, name: str, mapping: Any = None) -> dict[str, Any]:
    brought = Brought(name, (FOLDER / name).read_bytes())
    actor = world.viewer(world.manager)
    row, plan = import_file_unless_answers_needed(
        actor=actor, brought=brought, answers_or_remembered=mapping, at=world.at
    )
    report = plan.to_json()
    assert (row is None) == bool(report["asked"])
    assert json.loads(json.dumps(report)) == report
    return report


def by_id(name: str) -> Risk:
    return Risk.objects.get(external_id=name)


def cell(risk: Risk, stage: str) -> tuple[int, int] | None:
    found = Position.objects.get(risk=risk, valid_to=None).cell(stage)
    return (found["likelihood"], found["impact"]) if found else None


def test_a_cyber_register_of_a_small_company(world: World) -> None:
    report = take(world, "c01_sg1unitis.csv")
    assert (report["rows"], report["new"], report["refused"]) == (30, 30, [])
    assert (report["format"], report["header_row"]) == ("csv", 1)
    assert report["columns"]["L_1to5"] == "inherent.likelihood"
    assert report["columns"]["residual_I_1to5"] == "residual.impact"
    r17 = by_id("R17")
    assert r17.title == "Insider misuse of access to sensitive data"
    assert (cell(r17, "inherent"), cell(r17, "residual")) == ((2, 5), (1, 5))
    assert r17.response == "mitigate"
    assert r17.state == "open"
    work = Mitigation.objects.get(risks=by_id("R25"))
    assert work.due_on == dt.date(2026, 10, 31)
    waiting = {row.risk.external_id: row.owner_name
               for row in imported_rows_waiting_for_owner(world.viewer(world.manager))}  # fmt: skip
    assert len(waiting) == 30
    assert (waiting["R01"], waiting["R02"], waiting["R27"], waiting["R29"]) == (
        "IT", "Finance", "Dev/IT", "DPO/Security",
    )  # fmt: skip
    again = take(world, "c01_sg1unitis.csv")
    assert (again["new"], again["updated"], again["skipped"]) == (0, 0, 30)


def test_a_list_of_three_projects_with_a_word_for_a_number(world: World) -> None:
    report = take(world, "c09_kaizen_semicolon.csv")
    assert {(q["row"], q["column"]) for q in report["asked"]} == {
        (2, "Probability"), (8, "Probability"), (17, "Probability"), (2, "Impact"),
    }  # fmt: skip
    assert not Risk.objects.exists()
    answers = {"columns": report["columns"], "scales": report["scales"]}
    report = take(world, "c09_kaizen_semicolon.csv", answers)
    assert (report["rows"], report["new"], report["refused"]) == (17, 17, [])
    r4 = by_id("R4")
    assert r4.state == "closed"
    assert Assessment.objects.get(risk=r4).at == dt.datetime(2020, 9, 11, 16, tzinfo=dt.UTC)
    closed = Position.objects.get(risk=r4, valid_to=None)
    assert closed.valid_from == dt.datetime(2020, 9, 16, 16, tzinfo=dt.UTC)
    assert (cell(by_id("R2"), "residual"), cell(by_id("R16"), "residual")) == ((5, 3), None)
    assert by_id("R6").state == "open"
    assert by_id("R12").response == "transfer"
    assert sum(risk.state == "closed" for risk in Risk.objects.all()) == 11


def test_a_mixed_scale_of_words_and_fractions(world: World) -> None:
    report = take(world, "c11_orc_zh_author.csv")
    assert [q["column"] for q in report["asked"]] == ["likelihood", "impact_score"]
    report = take(world, "c11_orc_zh_author.csv", {"scales": report["scales"]})
    assert (report["rows"], report["new"]) == (8, 8)
    assert cell(by_id("R7"), "residual") == (5, 3)
    assert "PPA hedge" in by_id("R3").sources[0]["quote"]


def test_a_plan_of_action_of_oscal(world: World) -> None:
    report = take(world, "j01_oscal_poam.json")
    assert report["format"] == "oscal-poam"
    report = take(world, "j01_oscal_poam.json", {"scales": report["scales"]})
    assert (report["rows"], report["new"]) == (2, 2)
    first = by_id("8b8bae66-b28c-4fa5-9a20-b79e7322fc00")
    assert first.response == "accept"
    assert Mitigation.objects.get(risks=first).due_on == dt.date(2024, 1, 1)


def test_the_register_of_another_tool(world: World) -> None:
    report = take(world, "j05_newlatveria_50.json")
    assert [(q["row"], q["column"]) for q in report["asked"]] == [(47, "riskStatus")]
    report = take(
        world, "j05_newlatveria_50.json", {"values": {"riskStatus": {"Critical": "open"}}}
    )
    assert (report["rows"], report["new"], report["refused"]) == (51, 51, [])
    first = by_id("2001")
    assert (cell(first, "inherent"), cell(first, "residual")) == ((5, 5), (4, 5))
    assert "<p>" not in first.event
    assert sum(risk.state == "closed" for risk in Risk.objects.all()) == 10
    assert {
        row.owner_name for row in imported_rows_waiting_for_owner(world.viewer(world.manager))
    } >= {"CISO"}


def test_the_list_of_them_is_no_register(world: World) -> None:
    brought = Brought("manifest.json", (FOLDER / "manifest.json").read_bytes())
    with pytest.raises(NotARegister):
        preview_import(actor=world.viewer(world.manager), brought=brought, at=world.at)
