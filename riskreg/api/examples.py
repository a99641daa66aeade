"""Examples in the schema. Every score, amount and name in them is illustrative."""

from typing import Any

from riskreg.api import examples_frame, examples_reviews
from riskreg.api.errors import KINDS

_OWNER = {"id": "5f0c1f0e-6f0b-4a53-9d0f-0d6d0f3d7a11", "name": "Overseas policy risk owner"}
_ROOT = "http://127.0.0.1:8000/api/v1/registers/foton-catl/"
_CELL = {"likelihood": 4, "impact": 4, "score": 16, "rating": "critical"}

RISK: dict[str, Any] = {
    "ref": "R-001",
    "url": _ROOT + "risks/R-001/",
    "title": "Overseas policy barriers",
    "cause": "A market decides on new duties",
    "event": "Vehicles become dearer there",
    "consequence": "Fewer are sold than planned",
    "kind": "threat",
    "state": "open",
    "response": "mitigate",
    "party": "foton",
    "visibility": "shared",
    "owner": _OWNER,
    "deputy": None,
    "scores": {
        "inherent": {"likelihood": 4, "impact": 5, "score": 20, "rating": "critical"},
        "residual": _CELL,
        "target": None,
    },
    "marks": [],
    "terms": {"category": ["policy"], "market": ["eu"]},
    "objectives": ["overseas-units-2030"],
    "next_review_on": "2026-12-15",
    "last_reviewed_on": "2026-09-16",
    "overdue": False,
    "external_id": None,
    "sources": [],
    "labels": {"response": "illustrative"},
    "translations": {"zh-hans": {"title": "海外政策壁垒"}},
    "outdated_translations": {},
    "version": 7,
    "created_at": "2025-02-10T02:00:00Z",
    "updated_at": "2026-09-16T08:00:00Z",
}
_ASSESSMENT = {
    "id": "0b5a7e0c-3f4f-4d55-8a34-6dbb8e3a5d10",
    "stage": "residual",
    **_CELL,
    "criteria": 1,
    "rationale": "Two markets have opened inquiries (illustrative)",
    "translations": {},
    "label": "illustrative",
    "visibility": "shared",
    "assessor": _OWNER,
    "at": "2026-09-16T08:00:00Z",
    "recorded_at": "2026-09-16T08:00:00Z",
    "brought_in": False,
}
_INDICATOR = {
    "ref": "K-001",
    "url": _ROOT + "indicators/K-001/",
    "name": "CBAM certificate price",
    "names": {"en": "CBAM certificate price", "zh-hans": "CBAM证书价格"},
    "descriptions": {},
    "unit": "EUR/tCO2",
    "kind": "fixed",
    "direction": "higher_is_worse",
    "amber": "75",
    "red": "95",
    "amber_low": None,
    "red_low": None,
    "objective": None,
    "growth": "",
    "start_on": None,
    "start_value": None,
    "hysteresis": "1",
    "breach_at": "red",
    "frequency_days": 90,
    "grace_days": 10,
    "label": "illustrative",
    "limit_notes": {},
    "outdated_translations": {},
    "source": {},
    "party": "foton",
    "visibility": "shared",
    "owner": _OWNER,
    "risks": ["R-001"],
    "active": True,
    "status": "red",
    "latest": {"at": "2026-09-15T16:00:00Z", "value": "97.5"},
    "next_reading_on": "2026-12-25",
    "late": False,
    "version": 1,
    "created_at": "2026-09-01T08:00:00Z",
    "updated_at": "2026-09-16T08:00:00Z",
}
_READING = {
    "id": "7c0f3f0a-9f5e-4a43-8c57-0b1c7d1a2e33",
    "at": "2026-09-15T16:00:00Z",
    "value": "97.5",
    "precision": "day",
    "label": "illustrative",
    "source": {},
    "origin": "api",
    "recorded_by": _OWNER,
    "recorded_at": "2026-09-16T08:00:00Z",
    "corrects": None,
    "counts": True,
}
_MITIGATION = {
    "ref": "M-001",
    "url": _ROOT + "mitigations/M-001/",
    "title": "Assemble locally",
    "description": "Ship kits and assemble them in the market",
    "expected_effect": "Likelihood falls by one level",
    "status": "in_progress",
    "party": "foton",
    "visibility": "shared",
    "owner": _OWNER,
    "due_on": "2027-03-31",
    "cost": "1200000.00",
    "currency": "CNY",
    "progress": 40,
    "next_update_on": "2026-10-16",
    "risks": ["R-001"],
    "labels": {"cost": "illustrative"},
    "translations": {},
    "outdated_translations": {},
    "version": 3,
    "created_at": "2026-01-15T02:00:00Z",
    "updated_at": "2026-09-16T08:00:00Z",
}
_RUNG = {
    "offset_days": 0,
    "tells": ["owner", "deputy"],
    "users": [],
    "channels": ["mail"],
    "interrupts": False,
}
_LADDER = {
    "number": 1,
    "rungs": [
        {**_RUNG, "offset_days": -14, "tells": ["owner"]},
        _RUNG,
        {
            "offset_days": 21,
            "tells": ["owner", "managers", "leaders"],
            "users": [_OWNER],
            "channels": ["mail", "chat"],
            "interrupts": True,
        },
    ],
}
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
    "owner": _OWNER,
    "deputy": None,
    "part": "owner",
    "facts": "critical 16",
    "page": "http://127.0.0.1:8000/r/foton-catl/risks/R-001/review/",
}
_DEPUTY = {"id": "2c9e7b54-8f0a-4d0e-9a34-5b1de0c1f7a2", "name": "Deputy risk owner"}
_ABSENCE_ID = "b1a2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d"
_ABSENCE = {
    "id": _ABSENCE_ID,
    "user": _OWNER,
    "starts_on": "2026-09-21",
    "until_on": "2026-10-09",
    "stand_in": _DEPUTY,
    "stand_in_away": False,
    "note": "at a plant",
    "end_url": _ROOT + f"absences/{_ABSENCE_ID}/end/",
}
_HANDOVER = {
    "id": "d0c1b2a3-4f5e-4d6c-8b7a-9a8b7c6d5e4f",
    "from": _OWNER,
    "to": _DEPUTY,
    "by": {"id": "6e5d4c3b-2a19-4f08-9e7d-8c6b5a493827", "name": "Risk manager"},
    "part": "all",
    "reason": "A new post",
    "at": "2026-09-16T08:00:00Z",
    "counts": {"owned": 3, "deputised": 2, "mitigations": 1, "indicators": 1},
}
_REGISTER = {
    "slug": "foton-catl",
    "url": _ROOT,
    "name": "Electrification programme",
    "role": "owner",
    "party": "foton",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "notice": "Illustration made from public sources.",
}


