"""Visiting every route of the project as those who must not learn of foton's private things.

``ROUTES`` names every route with its methods; a route that is not in it fails the walk. A private
thing must be answered for exactly as one that does not exist, and no answer of any route may hold a
canary, a private ref or a private id.
"""

import copy
import functools
import io
import itertools
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from django.contrib.admindocs.views import simplify_regex
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests import builders
from tests.access import asked
from tests.access.canaries import CANARY, CanaryWorld
from tests.access.routes import ROUTES, body_for
from tests.amounts import sample

VISITORS = (
    "partner_manager", "partner_owner", "partner_leader", "partner_integration", "auditor",
    "onlooker", "outsider", "",
)  # fmt: skip
_WRITES = {"POST", "PATCH", "PUT", "DELETE"}


@functools.cache
def routes() -> dict[str, URLPattern]:
    """Every route as a path with ``{}`` for each parameter."""

    def inside(resolver: URLResolver, before: str) -> Iterator[tuple[str, URLPattern]]:
        for pattern in resolver.url_patterns:
            path = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from inside(pattern, path)
            else:
                yield re.sub(r"<[^>]*>", "{}", simplify_regex(path)), pattern

    return dict(inside(get_resolver(), ""))


def not_walked() -> set[str]:
    """Routes that nobody has told the walk about."""
    return {r for r in routes() if r not in ROUTES and not r.startswith("/admin/")}


def gone() -> set[str]:
    """Routes that the table names and that are no more."""
    return set(ROUTES) - set(routes())


@dataclass(frozen=True, eq=False)
class Visit:
    """One request. ``twin`` is the same about a thing that does not exist."""

    method: str
    path: str
    twin: str | None = None
    must_be_absent: bool = True
    compared: bool = True
    body: dict[str, Any] = field(default_factory=dict)
    route: str = ""


# What can stand after which word of a path: (private things, one that does not exist).
def _targets(world: CanaryWorld) -> dict[str, tuple[list[str], str]]:
    nobody = "00000000-0000-4000-8000-000000000000"
    return {
        "key": ([], "1"),
        "r": ([], world.register.slug),
        "api": ([], "v2/risks/"),
        "registers": ([], world.register.slug),
        "risks": (world.risk_refs, "F-999"),
        "mitigations": (world.mitigation_refs, "FM-999"),
        "indicators": (world.indicator_refs, "FK-999"),
        "meetings": (world.meetings, nobody),
        "imports": (world.imports, nobody),
        "board-packs": (world.packs, nobody),
        "pack-schedules": (world.pack_schedules, nobody),
        "schedules": (world.pack_schedules, nobody),
        "drafts": (world.drafts, nobody),
        "items": ([], "1"),
        "estimates": (world.estimates, nobody),
        "effects": (world.effects, nobody),
        "acceptances": (world.acceptances, "FA-999"),
        "conditions": (world.conditions, nobody),
        "decisions": (world.decisions, "FX-999"),
        "options": ([], "B"),
        "arguments": (world.arguments, nobody),
        "drivers": (world.drivers, "FD-999"),
        "beliefs": (world.beliefs, nobody),
        "links": (world.links, nobody),
        "questions": (world.conditions, nobody),
        "comments": (world.comments, nobody),
        "simulations": (world.simulations, nobody),
        "pictures": ([], "loss"),
        "objectives": (world.objective_keys, "no-such-objective"),
        "controls": (world.controls, nobody),
        "relations": (world.relations, nobody),
        "own-appetites": (world.appetites, nobody),
        "evidence": (world.evidence, nobody),
        # Of a form to attach a file: the kind of thing, and which.
        "new": ([], "risk"),
        "{}": (world.risk_refs, "F-999"),
        "deliveries": (world.deliveries, nobody),
        "endpoints": (world.endpoints, nobody),
        "webhooks": (world.endpoints, nobody),
        "invitations": (world.invitations, nobody),
        "inbox": (world.messages, nobody),
        # Another id than a program's that is not there: the two stand in one path.
        "tokens": (world.tokens, "00000000-0000-4000-8000-000000000001"),
        "change-requests": ([], "CR-999"),
        "taxonomies": ([], "none"),
        "parties": ([], "none"),
        "terms": ([], "none"),
        "": (world.examples, nobody),
    }


def plain_path(world: CanaryWorld, route: str) -> str:
    """``route`` with what does not exist in the place of each thing."""
    targets, pieces = _targets(world), route.split("/")
    return "/".join(
        piece.replace("{}", targets.get(pieces[n - 1], targets[""])[1]) if "{}" in piece else piece
        for n, piece in enumerate(pieces)
    )


