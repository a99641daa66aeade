"""Examples of indicators and their readings. Every figure in them is illustrative."""

from typing import Any

from riskreg.api.examples_base import OWNER, example_of_table, page
from riskreg.indicators.fields import INDICATOR

_INDICATOR = example_of_table(INDICATOR, "indicators/K-001/")
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
