"""Which version somebody has seen: ETag, If-None-Match, If-Match."""

import hashlib
import json
import re
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.api.core.errors import Problem

# A version that no row ever has: services refuse it after having checked who asks for what.
NEVER = -1
_VERSION = re.compile(r"-[0-9a-f]{12}\Z")
_ENTITY = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def etag(version: int, body: Any = None) -> str:
    """The ETag of ``body``, which shows that version: the number, then a digest of the body.

    The number is what If-Match goes by. The digest makes it another one whenever the body is
    another one, also where no version changes: a day passes, a reading comes, the reader's language
    is another. Without ``body`` (the answer is about something else): the number alone.
    """
    return f'"{version}"' if body is None else f'"{version}-{_digest(body)[:12]}"'


def content_etag(body: Any) -> str:
    """The ETag of something that has no version of its own: a digest of what is said of it."""
    return f'"{_digest(body)[:24]}"'


def _digest(body: Any) -> str:
    text = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def is_etag_known(request: Request | HttpRequest, tag: str) -> bool:
    """Whether If-None-Match says that the caller has ``tag`` already."""
    sent = request.headers.get("If-None-Match", "")
    if sent.strip() == "*":
        return True
    return any(found.removeprefix("W/") == tag for found in _ENTITY.findall(sent))


def expected_version_or_never(request: Request | HttpRequest) -> int:
    """The version that If-Match names; ``NEVER`` where it names none that could be current.

    A service then refuses as stale, after everything that comes first (404, 403); the handler
    tells a missing header (428) from a stale one (412). Raises ``Problem`` 400 for a malformed one.
    """
    sent = request.headers.get("If-Match")
    if sent is None:
        return NEVER
    # Whoever compresses an answer on its way marks its ETag as weak; it is the same version.
    text = sent.strip().removeprefix("W/")
    if text == "*":
        raise Problem(
            400,
            _("If-Match: * would overwrite whatever is there; name the ETag you have seen."),
            [{"pointer": "If-Match", "code": "wildcard", "detail": _("Send one ETag.")}],
        )
    if not _ENTITY.fullmatch(text):
        raise Problem(
            400,
            _('If-Match takes one ETag as it was received, with its quotes: "7".'),
            [{"pointer": "If-Match", "code": "malformed", "detail": _("Send one ETag.")}],
        )
    number = _VERSION.sub("", text[1:-1])
    plain = number.isascii() and number.isdigit() and len(number) < 10
    plain = plain and (number[0] != "0" or number == "0")
    return int(number) if plain else NEVER
