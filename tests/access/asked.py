"""What each route is asked: its own parameters, with values that match something in the world.

For the API they come from the schema, so that a new parameter is asked by itself, or the walk says
that it knows no value for it; for pages they stand in ``PAGES``.
"""

import datetime as dt
import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator

from riskreg.risks.filters import ORDERINGS

DAY = dt.timedelta(days=1)
# Opaque: they are followed from the answers, never made up.
FOLLOWED = {"cursor", "after"}
# How many pages of one row each are followed from the first.
PAGES_FOLLOWED = 4


@cache
def parameters() -> dict[str, dict[str, list[str]]]:
    """{route: {parameter of its GET: its values, where the schema lists them}}, from the schema."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    found: dict[str, dict[str, list[str]]] = {}
    for path, operations in schema["paths"].items():
        own = found[re.sub(r"{[^}]*}", "{}", path)] = {}
        for parameter in operations.get("get", {}).get("parameters", ()):
            if parameter["in"] == "query":
                own[parameter["name"]] = _listed(parameter["schema"])
    return found


def _listed(schema: dict[str, Any]) -> list[str]:
    if schema.get("type") == "boolean":
        return ["true", "false"]
    values = schema.get("enum") or schema.get("items", {}).get("enum") or ()
    return [str(value) for value in values]


def matching(world: Any) -> dict[str, list[str]]:
    """Values for the parameters of which the schema lists none; at least one finds something."""
    day = world.at.date()
    return {
        "owner": [str(world.owner.uuid), str(world.partner_owner.uuid), "me"],
        "party": ["catl", "foton"],
        "risk": ["R-001", "R-002"],
        "of": ["risk:R-001", "risk:R-002"],
        "part_of": ["R-001"],
        "related_to": ["R-001", "R-002"],
        "about": ["risk:R-001", "mitigation:M-001"],
        "q": ["Hydrogen", "Overseas", "stations", "price"],
        "term": ["market:eu"],
        "taxonomy": ["market"],
        "objective": ["overseas-units-2030"],
        "external_id": ["catl-7", "catl-8"],
        "likelihood": ["3", "4", "5"],
        "impact": ["3", "5"],
        "rating": ["critical", "high", "moderate"],
        "test_due_before": [str(day + 400 * DAY)],
        # Late enough for the objectives as well.
        "due_before": ["2031-01-31"],
        "updated_since": ["2026-01-01T00:00:00Z"],
        "since": ["2026-01-01T00:00:00Z"],
        "until": [f"{day + DAY}T00:00:00Z"],
        "as_of": [str(day), "2026-08-25"],
        "compare": ["2026-07-20", "2026-08-20"],
        "from": ["2026-01-01"],
        "number": ["1"],
        "limit": ["1"],
        "columns": [
            "ref",
            "title",
            "name",
            "names",
            "indicator",
            "driver",
            "risk",
            "objective",
            "count",
            "due",
            "verb",
        ],
        "count": ["true"],
    }


# Of pages: {route: query strings}, each of its own parameters; {} for all risk filters in turn.
def PAGES(world: Any, most: int = 2) -> dict[str, list[str]]:
    """What the pages are asked that read their address; ``most``: values of each risk filter."""
    giver = world.partner_owner.uuid
    orderings = [f"ordering={sign}{name}" for name in ORDERINGS for sign in ("", "-")]

    def of_list(noun: str) -> list[str]:
        """The filters that the API has are those of the page."""
        known = values_of(world, f"/api/v1/registers/{{}}/{noun}/")
        return [
            f"{name}={quote(value)}"
            for name, values in known.items()
            if name not in ("count", "limit", "ordering", *FOLLOWED)
            for value in values[:most]
        ]

    filters = of_list("risks")
    return {
        "/inbox/": ["show=unread", "page=2"],
        "/registers/": ["q=Second", "page=2"],
        "/search/": ["q=Hydrogen", f"q=price&register={world.register.slug}"],
        "/r/{}/risks/": [*filters, *orderings, "page=2"],
        "/r/{}/home/": ["since=2026-07-20", "since=2026-08-20"],
        "/r/{}/simulations/{}/pictures/{}/": ["format=svg"],
        "/r/{}/heatmap/": [
            *filters, "cell=5,5", "cell=4,5", "cell=3,3", "cell=unrated", "cell=above",
            "stage=inherent&cell=5,5", "stage=target", "as_of=2026-09-01&compare=2026-07-20",
            "as_of=2026-08-25", "compare=2026-08-20", "stage=movement", "cells=refs",
            "cells=titles&as_of=2026-09-01",
            "compare=2026-08-20&new=2&gone=2",
        ],
        "/r/{}/mitigations/": [
            *of_list("mitigations"), "ordering=-cost", "status=all&page=2",
        ],
        "/r/{}/mitigations/new/": ["risk=R-002", "risk=F-002"],
        "/r/{}/acceptances/": [
            "show=waiting", "show=granted", "show=over", "page=2", "risk=R-001", "risk=F-002",
        ],
        "/r/{}/comments/": ["about=risk:R-001", "about=mitigation:M-001", "about=risk:F-002"],
        "/r/{}/decisions/": ["show=drafts", "show=standing", "show=over", "page=2"],
        "/r/{}/decisions/new/": ["risk=R-002", "risk=F-002"],
        "/r/{}/relations/{}/end/": ["risk=R-001", "risk=F-002"],
        "/r/{}/controls/": [*of_list("controls"), "ordering=-owner"],
        "/r/{}/objectives/": [*of_list("objectives"), "ordering=-names"],
        "/r/{}/controls/new/": ["risk=R-002", "risk=F-002"],
        "/r/{}/indicators/": [*of_list("indicators"), "ordering=-next_reading_on"],
        "/r/{}/indicators/new/": ["risk=R-002", "risk=F-002"],
        "/r/{}/meetings/": ["page=2"],
        "/r/{}/meetings/new/": ["overdue=true", "above_appetite=true", "with=party&state=all"],
        "/r/{}/coverage/": [
            "by=owner&from=2026-01-01", "by=month&as_of=2026-09-01", "by=workstream",
        ],
        "/r/{}/coverage/csv/": ["by=owner&from=2026-01-01"],
        "/r/{}/coverage/reviews/": [
            "what=open", "what=due&by=owner", "what=open&by=party&key=foton&from=2026-01-01",
        ],
        "/r/{}/deliveries/": ["show=failed&channel=webhook", "show=waiting", "channel=inbox"],
        "/r/{}/risks/export/": [
            "format=csv", "format=json&q=Hydrogen", "format=ndjson&party=foton", "format=ir8286",
            "format=oscal", "format=csv&columns=ref,title", "format=xlsx&ordering=-score",
        ],
        **{
            f"/r/{{}}/{noun}/export/": ["format=json", *queries]
            for noun, queries in {
                "mitigations": ["format=csv&status=all", "format=ndjson&q=stations"],
                "controls": ["format=csv&active=all", "format=ndjson&ordering=-owner"],
                "indicators": ["format=csv&active=all", "format=ndjson&q=price"],
                "readings": ["format=csv&active=all", "format=ndjson"],
                "objectives": ["format=csv&party=foton", "format=ndjson"],
                "meetings": ["format=csv"],
                "acceptances": ["format=csv&show=waiting", "format=csv&show=granted", "show=over"],
                "decisions": ["format=csv", "format=ndjson&show=standing", "show=over"],
                "drivers": ["format=csv"],
                "heatmap": [
                    "format=csv&as_of=2026-09-01&compare=2026-07-20", "stage=inherent",
                    "format=json&stage=movement", "format=svg&cells=titles",
                    "format=svg&stage=movement&as_of=2026-09-01",
                ],
                "coverage": ["format=csv&by=owner&from=2026-01-01"],
                "risks/{}": ["format=csv", "format=oscal", "format=xlsx"],
                "risks/{}/history": ["format=csv&by=riskreg"],
                "risks/{}/estimates": ["format=csv"],
            }.items()
        },
        "/r/{}/handover/": [
            f"from={world.owner.uuid}", f"from={giver}", f"from={giver}&part=risks",
        ],
        "/r/{}/handover/risks/": ["risk=R-002", "risk=F-002"],
        "/r/{}/change-requests/": ["before=CR-002"],
        "/r/{}/imports/": ["q=Second"],
        "/r/{}/settings/criteria/": ["version=1"],
        "/r/{}/settings/ladder/": ["version=1", "risk=R-002", "risk=F-002"],
        "/r/{}/risks/{}/history/": ["page=2"],
        "/r/{}/risks/{}/assess/": ["stage=target"],
        "/r/{}/risks/{}/review/": ["next=/"],
    }  # fmt: skip


def values_of(world: Any, route: str) -> dict[str, list[str]]:
    """{parameter: values} that ``route`` is sent. Raises ``KeyError`` where none is known."""
    own, known = parameters().get(route, {}), matching(world)
    return {name: listed or known[name] for name, listed in own.items() if name not in FOLLOWED}


# A filter that names a private thing finds as much as one that names nothing.
TWINS = {
    "q": ("zzyzx", "qqqqq"),
    "objective": ("zzyzx-target", "qqqqq-target"),
    "external_id": ("zzyzx-id", "qqqqq-id"),
    "risk": ("F-002", "F-999"),
}


def twins_of(world: Any, route: str) -> list[tuple[str, str]]:
    """Pairs of query strings that must be answered alike."""
    pages = PAGES(world).get(route, [])
    names = {*parameters().get(route, {}), *(q.split("=")[0] for q in pages)}
    return [(f"{n}={real}", f"{n}={no}") for n, (real, no) in TWINS.items() if n in names]


def queries_of(world: Any, route: str, *, thorough: bool, most: int = 99) -> list[str]:
    """The query strings that ``route`` is asked with, one parameter each and all its orderings.

    Not ``thorough``: the first page of one row, and what a page is asked first. ``most`` values of
    a parameter are sent.
    """
    own = values_of(world, route)
    if not thorough:
        first = ["limit=1&count=true"] if "count" in own else []
        return first + PAGES(world).get(route, [])[:1]
    asked = [f"{name}={quote(v)}" for name, values in own.items() for v in values[:most]]
    asked += [f"ordering={order}&limit=1" for order in own.get("ordering", ())]
    return asked + PAGES(world, min(most, 2)).get(route, [])


def follows(query: str) -> bool:
    """Whether the pages after the first are asked for as well."""
    return "limit=1" in query.split("&")


def reading_pages(routes: dict[str, Any]) -> set[str]:
    """Modules of pages that read their address."""
    modules = set()
    for pattern in routes.values():
        view: Any = getattr(pattern.callback, "view_class", pattern.callback)
        module = inspect.getmodule(view)
        if module and module.__name__.startswith("riskreg.web."):
            modules |= {module.__name__} if "request.GET" in inspect.getsource(module) else set()
    return modules


@dataclass
class Answered:
    """Which parameters of which routes were answered with 200 and rows, as (route, parameter);
    of pages, whose parameters no schema names, as (route, query string)."""

    found: set[tuple[str, str]] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    def note(self, route: str, path: str, response: HttpResponse) -> None:
        """One answer to a GET."""
        query = path.partition("?")[2]
        if not query:
            return
        if response.status_code != 200 or not has_rows(route, response):
            self.refused.append(f"{response.status_code} {path}")
            return
        self.found.add((route, query))
        self.found |= {(route, pair.split("=")[0]) for pair in query.split("&")}

    def missing(self, world: Any, routes: Iterator[str] | list[str]) -> list[str]:
        """What was never sent with such an answer: parameters of the schema, and query strings of
        pages but for those that ask for what is foton's own."""
        wanted = {(route, name) for route in routes for name in parameters().get(route, ())}
        own = ("F-002", str(world.owner.uuid))
        for route, queries in PAGES(world).items():
            wanted |= {(route, q) for q in queries if not any(name in q for name in own)}
        return sorted(f"{route} {name}" for route, name in wanted - self.found)


def has_rows(route: str, response: HttpResponse) -> bool:
    """Whether an answer of the API holds anything that a filter could have left out."""
    if not route.startswith("/api/"):
        return True
    if "json" not in response["Content-Type"] or route.endswith("/exports/party/"):
        return bool(response.content)
    if response["Content-Type"] == "application/x-ndjson":
        return bool(response.content)
    body = json.loads(response.content)
    if "export" in route:
        return any(body.values())
    if "results" in body:
        return bool(body["results"])
    if route.endswith("/heatmap/"):
        return bool(body["unrated"]["count"] or any(cell["count"] for cell in body["cells"]))
    if "rows" in body:
        return bool(body["rows"])
    return bool(body)
