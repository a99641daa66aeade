"""Bringing a file in: all or nothing, through the services, honestly dated, for one's own party."""

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from riskreg.events.models import Event
from riskreg.events.queries import all_chains, first_fault_in
from riskreg.exchange.models import Import, ImportedRow
from riskreg.exchange.queries import (
    imported_rows_waiting_for_owner,
    imports_of_own_party,
    parked_owner_name_or_empty,
)
from riskreg.exchange.services import Brought, import_file_unless_answers_needed, preview_import
from riskreg.kernel.errors import Forbidden
from riskreg.risks import services as risk_services
from riskreg.risks.models import Assessment, Control, Mitigation, Position, Risk
from tests.builders import World
from tests.exchange.books import HEADER, ROWS, book, text

KEYS = ["format", "sheet", "header_row", "columns", "scales", "rows", "new", "updated", "skipped",
        "asked", "refused"]  # fmt: skip


def bring(world: World, rows: Any, mapping: Any = None, by: Any = None) -> dict[str, Any]:
    brought = Brought("register.csv", text(rows, "\t").encode())
    actor = world.viewer(by or world.manager)
    return import_file_unless_answers_needed(
        actor=actor, brought=brought, answers_or_remembered=mapping, at=world.at
    ).plan.to_json()


def command(world: World, path: Path, *options: str) -> tuple[int, str]:
    out = io.StringIO()
    code: Any = 0
    try:
        call_command("import_register", str(path), "--register", world.register.slug, "--as",
                     world.manager.email, *options, stdout=out, stderr=io.StringIO())  # fmt: skip
    except SystemExit as left:
        code = left.code
    return code, out.getvalue()


def test_the_command_prints_its_report_and_says_by_its_code_how_it_went(
    world: World, tmp_path: Path
) -> None:
    file = tmp_path / "register.xlsx"
    file.write_bytes(book([HEADER, *ROWS]))
    code, out = command(world, file, "--dry-run", "--json")
    assert (code, list(json.loads(out)), Risk.objects.count()) == (0, KEYS, 0)
    code, out = command(world, file, "--json")
    report = json.loads(out)
    assert (code, report["rows"], report["new"]) == (0, 3, 3)
    assert report["columns"]["Likelihood (1-5)"] == "residual.likelihood"
    assert Risk.objects.count() == 3
    file.write_bytes(b"Article,Description,Unit price\nA,Bolt,3\n")
    code, out = command(world, file, "--json")
    assert code == 2
    report = json.loads(out)
    assert list(report) == KEYS
    assert "not of risks" in report["refused"][0]["why"]
    file.write_bytes(b"Risk,Likelihood,Impact\nFog on the lane,High,Low\n")
    code, out = command(world, file, "--json")
    assert code == 3
    answers = tmp_path / "answers.json"
    answers.write_text(out)
    code, _out = command(world, file, "--json", "--mapping", str(answers))
    assert code == 0
    with pytest.raises(CommandError, match="cannot be read"):
        command(world, tmp_path / "none.csv")
    answers.write_text('{"columns": {"Risk": "colour"}}')
    with pytest.raises(CommandError, match="no such field"):
        command(world, file, "--mapping", str(answers))


def test_what_it_says_comes_in_with_its_days_and_marked_as_brought_in(world: World) -> None:
    head = [*HEADER, "Date raised", "Date closed", "Actions", "Due date", "Controls", "Colour"]
    rows = [
        [*ROWS[0], "2026-03-02", "", "Grit it", "2026-12-01", "Fence", "grey"],
        [*ROWS[2], "2025-01-07", "2025-06-30", "", "", "", ""],
    ]
    assert bring(world, [head, *rows])["new"] == 2
    ice = Risk.objects.get(external_id="A-1")
    judged = Assessment.objects.get(risk=ice)
    assert judged.at == dt.datetime(2026, 3, 1, 16, tzinfo=dt.UTC)
    assert (judged.brought_in, judged.created_at) == (True, world.at)
    assert "register.csv" in judged.rationale
    assert (ice.state, ice.created_at) == ("open", world.at)
    # It is in force from today, so no review of it is late that nobody had promised.
    assert ice.next_review_on is not None
    assert ice.next_review_on > dt.date(2026, 9, 16)
    assert Control.objects.get(risk=ice).name == "Fence"
    assert Mitigation.objects.get(risks=ice).due_on == dt.date(2026, 12, 1)
    assert "Colour: grey" in ice.sources[0]["quote"]
    permit = Risk.objects.get(external_id="A-3")
    assert permit.state == "closed"
    states = [(p.state, p.valid_from.date()) for p in Position.objects.filter(risk=permit)]
    assert ("closed", dt.date(2025, 6, 29)) in states
    assert Event.objects.filter(verb="import.made").count() == 1
    assert [first_fault_in(chain) for chain in all_chains() if first_fault_in(chain)] == []


