"""What a view answers with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.http import HttpResponse

from riskreg.api.core.etag import etag


@dataclass(frozen=True)
class Answer:
    """A JSON text with status and headers."""

    text: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, body: Any, status: int = 200, **headers: str) -> "Answer":
        """``body`` as JSON; in header names ``_`` stands for ``-``."""
        return cls(
            _to_json_text(body), status, {n.replace("_", "-"): v for n, v in headers.items()}
        )

    @classmethod
    def of_version(cls, body: Mapping[str, Any], status: int = 200) -> "Answer":
        """``body``, which has ``version`` and ``url``, with its ETag, and with its address in
        Location where it is new (201)."""
        headers = {"ETag": etag(body["version"], body)}
        if status == 201:
            headers["Location"] = body["url"]
        return cls.of(body, status, **headers)

    def response(self) -> HttpResponse:
        """The answer as Django sends it; kept by nobody but the caller, and asked for anew."""
        response = HttpResponse(
            self.text.encode(), status=self.status, content_type="application/json"
        )
        response["Cache-Control"] = "private, no-cache"
        for name, value in self.headers.items():
            response[name] = value
        return response


def with_secret_in_body(response: HttpResponse, secret: str) -> HttpResponse:
    """``response`` with the secret that was just made, which is shown this once; as it is without
    one. What is kept for a repeat of the call never has it."""
    if secret:
        body = json.loads(response.content) | {"secret": secret}
        response.content = _to_json_text(body).encode()
        response["Cache-Control"] = "no-store"
    return response


def _to_json_text(body: Any) -> str:
    try:
        return orjson.dumps(body).decode()
    except TypeError:
        # A number that is too long for it.
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
