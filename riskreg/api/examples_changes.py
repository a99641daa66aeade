"""Examples of change requests. Everything in them is illustrative."""

from typing import Any

from riskreg.api.examples_base import OWNER, ROOT, page

_MANAGER = {"id": "0b4f6a52-6d38-4a51-8f0c-7f3a1d2e9b44", "name": "Foton risk manager"}
CHANGE: dict[str, Any] = {
    "id": "8d3f0a61-2c47-4c0b-9b57-5b0a9d1c7e21",
    "ref": "CR-001",
    "url": ROOT + "change-requests/CR-001/",
    "page": "http://127.0.0.1:8000/r/foton-catl/change-requests/CR-001/",
    "kind": "criteria",
    "title": "How often risks are reviewed",
    "state": "open",
    "content": {"seen_number": 1},
    "difference": [
        {
            "what": "Review of risks rated High",
            "before": "every 60 days",
            "after": "every 90 days",
            "effect": "weakens",
        }
    ],
    "requested_by": _MANAGER,
    "party": "foton",
    "answers": [
        {"party": "foton", "answer": "yes", "by": _MANAGER, "at": "2026-09-16T08:00:00Z"},
        {"party": "catl", "answer": "waiting", "by": None, "at": None},
    ],
    "answer_by": "2026-10-16",
    "words": "",
    "closed_by": None,
    "closed_at": None,
    "created_at": "2026-09-16T08:00:00Z",
    "version": 1,
}
_ANSWERED = {
    **CHANGE,
    "answers": [
        CHANGE["answers"][0],
        {"party": "catl", "answer": "yes", "by": OWNER, "at": "2026-09-17T08:00:00Z"},
    ],
    "state": "applied",
    "closed_by": OWNER,
    "closed_at": "2026-09-17T08:00:00Z",
    "version": 2,
}
_REFUSED = {
    **_ANSWERED,
    "answers": [CHANGE["answers"][0], {**_ANSWERED["answers"][1], "answer": "no"}],
    "state": "refused",
    "words": "High risks move faster than that.",
}

ANSWERS: dict[str, Any] = {
    "List change requests": page(CHANGE),
    "Ask for a change": {**_ANSWERED, "answers": [], "version": 1},
    "Read a change request": CHANGE,
    "Approve a change request": _ANSWERED,
    "Refuse a change request": _REFUSED,
    "Withdraw a change request": {**CHANGE, "state": "withdrawn", "closed_by": _MANAGER,
                                  "closed_at": "2026-09-16T09:00:00Z", "version": 2},
}  # fmt: skip
REQUESTS: dict[str, Any] = {
    "Ask for a change": {"kind": "cadence", "cadence": {"high": 90}, "seen_criteria": 1},
    "Refuse a change request": {"words": "High risks move faster than that."},
}