def visits(
    world: CanaryWorld, route: str, thorough: bool = True, most: int = 99
) -> Iterator[Visit]:
    """The requests that the walk makes of ``route``.

    ``thorough``: about every private thing, beside several shared ones, and with every query string
    of ``most`` values of each parameter. Otherwise about one thing of each kind, as it is asked
    first: what the others are answered to queries is compared in ``test_two_worlds``.
    """
    targets = _targets(world)
    methods = ROUTES[route].split()
    pieces = route.split("/")
    choices: list[list[tuple[str, str]]] = []
    for n, piece in enumerate(pieces):
        if "{}" not in piece:
            choices.append([(piece, piece)])
            continue
        private, absent = targets.get(pieces[n - 1], targets[""])
        # The first risk is a draft, with little on it.
        named = private if thorough else private[1:2] or private[:1]
        filled = [(piece.replace("{}", p), piece.replace("{}", absent)) for p in named]
        choices.append(filled or [(piece.replace("{}", absent),) * 2])
    queries: list[str] = []
    if "GET" in methods:
        queries = asked.queries_of(world, route, thorough=thorough, most=most)
    twins = asked.twins_of(world, route) if thorough else []
    for n, combination in enumerate(itertools.product(*choices)):
        path = "/".join(real for real, _twin in combination)
        twin: str | None = "/".join(absent for _real, absent in combination)
        if path == twin:
            twin = None
        for method in methods:
            body = body_for(world, route) if method in _WRITES else {}
            # Two comparisons with what does not exist are as good as seven.
            yield Visit(method, path, twin, compared=n < 2, body=body, route=route)
            if method == "GET" and twin is None:
                for real, absent in twins:
                    yield Visit(method, f"{path}?{real}", f"{path}?{absent}", False)
                for query in queries:
                    yield Visit(method, f"{path}?{query}", route=route)
    # The shared things have private neighbours: their pages must not show them.
    plain = plain_path(world, route)
    for shared in world.shared_paths(route)[: None if thorough else 1]:
        if "GET" in methods and shared != plain:
            yield Visit("GET", shared, route=route)
            for query in queries:
                yield Visit("GET", f"{shared}?{query}", route=route)


def client_for(world: CanaryWorld, who: str, route: str) -> Client:
    """The client with which ``who`` (empty: nobody) visits ``route``."""
    person = getattr(world, who) if who else None
    if route.startswith("/api/"):
        return world.client(("api", who), lambda: builders.api(person))
    return world.client(("web", who), lambda: builders.web(person))


def send(client: Client, visit: Visit, path: str) -> HttpResponse:
    """The answer; whatever it changed is undone."""
    options: dict[str, Any] = {}
    if visit.method in _WRITES:
        if path.startswith("/api/"):
            options = {
                "data": visit.body,
                "content_type": "application/json",
                "headers": {"If-Match": '"1"'},
            }
        elif visit.method == "POST":
            options = {"data": visit.body}
    cookies = copy.deepcopy(client.cookies)
    with transaction.atomic():
        response = client.generic(visit.method, path) if not options else getattr(
            client, visit.method.lower()
        )(path, **options)  # fmt: skip
        if response.streaming:
            response = whole(response)
        transaction.set_rollback(True)
    # Signing out, for one, is undone for the browser too.
    client.cookies = cookies
    return response


def whole(response: Any) -> HttpResponse:
    """A response that comes in pieces as one; of a workbook what is packed in it."""
    content = b"".join(response.streaming_content)
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = b"\n".join(book.read(name) for name in sorted(book.namelist()))
    one = HttpResponse(content, status=response.status_code, headers=dict(response.headers))
    one.cookies = response.cookies
    return one


def text_of(response: HttpResponse) -> str:
    """Status, headers, cookies and body as one text."""
    headers = "\n".join(f"{k}: {v}" for k, v in sorted(response.headers.items()))
    cookies = response.cookies.output()
    body = response.getvalue().decode("utf-8", "replace")
    return f"{response.status_code}\n{headers}\n{cookies}\n\n{body}"


