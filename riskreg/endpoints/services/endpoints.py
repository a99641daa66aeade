"""Chats and webhooks of a party: setting them up, switching them off, trying them out.

Who may do this is checked by the caller; whatever is another party's does not exist here. An
address is shown once more only as its host and last four characters, a secret never again.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from riskreg.endpoints.chat_services import request_target
from riskreg.endpoints.credentials import Secrets, build_entry, new_secret
from riskreg.endpoints.models import Endpoint, EndpointKind
from riskreg.endpoints.queries import endpoints_of_party_in
from riskreg.endpoints.url_guard import Address, BlockedAddress, parse_address, parse_and_resolve
from riskreg.events.policy import Audience
from riskreg.events.services import append
from riskreg.kernel.encryption import Undecryptable, decrypt, encrypt
from riskreg.kernel.errors import Conflict, Errors, Invalid, NotFound
from riskreg.kernel.text import clean_text
from riskreg.notify.models import Delivery, DeliveryState
from riskreg.notify.refresh import Content
from riskreg.notify.services import Draft, post

NAME_MAX = 100
MOST = 20
TEST_KIND = "endpoint.test"
# Stands for an address that was encrypted under a key that is gone.
UNREADABLE = "…"


def check_address(kind: Any, text: Any) -> Address:
    """The address of an endpoint of ``kind``; its name is looked up. Raises ``Invalid``.

    Takes as long as a resolver takes, so call it before a transaction begins.
    """
    if kind not in EndpointKind.values:
        raise Invalid.one(
            "kind", "unknown", _("This must be one of: %s.") % ", ".join(EndpointKind.values)
        )
    if not isinstance(text, str) or not text.strip():
        raise Invalid.one("address", "required", _("This is needed."))
    try:
        if kind == EndpointKind.WEBHOOK:
            return parse_and_resolve(text.strip())
        # Whether it is the service's own is known without asking anybody.
        request_target(kind, parse_address(text.strip()))
        return parse_and_resolve(text.strip())
    except BlockedAddress as refused:
        raise Invalid.one("address", refused.code, refused.detail) from None


class EndpointWithSecret(NamedTuple):
    """An endpoint, and what messages to it are signed with, told once; empty for a chat."""

    endpoint: Endpoint
    secret: str


@transaction.atomic
def add_endpoint(
    *,
    audience: Audience,
    kind: str,
    name: Any,
    address: Address,
    language: Any,
    actor_for_log: uuid.UUID,
    at: dt.datetime,
    request_id: str = "",
) -> EndpointWithSecret:
    """A new endpoint of the audience's party.

    ``address`` comes from ``check_address``. Raises ``Invalid``.
    """
    errors = Errors()
    rows = endpoints_of_party_in(audience)
    name = _clean_name(errors, rows, name)
    if not isinstance(language, str) or language not in dict(settings.LANGUAGES):
        errors.add("language", "unknown", _("There is no such language here."))
    if rows.count() >= MOST:
        errors.add("kind", "too_many", _("A party has at most %d chats and webhooks.") % MOST)
    errors.raise_if_any()
    assert audience.party is not None  # noqa: S101 - who may do this acts for a party
    held = Secrets(new_secret()) if kind == EndpointKind.WEBHOOK else Secrets()
    row = Endpoint.objects.create(
        register=audience.register,
        party=audience.party,
        kind=kind,
        name=name,
        address=encrypt(address.url),
        secret=held.encrypted() if held.now else "",
        language=language,
        created_by=actor_for_log,
        created_at=at,
    )
    changes = {"kind": [None, kind], "name": [None, name], "address": [None, mask_address(address)]}
    append(build_entry(row, "endpoint.added", at, changes, actor_for_log, request_id))
    return EndpointWithSecret(row, held.now)


@transaction.atomic
def rename(
    *,
    audience: Audience,
    endpoint: uuid.UUID,
    version: int | None,
    name: Any,
    actor_for_log: uuid.UUID,
    at: dt.datetime,
    request_id: str = "",
) -> Endpoint:
    """Give the endpoint another name. Raises ``NotFound``, ``Conflict``, ``Invalid``."""
    row = _locked_endpoint(audience, endpoint, version)
    errors = Errors()
    name = _clean_name(errors, endpoints_of_party_in(audience).exclude(pk=row.pk), name)
    errors.raise_if_any()
    if name == row.name:
        return row
    before, row.name = row.name, name
    return _save_and_log(
        row, "endpoint.renamed", at, {"name": [before, name]}, actor_for_log, request_id
    )


@transaction.atomic
def switch_on_or_off(
    *,
    audience: Audience,
    endpoint: uuid.UUID,
    version: int | None,
    on: bool,
    actor_for_log: uuid.UUID,
    at: dt.datetime,
    request_id: str = "",
) -> Endpoint:
    """Switch it off: nothing is sent to it, and what waits for it is not needed any more. Or on
    again: it hears of what comes from now on.

    Nothing is written where it is so already. Raises ``NotFound``, ``Conflict``.
    """
    row = _locked_endpoint(audience, endpoint, version)
    if on == (row.disabled_at is None):
        return row
    row.disabled_at, row.disabled_why = None if on else at, ""
    if not on:
        _drop_waiting_deliveries(row)
    verb = "endpoint.enabled" if on else "endpoint.disabled"
    return _save_and_log(row, verb, at, {}, actor_for_log, request_id)


@transaction.atomic
def rotate_secret(
    *,
    audience: Audience,
    endpoint: uuid.UUID,
    version: int | None,
    actor_for_log: uuid.UUID,
    at: dt.datetime,
    request_id: str = "",
) -> EndpointWithSecret:
    """A new secret for a webhook; the old one signs as well for a day more."""
    row = _locked_endpoint(audience, endpoint, version)
    if row.kind != EndpointKind.WEBHOOK:
        raise Invalid.one("kind", "no_secret", _("Only webhooks have a secret."))
    try:
        held = Secrets.decrypted(row.secret).rotated(at)
    except Undecryptable:
        held = Secrets(new_secret())
    row.secret = held.encrypted()
    saved = _save_and_log(row, "endpoint.secret_rotated", at, {}, actor_for_log, request_id)
    return EndpointWithSecret(saved, held.now)


@transaction.atomic
def remove(
    *,
    audience: Audience,
    endpoint: uuid.UUID,
    version: int | None,
    actor_for_log: uuid.UUID,
    at: dt.datetime,
    request_id: str = "",
) -> None:
    """Take it away with its address and secret. What was sent to it stays on record."""
    row = _locked_endpoint(audience, endpoint, version)
    _drop_waiting_deliveries(row)
    append(
        build_entry(
            row, "endpoint.removed", at, {"name": [row.name, None]}, actor_for_log, request_id
        )
    )
    row.delete()


@transaction.atomic
def queue_test_message(
    *,
    audience: Audience,
    endpoint: uuid.UUID,
    local_day: dt.date,
    actor_for_log: uuid.UUID,
    at: dt.datetime,
    request_id: str = "",
) -> Delivery:
    """Post a test message to it, with a single attempt; the delivery says what was answered."""
    row = _locked_endpoint(audience, endpoint, None)
    if row.disabled_at is not None:
        raise Invalid.one("endpoint", "disabled", _("It is switched off; switch it on first."))
    with translation.override(row.language):
        content = Content(
            subject=_("A test from the risk register"),
            text=_("If you can read this, reminders will arrive here."),
        )
    message = post(
        Draft(
            key=f"{TEST_KIND}:{row.uuid}:{uuid.uuid4()}",
            kind=TEST_KIND,
            recipient=row.uuid,
            address=host_of_endpoint(row),
            language=row.language,
            local_day=local_day,
            content=content,
            audiences=[audience],
            channels=(row.channel,),
            payload={"text": content.text},
        ),
        at,
    )
    assert message is not None  # noqa: S101 - its key is random
    delivery = Delivery.objects.select_related("message").get(message=message)
    delivery.allowed_attempts = 1
    delivery.save(update_fields=["allowed_attempts"])
    append(build_entry(row, "endpoint.tried", at, {}, actor_for_log, request_id))
    return delivery


def masked_address_of(row: Endpoint) -> str:
    """The endpoint's address as it may be shown: host and last four characters."""
    try:
        return mask_address(_decrypt_stored_address(row))
    except Undecryptable:
        return UNREADABLE


