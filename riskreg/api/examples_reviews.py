"""Examples of extensions, meetings and coverage. Every name and number in them is illustrative."""

from typing import Any

_COVERAGE = {
    "due": 12,
    "on_time": 9,
    "late": 3,
    "share_on_time": 0.75,
    "median_days_late": 4.0,
    "open": 1,
    "extended": 1,
    "brought_in": 0,
}
_EXTENSION = {
    "id": "4e1b2c3d-5a6f-4b7c-8d9e-0f1a2b3c4d5e",
    "due_on": "2026-12-15",
    "until": "2026-12-29",
    "reason": "The auditors' report comes first (illustrative)",
    "translations": {},
    "visibility": "shared",
    "granted_by": {"id": "2c9d1f0e-1b0b-4a53-9d0f-0d6d0f3d7a22", "name": "Risk manager"},
    "at": "2026-12-14T08:00:00Z",
    "recorded_at": "2026-12-14T08:00:00Z",
    "brought_in": False,
}

ANSWERS: dict[str, Any] = {
    "Extend a review": _EXTENSION,
    "List the extensions of a risk": {"next": None, "previous": None, "results": [_EXTENSION]},
    "Read the review coverage": {
        "as_of": "2026-06-30",
        "from": "2025-07-01",
        "by": "party",
        "total": _COVERAGE,
        "rows": [{"key": "foton", "name": "Foton", **_COVERAGE}],
    },
}
REQUESTS: dict[str, Any] = {
    "Start a meeting": {"title": "Overdue reviews", "recipe": {"overdue": "true"}},
    "Record an item": {"outcome": "reviewed", "review": {"comment": "Looked at together"}},
    "Extend a review": {"until": "2026-12-29", "reason": "The auditors' report comes first"},
}