def test_the_same_file_twice_and_a_changed_one(world: World) -> None:
    bring(world, [HEADER, *ROWS])
    assert bring(world, [HEADER, *ROWS])["skipped"] == 3
    changed = [["A-1", "Ice on the ramp", "Trucks slide into the gate", 5, 3, "Ann Example", ""]]
    report = bring(world, [HEADER, *changed, *ROWS[1:]])
    assert (report["new"], report["updated"], report["skipped"]) == (0, 1, 2)
    ice = Risk.objects.get(external_id="A-1")
    assert ice.event == "Trucks slide into the gate"
    assert ImportedRow.objects.get(outcome="updated").before["event"] == "Trucks slide at the gate"


def test_an_owner_nobody_is_called_waits_to_be_assigned(world: World) -> None:
    rows = [["Ice", 5, 4, "Foundry team"], ["Rain", 5, 4, world.owner.name]]
    bring(world, [["Risk", "Likelihood", "Impact", "Owner"], *rows])
    viewer = world.viewer(world.manager)
    waiting = imported_rows_waiting_for_owner(viewer).get()
    assert (waiting.owner_name, waiting.risk.owner) == ("Foundry team", world.manager)
    assert parked_owner_name_or_empty(viewer, waiting.risk) == "Foundry team"
    assert Risk.objects.get(title="Rain").owner == world.owner
    risk_services.transfer_risk(
        actor=viewer, ref=waiting.risk.ref, version=None, owner=world.owner.email, at=world.at
    )
    assert not imported_rows_waiting_for_owner(viewer).exists()


def test_it_is_the_partys_own_unless_it_is_said_to_be_shared(world: World) -> None:
    bring(world, [HEADER, ROWS[0]])
    assert Risk.objects.get().visibility == "party"
    assert not imports_of_own_party(world.viewer(world.partner_manager)).exists()
    assert not imported_rows_waiting_for_owner(world.viewer(world.partner_manager)).exists()
    bring(world, [HEADER, ROWS[1]], {"visibility": "shared"})
    shared = Risk.objects.get(visibility="shared")
    # Who the file named is the party's own, whatever becomes of the risk.
    assert parked_owner_name_or_empty(world.viewer(world.partner_manager), shared) == ""


def test_an_owner_of_the_other_party_does_not_get_a_private_risk(world: World) -> None:
    bring(world, [["Risk", "Likelihood", "Owner"], ["Ice", 5, world.partner_owner.email]])
    risk = Risk.objects.get()
    assert risk.owner == world.manager
    assert ImportedRow.objects.get().owner_name == world.partner_owner.email


def test_a_row_that_a_service_refuses_leaves_nothing_of_itself(world: World) -> None:
    rows = [["Ice", 5, 4, "a" * 130], ["Rain", 5, 4, "B-2"]]
    report = bring(world, [["Risk", "Likelihood", "Impact", "Risk ID"], *rows])
    assert [(r["row"], r["column"]) for r in report["refused"]] == [(2, "Risk ID")]
    assert [risk.title for risk in Risk.objects.all()] == ["Rain"]
    assert set(ImportedRow.objects.values_list("outcome", flat=True)) == {"new", "refused"}


