"""A request under a key acts once (I8); what could not be taken is kept for its writer (I14)."""

import base64
import datetime as dt
import json
import zlib
from dataclasses import asdict
from typing import NamedTuple

from django.db import connection, transaction

from riskreg.accounts.models import User
from riskreg.kernel.encryption import encrypt
from riskreg.requests.models import DoneRequest, Draft
from riskreg.requests.queries import DRAFTS_KEPT, Typed

ANSWERS_KEPT = dt.timedelta(hours=48)
DRAFTS_PER_PERSON = 10
DRAFT_BYTES = 2 * 1024 * 1024


class KeyTaken(NamedTuple):
    """The row of a key, and whether it was made just now."""

    row: DoneRequest
    is_new: bool


def take_key(*, user: User, key: str, fingerprint: str, at: dt.datetime) -> KeyTaken:
    """The row of ``key``, and whether it is new: only then may the caller act.

    To be called inside the transaction of the act. Of two at the same time one waits here for the
    other, and a failure of the act takes the key back with it.
    """
    row = DoneRequest(user=user, key=key, fingerprint=fingerprint, created_at=at)
    if _insert_unless_key_taken(row):
        return KeyTaken(row, True)
    return KeyTaken(DoneRequest.objects.get(user=user, key=key), False)


def _insert_unless_key_taken(row: DoneRequest) -> bool:
    """Insert ``row`` unless its key is taken: one statement, which needs no savepoint to go on
    after."""
    columns = [column for column in DoneRequest._meta.concrete_fields if not column.primary_key]
    values = [
        column.get_db_prep_save(column.pre_save(row, add=True), connection) for column in columns
    ]
    table, names = DoneRequest._meta.db_table, ", ".join(str(column.column) for column in columns)
    places = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) VALUES ({places}) "  # noqa: S608 - names of ours
            "ON CONFLICT (user_id, key) DO NOTHING RETURNING id",
            values,
        )
        found = cursor.fetchone()
    if found is None:
        return False
    row.pk = found[0]
    row._state.adding = False
    return True


def keep_answer(row: DoneRequest, *, status: int, headers: dict[str, str], body: str = "") -> None:
    """Remember what was answered under the key, for whoever repeats the request."""
    row.status, row.headers, row.body = status, headers, body
    row.save(update_fields=["status", "headers", "body"])


def release_key(row: DoneRequest) -> None:
    """Nothing was done: the key can be used again."""
    row.delete()


def keep_draft(*, user: User, key: str, typed: Typed, at: dt.datetime) -> bool:
    """Keep ``typed`` for ``user`` alone, sealed, for an hour; the newest ten of a person stay.

    False: it is more than can be kept.
    """
    text = json.dumps(asdict(typed), ensure_ascii=False, separators=(",", ":")).encode()
    if len(text) > DRAFT_BYTES:
        return False
    sealed = encrypt(base64.b64encode(zlib.compress(text)).decode())
    with transaction.atomic():
        Draft.objects.update_or_create(
            user=user, key=key, defaults={"sealed": sealed, "created_at": at}
        )
        newest = Draft.objects.filter(user=user).order_by("-created_at", "-pk").values("pk")
        kept = [row["pk"] for row in newest[:DRAFTS_PER_PERSON]]
        Draft.objects.filter(user=user).exclude(pk__in=kept).delete()
    return True


def drop_draft(*, user: User, key: str) -> None:
    """It was saved after all, or is not wanted any more."""
    Draft.objects.filter(user=user, key=key).delete()


def delete_requests_and_drafts(user: User) -> int:
    """Forget what ``user`` asked for under keys and typed, before its time; how many."""
    done = DoneRequest.objects.filter(user=user).delete()[0]
    return done + Draft.objects.filter(user=user).delete()[0]


class Purged(NamedTuple):
    """How many answers and how many drafts were deleted."""

    answers: int
    drafts: int


def purge_expired(at: dt.datetime) -> Purged:
    """Forget answers older than 48 hours and drafts older than an hour."""
    answers = DoneRequest.objects.filter(created_at__lt=at - ANSWERS_KEPT).delete()[0]
    return Purged(answers, Draft.objects.filter(created_at__lte=at - DRAFTS_KEPT).delete()[0])
