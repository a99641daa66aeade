"""A request repeated with the same Idempotency-Key acts once (I8)."""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.accounts.models import User
from riskreg.api.core.answer import Answer
from riskreg.api.core.body import body_of
from riskreg.api.core.errors import Problem
from riskreg.api.core.restored import refuse_key_of_lost_epoch
from riskreg.requests.models import DoneRequest
from riskreg.requests.services import keep_answer, take_key

_KEY = re.compile(r"[\x20-\x7e]{1,255}")


def answer_once(
    request: Request, user: User, party: str, at: dt.datetime, act: Callable[[], Answer]
) -> Answer:
    """``act()``, or what was answered when this request was done under the same key.

    ``party``: the key of the one that the user acts for, empty for none.

    Runs inside the caller's transaction: the key is taken first, so that of two at the same time
    one waits for the other, and a failure takes everything back, the key as well. Raises
    ``Problem`` 422 for a key that belongs to another request, 400 for one that cannot be a key, 410
    after a restore (``core.restored``).
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return act()
    if not _KEY.fullmatch(key) or not key.strip():
        raise Problem(
            400,
            _("An Idempotency-Key is 1 to 255 printable ASCII characters, such as a UUID."),
            [{"pointer": "Idempotency-Key", "code": "malformed", "detail": _("Send a UUID.")}],
        )
    fingerprint = _fingerprint(request, party)
    row, fresh = take_key(user=user, key=key, fingerprint=fingerprint, at=at)
    if not fresh:
        return _replay_or_refuse(row, fingerprint)
    refuse_key_of_lost_epoch(request, at)
    answer = act()
    keep_answer(row, status=answer.status, headers=dict(answer.headers), body=answer.text)
    return answer


def _replay_or_refuse(row: DoneRequest, fingerprint: str) -> Answer:
    if row.fingerprint != fingerprint:
        raise Problem(
            422,
            _(
                "This Idempotency-Key was used for another address or body. Use a new key for a "
                "new request, and the same key only to repeat one."
            ),
            [{"pointer": "Idempotency-Key", "code": "reused", "detail": _("Send a new key.")}],
        )
    headers = {**row.headers, "Idempotent-Replayed": "true"}
    return Answer(text=row.body, status=row.status, headers=headers)


def _fingerprint(request: Request, party: str) -> str:
    """The party is part of it: who changes sides is not told what they did on the other."""
    parts = [request.method, request.get_full_path(), party, body_of(request)]
    return hashlib.sha256(
        json.dumps(parts, sort_keys=True, default=_name_and_hash_of_file).encode()
    ).hexdigest()


def _name_and_hash_of_file(file: Any) -> str:
    """What stands for a file in the fingerprint: its name and the hash of its bytes."""
    whole = hashlib.sha256()
    for chunk in file.chunks():
        whole.update(chunk)
    file.seek(0)
    return f"{file.name} {whole.hexdigest()}"
