"""What the system holds of one person, for whoever has to give it to them."""

import datetime as dt
import uuid
from typing import Any

from axes.models import AccessLog
from django.apps import apps
from django.db import models

from riskreg.accounts.models import ApiToken, CalendarFeed, User
from riskreg.events.models import Event
from riskreg.events.personal import personal_values_in_changes, personal_values_of
from riskreg.notify.models import Message
from riskreg.register.models import Absence, Invitation, Membership

_ACCOUNT = (
    "uuid", "email", "name", "names", "language", "time_zone", "digest_hour", "working_days",
    "holiday_calendar", "digest_by_mail", "is_active", "is_staff", "is_superuser", "is_program",
    "created_at", "last_login",
)  # fmt: skip
# What is told of in full above, and what is of the system alone.
_TOLD = frozenset({
    "accounts.ApiToken", "accounts.CalendarFeed", "account.EmailAddress", "admin.LogEntry",
    "register.Membership", "register.Absence", "requests.DoneRequest", "requests.Draft",
})  # fmt: skip


def forgotten_user_ids() -> set[uuid.UUID]:
    """Who was forgotten, by public id: they must not come back with a backup."""
    return set(User.objects.exclude(forgotten_at=None).values_list("uuid", flat=True))


def person_export(*, user: User, at: dt.datetime) -> dict[str, Any]:
    """Everything that is held of ``user`` or was done by them, as JSON; secrets are left out."""
    return {
        "format": "riskreg.person.1",
        "at": at,
        "account": {name: getattr(user, name) for name in _ACCOUNT},
        "memberships": _columns_of_rows(
            Membership.objects.filter(user=user),
            "register__slug", "party__key", "role", "created_at", "ended_at",
        ),
        "invitations": _columns_of_rows(
            Invitation.objects.filter(email__iexact=user.email),
            "register__slug", "email", "role", "created_at", "accepted_at", "revoked_at",
        ),
        "absences": _columns_of_rows(
            Absence.objects.filter(user=user),
            "register__slug", "starts_on", "until_on", "note", "created_at", "ended_at",
        ),
        "tokens": _columns_of_rows(
            ApiToken.objects.filter(user=user),
            "uuid", "name", "scope", "created_at", "expires_at", "revoked_at", "last_used_on",
        ),
        "calendar": _columns_of_rows(
            CalendarFeed.objects.filter(user=user), "created_at", "revoked_at", "last_used_on"
        ),
        "sign_ins": _columns_of_rows(
            AccessLog.objects.filter(username__iexact=user.email),
            "attempt_time", "ip_address", "user_agent", "logout_time",
        ),
        "messages": _columns_of_rows(
            Message.objects.filter(recipient=user.uuid),
            "kind", "created_at", "address", "subject", "text", "read_at",
        ),
        "earlier_names_and_addresses": personal_values_of(user.uuid),
        "events_about_the_account": [
            {"at": event.at, "verb": event.verb, "changes": _with_personal_values(event.changes)}
            for event in Event.objects.filter(subject_uuid=user.uuid).order_by("pk")
        ],
        "acts": _columns_of_rows(
            Event.objects.filter(actor=user.uuid),
            "at", "verb", "subject_type", "subject_ref", "request_id",
        ),
        "named_by": _refs_or_ids_by_naming_field(user),
    }  # fmt: skip


def _columns_of_rows(found: models.QuerySet[Any], *names: str) -> list[dict[str, Any]]:
    return list(found.order_by("pk").values(*names))


def _with_personal_values(changes: str) -> str:
    for named, value in personal_values_in_changes(changes).items():
        changes = changes.replace(named, value)
    return changes


def _refs_or_ids_by_naming_field(user: User) -> dict[str, list[str]]:
    """What is theirs or names them, by kind and field: public ids, or refs where there are."""
    found: dict[str, list[str]] = {}
    for model in apps.get_models():
        if model._meta.label in _TOLD:
            continue
        names = {field.name for field in model._meta.concrete_fields}
        shown = next((name for name in ("ref", "uuid") if name in names), "pk")
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and field.related_model is User:
                rows = model._base_manager.filter(**{field.name: user}).order_by("pk")
                if values := [str(value) for value in rows.values_list(shown, flat=True)]:
                    found[f"{model._meta.label}.{field.name}"] = values
    return found
