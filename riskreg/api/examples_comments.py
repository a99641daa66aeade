"""Examples of comments. Every name and sentence in them is illustrative."""

from typing import Any

from riskreg.api.examples_base import OWNER, ROOT, page

_ID = "0b5c0f0e-6a0f-4f0b-9a0b-2f5f1d7c3e21"
_COMMENT = {
    "id": _ID,
    "url": f"{ROOT}comments/{_ID}/",
    "about": {"type": "risk", "id": "9c1d2e3f-1111-4222-8333-444455556666", "ref": "R-001"},
    "reading": None,
    "visibility": "shared",
    "author": {"id": "7d1f5a30-42b1-4f0e-8a51-0f4f6f0f7c11", "name": "Programme executive"},
    "text": "Does the draft rule of March name assembled kits? (illustrative)",
    "mentions": [OWNER],
    "edits": 1,
    "created_at": "2026-11-20T08:00:00Z",
    "edited_at": "2026-11-20T08:05:00Z",
    "withdrawn_at": None,
    "version": 2,
}
_EARLIER = [
    {"text": "Does the draft rule name kits? (illustrative)", "written_at": "2026-11-20T08:00:00Z"}
]
_WHOLE = {**_COMMENT, "earlier": _EARLIER}
ANSWERS: dict[str, Any] = {
    "List comments": page(_COMMENT),
    "Write a comment": {**_WHOLE, "edits": 0, "edited_at": None, "version": 1, "earlier": []},
    "Read a comment": _WHOLE,
    "Edit a comment": _WHOLE,
    "Withdraw a comment": {**_WHOLE, "withdrawn_at": "2026-11-21T08:00:00Z", "version": 3},
}
REQUESTS: dict[str, Any] = {
    "Write a comment": {
        "about": {"type": "risk", "ref": "R-001"},
        "text": "Does the draft rule name kits? (illustrative)",
        "mentions": [OWNER["id"]],
    },
    "Edit a comment": {"text": "Does the draft rule of March name assembled kits? (illustrative)"},
}
