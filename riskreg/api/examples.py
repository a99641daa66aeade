"""Examples in the schema. Every score, amount and name in them is illustrative."""

from typing import Any

from riskreg.api import (
    examples_acceptances,
    examples_analysis,
    examples_board_packs,
    examples_changes,
    examples_comments,
    examples_decisions,
    examples_evidence,
    examples_frame,
    examples_indicators,
    examples_pack_schedules,
    examples_reminders,
    examples_reviews,
)
from riskreg.api.examples_base import AXES, OWNER, ROOT, example_of_table, page
from riskreg.risks import fields

_CELL = {"likelihood": 4, "impact": 4, "score": 16, "rating": "critical"}

RISK = example_of_table(fields.RISK, "risks/R-001/")
_ASSESSMENT = {
    "id": "0b5a7e0c-3f4f-4d55-8a34-6dbb8e3a5d10",
    "stage": "residual",
    **_CELL,
    "criteria": 1,
    "dimension": "cost",
    "rationale": "Two markets have opened inquiries (illustrative)",
    "translations": {},
    "label": "illustrative",
    "visibility": "shared",
    "assessor": OWNER,
    "at": "2026-09-16T08:00:00Z",
    "recorded_at": "2026-09-16T08:00:00Z",
    "brought_in": False,
}
_MITIGATION = example_of_table(fields.MITIGATION, "mitigations/M-001/")
_DUTY = {
    "kind": "risk.review",
    "subject": "9a3b4d8e-2d0b-4f7a-8a8c-4f1d2b0c9e21",
    "ref": "R-001",
    "title": "Overseas policy barriers",
    "due_on": "2026-09-10",
    "overdue": True,
    "extended_until": "2026-09-24",
    "party": "foton",
    "visibility": "shared",
    "owner": OWNER,
    "deputy": None,
    "part": "owner",
    "facts": "critical 16",
    "page": "http://127.0.0.1:8000/r/foton-catl/risks/R-001/review/",
}
_DEPUTY = {"id": "2c9e7b54-8f0a-4d0e-9a34-5b1de0c1f7a2", "name": "Deputy risk owner"}
_ABSENCE_ID = "b1a2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d"
_ABSENCE = {
    "id": _ABSENCE_ID,
    "user": OWNER,
    "starts_on": "2026-09-21",
    "until_on": "2026-10-09",
    "stand_in": _DEPUTY,
    "stand_in_away": False,
    "note": "at a plant",
    "end_url": ROOT + f"absences/{_ABSENCE_ID}/end/",
}
_HANDOVER = {
    "id": "d0c1b2a3-4f5e-4d6c-8b7a-9a8b7c6d5e4f",
    "from": OWNER,
    "to": _DEPUTY,
    "by": {"id": "6e5d4c3b-2a19-4f08-9e7d-8c6b5a493827", "name": "Risk manager"},
    "part": "all",
    "reason": "A new post",
    "at": "2026-09-16T08:00:00Z",
    "counts": {"owned": 3, "deputised": 2, "mitigations": 1, "indicators": 1, "controls": 1},
}
_REGISTER = {
    "slug": "foton-catl",
    "url": ROOT,
    "name": "Electrification programme",
    "role": "owner",
    "party": "foton",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "notice": "Illustration made from public sources.",
    "archived_at": None,
}