_WEBHOOK = {
    "id": "2f6a1c52-8a0e-4f0b-9a51-6f6d7e1b8c44",
    "url": _ROOT + "webhooks/2f6a1c52-8a0e-4f0b-9a51-6f6d7e1b8c44/",
    "name": "ERP",
    "address": "erp.foton.example …in/7",
    "language": "en",
    "enabled": True,
    "disabled_at": None,
    "disabled_why": "",
    "last_delivery": None,
    "version": 1,
    "created_at": "2026-09-16T08:00:00Z",
}
_WEBHOOK_DELIVERY = {
    "id": "d0c5e0c8-51b7-4c39-8a0f-6a3d6a2f1b09",
    "type": "endpoint.test",
    "state": "pending",
    "attempts": 0,
    "error": "",
    "at": "2026-09-16T08:00:00Z",
    "sent_at": None,
}


def _page(*rows: Any) -> dict[str, Any]:
    return {"next": None, "previous": None, "results": list(rows)}


ANSWERS: dict[str, Any] = {
    **examples_frame.ANSWERS,
    **examples_reviews.ANSWERS,
    "List webhooks": _page(_WEBHOOK),
    "Read a webhook": _WEBHOOK,
    "Add a webhook": {**_WEBHOOK, "secret": "whsec_…"},
    "Change a webhook": {**_WEBHOOK, "enabled": False, "version": 2},
    "Rotate the secret of a webhook": {**_WEBHOOK, "version": 2, "secret": "whsec_…"},
    "Try a webhook out": _WEBHOOK_DELIVERY,
    "List my registers": _page(_REGISTER),
    "List risks": _page(RISK),
    "Read a risk": RISK,
    "Create a risk": {**RISK, "state": "draft", "version": 1},
    "Change a risk": {**RISK, "version": 8},
    "Assess a risk": _ASSESSMENT,
    "List the assessments of a risk": _page(_ASSESSMENT),
    "List mitigations": _page(_MITIGATION),
    "Read a mitigation": _MITIGATION,
    "Plan a mitigation": {
        **_MITIGATION,
        "status": "planned",
        "progress": 0,
        "next_update_on": None,
        "version": 1,
    },
    "List duties": _page(_DUTY),
    "List absences": _page(_ABSENCE),
    "Record an absence": _ABSENCE,
    "End an absence": {"id": _ABSENCE["id"], "ended_at": "2026-09-18T01:00:00Z"},
    "List hand-overs": _page(_HANDOVER),
    "Hand over": _HANDOVER,
    "List indicators": _page(_INDICATOR),
    "Read an indicator": _INDICATOR,
    "List readings": _page(_READING),
    "Record readings": {
        "recorded": 1,
        "corrected": 0,
        "unchanged": 0,
        "status": "red",
        "status_before": "amber",
        "called": ["R-001"],
    },
    "Read the ladder": _LADDER,
    "Replace the ladder": _LADDER,
    "Preview the ladder": {
        "risk": "R-001",
        "next_review_on": "2026-12-15",
        "ladder": 1,
        "rungs": [
            {
                "offset_days": 0,
                "on": "2026-12-15",
                "state": "to_come",
                "interrupts": False,
                "nobody": False,
                "recipients": [
                    {
                        "name": _OWNER["name"],
                        "part": "owner",
                        "digest_on": "2026-12-15",
                        "channels": ["mail", "inbox"],
                    }
                ],
                "endpoints": [],
            }
        ],
    },
    "Read the heatmap": {
        "stage": "residual",
        "kind": "threat",
        "as_of": "2026-06-30",
        "criteria": 1,
        "total": 4,
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
                "actor": _OWNER,
                "verb": "risk.edited",
                "object": {
                    "type": "risk",
                    "ref": "R-001",
                    "id": "9a3b4d8e-2d0b-4f7a-8a8c-4f1d2b0c9e21",
                },
                "changes": {"title": ["Policy barriers", "Overseas policy barriers"]},
            }
        ],
    },
}
REQUESTS: dict[str, Any] = {
    **examples_frame.REQUESTS,
    **examples_reviews.REQUESTS,
    "Add a webhook": {"name": "ERP", "address": "https://erp.foton.example/in/7"},
    "Change a webhook": {"enabled": False},
    "Replace the ladder": {
        "rungs": [
            {"offset_days": -14, "tells": ["owner"]},
            {"offset_days": 0, "tells": ["owner", "deputy"]},
            {"offset_days": 21, "tells": ["owner", "leaders"], "interrupts": True},
        ]
    },
    "Create a risk": {
        "title": "Overseas policy barriers",
        "cause": "A market decides on new duties",
        "event": "Vehicles become dearer there",
        "consequence": "Fewer are sold than planned",
        "terms": ["market:eu"],
        "external_id": "erp-4711",
    },
    "Set up an indicator": {
        "names": {"en": "CBAM certificate price", "zh-hans": "CBAM证书价格"},
        "unit": "EUR/tCO2",
        "direction": "higher_is_worse",
        "amber": 75,
        "red": 95,
        "frequency_days": 90,
        "label": "illustrative",
        "risks": ["R-001"],
    },
    "Change an indicator": {"red": "92.65"},
    "Record readings": {"readings": [{"at": "2026-09-16", "value": 97.5, "unit": "EUR/tCO2"}]},
    "Change a risk": {"response": "mitigate"},
    "Close a risk": {"reason": "The market was left"},
    "Reopen a risk": {"reason": "The market was entered again"},
    "Hand a risk over": {"owner": "owner@foton.example"},
    "Assess a risk": {
        "stage": "residual",
        "likelihood": 4,
        "impact": 4,
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
_DETAILS = {
    400: "There is no such level; the criteria have levels 1 to 5.",
    412: "Somebody changed this since you opened it. Read it again, decide, and send the new ETag.",
    428: "Send If-Match with the ETag of the version you have seen.",
}


def problem(status: int) -> dict[str, Any]:
    """A problem document of that status."""
    kind, title = KINDS[status]
    errors = []
    if status == 400:
        errors = [{"pointer": "#/likelihood", "code": "unknown_level", "detail": _DETAILS[400]}]
    return {
        "type": f"urn:riskreg:problem:{kind}",
        "title": title,
        "status": status,
        "detail": _DETAILS.get(status, title + "."),
        "errors": errors,
    }
