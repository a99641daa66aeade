"""Registers as people lay them out: ten and more shapes for each thing that is found in one."""

import json
from pathlib import Path
from typing import Any

import pytest

from riskreg.exchange.mapping import Answers, Plan, plan_import
from riskreg.exchange.mapping.levels import propose_scale
from riskreg.exchange.reading import read_file
from riskreg.exchange.reading.names import recognise
from tests.exchange.books import book
from tests.exchange.test_mapping import LEVELS, context

HERE = Path(__file__).parent
HEADERS = json.loads((HERE / "headers.json").read_text())
SCALES = json.loads((HERE / "scales.json").read_text())
HEAD = ["ID", "Risk", "Likelihood", "Impact", "Owner"]
ICE, RAIN = ["R1", "Ice", 5, 4, "Ann Example"], ["R2", "Rain", 2, 3, "Bo"]


def laid(data: bytes | str) -> Plan:
    table = read_file(data.encode() if isinstance(data, str) else data)
    return plan_import(table, Answers(), context())


def sheet(*rows: list[Any], merged: str = "", more: Any = None) -> Plan:
    def finish(made: Any) -> None:
        for cells in merged.split():
            made.merge_cells(cells)
        if more:
            more(made)

    return laid(book(rows, finish))


def titles(plan: Plan) -> list[str]:
    return [row.fields["title"] for row in plan.rows if row.outcome == "new"]


@pytest.mark.parametrize("what", HEADERS)
def test_a_column_is_known_by_its_name_in_ten_languages(what: str) -> None:
    found = {name: recognise(name) for name in HEADERS[what]}
    stage = {n: f"{f.target}/{f.stage}".rstrip("/") if f else "" for n, f in found.items()}
    assert stage == dict.fromkeys(HEADERS[what], what)


@pytest.mark.parametrize("scale", SCALES["sure"], ids=str)
def test_a_scale_of_five_steps_is_taken_as_it_is(scale: dict[str, int]) -> None:
    found = propose_scale(list(scale), LEVELS)
    assert (dict(found.levels), found.sure) == (scale, True)


@pytest.mark.parametrize("scale", SCALES["asked"], ids=str)
def test_every_other_scale_is_proposed_and_never_taken_silently(scale: dict[str, int]) -> None:
    found = propose_scale(list(scale), LEVELS)
    assert (dict(found.levels), found.sure) == (scale, False)


def test_one_scale_is_read_alike_in_all_columns_that_use_it() -> None:
    head = ["Risk", "Inherent impact", "Residual impact", "Inherent likelihood"]
    plan = sheet(head, ["Ice", "Critical", "Low", 5], ["Rain", "High", "Medium", 1],
                 ["Fog", "Low", "Low", 1], ["Hail", "Medium", "Low", 1])  # fmt: skip
    shown = plan.scaling.shown
    assert shown["Inherent impact"]["Medium"] == shown["Residual impact"]["Medium"] == 2