def host_of_endpoint(row: Endpoint) -> str:
    """The server behind the endpoint, whether or not it may be called still."""
    try:
        return _decrypt_stored_address(row).netloc
    except Undecryptable:
        return UNREADABLE


def _decrypt_stored_address(row: Endpoint) -> Address:
    """What was checked when it was saved, not checked again. Raises ``Undecryptable``."""
    parts = urlsplit(decrypt(row.address))
    port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return Address(parts.scheme, parts.hostname or "", port, target)


def mask_address(address: Address) -> str:
    """``address`` as it may be shown."""
    tail = address.target[-4:] if len(address.target) > 8 else ""
    return f"{address.netloc} …{tail}" if tail else address.netloc


def _clean_name(errors: Errors, others: Any, given: Any) -> str:
    name = clean_text(errors, "name", given, required=True, limit=NAME_MAX, one_line=True)
    if name and others.filter(name=name).exists():
        errors.add("name", "taken", _("Your party has one of that name already."))
    return name


def _locked_endpoint(audience: Audience, endpoint: uuid.UUID, version: int | None) -> Endpoint:
    row = endpoints_of_party_in(audience).select_for_update().filter(uuid=endpoint).first()
    if row is None:
        raise NotFound(_("There is no such chat or webhook."))
    if version is not None and row.version != version:
        raise Conflict(_("Somebody changed this since you opened it."), current=row)
    return row


def _save_and_log(
    row: Endpoint,
    verb: str,
    at: dt.datetime,
    changes: Mapping[str, Any],
    actor: uuid.UUID,
    request_id: str,
) -> Endpoint:
    row.version += 1
    row.save()
    append(build_entry(row, verb, at, changes, actor, request_id))
    return row


def _drop_waiting_deliveries(row: Endpoint) -> None:
    Delivery.objects.filter(message__recipient=row.uuid, state=DeliveryState.PENDING).update(
        state=DeliveryState.DROPPED, last_error=_("It was switched off.")[:500]
    )
