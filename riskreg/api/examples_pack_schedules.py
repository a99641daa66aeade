"""Examples of schedules of board packs. Everything in them is illustrative."""

from typing import Any

from riskreg.api.examples_base import OWNER, ROOT, example_of_table, page
from riskreg.exchange.schedule_fields import PACK_SCHEDULE

_ROW = example_of_table(PACK_SCHEDULE, "pack-schedules/c2a4f1d6-5b0e-4a39-9f3e-7d1b8e6a2f40/")
_SENT = {
    **_ROW,
    "sendings": [
        {
            "meeting_on": "2026-07-14",
            "due_on": "2026-07-07",
            "state": "sent",
            "late": False,
            "at": "2026-07-06T22:00:00Z",
            "ended_at": "2026-07-06T22:00:09Z",
            "notified": [OWNER],
            "left_out": [],
            "failure": None,
            "packs": [ROOT + "board-packs/2b7e9a10-5d3c-4f86-8a4e-90c1d7f3e2b6/"],
        }
    ],
}

ANSWERS: dict[str, Any] = {
    "List schedules of board packs": page(_SENT),
    "Schedule board packs": _ROW,
    "Read a schedule of board packs": _SENT,
    "Change a schedule of board packs": {**_SENT, "days_before": 10, "version": 2},
}
REQUESTS: dict[str, Any] = {
    "Schedule board packs": {
        "title": "Steering committee",
        "first_on": "2026-10-13",
        "every_months": 3,
        "repeats": "weekday",
        "days_before": 7,
        "language": "both",
        "recipients": ["leader@foton.example"],
    },
    "Change a schedule of board packs": {"days_before": 10},
}
