"""Every write of web and API, sent by one party's manager with what would weaken the common rules.

Requests come from the tables of routes, from the forms of every page, and from the examples of the
API's schema; each is undone. What is compared is the frame: what binds all parties.
"""

import copy
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from django.db import transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Membership, Party, Register, Term
from riskreg.reminders.queries import ladder_in_force_of
from riskreg.risks.models import Risk
from tests.access import canaries, walk
from tests.access.canaries import CanaryWorld
from tests.access.routes import ROUTES, body_for
from tests.web.page_forms import PageForm, forms_of
from tests.web.page_forms import walk as walk_pages

WRITES = ("POST", "PUT", "PATCH", "DELETE")
IN_A_REGISTER = ("/r/{}/", "/api/v1/registers/{}/")
PARTNERS = {"manager": "partner_owner", "partner_manager": "owner"}


@dataclass(frozen=True)
class Write:
    """One request."""

    method: str
    path: str
    body: dict[str, Any] = field(default_factory=dict)
    route: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def frame(register_id: int) -> dict[str, Any]:
    """What binds all parties, as far as it is common."""
    register = Register.objects.select_related("criteria").get(pk=register_id)
    criteria = register.criteria
    assert criteria is not None
    names = ("likelihood", "impact", "dimensions", "ratings", "cells", "appetite",
             "term_appetites", "tolerance", "unrated_cadence_days", "label")  # fmt: skip
    party = dict(
        Membership.objects.filter(register=register, ended_at=None).values_list("user", "party")
    )
    shared = Risk.objects.filter(register=register, visibility="shared")
    return {
        "currency": register.currency,
        "zone": register.time_zone,
        "archived": register.archived_at is not None,
        "criteria": {name: getattr(criteria, name) for name in names},
        "ladder": ladder_in_force_of(register).rungs,
        "parties": sorted(Party.objects.filter(register=register).values_list("key", flat=True)),
        "terms": {
            term.ref: (term.retired_at, term.merged_into_id)
            for term in Term.objects.filter(taxonomy__register=register).select_related("taxonomy")
        },
        "held": {
            risk.ref: (party.get(risk.owner_id), party.get(risk.deputy_id)) for risk in shared
        },
    }


def weakened(before: dict[str, Any], after: dict[str, Any], mine: int) -> list[str]:
    """What of the frame is not as it was, but for what is only stricter, risks taken back by whom
    they belong to, and new things."""
    found = [n for n in ("currency", "zone", "archived", "parties") if before[n] != after[n]]
    if not _no_looser_criteria(before["criteria"], after["criteria"]):
        found.append("criteria")
    if not _no_looser_ladder(before["ladder"], after["ladder"]):
        found.append("ladder")
    found += [f"term {ref}" for ref, was in before["terms"].items() if after["terms"][ref] != was]
    for ref, now in after["held"].items():
        was = before["held"].get(ref, (mine, mine))
        if any(x not in (None, y, mine) for x, y in zip(now, was, strict=True)):
            found.append(f"risk {ref}")
    return found


