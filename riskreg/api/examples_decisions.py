"""Examples of decisions. Every amount, date and reason in them is illustrative."""

import json
from typing import Any

from riskreg.api.examples_base import OWNER, page
from riskreg.decisions.fields import DECISION

_LEADER = {"id": "7d1f5a30-42b1-4f0e-8a51-0f4f6f0f7c11", "name": "Programme executive"}
_CONDITION = {
    "id": "5c0a2f62-0c1b-4f0f-8f57-2f1d7b1a9e02",
    "text": "The pilot's data are with both parties (illustrative)",
    "owner": OWNER,
    "due_on": "2027-03-31",
    "before": False,
    "state": "open",
    "words": "",
    "closed_by": None,
    "closed_at": None,
}
_NOTHING = {
    "key": "A",
    "is_nothing": True,
    "title": "Do nothing",
    "effects": "",
    "mitigations": [],
    "costs": [],
    "total": "0.00",
    "gate": None,
    "gate_worth": None,
    "translations": {},
}
_COST = {"amount": "120000000.00", "year": 2027, "party": "foton"}
_GATE = {
    "key": "B",
    "is_nothing": False,
    "title": "A pilot, then a gate (illustrative)",
    "effects": "Keeps the option until the price of 2030 is clearer (illustrative)",
    "mitigations": ["M-002"],
    "costs": [_COST],
    "total": "120000000.00",
    "gate": {
        "decides": "C",
        "chance": "50",
        "gain": "1100000000",
        "loss": "900000000",
        "hit": "80",
        "false_alarm": "25",
        "label": "illustrative",
    },
    "gate_worth": {
        "best": "B",
        "options": [
            {"key": "A", "value": 0, "chance_of_loss": 0, "regret": 1_100_000_000},
            {"key": "C", "value": 100_000_000, "chance_of_loss": 0.5, "regret": 900_000_000},
            {"key": "B", "value": 207_500_000, "chance_of_loss": 0.6, "regret": 345_000_000},
        ],
        "says_go": 0.525,
        "after_go": 0.7619,
        "after_no_go": 0.2105,
        "perfect_information": 450_000_000,
        "information": 227_500_000,
        "flips": [
            {"at": 0.3122, "before": "A", "after": "B"},
            {"at": 0.6201, "before": "B", "after": "C"},
        ],
    },
    "translations": {},
}
_ARGUMENT = {
    "id": "0d5f2a11-8b7e-4a55-9e0d-6a2c3b4d5e03",
    "option": "B",
    "stance": "for",
    "text": "The pilot tells most of what we do not know (illustrative)",
    "author": OWNER,
    "party": "foton",
    "visibility": "party",
    "at": "2026-11-20T08:00:00Z",
}
_DRAFT = {field.name: field.example for field in DECISION} | {
    "state": "draft",
    "requested_by": OWNER,
    "proposed_by": None,
    "proposed_at": None,
    "criteria_number": None,
    "round": 0,
    "translations": {},
    "deciders": [{"person": _LEADER, "party": "foton"}],
    "options": [_NOTHING, _GATE],
    "conditions": [],
    "may": ["propose"],
}
_PROPOSED = _DRAFT | {
    "state": "proposed",
    "proposed_by": OWNER,
    "proposed_at": "2026-11-21T02:00:00Z",
    "criteria_number": 1,
    "round": 1,
    "may": ["retract"],
}
_VOTE = {
    "party": "foton",
    "member": _LEADER,
    "answer": "yes",
    "words": "",
    "round": 1,
    "at": "2026-12-01T02:00:00Z",
}
_DECIDED = _PROPOSED | {
    "state": "in_force",
    "chosen": "B",
    "rationale": "It costs a tenth, and loses nothing that cannot be had later (illustrative)",
    "ruled_by": _LEADER,
    "decided_at": "2026-12-01T02:00:00Z",
    "in_force_on": "2026-12-01",
    "review_on": "2027-04-30",
    "digest": "6f1c0a7d0e5b4c3a2f19e8d7c6b5a4938271605f4e3d2c1b0a99887766554433",
    "conditions": [_CONDITION],
    "votes": [_VOTE],
    "may": ["revisit"],
}
_REVISIT = {
    "happened": "The pilot ran for three months (illustrative)",
    "lessons": "Ask for the data sooner (illustrative)",
    "by": _LEADER,
    "at": "2027-04-28T02:00:00Z",
}
_REVISITED = _DECIDED | {
    "state": "revisited",
    "revisits": [_REVISIT],
    "review_on": "2027-10-29",
    "may": ["revisit", "close"],
}


def _ended_example(state: str, words: str, before: dict[str, Any]) -> dict[str, Any]:
    at = {"closed_by": _LEADER, "closed_at": "2026-12-02T02:00:00Z", "may": []}
    return {**before, "state": state, "words": words, **at}


def _band(value: int, low: int, high: int) -> dict[str, int]:
    return {"value": value, "low": low, "high": high}


