"""Registers as people lay them out: ten and more shapes for each thing that is found in one."""

import json
from pathlib import Path
from typing import Any

import pytest

from riskreg.exchange.mapping import Answers, Plan, plan_import
from riskreg.exchange.mapping.levels import propose
from riskreg.exchange.reading import NotARegister, read_file
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
    found = propose(list(scale), LEVELS)
    assert (dict(found.levels), found.sure) == (scale, True)


@pytest.mark.parametrize("scale", SCALES["asked"], ids=str)
def test_every_other_scale_is_proposed_and_never_taken_silently(scale: dict[str, int]) -> None:
    found = propose(list(scale), LEVELS)
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


JSONS = [
    {"categories": [{"name": "Tech", "risks": [{"id": "R1", "title": "Ice", "likelihood": 5,
     "impact": 4}]}, {"name": "Ops", "risks": [{"id": "R2", "title": "Rain", "likelihood": 2,
                                               "impact": 3}]}]},
    {"technical": [{"id": "R1", "risk": "Ice", "likelihood": 5, "impact": 4}],
     "operational": [{"id": "R2", "risk": "Rain", "likelihood": 2, "impact": 3}]},
    [["ID", "Risk", "Likelihood", "Impact"], ["R1", "Ice", 5, 4], ["R2", "Rain", 2, 3]],
    {"columns": ["ID", "Risk", "Likelihood", "Impact"], "rows": [["R1", "Ice", 5, 4],
                                                               ["R2", "Rain", 2, 3]]},
    {"ID": ["R1", "R2"], "Risk": ["Ice", "Rain"], "Likelihood": [5, 2], "Impact": [4, 3]},
    {"meta": {"n": 2}, "log": [{"at": "x"}] * 9, "risks": [
        {"id": "R1", "risk": "Ice", "likelihood": 5, "impact": 4},
        {"id": "R2", "risk": "Rain", "likelihood": 2, "impact": 3}]},
    {"data": {"register": {"items": [
        {"id": "R1", "name": "Ice", "assessment": {"likelihood": 5, "impact": 4}},
        {"id": "R2", "name": "Rain", "assessment": {"likelihood": 2, "impact": 3}}]}}},
    {"R1": {"risk": "Ice", "likelihood": 5, "impact": 4},
     "R2": {"risk": "Rain", "likelihood": 2, "impact": 3}},
    [{"id": "R1", "riskTitle": "Ice", "residual": {"likelihood": 5, "impact": 4}},
     {"id": "R2", "riskTitle": "Rain", "residual": {"likelihood": 2, "impact": 3}}],
    {"results": [{"ref": "R-001", "title": "Ice", "scores": {"residual": {"likelihood": 5,
      "impact": 4}}}, {"ref": "R-002", "title": "Rain", "scores": {"residual": {"likelihood": 2,
                                                                  "impact": 3}}}]},
]  # fmt: skip


@pytest.mark.parametrize("data", JSONS, ids=[str(n) for n in range(len(JSONS))])
def test_json_however_it_is_nested(data: Any) -> None:
    plan = laid(json.dumps(data))
    assert (titles(plan), plan.asked) == (["Ice", "Rain"], [])
    assert [row.levels for row in plan.rows] == [{"residual": (5, 4)}, {"residual": (2, 3)}]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|", "^", "~", "¦", "，", ":", "    "])
def test_cells_are_parted_by_any_sign(sign: str) -> None:
    rows = [["ID", "Risk", "Likelihood", "Impact"], ["R1", "Ice", "5", "4"]]
    plan = laid("\n".join(sign.join(row) for row in rows) + "\n")
    assert (titles(plan), plan.rows[0].levels) == (["Ice"], {"residual": (5, 4)})


