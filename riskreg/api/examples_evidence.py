"""Examples of evidence."""

from typing import Any

from riskreg.api.examples_base import OWNER, example_of_table, page
from riskreg.evidence.fields import EVIDENCE

_ADDED = example_of_table(EVIDENCE, "evidence/7d0c2f44-8a51-4b8e-9a0f-6f3a2b8f1c55/")
_ADDED["added_by"] = OWNER

ANSWERS: dict[str, Any] = {
    "List evidence": page(_ADDED),
    "Attach a file": _ADDED,
    "Read evidence": _ADDED,
    "Release evidence": {**_ADDED, "version": 2},
    "Withdraw evidence": {
        **_ADDED,
        "file": None,
        "withdrawn_at": "2026-09-17T08:00:00Z",
        "withdrawn_by": OWNER,
        "withdrawal_reason": "It names a person",
        "version": 2,
    },
}
REQUESTS: dict[str, Any] = {
    "Withdraw evidence": {"reason": "It names a person"},
}
