"""Examples of indicators and their readings. Every figure in them is illustrative."""

from typing import Any

from riskreg.api.examples_base import OWNER, ROOT, page

_INDICATOR = {
    "ref": "K-001",
    "url": ROOT + "indicators/K-001/",
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
    "owner": OWNER,
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
    "recorded_by": OWNER,
    "recorded_at": "2026-09-16T08:00:00Z",
    "corrects": None,
    "counts": True,
}

ANSWERS: dict[str, Any] = {
    "List indicators": page(_INDICATOR),
    "Read an indicator": _INDICATOR,
    "List readings": page(_READING),
    "Record readings": {
        "recorded": 1,
        "corrected": 0,
        "unchanged": 0,
        "status": "red",
        "status_before": "amber",
        "called": ["R-001"],
    },
}
REQUESTS: dict[str, Any] = {
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
}
