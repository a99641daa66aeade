"""The schema is whole and true: every route is in it, and what it says is what happens."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from riskreg.api import urls
from riskreg.endpoints import services as endpoints
from tests import builders
from tests.builders import SLUG, World
from tests.endpoints.receiver import stub_names

pytestmark = pytest.mark.django_db
UNDESCRIBED = {"/api/schema/", "/api/docs/", "/api/^(?P<rest>.*)$"}


def routes(patterns: list[Any], prefix: str = "/api/") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern), pattern.callback


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    response = Client().get("/api/schema/")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/vnd.oai.openapi+json"
    return dict(json.loads(response.content))


def test_no_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True)
    assert capsys.readouterr().out.startswith("openapi: 3.1")


def test_every_route_and_method_is_described(document: dict[str, Any]) -> None:
    found = set()
    for path, callback in routes(urls.urlpatterns):
        if path in UNDESCRIBED:
            continue
        plain = re.sub(r"<\w+:(\w+)>", r"{\1}", path)
        methods = {m for m in ("get", "post", "patch", "put", "delete") if hasattr(callback.cls, m)}
        assert set(document["paths"][plain]) == methods, plain
        found.add(plain)
    assert found == set(document["paths"])
    assert len(found) >= 19


def test_operations_say_all_that_matters(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            headers = {p["name"]: p for p in operation["parameters"] if p["in"] == "header"}
            codes = set(operation["responses"])
            assert {"401", "403", "404", "500"} <= codes, where
            for code in codes - {"200", "201", "202", "204", "304"}:
                content = operation["responses"][code]["content"]
                assert list(content) == ["application/problem+json"], where
            if method == "post":
                assert "Idempotency-Key" in headers, where
                assert "422" in codes, where
            of_a_version = method == "post" and "/risks/{ref}/" in path
            if method in ("patch", "put", "delete") or of_a_version:
                assert headers["If-Match"]["required"], where
                assert {"412", "428"} <= codes, where
            assert operation["summary"], where
            assert operation["description"], where
            assert operation["security"], where
    scheme = document["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_examples_fit_their_schemas(document: dict[str, Any]) -> None:
    from jsonschema_rs import validator_for

    checked = 0
    for methods in document["paths"].values():
        for operation in methods.values():
            bodies = [*operation["responses"].values()]
            if "requestBody" in operation:
                bodies.append(operation["requestBody"])
            for body in bodies:
                for media in body.get("content", {}).values():
                    check = validator_for({**media["schema"], "components": document["components"]})
                    for example in media.get("examples", {}).values():
                        check.validate(example["value"])
                        checked += 1
    assert checked > 100


def test_docs_page_works_under_its_policy() -> None:
    response = Client().get("/api/docs/")
    assert response.status_code == 200
    policy = response["Content-Security-Policy"]
    assert "script-src 'self';" in policy + ";"
    page = response.content.decode()
    assert "<script>" not in page
    assert "//cdn" not in page
    script = Client().get("/api/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert "/api/schema/" in script.content.decode()
    assert Client().post("/api/docs/").status_code == 405
    assert Client().post("/api/schema/").status_code == 405


@pytest.fixture
def kept_connection() -> Iterator[None]:
    """A WSGI server closes old connections around each request; the test's own must stay."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


@pytest.mark.slow
def test_answers_are_as_described(
    world: World,
    document: dict[str, Any],
    kept_connection: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Calls made up from the schema: never a 500, never an answer that it does not describe."""
    row = builders.risk(world, inherent=(5, 5), target=(1, 2))
    builders.mitigation(world, row)
    builders.objective(world)
    builders.review(world, row)
    token = builders.token(world.manager)
    # The addresses that are made up for webhooks lead nowhere.
    names = stub_names(monkeypatch)
    names["hooks.receiver.com"] = ["93.184.215.14"]
    viewer = world.viewer("manager")
    webhook, _secret = endpoints.add_endpoint(
        audience=viewer.audience, kind="webhook", name="ERP", language="en",
        actor=viewer.user.uuid, at=world.at,
        address=endpoints.check_address("webhook", "https://hooks.receiver.com/"),
    )  # fmt: skip
    schema = schemathesis.openapi.from_dict(document)
    schema.app = get_wsgi_application()
    checks = [
        not_a_server_error, status_code_conformance, content_type_conformance,
        response_headers_conformance, response_schema_conformance,
    ]  # fmt: skip
    known = {"slug": SLUG, "ref": None, "webhook": str(webhook.uuid)}
    calls = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        known["ref"] = "M-001" if "mitigations" in operation.path else "R-001"

        @settings(
            max_examples=12, deadline=None, database=None, derandomize=True,
            phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(), real=st.integers(0, 3))
        def call(case: Any, real: int) -> None:
            nonlocal calls
            if real:
                given = case.path_parameters or {}
                case.path_parameters = {k: known.get(k, v) for k, v in given.items()}
            if "If-Match" in case.headers and real > 1:
                case.headers["If-Match"] = '"3"'
            headers = {"Authorization": f"Bearer {token}"}
            response = case.call(headers=headers)
            case.validate_response(response, checks=checks, headers=headers)
            calls += 1

        call()
    assert calls > 100


def test_the_resolver_reaches_the_api() -> None:
    assert get_resolver().resolve("/api/v1/me/").view_name == "api:me"