def test_a_dry_run_refuses_one_wrong_text_in_every_row_that_has_it(world: World) -> None:
    unseen = "\u200b\u200b"
    rows = [[unseen, "Ice", 5, 4, unseen], [unseen, "Rain", 5, 4, "B-2"], ["Snow", "Snow", 5, 4, 3]]
    header = ["Risk", "Description", "Likelihood", "Impact", "Risk ID"]
    brought = Brought("register.csv", text([header, *rows]).encode())
    plan, _answers = preview_import(actor=world.viewer(world.manager), brought=brought, at=world.at)
    assert [(refused.row, refused.column) for refused in plan.refused] == [(2, "Risk"), (3, "Risk")]
    assert [row.outcome for row in plan.rows] == ["refused", "refused", "new"]


def test_nothing_comes_in_while_something_is_asked(world: World) -> None:
    report = bring(world, [["Risk", "Likelihood", "Impact"], ["Ice", "High", "Low"]])
    assert report["asked"]
    assert not Risk.objects.exists()
    assert not Import.objects.exists()


def test_a_failure_half_way_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def failing(**_given: Any) -> None:
        made.append(Risk.objects.count())
        raise OSError("disk full")

    # The third row is a closed risk, which is made by itself.
    monkeypatch.setattr(risk_services, "create_risk", failing)
    with pytest.raises(OSError, match="disk full"):
        bring(world, [HEADER, *ROWS])
    assert made == [2]
    assert not Risk.objects.exists()
    assert not Import.objects.exists()


def test_answers_are_remembered_for_the_next_file_of_that_header(world: World) -> None:
    head = ["Risk", "Likelihood", "Impact"]
    rows = [["Ice on the ramp", "High", "Low"], ["Fog", "Low", "High"]]
    first = bring(world, [head, *rows])
    bring(world, [head, *rows], {"scales": first["scales"]})
    again = bring(world, [head, ["Late castings", "Low", "High"]])
    assert (again["asked"], again["new"]) == ([], 1)
    other = bring(world, [[*head, "Owner"], ["Old permit", "Low", "High", "Ann"]])
    assert [question["column"] for question in other["asked"]] == ["Likelihood", "Impact"]


@pytest.mark.parametrize("who", ["owner", "leader", "auditor", "onlooker", "integration"])
def test_only_managers_bring_files_in(world: World, who: str) -> None:
    with pytest.raises(Forbidden):
        bring(world, [HEADER, *ROWS], by=getattr(world, who))
    assert not Risk.objects.exists()


def test_rows_that_are_made_together_are_taken_as_those_by_themselves(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused ones among them are refused with the same words, and refs have no gap."""
    header = [*HEADER, "Identified on", "Control"]
    rows = [
        [f"A-{n}", f"Ice {n}", "Trucks slide" if n % 7 else "", 1 + n % 5, 1 + n % 4,
         world.owner.email if n % 3 else "Bo Example", "Closed" if n == 5 else "Open",
         "2026-02-03", "Salt" if n == 8 else ""]
        for n in range(20)
    ]  # fmt: skip
    rows.append(["A-3", *rows[0][1:]])

    def taken() -> list[Any]:
        with transaction.atomic():
            report = bring(world, [header, *rows])
            kept = ("number", "outcome", "title", "why", "column", "version", "owner_name",
                    "made", "before", "risk__ref", "risk__state", "risk__owner__email",
                    "risk__next_review_on", "risk__external_id")  # fmt: skip
            found = list(ImportedRow.objects.order_by("number").values(*kept))
            events = list(Event.objects.order_by("pk").values_list("verb", "subject_ref", "at"))
            events = [event for event in events if event[0].startswith("risk.")]
            assert all(not first_fault_in(chain) for chain in all_chains())
            transaction.set_rollback(True)
        for row in found:
            row["made"] = {name: len(each) for name, each in row["made"].items()}
        return [report, found, events]

    made: list[int] = []
    plainly = risk_services.create_risks_together_where_possible

    def counted(**given: Any) -> Any:
        found = plainly(**given)
        made.append(sum(risk is not None for risk in found))
        return found

    monkeypatch.setattr(
        "riskreg.exchange.services.committing.risks.create_risks_together_where_possible",
        counted,
    )
    together = taken()
    assert sum(made) > 10
    monkeypatch.setattr("riskreg.exchange.services.committing._TOGETHER", 1)
    made.clear()
    assert taken() == together
    assert made == []
    assert together[0]["refused"]
