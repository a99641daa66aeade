"""The schema is whole and true: every route is in it, and what it says is what happens."""

import contextlib
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from openapi_spec_validator import OpenAPIV31SpecValidator

from riskreg.api import urls
from riskreg.api.core import documentation
from riskreg.api.core.etag import etag
from riskreg.api.core.vocabulary import CODES, VERBS
from riskreg.register.models import Role
from tests.conftest import REQUIRE_ALL
from tools import schemathesis_figures as figures

ROOT = Path(__file__).resolve().parents[2]
# The schema is made of code alone.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
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


def test_of_several_who_ask_first_one_makes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(2)
    made: list[str] = []

    def make(self: Any, **_asked: Any) -> dict[str, str]:
        made.append("once")
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(timeout=0.5)
        return {"made": "once"}

    monkeypatch.setattr("drf_spectacular.generators.SchemaGenerator.get_schema", make)
    documentation._schema.cache_clear()
    try:
        with ThreadPoolExecutor(2) as threads:
            request = RequestFactory().get("/api/schema/")
            asked = [threads.submit(documentation.schema, request) for _ in range(2)]
            assert {one.result().content for one in asked} == {b'{"made": "once"}'}
    finally:
        documentation._schema.cache_clear()
    assert made == ["once"]


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
            # An estimate, link, question or copy is added beside a risk and leaves it as it is.
            of_a_version = method == "post" and "/risks/{ref}/" in path
            of_a_version = of_a_version and not path.endswith(
                ("/estimates/", "/drivers/", "/clone/")
            )
            of_a_version = of_a_version and "/questions/" not in path
            if method in ("patch", "put", "delete") or of_a_version:
                assert headers["If-Match"]["required"], where
                assert {"412", "428"} <= codes, where
            assert operation["summary"], where
            assert operation["description"], where
            assert operation["security"], where
    scheme = document["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_examples_fit_their_schemas(document: dict[str, Any]) -> None:
    from jsonschema_rs import Registry, validator_for

    # What is shared is read once, and not for each of the examples.
    registry = Registry([("urn:api", {"components": document["components"]})])
    checked = 0
    for methods in document["paths"].values():
        for operation in methods.values():
            bodies = [*operation["responses"].values()]
            if "requestBody" in operation:
                bodies.append(operation["requestBody"])
            for body in bodies:
                for media in body.get("content", {}).values():
                    if not (examples := media.get("examples")):
                        continue
                    shape = json.dumps(media["schema"]).replace('"#/comp', '"urn:api#/comp')
                    check = validator_for(json.loads(shape), registry=registry)
                    for example in examples.values():
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


# Validators that are not the tool that made it ---------------------------------------------------
def test_every_schema_is_one(document: dict[str, Any]) -> None:
    """By the meta-schema of JSON Schema, which finds a type that is named twice."""
    for name, shape in document["components"]["schemas"].items():
        try:
            Draft202012Validator.check_schema(shape)
        except SchemaError as error:
            pytest.fail(f"{name}: {error.message}")
    with pytest.raises(SchemaError):
        Draft202012Validator.check_schema({"type": ["string", "null", "null"]})


def test_it_is_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


@pytest.mark.process
def test_spectral_finds_nothing(document: dict[str, Any], tmp_path: Path) -> None:
    linter = spectral()
    if not linter:
        why = "needs Spectral: npm install --prefix var/spectral @stoplight/spectral-cli"
        if REQUIRE_ALL:
            pytest.fail(f"REQUIRE_ALL is set and this {why}", pytrace=False)
        pytest.skip(why)
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(document))
    asked = [linter, "lint", "--quiet", "--fail-severity", "warn", "-r", ROOT / ".spectral.yaml"]
    done = subprocess.run([*asked, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def spectral() -> str:
    """The path of the linter; empty where there is none."""
    ours = ROOT / "var" / "spectral" / "node_modules" / ".bin" / "spectral"
    return str(ours) if ours.exists() else shutil.which("spectral") or ""


# What it says ------------------------------------------------------------------------------------
def test_bodies_are_closed_and_everything_is_described(document: dict[str, Any]) -> None:
    shapes = document["components"]["schemas"]
    sent = [name for name in shapes if name.endswith("Request")]
    assert len(sent) > 20
    assert [n for n in sent if shapes[n].get("additionalProperties") is not False] == []
    silent = [
        f"{name}.{field}"
        for name, shape in shapes.items()
        for field, schema in shape.get("properties", {}).items()
        if not schema.get("description")
    ]
    assert silent == [], "say it in the shape, or in riskreg/api/core/schema_descriptions.py"
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                assert parameter["description"], (path, parameter["name"])


def is_file(operation: dict[str, Any]) -> bool:
    """Whether it answers with a file, which is made while it is read and so has no ETag."""
    return "Content-Disposition" in operation["responses"]["200"].get("headers", {})


def test_parameters_say_what_is_taken(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            named = {p["name"]: p["schema"] for p in operation["parameters"]}
            for name in ("count", "overdue", "unrated", "mine", "late", "active", "corrected"):
                assert named.get(name, {"type": "boolean"}) == {"type": "boolean"}, (path, name)
            if "limit" in named:
                assert (named["limit"]["minimum"], named["limit"]["maximum"]) == (1, 500), path
            if "If-Match" in named:
                pattern = named["If-Match"]["pattern"]
                assert re.search(pattern, '"7"')
                assert re.search(pattern, etag(7, {}))
                assert not re.search(pattern, "*")
            if method == "get" and not is_file(operation):
                assert "If-None-Match" in named, path
                assert {"ETag", "X-Request-ID"} <= set(operation["responses"]["200"]["headers"])


def test_operations_sort_by_noun(document: dict[str, Any]) -> None:
    names = [op["operationId"] for methods in document["paths"].values() for op in methods.values()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in names), names
    assert {"risks_list", "risks_create", "risks_read", "risks_update", "risks_open", "me_read",
            "risks_reviews_create", "ladder_replace", "webhooks_delete"} <= set(names)  # fmt: skip


def test_what_programs_rely_on_is_enumerated(document: dict[str, Any]) -> None:
    shapes = document["components"]["schemas"]
    assert set(shapes["ProblemItem"]["properties"]["code"]["enum"]) == set(CODES)
    assert set(shapes["Event"]["properties"]["verb"]["enum"]) == set(VERBS)


def test_the_resolver_reaches_the_api() -> None:
    assert get_resolver().resolve("/api/v1/me/").view_name == "api:me"


def test_the_figures_of_made_up_calls_name_every_role() -> None:
    found = figures.FIGURES.search(figures.GUIDE.read_text(encoding="utf-8"))
    assert found is not None
    rows = [row.split("|")[1].strip() for row in found["table"].splitlines()]
    assert rows == ["role", "---", *(f"`{role}`" for role in Role.values)]


def test_figures_of_a_run_are_written_into_the_guide() -> None:
    guide = figures.GUIDE.read_text(encoding="utf-8")
    counted = {role: {"200": 30, "404": 3} for role in Role.values}
    first = json.dumps({"operation": "GET /a/", **counted, "owner": {"200": 1}})
    lines = [first, *(json.dumps({"operation": f"GET /{n}/", **counted}) for n in "ab")]
    found = figures.FIGURES.search(figures.filled(guide, lines))
    assert found is not None
    # What was run again counts once.
    assert (found["operations"], found["cases"]) == ("2", "198")
    assert "| `owner` | 66 | 60 | 0 | 0 | 0 | 6 | 0 | 0 |" in found["table"]
    with pytest.raises(ValueError, match="no table"):
        figures.filled("", lines)
