"""What a program meets around the addresses: mistyped ones, names of requests, packed bodies."""

import gzip
import logging
from typing import Any

import pytest
import structlog
from django.test import Client

from riskreg.events.models import Event
from tests import builders
from tests.api.conftest import ROOT, Program, is_problem
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


@pytest.fixture
def strict(world: World) -> Program:
    """A program on a server that checks for forged forms, as the real one does."""
    return Program(world.owner, enforce_csrf_checks=True)


@pytest.mark.parametrize("method", METHODS)
def test_a_mistyped_address_is_404_with_the_hint_for_every_method(
    strict: Program, method: str
) -> None:
    with nothing_changes():
        for path in ("risk/", "risks/R-001/nothing/", "/api/v1/", "/api/v2/me/", "meetings/x/"):
            response = strict.call(method, path)
            assert response.status_code == 404, (path, response.content)
            if method != "head":
                assert "/api/docs/" in is_problem(response, 404)["detail"]
        for path in ("risks", "risks/R-001", "/api/v1/me", "/api"):
            response = strict.call(method, path)
            assert response.status_code == 404, (path, response.content)
            if method != "head":
                assert "slash" in is_problem(response, 404)["detail"]


def test_the_schema_refuses_other_methods_as_such(strict: Program) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert is_problem(strict.call(method, "/api/schema/"), 405)
        assert is_problem(strict.call(method, "/api/docs/"), 405)


def test_every_answer_names_its_request(world: World, strict: Program) -> None:
    builders.risk(world)
    paths = ["risks/", "risks/R-001/", "risks/R-9/", "nowhere/", "/api/v1/me/", "/api/schema/"]
    names = {strict.get(path)["X-Request-ID"] for path in paths}
    names.add(Client(enforce_csrf_checks=True).post(ROOT + "risks/")["X-Request-ID"])
    names.add(Client(headers={"Host": "elsewhere.example"}).get("/api/v1/me/")["X-Request-ID"])
    names.add(Client().get("/accounts/login/")["X-Request-ID"])
    names.add(Client(enforce_csrf_checks=True).post("/accounts/login/")["X-Request-ID"])
    assert len(names) == len(paths) + 4
    assert all(30 < len(name) < 40 for name in names)


def test_a_request_s_name_is_kept_if_it_is_one(strict: Program) -> None:
    for sent in ("9f3c", "Root=1-67891233-abcdef012345678912345678", "a" * 64):
        assert strict.get("risks/", X_Request_ID=sent)["X-Request-ID"] == sent
    for sent in ("", " ", "a b", "a" * 65, "ü", "x\ty", "<script>", "-"):
        given = strict.get("risks/", X_Request_ID=sent)["X-Request-ID"]
        assert len(given) == 36, sent


def test_events_and_log_lines_carry_the_name(
    strict: Program,
) -> None:
    lines: list[Any] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(dict(structlog.contextvars.get_contextvars()))

    handler, logger = Lines(), logging.getLogger("django.security.csrf")
    logger.addHandler(handler)
    try:
        made = strict.post("risks/", {"title": "x", "event": "y"}, X_Request_ID="mine-1")
        assert made.status_code == 201
        assert Event.objects.get(verb="risk.created").request_id == "mine-1"
        client = Client(enforce_csrf_checks=True, headers={"X-Request-ID": "mine-2"})
        client.post("/accounts/login/")
    finally:
        logger.removeHandler(handler)
    assert [line.get("request_id") for line in lines] == ["mine-2"]


def test_a_packed_body_is_refused_as_such(strict: Program) -> None:
    with nothing_changes():
        for encoding in ("gzip", "br", "GZIP", "gzip, identity"):
            response = strict.client.post(
                ROOT + "risks/", gzip.compress(b'{"title":"x"}'), content_type="application/json",
                headers={"Content-Encoding": encoding},
            )  # fmt: skip
            body = is_problem(response, 415, "encoded", "Content-Encoding")
            assert encoding in body["detail"]
            assert response["Accept-Encoding"] == "identity"
    plain = strict.post("risks/", {"title": "x", "event": "y"}, Content_Encoding="identity")
    assert plain.status_code == 201


def test_head_has_the_headers_of_get_and_no_body(world: World) -> None:
    """Below the test client, which would take the body away itself."""
    from django.core.handlers.wsgi import WSGIRequest
    from django.test.client import ClientHandler
    from django.test.utils import override_settings

    token = builders.token(world.owner)
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        handler = ClientHandler(enforce_csrf_checks=True)
        handler.load_middleware()
        found = {}
        for method in ("GET", "HEAD"):
            environ = Client()._base_environ(
                PATH_INFO=ROOT, REQUEST_METHOD=method, HTTP_AUTHORIZATION=f"Bearer {token}"
            )
            found[method] = handler.get_response(WSGIRequest(environ))
    assert found["HEAD"].status_code == 200
    assert found["HEAD"].content == b""
    assert found["HEAD"]["Content-Length"] == str(len(found["GET"].content))
    assert found["HEAD"]["ETag"] == found["GET"]["ETag"]