ANSWERS: dict[str, Any] = {
    **examples_acceptances.ANSWERS,
    **examples_decisions.ANSWERS,
    **examples_analysis.ANSWERS,
    **examples_changes.ANSWERS,
    **examples_comments.ANSWERS,
    **examples_board_packs.ANSWERS,
    **examples_pack_schedules.ANSWERS,
    **examples_evidence.ANSWERS,
    **examples_frame.ANSWERS,
    **examples_indicators.ANSWERS,
    **examples_reminders.ANSWERS,
    **examples_reviews.ANSWERS,
    "List my registers": page(_REGISTER),
    "List risks": page(RISK),
    "Read a risk": RISK,
    "Create a risk": {**RISK, "state": "draft", "version": 1},
    "Change a risk": {**RISK, "version": 8},
    "Assess a risk": _ASSESSMENT,
    "List the assessments of a risk": page(_ASSESSMENT),
    "List mitigations": page(_MITIGATION),
    "Read a mitigation": _MITIGATION,
    "Plan a mitigation": {
        **_MITIGATION,
        "status": "planned",
        "progress": 0,
        "next_update_on": None,
        "version": 1,
    },
    "List duties": page(_DUTY),
    "List my work": page({"register": "foton-catl", **_DUTY}),
    "List absences": page(_ABSENCE),
    "Record an absence": _ABSENCE,
    "End an absence": {"id": _ABSENCE["id"], "ended_at": "2026-09-18T01:00:00Z"},
    "List hand-overs": page(_HANDOVER),
    "Hand over": _HANDOVER,
    "Read the heatmap": {
        "stage": "residual",
        "kind": "threat",
        "as_of": "2026-06-30",
        "criteria": 1,
        "axes": AXES,
        "total": 4,
        "parts": "within",
        "left_out": {"count": 1, "refs": ["R-005"]},
        "other": {"kind": "opportunity", "total": 1},
        "cells": [{**_CELL, "count": 3, "refs": ["R-001", "R-002", "R-004"]}],
        "unrated": {"count": 1, "refs": ["R-003"]},
        "compared_to": "2025-12-31",
        "scale_changed_on": [],
        "moves": [
            {
                "ref": "R-001",
                "from": {"likelihood": 3, "impact": 4, "score": 12, "rating": "high"},
                "to": _CELL,
                "by_scale": False,
            }
        ],
        "opened": ["R-004"],
        "closed": [],
        "totals": {"moves": 1, "opened": 1, "closed": 0},
    },
    "Read the changes feed": {
        "next": None,
        "previous": None,
        "cursor": "WzE3LDJd:signature",
        "results": [
            {
                "chain": "shared",
                "seq": 17,
                "at": "2026-09-16T08:00:00Z",
                "recorded_at": "2026-09-16T08:00:00Z",
                "brought_in": False,
                "actor": OWNER,
                "verb": "risk.edited",
                "object": {
                    "type": "risk",
                    "ref": "R-001",
                    "id": "9a3b4d8e-2d0b-4f7a-8a8c-4f1d2b0c9e21",
                    "version": 8,
                },
                "withheld": False,
                "changes": {"title": ["Policy barriers", "Overseas policy barriers"]},
            }
        ],
    },
}
REQUESTS: dict[str, Any] = {
    **examples_acceptances.REQUESTS,
    **examples_decisions.REQUESTS,
    **examples_analysis.REQUESTS,
    **examples_changes.REQUESTS,
    **examples_comments.REQUESTS,
    **examples_board_packs.REQUESTS,
    **examples_pack_schedules.REQUESTS,
    **examples_evidence.REQUESTS,
    **examples_frame.REQUESTS,
    **examples_indicators.REQUESTS,
    **examples_reminders.REQUESTS,
    **examples_reviews.REQUESTS,
    "Create a risk": {
        "title": "Overseas policy barriers",
        "cause": "A market decides on new duties",
        "event": "Vehicles become dearer there",
        "consequence": "Fewer are sold than planned",
        "terms": ["market:eu"],
        "external_id": "erp-4711",
    },
    "Change a risk": {"response": "mitigate"},
    "Close a risk": {"reason": "The market was left"},
    "Reopen a risk": {"reason": "The market was entered again"},
    "Hand a risk over": {"owner": "owner@foton.example"},
    "Assess a risk": {
        "stage": "residual",
        "likelihood": 4,
        "impact": 4,
        "dimension": None,
        "rationale": "Two markets have opened inquiries (illustrative)",
        "label": "illustrative",
    },
    "Review a risk": {
        "outcome": "rescored",
        "comment": "Looked at with sales",
        "assessment": {"likelihood": 4, "impact": 4},
    },
    "Plan a mitigation": {
        "title": "Assemble locally",
        "due_on": "2027-03-31",
        "cost": "1200000.00",
        "risks": ["R-001"],
        "labels": {"cost": "illustrative"},
    },
    "Change a mitigation": {"progress": 55},
    "Record an absence": {
        "starts_on": "2026-09-21",
        "until_on": "2026-10-09",
        "stand_in": "deputy@foton.example",
        "note": "at a plant",
    },
    "Hand over": {
        "from": "owner@foton.example",
        "to": "deputy@foton.example",
        "reason": "A new post",
    },
}