_WEIGHED_NOTHING = {
    "key": "A",
    "is_nothing": True,
    "cost": {"value": 0, "low": None, "high": None},
    "loss": _band(66_000_000, 65_000_000, 67_000_000),
    "bad_year": _band(190_000_000, 186_000_000, 194_000_000),
    "difference": _band(0, 0, 0),
    "net": 330_000_000,
    "behind": _band(30_000_000, 28_000_000, 32_000_000),
    "chance_of_loss": None,
    "regret": _band(410_000_000, 396_000_000, 421_000_000),
    "switch": {"against": "B", "gap": 30_000_000, "cost": None, "saving": None},
    "objectives": [],
}
_WEIGHED_GATE = {
    "key": "B",
    "is_nothing": False,
    "cost": {"value": 120_000_000, "low": None, "high": None},
    "loss": _band(36_000_000, 35_400_000, 36_600_000),
    "bad_year": _band(104_000_000, 101_000_000, 107_000_000),
    "difference": _band(-30_000_000, -30_400_000, -29_600_000),
    "net": 300_000_000,
    "behind": _band(0, 0, 0),
    "chance_of_loss": {"value": 0.46, "low": 0.453, "high": 0.467},
    "regret": _band(120_000_000, 120_000_000, 120_000_000),
    "switch": {"against": "A", "gap": 30_000_000, "cost": 150_000_000, "saving": 0.8},
    "objectives": [{"objective": "overseas-units-2030",
                    "chance": {"value": 0.31, "low": 0.307, "high": 0.313}}],
}  # fmt: skip
_RUN = "0f1d2c3b-4a59-4687-9e7f-6d5c4b3a2f10"
_WEIGHING = {
    "simulation": _RUN,
    "url": f"https://riskreg.example/api/v1/registers/foton-catl/simulations/{_RUN}/",
    "at": "2026-11-28T02:00:00Z",
    "years": 100_000,
    "seed": 1,
    "currency": "CNY",
    "base_year": 2026,
    "state": "done",
    "progress": 100,
    "failure": None,
    "stale_because": [],
    "left_out": [],
    "horizon": 5,
    "best": "B",
    "label": "illustrative",
    "options": [_WEIGHED_NOTHING, _WEIGHED_GATE],
    "information": {
        "all": _band(12_000_000, 11_800_000, 12_200_000),
        "each": [{"ref": "D-001", "on": "driver", "worth": _band(9_400_000, 9_100_000, 9_700_000)}],
    },
}
_QUEUED = _WEIGHING | {
    "state": "queued", "progress": 0, "horizon": None, "best": None, "label": None, "options": None,
    "information": None,
}  # fmt: skip
_WORDS = {"words": "Not before the pilot has ended"}
ANSWERS: dict[str, Any] = {
    "List decisions": page(_DECIDED),
    "Ask for a decision": _DRAFT | {"options": [_NOTHING], "recommended": ""},
    "Read a decision": _DECIDED,
    "Change a decision": _DRAFT,
    "Add an option": _DRAFT,
    "Change an option": _DRAFT,
    "Take an option out": _DRAFT | {"options": [_NOTHING], "recommended": ""},
    "List arguments": page(_ARGUMENT),
    "Read how options compare": {"shared": _WEIGHING, "party": None},
    "Weigh the options": {"shared": _QUEUED, "party": None},
    "Argue for or against an option": _ARGUMENT,
    "Release an argument": _ARGUMENT | {"visibility": "shared", "at": "2026-11-22T08:00:00Z"},
    "Put a decision forward": _PROPOSED,
    "Take a decision back": _DRAFT | {"round": 1},
    "Decide": _DECIDED,
    "Vote on a decision": _DECIDED,
    "Reject a decision": _ended_example("rejected", "Not before the pilot has ended", _PROPOSED),
    "Let a decision lapse": _ended_example("lapsed", "Not before the pilot has ended", _PROPOSED),
    "Revisit a decision": _REVISITED,
    "Close a decision": _ended_example("closed", "Not before the pilot has ended", _REVISITED),
    "Close a condition of a decision": _DECIDED
    | {
        "conditions": [
            _CONDITION
            | {
                "state": "met",
                "words": "Handed over",
                "closed_by": OWNER,
                "closed_at": "2027-03-20T02:00:00Z",
            }
        ]
    },
    "Read the record of a decision": {
        "ref": "X-001",
        "digest": _DECIDED["digest"],
        "record": json.dumps({"chosen": "B", "format": 1, "ref": "X-001"}, separators=(",", ":")),
    },
}
_OPTION = {
    "title": _GATE["title"],
    "effects": _GATE["effects"],
    "mitigations": ["M-002"],
    "costs": [_COST],
}
REQUESTS: dict[str, Any] = {
    "Weigh the options": {"audience": "shared", "years": 100_000, "horizon": 5},
    "Ask for a decision": {
        "title": "Hydrogen: all in, a gate, or stop? (illustrative)",
        "due_on": "2026-12-12",
        "risks": ["R-002"],
        "deciders": [_LEADER["id"]],
    },
    "Change a decision": {"recommended": "B", "strength": "conditional"},
    "Add an option": _OPTION,
    "Change an option": {"costs": [_COST]},
    "Argue for or against an option": {
        "option": "B",
        "stance": "for",
        "text": "The pilot tells most of what we do not know (illustrative)",
    },
    "Take a decision back": {"words": "An option is missing"},
    "Decide": {
        "option": "B",
        "rationale": "It costs a tenth, and loses nothing that cannot be had later (illustrative)",
        "review_on": "2027-04-30",
        "conditions": [
            {
                "text": "The pilot's data are with both parties (illustrative)",
                "owner": OWNER["id"],
                "due_on": "2027-03-31",
            }
        ],
    },
    "Vote on a decision": {"answer": "yes"},
    "Reject a decision": _WORDS,
    "Let a decision lapse": _WORDS,
    "Revisit a decision": {
        "happened": _REVISIT["happened"],
        "lessons": _REVISIT["lessons"],
        "review_on": "2027-10-29",
    },
    "Close a decision": _WORDS,
    "Close a condition of a decision": {"state": "met", "words": "Handed over"},
}
