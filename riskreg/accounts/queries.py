"""Reads of accounts."""

import datetime as dt
import uuid
from collections.abc import Collection

from riskreg.accounts.models import ApiToken, CalendarFeed, User
from riskreg.accounts.policy import token_digest
from riskreg.kernel.compiled import Statement

_TOKEN = Statement(
    lambda digest: ApiToken.objects.select_related("user").filter(digest=digest), str
)


def token_live_or_not(token: str) -> ApiToken | None:
    """The row of ``token`` with its user, live or not; None for one that is not known."""
    return next(iter(_TOKEN(token_digest(token))), None)


def live_token_or_none(token: str, at: dt.datetime) -> ApiToken | None:
    """The live token row with its active user, or None for unknown, expired or revoked."""
    row = token_live_or_not(token)
    return row if row is not None and is_live(row, at) else None


def is_live(row: ApiToken, at: dt.datetime) -> bool:
    """Whether the token of ``row`` opens anything at ``at``; it is read with its user."""
    return not row.revoked_at and row.expires_at > at and row.user.is_active


def users_by_uuid(uuids: Collection[uuid.UUID]) -> dict[uuid.UUID, User]:
    """The users of those public ids, in one query."""
    return {u.uuid: u for u in User.objects.filter(uuid__in=set(uuids))}


def users_by_key(keys: Collection[int]) -> dict[int, User]:
    """The users of those database ids, in one query."""
    return User.objects.in_bulk(set(keys))


def live_and_ended_tokens_of(user: User) -> list[ApiToken]:
    """The user's tokens, newest first, ended ones last."""
    return list(ApiToken.objects.filter(user=user).order_by("revoked_at", "-created_at"))


def own_token(user: User, token: uuid.UUID) -> ApiToken | None:
    """The user's own token of that public id, or None."""
    return ApiToken.objects.select_related("user").filter(user=user, uuid=token).first()


def live_feed_of_secret(secret: str) -> CalendarFeed | None:
    """The live calendar address of that secret with its active user, or None."""
    return (
        CalendarFeed.objects.select_related("user")
        .filter(digest=token_digest(secret), revoked_at=None, user__is_active=True)
        .first()
    )


def live_feed_of_user(user: User) -> CalendarFeed | None:
    """The user's live calendar address, or None."""
    return CalendarFeed.objects.filter(user=user, revoked_at=None).first()