ENCODED = [
    ("风险编号,风险名称,可能性,影响程度,责任人\n1,原材料涨价风险,4,5,王伟\n",
     "utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 gb18030 gbk"),
    ("ID,Risk,Likelihood,Impact,Owner\n1,Late castings from the north,4,5,王伟\n",
     "gb18030 utf-16-le"),
    ("風險編號,風險名稱,可能性,影響程度,負責人\n1,原物料漲價風險,4,5,王偉\n",
     "big5 gb18030 utf-16-be"),
    ("リスクID,リスク内容,発生確率,影響度,担当者\n1,納期が遅れる可能性がある,3,4,佐藤\n",
     "cp932 euc_jp utf-16-le"),
    ("번호,위험,Likelihood,Impact,담당자\n1,원자재 가격 상승,4,5,김철수\n", "cp949"),
    ("Nr;Risiko;Wahrscheinlichkeit;Schadenshöhe;Maßnahme\n1;Überschwemmung der Halle;3;4;Dämme\n",
     "cp1252 mac_roman utf-16-le"),
    ("N°;Risque;Probabilité;Gravité;Responsable\n1;Pénurie de pièces à l’étranger;3;4;Zoé\n",
     "cp1252 mac_roman utf-16-be"),
    ("Código;Riesgo;Probabilidad;Impacto;Dueño\n1;Inundación en otoño;3;4;Íñigo\n", "cp1252"),
    ("Nr;Risk;Likelihood;Impact;Właściciel\n1;Opóźnienie dostawy części zamiennych;3;4;Łukasz\n",
     "cp1250"),
    ("Č;Risk;Likelihood;Impact;Vlastník\n1;Příliš žluťoučký kůň úpěl ďábelské ódy;3;4;Jiří\n",
     "cp1250"),
    ("№;Risk;Вероятность;Влияние;Владелец\n1;Задержка поставки запасных частей;3;4;Иван\n",
     "cp1251 utf-16-le"),
    ("No;Risk;Likelihood;Impact;Sorumlu\n1;Döviz kuru dalgalanması, şüpheli müşteri;3;4;Gülşen\n",
     "cp1254"),
    ("Α/Α;Risk;Likelihood;Impact;Υπεύθυνος\n1;Καθυστέρηση παράδοσης ανταλλακτικών;3;4;Γιώργος\n",
     "cp1253"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(text, encoding) for text, encodings in ENCODED for encoding in encodings.split()],
)
def test_text_in_any_encoding(text: str, encoding: str) -> None:
    from riskreg.exchange.reading.texts import decode

    assert decode(text.encode(encoding)).lstrip("\ufeff") == text


NO_REGISTERS = {
    "staff": "Name,Department,Level,Start date,Email\nAnn,IT,5,2020-01-01,a@x.example\n",
    "bugs": "Bug ID,Title,Severity,Priority,Status,Assignee\n1,Crash,High,P1,Open,Ann\n",
    "issues": "ID,Issue,Description,Impact,Owner,Status\n1,Broken,x,High,Ann,Open\n",
    "assets": "Asset ID,Asset name,Owner,Criticality,Description\n1,Server,Ann,High,main\n",
    "controls": "Control ID,Control,Description,Owner\nA.5.1,Policies,Have them,Ann\n",
    "ledger": "Date,Description,Amount,Balance\n2026-01-01,Coffee,3,100\n",
    "survey": "Question,Rating,Comment\nHow?,5,good\n",
    "projects": "Project,Description,Status,Owner,Budget\nX,Build,Open,Ann,500\n",
    "prices": "商品编号,商品名称,单价,库存\n1,螺栓,3.2,4\n",
    "minutes": "Dear all,\nplease find the minutes of our meeting, with three topics.\n",
    "one word": "hello",
    "numbers": "1,2,3\n4,5,6\n",
    "an invoice": '{"invoice": 1, "lines": [{"sku": "a", "description": "Bolt", "price": 3}]}',
    "half a quotation": 'ID,Risk,Likelihood\n1,"Ice,5\n2,Rain,4\n',
}


@pytest.mark.parametrize("what", NO_REGISTERS)
def test_a_table_of_something_else_is_refused(what: str) -> None:
    with pytest.raises(NotARegister) as refused:
        read_file(NO_REGISTERS[what].encode())
    assert len(refused.value.detail) > 15
