"""Examples of acceptances. Every date, reason and name in them is illustrative."""

from typing import Any

from riskreg.api.examples_base import OWNER, page
from riskreg.decisions.fields import ACCEPTANCE

_LEADER = {"id": "7d1f5a30-42b1-4f0e-8a51-0f4f6f0f7c11", "name": "Programme executive"}
_CONDITION = {
    "id": "3a1f7a52-7f27-4a4f-9b0e-1b8c5d6a9e01",
    "text": "Name a second supplier (illustrative)",
    "owner": OWNER,
    "due_on": "2026-12-20",
    "state": "open",
    "words": "",
    "closed_by": None,
    "closed_at": None,
}
_ACCEPTANCE = {field.name: field.example for field in ACCEPTANCE} | {
    "acceptor": _LEADER,
    "requested_by": OWNER,
    "granted_by": _LEADER,
    "conditions": [_CONDITION],
    "translations": {},
}
_REQUESTED = _ACCEPTANCE | {
    "state": "requested",
    "status": "waiting",
    "starts_on": None,
    "first_granted_on": None,
    "granted_by": None,
    "granted_at": None,
    "may": ["withdraw"],
    "conditions": [_CONDITION | {"state": "proposed"}],
}


def _closed_example(state: str) -> dict[str, Any]:
    at = {"closed_by": _LEADER, "closed_at": "2026-12-01T02:00:00Z", "may": []}
    return {**_ACCEPTANCE, "state": state, "status": "closed", "words": "Do more first", **at}


_QUESTION = {
    "id": "5d2f1c84-0d6b-4a52-8f6e-2b7f3c9d4e10",
    "wants": "answer",
    "text": "What does the tariff of March do to it?",
    "asked_by": _LEADER,
    "asked_at": "2026-11-20T08:00:00Z",
    "due_on": "2026-12-01",
    "state": "waiting",
    "words": "",
    "closed_by": None,
    "closed_at": None,
}
_ANSWERED = {
    "state": "answered",
    "words": "It adds a tenth to the landed cost (illustrative)",
    "closed_by": OWNER,
    "closed_at": "2026-11-25T08:00:00Z",
}
_WORDS = {"words": "Do more first"}
ANSWERS: dict[str, Any] = {
    "List questions about a risk": page(_QUESTION),
    "Ask about a risk": _QUESTION,
    "Answer a question": _QUESTION | _ANSWERED,
    "Withdraw a question": _QUESTION
    | {"state": "withdrawn", "closed_by": _LEADER, "closed_at": "2026-11-25T08:00:00Z"},
    "List acceptances": page(_ACCEPTANCE),
    "List risks without an acceptance": page(
        {
            "risk": "R-003",
            "title": "Raw-material price swings",
            "owner": OWNER,
            "residual": {"likelihood": 4, "impact": 5, "score": 20, "rating": "critical"},
            "response": "accept",
            "request": "A-002",
        }
    ),
    "Ask for an acceptance": _REQUESTED,
    "Read an acceptance": _ACCEPTANCE,
    "Grant an acceptance": _ACCEPTANCE,
    "Refuse an acceptance": _closed_example("refused"),
    "Withdraw an acceptance": _closed_example("withdrawn"),
    "Revoke an acceptance": _closed_example("revoked"),
    "Close a condition": _ACCEPTANCE
    | {
        "conditions": [
            _CONDITION
            | {
                "state": "met",
                "words": "Signed with the second supplier",
                "closed_by": OWNER,
                "closed_at": "2026-12-10T02:00:00Z",
            }
        ]
    },
}
REQUESTS: dict[str, Any] = {
    "Ask for an acceptance": {
        "risk": "R-003",
        "reason": "The tariff is decided in spring; until then nothing more pays (illustrative)",
        "expires_on": "2027-02-01",
        "acceptor": _LEADER["id"],
        "conditions": [
            {
                "text": "Name a second supplier (illustrative)",
                "owner": OWNER["id"],
                "due_on": "2026-12-20",
            }
        ],
    },
    "Ask about a risk": {
        "text": "What does the tariff of March do to it?",
        "due_on": "2026-12-01",
        "wants": "answer",
    },
    "Answer a question": {"words": "It adds a tenth to the landed cost (illustrative)"},
    "Grant an acceptance": {"words": "Until spring, and no longer"},
    "Refuse an acceptance": _WORDS,
    "Withdraw an acceptance": {},
    "Revoke an acceptance": _WORDS,
    "Close a condition": {"state": "met", "words": "Signed with the second supplier"},
}
