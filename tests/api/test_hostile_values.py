"""Nasty values in every key, parameter and field of every operation that the schema names.

Whatever is sent: an answer below 500, and a refusal is a problem that names what was wrong, or says
that there is no such thing. What is refused changes nothing; what is taken can be read.
"""

import datetime as dt
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import transaction

from riskreg.accounts.services import replace_calendar_secret
from riskreg.kernel import health
from riskreg.reminders.services import sweep
from tests import builders, hostile_values
from tests.access.routes import ROUTES
from tests.amounts import sample
from tests.dump import nothing_changes
from tests.endpoints.receiver import stub_names
from tests.hostile_values import Operation, Way, shown

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.unmeasured]


# What was taken is kept and read where it is one of these.
KEPT = (*hostile_values.DAYS, *hostile_values.MOMENTS, 2**31, 2**63, 10**400, 1e300, "1e400")
SOME_TEXTS = (hostile_values.LONG, "9999-12-31")


class Program:
    """A program of foton's manager, that undoes what was taken and notes what went wrong."""

    def __init__(self, world: hostile_values.HostileWorld) -> None:
        self.world = world
        self.client = builders.api(world.manager)
        self.client.raise_request_exception = False
        self.failures: list[str] = []

    def send(
        self, method: str, path: str, body: Any = None, *, tag: str = "", keep: bool = False
    ) -> Any:
        """The answer; ``tag`` is for If-Match."""
        options: dict[str, Any] = {"headers": {"If-Match": tag} if tag else {}}
        if method in ("post", "put", "patch"):
            options |= {"data": {} if body is None else body, "content_type": "application/json"}
        with transaction.atomic():
            response = getattr(self.client, method)(path, **options)
            if response.status_code < 400 and not keep:
                transaction.set_rollback(True)
        return response

    def check(self, response: Any, what: str, *pointers: str) -> None:
        """Note an answer that is neither a success nor a refusal that says what it refuses."""
        status = response.status_code
        if status < 400:
            return
        text = response.content.decode()[:300]
        if status >= 500 or response["Content-Type"] != "application/problem+json":
            why = repr(response.exc_info[1]) if getattr(response, "exc_info", None) else text
            self.failures.append(f"{what}: {status} {why:.300}")
        elif status != 404 and pointers and not any(
            named == p or named.startswith(p + "/")
            for named in pointers_of(response)
            for p in pointers
        ):  # fmt: skip
            self.failures.append(f"{what}: {status} does not name it: {text}")

    def settle(self, operation: Operation) -> tuple[str, Any, str]:
        """Path, body and ETag that the operation takes as they are."""
        last = None
        for path in hostile_values.paths(self.world, operation):
            for body in hostile_values.bodies(self.world, operation):
                tag = '"1"' if operation.conditional else ""
                last = self.send(operation.method, path, body, tag=tag)
                if last.status_code == 412:
                    tag = last["ETag"]
                    last = self.send(operation.method, path, body, tag=tag)
                if last.status_code < 300:
                    return path, body, tag
        raise AssertionError(f"{operation} takes nothing: {getattr(last, 'content', last)!r:.400}")


def pointers_of(response: Any) -> list[str]:
    return [error["pointer"] for error in response.json()["errors"]]