GROUPED: list[tuple[str, list[list[Any]], str]] = [
    ("merged", [["ID", "Risk", "Inherent risk", None, "Residual risk", None, "Owner"],
                [None, None, "L", "I", "L", "I", None], [1, "Ice", 5, 4, 2, 4, "Ann Example"]],
     "C1:D1 E1:F1"),
    ("not merged", [[None, None, "Before mitigation", None, "After mitigation", None, None],
                    ["No", "Risk", "P", "I", "P", "I", "Owner"],
                    [1, "Ice", 5, 4, 2, 4, "Ann Example"]], ""),
    ("three rows", [["Register", None, None, None, None, None, None],
                    ["Identification", None, "Assessment", None, None, None, "People"],
                    [None, None, "Gross", None, "Net", None, None],
                    ["ID", "Risk", "L", "I", "L", "I", "Owner"],
                    [1, "Ice", 5, 4, 2, 4, "Ann Example"]], "A1:G1 A2:B2 C2:F2 C3:D3 E3:F3"),
    ("Chinese", [["序号", "风险描述", "固有风险", None, "剩余风险", None, "责任人"],
                 [None, None, "可能性", "影响", "可能性", "影响", None],
                 [1, "Ice", 5, 4, 2, 4, "Ann Example"]], "C1:D1 E1:F1"),
    ("German", [["Nr.", "Risiko", "Bruttorisiko", None, "Nettorisiko", None, "Verantwortlich"],
                [None, None, "EW", "Auswirkung", "EW", "Auswirkung", None],
                [1, "Ice", 5, 4, 2, 4, "Ann Example"]], "C1:D1 E1:F1"),
    ("in brackets", [["ID", "Risk", "Likelihood (pre)", "Impact (pre)", "Likelihood (post)",
                      "Impact (post)", "Owner"], [1, "Ice", 5, 4, 2, 4, "Ann Example"]], ""),
    ("in words", [["ID", "Risk", "Likelihood before controls", "Impact before controls",
                   "Likelihood after controls", "Impact after controls", "Owner"],
                  [1, "Ice", 5, 4, 2, 4, "Ann Example"]], ""),
    ("French", [["N°", "Risque", "Probabilité brute", "Impact brut", "Probabilité résiduelle",
                 "Impact résiduel", "Pilote"], [1, "Ice", 5, 4, 2, 4, "Ann Example"]], ""),
    ("broken lines", [["ID", "Risk", "Inherent Likeli-\nhood", "Inherent Im-\npact",
                       "Residual\nLikeli-\nhood", "Residual\nImpact", "Risk\nOwner"],
                      [1, "Ice", 5, 4, 2, 4, "Ann Example"]], ""),
    ("camel case", [["riskId", "riskTitle", "inherentLikelihood", "inherentImpact",
                     "residualLikelihood", "residualImpact", "riskOwner"],
                    [1, "Ice", 5, 4, 2, 4, "Ann Example"]], ""),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rows", "merged"), GROUPED, ids=[name for name, *_ in GROUPED])
def test_both_stages_are_found_under_every_kind_of_header(
    what: str, rows: list[list[Any]], merged: str
) -> None:
    plan = sheet(*rows, merged=merged)
    assert (titles(plan), plan.asked) == (["Ice"], [])
    assert plan.rows[0].levels == {"inherent": (5, 4), "residual": (2, 4)}
    assert plan.rows[0].fields["owner"] == "u-ann"


ASIDE: list[tuple[str, list[list[Any]]]] = [
    ("titles above", [["Risk register 2026"], ["Date:", "2026-01-02", "By:", "Ann"], [], HEAD,
                      ICE, RAIN]),
    ("numbers of columns", [HEAD, [1, 2, 3, 4, 5], ICE, RAIN]),
    ("hints", [HEAD, ["(auto)", "What may happen", "1-5", "1-5", "Name"], ICE, RAIN]),
    ("instructions", [["Fill in each row"], HEAD, ICE, RAIN]),
    ("a sum", [HEAD, ICE, RAIN, [None, "Total", 7, 7, None]]),
    ("formulas that add up", [HEAD, ICE, RAIN, [None, None, "=SUM(C2:C3)", None, None]]),
    ("a count of them", [HEAD, ICE, RAIN, ["合计", "2项", None, None, None]]),
    ("an average", [HEAD, ICE, RAIN, ["Average score", None, 3.5, 3.5, None]]),
    ("headings", [HEAD, ["A. Strategic"], ICE, [None, "Operational", None, None, None], RAIN]),
    ("a line of dashes", [HEAD, ICE, ["---", "---", "---", "---", "---"], RAIN]),
    ("the header again", [HEAD, ICE, HEAD, RAIN]),
    ("a legend below", [HEAD, ICE, RAIN, [], ["Legend"], ["1", "Very low"], ["5", "Very high"]]),
    ("a legend beside", [[*HEAD, None, "Scale"], [*ICE, None, 1], [*RAIN, None, 2],
                         [None, None, None, None, None, None, 3]]),
    ("a table not in the corner", [[], [None, *HEAD], [None, *ICE], [None, *RAIN]]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rows"), ASIDE, ids=[name for name, _rows in ASIDE])
def test_what_stands_around_the_risks_is_none(what: str, rows: list[list[Any]]) -> None:
    plan = sheet(*rows)
    assert (titles(plan), plan.asked, plan.refused) == (["Ice", "Rain"], [], [])
    assert [row.levels for row in plan.rows] == [{"residual": (5, 4)}, {"residual": (2, 3)}]


def test_a_risk_that_begins_like_a_total_is_one() -> None:
    head = ["No", "Risk", "Likelihood", "Impact"]
    assert titles(sheet(head, [1, "Total loss of power", 5, 4], [2, "Ice", 1, 1])) == [
        "Total loss of power", "Ice",
    ]  # fmt: skip


def test_the_sheet_of_risks_is_found_among_others() -> None:
    def others(made: Any) -> None:
        rows = {
            "Matrix": [["Likelihood \\ Impact", 1, 2], [5, 5, 10]],
            "Lists": [["Likelihood", "Impact", "Status", "Response", "Owner"],
                      ["Rare", "Minor", "Open", "Avoid", "A"]],
            "Issues": [["ID", "Issue", "Impact", "Owner"], *[["I", "x", "High", ""]] * 9],
            "Old risks": [HEAD, ICE],
        }  # fmt: skip
        for name, lines in rows.items():
            other = made.parent.create_sheet(name, 0)
            for line in lines:
                other.append(line)

    plan = sheet(HEAD, ICE, RAIN, more=others)
    assert plan.table.sheet in ("Register", "Old risks")
    assert any("Others look like registers" in note for note in plan.notes)


def test_crosses_are_found_under_two_rows_of_names_and_under_words() -> None:
    plan = sheet(
        ["ID", "Risk", "Likelihood", None, None, "Impact", None, None],
        [None, None, 1, 2, 3, 1, 2, 3],
        ["R1", "Ice", None, None, "X", None, "X", None],
        ["R2", "Rain", "X", None, None, None, None, "X"],
        merged="C1:E1 F1:H1",
    )
    assert plan.scaling.shown == {"Likelihood": {"3": 5, "1": 1}, "Impact": {"2": 3, "3": 5}}
    head = ["Risk", *(f"{axis} {n}" for axis in ("Likelihood", "Impact") for n in ("L", "M", "H"))]
    plan = sheet(head, ["Ice", "x", "", "", "", "", "x"], ["Rain", "", "x", "", "", "x", ""])
    assert plan.scaling.shown == {"Likelihood": {"L": 1, "M": 3}, "Impact": {"H": 5, "M": 3}}


def test_measures_in_rows_of_their_own_belong_to_the_risk_above() -> None:
    head = ["ID", "Risk", "Likelihood", "Action", "Due date"]
    plan = sheet(head, ["R1", "Ice", 5, "Grit", "2026-12-01"],
                 [None, None, None, "Heat", "2026-12-02"], [None, None, None, "Salt", None],
                 ["R2", "Rain", 1, "Roof", "2026-12-03"])  # fmt: skip
    assert [row.outcome for row in plan.rows] == ["new", "skipped", "skipped", "new"]
    assert [work["title"] for work in plan.rows[0].more] == ["Heat"]
    assert ("Action", "Salt") in plan.rows[0].kept


CONTENT: list[tuple[str, list[list[Any]], dict[str, str | None]]] = [
    ("an impact in sentences", [["Risk", "Likelihood", "Impact"],
     ["Ice", 5, "The line stands still for at least two days"]], {"Impact": "consequence"}),
    ("a consequence in levels", [["Risk", "Likelihood", "Consequence"], ["Ice", 5, 5],
     ["Rain", 2, 4]], {"Consequence": "residual.impact"}),
    ("a response in sentences", [["Risk", "Likelihood", "Risk response"],
     ["Ice", 5, "Grit the ramp and heat the lane in front of the gate"]],
     {"Risk response": "mitigation.title"}),
    ("a mitigation in words", [["Risk", "Likelihood", "Mitigation"], ["Ice", 5, "Accept"],
     ["Rain", 2, "Transfer"]], {"Mitigation": "response"}),
    ("a risk that is a rating", [["Hazard", "Likelihood", "Severity", "Risk"],
     ["Ice", 5, 4, "High"], ["Rain", 1, 1, "Low"]], {"Hazard": "event", "Risk": "residual.rating"}),
    ("money above impact", [["Risk", "Likelihood", "Cost impact"], ["Ice", 5, "300,000 CHF"],
     ["Rain", 4, "12,000 CHF"]], {"Cost impact": None}),
    ("closed by yes and no", [["Risk", "Likelihood", "Closed"], ["Ice", 5, "Yes"],
     ["Rain", 4, "No"]], {"Closed": "state"}),
    ("two states", [["Risk", "Likelihood", "Status", "Register status"],
     ["Ice", 5, "Mitigated", "Open"], ["Rain", 4, "Watch", "Closed"]],
     {"Status": None, "Register status": "state"}),
    ("threat and weakness", [["Threat", "Vulnerability", "Likelihood"], ["Ice", "No grit", 5]],
     {"Threat": "event", "Vulnerability": "cause"}),
    ("an option and what is done", [["Risk", "Likelihood", "Treatment option", "Treatment"],
     ["Ice", 5, "Mitigate", "Grit the ramp and heat the lane at the gate"]],
     {"Treatment option": "response", "Treatment": "mitigation.title"}),
    ("what and how much", [["Risico", "Kans", "Gevolg", "Impact"], ["IJs", 5, "Stilstand", 4]],
     {"Gevolg": "consequence", "Impact": "residual.impact"}),
    ("short names", [["vuln_name", "inh_likelihood", "res_likelihood_1_5"], ["Ice", 5, 2]],
     {"vuln_name": "title", "inh_likelihood": "inherent.likelihood",
      "res_likelihood_1_5": "residual.likelihood"}),
    ("ids of something else", [["Risk", "Likelihood", "Related control IDs"],
     ["Ice", 5, "C-1; C-2"]], {"Related control IDs": None}),
    ("a score of numbers called rating", [["Risk", "Inherent rating", "Inherent level"],
     ["Ice", 25, "High"], ["Rain", 1, "Low"]],
     {"Inherent rating": "inherent.score", "Inherent level": "inherent.rating"}),
    ("an owner of the plan", [["Risk", "Likelihood", "Treatment plan", "Treatment plan owner",
     "Control owner"], ["Ice", 5, "Grit", "Bo", "Cy"]],
     {"Treatment plan owner": "mitigation.owner", "Control owner": None}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rows", "columns"), CONTENT, ids=[name for name, *_ in CONTENT])
def test_what_stands_in_a_column_counts_beside_its_name(
    what: str, rows: list[list[Any]], columns: dict[str, str | None]
) -> None:
    found = sheet(*rows).columns
    assert {name: found[name] for name in columns} == columns


ASKED: list[tuple[str, list[list[Any]], str]] = [
    ("two of one name", [["Risk", "Likelihood", "Owner", "Owner"], ["Ice", 5, "Ann", "Bo"]],
     "Owner (2)"),
    ("two pairs", [["Risk", "Likelihood", "Impact", "Likelihood", "Impact"], ["Ice", 5, 5, 1, 5]],
     "Likelihood"),
    ("several impacts", [["Risk", "Likelihood", "Cost impact", "Time impact"], ["Ice", 5, 3, 4]],
     "Cost impact"),
    ("not a number", [["Risk", "Likelihood"], ["Ice", 5], ["Rain", "NaN"]], "Likelihood"),
    ("a word that fits nothing", [["Risk", "Likelihood"], ["Ice", 5], ["Rain", "banana"]],
     "Likelihood"),
    ("half a level", [["Risk", "Likelihood"], ["Ice", 5], ["Rain", "2.5"]], "Likelihood"),
    ("a state nobody knows", [["Risk", "Likelihood", "Status"], ["Ice", 5, "Purple"]], "Status"),
    ("a response nobody knows", [["Risk", "Likelihood", "Response"], ["Ice", 5, "Accept"],
                                 ["Rain", 5, "Hope"]], "Response"),
    ("a day that is a wish", [["Risk", "Likelihood", "Action", "Due date"],
                              ["Ice", 5, "Grit", "soon"]], "Due date"),
    ("day or month first", [["Risk", "Likelihood", "Date raised"], ["Ice", 5, "3/4/2026"]],
     "Date raised"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rows", "column"), ASKED, ids=[name for name, *_ in ASKED])
def test_what_is_not_certain_is_asked(what: str, rows: list[list[Any]], column: str) -> None:
    plan = sheet(*rows)
    assert column in {question.column for question in plan.asked}
    answered = Answers(columns=plan.columns)
    if any(question.kind == "column" for question in plan.asked):
        again = plan_import(plan.table, answered, context())
        assert not [question for question in again.asked if question.kind == "column"]


def test_the_same_row_twice_is_one_risk() -> None:
    plan = sheet(HEAD, ICE, ICE, RAIN)
    assert [row.outcome for row in plan.rows] == ["new", "skipped", "new"]
    plan = sheet(["Risk", "Likelihood"], ["Ice", 5], ["Ice", 5])
    assert [row.outcome for row in plan.rows] == ["new", "skipped"]


def test_a_rating_that_is_a_formula_without_a_value_follows_from_the_levels() -> None:
    plan = sheet(["Risk", "Likelihood", "Impact", "Rating"], ["Ice", 5, 4, "=B2*C2"])
    assert (plan.refused, plan.rows[0].levels) == ([], {"residual": (5, 4)})
    plan = sheet(["Risk", "Likelihood", "Impact"], ["Ice", "=1+1", 4], ["Rain", 5, 5])
    assert [(r.row, r.column) for r in plan.refused] == [(2, "Likelihood")]


OWNERS = [
    ("Ann Example", "u-ann", ""),
    ("ann@x.example", "u-ann", ""),
    ("Ann Example <ann@x.example>", "u-ann", ""),
    ("Example, Ann", "u-ann", ""),
    ("ANN EXAMPLE (finance)", "u-ann", ""),
    ("Dr. Ann Example", "u-ann", ""),
    ("Ann Example / Bo Example", None, "Ann Example / Bo Example"),
    ("Purchasing", None, "Purchasing"),
    ("采购部", None, "采购部"),
    ("@ann", None, "@ann"),
]


@pytest.mark.parametrize(("written", "person", "parked"), OWNERS)
def test_an_owner_however_written_is_matched_or_waits(
    written: str, person: str | None, parked: str
) -> None:
    row = sheet(["Risk", "Likelihood", "Owner"], ["Ice", 5, written]).rows[0]
    assert (row.fields.get("owner"), row.owner_name) == (person, parked)
    # The column that the register knows best may be empty where another names somebody.
    head = ["Risk", "Likelihood", "Owner", "Owner e-mail"]
    plan = sheet(head, ["Ice", 5, written, None], ["Fog", 5, "Ann", "ann@x.example"])
    assert (plan.rows[0].fields.get("owner"), plan.rows[0].owner_name) == (person, parked)


def test_of_a_department_and_a_person_the_person_owns_and_who_wrote_it_does_not() -> None:
    head = ["风险描述", "可能性", "责任部门", "责任人"]
    assert sheet(head, ["断供", 5, "采购部", "王伟"]).rows[0].owner_name == "王伟"
    plan = sheet(["Risk", "Likelihood", "Raised by"], ["Ice", 5, "Ann Example"])
    assert plan.columns["Raised by"] is None


def test_measures_on_a_sheet_of_their_own_come_to_their_risks() -> None:
    def actions(made: Any) -> None:
        other = made.parent.create_sheet("Actions")
        for line in (
            ["Action ID", "Risk ID", "Action", "Owner", "Due date", "Status"],
            ["A1", "R1", "Grit", "Ann Example", "2026-12-01", "Planned"],
            ["A2", "R1", "Heat", "Bo", "2026-12-02", "Done"],
            ["A3", "R9", "Roof", "Bo", "2026-12-03", "Open"],
        ):
            other.append(line)

    plan = sheet(HEAD, ICE, RAIN, more=actions)
    ice = plan.rows[0]
    assert ice.mitigation is not None
    assert [ice.mitigation["title"], *(work["title"] for work in ice.more)] == ["Grit", "Heat"]
    assert (ice.mitigation["owner"], ice.more[0]["status"]) == ("u-ann", "done")
    assert plan.rows[1].mitigation is None
    assert any("R9" in note for note in plan.notes)


def test_measures_nested_in_json_come_to_their_risks() -> None:
    risk = {"id": "R1", "title": "Ice", "likelihood": 5, "treatment": {"strategy": "mitigate",
            "actions": [{"title": "Grit", "dueDate": "2026-12-01", "owner": "Ann Example"},
                        {"title": "Heat", "dueDate": "2026-12-02"}]}}  # fmt: skip
    row = laid(json.dumps([risk])).rows[0]
    assert row.mitigation == {"title": "Grit", "due_on": "2026-12-01", "owner": "u-ann"}
    assert [work["title"] for work in row.more] == ["Heat"]
