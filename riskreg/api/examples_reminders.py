"""Examples of the reminder ladder and of the webhooks that it reaches."""

from typing import Any

from riskreg.api.examples_base import OWNER, ROOT, page

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
            "users": [OWNER],
            "channels": ["mail", "chat"],
            "interrupts": True,
        },
    ],
}
_WEBHOOK = {
    "id": "2f6a1c52-8a0e-4f0b-9a51-6f6d7e1b8c44",
    "url": ROOT + "webhooks/2f6a1c52-8a0e-4f0b-9a51-6f6d7e1b8c44/",
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

ANSWERS: dict[str, Any] = {
    "List webhooks": page(_WEBHOOK),
    "Read a webhook": _WEBHOOK,
    "Add a webhook": {**_WEBHOOK, "secret": "whsec_…"},
    "Change a webhook": {**_WEBHOOK, "enabled": False, "version": 2},
    "Rotate the secret of a webhook": {**_WEBHOOK, "version": 2, "secret": "whsec_…"},
    "Try a webhook out": _WEBHOOK_DELIVERY,
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
                        "name": OWNER["name"],
                        "part": "owner",
                        "digest_on": "2026-12-15",
                        "channels": ["mail", "inbox"],
                    }
                ],
                "endpoints": [],
            }
        ],
    },
}
REQUESTS: dict[str, Any] = {
    "Add a webhook": {"name": "ERP", "address": "https://erp.foton.example/in/7"},
    "Change a webhook": {"enabled": False},
    "Replace the ladder": {
        "rungs": [
            {"offset_days": -14, "tells": ["owner"]},
            {"offset_days": 0, "tells": ["owner", "deputy"]},
            {"offset_days": 21, "tells": ["owner", "leaders"], "interrupts": True},
        ]
    },
}