@pytest.fixture
def program(db: None, at: dt.datetime, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Program:
    settings.REGISTER_MAKERS = "everybody"
    monkeypatch.setitem(health.CHECKS, "broker", lambda: None)
    stub_names(monkeypatch).update({host: ["93.184.215.14"] for host in hostile_values.HOSTS})
    return Program(hostile_values.build(at))


def test_keys_and_parameters(program: Program) -> None:
    with nothing_changes():
        for number, operation in enumerate(hostile_values.operations()):
            path = next(hostile_values.paths(program.world, operation))
            pieces, plain = path.split("/"), operation.path.split("/")
            for n in (n for n, piece in enumerate(plain) if piece.startswith("{")):
                for value in sample(hostile_values.KEYS, number):
                    named = "/".join([*pieces[:n], quote(value, safe=""), *pieces[n + 1 :]])
                    answer = program.send(operation.method, named, tag='"1"')
                    what = f"{operation} {plain[n]}={shown(value)}"
                    program.check(answer, what)
                    if answer.status_code not in (400, 404):
                        program.failures.append(f"{what}: {answer.status_code}")
            for name in operation.queries:
                for value in sample(hostile_values.TEXTS, number):
                    answer = program.send("get", f"{path}?{urlencode({name: value})}")
                    program.check(answer, f"{operation} ?{name}={shown(value)}", f"?{name}")
    assert not program.failures, "\n".join(program.failures)


def test_fields(program: Program) -> None:
    taken: list[tuple[Operation, str, Any]] = []
    for number, operation in enumerate(hostile_values.operations()):
        if not operation.fields:
            continue
        path, body, tag = program.settle(operation)
        with nothing_changes():
            for way, value in alone(program, operation, path, body, tag, number):
                given = hostile_values.put(body, operation.example, way, value)
                answer = program.send(operation.method, path, given, tag=tag)
                what = f"{operation} {way}={shown(value)}"
                program.check(answer, what, *blamed(operation, way, value))
                if answer.status_code < 300 and value in KEPT and way not in operation.texts:
                    taken.append((operation, path, given))
    assert not program.failures, "\n".join(program.failures)
    assert taken
    # What makes something new first: a risk that was closed takes nothing more.
    for operation, path, given in sorted(taken, key=lambda each: each[0].conditional):
        answer = program.send(operation.method, path, given, tag='"1"', keep=True)
        if answer.status_code == 412:
            answer = program.send(operation.method, path, given, tag=answer["ETag"], keep=True)
        program.check(answer, f"{operation} {shown(given)}")
        if "Location" in answer:
            read(program, answer["Location"].removeprefix("http://testserver"))
    everything_can_be_read(program)
    assert not program.failures, "\n".join(program.failures)


def blamed(operation: Operation, way: Way, value: Any) -> list[str]:
    """Where an error about ``value`` at ``way`` may point: to the field, and where two do
    not go together (dates, limits, the party one acts for) to the other of them."""
    together = {
        "starts_on": "until_on", "start_on": "due_on", "parties": "party",
    }  # fmt: skip
    return [f"#/{way[0]}", *([f"#/{other}"] if (other := together.get(str(way[0]))) else [])]


def alone(
    program: Program, operation: Operation, path: str, body: Any, tag: str, turn: int
) -> list[tuple[Way, Any]]:
    """The pairs of field and value that are worth a call of their own.

    A service says of all fields at once what is wrong with them, so most can share a call: what was
    refused by name there need not be sent again. What no text may hold is refused by the parser,
    wherever it stands.
    """
    texts, many = hostile_values.UNSTORABLE, ["x"] * 100_000
    left: list[tuple[Way, Any]] = []
    left += [(w, texts[n % len(texts)]) for n, w in enumerate(operation.fields) if len(w) == 1]
    left += [(way, many) for way in operation.fields if (*way, 0) in operation.fields]
    left = list(sample(left, turn))
    waiting: dict[str | int, list[tuple[Way, Any]]] = {}
    for n, way in enumerate(operation.fields):
        values = hostile_values.VALUES
        if way in operation.texts:
            # Where any text may stand, one short one is as good as another.
            values = tuple(v for v in values if not isinstance(v, str) or v in SOME_TEXTS)
        turned = values[n % len(values) :] + values[: n % len(values)]
        waiting.setdefault(way[0], []).extend((way, value) for value in sample(turned, 0, every=9))
    while tried := [pairs.pop() for pairs in waiting.values() if pairs]:
        if len(tried) == 1:
            left += tried
            continue
        given = body
        for way, value in tried:
            given = hostile_values.put(given, operation.example, way, value)
        answer = program.send(operation.method, path, given, tag=tag)
        program.check(answer, f"{operation} {shown(tried)}", *{f"#/{way[0]}" for way, _ in tried})
        found = pointers_of(answer) if answer.status_code == 400 else []
        named = {pointer.split("/")[1] for pointer in found if "/" in pointer}
        left += [(way, value) for way, value in tried if way[0] not in named]
    return left


def read(program: Program, path: str) -> None:
    """What was made, by the API and on its page."""
    program.check(program.send("get", path), f"get {path}")
    page = path.replace("/api/v1/registers/", "/r/")
    answer = builders.web(program.world.manager).get(page)
    if answer.status_code not in (200, 302, 404):
        program.failures.append(f"get {page}: {answer.status_code}")


def everything_can_be_read(program: Program) -> None:
    """Every list, page and feed of the register, and what the sweep says of it."""
    world = program.world
    for operation in hostile_values.operations():
        if operation.method == "get":
            path = next(hostile_values.paths(world, operation))
            program.check(program.send("get", path), f"get {path}", "?risk", "?q")
    browser = builders.web(world.manager)
    browser.raise_request_exception = False
    pages = [f"/calendar/{replace_calendar_secret(user=world.manager, at=world.at)}.ics"]
    for route in (route for route, methods in ROUTES.items() if "GET" in methods):
        if not route.startswith(("/api/", "/accounts/", "/calendar/", "/metrics")):
            pages += world.shared_paths(route) or [p for p in (route,) if "{}" not in p]
    for path in pages:
        answer = browser.get(path)
        if answer.status_code >= 500:
            program.failures.append(f"get {path}: {answer.exc_info[1]!r}")
    for days in (1, 400):
        sweep(world.at + dt.timedelta(days=days))