def normal(text: str) -> str:
    """``text`` without what is random in every answer."""
    text = re.sub(r'(csrfmiddlewaretoken"? (?:type="hidden" )?value=")[^"]+', r"\1T", text)
    text = re.sub(r'(form_key" value=")[^"]+', r"\1K", text)
    if "Content-Type: text/html" in text:
        # The keys of its forms are packed, and so not always of one length.
        text = re.sub(r"Content-Length: \d+", "Content-Length: N", text)
    text = re.sub(r"(\bdraft=)[\w-]{16}\b", r"\1D", text)
    text = re.sub(r'("X-CSRFToken": ?"|&quot;X-CSRFToken&quot;: ?&quot;)\w{32,64}', r"\1T", text)
    text = re.sub(r"(csrftoken=|sessionid=)\w+", r"\1T", text)
    text = re.sub(r"(nonce[=-]\"?)[\w+/=-]+", r"\1N", text)
    text = re.sub(r"X-Request-ID: \S+", "X-Request-ID: I", text)
    return re.sub(r'("(?:request_id|instance)": ?")[^"]*', r"\1I", text)


def leaks(
    world: CanaryWorld,
    visitors: tuple[str, ...] = VISITORS,
    answered: asked.Answered | None = None,
) -> Iterator[str]:
    """Walk; yield one line for each thing that an answer gave away. ``answered`` notes what was.

    The other side's manager asks every route thoroughly, the others their share of them.
    """
    for who in visitors:
        thorough = who == "partner_manager"
        for route in ROUTES if thorough else sample(list(ROUTES), VISITORS.index(who), every=6):
            if route not in routes():
                continue
            client = client_for(world, who, route)
            for visit in visits(world, route, thorough):
                yield from leaks_of(world, client, who, visit, answered)


def leaks_of(
    world: CanaryWorld,
    client: Client,
    who: str,
    visit: Visit,
    answered: asked.Answered | None = None,
    further: int = asked.PAGES_FOLLOWED,
) -> Iterator[str]:
    """What one visit gave away, and those of the pages that it leads to."""
    name = f"{who or 'anonymous'}: {visit.method} {visit.path}"
    try:
        response = send(client, visit, visit.path)
    except Exception as error:
        yield f"{name}: {type(error).__name__}: {error}"
        return
    text = text_of(response)
    if response.status_code >= 500:
        yield f"{name}: {response.status_code}"
    if CANARY.casefold() in text.casefold():
        at = text.casefold().index(CANARY.casefold())
        yield f"{name}: …{text[max(0, at - 60) : at + 60]!r}…"
    if answered is not None and visit.method == "GET" and visit.route:
        answered.note(visit.route, visit.path, response)
    sent = visit.path + str(visit.body)
    for secret in world.secrets:
        if secret not in sent and secret in text:
            at = text.index(secret)
            yield f"{name}: {secret} in …{text[max(0, at - 60) : at + 60]!r}…"
    if further and (there := following(visit, response)):
        yield from leaks_of(world, client, who, there, answered, further - 1)
    if visit.twin is None:
        return
    # 403 is for whole pages that a role may not open, whether or not the thing is there.
    absent = (403, 404) if who else (302, 401, 404)
    if visit.must_be_absent and response.status_code not in absent:
        yield f"{name}: {response.status_code} about a private thing"
    if not visit.compared:
        return
    twin = send(client, visit, visit.twin)
    if _about(text, visit.path) != _about(text_of(twin), visit.twin):
        yield f"{name}: answered otherwise than {visit.twin}, which does not exist"


def following(visit: Visit, response: HttpResponse) -> Visit | None:
    """The visit of the page that comes after ``response``, for lists that are followed."""
    path, _mark, query = visit.path.partition("?")
    if visit.method != "GET" or not asked.follows(query) or response.status_code != 200:
        return None
    if not response.headers["Content-Type"].startswith("application/json"):
        return None
    address = json.loads(response.content).get("next")
    if not address:
        return None
    return replace(visit, path=f"{path}?{urlsplit(address).query}")


def _about(text: str, path: str) -> str:
    """``text`` with the names of the things in ``path`` replaced by their places."""
    text = re.sub(r"Content-Length: \d+", "Content-Length: N", normal(text))
    # A digest of the body, which may repeat what was asked for and is compared itself.
    text = re.sub(r'(ETag: (?:W/)?")[0-9a-f]{24}"', r'\1E"', text)
    address, _mark, query = path.partition("?")
    for n, piece in enumerate(address.split("/")):
        if re.search(r"[-\d]", piece) and piece != builders.SLUG:
            text = text.replace(piece, f"{{{n}}}")
    for name, _equals, value in (pair.partition("=") for pair in query.split("&")):
        if value in asked.TWINS.get(name, ()):
            text = text.replace(value, f"{{{name}}}")
    return text
