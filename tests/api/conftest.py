"""What tests of the API share."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from riskreg.accounts.models import User
from tests.builders import AT, SLUG, token

ROOT = f"/api/v1/registers/{SLUG}/"


class Program:
    """A program with a token: paths are below the register, bodies are JSON."""

    def __init__(self, person: User | None, scope: str = "write", **client: Any) -> None:
        headers = {}
        if person is not None:
            headers["Authorization"] = f"Bearer {token(person, scope, at=AT)}"
        self.client = Client(headers=headers, **client)

    def call(self, method: str, path: str, body: Any = None, **headers: Any) -> Any:
        """``path`` is below the register, or absolute; in header names ``_`` stands for ``-``."""
        path = path if path.startswith(("/", "http")) else ROOT + path
        named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        options: dict[str, Any] = {"headers": named}
        if body is not None:
            options |= {"data": body, "content_type": "application/json"}
        elif method in ("post", "patch", "put"):
            options["content_type"] = "application/json"
        return getattr(self.client, method)(path, **options)

    def get(self, path: str, **headers: Any) -> Any:
        return self.call("get", path, **headers)

    def post(self, path: str, body: Any = None, **headers: Any) -> Any:
        return self.call("post", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: Any) -> Any:
        return self.call("patch", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: Any) -> Any:
        return self.call("put", path, body, **headers)


@pytest.fixture
def program(db: None) -> Callable[..., Program]:
    """``program(user, scope="write")``."""
    return Program


def version_in(response: Any) -> int:
    """The version that the ETag of an answer names, which is what If-Match goes by."""
    return int(response["ETag"].strip('"').partition("-")[0])


def is_problem(response: Any, status: int, code: str = "", pointer: str = "") -> Any:
    """Check that ``response`` is that problem document, with that error in it; returns it."""
    assert response.status_code == status, (response.status_code, response.content[:600])
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert set(body) == {"type", "title", "status", "detail", "errors"}
    assert body["status"] == status
    assert body["type"].startswith("urn:riskreg:problem:")
    assert all([body["title"], body["detail"]])
    for error in body["errors"]:
        assert set(error) == {"pointer", "code", "detail"}
        assert all(error.values()), error
    if code:
        found = [e for e in body["errors"] if e["code"] == code]
        assert found, body
        if pointer:
            assert pointer in [e["pointer"] for e in found], body
    return body