def _no_looser_criteria(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Said here once more, so that the walk does not believe what it examines."""
    rest = ("likelihood", "impact", "dimensions", "cells", "label")
    if any(old[name] != new[name] for name in rest) or len(old["ratings"]) != len(new["ratings"]):
        return False
    roles, keys = ["owner", "manager", "leader"], [r["key"] for r in old["ratings"]]
    return (
        all(
            was["key"] == now["key"]
            and was["names"] == now["names"]
            and now["cadence_days"] <= was["cadence_days"]
            and roles.index(now["accept_role"]) >= roles.index(was["accept_role"])
            for was, now in zip(old["ratings"], new["ratings"], strict=True)
        )
        and new["unrated_cadence_days"] <= old["unrated_cadence_days"]
        and keys.index(new["appetite"]) <= keys.index(old["appetite"])
        and _no_looser_terms(old, new, keys)
        and _no_looser_tolerance(old["tolerance"] or [], new["tolerance"] or [])
    )


def _no_looser_tolerance(old: list[dict[str, float]], new: list[dict[str, float]]) -> bool:
    """Whether no loss may come more often than before."""

    def most(points: list[dict[str, float]], amount: float) -> float:
        amounts = [point["amount"] for point in points]
        chances = [point["chance"] for point in points]
        return float(np.interp(amount, amounts, chances, left=1.0)) if points else 1.0

    amounts = {point["amount"] for point in (*old, *new)}
    return all(most(new, x) <= most(old, x) for x in amounts)


def _no_looser_terms(old: dict[str, Any], new: dict[str, Any], keys: list[str]) -> bool:
    """Whether no term has a higher appetite, and none that had one of its own lost it."""
    was, now = ({row["term"]: keys.index(row["rating"]) for row in criteria["term_appetites"] or ()}
                for criteria in (old, new))  # fmt: skip
    general = keys.index(old["appetite"])
    return all(term in now for term in was) and all(
        rating <= was.get(term, general) for term, rating in now.items()
    )


def _no_looser_ladder(old: Iterable[Any], new: Iterable[Any]) -> bool:
    """Whether whoever was told on a day is told on that day still."""
    by_day = {rung.offset_days: rung for rung in new}
    return all(
        rung.offset_days in by_day
        and {*rung.tells, *rung.users} <= {*(it := by_day[rung.offset_days]).tells, *it.users}
        and set(rung.channels) <= set(it.channels)
        and rung.interrupts <= it.interrupts
        for rung in old
    )


def writes_of(world: CanaryWorld, who: str, starts: list[str]) -> Iterator[Write]:
    """Everything that ``who`` can be made to send."""
    yield from _by_the_tables(world, who)
    yield from _by_the_forms(world, who, starts)
    yield from _by_the_schema(world, who)


class Manager:
    """``who`` in ``world``, and what was there: each write finds it so, as all are undone."""

    def __init__(self, world: CanaryWorld, who: str) -> None:
        self.world, self.who = world, who
        viewer = world.viewer(who)
        assert viewer.party_id is not None
        self.party_id = viewer.party_id
        self.before = frame(world.register.pk)
        newest = ChangeRequest.objects.order_by("-pk").values_list("pk", flat=True)
        self.last = newest.first() or 0
        self.tags: dict[str, str] = {}

    def sends(self, write: Write) -> tuple[int, list[str], set[str]]:
        """Its status, what it weakened, and which kinds of change it asked for; all undone."""
        client = walk.client_for(self.world, self.who, write.path)
        options: dict[str, Any] = {"data": write.body}
        if write.path.startswith("/api/"):
            tag = {"If-Match": self._tag(client, write.path)}
            options |= {"content_type": "application/json", "headers": tag}
        cookies = copy.deepcopy(client.cookies)
        with transaction.atomic():
            response = getattr(client, write.method.lower())(write.path, **options)
            rows = ChangeRequest.objects.filter(pk__gt=self.last)
            kinds = set(rows.filter(state="open").values_list("kind", flat=True))
            found = weakened(self.before, frame(self.world.register.pk), self.party_id)
            transaction.set_rollback(True)
        client.cookies = cookies
        return response.status_code, found, kinds

    def _tag(self, client: Client, path: str) -> str:
        """The ETag of what is at the path, or one step above it."""
        if path not in self.tags:
            self.tags[path] = '"1"'
            for place in (path, path.rstrip("/").rpartition("/")[0] + "/"):
                answer = client.get(place)
                if answer.status_code == 200 and "ETag" in answer:
                    self.tags[path] = answer["ETag"]
                    break
        return self.tags[path]


# By the tables ------------------------------------------------------------------------------------
def _by_the_tables(world: CanaryWorld, who: str) -> Iterator[Write]:
    """Every route in a register that writes, about shared things where it is about one."""
    for route, methods in ROUTES.items():
        if not route.startswith(IN_A_REGISTER):
            continue
        paths = world.shared_paths(route) or [walk.plain_path(world, route)]
        for method in methods.split():
            if method in WRITES:
                for path in paths:
                    body = body_for(world, route)
                    body |= {n: v for n, v in _weak(world, who).items() if n in body}
                    yield Write(method, path, body, route)


def _weak(world: CanaryWorld, who: str) -> dict[str, Any]:
    """Values that would weaken or move something, by the names of fields."""
    other = str(getattr(world, PARTNERS[who]).uuid)
    mine = "owner" if who == "manager" else "partner_owner"
    zone = world.register.time_zone
    return {
        "owner": other,
        "deputy": other,
        "to": other,
        "from": str(getattr(world, mine).uuid),
        "time_zone": "America/Los_Angeles",
        "seen_time_zone": zone,
        "rungs": [{"offset_days": 0, "tells": ["owner"]}],
        "active": False,
        "into": "market:mideast",
    }


# By the forms of pages ----------------------------------------------------------------------------
def _by_the_forms(world: CanaryWorld, who: str, starts: list[str]) -> Iterator[Write]:
    """Every form that the pages show ``who``, by every button of it."""
    client = walk.client_for(world, who, "/r/")
    for forms in walk_pages(client, starts).values():
        yield from _sent_by(world, who, forms)


def writes_on(world: CanaryWorld, who: str, page: str) -> Iterator[Write]:
    """What the forms of one page send."""
    answer = walk.client_for(world, who, "/r/").get(page)
    yield from _sent_by(world, who, forms_of(answer, page))


def _sent_by(world: CanaryWorld, who: str, forms: Iterable[PageForm]) -> Iterator[Write]:
    people = {str(world.members[PARTNERS[who]].uuid)}
    for form in forms:
        path = urlsplit(form.action).path
        if not path.startswith(f"/r/{world.register.slug}/"):
            continue
        for data in _filled(form, people):
            for name, value in [("", ""), *form.buttons]:
                yield Write("POST", path, {**data, **({name: value} if name else {})})


def _filled(form: PageForm, people: set[str]) -> Iterator[dict[str, Any]]:
    """What the form would send after somebody chose the loosest of everything."""
    form = copy.deepcopy(form)
    for each in form.fields:
        if each.kind == "select" and people & set(each.offered):
            each.values = [next(iter(people & set(each.offered)))]
        elif each.kind == "select" and each.name in ("into", "appetite"):
            each.values = [value for value in each.offered if value][-1:]
        elif each.kind == "select" and each.name == "time_zone":
            each.values = ["America/Los_Angeles"]
        elif each.kind == "number" and each.name.startswith("cadence_"):
            each.values = ["3650"]
        elif each.kind in ("text", "textarea") and each.name in ("reason", "comment", "words"):
            each.values = ["It is so"]
    radios: dict[str, list[str]] = {}
    for each in form.fields:
        if each.kind == "radio":
            radios.setdefault(each.name, []).extend(each.offered)
    data = form.data()
    if "appetite" in radios:
        data["appetite"] = radios["appetite"][:1]
        yield {**data, "appetite": radios["appetite"][-1:]}
    if "row" in data and "expected" in data:
        # A ladder of one rung that tells the owner alone.
        row = data["row"][0]
        yield {
            "form_key": data.get("form_key", [""]), "expected": data["expected"], "row": ["x"],
            "days-x": ["0"], "side-x": data.get(f"side-{row}", ["after"]), "tells-x": ["owner"],
        }  # fmt: skip
    yield data


# By the schema ------------------------------------------------------------------------------------
def _by_the_schema(world: CanaryWorld, who: str) -> Iterator[Write]:
    """Every operation of the API, with its example made as loose as can be."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    weak = _weak(world, who)
    for template, operations in schema["paths"].items():
        route = walk.re.sub(r"{[^}]*}", "{}", template)
        if not route.startswith(IN_A_REGISTER):
            continue
        for method, operation in operations.items():
            if method.upper() not in WRITES:
                continue
            for body in _examples(operation, weak, world, who):
                for path in world.shared_paths(route) or [walk.plain_path(world, route)]:
                    yield Write(method.upper(), path, body, route)


def _examples(
    operation: dict[str, Any], weak: dict[str, Any], world: CanaryWorld, who: str
) -> Iterator[dict[str, Any]]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = [e["value"] for e in content.get("examples", {}).values()] or [{}]
    name = operation["operationId"]
    for example in examples:
        body = json.loads(json.dumps(example))
        if not isinstance(body, dict):
            continue
        loose = {**body, **{n: v for n, v in weak.items() if n in body}}
        if name.startswith(("risks_transfer", "handovers")):
            loose |= {n: weak[n] for n in ("deputy",) if name.startswith("risks")}
        if name == "criteria_replace":
            loose = _loosest_criteria(walk.client_for(world, who, "/api/"), world)
        if name == "change_requests_create":
            yield {"kind": "time_zone", "time_zone": weak["time_zone"],
                   "seen_time_zone": weak["seen_time_zone"]}  # fmt: skip
            loose["seen_criteria"] = world.viewer(who).criteria.number
        yield loose


def _loosest_criteria(client: Client, world: CanaryWorld) -> dict[str, Any]:
    """Those in force, with the highest appetite and a cadence of ten years."""
    now = client.get(f"/api/v1/registers/{world.register.slug}/criteria/").json()
    kept = {n: now[n] for n in ("likelihood", "impact", "ratings", "cells", "dimensions", "label")}
    for rows in (kept["likelihood"], kept["impact"], kept["ratings"]):
        for row in rows:
            row.pop("name")
    for rating in kept["ratings"]:
        rating |= {"cadence_days": 3650, "accept_role": "owner"}
    return {**kept, "appetite": kept["ratings"][-1]["key"], "unrated_cadence_days": 3650,
            "term_appetites": [], "tolerance": []}  # fmt: skip


def world_of(at: Any) -> CanaryWorld:
    """The world that is walked: with terms to be merged, and a risk of each party's."""
    return canaries.build(at)
