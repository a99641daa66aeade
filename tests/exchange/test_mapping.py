"""Columns, scales, dates, words, amounts: what is certain is taken, what is not is asked."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from riskreg.exchange.mapping import Answers, Context, Existing, Person, Plan, plan_import
from riskreg.exchange.mapping.levels import propose_scale
from riskreg.exchange.mapping.values import (
    DayOrMonthFirst,
    NoSuchDay,
    as_day,
    as_progress,
    as_text,
    as_word,
    parse_amount,
)
from riskreg.exchange.mapping.words import RESPONSES, STATES
from riskreg.exchange.reading import read_file
from tests.exchange.books import text

LEVELS = [["Rare", "罕见"], ["Unlikely", "不太可能"], ["Possible", "可能"], ["Likely", "很可能"],
          ["Almost certain", "几乎确定"]]  # fmt: skip
ANN = Person("u-ann", "Ann Example", frozenset({"ann example", "ann@x.example", "u-ann"}), "foton")
BO = Person("u-bo", "Bo Example", frozenset({"bo example", "bo@x.example"}), "catl")


def context(**given: Any) -> Context:
    cells: dict[int, list[tuple[int, int]]] = {}
    for likelihood in range(1, 6):
        for impact in range(1, 6):
            cells.setdefault(likelihood * impact, []).append((likelihood, impact))
    usual: dict[str, Any] = {
        "today": dt.date(2026, 9, 16),
        "file": "f.csv",
        "party": "foton",
        "me": "u-me",
        "parties": 1,
        "currency": "EUR",
        "levels": {"likelihood": LEVELS, "impact": LEVELS},
        "cells": cells,
        "people": [ANN, BO],
        "taxonomies": {"category": ["Category"]},
        "terms": {"category": {"policy": "policy", "money": "money"}},
        "objectives": frozenset(),
        "existing": [],
    }
    return Context(**(usual | given))


def plan(rows: Sequence[Sequence[Any]], answers: Any = None, **given: Any) -> Plan:
    table = read_file(text(rows, "\t").encode())
    return plan_import(table, Answers(**(answers or {})), context(**given))


CERTAIN = [
    (["1", "3", "5"], [1, 3, 5]),
    (["4 - Likely", "2 (x)", "5"], [4, 2, 5]),
    (["Likely", "rare"], [4, 1]),
    (["罕见", "很可能"], [1, 4]),
    (["Very low", "High", "Medium"], [1, 4, 3]),
    (["très faible", "élevée"], [1, 4]),
    (["٣", "۵"], [3, 5]),
    (["３", "５"], [3, 5]),
]


@pytest.mark.parametrize(("values", "levels"), CERTAIN)
def test_a_scale_of_the_same_steps_is_taken(values: list[str], levels: list[int]) -> None:
    found = propose_scale(values, LEVELS)
    assert found.sure
    assert list(found.levels.values()) == levels


ASKED = [
    (["1", "2", "3"], [1, 3, 5]),
    (["1", "7", "10"], [1, 4, 5]),
    (["Low", "Medium", "High"], [1, 3, 5]),
    (["高", "中", "低"], [5, 3, 1]),
    (["I", "II", "III", "IV"], [5, 4, 2, 1]),
    (["35%", "80 %"], [2, 4]),
    (["0.35", "0,9"], [2, 5]),
    (["2/5", "5/5"], [2, 5]),
    (["1", "3", "Bad"], [1, 5, None]),
    (["NaN", "3", "5"], [None, 3, 5]),
    (["green", "amber", "orange"], [1, 2, 4]),
    # Whether there is a lowest step that no risk is on, these do not show.
    (["极高", "中", "低"], [5, 3, 2]),
    (["Sehr hoch", "gering"], [5, 2]),
    (["muy alto", "bajo"], [5, 2]),
    (["molto alta", "media"], [5, 3]),
    (["zeer hoog", "laag"], [5, 2]),
    (["非常に高い", "中程度"], [5, 3]),
]


@pytest.mark.parametrize(("values", "levels"), ASKED)
def test_another_scale_is_proposed_and_asked(values: list[str], levels: list[int]) -> None:
    found = propose_scale(values, LEVELS)
    assert not found.sure
    assert list(found.levels.values()) == levels


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2020/9/12", dt.date(2020, 9, 12)),
        ("2026年9月1日", dt.date(2026, 9, 1)),
        ("12.09.2020", dt.date(2020, 9, 12)),
        ("31/12/2026", dt.date(2026, 12, 31)),
        ("12/31/26", dt.date(2026, 12, 31)),
        (46024, dt.date(2026, 1, 2)),
        (46024.5, dt.date(2026, 1, 2)),
        ("46024", dt.date(2026, 1, 2)),
        ("20260301", dt.date(2026, 3, 1)),
        ("12 Sep 2020", dt.date(2020, 9, 12)),
        ("Sep 12, 2020", dt.date(2020, 9, 12)),
        ("1er mars 2026", dt.date(2026, 3, 1)),
        ("15. März 2026", dt.date(2026, 3, 15)),
        ("3 de mayo de 2026", dt.date(2026, 5, 3)),
        ("2026-03-31T10:00:00Z", dt.date(2026, 3, 31)),
        ("۲۰۲۶-۰۳-۳۱", dt.date(2026, 3, 31)),
        (dt.datetime(2026, 3, 31, 10, tzinfo=dt.UTC), dt.date(2026, 3, 31)),
        ("Mon, 01 Jun 2026", dt.date(2026, 6, 1)),
        ("Saturday, 12 September 2020", dt.date(2020, 9, 12)),
        ("2026年3月31号", dt.date(2026, 3, 31)),
        ("2026年03月31日 星期二", dt.date(2026, 3, 31)),
        ("民國115年3月31日", dt.date(2026, 3, 31)),
        ("令和8年3月31日", dt.date(2026, 3, 31)),
        ("1º de março de 2026", dt.date(2026, 3, 1)),
        ("Jan 5, 2026 3:00 PM", dt.date(2026, 1, 5)),
        ("2026-W14-2", dt.date(2026, 3, 31)),
        ("20260331T100000Z", dt.date(2026, 3, 31)),
        ("bis 31.12.2026", dt.date(2026, 12, 31)),
        ("~2026-03-31", dt.date(2026, 3, 31)),
        ("March 2026", None),
        ("soon", None),
        ("Q3 2026", None),
        (3, None),
        (True, None),
    ],
)
def test_dates_of_every_shape(value: Any, day: dt.date | None) -> None:
    assert as_day(value) == day


def test_days_that_are_two_or_none() -> None:
    with pytest.raises(DayOrMonthFirst):
        as_day("3/4/2026")
    assert as_day("3/4/2026", True) == dt.date(2026, 4, 3)
    assert as_day("3/4/2026", False) == dt.date(2026, 3, 4)
    with pytest.raises(NoSuchDay):
        as_day("2026-02-31")


@pytest.mark.parametrize(
    ("value", "amount", "currency"),
    [
        ("€ 1.200,50", "1200.50", "EUR"),
        ("12,000 CNY", "12000", "CNY"),
        ("3万元", "30000", "CNY"),
        ("1.2 million", "1200000", ""),
        ("$5k", "5000", "USD"),
        ("1 200 000", "1200000", ""),
        ("1.000", "1000", ""),
        ("1,5", "1.5", ""),
    ],
)
def test_amounts(value: str, amount: str, currency: str) -> None:
    assert parse_amount(value) == (Decimal(amount), currency)


def test_words_of_states_and_responses() -> None:
    states = [as_word(w, STATES) for w in ("On Hold", "已关闭", "En cours", "Critical")]
    assert states == ["open", "closed", "open", None]
    answers = [as_word(w, RESPONSES) for w in ("Reduce", "风险转移", "Akzeptieren", "évitement")]
    assert answers == ["mitigate", "transfer", "accept", "avoid"]
    assert (as_progress("0.4"), as_progress("40 %"), as_progress("140")) == (40, 40, None)
    assert as_text("<p>Cold &amp; wet</p><p>x</p>") == "Cold & wet\nx"
    assert as_text("a < b and c > d") == "a < b and c > d"


def test_a_stage_that_is_not_named_is_the_one_that_is_missing() -> None:
    rows = [["Risk", "L", "I", "Residual L", "Residual I"], ["Ice", 4, 5, 2, 5]]
    assert plan(rows).rows[0].levels == {"inherent": (4, 5), "residual": (2, 5)}
    rows = [["Risk", "L", "I"], ["Ice", 4, 5]]
    assert plan(rows).rows[0].levels == {"residual": (4, 5)}


def test_an_owner_is_matched_or_kept_but_never_dropped() -> None:
    rows = [["Risk", "Likelihood", "Owner"], ["Ice", 5, "Ann Example"],
            ["Castings", 4, "Foundry team"], ["Permit", 3, "Bo <bo@x.example>"]]  # fmt: skip
    found = plan(rows)
    assert [row.fields.get("owner") for row in found.rows] == ["u-ann", None, "u-bo"]
    assert [row.owner_name for row in found.rows] == ["", "Foundry team", ""]
    private = plan(rows, parties=2)
    assert private.visibility == "party"
    assert private.rows[2].owner_name == "Bo <bo@x.example>"
    named = plan(rows, {"people": {"Foundry team": "ann@x.example"}})
    assert named.rows[1].fields["owner"] == "u-ann"


def test_crosses_under_levels_say_where_it_stands() -> None:
    head = ["Risk", *(f"Impact {n}" for n in range(1, 6)), "Likelihood"]
    found = plan([head, ["Ice", "", "", "x", "", "", 5], ["Rain", "x", "", "", "", "", 2],
                  ["Wind", "", "", "", "", "x", 2]])  # fmt: skip
    assert [row.levels["residual"] for row in found.rows] == [(5, 3), (2, 1), (2, 5)]


def test_a_product_alone_is_certain_where_one_cell_has_it() -> None:
    found = plan([["Risk", "Risk score"], ["Ice", 25], ["Rain", 12], ["Wind", 1]])
    assert found.scaling.shown["Risk score"] == {"25": "5x5", "12": None, "1": "1x1"}
    assert [question.row for question in found.asked] == [3]
    assert "3x4, 4x3" in found.asked[0].question
    answered = plan(
        [["Risk", "Risk score"], ["Rain", 12]], {"scales": {"Risk score": {"12": "3x4"}}}
    )
    assert (answered.asked, answered.rows[0].levels) == ([], {"residual": (3, 4)})


def test_a_date_of_two_meanings_is_asked_once_and_answered() -> None:
    rows = [["Risk", "Likelihood", "Date raised"], ["Ice", 5, "3/4/2026"], ["Rain", 4, "5/4/2026"]]
    found = plan(rows)
    assert [(q.row, q.column) for q in found.asked] == [(2, "Date raised")]
    found = plan(rows, {"dates": {"Date raised": "day_first"}})
    assert found.rows[1].identified_on == dt.date(2026, 4, 5)
    rows.append(["Wind", 3, "13/4/2026"])
    assert not plan(rows).asked


def test_a_day_that_is_none_refuses_its_row_alone() -> None:
    rows = [["Risk", "Likelihood", "Date raised"], ["Ice", 5, "2026-02-31"],
            ["Rain", 4, "2026-02-28"]]  # fmt: skip
    found = plan(rows).to_json()
    assert found["refused"] == [
        {"row": 2, "column": "Date raised", "why": "The calendar has no 2026-02-31."}
    ]
    assert (found["rows"], found["new"]) == (2, 1)


def test_two_rows_of_one_id_and_a_row_without_a_risk() -> None:
    found = plan([["ID", "Risk", "Description", "Likelihood"], ["1", "Ice", "a", 5],
                  ["1", "Rain", "b", 4], ["2", "", "", 3]])  # fmt: skip
    assert [row.outcome for row in found.rows] == ["new", "refused"]
    assert "Row 2" in found.refused[0].why
    assert "Row 4" in found.notes[-1]


def test_terms_by_name_and_the_rest_is_kept() -> None:
    found = plan([["Risk", "Response", "Category", "Weather"], ["Ice", "", "Policy", "cold"],
                  ["Rain", "", "Money; Snow", "wet"]])  # fmt: skip
    assert found.rows[0].fields["terms"] == ["category:policy"]
    assert found.rows[0].kept == [("Weather", "cold")]
    assert found.rows[1].kept == [("Weather", "wet"), ("Category", "Snow")]


def test_work_in_the_row_needs_a_day() -> None:
    head = ["Risk", "Likelihood", "Actions", "Due date", "Cost", "Progress"]
    found = plan([head, ["Ice", 5, "Grit the ramp", "2026-12-01", "€ 1.200,50", "40%"],
                  ["Rain", 4, "Mend the roof", "", "", ""],
                  ["Wind", 3, "Tie the tarps", "2026-12-02", "300 USD", ""]])  # fmt: skip
    assert found.rows[0].mitigation == {
        "title": "Grit the ramp", "due_on": "2026-12-01", "progress": 40, "cost": "1200.50",
    }  # fmt: skip
    assert found.rows[1].mitigation is None
    assert ("Actions", "Mend the roof") in found.rows[1].kept
    assert ("Cost", "300 USD") in found.rows[2].kept


def existing(ref: str, **values: Any) -> Existing:
    return Existing(
        ref, 3, True, {"title": "Ice on the ramp", "state": "open", **values}, {"residual": (5, 3)}
    )


def test_what_is_there_is_found_by_id_by_name_or_asked() -> None:
    head = ["ID", "Risk", "Likelihood", "Impact"]
    there = [existing("R-001", external_id="A-1")]
    found = plan([head, ["A-1", "Ice on the ramp", 5, 3]], existing=there)
    assert (found.rows[0].outcome, found.rows[0].ref) == ("skipped", "R-001")
    found = plan([head, ["A-1", "Ice on the ramp", 5, 4]], existing=there)
    assert found.rows[0].changes == {"residual": ["5x3", "5x4"]}
    assert found.rows[0].outcome == "updated"
    found = plan([head, ["B-1", "Ice on the ramp", 5, 4]], existing=there)
    assert found.rows[0].outcome == "new"
    no_id = [existing("R-001")]
    found = plan([head, ["", "ice on the Ramp ", 5, 3]], existing=no_id)
    assert found.rows[0].ref == "R-001"
    found = plan([head, ["", "Ice on the ramps", 5, 3]], existing=no_id)
    assert "R-001" in found.asked[0].question
    found = plan(
        [head, ["", "Ice on the ramps", 5, 3]], {"matches": {"2": "R-001"}}, existing=no_id
    )
    assert not found.asked
    assert found.rows[0].changes == {"title": ["Ice on the ramp", "Ice on the ramps"]}


def test_rows_that_differ_in_their_measure_alone_are_one_risk() -> None:
    head = ["ID", "Risk", "Likelihood", "Actions", "Due date"]
    found = plan([head, ["1", "Ice", 5, "Grit the ramp", "2026-12-01"],
                  ["1", "Ice", 5, "Heat the ramp", "2026-12-02"],
                  ["1", "Rain", 5, "Mend the roof", "2026-12-02"]])  # fmt: skip
    assert [row.outcome for row in found.rows] == ["new", "skipped", "refused"]
    assert [work["title"] for work in found.rows[0].more] == ["Heat the ramp"]


def test_a_row_of_more_cells_than_the_header_is_refused_and_not_read_askew() -> None:
    table = read_file(b"Risk,Likelihood,Owner\nIce, on the ramp,5,Ann\nRain,5,Bo\n")
    found = plan_import(table, Answers(), context())
    assert [row.outcome for row in found.rows] == ["refused", "new"]
    assert found.asked == []
    assert "quotes" in found.refused[0].why
