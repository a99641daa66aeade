"""An endpoint as its sender needs it: its address and secrets in the clear, for as long as a call.

Also what a sender may do to one: close it when nobody listens there any more.
"""

import base64
import datetime as dt
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from riskreg.endpoints.models import Endpoint
from riskreg.events.policy import Audience
from riskreg.events.services import Entry
from riskreg.kernel.encryption import Undecryptable, decrypt, encrypt
from riskreg.notify.policy import PermanentFailure

OVERLAP = dt.timedelta(days=1)
_SECRET_BYTES = 32


@dataclass(frozen=True)
class Secrets:
    """The secret that signs now, and the one before it, which signs as well until ``until``."""

    now: str = ""
    before: str = ""
    until: dt.datetime | None = None

    def valid(self, at: dt.datetime) -> list[str]:
        """Those that sign at ``at``, the newest first."""
        old = [self.before] if self.before and self.until and at < self.until else []
        return [self.now, *old] if self.now else []

    def rotated(self, at: dt.datetime) -> "Secrets":
        """With a new secret; the present one signs for a day more."""
        return Secrets(new_secret(), self.now, at + OVERLAP)

    def encrypted(self) -> str:
        """As it is stored; ``Secrets.decrypted`` reads it back."""
        until = self.until.isoformat() if self.until else None
        return encrypt(json.dumps({"now": self.now, "before": self.before, "until": until}))

    @classmethod
    def decrypted(cls, encrypted: str) -> "Secrets":
        """What was encrypted; without any where nothing was. Raises ``Undecryptable``."""
        if not encrypted:
            return cls()
        held = json.loads(decrypt(encrypted))
        until = dt.datetime.fromisoformat(held["until"]) if held["until"] else None
        return cls(held["now"], held["before"], until)


def new_secret() -> str:
    """A random secret in the form that Standard Webhooks libraries take."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


@dataclass(frozen=True, repr=False)
class EndpointCredentials:
    """An endpoint with its address and secrets. Never shown whole, not in an error either."""

    uuid: uuid.UUID
    kind: str
    address: str
    secrets: Secrets


def load_credentials(endpoint: uuid.UUID) -> EndpointCredentials:
    """The endpoint to send to. Raises ``PermanentFailure`` where nothing is to be sent to it."""
    row = Endpoint.objects.filter(uuid=endpoint).first()
    if row is None:
        raise PermanentFailure(gettext_noop("the endpoint was removed"))
    if row.disabled_at is not None:
        raise PermanentFailure(gettext_noop("the endpoint is switched off"))
    try:
        return EndpointCredentials(
            row.uuid, row.kind, decrypt(row.address), Secrets.decrypted(row.secret)
        )
    except Undecryptable as error:
        raise PermanentFailure(f"its address cannot be read: {error}") from error


def build_entry(
    row: Endpoint,
    verb: str,
    at: dt.datetime,
    changes: Mapping[str, Any],
    actor: uuid.UUID | None = None,
    request_id: str = "",
) -> Entry:
    """An entry in the log of the endpoint's own party."""
    return Entry(
        audience=Audience(row.register, row.party),
        verb=verb,
        subject_type="endpoint",
        subject_uuid=row.uuid,
        subject_ref=row.name,
        at=at,
        actor=actor,
        request_id=request_id,
        changes=changes,
    )
