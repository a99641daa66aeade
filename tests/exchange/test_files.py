"""Files as programs write them: JSON of every nesting, any separator, any encoding."""

import json
from typing import Any

import pytest

from riskreg.exchange.reading import NotARegister, read_file
from tests.exchange.test_shapes import laid, titles

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
     "cp1250 iso8859_2 cp852"),
    ("Č;Risk;Likelihood;Impact;Vlastník\n1;Příliš žluťoučký kůň úpěl ďábelské ódy;3;4;Jiří\n",
     "cp1250 iso8859_2"),
    ("Nr;Risiko;Wahrscheinlichkeit;Größe;Maßnahme\n1;Überkapazität für Öl im März;3;4;Dämme\n",
     "cp850"),
    ("No;Risque;Probabilité;Gravité;Responsable\n1;Pénurie de pièces à l'étranger;3;4;Zoé\n",
     "cp850"),
    ("No;Riesgo;Probabilidad;Impacto;Dueño\n1;Inundación crítica de otoño;3;4;Íñigo\n", "cp850"),
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
