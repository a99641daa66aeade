"""Examples of board packs."""

from typing import Any

from riskreg.api.examples_base import OWNER, page

_ID = "2b7e9a10-5d3c-4f86-8a4e-90c1d7f3e2b6"
_URL = f"https://riskreg.example/api/v1/registers/foton-catl/board-packs/{_ID}/"
_ASKED: dict[str, Any] = {
    "id": _ID,
    "url": _URL,
    "as_of": "2026-09-16",
    "since": "2026-06-17",
    "audience": "shared",
    "party": "foton",
    "language": "both",
    "format": "pdf",
    "state": "queued",
    "progress": 0,
    "failure": None,
    "file": None,
    "made_by": OWNER,
    "at": "2026-09-16T08:00:00Z",
}
_DONE = {**_ASKED, "state": "done", "progress": 100, "file": f"{_URL}file/"}

ANSWERS: dict[str, Any] = {
    "List board packs": page(_DONE),
    "Ask for a board pack": _ASKED,
    "Read a board pack": _DONE,
    "Cancel a board pack": {**_ASKED, "state": "cancelled"},
}
REQUESTS: dict[str, Any] = {
    "Ask for a board pack": {"as_of": "2026-09-16", "language": "both", "format": "pdf"},
}
