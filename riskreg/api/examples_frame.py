"""Examples of a register's frame: classifications and terms. Everything in them is illustrative."""

from typing import Any

from riskreg.api.examples_base import AXES, OWNER, ROOT, example_of_table
from riskreg.register.fields import OBJECTIVE
from riskreg.register.own_appetite_fields import OWN_APPETITE
from riskreg.risks.fields import CONTROL, RELATION

_ROOT = "http://127.0.0.1:8000/api/v1/registers/foton-catl/"
_TAXONOMY = {
    "id": "5f6f4b5e-2b55-4b0a-9a3c-0b8f4a1d7c10",
    "key": "market",
    "url": _ROOT + "taxonomies/market/",
    "name": "Market",
    "names": {"en": "Market", "zh-hans": "市场"},
    "position": 2,
    "terms_url": _ROOT + "terms/?taxonomy=market",
    "version": 1,
}
_TERM = {
    "id": "c2a1f4a4-5b7e-4f0e-8a55-1c2f3d4e5a60",
    "ref": "market:eu",
    "url": _ROOT + "terms/market:eu/",
    "taxonomy": "market",
    "key": "eu",
    "name": "European Union",
    "names": {"en": "European Union", "zh-hans": "欧盟"},
    "position": 0,
    "source": {},
    "active": True,
    "retired_at": None,
    "merged_into": None,
    "version": 1,
}


_OBJECTIVE = example_of_table(OBJECTIVE, "objectives/overseas-units-2030/")
_OWN_APPETITE = example_of_table(
    OWN_APPETITE, "own-appetites/7b1f3c58-0a4e-4c58-9a0f-2f6d1e9b4a37/"
)
_CONTROL = example_of_table(CONTROL, "controls/a4c5d2f0-71f3-4d6e-8f0b-2f7c6b1e9d33/")
_RELATION = example_of_table(RELATION, "relations/c1b0a7de-52f4-4a35-9d4e-6a6a1d5c0f21/")
_RELATION["noted_by"] = OWNER
_PROGRAMME: dict[str, Any] = {
    "starts_on": "2025-02-08",
    "ends_on": "2035-02-07",
    "horizon_on": "2035-12-31",
    "places": {"en": "Ningde, Fujian", "zh-hans": "福建宁德"},
    "exits": {},
    "likelihood_over": "year",
    "label": "judgement",
    "source": {},
    "milestones": [
        {
            "names": {"en": "Half of the term", "zh-hans": "期中评估"},
            "kind": "gate",
            "due_on": "2030-02-08",
            "reached_on": None,
            "label": "illustrative",
        }
    ],
}
_CRITERIA_NEW: dict[str, Any] = {
    "likelihood": [
        {"names": {"en": name, "zh-hans": zh}}
        for name, zh in (("Unlikely", "不太可能"), ("Possible", "可能"), ("Likely", "很可能"))
    ],
    "impact": [
        {"names": {"en": name, "zh-hans": zh}}
        for name, zh in (("Limited", "有限"), ("Serious", "较大"), ("Severe", "严重"))
    ],
    "ratings": [
        {"key": "low", "names": {"en": "Low"}, "cadence_days": 120, "accept_role": "owner"},
        {"key": "high", "names": {"en": "High"}, "cadence_days": 30, "accept_role": "leader"},
    ],
    "cells": [
        {"likelihood": x, "impact": y, "rating": "high" if x * y > 4 else "low"}
        for x in (1, 2, 3)
        for y in (1, 2, 3)
    ],
    "appetite": "high",
    "term_appetites": [{"term": "market:eu", "rating": "low"}],
    "tolerance": [{"amount": 200000000, "chance": 0.2}, {"amount": 600000000, "chance": 0.02}],
    "mapping": {"likelihood": {"4": 3, "5": 3}, "impact": {"4": 3, "5": None}},
}


def _page(row: dict[str, Any]) -> dict[str, Any]:
    return {"next": None, "previous": None, "results": [row]}


_OWN_AXES = {
    "across": "likelihood",
    "likelihood": {"name": "Probability", "names": {"en": "Probability", "zh-hans": "概率"}},
    "impact": {"name": "Severity", "names": {"en": "Severity", "zh-hans": "严重程度"}},
}

_PARTY = {
    "id": "7c1f2a90-52f6-4f0e-9a55-0b9b8e0c4c21",
    "url": f"{ROOT}parties/catl/",
    "key": "catl",
    "name": "CATL",
    "names": {"en": "CATL", "zh-hans": "宁德时代"},
    "prefix": "C",
    "version": 1,
}
_ARCHIVED = {
    "slug": "foton-catl",
    "url": ROOT,
    "archived_at": "2026-09-16T08:00:00Z",
}

