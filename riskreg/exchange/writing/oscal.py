"""Risks as an OSCAL plan of action and milestones (POA&M, 1.1), read back by ``reading.jsons``.

Memory holds a piece of the risks and who owns them; the order of properties means nothing in JSON,
so that the people come after the risks that name them.
"""

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

OSCAL_VERSION = "1.1.2"
# Names of our own are told by whose they are.
_SYSTEM = "https://riskreg.example/ns/oscal"
_LIFECYCLE = {"planned": "planned", "in_progress": "planned", "done": "completed"}
Rows = Iterable[Mapping[str, Any]]


def oscal_pieces(rows: Rows, *, register: uuid.UUID, title: str, at: dt.datetime) -> Iterator[str]:
    """``rows`` of an export (those of one risk beside each other) as a plan, risk by risk.

    Every name is made of the register's and the risk's, so that the same risks give the same plan.
    """
    people: dict[str, str] = {}
    items: list[dict[str, Any]] = []
    plan = {"uuid": _uuid_of(register, "plan", at.isoformat())}
    yield '{"plan-of-action-and-milestones": {' + _json_without_braces(plan)
    yield ',\n"risks": ['
    for n, (ref, group) in enumerate(groupby(rows, lambda row: row["ref"])):
        of_risk = list(group)
        risk = _risk_to_oscal(register, ref, of_risk, people)
        items.append(
            {
                "uuid": _uuid_of(register, "item", ref),
                "title": risk["title"],
                "description": risk["description"],
                "related-risks": [{"risk-uuid": risk["uuid"]}],
            }
        )
        yield (",\n" if n else "\n") + json.dumps(risk, ensure_ascii=False)
    stamp = at.isoformat(timespec="seconds")
    metadata: dict[str, Any] = {
        "title": title,
        "last-modified": stamp,
        "version": stamp,
        "oscal-version": OSCAL_VERSION,
    }
    if people:
        metadata["parties"] = [
            {"uuid": key, "type": "person", "name": name} for key, name in people.items()
        ]
    yield "\n],\n" + _json_without_braces({"poam-items": items, "metadata": metadata}) + "}}\n"


def _json_without_braces(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _uuid_of(register: uuid.UUID, *names: str) -> str:
    return str(uuid.uuid5(register, "/".join(names)))


def _risk_to_oscal(
    register: uuid.UUID,
    ref: str,
    rows: list[Mapping[str, Any]],
    owner_names_by_id: dict[str, str],
) -> dict[str, Any]:
    """The risk of ``rows``; its owner is added to ``owner_names_by_id``."""
    row = rows[0]
    owner = _uuid_of(register, "person", row["owner"])
    owner_names_by_id[owner] = row["owner"]
    origins = [{"actors": [{"type": "party", "actor-uuid": owner}]}]
    event = row.get("event") or row["title"]
    parts = [row.get(name) for name in ("cause", "event", "consequence")]
    found: dict[str, Any] = {
        "uuid": _uuid_of(register, "risk", ref),
        "title": row["title"],
        "description": event,
        "statement": "\n".join(part for part in parts if part) or event,
        "status": "closed" if row["state"] == "closed" else "open",
        "props": [{"name": "ref", "ns": _SYSTEM, "value": ref}],
        "origins": origins,
    }
    judged = [_judgement_to_oscal(row, stage, origins) for stage in ("inherent", "residual")]
    if characterizations := [each for each in judged if each]:
        found["characterizations"] = characterizations
    works = [
        _mitigation_to_oscal(register, ref, n, each, origins)
        for n, each in enumerate(rows)
        if each.get("mitigation.title")
    ]
    # What is meant to be done, also where no work is planned for it yet.
    if not works:
        works = [_response_to_oscal(register, ref, row, origins)]
    found["remediations"] = works
    if due := max(
        (r["mitigation.due_on"] for r in rows if r.get("mitigation.due_on")), default=None
    ):
        found["deadline"] = f"{due.isoformat()}T23:59:59Z"
    return found


def _judgement_to_oscal(
    row: Mapping[str, Any], stage: str, origins: list[Any]
) -> dict[str, Any] | None:
    facets = [
        {"name": axis, "system": _SYSTEM, "value": str(row[f"{stage}.{axis}"])}
        for axis in ("likelihood", "impact")
        if row.get(f"{stage}.{axis}") is not None
    ]
    if not facets:
        return None
    return {"origin": origins[0], "facets": facets, "props": [_prop("stage", stage)]}


def _prop(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": _SYSTEM, "value": value}


def _response_to_oscal(
    register: uuid.UUID, ref: str, row: Mapping[str, Any], origins: list[Any]
) -> dict[str, Any]:
    response = row.get("response")
    return {
        "uuid": _uuid_of(register, "response", ref),
        "lifecycle": "recommendation",
        "title": response or "undecided",
        "description": response or "undecided",
        **({"props": [{"name": "type", "value": response}]} if response else {}),
        "origins": origins,
    }


def _mitigation_to_oscal(
    register: uuid.UUID, ref: str, number: int, row: Mapping[str, Any], origins: list[Any]
) -> dict[str, Any]:
    title = row["mitigation.title"]
    day = row["mitigation.due_on"].isoformat()
    response = row.get("response")
    return {
        "uuid": _uuid_of(register, "remedy", ref, str(number)),
        "lifecycle": _LIFECYCLE.get(row["mitigation.status"], "recommendation"),
        "title": title,
        "description": title,
        **({"props": [{"name": "type", "value": response}]} if response else {}),
        "origins": origins,
        "tasks": [
            {
                "uuid": _uuid_of(register, "task", ref, str(number)),
                "type": "milestone",
                "title": title,
                "timing": {
                    "within-date-range": {"start": f"{day}T00:00:00Z", "end": f"{day}T23:59:59Z"}
                },
            }
        ],
    }
