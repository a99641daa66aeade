"""What somebody typed and could not save, for themselves alone."""

import base64
import binascii
import datetime as dt
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from riskreg.accounts.models import User
from riskreg.kernel.encryption import Undecryptable, decrypt
from riskreg.requests.models import DoneRequest, Draft

DRAFTS_KEPT = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Typed:
    """What was typed into a form: where it stands, where it was sent, and its fields in order.

    ``left_out`` names the fields that are never kept (secrets), ``files`` those with a file and
    what the file was called.
    """

    page: str
    path: str
    fields: list[tuple[str, str]]
    left_out: list[str] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)


def draft_of(*, user: User, key: str, at: dt.datetime) -> Typed | None:
    """What ``user`` typed under ``key`` within the last hour; nobody else's is ever found."""
    row = Draft.objects.filter(user=user, key=key, created_at__gt=at - DRAFTS_KEPT).first()
    if row is None:
        return None
    try:
        values: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(decrypt(row.sealed))))
    except (Undecryptable, ValueError, zlib.error, binascii.Error):
        return None
    pairs = {name: [(str(a), str(b)) for a, b in values[name]] for name in ("fields", "files")}
    return Typed(**{**values, **pairs})


def same_request_done_lately(
    *, user: User, like: DoneRequest, within: dt.timedelta
) -> DoneRequest | None:
    """What ``user`` did with the same contents as ``like`` a moment before, under another key."""
    rows = DoneRequest.objects.filter(
        user=user,
        fingerprint=like.fingerprint,
        created_at__gte=like.created_at - within,
        status__gt=0,
    )
    return rows.exclude(pk=like.pk).order_by("-created_at", "-pk").first()