ANSWERS: dict[str, Any] = {
    "List parties": _page(_PARTY),
    "Add a party": _PARTY,
    "Read a party": _PARTY,
    "Change a party": {**_PARTY, "version": 2},
    "Archive a register": _ARCHIVED,
    "Restore a register": {**_ARCHIVED, "archived_at": None},
    "Read the axes": AXES,
    "Set the axes": _OWN_AXES,
    "Read the programme": _PROGRAMME,
    "Set the programme": _PROGRAMME,
    "List relations": _page(_RELATION),
    "Relate two risks": _RELATION,
    "Read a relation": _RELATION,
    "End a relation": {
        **_RELATION, "active": False, "ended_at": "2026-09-16T08:00:00Z", "version": 2,
        "end_reason": "The two were assessed apart",
    },
    "List controls": _page(_CONTROL),
    "Note a control": _CONTROL,
    "Read a control": _CONTROL,
    "Change a control": {
        **_CONTROL, "effectiveness": "effective", "tested_on": "2026-09-16", "version": 2,
        "tested_by": OWNER, "next_test_on": "2027-03-15",
    },
    "Record a test of a control": {
        **_CONTROL, "effectiveness": "effective", "tested_on": "2026-09-16", "version": 2,
        "tested_by": OWNER, "next_test_on": "2027-03-15",
    },
    "End a control": {
        **_CONTROL, "active": False, "ended_at": "2026-09-16T08:00:00Z", "version": 2,
        "end_reason": "The contract has run out",
    },
    "List own appetites": _page(_OWN_APPETITE),
    "Set an own appetite": _OWN_APPETITE,
    "Read an own appetite": _OWN_APPETITE,
    "Change an own appetite": {**_OWN_APPETITE, "rating": "low", "version": 2},
    "List objectives": _page(_OBJECTIVE),
    "Add an objective": _OBJECTIVE,
    "Read an objective": _OBJECTIVE,
    "Change an objective": {**_OBJECTIVE, "due_on": "2031-12-31", "version": 2},
    "Preview criteria": {
        "scale_differs": True,
        "changes": [
            {
                "risk": "R-001",
                "stage": "residual",
                "from": {"likelihood": 4, "impact": 4, "score": 16, "rating": "critical"},
                "to": {"likelihood": 3, "impact": 3, "score": 9, "rating": "high"},
            }
        ],
        "above_appetite": [{"risk": "R-004", "now": False, "then": True}],
        "outdated_own_appetites": [{"id": _OWN_APPETITE["id"], "rating": "moderate"}],
        "findings": {
            "now": ["No cell is rated above another that can only hold larger risks."],
            "then": ["No cell is rated above another that can only hold larger risks."],
        },
    },
    "List classifications": _page(_TAXONOMY),
    "Add a classification": _TAXONOMY,
    "Read a classification": _TAXONOMY,
    "Rename a classification": {**_TAXONOMY, "version": 2},
    "List terms": _page(_TERM),
    "Add a term": _TERM,
    "Read a term": _TERM,
    "Change a term": {
        **_TERM, "active": False, "retired_at": "2026-09-16T08:00:00Z", "version": 2,
    },
    "Merge a term into another": _TERM,
}  # fmt: skip
REQUESTS: dict[str, Any] = {
    "Add a party": {"names": {"en": "CATL", "zh-hans": "宁德时代"}, "prefix": "C"},
    "Change a party": {"names": {"en": "CATL", "zh-hans": "宁德时代"}},
    "Archive a register": {"reason": "The programme has ended"},
    "Set the axes": {
        "across": "likelihood",
        "likelihood": {"names": {"en": "Probability", "zh-hans": "概率"}},
        "impact": {"names": {"en": "Severity", "zh-hans": "严重程度"}},
    },
    "Set the programme": _PROGRAMME,
    "Relate two risks": {
        "risk": "R-025",
        "kind": "part_of",
        "other": "R-001",
        "note": "The article names it as an example",
    },
    "End a relation": {"reason": "The two were assessed apart"},
    "Note a control": {
        "name": "Two suppliers in two regions",
        "kind": "preventive",
        "risks": ["R-001", "R-004"],
        "test_every_days": 180,
    },
    "Change a control": {"tested_on": "2026-09-16", "effectiveness": "effective"},
    "Record a test of a control": {"effectiveness": "effective", "tested_on": "2026-09-16"},
    "End a control": {"reason": "The contract has run out"},
    "Set an own appetite": {
        "term": "market:eu",
        "rating": "medium",
        "reasons": {
            "en": "Few of our vehicles are sold there yet",
            "zh-hans": "我方在当地销量尚少",
        },
        "label": "judgement",
    },
    "Change an own appetite": {"rating": "low"},
    "Add an objective": {
        "names": {"en": "Vehicles sold overseas", "zh-hans": "海外销量"},
        "value": "300000",
        "baseline": "150000",
        "unit": "vehicles",
        "due_on": "2030-12-31",
        "label": "illustrative",
    },
    "Change an objective": {"due_on": "2031-12-31"},
    "Publish criteria": _CRITERIA_NEW,
    "Preview criteria": _CRITERIA_NEW,
    "Add a classification": {
        "names": {"en": "Market", "zh-hans": "市场"},
        "terms": [{"key": "eu", "names": {"en": "European Union", "zh-hans": "欧盟"}}],
    },
    "Rename a classification": {"names": {"en": "Market", "zh-hans": "市场"}},
    "Add a term": {"taxonomy": "market", "names": {"en": "European Union", "zh-hans": "欧盟"}},
    "Change a term": {"active": False},
    "Merge a term into another": {"into": "market:eu"},
}
